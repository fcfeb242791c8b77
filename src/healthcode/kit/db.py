"""The database: one request or job is one transaction, and only this file commits.

Every session speaks UTC and gives up waiting for a lock after `LOCK_TIMEOUT`; a person who is
told "try again" is better off than one whose page hangs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from healthcode.kit.clock import Clock
from healthcode.kit.errors import Counted, NotReady
from healthcode.kit.events import Listeners, hear
from healthcode.kit.jobs import Jobs
from healthcode.kit.secrets import KeyRing
from healthcode.kit.words import Words

LOCK_TIMEOUT = "30s"  # longer than the longest batch of an import (5,000 rows: well under 2 s)
CONNECT_TIMEOUT = 10  # seconds: a server that takes longer is down, and the caller should hear it

metadata = sa.MetaData()
"""Every room's tables; each room has a Postgres schema of its own name."""


class NoDatabase(NotReady):
    """The database does not answer."""

    words = Words(
        zh="数据库没有应答。请检查 HEALTHCODE_DATABASE_URL 所指的服务器是否已启动、能否连接。",
        en="The database does not answer. Check that the server named by "
        "HEALTHCODE_DATABASE_URL is running and can be reached.",
    )


class DatabaseBusy(NotReady):
    """A lock did not come in time."""

    words = Words(
        zh="数据库正忙：所需的锁在时限内没有等到。没有任何改动，请稍后重试。",
        en="The database is busy: a lock did not come in time. Nothing was changed; try again.",
    )


# PostgreSQL's SQLSTATEs: lock not available, deadlock detected, serialization failure
TRY_AGAIN = {"55P03", "40P01", "40001"}


def in_words(error: sa.exc.DBAPIError | psycopg.Error) -> NotReady:
    """What a database error means to a person: DatabaseBusy or NoDatabase."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    busy = getattr(cause, "sqlstate", None) in TRY_AGAIN
    return DatabaseBusy() if busy else NoDatabase()


def engine_for(url: str, *, pool_size: int = 5) -> Engine:
    """An engine for a `postgresql://` address, its sessions in UTC with a lock timeout."""
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    options = f"-c timezone=UTC -c lock_timeout={LOCK_TIMEOUT}"
    return sa.create_engine(
        address,
        pool_size=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text never carries what was being stored
        connect_args={
            "options": options,
            "connect_timeout": CONNECT_TIMEOUT,
            # A rulebook's statements take thirty times as long to plan as to run.
            "prepare_threshold": 0,
            "application_name": "healthcode",
        },
    )


@dataclass(frozen=True)
class Transaction:
    """One unit of work: its connection, its one clock reading, its keys, and its news."""

    connection: Connection
    now: datetime
    stated_now: datetime | None
    keys: KeyRing
    account: str | None  # on whose word it happens; None for the clock's own jobs
    _jobs: Jobs
    _listeners: Listeners

    def run(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[Any]:
        """Execute a statement."""
        return self.connection.execute(statement, values)

    @contextmanager
    def savepoint(self) -> Iterator[sa.NestedTransaction]:
        """A part that can be taken back by its `rollback()` while the rest stays."""
        with self.connection.begin_nested() as point:
            yield point

    def publish(self, event: object) -> None:
        """Tell the rooms above, now and in this transaction."""
        hear(self._listeners, self, event)

    def defer(
        self, job: str, *, once: str | None = None, later: bool = False, **arguments: Any
    ) -> bool:
        """Ask for a job when this transaction commits; False if `once` is waiting already.

        What is `later` lets every other job pass.
        """
        return self._jobs.defer(self.connection, job, once=once, later=later, arguments=arguments)

    def waiting(self, job: str) -> list[dict[str, Any]]:
        """The arguments of the jobs of this name that are still to be done."""
        return self._jobs.waiting(self.connection, job)


@dataclass(frozen=True)
class Database:
    """What a process needs to do work: made once, in `app/wiring.py`."""

    engine: Engine
    clock: Clock
    keys: KeyRing
    jobs: Jobs
    listeners: Listeners
    account: str | None = None

    def acting_as(self, account: str) -> Database:
        """The same database; what is written through it is written on this account's word."""
        return replace(self, account=account)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside happens, or nothing does; a `Counted` refusal keeps its attempt."""
        counted: Counted | None = None
        # begin(), not connect(): a COPY alone would not make SQLAlchemy commit.
        with self.engine.begin() as connection, self.on(connection) as transaction:
            try:
                yield transaction
            except Counted as refused:
                counted = refused
        if counted is not None:
            raise counted

    @contextmanager
    def on(self, connection: Connection) -> Iterator[Transaction]:
        """A unit of work on a connection that the caller commits or rolls back."""
        yield Transaction(
            connection=connection,
            now=self.clock.now(),
            stated_now=self.clock.stated,
            keys=self.keys,
            account=self.account,
            _jobs=self.jobs,
            _listeners=self.listeners,
        )


def copy_in(connection: Connection, target: str, rows: Iterable[Sequence[Any]]) -> None:
    """Load rows with COPY; `target` is `schema.table (column, ...)`, written by us alone."""
    raw = connection.connection.cursor()
    with raw.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_TOLD_APART = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def as_copied(values: Iterable[str | None]) -> str:
    """Texts as part of a row in COPY's text format (PostgreSQL's manual, COPY); None is NULL."""
    return "\t".join(
        [
            r"\N" if each is None
            # nearly every text needs none of it
            else each if each.isprintable() and "\\" not in each
            else each.translate(_TOLD_APART)
            for each in values
        ]
    )  # fmt: skip


def copy_lines(connection: Connection, target: str, lines: Iterable[str]) -> None:
    """Load rows that stand in COPY's text format already, each without the line's end."""
    raw = connection.connection.cursor()
    with raw.copy(f"COPY {target} FROM STDIN") as copy:
        copy.write("".join([f"{line}\n" for line in lines]))


def array_of(values: Iterable[object]) -> str:
    """Numbers as one parameter, to be cast to an array: thousands take long to adapt one by one."""
    return f"{{{','.join(map(str, values))}}}"


def array_of_bytes(hexes: Iterable[str]) -> str:
    """Bytes, each in hex, as one parameter to be cast to `bytea[]`."""
    listed = ",".join([rf'"\\x{each}"' for each in hexes])
    return f"{{{listed}}}"


def answering(engine: Engine) -> Engine:
    """The same engine, once it has answered; NoDatabase in words where it does not."""
    try:
        with engine.connect():
            return engine
    except sa.exc.DBAPIError as error:
        raise in_words(error) from error
