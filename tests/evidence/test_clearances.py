"""A clinic or a community clears whom it may, under its own name, and the rulebook decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from healthcode.evidence.actions import (
    BadRegistration,
    RowRejected,
    SourceRegistration,
    clear,
    register,
)
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Desk, Outcome, Registration
from healthcode.evidence.feeds.recording import say
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database
from healthcode.kit.http import Caller
from healthcode.people import Introduction, identify, introduce
from tests.conftest import NOON
from tests.evidence.feeding import CITY, document, facts, look

MINUTE = timedelta(minutes=1)
AUTHORITY = Desk(
    {"city": Registration("city", "authority", frozenset({"*"}), ("*",))}, CITY, replay=False
)
Made = Callable[..., int]


@pytest.fixture
def resident(house: Database) -> Made:
    """Somebody who lives there, as far as anybody said."""

    def make(residence: str | None, number: int = 1) -> int:
        with house.transaction() as transaction:
            subject = identify(transaction.keys, "test", document(number), NOON.date())
            stated: dict[str, object] = {
                "name_sealed": Introduction.seal_name(transaction.keys, "王小明")
            }
            if residence is not None:
                stated["residence"] = residence
            [person] = introduce(transaction, "test", [Introduction(subject, None, stated)])
            assert person is not None
            return person

    return make


@pytest.fixture
def feverish(house: Database, resident: Made) -> Made:
    """Somebody who lives there and declared a fever today."""

    def make(residence: str | None, number: int = 1) -> int:
        person = resident(residence, number)
        said = Declaration("120101", symptoms=((Symptom.FEVER, NOON.date()),))
        with house.transaction() as transaction:
            declare(transaction, person, said)
        assert colour(house, person) == "orange"
        return person

    return make


def staff(role: str, scope: str = "*", account: str = "worker") -> Caller:
    return Caller(account, role, None, scope)


def clears(
    house: Database,
    caller: Caller,
    person: int,
    result: str = "examined",
    at: datetime | None = None,
) -> Outcome:
    """Clear somebody, as a request does: on the caller's word."""
    with house.acting_as(caller.account or "").transaction() as transaction:
        return clear(transaction, caller, CITY, person, result, at or transaction.now)


def finds(house: Database, person: int, **row: str) -> None:
    """What the authority records of a person."""
    with house.transaction() as transaction:
        say(transaction, "city", AUTHORITY, person, [{"source": "city"} | row])


def colour(house: Database, person: int) -> str:
    query = "SELECT colour FROM rulebook.standings WHERE person = :person"
    [row] = look(house, query, person=person)
    return str(row.colour)


def windows(house: Database, person: int) -> list[tuple[object, ...]]:
    query = """
        SELECT rule, colour, opens, until FROM rulebook.findings WHERE person = :person
        ORDER BY rule, fact
    """
    return [tuple(row) for row in look(house, query, person=person)]


def clearances(house: Database) -> list[tuple[object, ...]]:
    return [
        (fact.source, fact.source_class, fact.result, fact.started_at)
        for fact in facts(house)
        if fact.kind == "clearance"
    ]


@pytest.mark.parametrize("role", ["clinic", "community"])
@pytest.mark.parametrize("scope", ["*", "12", "120101"])
def test_an_examination_ends_a_declared_fever_at_once(
    house: Database, feverish: Made, role: str, scope: str
) -> None:
    person = feverish("120101")
    assert clears(house, staff(role, scope), person) is Outcome.RECORDED
    assert colour(house, person) == "green"


def test_a_clearance_speaks_as_its_role_and_division_with_their_class(
    house: Database, feverish: Made
) -> None:
    person = feverish("120101001")
    for caller in (
        staff("clinic"), staff("clinic", "120101"), staff("community", "120101001"),
        staff("community"),
    ):  # fmt: skip
        clears(house, caller, person)
    assert clearances(house) == [
        ("clinic.all", "clinic", "examined", NOON),
        ("clinic.120101", "clinic", "examined", NOON),
        ("community.120101001", "community", "examined", NOON),
        ("community.all", "community", "examined", NOON),
    ]
    voices = look(house, "SELECT source, source_class FROM evidence.sources ORDER BY 1")
    assert ("clinic.120101", "clinic") in [tuple(row) for row in voices]


def test_a_clearance_is_kept_with_the_account_on_whose_word_it_came(
    house: Database, feverish: Made
) -> None:
    person = feverish("120101")
    clears(house, staff("clinic", account="doctor.li"), person)
    query = "SELECT client, account FROM evidence.recordings ORDER BY recording DESC LIMIT 1"
    [row] = look(house, query)
    assert (row.client, row.account) == ("doctor.li", "doctor.li")


def test_the_same_clearance_again_is_nothing_new(house: Database, feverish: Made) -> None:
    person = feverish("120101")
    assert clears(house, staff("clinic"), person, at=NOON) is Outcome.RECORDED
    assert clears(house, staff("clinic"), person, at=NOON) is Outcome.UNCHANGED
    assert clears(house, staff("clinic"), person, at=NOON - MINUTE) is Outcome.RECORDED
    assert len(clearances(house)) == 2


def test_an_examination_before_the_fever_ends_nothing(house: Database, feverish: Made) -> None:
    person = feverish("120101")
    clears(house, staff("clinic"), person, at=NOON - timedelta(days=1))
    assert colour(house, person) == "orange"


