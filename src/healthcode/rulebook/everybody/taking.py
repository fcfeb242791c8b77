"""Taking a snapshot: everything in it is of one moment of the database.

Persons' keys are drawn at random for each snapshot, and kept nowhere; facts are counted from 1.
"""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from healthcode.evidence import Kind, last_recorded
from healthcode.kit.db import Database, Transaction
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.rulebook.actions import binding_at
from healthcode.rulebook.everybody import queries
from healthcode.rulebook.everybody.snapshots import NoSnapshot, Snapshot, opened
from healthcode.rulebook.tables import snapshots

KEPT_FOR = timedelta(hours=24)
ROW_GROUP = 122_880  # rows: DuckDB's own, so that its threads share a file evenly
FACTS = pa.schema(
    {
        "fact": pa.int64(),
        "person": pa.int64(),
        "result": pa.string(),
        "number": pa.decimal128(9, 3),
        "area": pa.string(),
        "place": pa.string(),
        "source": pa.string(),
        "source_class": pa.string(),
        "started": pa.timestamp("us"),
        "ended": pa.timestamp("us"),
        "states_end": pa.bool_(),
        "recorded": pa.timestamp("us"),
        "retracted": pa.timestamp("us"),
    }
)
"""A fact as it lies in the folder of its kind; `rulebook.expression.FACTS` says what it means."""

Progress = Callable[[str, int, int], None]
Keys = npt.NDArray[np.int64]


class FolderTaken(BadInput):
    """The folder for a snapshot holds something already."""

    words = Words(
        zh="文件夹 {folder} 已存在且不为空。请另选一个文件夹。",
        en="The folder {folder} exists and is not empty. Choose another one.",
    )


class FolderUnwritable(BadInput):
    """The folder for a snapshot cannot be written."""

    words = Words(
        zh="无法写入文件夹 {folder}：{why}。未留下任何文件。"
        "请检查权限和磁盘空间，或另选一个文件夹。",
        en="The folder {folder} cannot be written: {why}. Nothing was left there. Check "
        "permissions and space on the disk, or choose another one.",
    )


@dataclass(frozen=True)
class View:
    """One moment of the database, read as Arrow. `persons` are ours, in order."""

    transaction: Transaction
    reader: adbc.Connection
    persons: Keys
    residences: pa.Array
    order: Keys  # the random place of each of them, from 0

    def rows(self, query: str) -> Iterator[pa.RecordBatch]:
        """What a query gives at this moment, by binary COPY."""
        with closing(self.reader.cursor()) as cursor:
            cursor.execute(query)
            yield from cursor.fetch_record_batch()

    def table(self, query: str) -> pa.Table:
        """What a query gives at this moment, whole."""
        with closing(self.reader.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def keys(self, persons: pa.Array) -> pa.Array:
        """The snapshot's keys of these persons."""
        asked = persons.to_numpy()
        if self._table is None:
            return pa.array(self.order[np.searchsorted(self.persons, asked)] + 1)
        return pa.array(self._table[asked - self.persons[0]])

    def person_of(self, key: int) -> int:
        """Whose key it is."""
        return int(self.persons[np.flatnonzero(self.order == key - 1)[0]])

    @cached_property
    def _table(self) -> Keys | None:
        """The keys by person, where our numbers lie close enough for a table of them all."""
        if not len(self.persons):
            return None
        span = int(self.persons[-1] - self.persons[0]) + 1
        if span > 4 * len(self.persons):
            return None
        table = np.zeros(span, np.int64)
        table[self.persons - self.persons[0]] = self.order + 1
        return table


@contextmanager
def viewing(transaction: Transaction) -> Iterator[View]:
    """One moment of the database, for as long as it takes to read it.

    The first thing in its transaction, which sees that moment from here on.
    """
    transaction.run(queries.ONE_MOMENT)
    moment = transaction.run(queries.EXPORT_MOMENT).scalar_one()
    address = transaction.connection.engine.url.set(drivername="postgresql")
    with closing(adbc.connect(address.render_as_string(hide_password=False))) as reader:
        with closing(reader.cursor()) as cursor:
            for statement in queries.same_moment(moment):
                cursor.execute(statement)
            cursor.execute(queries.EVERYBODY)
            everybody = cursor.fetch_arrow_table()
        persons = everybody["person"].to_numpy()
        drawn = np.random.default_rng(secrets.randbits(128)).permutation(len(persons))
        residences = everybody["residence"].combine_chunks()
        yield View(transaction, reader, persons, residences, drawn)


def take(
    view: View,
    folder: Path,
    *,
    name: str | None,
    progress: Progress = lambda _doing, _done, _of: None,
) -> Snapshot:
    """Write the evidence of a moment into a new folder, in our users' hands only.

    Raises FolderTaken and NoRulebook.
    """
    _check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # also where an empty one was there
    transaction = view.transaction
    back = np.argsort(view.order)
    people = pa.table(
        {"person": np.arange(1, len(back) + 1), "residence": view.residences.take(pa.array(back))}
    )
    pq.write_table(people, folder / "people.parquet", row_group_size=ROW_GROUP)
    facts = _write_facts(view, folder / "facts", progress)
    designations = view.table(queries.DESIGNATION_LEAVES)
    pq.write_table(designations, folder / "designations.parquet")
    taken = Snapshot(
        folder,
        name,
        transaction.now,
        last_recorded(transaction) or transaction.now,
        people.num_rows,
        facts,
        designations.num_rows,
        binding_at(transaction, transaction.now).rulebook,
    )
    taken.save()
    return taken


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder=folder)


