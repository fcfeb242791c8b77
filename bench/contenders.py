"""Who judges: each reads the same snapshot and writes what it found into a folder.

`standings.parquet` is from everyone, `findings.parquet` from those that judge by relations. Both
are files, or folders of files. Starting a process and importing are not counted; connecting,
compiling the rulebook and planning are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import duckdb

from bench import by_person, by_row, hand
from bench.running import Run, peak_of
from bench.snapshots import Snapshot
from healthcode.rulebook.engines import duck, spark
from healthcode.rulebook.engines.duck import connected

Contender = Callable[[Snapshot, int, Path], Run]
"""Judges persons 1 to the number into the folder."""


def ours(snapshot: Snapshot, _persons: int, into: Path) -> Run:
    """The expression on DuckDB."""
    began = perf_counter()
    with connected() as connection:
        _quiet(connection)
        duck.judge(
            connection, snapshot.folder, snapshot.rulebook, snapshot.at, snapshot.known_at, into
        )
    return Run(perf_counter() - began, peak_of())


def by_hand(snapshot: Snapshot, _persons: int, into: Path) -> Run:
    """Hand-written SQL on DuckDB, with the same memory."""
    into.mkdir(parents=True)
    began = perf_counter()
    with connected() as connection:
        _quiet(connection)
        hand.judge(connection, snapshot, into)
    return Run(perf_counter() - began, peak_of())


def _quiet(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET enable_progress_bar = false")  # it would stand among the output


def on_postgresql(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """The expression on PostgreSQL, over the real tables; loading them is not counted."""
    from bench.house import export, house, judge_all  # noqa: PLC0415 - imports the whole house

    into.mkdir(parents=True)
    with house(snapshot, persons) as made, made.engine.begin() as connection:
        began = perf_counter()
        judge_all(connection, snapshot.rulebook, snapshot.at, snapshot.known_at)
        seconds = perf_counter() - began
        backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        export(connection, into)
        return Run(seconds, peak_of(backend))


def on_spark(snapshot: Snapshot, _persons: int, into: Path) -> Run:
    """The expression on Spark, on this machine; starting Spark is not counted."""
    session = spark.session("local[*]")
    java = session.sparkContext._gateway.proc.pid  # noqa: SLF001 - its process has no other name
    began = perf_counter()
    spark.judge(session, snapshot.folder, snapshot.rulebook, snapshot.at, snapshot.known_at, into)
    return Run(perf_counter() - began, peak_of(java))


def row_engine(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """JSONLogic person by person, from Parquet to Parquet, in one process as its users run it."""
    return by_row.judge(snapshot, persons, into)


def row_engine_tuned(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """The same with DuckDB to group the facts, on every core."""
    return by_person.judge("row_engine_tuned", snapshot, persons, into)


def row_engine_parsed(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """JSONLogic person by person, of facts that are grouped and parsed already, on one core."""
    return by_person.judge_parsed(snapshot, persons, into)


def plain_python(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """Python person by person, from Parquet to Parquet, on every core."""
    return by_person.judge("plain_python", snapshot, persons, into)


CONTENDERS: dict[str, Contender] = {
    "duckdb": ours,
    "hand_sql": by_hand,
    "postgresql": on_postgresql,
    "spark": on_spark,
    "row_engine": row_engine,
    "row_engine_tuned": row_engine_tuned,
    "row_engine_parsed": row_engine_parsed,
    "plain_python": plain_python,
}
MILLION = 1_000_000
SAMPLES = {
    "postgresql": MILLION,
    "row_engine": MILLION // 10,
    "row_engine_tuned": MILLION,
    "row_engine_parsed": MILLION // 5,
    "plain_python": MILLION // 2,
}
"""How many persons, at most, those judge that would take too long for everybody."""
