"""A made-up city is always the same, has everybody and every rule, and its times are sane."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from healthcode.app.city.making import make_city
from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.places import districts
from healthcode.rulebook import Rulebook
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.terms import Colour
from tests.app.conftest import Command
from tests.rulebook import oracle
from tests.rulebook.cities import as_fact, designations_of
from tests.rulebook.facts import Designation, Fact

PEOPLE = 20_000
NOW = datetime(2020, 3, 20, 4, tzinfo=UTC)
TOO_LATE_BY_LAW = {("R5", 0)}
"""Early ends that no isolation can bring: it may not end before the window itself does."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "made"
    make_city(PEOPLE, 1, folder)
    return folder


@pytest.fixture(scope="module")
def facts(city: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        ds.dataset(city / "facts", partitioning="hive").to_table().to_pylist()
    )
    return rows


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return read_rulebook((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("feeds", [False, True])
def test_the_same_number_and_seed_give_the_same_bytes_on_any_number_of_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, feeds: bool
) -> None:
    for cores in (1, 7):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        make_city(3000, 5, tmp_path / f"on-{cores}", feeds=feeds)
    make_city(3000, 6, tmp_path / "other", feeds=feeds)
    first, again, other = (digests(tmp_path / name) for name in ("on-1", "on-7", "other"))
    assert first == again
    assert set(first) == set(other)
    assert sum(first[name] == other[name] for name in first) == 0


def test_the_districts_have_their_shares_of_the_census(city: Path) -> None:
    people = pq.read_table(city / "people.parquet")
    assert people["person"].to_pylist() == list(range(1, PEOPLE + 1))
    known = Counter(code[:6] for code in people["residence"].to_pylist())
    assert known.pop("") == pytest.approx(PEOPLE * 0.01, rel=0.3)
    census = {each.code: each.residents or 0 for each in districts("12")}
    assert set(known) == set(census)
    for code, residents in census.items():
        here = PEOPLE * residents / sum(census.values())
        assert known[code] == pytest.approx(here, rel=0.04)


@pytest.mark.parametrize("people", [100, 1234])
def test_small_cities_have_everybody_too(tmp_path: Path, people: int) -> None:
    made = make_city(people, 3, tmp_path / "small")
    assert pq.read_metadata(tmp_path / "small" / "people.parquet").num_rows == made.people == people
    assert made.facts > 3.62 * people


def test_the_snapshot_is_as_readers_expect_it(city: Path, rulebook: Rulebook) -> None:
    about = json.loads((city / "snapshot.json").read_text("utf-8"))
    assert Rulebook.model_validate(about.pop("rulebook")) == rulebook
    counted = {
        path.parent.name: pq.read_metadata(path).num_rows for path in city.glob("facts/*/*.parquet")
    }
    assert about == {
        "format": 1,
        "name": f"city-{PEOPLE}-1",
        "people": PEOPLE,
        "facts": sum(counted.values()),
        "designations": pq.read_metadata(city / "designations.parquet").num_rows,
        "taken_at": "2020-03-20T04:00:00+00:00",
        "known_at": "2020-03-20T04:00:00+00:00",
    }
    assert len(counted) == 14
    assert pq.read_schema(city / "facts/kind=stay/part.parquet").to_string() == "\n".join(
        f"{name}: {kind}"
        for name, kind in [
            ("fact", "int64"), ("person", "int64"), ("result", "string not null"),
            ("number", "decimal128(9, 3)"), ("area", "string"), ("place", "string"),
            ("source", "string"), ("source_class", "string"), ("started", "timestamp[us]"),
            ("ended", "timestamp[us]"), ("states_end", "bool"), ("recorded", "timestamp[us]"),
            ("retracted", "timestamp[us]"),
        ]
    )  # fmt: skip


def test_there_are_as_many_facts_of_each_kind_as_in_such_a_spring(
    facts: list[dict[str, Any]],
) -> None:
    assert 3.62 < len(facts) / PEOPLE < 3.9
    counted = Counter(row["kind"] for row in facts)
    for kind, each in {
        "declaration": 2.2, "temperature": 0.5, "visit": 0.45, "stay": 0.35, "test": 0.16,
    }.items():  # fmt: skip
        assert counted[kind] / PEOPLE == pytest.approx(each, rel=0.08)
    declared = {row["person"] for row in facts if row["kind"] == "declaration"}
    assert 1 - len(declared) / PEOPLE == pytest.approx(0.06, abs=0.01)


def test_facts_are_numbered_once_and_in_the_order_of_people(city: Path) -> None:
    numbers = []
    for path in city.glob("facts/*/*.parquet"):
        table = pq.read_table(path, columns=["fact", "person"])
        assert (np.diff(table["person"].to_numpy()) >= 0).all()
        numbers += table["fact"].to_pylist()
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_nothing_is_known_before_it_happened_or_after_now(facts: list[dict[str, Any]]) -> None:
    now = NOW.replace(tzinfo=None)
    late = backs = 0
    for row in facts:
        assert row["started"] <= row["recorded"] <= now
        assert row["ended"] is None or row["ended"] >= row["started"]
        assert row["states_end"] or row["ended"] == row["started"]
        if row["retracted"] is not None:
            assert row["recorded"] < row["retracted"] <= now
            backs += 1
        late += row["recorded"] - row["started"] > timedelta(days=2)
    assert backs > 20
    assert late > 1000


def test_temperatures_are_those_of_people(facts: list[dict[str, Any]]) -> None:
    for row in facts:
        assert (row["number"] is not None) == (row["kind"] == "temperature")
        assert row["number"] is None or 35 <= row["number"] <= 40


def test_made_up_levels_end_come_late_and_are_taken_back(city: Path) -> None:
    levels = pq.read_table(city / "designations.parquet").to_pylist()
    assert {row["level"] for row in levels} == {"medium", "high", "exposure"}
    assert any(row["area"].startswith("12") for row in levels)
    assert any(row["ended"] is not None for row in levels if row["level"] == "medium")
    assert any(row["retracted"] is not None for row in levels)
    assert any(row["recorded"] - row["started"] > timedelta(days=4) for row in levels)
    assert all((row["area"] == "") != (row["place"] == "") for row in levels)


# ------------------------------------------------------------------------- against the law


@pytest.fixture(scope="module")
def levels(city: Path) -> list[Designation]:
    return designations_of(city)


@pytest.fixture(scope="module")
def by_person(facts: list[dict[str, Any]]) -> dict[int, list[Fact]]:
    found: dict[int, list[Fact]] = {}
    for row in facts:
        found.setdefault(row["person"], []).append(as_fact(row))
    return found


def test_every_rule_has_its_people_and_every_early_end_ends_something(
    by_person: dict[int, list[Fact]], levels: list[Designation], rulebook: Rulebook
) -> None:
    triggered: Counter[str] = Counter()
    ended: Counter[tuple[str, int]] = Counter()
    known_levels = [each for each in levels if oracle.is_known(each, NOW)]
    for own in by_person.values():
        known = [fact for fact in own if oracle.is_known(fact, NOW)]
        for rule in rulebook.rules:
            mine = (fact for fact in known if fact.kind == rule.when.kind)
            for fact in (each for each in mine if oracle.triggers(each, rule, known_levels)):
                triggered[rule.id] += 1
                until = oracle.own_until(fact, rule.window.until)
                for number, end in enumerate(rule.early_ends):
                    early = oracle.early_end(fact, end, rule, known)
                    if early is not None and (until is None or early < until):
                        ended[rule.id, number] += 1
    assert {rule.id for rule in rulebook.rules} == set(triggered)
    ends = {(rule.id, n) for rule in rulebook.rules for n in range(len(rule.early_ends))}
    assert ends - set(ended) == TOO_LATE_BY_LAW


def test_now_a_few_are_orange_or_red_and_some_have_no_colour(
    by_person: dict[int, list[Fact]], levels: list[Designation], rulebook: Rulebook
) -> None:
    colours: Counter[Colour] = Counter()
    people = range(1, PEOPLE + 1, 4)
    for person in people:
        found = oracle.findings(by_person.get(person, []), levels, rulebook, NOW)
        colours[oracle.standing(found, person, NOW, rulebook).colour] += 1
    share = {colour: count / len(people) for colour, count in colours.items()}
    assert 0.01 < share[Colour.ORANGE] + share[Colour.RED] < 0.03
    assert share[Colour.RED] > 0.001
    assert 0.06 < share[Colour.GREY] < 0.15


# ------------------------------------------------------------------------- the command


def test_city_make_says_what_it_made(
    healthcode: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = healthcode("city", "make", "--people", 500, "--seed", 2, "--json")
    assert said.code == 0
    assert said.data["folder"] == "city-500-2"
    assert (said.data["people"], said.data["seed"]) == (500, 2)
    assert sum(said.data["by_kind"].values()) == said.data["facts"]
    assert (tmp_path / "city-500-2" / "snapshot.json").exists()
    shown = healthcode("city", "make", "elsewhere", "--people", 500)
    assert "500 people" in shown.out


def test_city_make_never_writes_into_a_folder_that_holds_something(
    healthcode: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    said = healthcode("city", "make", tmp_path, "--people", 500)
    assert said.code == 2
    assert "not empty" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert healthcode("city", "make", tmp_path / "mine.txt", "--people", 500).code == 2