def test_an_examination_still_to_come_ends_nothing_before_its_time(
    house: Database, feverish: Made
) -> None:
    person = feverish("120101")
    clears(house, staff("clinic"), person, at=NOON + timedelta(hours=3))
    assert colour(house, person) == "orange"


@pytest.mark.parametrize("role", ["clinic", "community"])
@pytest.mark.parametrize(
    ("result", "opened"),
    [
        ("suspicion_excluded", {"kind": "diagnosis", "result": "suspected"}),
        ("asymptomatic_over", {"kind": "diagnosis", "result": "asymptomatic"}),
        ("isolation_over", {"kind": "contact", "result": "close"}),
    ],
)
def test_what_only_the_authority_clears_no_clinic_or_community_ends(
    house: Database, feverish: Made, role: str, result: str, opened: dict[str, str]
) -> None:
    person = feverish("120101")
    finds(house, person, started_at="2020-02-20T08:00", **opened)
    before = windows(house, person)
    assert clears(house, staff(role), person, result) is Outcome.RECORDED
    assert windows(house, person) == before
    assert colour(house, person) == "red"
    finds(house, person, kind="clearance", result=result, started_at="2020-02-20T12:00")
    assert colour(house, person) == "orange"


def test_a_word_that_no_rule_names_ends_nothing(house: Database, feverish: Made) -> None:
    person = feverish("120101")
    before = windows(house, person)
    assert clears(house, staff("clinic"), person, "looks_well") is Outcome.RECORDED
    assert windows(house, person) == before


def test_observation_ends_by_the_community_and_not_by_a_clinic(
    house: Database, resident: Made
) -> None:
    person = resident("120101")
    finds(house, person, kind="observation", started_at="2020-02-18")
    clears(house, staff("clinic"), person, "observation_over")
    assert colour(house, person) == "orange"
    clears(house, staff("community"), person, "observation_over")
    assert colour(house, person) == "grey"


# ------------------------------------------------------------------------------- whom they reach


@pytest.mark.parametrize("role", ["clinic", "community"])
@pytest.mark.parametrize(
    ("residence", "scope"),
    [
        ("120102", "120101"),
        ("120102001", "120101"),
        ("120101", "120101001"),
        ("130100", "12"),
        (None, "120101"),
    ],
    ids=["next district", "street of it", "whole district", "another city", "unknown"],
)
def test_nobody_clears_a_resident_of_elsewhere_or_of_nobody_knows_where(
    house: Database, feverish: Made, role: str, residence: str | None, scope: str
) -> None:
    person = feverish(residence)
    with pytest.raises(RowRejected) as refused:
        clears(house, staff(role, scope), person)
    reason = "outside_divisions" if residence else "residence_unknown"
    assert (refused.value.rejected.column, refused.value.rejected.reason) == ("area", reason)
    assert refused.value.say("zh").startswith("未记录：area：")
    assert "divisions" in refused.value.say("en") or "residence" in refused.value.say("en")
    assert clearances(house) == []
    assert colour(house, person) == "orange"


@pytest.mark.parametrize("scope", ["*", "12"])
def test_whoever_is_city_wide_clears_somebody_of_unknown_residence(
    house: Database, feverish: Made, scope: str
) -> None:
    person = feverish(None)
    assert clears(house, staff("community", scope), person) is Outcome.RECORDED
    assert colour(house, person) == "green"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T00:00:00+00:00"])
def test_a_time_that_cannot_be_is_refused_in_words(
    house: Database, feverish: Made, at: str
) -> None:
    with pytest.raises(RowRejected) as refused:
        clears(house, staff("clinic"), feverish("120101"), at=datetime.fromisoformat(at))
    assert "started_at" in refused.value.say("en")
    assert clearances(house) == []


# --------------------------------------------------------------------------------- whose names


@pytest.mark.parametrize(
    "name", ["self", "clinic.all", "clinic.120101", "clinic.", "community.x", "community.12"]
)
def test_no_client_registers_the_names_that_people_and_staff_speak_under(
    house: Database, name: str
) -> None:
    for client, source in (("health", name), (name, "hospital")):
        asked = SourceRegistration(client, source, "clinic", ("clearance",), ("all",))
        with pytest.raises(BadRegistration), house.transaction() as transaction:
            register(transaction, asked)
    query = "SELECT 1 FROM evidence.registrations WHERE :name IN (client, source)"
    assert look(house, query, name=name) == []


@pytest.mark.parametrize("name", ["clinic", "clinics.all", "selfless", "community", "my.clinic.x"])
def test_a_name_that_only_looks_alike_is_a_name_like_any_other(house: Database, name: str) -> None:
    asked = SourceRegistration(name, name, "clinic", ("clearance",), ("all",))
    with house.transaction() as transaction:
        register(transaction, asked)
    assert len(look(house, "SELECT 1 FROM evidence.sources WHERE source = :name", name=name)) == 1


def test_a_clearance_counts_from_when_it_is_known(house: Database, feverish: Made) -> None:
    """What was shown before stays so: the past is not judged with what came later."""
    person = feverish("120101")
    assert isinstance(house.clock, SetClock)
    house.clock.stated = NOON + timedelta(hours=2)
    clears(house, staff("clinic"), person, at=NOON)
    fact = facts(house)[-1]
    assert (fact.started_at, fact.recorded_at) == (NOON, NOON + timedelta(hours=2))
