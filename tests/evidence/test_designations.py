"""Designations: a level on an area or a place, from the one source of a client that may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from healthcode.evidence.actions import BadRegistration, RowRejected, designate
from healthcode.evidence.feeds.recording import NoDesignationSource
from healthcode.kit.db import Database
from tests.evidence.feeding import ANNA, BO, CITY, Department, look, risk, visit

Departments = Callable[..., Department]


@pytest.fixture
def bureau(department: Departments) -> Department:
    """A client that may designate anywhere."""
    made = department("bureau")
    made.registers("bureau", "authority", ("designation",))
    return made


def designations(house: Database) -> list[tuple[object, ...]]:
    query = """
        SELECT level, area, place, started_at, ended_at, source, r.designation IS NOT NULL
        FROM evidence.designations d
        LEFT JOIN (SELECT designation FROM evidence.designation_retractions) r USING (designation)
        ORDER BY designation
    """
    return [tuple(row) for row in look(house, query)]


def colour(house: Database, person: int | None) -> object:
    query = "SELECT colour FROM rulebook.standings WHERE person = :person"
    return look(house, query, person=person)[0].colour


def test_an_area_and_a_place_are_designated(bureau: Department) -> None:
    rows = [
        risk(ended_at="9999-12-31"),
        risk(area="", place="store", level="exposure", ended_at="2020-01-26"),
    ]
    report = bureau.sends(*rows)
    assert (report.what, report.recorded, report.rejected) == ("designations", 2, 0)
    start, end = datetime(2020, 1, 9, 16, tzinfo=UTC), datetime(2020, 1, 25, 16, tzinfo=UTC)
    assert designations(bureau.house) == [
        ("high", "4201", "", start, None, "bureau", False),
        ("exposure", "", "store", start, end, "bureau", False),
    ]


def test_the_same_designation_again_is_nothing_new(bureau: Department) -> None:
    bureau.sends(risk())
    report = bureau.sends(risk(area="4201"), risk(area="4202"))
    assert (report.recorded, report.unchanged) == (1, 1)


def test_a_designation_is_corrected_and_taken_back_by_its_row_id(bureau: Department) -> None:
    bureau.sends(risk(row_id="1"))
    assert bureau.sends(risk(row_id="1", ended_at="2020-02-10")).corrected == 1
    assert [row[-1] for row in designations(bureau.house)] == [True, False]
    assert bureau.sends(risk(row_id="1", action="retract")).retracted == 1
    assert [row[-1] for row in designations(bureau.house)] == [True, True]


def test_whoever_was_there_is_judged_anew(bureau: Department, hospital: Department) -> None:
    hospital.sends(
        visit(kind="stay", area="420106", started_at="2020-02-10", ended_at="2020-02-12"),
        visit(subject=BO, kind="stay", area="110105", started_at="2020-02-10", ended_at=""),
    )
    anna, bo = hospital.person(ANNA), hospital.person(BO)
    assert (colour(bureau.house, anna), colour(bureau.house, bo)) == ("grey", "grey")
    bureau.sends(risk(row_id="1"))
    assert (colour(bureau.house, anna), colour(bureau.house, bo)) == ("red", "grey")
    bureau.sends(risk(row_id="1", action="retract"))
    assert colour(bureau.house, anna) == "grey"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"place": "market"}, ("area", "area_or_place")),
        ({"area": ""}, ("area", "area_or_place")),
        ({"level": "low"}, ("level", "level_unknown")),
        ({"started_at": "2020-02-22"}, ("started_at", "in_the_future")),
        ({"ended_at": "2020-01-09"}, ("ended_at", "ends_before_start")),
        ({"row_id": "9", "action": "retract"}, ("row_id", "nothing_to_retract")),
    ],
)
def test_a_designation_that_cannot_be_is_refused(
    bureau: Department, changes: dict[str, str], complaint: tuple[str, str]
) -> None:
    assert bureau.complaints(risk(**changes)) == [complaint]
    assert designations(bureau.house) == []


def test_a_division_binds_what_is_designated(department: Departments) -> None:
    heping = department("heping")
    heping.registers("heping", "authority", ("designation",), ("120101",))
    assert heping.complaints(
        risk(area="120101"), risk(area="120102"), risk(area="12"), risk(area="", place="market")
    ) == [
        ("area", "outside_divisions"), ("area", "outside_divisions"),
        ("place", "place_needs_city_wide"),
    ]  # fmt: skip


def test_a_client_needs_exactly_one_source_that_may_designate(
    bureau: Department, hospital: Department
) -> None:
    with pytest.raises(NoDesignationSource):
        hospital.sends(risk())
    bureau.registers("bureau-two", "authority", ("designation", "visit"))
    with pytest.raises(NoDesignationSource):
        bureau.sends(risk())
    assert look(bureau.house, "SELECT 1 FROM evidence.imports") == []


def test_a_source_for_every_kind_of_fact_does_not_designate_by_that(
    department: Departments,
) -> None:
    wide = department("wide")
    wide.registers("wide", "authority", ("*",))
    with pytest.raises(NoDesignationSource):
        wide.sends(risk())


@pytest.mark.parametrize("source_class", ["self", "gate", "community", "clinic", "region"])
def test_only_an_authority_is_registered_to_designate(
    department: Departments, source_class: str
) -> None:
    with pytest.raises(BadRegistration):
        department("x").registers("x", source_class, ("designation",))


def test_one_designation_at_a_time_is_held_to_the_same_rules(bureau: Department) -> None:
    with bureau.house.transaction() as transaction:
        designate(transaction, "bureau", CITY, risk())
        designate(transaction, "bureau", CITY, risk())
    assert len(designations(bureau.house)) == 1
    with pytest.raises(RowRejected) as caught, bureau.house.transaction() as transaction:
        designate(transaction, "bureau", CITY, risk(place="market"))
    assert caught.value.rejected.reason == "area_or_place"
    assert "area" in caught.value.say("en")
    assert bureau.sends(risk()).unchanged == 1
