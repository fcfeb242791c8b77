"""The law clause by clause, in cases worked out by hand; oracle and engine are held to them.

Times are local (UTC+8), written `2020-01-10 23:59`; a bare date is its midnight.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from healthcode.rulebook.terms import Duration, Finding, Rulebook
from tests.rulebook import engine
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.oracle import add, findings, look_back_from, midnight, standing

SHANGHAI = timezone(timedelta(hours=8))
WORDS = {"zh": "字", "en": "word"}


@pytest.fixture(autouse=True, params=["oracle", "engine"])
def _by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "engine":
        transaction = request.getfixturevalue("transaction")
        monkeypatch.setitem(globals(), "findings", partial(engine.findings, transaction))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def fact(number: int, kind: str, start: str, end: str | None = None, /, **more: Any) -> Fact:
    """A fact of person 1 by the commission; `end` may be `going on`."""
    ended = Going.ON if end == "going on" else end and local(end)
    said = {"person": 1, "source": "commission", "source_class": "authority"} | more
    return Fact(fact=number, kind=kind, started_at=local(start), ended_at=ended, **said)


def area(code: str, start: str, end: str | None = None, **more: Any) -> Designation:
    """A high designation."""
    said = {"designation": 1, "level": "high", "area": code} | more
    return Designation(started_at=local(start), ended_at=end and local(end), **said)


def rule(when: str | dict[str, Any], until: str = "start + 14d", **more: Any) -> dict[str, Any]:
    """A red rule that the authority may release."""
    return {
        "id": "the-rule",
        **dict.fromkeys(("title", "reason", "instructions", "source", "releaser"), WORDS),
        "colour": "red",
        "when": {"kind": when} if isinstance(when, str) else when,
        "window": {"until": until} | ({"from": more.pop("opens")} if "opens" in more else {}),
        "released_by": ["authority"] if "early_ends" in more else [],
        "examples": [{"title": "no facts", "facts": [], "colours": {"2020-01-10": "green"}}],
    } | more


def rulebook(*rules: dict[str, Any]) -> Rulebook:
    declares = any(each["colour"] == "green" for each in rules)
    undeclared = "grey" if declares else "green"
    head = {"name": "by-hand", "version": "1", "title": WORDS, "undeclared": undeclared}
    return Rulebook.model_validate({**head, "rules": rules})


def judged(
    a_rule: dict[str, Any], *facts: Fact, under: tuple[Designation, ...] = (), known: str = ""
) -> set[Finding]:
    return findings(facts, under, rulebook(a_rule), local(known) if known else None)


def until(a_rule: dict[str, Any], *facts: Fact) -> datetime | None:
    """When the window of fact 1 ends."""
    (only,) = [each for each in judged(a_rule, *facts) if each.fact == 1]
    return only.until


def holds(when: dict[str, Any], one: Fact, *under: Designation) -> bool:
    return bool(judged(rule(when, "never"), one, under=under))


# Clause 1: Time


@pytest.mark.parametrize(
    ("moment", "its_midnight"),
    [
        ("2020-01-10", "2020-01-10"),
        ("2020-01-10 00:00:00.000001", "2020-01-10"),
        ("2020-01-09 23:59:59.999999", "2020-01-09"),
        ("2020-01-10 07:59:59", "2020-01-10"),
        ("2020-01-10 08:00", "2020-01-10"),
    ],
)
def test_a_day_begins_at_local_midnight(moment: str, its_midnight: str) -> None:
    assert midnight(local(moment)) == local(its_midnight)
    assert midnight(local(moment).astimezone(UTC)) == local(its_midnight)


@pytest.mark.parametrize(
    ("duration", "end"),
    [
        ("0d", "2020-01-10"),
        ("1d", "2020-01-11"),
        ("14d", "2020-01-24"),
        ("0h", "2020-01-10 23:59:59"),
        ("24h", "2020-01-11 23:59:59"),
        ("0m", "2020-01-10 23:59:59"),
        ("30m", "2020-01-11 00:29:59"),
    ],
)
def test_days_count_from_local_midnight_and_hours_and_minutes_are_exact(
    duration: str, end: str
) -> None:
    assert add(local("2020-01-10 23:59:59"), Duration.read(duration)) == local(end)


def test_a_look_back_counts_days_from_midnight_too() -> None:
    start = local("2020-01-20 12:00")
    assert look_back_from(start, Duration.read("2d")) == local("2020-01-18")
    assert look_back_from(start, Duration.read("0d")) == local("2020-01-20")
    assert look_back_from(start, Duration.read("36h")) == local("2020-01-19")


# Clause 2: Known


def test_a_fact_is_known_from_its_recording_until_its_retraction() -> None:
    one = fact(
        1,
        "contact",
        "2020-01-10",
        recorded_at=local("2020-01-12"),
        retracted_at=local("2020-01-15"),
    )
    a_rule = rule("contact")
    assert not judged(a_rule, one, known="2020-01-11 23:59:59.999999")
    assert judged(a_rule, one, known="2020-01-12")
    assert judged(a_rule, one, known="2020-01-14 23:59:59.999999")
    assert not judged(a_rule, one, known="2020-01-15")
    assert not judged(a_rule, one)


def test_an_unstamped_fact_is_known_only_to_its_own_transaction() -> None:
    one = fact(1, "contact", "2020-01-10")
    assert judged(rule("contact"), one)
    assert not judged(rule("contact"), one, known="2020-02-01")


def test_a_finding_under_a_designation_is_known_when_both_are() -> None:
    a_rule = rule({"kind": "stay", "under": {"level": "high"}})
    one = fact(1, "stay", "2020-01-12", area="4201", recorded_at=local("2020-01-12"))
    under = (area("42", "2020-01-10", recorded_at=local("2020-01-23")),)
    assert not judged(a_rule, one, under=under, known="2020-01-22 23:59:59")
    assert judged(a_rule, one, under=under, known="2020-01-23")


def test_an_early_end_counts_only_once_it_is_known() -> None:
    a_rule = rule("diagnosis", "never", early_ends=[{"when": {"kind": "discharge"}}])
    ill = fact(1, "diagnosis", "2020-01-10", recorded_at=local("2020-01-10"))
    well = fact(2, "discharge", "2020-01-20", recorded_at=local("2020-01-22"))
    (before,) = judged(a_rule, ill, well, known="2020-01-21 23:59")
    (after,) = judged(a_rule, ill, well, known="2020-01-22")
    assert (before.until, after.until) == (None, local("2020-01-20"))


# Clause 3: Trigger


def test_a_list_names_what_it_means_and_no_list_means_anything() -> None:
    one = fact(1, "test", "2020-01-10", result="positive")
    assert holds({"kind": "test"}, one)
    assert holds({"kind": "test", "result": ["weak", "positive"]}, one)
    assert not holds({"kind": "test", "result": ["negative"]}, one)
    assert not holds({"kind": "contact"}, one)
    assert holds({"kind": "test", "sources": ["authority"]}, one)
    assert not holds({"kind": "test", "sources": ["self", "gate"]}, one)


@pytest.mark.parametrize(
    ("number", "met"),
    [
        ("37.299", {"at_most", "below"}),
        ("37.3", {"at_least", "at_most"}),
        ("37.301", {"at_least", "above"}),
        (None, set()),
    ],
)
def test_a_number_is_compared_exactly_and_none_meets_nothing(
    number: str | None, met: set[str]
) -> None:
    one = fact(1, "temperature", "2020-01-10", number=number and Decimal(number))
    names = ("at_least", "above", "at_most", "below")
    found = {n for n in names if holds({"kind": "temperature", "number": {n: "37.3"}}, one)}
    assert found == met


@pytest.mark.parametrize(
    ("code", "inside", "outside"),
    [
        ("1201", True, False),
        ("120101001", True, False),
        ("12", False, True),
        ("42", False, True),
        ("", False, False),
    ],
)
def test_inside_is_by_prefix_and_an_unknown_area_is_neither(
    code: str, inside: bool, outside: bool
) -> None:
    one = fact(1, "stay", "2020-01-10", area=code)
    assert holds({"kind": "stay", "inside": "120100"}, one) is inside
    assert holds({"kind": "stay", "outside": "120100"}, one) is outside


def test_a_designation_covers_every_area_that_begins_with_its_code() -> None:
    when = {"kind": "stay", "under": {"level": "high"}}
    one = fact(1, "stay", "2020-01-12", area="420106")
    assert holds(when, one, area("4201", "2020-01-10"))
    assert not holds(when, one, area("420106001", "2020-01-10"))
    assert not holds(when, one, area("420107", "2020-01-10"))
    assert not holds(when, one, area("", "2020-01-10"))
    assert not holds(when, one, area("4201", "2020-01-10", level="medium"))
    assert not holds(when, fact(1, "stay", "2020-01-12"), area("", "2020-01-10"))


def test_a_rule_says_whether_the_area_or_the_place_must_be_covered() -> None:
    one = fact(1, "visit", "2020-01-12", area="120115", place="store")
    store = area("", "2020-01-10", place="store")
    district = area("120115", "2020-01-10", place="market")

    def covered(*of: str) -> tuple[bool, bool]:
        when = {"kind": "visit", "under": {"level": "high", "of": of}}
        return holds(when, one, store), holds(when, one, district)

    assert covered("place") == (True, False)
    assert covered("area") == (False, True)
    assert covered("area", "place") == (True, True)


@pytest.mark.parametrize(
    ("start", "end", "look_back", "lies_under"),
    [
        ("2020-01-09", "2020-01-10 11:59:59", "0m", False),
        ("2020-01-09", "2020-01-10 12:00", "0m", True),
        ("2020-01-09", "2020-01-10", "0d", True),
        ("2020-01-07", "2020-01-07 23:59:59", "2d", False),
        ("2020-01-07", "2020-01-08", "2d", True),
        ("2020-01-07", "2020-01-08", "48h", False),
        ("2020-01-01", "going on", "0m", True),
        ("2020-01-19 23:59:59", "going on", "0m", True),
        ("2020-01-20", None, "0m", False),
    ],
)
def test_a_closed_fact_meets_a_half_open_designation(
    start: str, end: str | None, look_back: str, lies_under: bool
) -> None:
    when = {"kind": "stay", "under": {"level": "high", "look_back": look_back}}
    one = fact(1, "stay", start, end, area="4201")
    assert holds(when, one, area("4201", "2020-01-10 12:00", "2020-01-20")) is lies_under


# Clause 4: Window


@pytest.mark.parametrize(
    ("says", "of_a_moment", "of_a_span", "of_going_on"),
    [
        ("never", None, None, None),
        ("start + 2d", "2020-01-12", "2020-01-12", "2020-01-12"),
        ("end + 2d", "2020-01-12", "2020-01-14", None),
        ("end + 48h", "2020-01-12 09:00", "2020-01-14 21:00", None),
        ("own end, else never", None, "2020-01-12 21:00", None),
        ("own end, else start + 14d", "2020-01-24", "2020-01-12 21:00", None),
        ("own end, else end + 1h", "2020-01-10 10:00", "2020-01-12 21:00", None),
    ],
)
def test_a_window_ends_by_itself_as_the_rule_says(
    says: str, of_a_moment: str | None, of_a_span: str | None, of_going_on: str | None
) -> None:
    for end, expected in (
        (None, of_a_moment),
        ("2020-01-12 21:00", of_a_span),
        ("going on", of_going_on),
    ):
        found = until(rule("isolation", says), fact(1, "isolation", "2020-01-10 09:00", end))
        assert found == (expected and local(expected))


def test_a_window_opens_at_the_start_plus_an_offset() -> None:
    one = fact(1, "contact", "2020-01-10 23:59:59")
    opened = {
        offset: {each.opens for each in judged(rule("contact", "never", opens=offset), one)}
        for offset in ("start", "start + 0d", "start + 1d", "start + 24h")
    }
    assert opened == {
        "start": {local("2020-01-10 23:59:59")},
        "start + 0d": {local("2020-01-10")},
        "start + 1d": {local("2020-01-11")},
        "start + 24h": {local("2020-01-11 23:59:59")},
    }


def test_a_window_that_ends_as_it_opens_is_no_finding() -> None:
    one = fact(1, "contact", "2020-01-10 12:00")
    assert not judged(rule("contact", "start"), one)
    assert not judged(rule("contact", "start + 0d"), one)
    assert not judged(rule("contact", "start + 1d", opens="start + 1d"), one)
    assert judged(rule("contact", "start + 1d"), one)


# Clause 5: Early end

ILL = fact(1, "diagnosis", "2020-01-10 12:00")


def ended_by(*others: Fact, trigger: Fact = ILL, **end: Any) -> datetime | None:
    return until(
        rule("diagnosis", "never", early_ends=[{"when": {"kind": "test"}} | end]), trigger, *others
    )


def test_the_first_fact_at_or_after_the_start_ends_the_window() -> None:
    early = fact(2, "test", "2020-01-10 11:59:59")
    later, latest = fact(3, "test", "2020-01-15 09:00"), fact(4, "test", "2020-01-16")
    assert ended_by(early) is None
    assert ended_by(latest, early, later) == local("2020-01-15 09:00")
    begun_before = fact(2, "test", "2020-01-05", "2020-01-14")
    assert ended_by(begun_before, later) == local("2020-01-14")
    at_the_start = fact(5, "test", "2020-01-10 12:00")
    assert not judged(
        rule("diagnosis", "never", early_ends=[{"when": {"kind": "test"}}]), ILL, at_the_start
    )


def test_only_a_finished_fact_of_the_same_person_and_a_named_class_ends() -> None:
    start, end = "2020-01-15", "2020-01-16"
    assert ended_by(fact(2, "test", start, end)) == local(end)
    assert ended_by(fact(2, "test", start, "going on")) is None
    assert ended_by(fact(2, "test", start, end, person=2)) is None
    assert ended_by(fact(2, "test", start, end, source_class="self")) is None


def test_a_pattern_narrows_those_who_may_release() -> None:
    said_by_self = {"when": {"kind": "test", "sources": ["self"]}}
    a_rule = rule("diagnosis", "never", released_by=["authority"], early_ends=[said_by_self])
    assert until(a_rule, ILL, fact(2, "test", "2020-01-15", source_class="self")) is None
    assert until(a_rule, ILL, fact(2, "test", "2020-01-15")) is None
    both = a_rule | {"released_by": ["authority", "self"]}
    by_self = fact(2, "test", "2020-01-15", source_class="self")
    assert until(both, ILL, by_self) == local("2020-01-15")


def test_a_fact_never_ends_its_own_window() -> None:
    one = fact(1, "isolation", "2020-01-10", "2020-01-12")
    a_rule = rule("isolation", "never", early_ends=[{"when": {"kind": "isolation"}}])
    assert until(a_rule, one) is None
    assert until(a_rule, one, fact(2, "isolation", "2020-01-13")) == local("2020-01-13")


@pytest.mark.parametrize(
    ("after", "trigger_end", "test_at", "ends"),
    [
        ("start + 1d", None, "2020-01-10 23:59:59", False),
        ("start + 1d", None, "2020-01-11", True),
        ("start + 24h", None, "2020-01-11 11:59:59", False),
        ("start + 24h", None, "2020-01-11 12:00", True),
        ("end", "2020-01-15 12:00", "2020-01-15 11:59", False),
        ("end", "2020-01-15 12:00", "2020-01-15 12:00", True),
        ("end + 7d", "2020-01-15 12:00", "2020-01-22", True),
        ("end", "going on", "2020-02-20", False),
        ("start", "going on", "2020-02-20", True),
    ],
)
def test_an_early_end_counts_from_the_start_or_the_end_as_the_rule_says(
    after: str, trigger_end: str | None, test_at: str, ends: bool
) -> None:
    ill = fact(1, "diagnosis", "2020-01-10 12:00", trigger_end)
    found = ended_by(fact(2, "test", test_at), trigger=ill, after=after)
    assert found == (local(test_at) if ends else None)


def test_an_end_earlier_on_the_first_day_leaves_no_window_where_the_rule_counts_days() -> None:
    earlier = fact(2, "test", "2020-01-10")
    end = {"when": {"kind": "test"}, "after": "start + 0d"}
    assert not judged(rule("diagnosis", "never", early_ends=[end]), ILL, earlier)
    assert ended_by(earlier, after="start") is None
    assert ended_by(earlier, after="start + 0d", plus="36h") == local("2020-01-11 12:00")


def test_an_isolation_must_have_lasted_as_many_nights() -> None:
    almost = fact(2, "test", "2020-01-11 23:59", "2020-01-24 23:59:59")
    enough = fact(2, "test", "2020-01-11 23:59", "2020-01-25")
    assert ended_by(almost, lasting="14d") is None
    assert ended_by(enough, lasting="14d") == local("2020-01-25")
    assert ended_by(fact(2, "test", "2020-01-12"), lasting="1m") is None


def test_the_same_source_may_be_asked_for() -> None:
    elsewhere = fact(2, "test", "2020-01-15", source="another commission")
    assert ended_by(elsewhere, same_source=True) is None
    assert ended_by(elsewhere, fact(3, "test", "2020-01-16"), same_source=True) == local(
        "2020-01-16"
    )


def test_facts_are_taken_greedily_each_far_enough_after_the_last() -> None:
    tests = [
        fact(number, "test", start)
        for number, start in enumerate(
            ("2020-01-15 20:00", "2020-01-15 23:59", "2020-01-16 00:01", "2020-01-17 08:00"), 2
        )
    ]
    assert ended_by(*tests[:1], count=2) is None
    assert ended_by(*tests, count=2) == local("2020-01-15 23:59")
    assert ended_by(*tests, count=2, apart="1d") == local("2020-01-16 00:01")
    assert ended_by(*tests, count=2, apart="24h") == local("2020-01-17 08:00")
    assert ended_by(*tests, count=3, apart="1d") == local("2020-01-17 08:00")
    assert ended_by(*tests, count=3, apart="24h") is None


def test_facts_lie_apart_from_the_last_taken_not_from_the_first() -> None:
    starts = ("2020-01-15 09:00", "2020-01-16 09:00", "2020-01-16 12:00", "2020-01-17 09:00")
    tests = [fact(number, "test", start) for number, start in enumerate(starts, 2)]
    assert ended_by(*tests, count=3, apart="24h") == local("2020-01-17 09:00")
    assert ended_by(*tests[:3], count=3, apart="24h") is None


def test_two_facts_of_one_instant_are_two_facts_unless_they_must_lie_apart() -> None:
    twins = [fact(number, "test", "2020-01-15 09:00") for number in (2, 3)]
    assert ended_by(*twins, count=2) == local("2020-01-15 09:00")
    assert ended_by(*twins, count=2, apart="0d") == local("2020-01-15 09:00")
    assert ended_by(*twins, count=2, apart="1m") is None


def test_a_release_may_take_effect_later() -> None:
    well = fact(2, "test", "2020-01-15 09:00")
    assert ended_by(well, plus="14d") == local("2020-01-29")
    assert ended_by(well, plus="0d") == local("2020-01-15")
    assert ended_by(well, plus="24h") == local("2020-01-16 09:00")


def test_the_first_of_all_ends_closes_the_window() -> None:
    ends = [{"when": {"kind": "test"}}, {"when": {"kind": "discharge"}}]
    a_rule = rule("diagnosis", "start + 14d", early_ends=ends)
    tested = fact(2, "test", "2020-01-20")
    discharged = fact(3, "discharge", "2020-01-18")
    too_late = fact(2, "test", "2020-01-30")
    assert until(a_rule, ILL, tested, discharged) == local("2020-01-18")
    assert until(a_rule, ILL, tested) == local("2020-01-20")
    assert until(a_rule, ILL, too_late) == local("2020-01-24")


# Clause 6: Colour


def test_the_most_severe_active_window_wins() -> None:
    book = rulebook(
        rule("declaration", id="declared", colour="green"),
        rule("symptom", id="ill", colour="orange"),
        rule("contact", "start + 2d", id="near"),
    )
    known = [
        fact(1, "declaration", "2020-01-10"),
        fact(2, "symptom", "2020-01-12"),
        fact(3, "contact", "2020-01-13 09:00"),
    ]
    found = findings(known, (), book, None)

    def at(moment: str, person: int = 1) -> tuple[str, datetime | None]:
        seen = standing(found, person, local(moment), book)
        return seen.colour.value, seen.changes_at

    assert at("2020-01-09 23:59:59") == ("grey", local("2020-01-10"))
    assert at("2020-01-10") == ("green", local("2020-01-12"))
    assert at("2020-01-12") == ("orange", local("2020-01-13 09:00"))
    assert at("2020-01-13 09:00") == ("red", local("2020-01-15"))
    assert at("2020-01-14 23:59:59") == ("red", local("2020-01-15"))
    assert at("2020-01-15") == ("orange", local("2020-01-24"))
    assert at("2020-01-24") == ("orange", local("2020-01-26"))
    assert at("2020-01-26") == ("grey", None)
    assert at("2020-01-14", person=2) == ("grey", None)


def test_without_a_declaration_rule_nobody_is_grey() -> None:
    book = rulebook(rule("contact", "never"))
    found = findings([fact(1, "contact", "2020-01-10")], (), book, None)
    assert standing(found, 2, local("2020-01-10"), book).colour == "green"
    assert standing(found, 1, local("2020-01-09"), book).colour == "green"
    assert standing(found, 1, local("2020-01-10"), book).colour == "red"
    assert standing(found, 1, local("2020-01-10"), book).changes_at is None


# Clause 7: Reason


def test_a_finding_names_its_rule_its_fact_and_its_person() -> None:
    (found,) = judged(rule("contact"), fact(7, "contact", "2020-01-10 12:00", person=3))
    expected = (3, "the-rule", 7, "red", local("2020-01-10 12:00"), local("2020-01-24"))
    assert (
        found.person,
        found.rule,
        found.fact,
        found.colour.value,
        found.opens,
        found.until,
    ) == expected
