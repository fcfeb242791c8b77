"""A snapshot is the evidence of one moment, under keys of its own, for a day."""

from __future__ import annotations

import errno
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from healthcode.evidence import LEAVES, Kind, last_recorded
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database
from healthcode.rulebook.actions import naive
from healthcode.rulebook.engines import duck
from healthcode.rulebook.everybody import queries
from healthcode.rulebook.everybody.snapshots import Snapshot, opened
from healthcode.rulebook.everybody.taking import (
    FolderTaken,
    FolderUnwritable,
    forget,
    keep,
    take,
    viewing,
)
from healthcode.rulebook.everybody.trials import try_draft
from tests.conftest import NOON
from tests.evidence.feeding import look
from tests.rulebook.cities import NOW, by_duckdb, housed, made, put_city
from tests.rulebook.facts import Fact
from tests.rulebook.worlds import put

PEOPLE = 300
FIRST = 7_000_000_000  # of the database's keys: no other number is as great
FAR = 9_000_000_000  # a person whose number lies far from the others'
DAY = timedelta(days=1)
SOMEBODY = "an.epidemiologist"


@pytest.fixture(scope="module")
def database(
    server: str, masters: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("city") / "made"
    made(PEOPLE, folder)
    with housed(server, masters) as database:
        with database.transaction() as transaction:
            put_city(transaction, folder, first=FIRST)
        yield database.acting_as(SOMEBODY)


@dataclass(frozen=True)
class Taken:
    """A snapshot, and whose keys are in it."""

    snapshot: Snapshot
    persons: dict[int, int]  # by the snapshot's keys

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a file, or of a folder of kinds."""
        rows: list[dict[str, Any]] = pq.read_table(self.snapshot.folder / name).to_pylist()
        return rows


def taken(database: Database, folder: Path) -> Taken:
    with database.transaction() as transaction, viewing(transaction) as view:
        snapshot = take(view, folder, name=None)
        persons = {key: view.person_of(key) for key in range(1, snapshot.people + 1)}
    return Taken(snapshot, persons)


def later(database: Database, after: timedelta) -> Database:
    return replace(database, clock=SetClock(NOW + after))


def fact(person: int, number: int) -> Fact:
    return Fact(
        number, person, "contact", NOW - DAY, result="close", source="tracing",
        source_class="authority", recorded_at=NOW - DAY / 2,
    )  # fmt: skip


# ------------------------------------------------------------------------------ what is in it


LEAF = LEAVES.but_kinds.replace(":kinds", "'{}'")


def _same(database: Database, ours: Taken) -> None:
    """Each leaf is PostgreSQL's, where persons have the snapshot's keys and facts its numbers."""
    theirs = look(database, f"WITH {LEAF} SELECT * FROM facts")
    rows = ours.rows("facts")
    assert len({row["fact"] for row in rows}) == ours.snapshot.facts == len(rows)
    assert _counted(rows, ours) == _counted([dict(row._mapping) for row in theirs])
    levels = look(database, f"WITH {LEAF} SELECT * FROM designations")
    found = ours.rows("designations.parquet")
    assert ours.snapshot.designations == len(found)
    assert _counted(found) == _counted([dict(row._mapping) for row in levels])
    people = look(database, "SELECT person, residence FROM people.persons")
    told = {ours.persons[row["person"]]: row["residence"] for row in ours.rows("people.parquet")}
    assert told == {row.person: row.residence for row in people}
    assert ours.snapshot.people == len(told)


def _counted(
    rows: list[dict[str, Any]], ours: Taken | None = None
) -> Counter[frozenset[tuple[str, Any]]]:
    """Rows without the number of the fact, each with how often it is there."""
    if ours is not None:
        rows = [row | {"person": ours.persons[row["person"]]} for row in rows]
    return Counter(
        frozenset((name, value) for name, value in row.items() if name != "fact") for row in rows
    )


def test_every_row_is_postgresqls_whatever_numbers_our_persons_have(
    database: Database, tmp_path: Path
) -> None:
    _same(database, taken(database, tmp_path / "close together"))
    with database.transaction() as transaction:
        put(transaction, [FAR], [fact(FAR, FAR)])
    ours = taken(database, tmp_path / "far apart")
    assert FAR in ours.persons.values()
    _same(database, ours)


def test_the_keys_are_counted_from_one_and_drawn_anew_for_each_snapshot(
    database: Database, tmp_path: Path
) -> None:
    first, second = (taken(database, tmp_path / name) for name in ("first", "second"))
    for each in (first, second):
        keys = [row["person"] for row in each.rows("people.parquet")]
        assert keys == list(range(1, each.snapshot.people + 1))
    assert set(first.persons.values()) == set(second.persons.values())
    same = sum(first.persons[key] == second.persons[key] for key in first.persons)
    assert same < 30, "by chance one, on average"
    in_order = sorted(first.persons.values())
    assert [first.persons[key] for key in sorted(first.persons)] != in_order


def test_no_key_of_the_database_is_in_any_file(database: Database, tmp_path: Path) -> None:
    ours = taken(database, tmp_path / "snapshot")
    ours.snapshot.save()
    seen = 0
    for path in ours.snapshot.folder.rglob("*.parquet"):
        for column in pq.read_table(path).itercolumns():
            for value in column.to_pylist():
                numbers = re.findall(r"[0-9]{10,}", str(value))
                assert all(int(number) < FIRST for number in numbers), path
                seen += 1
    assert seen > 10 * ours.snapshot.facts
    text = (ours.snapshot.folder / "snapshot.json").read_text("utf-8")
    assert re.search(r"[0-9]{10,}", text) is None


def test_there_is_nothing_in_it_but_what_rules_ask_for(database: Database, tmp_path: Path) -> None:
    folder = taken(database, tmp_path / "snapshot").snapshot.folder
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    kinds = {f"facts/kind={kind}/facts.parquet" for kind in Kind}
    assert files == kinds | {"people.parquet", "designations.parquet", "snapshot.json"}
    time = pa.timestamp("us")
    told = [("started", time), ("ended", time), ("recorded", time), ("retracted", time)]
    words = [(name, pa.string()) for name in ("area", "place", "source", "source_class")]
    fact = [
        ("fact", pa.int64()), ("person", pa.int64()), ("result", pa.string()),
        ("number", pa.decimal128(9, 3)), *words, *told[:2], ("states_end", pa.bool_()), *told[2:],
    ]  # fmt: skip
    level = [(name, pa.string()) for name in ("level", "area", "place")] + told
    person = [("person", pa.int64()), ("residence", pa.string())]
    for name in files - {"snapshot.json"}:
        expected = {"people.parquet": person, "designations.parquet": level}.get(name, fact)
        columns = [(field.name, field.type) for field in pq.read_schema(folder / name)]
        assert columns == expected, name


def test_it_is_opened_as_it_was_taken(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    kept = keep(database, folder, name="spring", progress=lambda *_: None)
    assert opened(folder) == kept
    assert (kept.name, kept.taken_at) == ("spring", NOW)
    with database.transaction() as transaction:
        assert kept.known_at == last_recorded(transaction)


def test_a_snapshot_is_of_the_one_moment_that_its_transaction_sees(
    database: Database, tmp_path: Path
) -> None:
    """What is committed before the view is opened, or while it is, is in the next one."""
    person = FIRST + PEOPLE + 1
    with database.transaction() as transaction:
        transaction.run(queries.ONE_MOMENT)
        before = last_recorded(transaction)
        _commit(database, [person], fact(person, FAR + 1))
        with viewing(transaction) as view:
            _commit(database, [person + 1], fact(FIRST + 1, FAR + 2))
            first = take(view, tmp_path / "first", name=None)
            people = {view.person_of(key) for key in range(1, first.people + 1)}
    assert people.isdisjoint({person, person + 1})
    assert first.known_at == before
    second = taken(database, tmp_path / "second")
    assert set(second.persons.values()) == people | {person, person + 1}
    assert second.snapshot.known_at > first.known_at
    assert second.snapshot.facts == first.facts + 2


def _commit(database: Database, people: list[int], known: Fact) -> None:
    with database.transaction() as transaction:
        put(transaction, people, [known])


def test_a_city_of_which_nothing_is_known_is_judged(at, tmp_path: Path) -> None:
    nobody = taken(at(NOON), tmp_path / "nobody")
    assert (nobody.snapshot.people, nobody.snapshot.facts) == (0, 0)
    with at(NOON).transaction() as transaction:
        put(transaction, [1, 2, 3], [])
    snapshot = taken(at(NOON), tmp_path / "nothing").snapshot
    with duck.connected() as connection:
        moments = naive(snapshot.taken_at), naive(snapshot.known_at)
        duck.judge(connection, snapshot.folder, snapshot.rulebook, *moments, tmp_path)
    judged = by_duckdb(tmp_path, range(1, 4))
    assert (judged.findings.num_rows, judged.standings.num_rows) == (0, 0)
    declared = snapshot.rulebook.model_copy(update={"rules": (snapshot.rulebook.rule("G"),)})
    for each, people in ((nobody.snapshot, 0), (snapshot, 3)):
        trial = try_draft(each, declared, binding=declared)
        assert (trial.people, trial.changed, sum(trial.matrix().values())) == (people, 0, people)


# ------------------------------------------------------------------------------ whose it is


@pytest.mark.parametrize("what", ["a folder with a file in it", "a file"])
def test_nothing_is_written_over(database: Database, tmp_path: Path, what: str) -> None:
    place = tmp_path / "mine"
    mine = place if what == "a file" else place / "mine.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(FolderTaken):
        keep(database, place, name=None, progress=lambda *_: None)
    assert mine.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert look(database, NOTED, folder=str(place)) == []


def test_a_snapshot_that_fails_midway_leaves_nothing(database: Database, tmp_path: Path) -> None:
    def full(doing: str, _done: int, _of: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(FolderUnwritable, match="No space left on device"):
        keep(database, tmp_path / "full", name=None, progress=full)
    assert not (tmp_path / "full").exists()
    assert look(database, NOTED, folder=str(tmp_path / "full")) == []


def test_a_folder_that_cannot_be_is_told_in_words(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderUnwritable, match="Not a directory"):
        keep(database, tmp_path / "file" / "folder", name=None, progress=lambda *_: None)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("there", [False, True])
def test_nobody_else_on_the_machine_can_look_into_it(
    database: Database, tmp_path: Path, there: bool
) -> None:
    folder = tmp_path / "snapshot"
    if there:
        folder.mkdir(mode=0o755)
    taken(database, folder)
    assert folder.stat().st_mode & 0o777 == 0o700


NOTED = """
    SELECT account, taken_at, known_at, people, facts, name, deleted_at
    FROM rulebook.snapshots WHERE folder = :folder ORDER BY snapshot
"""


def _kept(database: Database, folder: Path, name: str | None = None) -> Snapshot:
    return keep(database, folder, name=name, progress=lambda *_: None)


def _forgotten(database: Database, after: timedelta) -> None:
    with later(database, after).transaction() as transaction:
        forget(transaction)


def _deleted(database: Database, folder: Path) -> list[Any]:
    return [row.deleted_at for row in look(database, NOTED, folder=str(folder))]


@pytest.mark.parametrize("name", [None, "spring"])
def test_it_is_written_down_who_looked_at_what(
    database: Database, tmp_path: Path, name: str | None
) -> None:
    folder = tmp_path / "snapshot"
    ours = _kept(database, folder, name)
    assert [tuple(row) for row in look(database, NOTED, folder=str(folder))] == [
        (SOMEBODY, NOW, ours.known_at, ours.people, ours.facts, name, None)
    ]


def test_a_snapshot_is_gone_after_a_day_unless_it_is_kept_by_name(
    database: Database, tmp_path: Path
) -> None:
    unnamed, named = tmp_path / "unnamed", tmp_path / "named"
    _kept(database, unnamed)
    _kept(database, named, "spring")
    _forgotten(database, DAY - timedelta(seconds=1))
    assert unnamed.exists()
    assert _deleted(database, unnamed) == [None]
    _forgotten(database, DAY)
    assert not unnamed.exists()
    assert opened(named).name == "spring"
    assert (_deleted(database, unnamed), _deleted(database, named)) == ([NOW + DAY], [None])
    with later(database, 2 * DAY).transaction() as transaction:
        assert forget(transaction) == 0


def test_a_newer_snapshot_in_its_place_has_its_own_day(database: Database, tmp_path: Path) -> None:
    folder, aside = tmp_path / "snapshot", tmp_path / "aside"
    _kept(database, folder)
    folder.rename(aside)
    newer = _kept(later(database, DAY / 2), folder)
    _forgotten(database, DAY)
    assert opened(folder) == newer
    assert _deleted(database, folder) == [NOW + DAY, None]
    _forgotten(database, DAY * 1.5)
    assert not folder.exists()
    assert _deleted(database, folder) == [NOW + DAY, NOW + DAY * 1.5]


@pytest.mark.parametrize("instead", ["nothing", "something else"])
def test_a_place_that_holds_no_snapshot_any_more_is_left_alone(
    database: Database, tmp_path: Path, instead: str
) -> None:
    folder = tmp_path / "snapshot"
    _kept(database, folder)
    folder.rename(tmp_path / "aside")
    if instead == "something else":
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    _forgotten(database, DAY)
    assert folder.exists() == (instead == "something else")
    assert _deleted(database, folder) == [NOW + DAY]


def test_what_lies_on_another_machine_is_left_to_that_machine(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshot"
    _kept(database, folder)
    moved = sa.text("UPDATE rulebook.snapshots SET host = :host WHERE folder = :folder")
    with database.transaction() as transaction:
        transaction.run(moved, {"host": "elsewhere.example", "folder": str(folder)})
    _forgotten(database, 2 * DAY)
    assert opened(folder).folder == folder
    assert _deleted(database, folder) == [None]
