"""DuckDB, PostgreSQL and Spark say what the law says: of a whole city, and of any world."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from healthcode.kit.db import Database, Transaction
from healthcode.rulebook import expression
from healthcode.rulebook.actions import binding_at, naive
from healthcode.rulebook.compiling import AT, KNOWN_AT
from healthcode.rulebook.engines import duck, spark
from healthcode.rulebook.engines.texts import Texts
from healthcode.rulebook.everybody.snapshots import Snapshot
from healthcode.rulebook.terms import Colour, Finding, Rulebook, Standing
from tests.rulebook import oracle
from tests.rulebook.cities import (
    NOW,
    Judged,
    Moment,
    by_duckdb,
    by_postgres,
    by_the_law,
    differing,
    made,
    put_city,
    unlike_the_law,
)
from tests.rulebook.every_word import EVERY_WORD
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.strategies import INSTANTS, World, worlds

DAY, HOUR, MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
MIDNIGHT = oracle.midnight(NOW)  # a local one, as are those days before

SOME_MOMENTS = [
    Moment(NOW, NOW),
    Moment(MIDNIGHT - 9 * DAY, MIDNIGHT - 9 * DAY),
    Moment(NOW - 2 * DAY, NOW - 20 * DAY - 3 * HOUR),
]
TEN_MOMENTS = [
    *SOME_MOMENTS,
    Moment(MIDNIGHT, NOW),
    Moment(MIDNIGHT - MOMENT, NOW),
    Moment(NOW - 40 * DAY, NOW - 40 * DAY),
    Moment(NOW - 28 * DAY, NOW),
    Moment(NOW - 14 * DAY - 5 * HOUR, NOW - 14 * DAY - 5 * HOUR),
    Moment(NOW - 5 * DAY, NOW - 6 * DAY),
    Moment(NOW + 10 * DAY, NOW - 1 * DAY),
]


def _all(snapshot: Snapshot) -> range:
    return range(1, snapshot.people + 1)


def _judged(snapshot: Snapshot, moments: list[Moment], folder: Path) -> list[Path]:
    """Where DuckDB wrote what it says of everybody at each of the moments."""
    into = [folder / f"at-{number}" for number in range(len(moments))]
    with duck.connected() as connection:
        for (at, known_at), each in zip(moments, into, strict=True):
            duck.judge(
                connection, snapshot.folder, snapshot.rulebook, naive(at), naive(known_at), each
            )
    return into


def _something_happens(judged: list[Judged], rulebook: Rulebook) -> None:
    """Else that engines agree would promise nothing."""
    rules = {rule for each in judged for rule in each.findings["rule"].to_pylist()}
    assert rules == {rule.id for rule in rulebook.rules}
    colours = {colour for each in judged for colour in each.standings["colour"].to_pylist()}
    assert colours >= {"green", "orange", "red"}
    assert len({each.findings.num_rows for each in judged}) > len(judged) / 2


# ------------------------------------------------------------------------------ a whole city


def test_duckdb_postgresql_and_the_law_agree_on_everybody_of_a_city(
    transaction: Transaction, tmp_path: Path
) -> None:
    city = made(2_000, tmp_path / "city")
    people, rulebook = _all(city), city.rulebook
    put_city(transaction, city.folder)
    bound = binding_at(transaction, NOW)
    assert bound.rulebook == rulebook
    judged = _judged(city, SOME_MOMENTS, tmp_path)
    found = [by_duckdb(each, people) for each in judged]
    laws = by_the_law(city.folder, rulebook, people, SOME_MOMENTS)
    for moment, ours, law in zip(SOME_MOMENTS, found, laws, strict=True):
        theirs = by_postgres(transaction, bound, people, moment)
        assert not differing(law, ours, people, rulebook), moment
        assert not differing(theirs, ours, people, rulebook), moment
    _something_happens(found, rulebook)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return made(200_000, tmp_path_factory.mktemp("city") / "made")


@pytest.fixture(scope="module")
def judged(city: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return _judged(city, TEN_MOMENTS, tmp_path_factory.mktemp("judged"))


@pytest.mark.slow
def test_duckdb_says_of_everybody_of_a_large_city_what_the_law_says_at_ten_moments(
    city: Snapshot, judged: list[Path]
) -> None:
    _something_happens([by_duckdb(each, _all(city)) for each in judged], city.rulebook)
    most = 5_000
    # Two processes that share nothing with this one, whose threads a fork would cut off.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        some = [_all(city)[first : first + most] for first in range(0, city.people, most)]
        waiting = [
            pool.submit(unlike_the_law, city.folder, judged, people, TEN_MOMENTS) for people in some
        ]
        assert [each for found in waiting for each in found.result()] == []


@pytest.mark.slow
def test_postgresql_says_of_everybody_of_a_large_city_what_duckdb_says_at_ten_moments(
    fresh: Database, city: Snapshot, judged: list[Path]
) -> None:
    people = _all(city)
    with fresh.transaction() as transaction:
        put_city(transaction, city.folder)
    with fresh.transaction() as transaction:
        bound = binding_at(transaction, NOW)
        for moment, folder in zip(TEN_MOMENTS, judged, strict=True):
            theirs = by_postgres(transaction, bound, people, moment)
            ours = by_duckdb(folder, people)
            assert not differing(theirs, ours, people, city.rulebook), moment


# ------------------------------------------------------------------------------ any world

NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # not yet: what an open transaction has not stamped


@pytest.fixture(scope="module")
def every_word() -> Texts:
    """The rulebook of every word, compiled once; its times are those that `compiling` replaces."""
    return Texts(EVERY_WORD, "duckdb", KNOWN_AT, AT)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duck.connected(threads=1) as made_up:
        yield made_up


def _asked(made_up: Texts, world: World) -> Texts:
    """The texts at a world's moments."""

    def written(text: str, stands: datetime, instant: datetime) -> str:
        literal = f"{stands:MAKE_TIMESTAMP(%Y, %-m, %-d, %-H, %-M, %-S.%f)}"
        assert literal in text, "Ibis writes timestamps otherwise now: look at this function again"
        return text.replace(literal, f"CAST('{naive(instant)}' AS TIMESTAMP)")

    known_at = world.known_at or NEVER
    openers = made_up.openers
    asked = replace(made_up)
    vars(asked).update(  # as if it had made them
        openers=openers and written(openers, KNOWN_AT, known_at),
        findings=written(made_up.findings, KNOWN_AT, known_at),
        standing=written(made_up.standing, AT, world.at),
    )
    return asked


