"""The shipped rulebooks: their examples hold, on the engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import cast

import pytest
from pydantic import ValidationError

from healthcode.app.wiring import shipped
from healthcode.evidence.feeds import fields
from healthcode.kit.db import Transaction
from healthcode.places import kept_code
from healthcode.rulebook import queries
from healthcode.rulebook.actions import NOW, BadRulebook, read_rulebook
from healthcode.rulebook.compiling import Compiled, compile_rulebook
from healthcode.rulebook.terms import Example, Rulebook
from tests.rulebook.facts import Designation, Fact, Going
from tests.rulebook.worlds import put

NAMES = ("tianjin-2020-spring", "replay-tianjin-2020")
PERSON = 1


@cache
def _rulebook(name: str) -> Rulebook:
    return read_rulebook((shipped("rulebooks") / f"{name}.yaml").read_text("utf-8"))


@cache
def _compiled(name: str) -> Compiled:
    return compile_rulebook(_rulebook(name))


def _examples() -> Iterator[object]:
    for name in NAMES:
        for rule in _rulebook(name).rules:
            for example in rule.examples:
                yield pytest.param(name, example, id=f"{name}: {rule.id}: {example.title}")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(fields.instant("at", text))


def _end(text: str) -> datetime | Going | None:
    found = fields.end("ended_at", text)
    if found is None:
        return None
    return Going.ON if found == fields.INFINITY else datetime.fromisoformat(found)


def _put(transaction: Transaction, example: Example) -> None:
    known = [
        Fact(
            fact=number,
            person=PERSON,
            kind=fact.kind,
            started_at=_instant(fact.started_at),
            ended_at=_end(fact.ended_at),
            result=fact.result,
            number=fact.number,
            area=kept_code(fact.area),
            place=fact.place,
            source=fact.source,
            source_class=fact.source,
        )
        for number, fact in enumerate(example.facts, start=1)
    ]
    designated = [
        Designation(
            designation=number,
            level=each.level,
            started_at=_instant(each.started_at),
            ended_at=cast("datetime | None", _end(each.ended_at)),
            area=kept_code(each.area),
            place=each.place,
        )
        for number, each in enumerate(example.designations, start=1)
    ]
    put(transaction, [PERSON], known, designated)


@pytest.mark.parametrize(("name", "example"), list(_examples()))
def test_an_example_of_a_rule_holds(transaction: Transaction, name: str, example: Example) -> None:
    _put(transaction, example)
    compiled = _compiled(name)
    statement = queries.standing_of_some(compiled.findings, compiled.standing)
    shown = {}
    for moment in example.colours:
        at = _instant(moment).astimezone(UTC).replace(tzinfo=None)
        row = transaction.run(
            statement, {"persons": [PERSON], "known_at": NOW, "at": at}
        ).one_or_none()
        shown[moment] = (row and row.colour) or _rulebook(name).undeclared
    assert shown == example.colours


@pytest.mark.parametrize("name", NAMES)
def test_a_rulebook_survives_being_stored_and_read(name: str) -> None:
    rulebook = _rulebook(name)
    assert Rulebook.model_validate(rulebook.model_dump(mode="json", by_alias=True)) == rulebook


def test_the_replay_names_no_source_class_and_gives_no_green() -> None:
    rulebook = _rulebook("replay-tianjin-2020")
    assert {rule.colour.value for rule in rulebook.rules} == {"red", "orange"}
    assert all(not rule.when.sources and not rule.released_by for rule in rulebook.rules)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"colour": "blue"}, "colour"),
        ({"colour": "grey"}, "colour"),
        ({"window": {"until": "tomorrow"}}, "until"),
        ({"window": {"from": "end", "until": "never"}}, "window"),
        ({"when": {"kind": "rumour"}}, "kind"),
        ({"when": {"kind": "stay", "inside": ""}}, "inside"),
        ({"when": {"kind": "test", "number": {"at_least": None}}}, "number"),
        ({"early_ends": [{"when": {"kind": "clearance"}}]}, "rules"),
        ({"released_by": ["authority"]}, "rules"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_rule_outside_the_language_is_refused_with_its_place(
    change: dict[str, object], where: str
) -> None:
    body = _rulebook("replay-tianjin-2020").model_dump(mode="json", by_alias=True)
    body["rules"][0] |= change
    with pytest.raises(ValidationError) as refused:
        Rulebook.model_validate(body)
    assert where in str(refused.value)


def test_yaml_that_is_no_rulebook_is_refused_in_words() -> None:
    with pytest.raises(BadRulebook) as refused:
        read_rulebook("rules: [")
    assert "YAML" in refused.value.say("en")
    with pytest.raises(BadRulebook) as refused:
        read_rulebook("rules: 3")
    assert "name" in refused.value.say("zh")
