"""What people say of themselves becomes facts, colours them at once, and takes nothing back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import asin, atan2, cos, degrees, radians, sin

import pytest

from healthcode.access import Verified
from healthcode.evidence.actions import clear
from healthcode.evidence.declarations import (
    FAR_AWAY,
    BadDay,
    Declaration,
    Symptom,
    Trip,
    UnknownDivision,
    declare,
    on_verified,
)
from healthcode.kit.clock import SHANGHAI, SetClock, local_text
from healthcode.kit.db import Database
from healthcode.kit.http import Caller
from healthcode.kit.words import Words
from healthcode.people import ensure, identify
from healthcode.places import centroid
from healthcode.rulebook.actions import reassess_due
from tests.conftest import NOON
from tests.evidence.feeding import CITY, Department, document, facts, look, risk

TODAY = date(2020, 2, 20)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
WELL = Declaration("120101")
FEVER = replace(WELL, symptoms=((Symptom.FEVER, TODAY),))
WUHAN = "420106"


def someone(house: Database, number: int = 1) -> int:
    with house.transaction() as transaction:
        subject = identify(transaction.keys, "test", document(number), TODAY)
        return ensure(transaction, "test", [subject])[subject]


@pytest.fixture
def anna(house: Database) -> int:
    return someone(house)


@pytest.fixture
def bureau(house: Database, department: Callable[..., Department]) -> Department:
    """Who may designate."""
    made = department("bureau")
    made.registers("commission", "authority", kinds=("designation",))
    return made


def says(
    house: Database, person: int, said: Declaration = WELL, at: datetime | None = None
) -> list[Words]:
    if at is not None:
        it_is(house, at)
    with house.transaction() as transaction:
        return declare(transaction, person, said)


def it_is(house: Database, moment: datetime) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.stated = moment


def shanghai(day: date, *clock: int) -> datetime:
    return datetime(day.year, day.month, day.day, *clock, tzinfo=SHANGHAI)


def kinds(house: Database) -> list[str]:
    return [fact.kind for fact in facts(house)]


def colour(house: Database, person: int) -> str:
    query = "SELECT colour FROM rulebook.standings WHERE person = :person"
    [row] = look(house, query, person=person)
    return str(row.colour)


def windows(house: Database, person: int) -> dict[str, str | None]:
    """Until when each rule holds now, in local time."""
    query = """
        SELECT rule, until FROM rulebook.findings
        WHERE person = :person AND opens <= :now AND (until > :now OR until IS NULL)
    """
    rows = look(house, query, person=person, now=house.clock.now())
    return {row.rule: row.until and local_text(row.until) for row in rows}


# ------------------------------------------------------------------------------ what is recorded


def test_each_part_of_a_declaration_is_a_fact_of_the_persons_own(
    house: Database, anna: int
) -> None:
    said = Declaration(
        "120101000000",
        symptoms=((Symptom.FEVER, date(2020, 2, 18)), (Symptom.SHORT_OF_BREATH, TODAY)),
        contacts=(date(2020, 2, 12),),
        trips=(
            Trip(WUHAN, date(2020, 1, 20), date(2020, 2, 15)),
            Trip("130000", date(2020, 2, 19), None),
        ),
    )
    assert says(house, anna, said) == []
    found = [
        (
            fact.kind, fact.result, fact.area, local_text(fact.started_at),
            "going on" if fact.going_on else fact.ended_at and local_text(fact.ended_at),
        )
        for fact in facts(house)
    ]  # fmt: skip
    assert found == [
        ("declaration", "", "120101", "2020-02-20 12:00", None),
        ("symptom", "fever", "", "2020-02-18 00:00", None),
        ("symptom", "short_of_breath", "", "2020-02-20 00:00", None),
        ("contact", "declared", "", "2020-02-12 00:00", None),
        ("stay", "", WUHAN, "2020-01-20 00:00", "2020-02-15 23:59"),
        ("stay", "", "13", "2020-02-19 00:00", "going on"),
    ]
    who = {(fact.person, fact.source, fact.source_class) for fact in facts(house)}
    assert who == {(anna, "self", "self")}
    assert {(f.number, f.place, f.with_person, f.retracted) for f in facts(house)} == {
        (None, "", None, False)
    }


def test_the_whole_last_day_of_a_trip_counts_and_nothing_of_the_next(
    house: Database, anna: int, bureau: Department
) -> None:
    away = Trip(WUHAN, date(2020, 2, 10), date(2020, 2, 12))
    says(house, anna, replace(WELL, trips=(away,)))
    bureau.sends(risk(started_at="2020-02-13T00:00+08:00"))
    assert colour(house, anna) == "green"
    bureau.sends(risk(started_at="2020-02-12T23:59:59+08:00"))
    assert windows(house, anna)["R5"] == "2020-02-26 00:00"


@pytest.mark.parametrize(
    "today", [shanghai(TODAY), shanghai(TODAY + DAY) - MOMENT], ids=["first", "last"]
)
def test_a_day_is_asked_for_from_14_local_days_ago_to_today(
    house: Database, anna: int, today: datetime
) -> None:
    it_is(house, today.astimezone(UTC))
    says(house, anna, on(TODAY))
    says(house, anna, on(TODAY - 14 * DAY))
    taken = len(facts(house))
    assert taken == 7
    for day in (TODAY - 15 * DAY, TODAY + DAY, date.min, date.max):
        for part in apart(on(day)):
            with pytest.raises(BadDay) as refused:
                says(house, anna, part)
            assert "14天" in refused.value.say("zh")
            assert "14 days" in refused.value.say("en")
    assert len(facts(house)) == taken  # a refused one leaves nothing, not even the declaration


def on(day: date) -> Declaration:
    """A symptom, a contact and the end of a trip, all on that day."""
    trip = Trip(WUHAN, min(day, TODAY - 20 * DAY), day)
    return replace(WELL, symptoms=((Symptom.FEVER, day),), contacts=(day,), trips=(trip,))


def apart(said: Declaration) -> Iterator[Declaration]:
    for name in ("symptoms", "contacts", "trips"):
        yield replace(WELL, **{name: getattr(said, name)})


@pytest.mark.parametrize(
    "trip",
    [
        Trip(WUHAN, TODAY + DAY, None),
        Trip(WUHAN, TODAY + DAY, TODAY + 2 * DAY),
        Trip(WUHAN, TODAY, TODAY - DAY),
        Trip(WUHAN, date(1, 1, 1), None),
        Trip(WUHAN, date(1899, 12, 31), TODAY),
    ],
    ids=["tomorrow", "tomorrow and on", "back before it began", "year 1", "before 1900"],
)
def test_a_trip_that_cannot_be_is_refused_in_words(house: Database, anna: int, trip: Trip) -> None:
    with pytest.raises(BadDay) as refused:
        says(house, anna, replace(WELL, trips=(trip,)))
    assert refused.value.say("en").startswith("trips")
    assert kinds(house) == []


@pytest.mark.parametrize("code", ["120199", "1", "12010", "", "abc", "120101999"])
def test_a_division_that_nobody_knows_is_refused_in_words(
    house: Database, anna: int, code: str
) -> None:
    away = replace(WELL, trips=(Trip(code, TODAY, None),))
    for said, where in ((Declaration(code), "district"), (away, "trips")):
        with pytest.raises(UnknownDivision) as refused:
            says(house, anna, said)
        assert refused.value.say("zh").startswith(f"{where}：")
        assert "120101" in refused.value.say("en")
    assert kinds(house) == []


def test_the_same_symptoms_said_twice_on_a_day_are_one_fact_and_a_declaration_is_added(
    house: Database, anna: int
) -> None:
    away = Trip(WUHAN, date(2020, 2, 1), None)
    said = replace(FEVER, contacts=(date(2020, 2, 12),), trips=(away,))
    says(house, anna, said)
    says(house, anna, said, NOON + timedelta(hours=1))
    assert sorted(kinds(house)) == ["contact", "declaration", "declaration", "stay", "symptom"]
    # The next day another fever is another fact; the old one said once more is not.
    tomorrow = replace(said, symptoms=(*said.symptoms, (Symptom.FEVER, TODAY + DAY)))
    says(house, anna, tomorrow, NOON + DAY)
    assert sorted(kinds(house))[-3:] == ["stay", "symptom", "symptom"]
    assert {(fact.retracted, fact.corrects) for fact in facts(house)} == {(False, None)}


def test_a_symptom_named_twice_in_one_declaration_is_one_fact(house: Database, anna: int) -> None:
    says(house, anna, replace(FEVER, symptoms=FEVER.symptoms * 2))
    assert kinds(house) == ["declaration", "symptom"]


def test_two_people_who_say_the_same_are_two_facts(house: Database, anna: int) -> None:
    other = someone(house, 2)
    says(house, anna, FEVER)
    says(house, other, FEVER)
    assert [fact.person for fact in facts(house)] == [anna, anna, other, other]


def test_nobodys_declaration_waits_for_somebody_elses(at: Callable[[datetime], Database]) -> None:
    house = at(NOON)
    people = someone(house, 1), someone(house, 2)
    with ThreadPoolExecutor(1) as pool, house.transaction() as transaction:
        declare(transaction, people[0], FEVER)
        assert pool.submit(says, house, people[1], FEVER).result(3) == []
    assert kinds(house) == ["declaration", "symptom"] * 2


def test_one_person_who_declares_twice_at_once_says_it_once(
    at: Callable[[datetime], Database],
) -> None:
    house = at(NOON)
    person = someone(house)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: says(house, person, FEVER), range(8)))
    assert kinds(house) == ["declaration", "symptom"]
    assert colour(house, person) == "orange"


# ------------------------------------------------------------------------------------ its colour


def test_a_declaration_is_green_for_14_local_days_and_grey_at_that_very_moment(
    house: Database, anna: int
) -> None:
    says(house, anna, WELL, shanghai(TODAY + DAY).astimezone(UTC) - MOMENT)
    assert colour(house, anna) == "green"
    lapse = shanghai(TODAY + 14 * DAY).astimezone(UTC)
    for moment, changed, shown in ((lapse - MOMENT, 0, "green"), (lapse, 1, "grey")):
        it_is(house, moment)
        with house.transaction() as transaction:
            assert reassess_due(transaction) == changed
        assert colour(house, anna) == shown
    says(house, anna)
    assert colour(house, anna) == "green"


@pytest.mark.parametrize("symptom", Symptom)
def test_a_declared_symptom_is_orange_at_once_and_a_declaration_does_not_lift_it(
    house: Database, anna: int, symptom: Symptom
) -> None:
    says(house, anna)
    says(house, anna, replace(WELL, symptoms=((symptom, TODAY),)), NOON + timedelta(minutes=1))
    assert windows(house, anna)["O1"] == "2020-03-05 00:00"
    says(house, anna, WELL, NOON + DAY)
    assert colour(house, anna) == "orange"


@pytest.mark.parametrize("symptom", [Symptom.FEVER, Symptom.SHORT_OF_BREATH])
def test_a_symptom_after_an_examination_of_the_same_day_is_orange_again(
    house: Database, anna: int, symptom: Symptom
) -> None:
    says(house, anna, FEVER, NOON - timedelta(hours=1))
    it_is(house, NOON)
    with house.transaction() as transaction:
        doctor = Caller("doctor", "clinic", None, "*")
        clear(transaction, doctor, CITY, anna, "examined", NOON)
    assert colour(house, anna) == "green"
    worse = replace(WELL, symptoms=((symptom, TODAY),))
    says(house, anna, worse, NOON + timedelta(hours=5))
    assert colour(house, anna) == "orange"


def test_a_declared_contact_is_orange_for_14_days_by_its_own_rule(
    house: Database, anna: int
) -> None:
    says(house, anna, replace(WELL, contacts=(date(2020, 2, 12), date(2020, 2, 6))))
    # Fourteen days from the sixth were over at midnight.
    assert windows(house, anna) == {"G": "2020-03-05 00:00", "O6": "2020-02-26 00:00"}
    assert colour(house, anna) == "orange"


@pytest.mark.parametrize("known_before", [True, False])
def test_a_stay_in_a_designated_area_is_red_whichever_is_known_first(
    house: Database, anna: int, bureau: Department, known_before: bool
) -> None:
    if known_before:
        bureau.sends(risk())
    away = Trip(WUHAN, date(2020, 2, 1), date(2020, 2, 15))
    says(house, anna, replace(WELL, trips=(away,)))
    if not known_before:
        assert colour(house, anna) == "green"
        bureau.sends(risk())
    assert colour(house, anna) == "red"
    assert windows(house, anna)["R5"] == "2020-02-29 00:00"


def test_whoever_is_still_there_stays_red_without_an_end(
    house: Database, anna: int, bureau: Department
) -> None:
    bureau.sends(risk())
    says(house, anna, replace(WELL, trips=(Trip(WUHAN, TODAY, None),)))
    assert windows(house, anna)["R5"] is None


def test_what_staff_write_down_is_weighed_and_what_people_say_themselves_is_not(
    house: Database, anna: int
) -> None:
    counted = "SELECT bucket, people FROM rulebook.turned WHERE people > 0 ORDER BY bucket"
    says(house, anna, FEVER)
    assert look(house, counted) == []
    with house.acting_as("counter").transaction() as transaction:
        declare(transaction, someone(house, 2), FEVER, own=False)
    spent = {row.bucket: row.people for row in look(house, counted)}
    assert spent["account:counter"] == 1


# --------------------------------------------------------------------------------- where they are


def away(code: str, km: float, bearing: float) -> tuple[float, float]:
    """The point so far from a district's middle (the direct problem on a sphere)."""
    middle = centroid(code)
    assert middle is not None
    phi, lam, delta, theta = *map(radians, middle), km / 6371, radians(bearing)
    there = asin(sin(phi) * cos(delta) + cos(phi) * sin(delta) * cos(theta))
    turned = atan2(sin(theta) * sin(delta) * cos(phi), cos(delta) - sin(phi) * sin(there))
    return degrees(there), degrees(lam + turned)


