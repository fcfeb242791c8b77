"""Commands about made-up cities."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from healthcode.app.city.parameters import FEWEST, MOST
from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, say

city_cli = typer.Typer(help="Made-up cities, for trying things out.", no_args_is_help=True)


@city_cli.command("make")
def make(
    folder: Annotated[
        Path | None, typer.Argument(help="A new folder (default: city-PEOPLE-SEED).")
    ] = None,
    people: Annotated[
        int, typer.Option(min=FEWEST, max=MOST, help="How many live in the city.")
    ] = 20_000,
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed, another city; the same, the same bytes.")
    ] = 1,
    *,
    feeds: Annotated[
        bool, typer.Option("--feeds", help="Files for `healthcode import` instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make up a city in the spring of 2020 and write it down as a snapshot."""
    from healthcode.app.city.making import make_city  # noqa: PLC0415 - Arrow takes its time to load

    target = folder or Path(f"city-{people}-{seed}")
    with common.progress(shown=not as_json) as progress:
        made = make_city(people, seed, target, feeds=feeds, progress=progress)
    if as_json:
        common.print_json(dataclasses.asdict(made))
    else:
        say(
            f"已生成 {made.people:,} 人、{made.facts:,} 条事实，写入 {made.folder}"
            f"（{made.seconds:.1f} 秒）。",
            f"{made.people:,} people and {made.facts:,} facts in {made.folder} "
            f"({made.seconds:.1f} s).",
        )
