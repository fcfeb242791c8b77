"""Every colour explains itself whole, and `what if` says what would really come of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.evidence.tables import recordings, retractions
from healthcode.kit.db import Transaction
from healthcode.rulebook import Colour, Finding, judge
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.explanations.endings import end_words
from healthcode.rulebook.explanations.explaining import (
    Explanation,
    NotTheirFact,
    State,
    differences,
    explanation,
)
from healthcode.rulebook.supposing import Supposed, WhatIf
from healthcode.rulebook.terms import EarlyEnd, Rule
from tests.conftest import NOON
from tests.rulebook import oracle
from tests.rulebook.engine import inside
from tests.rulebook.every_word import EVERY_WORD
from tests.rulebook.facts import Fact, Going
from tests.rulebook.strategies import World, stories, worlds
from tests.rulebook.worlds import put

DEFAULT = read_rulebook((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
LONG_AGO = datetime(1900, 1, 2, tzinfo=UTC)


def supposed(fact: Fact) -> Supposed:
    """The same fact, as one that nobody has recorded."""
    return Supposed(
        fact.kind,
        fact.result,
        fact.source_class,
        fact.started_at,
        fact.ended_at if isinstance(fact.ended_at, datetime) else None,
        fact.ended_at is Going.ON,
        fact.source,
        fact.number,
        fact.area,
        fact.place,
    )


def take_back(transaction: Transaction, numbers: Iterable[int]) -> None:
    """Retract facts, and let it always have been known."""
    recording = transaction.run(
        sa.insert(recordings).values(client="world").returning(recordings.c.recording)
    ).scalar_one()
    for fact in numbers:
        transaction.run(sa.delete(retractions).where(retractions.c.fact == fact))
        row = {"fact": fact, "source": "x", "recording": recording, "recorded_at": LONG_AGO}
        transaction.run(sa.insert(retractions).values(**row))


def check_endings(world: World, found: Explanation) -> None:
    """Whatever ended a window early is enough, and none of it can be left out."""
    facts = {fact.fact: fact for fact in world.facts}

    def until(finding: Finding, others: Iterable[int]) -> datetime | None:
        told = [facts[number] for number in (finding.fact, *others)]
        judged = oracle.findings(told, world.designations, world.rulebook, world.known_at)
        key = (finding.rule, finding.fact)
        return next(each.until for each in judged if (each.rule, each.fact) == key)

    for each in found.findings:
        finding, by = each.finding, [fact.number for fact in each.ended_by]
        own = oracle.own_until(facts[finding.fact], each.rule.window.until)
        assert each.by_itself == own
        assert (finding.until != own) == bool(by)
        assert until(finding, by) == finding.until
        assert finding.until not in [until(finding, set(by) - {one}) for one in by]


def check_what_if(transaction: Transaction, world: World, data: st.DataObject) -> None:
    """What would be is what then is; and what ended a window early did."""
    known_at = world.known_at
    person = data.draw(st.sampled_from(world.persons))
    theirs = [fact.fact for fact in world.facts if fact.person == person]
    without = data.draw(st.frozensets(st.sampled_from(theirs))) if theirs else frozenset[int]()
    told = data.draw(stories(EVERY_WORD, 1))
    added = [
        replace(fact, fact=100 + n, person=person, recorded_at=LONG_AGO, retracted_at=None)
        for n, fact in enumerate(told, start=1)
    ]
    what_if = WhatIf(without, tuple(supposed(fact) for fact in added))
    at = max(world.at, NOON)  # since when the rulebook binds that uses every word
    with inside(transaction, world.persons, world.facts, world.designations):
        check_endings(world, explanation(transaction, person, at, known_at))
        before = explanation(transaction, person, at, known_at, what_if=what_if)
        take_back(transaction, without)
        put(transaction, [], added)
        after = judge(transaction, person, at, known_at)

    def really(number: int) -> int:
        return number if number > 0 else 100 - number

    findings = {replace(each.finding, fact=really(each.finding.fact)) for each in before.findings}
    assert findings == set(after.findings)
    assert before.judgement.standing == after.standing
    assert {really(fact.number) for fact in before.added} == {fact.fact for fact in added}


@settings(max_examples=25)
@given(world=worlds(EVERY_WORD), data=st.data())
def test_what_if_is_what_recording_and_taking_back_really_give(
    by_every_word: Transaction, world: World, data: st.DataObject
) -> None:
    check_what_if(by_every_word, world, data)


@pytest.mark.slow
@settings(max_examples=1500)
@given(world=worlds(EVERY_WORD), data=st.data())
def test_what_if_is_what_recording_and_taking_back_really_give_at_length(
    by_every_word: Transaction, world: World, data: st.DataObject
) -> None:
    check_what_if(by_every_word, world, data)


# ---------------------------------------------------------------- by the default rulebook


def told(number: int, kind: str, day: float, source_class: str, result: str = "") -> Fact:
    """A moment of person 1, some days before noon of 20 February 2020."""
    return Fact(
        number, 1, kind, NOON - day * DAY, result=result, source=f"a {source_class}",
        source_class=source_class, recorded_at=NOON - 99 * DAY,
    )  # fmt: skip


DECLARED = told(1, "declaration", 3, "self")
COUGHED = told(2, "symptom", 2, "self")
EXAMINED = told(3, "clearance", 1, "clinic", "examined")
STORY = (DECLARED, COUGHED, EXAMINED)
LAPSES = datetime(2020, 3, 2, 16, tzinfo=UTC)  # the symptom's window by itself


def explained(transaction: Transaction, *facts: Fact, what_if: WhatIf | None = None) -> Explanation:
    put(transaction, {fact.person for fact in facts}, facts)
    return explanation(transaction, 1, what_if=what_if or WhatIf())


def test_a_window_that_was_ended_early_names_what_ended_it(transaction: Transaction) -> None:
    found = {each.rule.id: each for each in explained(transaction, *STORY).findings}
    assert set(found) == {"G", "O1"}
    assert (found["G"].ended_by, found["G"].state) == ((), State.ACTIVE)
    over = found["O1"]
    assert (over.state, over.finding.until) == (State.OVER, EXAMINED.started_at)
    [by] = over.ended_by
    assert (by.number, by.kind, by.result, by.source, by.source_class) == (
        3, "clearance", "examined", "a clinic", "clinic",
    )  # fmt: skip
    assert by.started_at == EXAMINED.started_at
    assert over.by_itself == LAPSES
    assert [words.en for words in over.ends] == [
        "clearance (examined), recorded by a clinic or the community"
    ]


def test_of_two_that_would_have_ended_it_at_one_moment_the_first_recorded_is_named(
    transaction: Transaction,
) -> None:
    found = explained(
        transaction, *STORY, replace(EXAMINED, fact=4), told(5, "clearance", 0.5, "clinic",
        "examined"), told(6, "clearance", 1, "authority", "examined"),
    )  # fmt: skip
    [over] = [each for each in found.findings if each.rule.id == "O1"]
    assert [fact.number for fact in over.ended_by] == [3]
    assert over.by_itself == LAPSES, "without the later one too"


def test_what_ended_it_at_midnight_is_named(transaction: Transaction) -> None:
    at_midnight = replace(EXAMINED, started_at=NOON - DAY / 2)
    _, over = explained(transaction, DECLARED, COUGHED, at_midnight).findings
    assert [fact.number for fact in over.ended_by] == [3]
    assert over.finding.until == NOON - DAY / 2


def test_what_would_have_ended_it_later_than_it_ends_by_itself_is_not_named(
    transaction: Transaction,
) -> None:
    early = replace(COUGHED, started_at=NOON - 20 * DAY)
    [over] = explained(transaction, early, EXAMINED).findings
    assert (over.state, over.ended_by, over.by_itself) == (State.OVER, (), over.finding.until)


def test_several_facts_that_ended_it_together_are_all_named(by_every_word: Transaction) -> None:
    far = {"area": "4201", "source": "bureau", "source_class": "authority"}
    stay = replace(told(1, "stay", 9, "authority"), **far)
    tests = [told(2 + n, "test", 8 - n * 0.75, "community", "negative") for n in range(4)]
    [over] = [
        each
        for each in explained(by_every_word, stay, *tests).findings
        if each.rule.id == "outside"
    ]
    # a day apart: the second comes too soon after the first, the third is the second taken
    assert [fact.number for fact in over.ended_by] == [2, 4]
    assert over.finding.until == tests[2].started_at + timedelta(minutes=30)


def test_a_window_is_active_from_its_opening_on_and_over_as_it_ends(
    transaction: Transaction,
) -> None:
    put(transaction, [1], STORY)

    def state(at: datetime) -> State:
        found = explanation(transaction, 1, at).findings
        return next(each.state for each in found if each.rule.id == "O1")

    opens, until = COUGHED.started_at, EXAMINED.started_at
    assert [state(opens - INSTANT), state(opens)] == [State.TO_COME, State.ACTIVE]
    assert [state(until - INSTANT), state(until)] == [State.ACTIVE, State.OVER]


def test_active_findings_come_first_the_most_severe_before_the_others(
    transaction: Transaction,
) -> None:
    contact = told(7, "contact", 4, "authority", "close")
    next_day = told(8, "symptom", -0.5, "self")
    long_over = told(9, "symptom", 40, "self")
    found = explained(transaction, *STORY, contact, next_day, long_over).findings
    # the examination ends the symptom of forty days ago no earlier than it ended by itself
    assert [(each.rule.id, each.fact.number) for each in found] == [
        ("R3", 7), ("G", 1), ("O1", 8), ("O1", 2), ("O1", 9),
    ]  # fmt: skip


def test_a_supposed_clearance_is_named_as_what_ended_it_and_is_no_fact(
    transaction: Transaction,
) -> None:
    clearance = Supposed("clearance", "examined", "community", NOON - DAY)
    before = explained(transaction, DECLARED, COUGHED)
    transaction.run(sa.text("SET TRANSACTION READ ONLY"))  # nothing can be written from here on
    after = explanation(transaction, 1, what_if=WhatIf(added=(clearance,)))
    colours = [side.judgement.standing.colour for side in (before, after)]
    assert colours == [Colour.ORANGE, Colour.GREEN]
    [changed] = differences(before, after)
    assert changed.before is not None
    assert changed.after is not None
    assert [fact.number for fact in changed.after.ended_by] == [-1]
    assert changed.after.finding.until == NOON - DAY
    assert explanation(transaction, 1) == before


def test_of_a_supposed_fact_and_a_real_one_the_real_one_is_named(transaction: Transaction) -> None:
    same = WhatIf(added=(supposed(EXAMINED),))
    [over] = [e for e in explained(transaction, *STORY, what_if=same).findings if e.ended_by]
    assert [fact.number for fact in over.ended_by] == [3]
    without = WhatIf(frozenset({3}), same.added)
    [over] = [e for e in explanation(transaction, 1, what_if=without).findings if e.ended_by]
    assert [fact.number for fact in over.ended_by] == [-1]


@pytest.mark.parametrize("number", [9, 10**30, 0, -1])
def test_a_fact_of_nobody_or_of_somebody_else_cannot_be_left_out(
    transaction: Transaction, number: int
) -> None:
    put(transaction, [2], [replace(COUGHED, fact=9, person=2)])
    what_if = WhatIf(frozenset({2, number}), (supposed(EXAMINED),))
    with pytest.raises(NotTheirFact) as refused:
        explained(transaction, *STORY, what_if=what_if)
    assert f"no fact with the number {number}" in refused.value.say("en")
    assert f"没有编号为 {number} 的事实" in refused.value.say("zh")


def test_an_explanation_names_nobody_else_and_no_place_or_area(transaction: Transaction) -> None:
    visit = replace(COUGHED, area="120101", place="West Lake market")
    found = repr(explained(transaction, DECLARED, visit, EXAMINED).findings)
    rulebook = repr([each.rule for each in explanation(transaction, 1).findings])
    assert "West Lake" not in found
    assert found.count("120101") == rulebook.count("120101")


# ---------------------------------------------------------------- what would end it, in words

ENDS = [(rule, end) for book in (DEFAULT, EVERY_WORD) for rule in book.rules
        for end in rule.early_ends]  # fmt: skip


@pytest.mark.parametrize(("rule", "end"), ENDS, ids=lambda part: getattr(part, "id", ""))
def test_every_early_end_has_words_in_both_languages(rule: Rule, end: EarlyEnd) -> None:
    words = end_words(rule, end)
    assert words is not None
    assert re.search(r"[\u4e00-\u9fff]", words.zh)
    assert words.en.isascii()
    figures = [sorted(re.findall(r"\d+(?:\.\d+)?", text)) for text in (words.zh, words.en)]
    assert figures[0] == figures[1]
    for text in (words.zh, words.en):
        assert not set("{}") & set(text)
        assert all(result in text for result in end.when.result)


def sentence(book_rule: str, number: int = 0) -> tuple[str, str]:
    rule = next(each for each, _ in ENDS if each.id == book_rule)
    words = end_words(rule, rule.early_ends[number])
    assert words is not None
    return words.zh, words.en


def test_what_would_end_a_window_is_said_with_everything_that_is_asked_of_it() -> None:
    assert sentence("R5") == (
        "疫情防控部门或其他地区登记的隔离，至少持续14个自然日，结束不早于本事实的结束时间之后14个自然日",
        (
            "isolation, recorded by the health authority or another region, lasting at least 14 "
            "local days, ending no earlier than 14 local days after the end of this fact"
        ),
    )
    assert sentence("O9") == (
        "场所查验、医疗机构或社区登记的体温，数值低于37.3，结束不早于本事实的开始时间之后30分钟",
        (
            "temperature, its number below 37.3, recorded by a gate, a clinic or the community, "
            "ending no earlier than 30 minutes after the start of this fact"
        ),
    )
    assert sentence("R6") == (
        "疫情防控部门登记的管控令（结果release），且与本事实出自同一来源",
        "order (release), recorded by the health authority, from the same source as this fact",
    )
    assert sentence("outside") == (
        "医疗机构、社区或本人登记的检测（结果negative），共2次，每次结束至少比前一次晚24小时；窗口在其后30分钟结束",
        (
            "test (negative), recorded by a clinic, the community or the person, 2 of them, each "
            "ending at least 24 hours after the one before; the window then ends 30 minutes later"
        ),
    )
    assert sentence("outside", 1)[1].startswith("test, recorded by a clinic, 3 of them")


def test_an_early_end_that_nobody_may_record_is_not_promised() -> None:
    rule = next(rule for rule in DEFAULT.rules if rule.id == "O1")
    end = EarlyEnd.model_validate({"when": {"kind": "clearance", "sources": ["gate"]}})
    assert end_words(rule, end) is None
