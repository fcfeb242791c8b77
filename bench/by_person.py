"""Judging person by person, with all cores: each process takes some of the people end to end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter

import duckdb
import numpy as np
import pyarrow as pa
from datalogic_py import DataHandle
from pyarrow import parquet

from bench import facts
from bench.plain import PlainEngine
from bench.row_engine import RowEngine
from bench.running import Run, peak_of
from bench.snapshots import Snapshot
from healthcode.rulebook.terms import SEVERITY

CORES = os.cpu_count() or 1
AT_ONCE = 125_000  # people: few enough to hold, and planning what is read is no more than a moment
FEW = 5_000  # people: not worth another process

ENGINES: dict[str, type[PlainEngine | RowEngine]] = {
    "plain_python": PlainEngine,
    "row_engine_tuned": RowEngine,
}
COLOURS = pa.array([None, *(colour.value for colour, rank in SEVERITY.items() if rank)])


def judge(name: str, snapshot: Snapshot, persons: int, into: Path) -> Run:
    """Judge persons 1 to `persons` from Parquet to `standings.parquet`, a folder."""
    target = into / "standings.parquet"
    target.mkdir(parents=True)
    if persons <= FEW:
        began = perf_counter()
        _, peak = judge_some(name, snapshot.folder, target, persons, persons, 1)
        return Run(perf_counter() - began, peak)
    step = min(AT_ONCE, -(-persons // CORES))
    with _workers() as workers:
        began = perf_counter()
        some = partial(judge_some, name, snapshot.folder, target, persons, step)
        peaks = dict(workers.map(some, range(1, persons + 1, step)))
        return Run(perf_counter() - began, sum(peaks.values()))


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """One process a core, all of them started, with their imports: that is not counted."""
    context = get_context("forkserver")
    everybody = context.Barrier(CORES)
    with ProcessPoolExecutor(CORES, context, _wait_for, (everybody,)) as pool:
        list(pool.map(_nothing, range(CORES)))
        yield pool


def _wait_for(everybody: Barrier) -> None:
    everybody.wait()


def _nothing(_: int) -> None:
    """What a worker that has only just started can do."""


def judge_some(
    name: str, folder: Path, target: Path, persons: int, step: int, first: int
) -> tuple[int, int]:
    """The process and its peak of memory so far; a later one of the same process is higher."""
    snapshot = Snapshot.read(folder)
    engine = ENGINES[name](snapshot.rulebook, snapshot.at)
    last = min(first + step - 1, persons)
    with _connect(threads=1) as connection:
        read = list(facts.texts(connection, snapshot, first, last))
    standings = engine.judge(text for _, text in read)
    write([person for person, _ in read], standings, target / f"{first}.parquet")
    return os.getpid(), peak_of()


def _connect(threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false")  # it would stand among the output
    return connection


def judge_parsed(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """As `judge` by the row engine, from facts that it has parsed already.

    In one process: the rate of one core, before anything is written.
    """
    with _connect(threads=CORES) as connection:
        read = list(facts.texts(connection, snapshot, 1, persons))
    handles = [DataHandle(text) for _, text in read]
    engine = RowEngine(snapshot.rulebook, snapshot.at)
    began = perf_counter()
    standings = engine.judge_parsed(handles)
    seconds = perf_counter() - began
    into.mkdir(parents=True, exist_ok=True)
    write([person for person, _ in read], standings, into / "standings.parquet")
    return Run(seconds, peak_of())


def write(persons: list[int], standings: Sequence[Sequence[int]], target: Path) -> None:
    """Write [severity, changes at] of each person as `standings.parquet` has it."""
    ranks, changes = np.array(standings, np.int64).reshape(-1, 2).T
    table = pa.table(
        {
            "person": pa.array(persons, pa.int64()),
            "colour": COLOURS.take(pa.array(ranks)),
            "changes_at": pa.array(changes, mask=changes >= facts.GOING).cast(pa.timestamp("us")),
        }
    )
    parquet.write_table(table, target)
