"""A look over a rulebook: each fault is found, nothing else is called one, and all is in words."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from healthcode.app.wiring import shipped
from healthcode.kit.files import read_yaml
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.checking import Found, look_over, misfits
from healthcode.rulebook.checking.reach import alike, idle, unreachable
from healthcode.rulebook.terms import Rule, Rulebook
from tests.promises.test_words import wrong_words
from tests.rulebook.oracle import findings, standing
from tests.rulebook.strategies import World, patterns, rulebooks, untils, worlds

WORDS = {"zh": "字", "en": "word"}
EXAMPLE = {"title": "nothing", "facts": [], "colours": {"2020-01-10": "green"}}
END = {"when": {"kind": "clearance"}}


def a_rule(name: str = "R1", colour: str = "red", until: str = "start + 14d", **more: Any) -> Any:
    words = dict.fromkeys(("title", "reason", "instructions", "source", "releaser"), WORDS)
    if "early_ends" in more:
        more = {"released_by": ["authority"]} | more
    return {
        "id": name, "colour": colour, "when": {"kind": "stay"},
        "window": {"from": more.pop("opens", "start"), "until": until}, "examples": [EXAMPLE],
    } | words | more  # fmt: skip


def a_body(*rules: Any, **more: Any) -> Any:
    head = {"name": "by-hand", "version": "1", "title": WORDS, "undeclared": "green"}
    return head | {"rules": list(rules)} | more


def looked_over(*rules: Any, **more: Any) -> Found:
    return look_over(Rulebook.model_validate(a_body(*rules, **more)))


def reached(*rules: Any) -> Found:
    """The same without the examples, which take their time."""
    book = Rulebook.model_validate(a_body(*rules))
    return Found((*alike(book), *unreachable(book)), tuple(idle(book)))


def places(found: Found) -> list[str]:
    """Where there is a fault; whatever is said is said in both languages."""
    assert {wrong_words(each.words) for each in (*found.faults, *found.notes)} <= {None}
    return [each.where for each in found.faults]


# ---------------------------------------------------------------- the shipped ones


def test_the_default_rulebook_has_no_fault_and_one_note_on_the_isolation_after_a_stay() -> None:
    text = (shipped("rulebooks") / "tianjin-2020-spring.yaml").read_text("utf-8")
    found = look_over(read_rulebook(text))
    assert found.faults == ()
    assert [each.where for each in found.notes] == ["rules.R5.early_ends.1"]
    assert "end + 14d" in found.notes[0].words.zh


def test_the_replays_rulebook_has_neither_fault_nor_note() -> None:
    text = (shipped("rulebooks") / "replay-tianjin-2020.yaml").read_text("utf-8")
    assert look_over(read_rulebook(text)) == Found((), ())


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize("other", ["r1", "R-1", "R_1"])
def test_ids_that_sound_alike_are_a_fault(other: str) -> None:
    when = {"kind": "contact"}
    assert places(reached(a_rule("R1"), a_rule(other, when=when))) == [f"rules.{other}"]
    assert places(reached(a_rule("R1"), a_rule("R1a", when=when))) == []


# ---------------------------------------------------------------- rules that can never count


@pytest.mark.parametrize(
    ("opens", "until", "counts"),
    [
        ("start + 3d", "start + 3d", False),
        ("start + 3d", "start + 4d", True),
        ("start", "start", False),
        ("start + 0d", "start", True),  # from the midnight before
        ("start", "start + 0d", False),
        ("start + 24h", "start + 1d", False),
        ("start + 23h", "start + 1d", True),  # a fact of the first hour
        ("start + 1d", "start + 1m", True),  # a fact of the last minute
        ("start + 1d", "start", False),
        ("start + 2d", "start + 24h", False),
        ("start + 2d", "start + 1441m", True),
        ("start + 14d", "end", True),  # a fact may last longer
        ("start + 14d", "own end, else start", True),
        ("start + 14d", "never", True),
    ],
)
def test_a_window_that_is_over_before_it_opens_is_a_fault(
    opens: str, until: str, counts: bool
) -> None:
    found = reached(a_rule(opens=opens, until=until))
    assert places(found) == ([] if counts else ["rules.R1"])
    assert counts or until in found.faults[0].words.en


@pytest.mark.parametrize(
    ("when", "possible"),
    [
        ({"inside": "1201", "outside": "12"}, False),
        ({"inside": "12", "outside": "12"}, False),
        ({"inside": "12", "outside": "1201"}, True),
        ({"inside": "12", "outside": "42"}, True),
        ({"number": {"at_least": "37.3", "below": "37.3"}}, False),
        ({"number": {"above": "37.3", "below": "37.301"}}, False),
        ({"number": {"above": "37.3", "at_most": "37.301"}}, True),
        ({"number": {"at_least": "37.3", "at_most": "37.3"}}, True),
        ({"number": {"above": "999999.999"}}, False),
        ({"number": {"below": "-999999.999"}}, False),
    ],
)
def test_a_trigger_or_an_early_end_that_no_fact_can_meet_is_a_fault(
    when: dict[str, Any], possible: bool
) -> None:
    pattern = {"kind": "stay"} | when
    assert places(reached(a_rule(when=pattern))) == ([] if possible else ["rules.R1"])
    ended = reached(a_rule(early_ends=[END, {"when": pattern}]))
    assert places(ended) == ([] if possible else ["rules.R1.early_ends.2"])


def test_an_early_end_that_nobody_named_may_send_is_a_fault() -> None:
    end = {"when": {"kind": "clearance", "sources": ["clinic", "gate"]}}
    found = reached(a_rule(early_ends=[end], released_by=["community"]))
    assert places(found) == ["rules.R1.early_ends.1"]
    assert "clinic, gate" in found.faults[0].words.en
    assert places(reached(a_rule(early_ends=[end], released_by=["community", "gate"]))) == []


@pytest.mark.parametrize(
    ("until", "end", "shortens"),
    [
        ("end + 14d", {"after": "end + 14d"}, False),
        ("end + 14d", {"after": "end + 13d"}, True),
        ("end + 14d", {"after": "start + 14d"}, True),  # of a stay that lasted
        ("end + 14d", {"after": "end + 312h"}, True),
        ("end + 14d", {"after": "end + 336h"}, False),
        ("end + 336h", {"after": "end + 14d"}, True),  # the midnight before
        ("start + 14d", {"after": "end + 14d"}, False),
        ("end + 14d", {"count": 3, "apart": "7d"}, True),  # of a stay that lasted
        ("start + 14d", {"count": 3, "apart": "7d"}, False),
        ("start + 14d", {"count": 3, "apart": "6d"}, True),
        ("start + 14d", {"plus": "14d"}, False),
        ("start + 14d", {"plus": "13d"}, True),
        ("never", {"after": "end + 9999d"}, True),
        ("own end, else never", {"after": "end"}, True),  # of a moment
        ("own end, else start + 1d", {"after": "end + 1d"}, False),
        ("own end, else start + 2d", {"after": "end + 1d"}, True),
    ],
)
def test_an_early_end_that_comes_too_late_for_every_window_is_noted(
    until: str, end: dict[str, Any], shortens: bool
) -> None:
    found = reached(a_rule(until=until, early_ends=[END | end]))
    assert places(found) == []
    assert [each.where for each in found.notes] == ([] if shortens else ["rules.R1.early_ends.1"])


def hidden(rule: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether R2 is said to be hidden by R1."""
    found = reached(a_rule("R1", **other), a_rule("R2", **rule))
    assert all("R1" in each.words.en and "R1" in each.words.zh for each in found.faults)
    return places(found) == ["rules.R2"]


