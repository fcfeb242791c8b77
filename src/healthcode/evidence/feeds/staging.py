"""A file on its way in: staged whole and sealed, line by line as it came, and read block by block.

Invariants: what is staged is never in clear; blocks stay until the whole file is recorded, so that
whoever goes on where another stopped reads every row before theirs, and numbers equal rows alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import Part, Staged
from healthcode.evidence.feeds.files import FeedFile, Lines
from healthcode.evidence.feeds.reading import Reader, Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.beside import Beside, Here, beside
from healthcode.kit.db import Transaction
from healthcode.kit.secrets import KeyRing

SAID = "evidence.staged_rows.said"


@dataclass(frozen=True, slots=True)
class Block:
    """What one transaction records: rows as read, and why others cannot be taken."""

    parts: list[Part]
    rejected: list[tuple[int, int, Rejected]]


def seal(ring: KeyRing, lines: Lines, only: set[int]) -> str:
    """Lines as they are staged: after a line of JSON that says which they are; sealed, in hex.

    Where there are `only` some rows to be recorded, the others just count among their equals.
    """
    rows = range(lines.first, lines.first + lines.text.count("\n") + 1)
    wanted = sorted(only.intersection(rows)) if only else None
    head = json.dumps({"row": lines.first, "lines": lines.numbers, "wanted": wanted})
    return ring.seal(f"{head}\n{lines.text}", SAID).hex()


def read(file: FeedFile, reader: Reader, ring: KeyRing, staged: str) -> Block:
    """Open a block, read its rows, and prepare what the database is asked about them."""
    head, _, text = ring.open(bytes.fromhex(staged), SAID).partition("\n")
    which = json.loads(head)
    wanted = None if which["wanted"] is None else set(which["wanted"])
    rows: list[Staged] = []
    rejected: list[tuple[int, int, Rejected]] = []
    for row, line, each in Lines(which["row"], which["lines"], text).each():
        try:
            fields = file.fields(each)
            if isinstance(fields, Rejected):
                raise fields
            said = reader.read(file.what, fields)
        except Rejected as why:
            if wanted is None or row in wanted:
                rejected.append((row, line, why))
            continue
        if wanted is None or row in wanted:
            rows.append(Staged(row, line, said))
    parts = [Part(part) for part in apart(rows)] or [Part()]
    for part in parts:
        part.prepare(reader.client)
    return Block(parts, rejected)


def apart(rows: Sequence[Staged]) -> Iterator[Sequence[Staged]]:
    """The rows in their order, cut wherever two would be about the same thing.

    Those are recorded one after the other, and so a file says the same however it is cut.
    """
    begin, named = 0, set[str]()
    for place, row in enumerate(rows):
        names = _about(row.said)
        if not named.isdisjoint(names):
            yield rows[begin:place]
            begin = place
            named.clear()
        named.update(names)
    if rows:
        yield rows[begin:]


def _about(said: Said) -> Sequence[str]:
    """What a row is about: its row id, or whom a row of a people file introduces."""
    if "row_id" in said:
        return (said["row_id"],)
    return [hashed for _, hashed, _ in filter(None, (said["subject"], said["document"]))]


@dataclass
class Ahead:
    """Reads the blocks of a file in their order, each once; the next beside us.

    Nobody beside us touches the database: they read while our statements run.
    """

    file: FeedFile
    make_reader: Callable[[], Reader]
    ring: KeyRing
    _beside: Beside[str, Block] | Here[str, Block] | None = None
    _first: int = -1
    _next: int = -1
    _reading: bool = False

    def block(self, transaction: Transaction, found: sa.Row[Any]) -> Block:
        """The block to record, once those before it are read; the next is begun.

        `found` is the file's row of `evidence.imports`. Raises NobodyBeside.
        """
        key = {"import": found._mapping["import"]}
        first = transaction.run(queries.FIRST_BLOCK, key).scalar_one()
        if self._beside is None or first != self._first:  # the file was staged anew
            self._end()
            work = partial(read, self.file, self.make_reader(), self.ring)
            self._beside = beside(work) if found.batches - first > 1 else Here(work)
            self._first = self._next = first
        while True:
            if not self._reading:
                self._begin(transaction, key)
            block = self._beside.answer()
            self._reading = False
            self._next += 1
            if self._next > found.next_batch:
                self._begin(transaction, key)
                return block

    def _begin(self, transaction: Transaction, key: dict[str, Any]) -> None:
        """Begin to read the next block, where there is one."""
        staged = transaction.run(queries.BLOCK, key | {"batch": self._next}).scalar_one_or_none()
        if staged is not None:
            assert self._beside is not None
            self._beside.ask(staged)
            self._reading = True

    def _end(self) -> None:
        if self._beside is not None:
            self._beside.end()
        self._beside, self._reading = None, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody reads on."""
        self._end()
