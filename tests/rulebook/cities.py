"""A made-up city for all who judge it: as a snapshot, in PostgreSQL's tables, as the law's facts.

What each says comes as two tables, so that it can be laid beside what another says.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import ibis
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import sqlalchemy as sa

from healthcode.app.city import parameters
from healthcode.app.city.making import make_city
from healthcode.app.settings import Settings
from healthcode.app.wiring import open_house
from healthcode.evidence.tables import recordings
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.rulebook import expression, queries
from healthcode.rulebook.actions import Binding, naive
from healthcode.rulebook.engines import duck
from healthcode.rulebook.everybody.snapshots import Snapshot, opened
from healthcode.rulebook.terms import Finding, Rulebook, Standing
from tests.rulebook import oracle
from tests.rulebook.facts import Designation, Fact, Going

NOW = parameters.instant(parameters.NOW)
FINDINGS = ibis.schema(expression.FINDINGS).to_pyarrow()
STANDINGS = pa.schema(
    {"person": pa.int64(), "colour": pa.string(), "changes_at": pa.timestamp("us")}
)


class Moment(NamedTuple):
    """When somebody is judged, and by what was known when."""

    at: datetime
    known_at: datetime


@dataclass(frozen=True)
class Judged:
    """The findings and the standings of some people; times without a zone, in UTC."""

    findings: pa.Table
    standings: pa.Table

    @classmethod
    def of(cls, found: Iterable[Finding], standings: Iterable[Standing]) -> Judged:
        """What the law says, as tables."""
        said = [
            (each.person, each.rule, each.fact, each.colour, naive(each.opens), _naive(each.until))
            for each in found
        ]
        seen = [(each.person, each.colour, _naive(each.changes_at)) for each in standings]
        return cls(_table(said, FINDINGS), _table(seen, STANDINGS))


def made(people: int, folder: Path, seed: int = 1) -> Snapshot:
    """A city of so many people, in a new folder."""
    make_city(people, seed, folder)
    return opened(folder)


@contextmanager
def housed(server: str, masters: str) -> Iterator[Database]:
    """A house of a module's own, at the city's now."""
    name = f"city_{secrets.token_hex(6)}"
    url = ensure_database(server, name)
    said = Settings.model_validate({"database_url": url, "master_keys": masters})
    with open_house(said, SetClock(NOW)) as database:
        yield database
    drop_database(server, name)


# ------------------------------------------------------------------------------ PostgreSQL

PERSONS = "SELECT person * {step} + {first} AS person, residence FROM people"
FACTS = """
    SELECT fact + {first}, person * {step} + {first}, kind, result, number, area, place, started,
           CASE WHEN NOT states_end THEN NULL WHEN ended IS NULL THEN 'infinity'
                ELSE CAST(ended AS VARCHAR) END,
           source, source_class, {recording}, recorded
    FROM facts
"""
RETRACTIONS = """
    SELECT fact + {first}, source, {recording}, retracted FROM facts WHERE retracted IS NOT NULL
"""
LEVELS = """
    SELECT number, level, area, place, started, ended, 'commission', {recording}, recorded
    FROM numbered
"""
LEVELS_BACK = """
    SELECT number, 'commission', {recording}, retracted FROM numbered WHERE retracted IS NOT NULL
