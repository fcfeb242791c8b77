"""Every rule of registration, as a table: who may write, correct and take back what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.evidence.feeds.deciding import Desk, Named, Outcome, Registration, State
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.feeds.recording import NoDesignationSource, designating
from healthcode.evidence.terms import Kind, SourceClass

CITY = "12"
SOME, OTHER = "aa", "bb"  # digests
ANNA = Named(person=1, other=None, residence="120101")


def registration(
    source: str = "hospital",
    source_class: str = "clinic",
    kinds: tuple[str, ...] = ("*",),
    divisions: tuple[str, ...] = ("*",),
) -> Registration:
    return Registration(source, source_class, frozenset(kinds), divisions)


def desk(*registrations: Registration, replay: bool = False) -> Desk:
    held = {each.source: each for each in registrations or (registration(),)}
    return Desk(held, CITY, replay)


def says(**changes: Any) -> dict[str, Any]:
    return {
        "retract": False, "content": SOME, "source": "hospital", "kind": "visit", "area": "120101",
        "subject": ["10", "aa", None], "with": None,
    } | changes  # fmt: skip


def state(content: str = SOME, made: int | None = 7, **changes: Any) -> State:
    held = State(bytes.fromhex(content), made, "hospital", "clinic", "visit")
    return replace(held, **changes)


def refusal(decide: Any, *arguments: Any) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        decide(*arguments)
    return caught.value.column, caught.value.reason


def test_a_row_of_a_registered_source_is_recorded() -> None:
    assert desk().fact(says(), None, ANNA) is Outcome.RECORDED


@pytest.mark.parametrize("source", ["other", "", "Hospital", "hospital "])
def test_a_file_cannot_claim_a_source_that_is_not_its_clients(source: str) -> None:
    complaint = ("source", "source_not_registered")
    assert refusal(desk().fact, says(source=source), None, ANNA) == complaint


@pytest.mark.parametrize(
    ("kinds", "kind", "allowed"),
    [
        (("visit",), "visit", True),
        (("visit", "stay"), "stay", True),
        (("visit",), "test", False),
        (("designation",), "visit", False),
        (("*",), "test", True),
        (("*", "designation"), "visit", True),
    ],
)
def test_a_source_writes_the_kinds_that_it_is_registered_for(
    kinds: tuple[str, ...], kind: str, allowed: bool
) -> None:
    at = desk(registration(kinds=kinds))
    if allowed:
        assert at.fact(says(kind=kind), None, ANNA) is Outcome.RECORDED
    else:
        complaint = ("kind", "kind_not_registered")
        assert refusal(at.fact, says(kind=kind), None, ANNA) == complaint


def test_kinds_and_divisions_are_those_of_the_rows_own_source() -> None:
    at = desk(
        registration("a", kinds=("visit",), divisions=("120101",)),
        registration("b", kinds=("test",), divisions=("120102",)),
    )
    assert at.fact(says(source="a"), None, ANNA) is Outcome.RECORDED
    assert refusal(at.fact, says(source="b"), None, ANNA) == ("kind", "kind_not_registered")
    row = says(source="b", kind="test")
    assert refusal(at.fact, row, None, ANNA) == ("area", "outside_divisions")


DIVISIONS = [
    (("12",), "120101", True),
    (("120101",), "120101", True),
    (("120101",), "120101001", True),
    (("120101", "120102"), "120102", True),
    (("*",), "4201", True),
    (("120101",), "120102", False),
    (("120101",), "1201", False),
    (("120101",), "12", False),
    (("12",), "4201", False),
    (("12",), "1", False),
]


@pytest.mark.parametrize(("divisions", "area", "allowed"), DIVISIONS)
def test_the_division_binds_the_rows_area_or_else_the_persons_residence(
    divisions: tuple[str, ...], area: str, allowed: bool
) -> None:
    at = desk(registration(divisions=divisions))
    elsewhere = "999999"  # the area counts before the residence
    for row, person in [
        (says(area=area), replace(ANNA, residence=elsewhere)),
        (says(area=""), replace(ANNA, residence=area)),
    ]:
        if allowed:
            assert at.fact(row, None, person) is Outcome.RECORDED
        else:
            assert refusal(at.fact, row, None, person) == ("area", "outside_divisions")


@pytest.mark.parametrize(
    ("divisions", "allowed"),
    [
        (("*",), True),
        (("12",), True),
        (("120101", "12"), True),
        (("1201",), False),
        (("120101",), False),
        (("11",), False),
        ((), False),
    ],
)
def test_an_unknown_residence_needs_a_source_of_the_whole_city(
    divisions: tuple[str, ...], allowed: bool
) -> None:
    at = desk(registration(divisions=divisions))
    nowhere = replace(ANNA, residence="")
    if allowed:
        assert at.fact(says(area=""), None, nowhere) is Outcome.RECORDED
    else:
        complaint = ("area", "residence_unknown")
        assert refusal(at.fact, says(area=""), None, nowhere) == complaint


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        (Named(None, None, ""), ("subject", "subject_unknown")),
        (Named(1, None, ""), ("with_subject", "subject_unknown")),
        (Named(1, 1, ""), ("with_subject", "contact_with_self")),
    ],
)
def test_a_contact_is_between_two_people_who_are_known(
    named: Named, complaint: tuple[str, str]
) -> None:
    row = says(kind="contact", **{"with": ["", "bb", None]})
    assert refusal(desk().fact, row, None, named) == complaint
    assert desk().fact(row, None, Named(1, 2, "")) is Outcome.RECORDED


def test_a_replay_takes_a_contact_with_oneself() -> None:
    row = says(kind="contact", **{"with": ["", "bb", None]})
    at = desk(replay=True)
    assert at.fact(row, None, Named(1, 1, "")) is Outcome.RECORDED


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (None, Outcome.RECORDED),
        (state(made=None, source=None), Outcome.RECORDED),
        (state(OTHER, made=None, source=None), Outcome.RECORDED),
        (state(), Outcome.UNCHANGED),
        (state(OTHER), Outcome.CORRECTED),
    ],
    ids=["new", "taken back", "taken back, then other", "the same", "other content"],
)
def test_a_row_is_compared_with_the_latest_state_of_its_id(
    held: State | None, outcome: Outcome
) -> None:
    assert desk().fact(says(), held, ANNA) is outcome
    assert desk().designation(says(), held, registration()) is outcome


@pytest.mark.parametrize(
    ("held", "outcome"),
    [
        (state(), Outcome.RETRACTED),
        (state(OTHER), Outcome.RETRACTED),
        (state(made=None, source=None), Outcome.UNCHANGED),
    ],
    ids=["stands", "stands, whatever the row says", "taken back already"],
)
def test_a_fact_is_taken_back_once(held: State, outcome: Outcome) -> None:
    assert desk().retraction(held) is outcome


def test_nothing_that_was_never_recorded_is_taken_back() -> None:
    assert refusal(desk().retraction, None) == ("row_id", "nothing_to_retract")


def test_only_a_client_registered_for_the_facts_source_corrects_or_takes_it_back() -> None:
    theirs = state(OTHER, source="laboratory")
    complaint = ("source", "source_not_registered")
    assert refusal(desk().retraction, theirs) == complaint
    assert refusal(desk().fact, says(), theirs, ANNA) == complaint
    both = desk(registration(), registration("laboratory"))
    assert both.retraction(theirs) is Outcome.RETRACTED
    assert both.fact(says(), theirs, ANNA) is Outcome.CORRECTED


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.DECLARATION}))
def test_what_a_person_said_of_themselves_is_added_to_and_not_taken_back(kind: Kind) -> None:
    at = desk(registration("app", SourceClass.SELF))
    told = state(OTHER, source="app", source_class=SourceClass.SELF, kind=kind)
    row = says(source="app", kind=kind)
    complaint = ("action", "own_declaration")
    assert refusal(at.retraction, told) == complaint
    assert refusal(at.fact, row, told, ANNA) == complaint
    assert at.fact(row, None, ANNA) is Outcome.RECORDED
    same = state(source="app", source_class=SourceClass.SELF, kind=kind)
    assert at.fact(row, same, ANNA) is Outcome.UNCHANGED


def test_a_declaration_itself_can_be_corrected_and_taken_back() -> None:
    at = desk(registration("app", SourceClass.SELF))
    told = state(OTHER, source="app", source_class=SourceClass.SELF, kind=Kind.DECLARATION)
    assert at.retraction(told) is Outcome.RETRACTED
    assert at.fact(says(source="app", kind="declaration"), told, ANNA) is Outcome.CORRECTED


@pytest.mark.parametrize("source_class", sorted(set(SourceClass) - {SourceClass.SELF}))
def test_every_other_class_corrects_and_takes_back_its_own(source_class: SourceClass) -> None:
    at = desk(registration("hospital", source_class))
    told = state(OTHER, source_class=source_class, kind=Kind.SYMPTOM)
    assert at.retraction(told) is Outcome.RETRACTED
    assert at.fact(says(kind="symptom"), told, ANNA) is Outcome.CORRECTED


def test_a_replay_takes_back_what_a_person_said_of_themselves() -> None:
    at = desk(registration("app", SourceClass.SELF), replay=True)
    told = state(OTHER, source="app", source_class=SourceClass.SELF, kind=Kind.SYMPTOM)
    assert at.retraction(told) is Outcome.RETRACTED


@pytest.mark.parametrize(("divisions", "area", "allowed"), DIVISIONS)
def test_the_division_binds_a_designated_area(
    divisions: tuple[str, ...], area: str, allowed: bool
) -> None:
    writes = registration(kinds=("designation",), divisions=divisions)
    if allowed:
        assert desk().designation(says(area=area), None, writes) is Outcome.RECORDED
    else:
        complaint = ("area", "outside_divisions")
        assert refusal(desk().designation, says(area=area), None, writes) == complaint


def test_only_a_source_of_the_whole_city_designates_a_place() -> None:
    wide, narrow = registration(divisions=("12",)), registration(divisions=("120101",))
    assert desk().designation(says(area=""), None, wide) is Outcome.RECORDED
    complaint = ("place", "place_needs_city_wide")
    assert refusal(desk().designation, says(area=""), None, narrow) == complaint


@pytest.mark.parametrize(
    ("kinds", "able"),
    [
        ([("designation",)], "s0"),
        ([("visit",), ("visit", "designation")], "s1"),
        ([], None),
        ([("*",)], None),
        ([("designation",), ("designation",)], None),
    ],
)
def test_a_client_designates_by_its_one_source_that_may(
    kinds: list[tuple[str, ...]], able: str | None
) -> None:
    held = {f"s{n}": registration(f"s{n}", "authority", each) for n, each in enumerate(kinds)}
    if able is not None:
        assert designating("health", held).source == able
        return
    with pytest.raises(NoDesignationSource) as caught:
        designating("health", held)
    assert "health" in caught.value.say("en")


codes = st.from_regex(r"([1-9][0-9]){1,3}", fullmatch=True) | st.just("")


@given(st.lists(codes | st.just("*"), max_size=3), codes, codes, st.booleans())
def test_nothing_outside_its_divisions_is_ever_recorded_by_a_source(
    divisions: list[str], area: str, residence: str, replay: bool
) -> None:
    at = desk(registration(divisions=tuple(divisions)), replay=replay)
    where = area or residence or CITY
    reachable = any(each == "*" or (each and where.startswith(each)) for each in divisions)
    try:
        outcome = at.fact(says(area=area), None, replace(ANNA, residence=residence))
    except Rejected:
        assert not reachable
    else:
        assert (outcome, reachable) == (Outcome.RECORDED, True)