@pytest.mark.parametrize("bearing", [0, 45, 90, 137, 180, 270, 359])
def test_a_phone_over_50_km_from_the_districts_middle_is_warned_of(
    house: Database, anna: int, bearing: float
) -> None:
    meter = 0.001
    for code in ("120101", "120119"):
        for km, warned in ((0, []), (50 - meter, []), (50 + meter, [FAR_AWAY])):
            said = Declaration(code, position=away(code, km, bearing))
            assert says(house, anna, said) == warned
    assert says(house, anna, Declaration("120101", position=(-39.12, -62.8))) == [FAR_AWAY]


def test_a_district_whose_middle_is_not_known_is_never_warned_of(
    house: Database, anna: int
) -> None:
    assert centroid(WUHAN) is None
    assert says(house, anna, Declaration(WUHAN, position=(0.0, 0.0))) == []


def test_a_position_changes_no_fact_and_is_stored_nowhere(house: Database, anna: int) -> None:
    other = someone(house, 2)
    assert says(house, anna, replace(FEVER, position=(31.357913, 121.246813))) == [FAR_AWAY]
    assert says(house, other, FEVER) == []
    hers, theirs = (
        [
            (f.kind, f.result, f.number, f.area, f.place, f.started_at, f.ended_at, f.source)
            for f in facts(house)
            if f.person == who
        ]
        for who in (anna, other)
    )
    assert hers == theirs
    assert colour(house, anna) == colour(house, other) == "orange"
    tables = look(
        house,
        """SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname NOT IN ('pg_catalog', 'information_schema')""",
    )
    assert len(tables) > 20
    for table in tables:
        rows = look(house, f"SELECT CAST(t AS text) AS said FROM {table.name} t")
        assert not [row for row in rows if "31.35791" in row.said or "121.24681" in row.said]