RELEASED = {"early_ends": [END]}
UNDER = {"level": "high"}
STAY = {"kind": "stay"}


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ({}, {}),
        ({"colour": "orange"}, {}),
        (RELEASED, {}),
        (RELEASED, RELEASED),
        ({"until": "start + 14d"}, {"until": "end + 14d"}),
        ({"until": "start + 13d"}, {"until": "start + 336h"}),
        ({"until": "end + 14d"}, {"until": "never"}),
        ({"until": "own end, else start + 1d"}, {"until": "end + 1d"}),
        ({"opens": "start + 1d"}, {}),
        ({}, {"opens": "start + 0d"}),
        ({"when": STAY | {"result": ["a"]}}, {"when": STAY | {"result": ["a", "b"]}}),
        ({"when": STAY | {"sources": ["gate"]}}, {"when": STAY}),
        ({"when": STAY | {"inside": "1201"}}, {"when": STAY | {"inside": "12"}}),
        ({"when": STAY | {"inside": "42"}}, {"when": STAY | {"outside": "12"}}),
        ({"when": STAY | {"outside": "12"}}, {"when": STAY | {"outside": "1201"}}),
        ({"when": STAY | {"under": UNDER}}, {"when": STAY}),
        (
            {"when": STAY | {"under": UNDER | {"of": ["place"], "look_back": "1d"}}},
            {"when": STAY | {"under": UNDER | {"look_back": "48h"}}},
        ),
        (
            {"when": STAY | {"number": {"above": 37, "below": 39}}},
            {"when": STAY | {"number": {"at_least": 37}}},
        ),
    ],
)
def test_a_rule_that_another_outdoes_whenever_it_counts_is_a_fault(
    rule: dict[str, Any], other: dict[str, Any]
) -> None:
    assert hidden(rule, other)


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ({}, {"colour": "orange"}),
        ({}, RELEASED),
        (RELEASED, RELEASED | {"released_by": ["authority", "clinic"]}),
        ({"until": "end + 14d"}, {"until": "start + 14d"}),
        ({"until": "start + 336h"}, {"until": "start + 14d"}),
        ({"until": "end + 1d"}, {"until": "own end, else start + 1d"}),
        ({"until": "own end, else start + 1d"}, {"until": "end + 0d"}),
        ({"opens": "start + 0d"}, {}),  # it opens at the midnight before
        ({"when": {"kind": "visit"}}, {}),
        ({"when": STAY}, {"when": STAY | {"result": ["a"]}}),
        ({"when": STAY | {"sources": ["gate", "self"]}}, {"when": STAY | {"sources": ["gate"]}}),
        ({"when": STAY | {"inside": "12"}}, {"when": STAY | {"inside": "1201"}}),
        ({"when": STAY | {"inside": "12"}}, {"when": STAY | {"outside": "1201"}}),
        ({"when": STAY}, {"when": STAY | {"outside": "12"}}),
        ({"when": STAY}, {"when": STAY | {"under": UNDER}}),
        (
            {"when": STAY | {"under": UNDER | {"look_back": "1d"}}},
            {"when": STAY | {"under": UNDER | {"look_back": "47h"}}},
        ),
        (
            {"when": STAY | {"number": {"at_least": 37}}},
            {"when": STAY | {"number": {"above": 37}}},
        ),
    ],
)
def test_a_rule_that_counts_where_another_does_not_is_no_fault(
    rule: dict[str, Any], other: dict[str, Any]
) -> None:
    found = reached(a_rule("R1", **other), a_rule("R2", **rule))
    assert "rules.R2" not in places(found)


