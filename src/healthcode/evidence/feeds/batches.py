"""A batch of rows on its way in: how it is staged, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.tables import rejects
from healthcode.kit.db import Transaction
from healthcode.people import Subject


@dataclass(frozen=True, slots=True)
class Staged:
    """A row on its way in."""

    row: int
    line: int
    said: Said


@dataclass
class Batch:
    """What one batch did."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    rejected: list[tuple[Staged, Rejected]] = field(default_factory=list)


def subject_of(said: list[str | None]) -> Subject:
    """Whom a staged row means."""
    kind, hashed, sealed = said
    return Subject(kind or "", bytes.fromhex(hashed or ""), bytes.fromhex(sealed or "") or None)


def staged_rows(transaction: Transaction, imported: int, batch: int) -> Iterator[Staged]:
    """The rows of a batch, as staged."""
    for row in transaction.run(queries.BATCH, {"import": imported, "batch": batch}):
        yield Staged(row.row, row.line, json.loads(row.said))


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
