"""A file on its way in: staged whole and sealed, line by line as it came, and read block by block.

Invariants: what is staged is never in clear; blocks stay until the whole file is recorded, so that
whoever goes on where another stopped reads every row before theirs, and numbers equal rows alike.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import Staged
from healthcode.evidence.feeds.files import FeedFile, Line
from healthcode.evidence.feeds.reading import Reader
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.db import Transaction
from healthcode.kit.secrets import KeyRing

SAID = "evidence.staged_rows.said"
MOST_CHARACTERS = 8_000_000  # in a block, beside its last line: a field of PostgreSQL has its limit

SELDOM = 100_000  # new objects between two looks for garbage in cycles: about a block's

WANTED, COUNTED = "+", "-"
"""Marks: a row to be recorded, and one that only counts among its equals."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one transaction records: rows as read, and why others cannot be taken."""

    rows: list[Staged]
    rejected: list[tuple[int, int, Rejected]]


def blocks(lines: Iterable[Line], only: set[int], most: int) -> Iterator[str]:
    """Blocks of at most `most` lines: number of the row and of the line, mark, and the line.

    Where there are `only` some rows to be recorded, the others are marked as counted.
    """
    block: list[str] = []
    characters = 0
    for row, line, text in lines:
        mark = COUNTED if only and row not in only else WANTED
        block.append(f"{row} {line} {mark} {text}")
        characters += len(text)
        if len(block) >= most or characters >= MOST_CHARACTERS:
            yield "\n".join(block)
            block.clear()
            characters = 0
    if block:
        yield "\n".join(block)


def seal(ring: KeyRing, block: str) -> str:
    """A block as it is staged, in hex."""
    return ring.seal(block, SAID).hex()


def read(file: FeedFile, reader: Reader, ring: KeyRing, staged: str) -> Block:
    """Open a block and read its rows."""
    found = Block([], [])
    for entry in ring.open(bytes.fromhex(staged), SAID).split("\n"):
        row, line, mark, text = entry.split(" ", 3)
        wanted = mark == WANTED
        try:
            fields = file.fields(text)
            if isinstance(fields, Rejected):
                raise fields
            said = reader.read(file.what, fields)
        except Rejected as why:
            if wanted:
                found.rejected.append((int(row), int(line), why))
            continue
        if wanted:
            found.rows.append(Staged(int(row), int(line), said))
    return found


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Rows hold no cycles: looking for some among them takes a fifth of the time that Python has."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass
class Ahead:
    """Reads the blocks of a file in their order, each once; the next in a thread of its own.

    The thread never touches the database: it reads while the others' statements run.
    """

    file: FeedFile
    make_reader: Callable[[], Reader]
    ring: KeyRing
    thread: ThreadPoolExecutor
    _reader: Reader | None = None
    _first: int = -1
    _next: int = -1
    _reading: Future[Block] | None = field(default=None)

    def block(self, transaction: Transaction, imported: int, batch: int) -> Block:
        """The block to record, once those before it are read."""
        first = transaction.run(queries.FIRST_BLOCK, {"import": imported}).scalar_one()
        if self._reader is None or first != self._first:  # the file was staged anew
            self._reader, self._reading = self.make_reader(), None
            self._first = self._next = first
        while True:
            if self._reading is None:
                self.begin(transaction, imported)
            assert self._reading is not None
            found, self._reading = self._reading.result(), None
            self._next += 1
            if self._next > batch:
                return found

    def begin(self, transaction: Transaction, imported: int) -> None:
        """Begin to read the next block, where there is one."""
        key = {"import": imported, "batch": self._next}
        staged = transaction.run(queries.BLOCK, key).scalar_one_or_none()
        if staged is not None:
            assert self._reader is not None
            self._reading = self.thread.submit(read, self.file, self._reader, self.ring, staged)