def test_of_rules_that_hide_one_another_all_but_one_are_named() -> None:
    assert places(reached(a_rule("B"), a_rule("C"), a_rule("A"))) == ["rules.B", "rules.C"]


# ---------------------------------------------------------------- never a false alarm


def judged(world: World, rules: tuple[Rule, ...]) -> Any:
    """Who has which colour at every moment at which one can change, without the finding's rule."""
    book = world.rulebook.model_copy(update={"rules": rules})
    found = findings(world.facts, world.designations, book, world.known_at)
    edges = {each.opens for each in found} | {each.until for each in found if each.until}
    return lambda at: {p: standing(found, p, at, book).colour for p in world.persons}, edges


@st.composite
def twins(draw: Any) -> Rulebook:
    """A rulebook in which one rule is much like another: so that one may hide the other."""
    drawn = draw(rulebooks())
    rule = draw(st.sampled_from(drawn.rules))
    body = rule.model_dump(mode="json", by_alias=True)
    for change in draw(st.lists(st.sampled_from(("when", "until", "opens", "ends")), max_size=2)):
        if change == "when":
            body["when"] |= draw(patterns([body["when"]["kind"]]))
        elif change == "until":
            body["window"]["until"] = draw(untils())
        elif change == "opens":
            body["window"]["from"] = draw(st.sampled_from(("start", "start + 0d", "start + 24h")))
        else:
            body |= {"early_ends": [], "released_by": []}
    twin = Rule.model_validate(body | {"id": draw(st.sampled_from(("a-twin", "z-twin")))})
    return drawn.model_copy(update={"rules": (*drawn.rules, twin)})


