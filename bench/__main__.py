"""The command line of the benchmarks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.contenders import CONTENDERS
from bench.importing import measure as measure_importing
from bench.judging import measure_all, without_spark
from bench.publishing import measure as measure_publishing
from bench.reassessing import measure as measure_changes
from bench.snapshots import Snapshot, made_city

cli = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_show_locals=False)
out, err = Console(), Console(stderr=True)

People = Annotated[int, typer.Option(min=100, help="How many live in the made-up city.")]
Seed = Annotated[int, typer.Option(help="Another seed, another city.")]
Folder = Annotated[Path | None, typer.Option(help="Another snapshot than a made-up city.")]
WithSpark = Annotated[bool, typer.Option("--spark", help="Also judge with Spark, on this machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]


@cli.callback()
def _bench() -> None:
    """Benchmarks of Health Code; docs/howto/bench.md says how to read them."""


@cli.command()
def judge(
    *,
    people: People = 1_000_000,
    seed: Seed = 1,
    snapshot: Folder = None,
    spark: WithSpark = False,
    as_json: AsJson = False,
) -> None:
    """Judge everybody: our expression on its engines against the floors."""
    judged = _judge(_snapshot(people, seed, snapshot), spark=spark)
    _say(judged, _judged, as_json=as_json)
    sys.exit(0 if judged["agree"] else 1)


def _snapshot(people: int, seed: int, folder: Path | None) -> Snapshot:
    err.print(f"snapshot of {people:,} people", style="dim")
    return made_city(people, seed) if folder is None else Snapshot.read(folder)


def _judge(snapshot: Snapshot, *, spark: bool) -> dict[str, Any]:
    names = list(CONTENDERS) if spark else without_spark()
    return measure_all(snapshot, names, _tell)


def _judged(judged: dict[str, Any]) -> Table:
    table = Table(
        title=f"{judged['people']:,} people, {judged['facts']:,} facts, {judged['rules']} rules",
        caption=f"Ours takes {judged['ratio_to_hand_sql']} times as long as SQL by hand, and "
        f"judges {judged['ratio_to_row_engine']} times as many people a second as the row engine. "
        + ("All answers agree." if judged["agree"] else "THE ANSWERS DIFFER."),
    )
    for name in ("engine", "people", "seconds", "people a second", "peak GB"):
        table.add_column(name, justify="left" if name == "engine" else "right")
    for name, seconds in judged["seconds"].items():
        table.add_row(
            name,
            f"{judged['compared'].get(name, judged['people']):,}",
            f"{seconds:.2f}",
            f"{judged['people_per_second'][name]:,}",
            f"{judged['peak_gb_by_engine'][name]:.2f}",
        )
    return table


@cli.command()
def reassess(
    *,
    people: People = 1_000_000,
    seed: Seed = 1,
    snapshot: Folder = None,
    as_json: AsJson = False,
) -> None:
    """What a change costs, from a fact that comes in to the new standing."""
    measured = measure_changes(_snapshot(people, seed, snapshot), _tell)
    _say(measured, _figures, as_json=as_json)


@cli.command()
def publish(
    *,
    people: People = 1_000_000,
    seed: Seed = 1,
    snapshot: Folder = None,
    as_json: AsJson = False,
) -> None:
    """A new rulebook for everybody while requests come in, with processes that are killed."""
    found = measure_publishing(_snapshot(people, seed, snapshot), _tell)
    _say(found, _figures, as_json=as_json)
    sys.exit(0 if found["same_standings"] and not found["failed"] else 1)


@cli.command(name="all")
def everything(
    *,
    people: People = 1_000_000,
    seed: Seed = 1,
    spark: WithSpark = False,
    as_json: AsJson = False,
) -> None:
    """All of it: judging everybody, what a change costs, and importing."""
    snapshot = _snapshot(people, seed, None)
    judged = _judge(snapshot, spark=spark)
    found = {"judge": judged, "reassess": measure_changes(snapshot, _tell)}
    _tell("import")
    found["import"] = measure_importing(people=60_000, facts=200_000)
    if as_json:
        print(json.dumps(found))
    else:
        out.print(_judged(judged), _figures(found["reassess"]), _figures(found["import"]))
    sys.exit(0 if judged["agree"] else 1)


def _tell(doing: str) -> None:
    err.print(doing, style="dim")


def _say(found: dict[str, Any], table: Callable[[dict[str, Any]], Table], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
    else:
        out.print(table(found))


def _figures(found: dict[str, Any]) -> Table:
    table = Table(title=f"{found['people']:,} people, {found['facts']:,} facts")
    table.add_column("what")
    table.add_column("measured")
    for name, value in found.items():
        parts = value.items() if isinstance(value, dict) else ()
        said = ", ".join(f"{what} {n}" for what, n in parts if not isinstance(n, dict))
        table.add_row(name, said if isinstance(value, dict) else str(value))
    return table


if __name__ == "__main__":
    cli()
