"""A made-up world as a snapshot in a folder, and what a contender found in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from bench.comparing import rows_of
from bench.snapshots import Snapshot
from healthcode.rulebook.actions import naive
from healthcode.rulebook.everybody.snapshots import Snapshot as Manifest
from healthcode.rulebook.everybody.taking import FACTS
from healthcode.rulebook.terms import Colour, Finding, Rulebook, Standing
from tests.rulebook.facts import Designation, Fact
from tests.rulebook.oracle import end_of

DESIGNATIONS = pa.schema(
    {
        "level": pa.string(),
        "area": pa.string(),
        "place": pa.string(),
        **dict.fromkeys(("started", "ended", "recorded", "retracted"), pa.timestamp("us")),
    }
)
PEOPLE = pa.schema({"person": pa.int64(), "residence": pa.string()})
EVERYTHING_KNOWN = datetime(2021, 1, 1, tzinfo=UTC)


def snapshot_of(
    folder: Path,
    rulebook: Rulebook,
    facts: Iterable[Fact],
    designations: Iterable[Designation],
    at: datetime,
    known_at: datetime | None,
) -> Snapshot:
    """Write a snapshot; what is not stamped yet is nothing that a snapshot has."""
    stamped = [fact for fact in facts if fact.recorded_at is not None]
    for kind in sorted({fact.kind for fact in stamped}):
        target = folder / "facts" / f"kind={kind}"
        target.mkdir(parents=True)
        rows = [_fact(fact) for fact in stamped if fact.kind == kind]
        parquet.write_table(pa.Table.from_pylist(rows, FACTS), target / "facts.parquet")
    (folder / "facts").mkdir(parents=True, exist_ok=True)
    rows = [_designation(each) for each in designations if each.recorded_at is not None]
    table = pa.Table.from_pylist(rows, DESIGNATIONS)
    parquet.write_table(table, folder / "designations.parquet")
    people = max((fact.person for fact in stamped), default=0)
    everybody = {"person": list(range(1, people + 1)), "residence": [""] * people}
    parquet.write_table(pa.Table.from_pydict(everybody, PEOPLE), folder / "people.parquet")
    known = known_at or EVERYTHING_KNOWN
    Manifest(folder, None, at, known, people, len(stamped), len(rows), rulebook).save()
    return Snapshot.read(folder)


def _fact(fact: Fact) -> dict[str, object]:
    end = end_of(fact)
    return {
        "fact": fact.fact,
        "person": fact.person,
        "result": fact.result,
        "number": fact.number,
        "area": fact.area,
        "place": fact.place,
        "source": fact.source,
        "source_class": fact.source_class,
        "started": naive(fact.started_at),
        "ended": end and naive(end),
        "states_end": fact.ended_at is not None,
        **_recorded(fact),
    }


def _designation(each: Designation) -> dict[str, object]:
    return {
        "level": each.level,
        "area": each.area,
        "place": each.place,
        "started": naive(each.started_at),
        "ended": each.ended_at and naive(each.ended_at),
        **_recorded(each),
    }


def _recorded(row: Fact | Designation) -> dict[str, object]:
    return {
        "recorded": row.recorded_at and naive(row.recorded_at),
        "retracted": row.retracted_at and naive(row.retracted_at),
    }


def found_in(folder: Path) -> set[Finding]:
    """The findings that a contender wrote."""
    columns = "person, rule, fact, colour, opens, until"
    return {
        Finding(person, rule, fact, Colour(colour), opens.replace(tzinfo=UTC), _aware(until))
        for person, rule, fact, colour, opens, until in _rows(folder, "findings", columns)
    }


def standings_in(folder: Path, rulebook: Rulebook) -> dict[int, Standing]:
    """The standings that a contender wrote, of those who have one."""
    columns = "person, colour, changes_at"
    return {
        person: Standing(person, Colour(colour or rulebook.undeclared), _aware(changes_at))
        for person, colour, changes_at in _rows(folder, "standings", columns)
    }


def _rows(folder: Path, name: str, columns: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM {rows_of(folder, name)}").fetchall()


def _aware(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC)


def told(
    fact: int, person: int, kind: str, start: datetime, end: datetime | None = None, **more: object
) -> Fact:
    """A fact that was recorded an hour after it started."""
    return Fact(fact, person, kind, start, end, recorded_at=start + timedelta(hours=1), **more)
