"""The row engine as its users run it: rows are read, grouped by person in Python, and evaluated.

`by_person` has a tuned version, in which DuckDB does the grouping and every core takes part.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from bench.by_person import write
from bench.facts import NEVER, asked_of, microseconds
from bench.row_engine import RowEngine
from bench.running import Run, peak_of
from bench.snapshots import Snapshot

Fact = dict[str, Any]
TIMES = ("started", "ended", "recorded", "retracted")


def judge(snapshot: Snapshot, persons: int, into: Path) -> Run:
    """Judge persons 1 to `persons` from Parquet to `standings.parquet`, in this process."""
    into.mkdir(parents=True)
    began = perf_counter()
    engine = RowEngine(snapshot.rulebook, snapshot.at)
    people = grouped(snapshot, persons)
    standings = engine.judge(json.dumps(facts) for facts in people.values())
    write(list(people), standings, into / "standings.parquet")
    return Run(perf_counter() - began, peak_of())


def grouped(snapshot: Snapshot, persons: int) -> dict[int, dict[str, list[Fact]]]:
    """`{person: {kind: [fact, …]}}` of what is known, with what the rulebook asks of each kind."""
    people: defaultdict[int, dict[str, list[Fact]]] = defaultdict(dict)
    known_at = microseconds(snapshot.known_at)
    covering = _covering(snapshot, known_at)
    for kind, columns in asked_of(snapshot.rulebook).items():
        folder = snapshot.facts_of(kind)
        if folder is None:
            continue
        read = {*columns - {"covered"}, "person", "recorded", "retracted"}
        where = {"area", "place"} if "covered" in columns else set[str]()
        table = parquet.read_table(
            folder, columns=sorted(read | where), filters=[("person", "<=", persons)]
        )
        for fact in _whole_numbers(table).to_pylist():
            if not _is_known(fact, known_at):
                continue
            if where:
                fact["covered"] = covering(fact["area"], fact["place"])
            people[fact.pop("person")].setdefault(kind, []).append(fact)
    return people


def _whole_numbers(table: pa.Table) -> pa.Table:
    """Times as whole microseconds since 1970, numbers as floats: what JSON can say."""
    for place, field in enumerate(table.schema):
        if field.name in TIMES:
            table = table.set_column(place, field.name, table[field.name].cast(pa.int64()))
        elif field.name == "number":
            table = table.set_column(place, field.name, table["number"].cast(pa.float64()))
    return table


def _is_known(fact: Fact, known_at: int) -> bool:
    recorded, retracted = fact.pop("recorded"), fact.pop("retracted")
    if "ended" in fact and fact["ended"] is None:
        fact["ended"] = NEVER
    return recorded <= known_at and (retracted is None or retracted > known_at)


def _covering(snapshot: Snapshot, known_at: int) -> Any:
    """Gives the known designations of an area and a place, whatever their time."""
    read = _whole_numbers(parquet.read_table(snapshot.folder / "designations.parquet"))
    designations = [each for each in read.to_pylist() if _is_known(each, known_at)]

    @cache
    def covering(area: str, place: str) -> list[Fact]:
        return list(_covers(designations, area, place))

    return covering


def _covers(designations: list[Fact], area: str, place: str) -> Iterator[Fact]:
    for each in designations:
        by_area = bool(each["area"]) and area.startswith(each["area"])
        by_place = bool(each["place"]) and place == each["place"]
        if by_area or by_place:
            yield each | {"area": by_area, "place": by_place}
