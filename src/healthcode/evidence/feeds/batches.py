"""A batch of rows on its way in, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.tables import rejects
from healthcode.kit.db import Transaction, array_of_bytes
from healthcode.people import Subject


class Staged(NamedTuple):
    """A row on its way in."""

    row: int
    line: int
    said: Said


class Part(list[Staged]):
    """Rows of which no two are about the same thing, and what the database is asked about them."""

    @cached_property
    def row_ids(self) -> str:
        """Their ids, as an array."""
        return array_of_bytes(row.said["row_id"] for row in self)

    @cached_property
    def named(self) -> dict[str, Subject]:
        """Whom they name, each once, by their hashes in hex."""
        return named(row.said for row in self)

    def prepare(self) -> None:
        """Work it out now. The rows of a people file have no ids, and are asked about otherwise."""
        if self and "row_id" in self[0].said:
            _ = self.row_ids, self.named


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
    return _subject(*said)


@lru_cache(maxsize=50_000)  # people are named again and again; about 30 MB
def _subject(kind: str | None, hashed: str | None, sealed: str | None) -> Subject:
    return Subject(kind or "", bytes.fromhex(hashed or ""), bytes.fromhex(sealed or "") or None)


def named(rows: Iterable[Said]) -> dict[str, Subject]:
    """Whom rows of evidence name, each once, by their hashes in hex."""
    found: dict[str, Subject] = {}
    for said in rows:
        for subject in (said.get("subject"), said.get("with")):
            if subject is not None and subject[1] not in found:
                found[subject[1]] = subject_of(subject)
    return found


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