def _leaves(world: World) -> tuple[pa.Table, pa.Table]:
    """A world as the leaves of an engine."""
    facts = [
        {
            "fact": each.fact, "person": each.person, "kind": each.kind, "result": each.result,
            "number": each.number, "area": each.area, "place": each.place, "source": each.source,
            "source_class": each.source_class, "started": naive(each.started_at),
            "ended": _ended(each), "states_end": each.ended_at is not None,
        } | _known(each)
        for each in world.facts
    ]  # fmt: skip
    levels = [
        {
            "level": each.level, "area": each.area, "place": each.place,
            "started": naive(each.started_at), "ended": each.ended_at and naive(each.ended_at),
        } | _known(each)
        for each in world.designations
    ]  # fmt: skip
    return (
        pa.Table.from_pylist(facts, ibis.schema(expression.FACTS).to_pyarrow()),
        pa.Table.from_pylist(levels, ibis.schema(expression.DESIGNATIONS).to_pyarrow()),
    )


def _ended(fact: Fact) -> datetime | None:
    ended = fact.ended_at or fact.started_at
    return None if isinstance(ended, Going) else naive(ended)


def _known(row: Fact | Designation) -> dict[str, datetime | None]:
    return {
        "recorded": naive(row.recorded_at or NEVER),
        "retracted": row.retracted_at and naive(row.retracted_at),
    }


def _check(connection: duckdb.DuckDBPyConnection, world: World, asked: Texts) -> None:
    for name, rows in zip(("facts", "designations"), _leaves(world), strict=True):
        connection.register(name, rows)
    duck.lay_leaves(connection)
    duck.keep_openers(connection, asked.openers)
    connection.execute(f"CREATE OR REPLACE TABLE findings AS {asked.findings}")
    found = connection.execute("SELECT * FROM findings").fetchall()
    seen = connection.execute(asked.standing).fetchall()
    law = oracle.findings(world.facts, world.designations, world.rulebook, world.known_at)
    assert {_finding(*row) for row in found} == law
    assert len(found) == len(law)
    standings = {who: (colour or world.rulebook.undeclared, then) for who, colour, then in seen}
    for who in world.persons:
        colour, then = standings.get(who, (world.rulebook.undeclared, None))
        theirs = Standing(who, Colour(colour), _aware(then))
        assert theirs == oracle.standing(law, who, world.at, world.rulebook)


