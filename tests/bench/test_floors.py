"""The floors give what the law says: a floor that judges something else measures nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings

from bench import by_person, by_row, hand
from bench.snapshots import Snapshot
from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.terms import Standing
from tests.bench.worlds import found_in, snapshot_of, standings_in, told
from tests.rulebook import oracle
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.strategies import World, worlds

RULEBOOK = read_rulebook((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
DAY = timedelta(days=1)
MARCH = datetime(2020, 3, 1, 4, tzinfo=UTC)  # noon in Tianjin
Floor = Callable[[Snapshot, Path], None]


def by_hand(snapshot: Snapshot, into: Path) -> None:
    into.mkdir()
    with duckdb.connect() as connection:
        hand.judge(connection, snapshot, into)


def by_rows(name: str) -> Floor:
    def judge(snapshot: Snapshot, into: Path) -> None:
        target = into / "standings.parquet"
        target.mkdir(parents=True)
        by_person.judge_some(name, snapshot.folder, target, snapshot.people, snapshot.people, 1)

    return judge


def already_parsed(snapshot: Snapshot, into: Path) -> None:
    by_person.judge_parsed(snapshot, snapshot.people, into)


def as_its_users_run_it(snapshot: Snapshot, into: Path) -> None:
    by_row.judge(snapshot, snapshot.people, into)


FLOORS: dict[str, Floor] = {
    "hand": by_hand,
    "rows": as_its_users_run_it,
    "tuned rows": by_rows("row_engine_tuned"),
    "plain": by_rows("plain_python"),
    "parsed": already_parsed,
}


def check(world: World, floors: dict[str, Floor]) -> None:
    """Each floor gives everybody the oracle's standing, and the hand-written SQL its findings."""
    stamped = [fact for fact in world.facts if fact.recorded_at]
    put = [each for each in world.designations if each.recorded_at]
    expected = oracle.findings(stamped, put, RULEBOOK, world.known_at)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = snapshot_of(
            folder / "snapshot", RULEBOOK, stamped, put, world.at, world.known_at
        )
        for floor, judge in floors.items():
            judge(snapshot, folder / floor)
            standings = standings_in(folder / floor, RULEBOOK)
            for who in world.persons:
                nothing = Standing(who, RULEBOOK.undeclared, None)
                standing = oracle.standing(expected, who, world.at, RULEBOOK)
                assert standings.get(who, nothing) == standing, floor
        if "hand" in floors:
            assert found_in(folder / "hand") == expected


@settings(max_examples=8)
@given(world=worlds(RULEBOOK))
def test_every_floor_follows_the_law_in_any_world(world: World) -> None:
    check(world, FLOORS)


@pytest.mark.slow
@settings(max_examples=500)
@given(world=worlds(RULEBOOK))
def test_every_floor_follows_the_law_in_any_world_at_length(world: World) -> None:
    check(world, FLOORS)


def story(number: int, trigger: Fact, *ends: Fact) -> list[Fact]:
    """A trigger and what may end it, told of a person of their own."""
    facts = [trigger, *ends]
    return [
        Fact(
            **{
                **{name: getattr(fact, name) for name in Fact.__slots__},
                "fact": 10 * number + place,
                "person": number,
            }
        )
        for place, fact in enumerate(facts)
    ]


def an(kind: str, start: datetime = MARCH, end: object = None, **more: object) -> Fact:
    more = {"source_class": "authority"} | more
    return told(0, 0, kind, start, end, **more)


STORIES = [
    ("R1a", [an("diagnosis", result="confirmed"), an("discharge", MARCH + 6 * DAY)]),
    ("R1b", [an("diagnosis", result="suspected"),
             an("clearance", MARCH + DAY, result="suspicion_excluded")]),
    ("R1c", [an("diagnosis", result="asymptomatic"),
             an("clearance", MARCH + DAY, result="asymptomatic_over")]),
    ("R2", [an("discharge", MARCH - 3 * DAY)]),
    ("R3", [an("contact", end=MARCH + DAY, result="close"),
            an("clearance", MARCH + 3 * DAY, result="isolation_over")]),
    ("R4", [an("arrival", result="abroad"),
            an("isolation", MARCH - DAY, MARCH + 14 * DAY, source_class="region")]),
    ("R5", [an("stay", end=MARCH + DAY, area="420106", source_class="self"),
            an("isolation", MARCH + DAY, MARCH + 16 * DAY)]),
    ("R6", [an("order", result="quarantine_order", source="office"),
            an("order", MARCH + 2 * DAY, result="release", source="other"),
            an("order", MARCH + 3 * DAY, result="release", source="office")]),
    ("R6", [an("order", end=MARCH + 3 * DAY, result="outbreak_control")]),
    ("O1", [an("symptom", source_class="self"),
            an("clearance", MARCH + DAY, result="examined", source_class="clinic")]),
    ("O2", [an("stay", end=Going.ON, area="110105001"),
            an("clearance", MARCH + DAY, result="cleared")]),
    ("O3", [an("discharge", MARCH - 20 * DAY)]),
    ("O4", [an("clearance", result="asymptomatic_over")]),
    ("O5", [an("observation", end=Going.ON, source_class="community"),
            an("clearance", MARCH + DAY, result="observation_over", source_class="community")]),
    ("O6", [an("contact", result="declared", source_class="self"),
            an("clearance", MARCH + DAY, result="cleared", source_class="community")]),
    ("O7", [an("visit", end=MARCH + DAY, place="store", source_class="gate"),
            an("clearance", MARCH + 2 * DAY, result="cleared")]),
    ("O8", [an("order", result="possible_contact"),
            an("order", MARCH + DAY, result="release")]),
    ("O9", [an("temperature", number=Decimal("37.3"), source_class="gate"),
            an("temperature", MARCH + timedelta(minutes=29), number=Decimal("36.5"),
               source_class="gate"),
            an("temperature", MARCH + timedelta(minutes=31), number=Decimal("36.5"),
               source_class="clinic")]),
    ("G", [an("declaration", source_class="self"),
           an("declaration", MARCH + 30 * DAY, source_class="self")]),
]  # fmt: skip
PUT = [
    Designation(1, "high", MARCH - 9 * DAY, area="42", recorded_at=MARCH),
    Designation(2, "medium", MARCH - 9 * DAY, area="110105", recorded_at=MARCH),
    Designation(3, "medium", MARCH - 9 * DAY, MARCH + DAY, area="1101", recorded_at=MARCH),
    Designation(4, "exposure", MARCH, area="12", place="store", recorded_at=MARCH),
]  # fmt: skip


@pytest.mark.parametrize("days", [2, 25])
def test_every_floor_follows_the_law_of_every_rule_and_early_end(days: int) -> None:
    facts = [fact for number, (_, told_) in enumerate(STORIES, 1) for fact in story(number, *told_)]
    at = MARCH + days * DAY
    assert {rule for rule, _ in STORIES} == {rule.id for rule in RULEBOOK.rules}
    found = oracle.findings(facts, PUT, RULEBOOK, at)
    if days == 25:
        assert {each.rule for each in found} == {rule.id for rule in RULEBOOK.rules}
    check(World(RULEBOOK, tuple(facts), tuple(PUT), at, at), FLOORS)
