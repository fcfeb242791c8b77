"""Importing a file: nothing lost, nothing twice, every bad row reported.

Invariants: a file is known by its digest; it is staged whole, and sealed, before a row of it is
recorded; a block is recorded, told and counted in one transaction. So a crash at any moment leaves
a state from which a second run gives exactly what one undisturbed run gives.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import Batch, note_rejects
from healthcode.evidence.feeds.deciding import Desk, Outcome
from healthcode.evidence.feeds.files import FeedFile
from healthcode.evidence.feeds.reading import Reader
from healthcode.evidence.feeds.reasons import REASONS
from healthcode.evidence.feeds.recording import Recorder, designating, desk_of
from healthcode.evidence.feeds.staging import Ahead, seal
from healthcode.evidence.tables import imports, rejects
from healthcode.kit.db import Database, Transaction, copy_in
from healthcode.kit.errors import BadInput
from healthcode.kit.garbage import seldom_collecting
from healthcode.kit.words import Language, Words

BATCH = 5000  # rows: a transaction of well under two seconds, and one `recorded_at`
FILE_LOCK_TIMEOUT = "10min"  # a second import of the same file waits for the first to stage it

Progress = Callable[[str, int, int], None]
"""Called with what is being done ("stage" or "record"), how much is done, and of how much."""


class RejectsUnsaved(BadInput):
    """The rejects file cannot be written."""

    words = Words(
        zh="导入已完成，有 {count} 行未被接收，但无法写入 {path}。"
        "请检查文件夹权限后再次导入同一文件：已接收的行不会重复。",
        en="The import is done and {count} rows were not taken, but {path} cannot be written. "
        "Check the folder's permissions and import the same file again: no row counts twice.",
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, over all its runs; `fresh` is False for a file finished before."""

    what: str
    rows: int
    recorded: int
    corrected: int
    retracted: int
    unchanged: int
    proposed: int
    rejected: int
    fresh: bool