@st.composite
def flagged_worlds(draw: Any) -> tuple[World, list[str]]:
    rulebook = draw(twins())
    found = [*unreachable(rulebook), *idle(rulebook)]
    assume(found)
    return draw(worlds(rulebook)), [each.where for each in found]


def without(rulebook: Rulebook, where: str) -> tuple[Rule, ...]:
    """The rules, but for the rule or the early end of this place."""
    _, name, *rest = where.split(".")
    if not rest:
        return tuple(rule for rule in rulebook.rules if rule.id != name)
    left = int(rest[1]) - 1
    return tuple(
        rule.model_copy(
            update={"early_ends": (*rule.early_ends[:left], *rule.early_ends[left + 1 :])}
        )
        if rule.id == name
        else rule
        for rule in rulebook.rules
    )


def never_missed(world: World, places: list[str]) -> None:
    before, edges = judged(world, world.rulebook.rules)
    for where in places:
        after, others = judged(world, without(world.rulebook, where))
        for at in edges | others | {world.at}:
            assert before(at) == after(at), where


@settings(max_examples=30)
@given(flagged_worlds())
def test_what_is_said_never_to_count_is_missed_in_no_world(case: tuple[World, list[str]]) -> None:
    never_missed(*case)


@pytest.mark.slow
@settings(max_examples=1000)
@given(flagged_worlds())
def test_what_is_said_never_to_count_is_missed_in_no_world_at_length(
    case: tuple[World, list[str]],
) -> None:
    never_missed(*case)


@settings(max_examples=20)
@given(worlds())
def test_a_rule_that_counts_in_some_world_is_not_said_never_to_open(world: World) -> None:
    counted = findings(world.facts, world.designations, world.rulebook, None)
    said = {
        each.where.split(".")[1]
        for each in unreachable(world.rulebook)
        if each.where.count(".") == 1 and "changes nobody" not in each.words.en
    }
    assert said & {each.rule for each in counted} == set()


# ---------------------------------------------------------------- examples


def with_example(**example: Any) -> Found:
    return looked_over(a_rule(examples=[EXAMPLE | {"title": "of a stay"} | example]))


def test_an_example_that_the_rulebook_does_not_keep_says_when_what_and_what_instead() -> None:
    stay = {"kind": "stay", "started_at": "2020-02-01T12:00"}
    colours = {"2020-02-01": "red", "2020-02-02": "red", "2020-02-15": "red"}
    found = with_example(facts=[stay], colours=colours)
    assert places(found) == ['rules.R1.examples "of a stay"']
    assert found.faults[0].words.en == (
        "at 2020-02-01 it expects red and gets green; at 2020-02-15 it expects red and gets "
        "green. Change the rules, or what it expects."
    )
    assert "2020-02-01 应为 red，结果为 green" in found.faults[0].words.zh


STAYED = {"kind": "stay", "started_at": "2020-02-01"}
PUT = {"level": "high", "started_at": "2020-02-01", "area": "42"}


