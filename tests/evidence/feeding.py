"""What the tests of feeds share: made-up people, rows, departments that send files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer, Report
from healthcode.evidence.feeds.reading import REPLAY
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.words import Language
from healthcode.people import identify, persons_of
from healthcode.people.terms import resident_number

CITY = "12"
BORN = date(1990, 1, 1)


def document(number: int) -> str:
    """A made-up person's identity card, another one for each number."""
    return f"10:{resident_number('120101', date(1940 + number // 1000, 1, 1), number % 1000)}"


ANNA, BO, CHEN = document(1), document(2), document(3)


def visit(**changes: str) -> dict[str, str]:
    """A row of evidence that a city-wide clinic may write."""
    return {
        "subject": ANNA,
        "kind": "visit",
        "area": "120101",
        "place": "market",
        "started_at": "2020-02-01T08:00",
        "ended_at": "2020-02-01T09:00",
        "source": "hospital",
    } | changes


def risk(**changes: str) -> dict[str, str]:
    """A row of a designations file."""
    return {"level": "high", "area": "420100", "place": "", "started_at": "2020-01-10"} | changes


def table(*rows: dict[str, str]) -> str:
    """Rows as CSV; the columns are all that any of them names."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True, kw_only=True)
class RolledBack(Database):
    """A database whose transactions are savepoints of one that the test rolls back.

    What PostgreSQL does at a commit (the stamp, the deferred keys) it does at each one's end.
    """

    connection: sa.Connection

    @classmethod
    def of(cls, database: Database, transaction: Transaction) -> Self:
        """The same house inside a transaction, at that transaction's time."""
        return cls(
            database.engine,
            SetClock(transaction.now),
            database.keys,
            database.jobs,
            database.listeners,
            connection=transaction.connection,
        )

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything inside happens, or nothing does."""
        with self.connection.begin_nested(), self.on(self.connection) as transaction:
            yield transaction
            self.connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
            self.connection.execute(sa.text("SET CONSTRAINTS ALL DEFERRED"))


@dataclass
class Department:
    """A client, and the files that it sends."""

    house: Database
    folder: Path
    client: str
    replay: bool = False
    sent: Iterator[int] = field(default_factory=count)

    def registers(
        self,
        source: str,
        source_class: str = "clinic",
        kinds: tuple[str, ...] = ("*",),
        divisions: tuple[str, ...] = ("all",),
    ) -> None:
        """What the client may write as this source."""
        asked = SourceRegistration(self.client, source, source_class, kinds, divisions)
        with self.house.transaction() as transaction:
            register(transaction, asked)

    def file(self, text: str | bytes) -> Path:
        """A new file with this text."""
        path = self.folder / f"{self.client}-{next(self.sent)}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def another(self, *rows: dict[str, str]) -> Path:
        """A new file with these rows, whose bytes no file had before."""
        text = table(*rows)
        return self.file(text + "\n" * next(self.sent))

    @property
    def importer(self) -> Importer:
        """Imports this client's files."""
        return Importer(self.house, self.client, CITY, replay=self.replay)

    def sends(self, *rows: dict[str, str]) -> Report:
        """Import these rows from a new file."""
        return self.importer.run(self.another(*rows))

    def complaints(self, *rows: dict[str, str]) -> list[tuple[str, str]]:
        """Import these rows; the column and the reason of each that was not taken."""
        path = self.another(*rows)
        self.importer.run(path)
        return refusals(self.house, path)

    def words(self, path: Path, language: Language) -> list[tuple[int, int, str, str]]:
        """Row, line, column and reason of each row of the file that was not taken."""
        return list(self.importer.rejects(path, language))

    def person(self, name: str) -> int | None:
        """The person of a document, or of a key of this client's."""
        return person_of(self.house, self.client, name, own_keys=self.replay)


def person_of(house: Database, client: str, name: str, *, own_keys: bool = False) -> int | None:
    """The person known by this name, if there is one."""
    with house.transaction() as transaction:
        subject = identify(transaction.keys, client, name, date(2020, 2, 20), own_keys=own_keys)
        return persons_of(transaction, client, [subject]).get(subject)


def replayer(house: Database, folder: Path) -> Department:
    """The client of a replay."""
    return Department(house, folder, REPLAY, replay=True)


def refusals(house: Database, path: Path) -> list[tuple[str, str]]:
    """The column and the reason of each row of the file that was not taken, in order."""
    digest = "digest = sha256(:content)"
    query = f"""
        SELECT "column", reason FROM evidence.rejects
        WHERE import IN (SELECT import FROM evidence.imports WHERE {digest}) ORDER BY "row"
    """
    return [tuple(row) for row in look(house, query, content=path.read_bytes())]


def look(house: Database, query: str, **values: object) -> list[sa.Row[tuple[object, ...]]]:
    """The rows of a query."""
    with house.transaction() as transaction:
        return list(transaction.run(sa.text(query), values).all())


def facts(house: Database) -> list[sa.Row[tuple[object, ...]]]:
    """Every fact, oldest first, with whether it was retracted."""
    query = """
        SELECT f.fact, f.person, f.kind, f.result, f.number, f.area, f.place, f.with_person,
               f.started_at, CASE WHEN isfinite(f.ended_at) THEN f.ended_at END AS ended_at,
               f.ended_at = 'infinity' AS going_on, f.source, f.source_class, f.corrects,
               f.recorded_at, r.fact IS NOT NULL AS retracted, r.recorded_at AS retracted_at,
               r.source AS retracted_by
        FROM evidence.facts f LEFT JOIN evidence.retractions r USING (fact) ORDER BY f.fact
    """
    return look(house, query)


def places(house: Database) -> list[str]:
    """The places of the facts that stand, in order."""
    return sorted(str(row.place) for row in facts(house) if not row.retracted)