def _finding(
    who: int, rule: str, fact: int, colour: str, opens: datetime, until: datetime | None
) -> Finding:
    return Finding(who, rule, fact, Colour(colour), opens.replace(tzinfo=UTC), _aware(until))


def _aware(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)


@settings(max_examples=60)
@given(world=worlds(EVERY_WORD))
def test_duckdb_follows_the_law_in_any_world(
    connection: duckdb.DuckDBPyConnection, every_word: Texts, world: World
) -> None:
    _check(connection, world, _asked(every_word, world))


@settings(max_examples=10)
@given(world=worlds())
def test_duckdb_follows_the_law_of_any_rulebook(
    connection: duckdb.DuckDBPyConnection, world: World
) -> None:
    _check(connection, world, _compiled(world))


@pytest.mark.slow
@settings(max_examples=1000)
@given(world=worlds(EVERY_WORD))
def test_duckdb_follows_the_law_in_any_world_at_length(
    connection: duckdb.DuckDBPyConnection, every_word: Texts, world: World
) -> None:
    _check(connection, world, _asked(every_word, world))


@pytest.mark.slow
@settings(max_examples=300)
@given(world=worlds())
def test_duckdb_follows_the_law_of_any_rulebook_at_length(
    connection: duckdb.DuckDBPyConnection, world: World
) -> None:
    _check(connection, world, _compiled(world))


def _compiled(world: World) -> Texts:
    known_at = naive(world.known_at or NEVER)
    return Texts(world.rulebook, "duckdb", known_at, naive(world.at))


# ------------------------------------------------------------------------------ Spark


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="PySpark is not installed: healthcode[spark]")
    made_up = spark.session("local[2]")
    yield made_up
    made_up.stop()


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_spark_says_of_everybody_of_a_large_city_what_duckdb_says(
    session: Any, city: Snapshot, judged: list[Path], tmp_path: Path, number: int
) -> None:
    at, known_at = map(naive, TEN_MOMENTS[number])
    spark.judge(session, city.folder, city.rulebook, at, known_at, tmp_path)
    theirs, ours = (by_duckdb(each, _all(city)) for each in (tmp_path, judged[number]))
    assert not differing(theirs, ours, _all(city), city.rulebook)


@pytest.mark.slow
def test_spark_says_what_duckdb_says_by_every_word_of_the_language(
    session: Any, tmp_path: Path
) -> None:
    snapshot, drawn = tmp_path / "worlds", _many_worlds(300)
    _written(drawn, snapshot)
    people = range(drawn.persons[-1] + 1)
    for number in (3, 11):
        asked = naive(INSTANTS[len(INSTANTS) // 2]), naive(INSTANTS[-number])
        with duck.connected() as connection:
            duck.judge(connection, snapshot, EVERY_WORD, *asked, tmp_path / f"duckdb-{number}")
        spark.judge(session, snapshot, EVERY_WORD, *asked, tmp_path / f"spark-{number}")
        theirs, ours = (
            by_duckdb(tmp_path / f"{name}-{number}", people) for name in ("spark", "duckdb")
        )
        assert not differing(theirs, ours, people, EVERY_WORD)
        rules = set(ours.findings["rule"].to_pylist())
        assert rules == {rule.id for rule in EVERY_WORD.rules}


def _many_worlds(most: int) -> World:
    """The facts of so many drawn worlds, each about people of its own, and all their levels."""
    facts: list[Fact] = []
    levels: list[Designation] = []
    people = 0

    @settings(max_examples=most, database=None, derandomize=True)
    @given(worlds(EVERY_WORD))
    def draw(world: World) -> None:
        nonlocal people
        for each in world.facts:
            facts.append(replace(each, fact=len(facts) + 1, person=people + each.person))
        levels.extend(world.designations)
        people += len(world.persons)

    draw()
    return World(EVERY_WORD, tuple(facts), tuple(levels), NOW, None)


def _written(world: World, folder: Path) -> None:
    """A world as a snapshot's Parquet."""
    facts, levels = _leaves(world)
    for kind in pc.unique(facts["kind"]).to_pylist():
        into = folder / "facts" / f"kind={kind}" / "facts.parquet"
        into.parent.mkdir(parents=True)
        rows = facts.filter(pc.equal(facts["kind"], kind)).drop_columns("kind")
        pq.write_table(rows, into)
    pq.write_table(levels, folder / "designations.parquet")