@pytest.mark.parametrize(
    ("example", "where", "words"),
    [
        ({"facts": [STAYED | {"started_at": "2020-02-30"}]}, "facts.1.started_at", "no time"),
        ({"facts": [STAYED | {"started_at": "20200201"}]}, "facts.1.started_at", "no time"),
        ({"facts": [STAYED | {"started_at": "9999-12-31"}]}, "facts.1.started_at", "no time"),
        ({"facts": [STAYED, STAYED | {"ended_at": "soon"}]}, "facts.2.ended_at", "no time"),
        ({"facts": [STAYED | {"ended_at": "2020-01-31"}]}, "facts.1.ended_at", "before its start"),
        ({"facts": [STAYED | {"area": "Tianjin"}]}, "facts.1.area", "division code"),
        ({"facts": [STAYED | {"number": "37.3001"}]}, "facts.1.number", "three decimals"),
        ({"facts": [STAYED | {"number": "1e9"}]}, "facts.1.number", "too large"),
        ({"facts": [STAYED | {"result": "Negative"}]}, "facts.1.result", "lower-case"),
        ({"designations": [PUT | {"area": "1"}]}, "designations.1.area", "division code"),
        ({"designations": [PUT | {"area": ""}]}, "designations.1", "covers nothing"),
        ({"designations": [PUT | {"ended_at": "24:00"}]}, "designations.1.ended_at", "no time"),
        ({"colours": {"noon": "green"}}, "colours", "no time"),
        (
            {"colours": {"2020-02-01": "green", "2020-02-01T00:00": "green"}},
            "colours",
            "the same moment",
        ),
    ],
)
def test_what_cannot_be_read_in_an_example_is_told_in_words(
    example: dict[str, Any], where: str, words: str
) -> None:
    found = with_example(**example)
    assert places(found) == ['rules.R1.examples "of a stay"']
    assert found.faults[0].words.en.startswith(f"{where}: ")
    assert words in found.faults[0].words.en


def test_a_moment_or_a_condition_that_is_written_twice_is_refused_by_its_line() -> None:
    with pytest.raises(yaml.YAMLError, match=r"'2020-02-01' is there twice(.|\n)*line 3"):
        read_yaml('colours:\n  "2020-02-01": red\n  "2020-02-01": green')


def test_an_example_may_say_an_end_of_the_year_9999_as_registers_do() -> None:
    stay = STAYED | {"ended_at": "9999-12-31"}
    example = EXAMPLE | {"facts": [stay], "colours": {"2029-01-01": "red"}}
    assert looked_over(a_rule(until="end", examples=[example])) == Found((), ())


def test_a_designation_of_one_example_colours_nobody_in_another() -> None:
    under = {"kind": "stay", "under": {"level": "high"}}
    stay = STAYED | {"area": "4201"}
    put = EXAMPLE | {"facts": [stay], "designations": [PUT], "colours": {"2020-02-02": "red"}}
    free = EXAMPLE | {"facts": [stay], "colours": {"2020-02-02": "green"}}
    examples = [free, put, free | {"designations": [PUT | {"area": "31"}]}]
    assert looked_over(a_rule(when=under, examples=examples)) == Found((), ())


# ---------------------------------------------------------------- the language


def refused(body: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as error:
        Rulebook.model_validate(body)
    found = misfits(error.value, body)
    assert [wrong_words(each.words) for each in found] == [None] * len(found)
    return {each.where: each.words.en for each in found}


def test_everything_that_does_not_fit_the_language_is_said_with_its_place() -> None:
    stay = {"kind": "stay", "reslt": ["x"], "under": {"level": "hgih"}}
    fact = {"kind": "stay", "started_at": yaml.safe_load("2020-02-01")}
    rule = a_rule("O1", when=stay, examples=[EXAMPLE | {"facts": [fact]}], source={"zh": "字"})
    body = a_body(a_rule(), rule | {"window": {"until": "tomorrow"}}, version=1)
    assert refused(body) == {
        "version": "It has to be text. Put dates, times, division codes and versions in quotes.",
        "rules.O1.source.en": "It is missing.",
        "rules.O1.when.under.level": "It has to be one of: medium, high, exposure.",
        "rules.O1.when.reslt": "The language has no such key: look at its spelling.",
        "rules.O1.window.until": "Write `start`, `end`, `start + 14d` or `end + 14d`.",
        "rules.O1.examples.1.facts.1.started_at": (
            "It has to be text. Put dates, times, division codes and versions in quotes."
        ),
    }


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (None, "rulebook"),
        ([], "rulebook"),
        (a_body(), "rules"),
        (a_body(3), "rules.1"),
        (a_body({k: v for k, v in a_rule().items() if k != "id"}), "rules.1.id"),
        (a_body(a_rule(), a_rule()), "rulebook"),
    ],
)
def test_even_what_is_hardly_a_rulebook_has_a_place(body: Any, where: str) -> None:
    assert where in refused(body)