# ------------------------------------------------------------------- before the name was checked


def test_what_was_declared_before_the_check_is_the_verified_persons_once(
    house: Database, anna: int
) -> None:
    provisional = someone(house, 2)
    trips = (Trip(WUHAN, date(2020, 2, 1), date(2020, 2, 10)), Trip("13", TODAY, None))
    says(house, provisional, replace(FEVER, contacts=(TODAY,), trips=trips))
    says(house, provisional, WELL, NOON + timedelta(minutes=5))
    event = Verified(7, provisional, anna)
    for _ in range(2):  # the second time it is nothing new
        with house.transaction() as transaction:
            on_verified(transaction, event)
        own, theirs = (
            [
                (f.kind, f.result, f.area, f.started_at, f.ended_at, f.going_on, f.source_class)
                for f in facts(house)
                if f.person == who
            ]
            for who in (provisional, anna)
        )
        assert len(own) == 6
        assert theirs == own
    assert windows(house, anna) == windows(house, provisional)
    assert colour(house, anna) == "orange"


def test_whoever_declared_nothing_before_the_check_has_nothing_after_it(
    house: Database, anna: int
) -> None:
    for provisional in (None, someone(house, 2)):
        with house.transaction() as transaction:
            on_verified(transaction, Verified(7, provisional, anna))
    assert facts(house) == []


def test_only_what_they_said_themselves_goes_over(house: Database, anna: int) -> None:
    provisional = someone(house, 2)
    says(house, provisional)
    with house.transaction() as transaction:
        doctor = Caller("doctor", "clinic", None, "*")
        clear(transaction, doctor, CITY, provisional, "examined", NOON)
    with house.transaction() as transaction:
        on_verified(transaction, Verified(7, provisional, anna))
    assert [fact.kind for fact in facts(house) if fact.person == anna] == ["declaration"]