"""
TABLES = {
    "people.persons (person, residence)": PERSONS,
    "evidence.facts (fact, person, kind, result, number, area, place, started_at, ended_at, "
    "source, source_class, recording, recorded_at)": FACTS,
    "evidence.retractions (fact, source, recording, recorded_at)": RETRACTIONS,
    "evidence.designations (designation, level, area, place, started_at, ended_at, source, "
    "recording, recorded_at)": LEVELS,
    "evidence.designation_retractions (designation, source, recording, recorded_at)": LEVELS_BACK,
}


def put_city(transaction: Transaction, folder: Path, *, first: int = 0, step: int = 1) -> None:
    """Copy a city into the tables, as it was recorded by its now.

    A person or a fact has its number of the city, which counts from 1, times `step` (persons) plus
    `first`.
    """
    recording = transaction.run(
        sa.insert(recordings).values(client="city", stated_at=NOW).returning(recordings.c.recording)
    ).scalar_one()
    values = {"first": first, "step": step, "recording": recording}
    with duck.connected(threads=1) as connection:
        _leaves(connection, folder)
        connection.execute(
            "CREATE TABLE numbered AS SELECT row_number() OVER () AS number, * FROM designations"
        )
        for table, query in TABLES.items():
            _copied(transaction, table, connection, query.format(**values), folder)
    transaction.run(sa.text("ANALYZE people.persons, evidence.facts"))


def _leaves(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    connection.execute(f"CREATE VIEW facts AS {duck.facts(folder)}")
    connection.execute(duck.DESIGNATIONS.format(folder=duck.quoted(folder)))
    people = duck.reading(folder / "people.parquet")
    connection.execute(f"CREATE VIEW people AS SELECT * FROM {people}")


def _copied(
    transaction: Transaction,
    table: str,
    connection: duckdb.DuckDBPyConnection,
    query: str,
    folder: Path,
) -> None:
    rows = folder / "copied.csv"
    into = duck.quoted(rows)
    connection.execute(f"COPY ({query}) TO '{into}' (FORMAT csv, HEADER false, NULLSTR '\\N')")
    cursor = transaction.connection.connection.cursor()
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, NULL '\\N')") as copy:
        copy.write(rows.read_bytes())
    rows.unlink()


def by_postgres(
    transaction: Transaction, bound: Binding, people: Sequence[int], moment: Moment
) -> Judged:
    """What the stored statements say of these people, and of everybody."""
    known_at, at = naive(moment.known_at), naive(moment.at)
    transaction.run(sa.text("SET LOCAL enable_nestloop = off"))  # no statistics yet
    some = queries.findings_of_some(bound.findings_sql)
    found = [
        row
        for first in range(0, len(people), 10_000)
        for row in transaction.run(
            some, {"persons": list(people[first : first + 10_000]), "known_at": known_at}
        )
    ]
    seen = transaction.run(
        queries.standing_of_all(bound.findings_sql, bound.standing_sql),
        {"kinds": [], "known_at": known_at, "at": at},
    )
    transaction.run(sa.text("SET LOCAL enable_nestloop TO DEFAULT"))
    return Judged(_table(found, FINDINGS), _table(seen, STANDINGS))


# ------------------------------------------------------------------------------ the law


def by_the_law(
    folder: Path, rulebook: Rulebook, people: range, moments: list[Moment]
) -> Iterator[Judged]:
    """What the law says of these people at each of the moments."""
    levels = designations_of(folder)
    facts = facts_of(folder, people)
    for at, known_at in moments:
        known = [each for each in levels if oracle.is_known(each, known_at)]
        found: list[Finding] = []
        seen: list[Standing] = []
        for person in people:
            own = oracle.findings(facts.get(person, ()), known, rulebook, known_at)
            found += own
            seen.append(oracle.standing(own, person, at, rulebook))
        yield Judged.of(found, seen)


def facts_of(folder: Path, people: range) -> dict[int, list[Fact]]:
    """The facts of these people, by person."""
    rows = ds.dataset(folder / "facts", partitioning="hive")
    theirs = (ds.field("person") >= people[0]) & (ds.field("person") <= people[-1])
    found: dict[int, list[Fact]] = {}
    for batch in rows.to_batches(filter=theirs):
        for row in batch.to_pylist():
            found.setdefault(row["person"], []).append(as_fact(row))
    return found


def as_fact(row: dict[str, Any]) -> Fact:
    """A row of a snapshot as the law speaks of it."""
    ended = _aware(row["ended"]) or Going.ON
    return Fact(
        row["fact"], row["person"], row["kind"], row["started"].replace(tzinfo=UTC),
        ended if row["states_end"] else None, row["result"], row["number"], row["area"],
        row["place"], row["source"], row["source_class"], _aware(row["recorded"]),
        _aware(row["retracted"]),
    )  # fmt: skip


def designations_of(folder: Path) -> list[Designation]:
    """The levels of a snapshot."""
    return [
        Designation(
            number, row["level"], row["started"].replace(tzinfo=UTC), _aware(row["ended"]),
            row["area"], row["place"], _aware(row["recorded"]), _aware(row["retracted"]),
        )
        for number, row in enumerate(pq.read_table(folder / "designations.parquet").to_pylist())
    ]  # fmt: skip


# ------------------------------------------------------------------------------ side by side


def by_duckdb(judged: Path, people: range) -> Judged:
    """What DuckDB or Spark wrote of these people."""
    theirs = f"WHERE person BETWEEN {people[0]} AND {people[-1]}"
    with duck.connected(threads=1) as connection:
        tables = [
            connection.sql(f"SELECT * FROM {read} {theirs}").to_arrow_table()
            for read in (
                duck.reading(judged / f"{what}.parquet") for what in ("findings", "standings")
            )
        ]
    return Judged(*tables)


EVERYBODY = """
    SELECT person, coalesce(colour, '{undeclared}') AS colour, changes_at
    FROM (SELECT unnest(range({first}, {last} + 1)) AS person) LEFT JOIN {side} USING (person)
"""
ONLY = "(SELECT '{side}' AS side, * FROM ({one} EXCEPT ALL {other}))"


def differing(one: Judged, other: Judged, people: range, rulebook: Rulebook) -> list[str]:
    """The first rows of each that the other has not; who has no standing is undeclared."""
    asked = {"undeclared": rulebook.undeclared, "first": people[0], "last": people[-1]}
    differences: list[str] = []
    with duck.connected(threads=1) as connection:
        for side, judged in (("one", one), ("other", other)):
            connection.register(f"findings_{side}", judged.findings)
            connection.register(f"standings_{side}", judged.standings)
        columns = ", ".join(FINDINGS.names)
        findings = [f"SELECT {columns} FROM findings_{side}" for side in ("one", "other")]
        seen = [EVERYBODY.format(side=f"standings_{side}", **asked) for side in ("one", "other")]
        for queries_of in (findings, seen):
            both = zip(("one", "other"), (queries_of, queries_of[::-1]), strict=True)
            only = [ONLY.format(side=side, one=a, other=b) for side, (a, b) in both]
            rows = connection.execute(" UNION ALL ".join(only) + " LIMIT 10").fetchall()
            differences += [f"only {row}" for row in rows]
    return differences


def unlike_the_law(
    folder: Path, judged: list[Path], people: range, moments: list[Moment]
) -> list[str]:
    """Where what was written differs from the law, some people at each moment; for a process."""
    rulebook = opened(folder).rulebook
    laid = by_the_law(folder, rulebook, people, moments)
    return [
        f"{moment}: {each}"
        for moment, theirs, law in zip(moments, judged, laid, strict=True)
        for each in differing(law, by_duckdb(theirs, people), people, rulebook)
    ]


def _table(rows: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Rows in the order of the columns; aware times become UTC without a zone."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [_column(values, field.type) for values, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind) and any(each and each.tzinfo for each in values):
        return pa.array(values, pa.timestamp("us", "UTC")).cast(kind)
    return pa.array(values, kind)


def _aware(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)


def _naive(instant: datetime | None) -> datetime | None:
    return instant and naive(instant)