@dataclass(frozen=True)
class Importer:
    """Imports files of one client. `city` is the kept code of the city that we serve.

    With `replay` (a scratch database only) every row that the format allows is taken, and the
    file's own `recorded_at` is honoured.
    """

    database: Database
    client: str
    city: str
    replay: bool = False
    progress: Progress = lambda _doing, _done, _of: None

    def run(self, path: Path) -> Report:
        """Import a file, or go on with it where it stopped.

        Raises NoSuchFile, UnknownHeader, UnknownColumns, UnknownClient, NoDesignationSource.
        """
        # 1. Know the file, and who sends it.
        file = FeedFile.open(path)
        with self.database.transaction() as transaction:
            self._desk(transaction, file.what)
            transaction.run(queries.KNOW_FILE, self._of(file) | {"what": file.what})
        # 2. Stage what is not staged: the whole file, anew where rows were rejected last time.
        with self.database.transaction() as transaction:
            found = self._lock(transaction, file)
            fresh = found.finished_at is None or self._has_rejects(transaction, found)
            if found.rows is None or (found.finished_at is not None and fresh):
                self._stage(transaction, file, found)
        # 3. Record block by block, each in a transaction of its own.
        ahead = Ahead(file, lambda: self._reader(file), self.database.keys)
        with seldom_collecting(), ahead:
            while self._record_next(file, ahead):
                pass
        return self._report(file, fresh=fresh)

    def rejects(self, path: Path, language: Language) -> Iterator[tuple[int, int, str, str]]:
        """Why rows of this file were not taken: row, line, column, reason in words."""
        file = FeedFile.open(path)
        with self.database.transaction() as transaction:
            found = self._lock(transaction, file)
            for row in transaction.run(queries.REJECTS, {"import": self._id(found)}):
                yield row.row, row.line, row.column, REASONS[row.reason].in_language(language)

    def _of(self, file: FeedFile) -> dict[str, Any]:
        return {"client": self.client, "digest": file.digest}

    def _lock(self, transaction: Transaction, file: FeedFile) -> sa.Row[Any]:
        transaction.run(queries.wait_at_most(FILE_LOCK_TIMEOUT))
        found = transaction.run(queries.LOCK_FILE, self._of(file)).one()
        transaction.run(queries.WAIT_AS_USUAL)
        return found

    @staticmethod
    def _id(found: sa.Row[Any]) -> int:
        return int(found._mapping["import"])

    def _has_rejects(self, transaction: Transaction, found: sa.Row[Any]) -> bool:
        rows = transaction.run(queries.REJECTED_ROWS, {"import": self._id(found)})
        return rows.first() is not None

    def _desk(self, transaction: Transaction, what: str) -> Desk:
        desk = desk_of(transaction, self.client, self.city, replay=self.replay)
        if what == "designations":
            designating(self.client, desk.registrations)
        return desk

    def _reader(self, file: FeedFile) -> Reader:
        with self.database.transaction() as transaction:
            sources = frozenset(self._desk(transaction, file.what).registrations)
            return Reader(
                self.client, transaction.keys, transaction.now, sources, replay=self.replay
            )

    def _stage(self, transaction: Transaction, file: FeedFile, found: sa.Row[Any]) -> None:
        """Put the file's rows beside the evidence, sealed, in blocks."""
        imported = self._id(found)
        again = set(transaction.run(queries.REJECTED_ROWS, {"import": imported}).scalars())
        transaction.run(sa.delete(rejects).where(rejects.c["import"] == imported))
        rows = 0
        numbers = itertools.count(found.batches)
        for lines in file.lines(BATCH):
            rows = lines.first + lines.text.count("\n")
            block = imported, next(numbers), seal(transaction.keys, lines, again)
            copy_in(transaction.connection, "evidence.staged_rows (import, batch, said)", [block])
            self.progress("stage", rows, 0)  # when no COPY is open: whoever hears it may ask
        transaction.run(
            sa.update(imports)
            .where(imports.c["import"] == imported)
            .values(rows=rows, batches=next(numbers), finished_at=None)
        )

    def _record_next(self, file: FeedFile, ahead: Ahead) -> bool:
        """Record the next block; False where there is none left."""
        with self.database.transaction() as transaction:
            found = self._lock(transaction, file)
            imported = self._id(found)
            self.progress("record", found.next_batch, found.batches)
            if found.next_batch >= found.batches:
                if found.finished_at is None:
                    self._finish(transaction, imported)
                return False
            block = ahead.block(transaction, found)
            recorder = Recorder(transaction, self.client, self._desk(transaction, file.what))
            done = Batch()
            for part in block.parts:
                done.add(recorder.record(file.what, part))
            rejected = [(row.row, row.line, why) for row, why in done.rejected]
            note_rejects(transaction, imported, block.rejected + rejected)
            counts = {each.value: done.counts[each] for each in Outcome}
            transaction.run(queries.BATCH_DONE, {"import": imported} | counts)
        return True

    def _finish(self, transaction: Transaction, imported: int) -> None:
        transaction.run(queries.FORGET_STAGED, {"import": imported})
        transaction.run(
            sa.update(imports)
            .where(imports.c["import"] == imported)
            .values(finished_at=transaction.now)
        )

    def _report(self, file: FeedFile, *, fresh: bool) -> Report:
        with self.database.transaction() as transaction:
            found = self._lock(transaction, file)
            rejected = len(transaction.run(queries.REJECTS, {"import": self._id(found)}).all())
            return Report(
                what=file.what,
                rows=found.rows,
                recorded=found.recorded,
                corrected=found.corrected,
                retracted=found.retracted,
                unchanged=found.unchanged,
                proposed=found.proposed,
                rejected=rejected,
                fresh=fresh,
            )


def write_rejects(target: Path, rows: Iterator[tuple[int, int, str, str]]) -> int:
    """Write a rejects file beside the input: row, line, column, reason; how many there were.

    The file holds none of the rows' own words. An empty list leaves no file. Raises RejectsUnsaved.
    """
    listed = list(rows)
    try:
        if not listed:
            target.unlink(missing_ok=True)
            return 0
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "line", "column", "reason"])
            writer.writerows(listed)
    except OSError as error:
        raise RejectsUnsaved(count=len(listed), path=target) from error
    return len(listed)
