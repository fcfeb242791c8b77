"""Judging everybody: ours against the floors, on the same snapshot, with the same answers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.comparing import same_findings, same_standings
from bench.contenders import CONTENDERS, MILLION, SAMPLES
from bench.running import Run, run
from bench.snapshots import KEPT, Snapshot, read_through
from healthcode.rulebook.engines.duck import connected

OURS, FLOOR, TUNED = "duckdb", "hand_sql", "row_engine_tuned"
IN_TURN = {OURS, FLOOR, "row_engine", TUNED}
"""Those whose ratio is the result take turns, so that a slow minute of the machine meets all."""
ROUNDS, ROUNDS_OF_MANY = 3, 2
"""How often they take turns, and how often above a million people; the best of each counts."""
GB = 1e9


def measure_all(
    snapshot: Snapshot, contenders: Iterable[str], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Let the contenders judge the snapshot; the object that `--json` prints.

    `tell` hears what is being done.
    """
    KEPT.mkdir(exist_ok=True)
    rounds = ROUNDS if snapshot.people <= MILLION else ROUNDS_OF_MANY
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="out-") as out:
        return measure(snapshot, contenders, Path(out), rounds, tell)


def measure(
    snapshot: Snapshot,
    contenders: Iterable[str],
    out: Path,
    rounds: int,
    tell: Callable[[str], None],
    run_one: Callable[[str, Path, int, Path], Run] = run,
) -> dict[str, Any]:
    """Take turns for some rounds; the last answers of each stay in `out`, under its name."""
    names = list(contenders)
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names:
            if turn and name not in IN_TURN:
                continue
            tell(f"{name}: {persons_of(name, snapshot):,} people")
            shutil.rmtree(out / name, ignore_errors=True)
            read_through(snapshot)
            runs[name].append(
                run_one(name, snapshot.folder, persons_of(name, snapshot), out / name)
            )
    tell("comparing")
    agree = compare(snapshot, {name: out / name for name in names})
    return report(snapshot, runs, agree=agree)


def persons_of(name: str, snapshot: Snapshot) -> int:
    """How many persons a contender judges: everybody, or the first so many."""
    return min(snapshot.people, SAMPLES.get(name, snapshot.people))


def compare(snapshot: Snapshot, folders: dict[str, Path]) -> bool:
    """Whether everyone found what ours did; findings of those that write them."""
    ours = folders[OURS]
    with connected() as connection:
        connection.execute("SET enable_progress_bar = false")  # it would stand among the output
        return all(
            same_standings(connection, snapshot.rulebook, ours, folder, persons_of(name, snapshot))
            and (
                not (folder / "findings.parquet").exists()
                or same_findings(connection, ours, folder, persons_of(name, snapshot))
            )
            for name, folder in folders.items()
            if name != OURS
        )


def report(snapshot: Snapshot, runs: dict[str, list[Run]], *, agree: bool) -> dict[str, Any]:
    """The figures: the quickest run of each counts, and the most memory that any took."""
    seconds = {name: min(each.seconds for each in found) for name, found in runs.items()}
    peaks = {name: max(each.peak for each in found) / GB for name, found in runs.items()}
    rates = {name: persons_of(name, snapshot) / took for name, took in seconds.items()}
    return {
        "people": snapshot.people,
        "facts": snapshot.facts,
        "rules": len(snapshot.rulebook.rules),
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        "people_per_second": {name: round(rate) for name, rate in rates.items()},
        "ratio_to_hand_sql": round(seconds[OURS] / seconds[FLOOR], 3),
        "ratio_to_row_engine": round(rates[OURS] / rates["row_engine"], 1),
        "ratio_to_row_engine_tuned": round(rates[OURS] / rates[TUNED], 1)
        if TUNED in rates
        else None,
        "peak_gb": round(peaks[OURS], 2),
        "peak_gb_by_engine": {name: round(peak, 2) for name, peak in peaks.items()},
        "agree": agree,
        "compared": {name: persons_of(name, snapshot) for name in runs if name != OURS},
    }


def without_spark() -> list[str]:
    """Every contender but Spark, which takes its time to start and needs Java."""
    return [name for name in CONTENDERS if name != "spark"]
