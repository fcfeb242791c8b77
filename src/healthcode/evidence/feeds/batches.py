"""A batch of rows on its way in, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.tables import rejects
from healthcode.kit.db import Transaction
from healthcode.people import Subject


class Staged(NamedTuple):
    """A row on its way in."""

    row: int
    line: int
    said: Said


@dataclass
class Batch:
    """What one batch did."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    rejected: list[tuple[Staged, Rejected]] = field(default_factory=list)

    def add(self, other: Batch) -> None:
        """Count what the next rows did, too."""
        for outcome, count in other.counts.items():
            self.counts[outcome] += count
        self.rejected += other.rejected


def subject_of(said: list[str | None]) -> Subject:
    """Whom a row means."""
    kind, hashed, sealed = said
    return Subject(kind or "", bytes.fromhex(hashed or ""), bytes.fromhex(sealed or "") or None)


def note_rejects(
    transaction: Transaction, imported: int, rejected: Iterable[tuple[int, int, Rejected]]
) -> None:
    """Keep why rows were not taken: (row, line, why)."""
    rows = [
        {"import": imported, "row": row, "line": line, "column": why.column, "reason": why.reason}
        for row, line, why in rejected
    ]
    if rows:
        transaction.run(sa.insert(rejects), rows)