def _write_facts(view: View, folder: Path, progress: Progress) -> int:
    """Write the facts, each kind into a file of its own; how many there are."""
    expected = int(view.transaction.run(queries.ABOUT_HOW_MANY_FACTS).scalar_one())
    done = 0
    with ExitStack() as files:
        writers = {each.value: _writer(folder, each.value, files) for each in Kind}
        for batch in view.rows(queries.FACT_LEAVES):
            rows = _with_own_keys(batch, view, first=done + 1)
            done += batch.num_rows
            for kind in pc.unique(rows["kind"]).to_pylist():
                if kind not in writers:  # a replay's: it takes any word
                    writers[kind] = _writer(folder, kind, files)
                some = rows.filter(pc.equal(rows["kind"], kind)).select(FACTS.names).cast(FACTS)
                writers[kind].write_table(some, row_group_size=ROW_GROUP)
            progress("facts", done, max(done, expected))
    return done


def _writer(folder: Path, kind: str, files: ExitStack) -> pq.ParquetWriter:
    target = folder / f"kind={kind}" / "facts.parquet"
    target.parent.mkdir(parents=True)
    return files.enter_context(pq.ParquetWriter(target, FACTS))


def _with_own_keys(batch: pa.RecordBatch, view: View, *, first: int) -> pa.Table:
    rows = pa.Table.from_batches([batch])
    own = {
        "fact": pa.array(np.arange(first, first + batch.num_rows, dtype=np.int64)),
        "person": view.keys(batch["person"]),
    }
    for name, keys in own.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, keys)
    return rows


def keep(database: Database, folder: Path, *, name: str | None, progress: Progress) -> Snapshot:
    """Take a snapshot, and write down who looked at everybody's evidence.

    Where that fails nothing is left. Raises FolderTaken, FolderUnwritable and NoRulebook.
    """
    _check_free(folder)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            with database.transaction() as transaction, viewing(transaction) as view:
                taken = take(view, folder, name=name, progress=progress)
                note(transaction, taken)
        except OSError as error:
            raise FolderUnwritable(folder=folder, why=error.strerror or error) from error
        undo.pop_all()
    return taken


def note(transaction: Transaction, taken: Snapshot) -> None:
    """Write down who looked, at what, and where the copy lies."""
    transaction.run(
        sa.insert(snapshots).values(
            account=transaction.account,
            taken_at=taken.taken_at,
            known_at=taken.known_at,
            people=taken.people,
            facts=taken.facts,
            name=taken.name,
            host=socket.gethostname(),
            folder=str(taken.folder.resolve()),
        )
    )


def forget(transaction: Transaction) -> int:
    """Delete this machine's snapshots that are a day old and not kept by name; how many."""
    overdue = {"before": transaction.now - KEPT_FOR, "host": socket.gethostname()}
    found = transaction.run(queries.SNAPSHOTS_TO_FORGET, overdue).all()
    for row in found:
        folder = Path(row.folder)
        if _is_of(folder, row.taken_at):
            shutil.rmtree(folder)
        transaction.run(queries.FORGET_SNAPSHOT, {"snapshot": row.snapshot, "now": transaction.now})
    return len(found)


def _is_of(folder: Path, taken_at: datetime) -> bool:
    """Whether the folder still is the snapshot of that moment, and not something newer."""
    try:
        return opened(folder).taken_at.astimezone(UTC) == taken_at.astimezone(UTC)
    except NoSnapshot:
        return False
