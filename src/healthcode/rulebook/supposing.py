"""What if: facts left out and facts added, for one judgement. Nothing is written.

The statement is the same, only its leaf differs. The n-th added fact has the number -n, and is
known at every moment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from healthcode.evidence import LEAVES


@dataclass(frozen=True, slots=True)
class Supposed:
    """A fact that nobody has recorded. `ended_at` None is a moment; `going_on` has not ended."""

    kind: str
    result: str
    source_class: str
    started_at: datetime
    ended_at: datetime | None = None
    going_on: bool = False
    source: str = ""  # none: it is not the source of any other fact
    number: Decimal | None = None
    area: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Without these facts, by number, and with those; both may be empty."""

    without: frozenset[int] = frozenset()
    added: tuple[Supposed, ...] = ()

    @property
    def leaf(self) -> str:
        """What the statement stands on."""
        return LEAVES.what_if if self.without or self.added else LEAVES.of_some

    def numbered(self) -> list[tuple[int, Supposed]]:
        """The added facts with their numbers."""
        return [(-place, fact) for place, fact in enumerate(self.added, start=1)]

    def values(self, person: int) -> dict[str, object]:
        """The parameters of the leaf, for a judgement about this person."""
        added = [_row(person, number, fact) for number, fact in self.numbered()]
        return {"without": sorted(self.without), "added": json.dumps(added)}


def _row(person: int, number: int, fact: Supposed) -> dict[str, object]:
    states_end = fact.going_on or fact.ended_at is not None
    ended = fact.ended_at if states_end else fact.started_at
    return {
        "fact": number,
        "person": person,
        "kind": fact.kind,
        "result": fact.result,
        "number": None if fact.number is None else str(fact.number),
        "area": fact.area,
        "place": fact.place,
        "source": fact.source,
        "source_class": fact.source_class,
        "started": _utc(fact.started_at),
        "ended": None if ended is None else _utc(ended),
        "states_end": states_end,
    }


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat()
