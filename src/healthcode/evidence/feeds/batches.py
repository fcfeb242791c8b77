"""A batch of rows on its way in, and what became of it."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.tables import rejects
from healthcode.kit.db import Transaction, array_of_bytes, as_copied
from healthcode.people import Sought, Subject

OURS = "@"
"""The kind of a subject that is a person of ours, by their key, which is in no file."""
EVIDENCE = "evidence"
NULL = as_copied((None,))
FACT_SAYS = (
    "kind", "result", "number", "area", "place", "started_at", "ended_at", "source", "recorded_at",
)  # fmt: skip
"""What of a row of evidence stands in `evidence.facts` word for word."""


class Staged(NamedTuple):
    """A row on its way in."""

    row: int
    line: int
    said: Said


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of evidence of which none takes back, ready to be written should all of them be new.

    By rows in their order: whom each is `about` and `saying` what, as places in `hashes` and
    `says`, and its `facts`, as COPY takes them. Of some rows only: with whom (`others`).
    """

    hashes: list[bytes]
    about: list[int]
    others: list[tuple[int, int]]  # place of the row, place in `hashes`
    says: list[tuple[str, str, str]]  # source, kind, area
    saying: list[int]
    facts: list[str]
    states: list[tuple[int, str]]  # place of the row, and its state as COPY takes it; by row ids

    @classmethod
    def of(cls, rows: Sequence[Staged], hashes: Iterable[str], client: str) -> Self:
        """Of rows that name people by these hashes, in hex."""
        places = {hashed: place for place, hashed in enumerate(hashes)}
        says: dict[tuple[str, str, str], int] = {}
        made = cls([*map(bytes.fromhex, places)], [], [], [], [], [], [])
        ids: list[str] = []
        for row, (_, _, said) in enumerate(rows):
            made.about.append(places[said["subject"][1]])
            if said["with"]:
                made.others.append((row, places[said["with"][1]]))
            what = said["source"], said["kind"], said["area"]
            made.saying.append(says.setdefault(what, len(says)))
            made.facts.append(as_copied([said[name] for name in FACT_SAYS]))
            ids.append(said["row_id"])
        whose = as_copied((client, EVIDENCE))
        for row in sorted(range(len(ids)), key=ids.__getitem__):
            made.states.append((row, state_of(whose, rows[row].said)))
        made.says.extend(says)
        return made

    def copied(
        self, recording: int, ids: Sequence[str], persons: Sequence[int], classes: Mapping[str, str]
    ) -> list[str]:
        """The rows of `evidence.facts`, with numbers, people and the sources' classes."""
        others = [NULL] * len(ids)
        for row, whom in self.others:
            others[row] = str(persons[whom])
        heads = [f"{classes[source]}\t{NULL}\t{recording}" for source, _, _ in self.says]
        rows = zip(ids, self.about, others, self.saying, self.facts, strict=True)
        return [
            f"{made}\t{persons[about]}\t{other}\t{heads[saying]}\t{fact}"
            for made, about, other, saying, fact in rows
        ]

    def concerned(self, persons: Sequence[int]) -> dict[int, frozenset[str]]:
        """Whom the rows are about, as they come, with the sources that speak."""
        found: dict[int, frozenset[str]] = {}
        for about, saying in dict.fromkeys(zip(self.about, self.saying, strict=True)):
            source, before = self.says[saying][0], found.get(persons[about])
            found[persons[about]] = before | {source} if before else frozenset((source,))
        return found


def state_of(whose: str, said: Said) -> str:
    """A row's state as COPY takes it into `evidence.feed_rows`, but for what the row made.

    `whose` is the beginning: the client, and what it is a row of.
    """
    return f"{whose}\t\\\\x{said['row_id']}\t\\\\x{said['content']}"


class Part:
    """Rows of which no two are about the same thing, and what the database is asked about them.

    On its way from one process to another it is prepared; its rows are unpacked if need be.
    """

    def __init__(self, rows: Sequence[Staged] = ()) -> None:
        self._rows: Sequence[Staged] | bytes = rows
        self._many = len(rows)
        self.columns: Columns | None = None

    def __len__(self) -> int:
        return self._many

    @property
    def rows(self) -> Sequence[Staged]:
        """They themselves."""
        rows = self._rows
        if isinstance(rows, bytes):
            # Nobody else can write there: it came through a pipe from a copy of this process.
            unpacked = pickle.loads(rows)  # noqa: S301 - packed by `__getstate__`, kept in memory
            rows = self._rows = [*map(Staged._make, unpacked)]
        return rows

    @cached_property
    def row_ids(self) -> str:
        """Their ids, as an array."""
        return array_of_bytes(row.said["row_id"] for row in self.rows)

    @cached_property
    def named(self) -> dict[str, Subject]:
        """Whom they name, each once, by their hashes in hex."""
        return named(row.said for row in self.rows)

    @cached_property
    def sought(self) -> Sought:
        """Those of them who are known or not."""
        return Sought.of(each for each in self.named.values() if each.kind != OURS)

    def prepare(self, client: str) -> None:
        """Work it out now. The rows of a people file have no ids, and are asked about otherwise."""
        if not self or "row_id" not in self.rows[0].said:
            return
        _ = self.row_ids
        if all("subject" in row.said and not row.said["retract"] for row in self.rows):
            _ = self.sought
            self.columns = Columns.of(self.rows, self.named, client)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is wanted seldom."""
        kept = {name: value for name, value in vars(self).items() if name != "named"}
        return kept | {"_rows": pickle.dumps([*map(tuple, self.rows)])}


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
