"""The same rules in plain Python, person by person: what a service would write first.

What a rule says is turned into small functions once; then there are loops over a person's facts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from bench.facts import DAY, GOING, HOUR, MINUTE, NEVER, SHANGHAI, microseconds
from healthcode.rulebook.terms import (
    SEVERITY,
    Duration,
    EarlyEnd,
    Moment,
    Numbers,
    Pattern,
    Rule,
    Rulebook,
    Under,
)

Fact = dict[str, Any]
Person = dict[str, list[Fact]]
Test = Callable[[Fact], bool]
Shift = Callable[[int], int]


class PlainEngine:
    """A rulebook made ready once, for many people."""

    def __init__(self, rulebook: Rulebook, at: datetime) -> None:
        self._now = microseconds(at)
        self._rules: defaultdict[str, list[_Rule]] = defaultdict(list)
        for rule in rulebook.rules:
            self._rules[rule.when.kind.value].append(_Rule(rule))

    def judge(self, texts: Iterable[str]) -> list[tuple[int, int]]:
        """(severity, changes at) of each person, from the JSON of their facts."""
        return [self._standing(json.loads(text)) for text in texts]

    def _standing(self, person: Person) -> tuple[int, int]:
        now, worst, soonest = self._now, 0, NEVER
        for kind, facts in person.items():
            for rule in self._rules.get(kind, ()):
                for fact in facts:
                    if not rule.triggers(fact):
                        continue
                    opens, until = rule.window(fact, person)
                    if until <= now or until <= opens:
                        continue
                    if opens <= now:
                        worst, soonest = max(worst, rule.severity), min(soonest, until)
                    else:
                        soonest = min(soonest, opens)
        return worst, soonest


class _Rule:
    def __init__(self, rule: Rule) -> None:
        self.severity = SEVERITY[rule.colour]
        self._matches = _matcher(rule.when)
        self._under = None if rule.when.under is None else _under(rule.when.under)
        self._opens = _shift(rule.window.opens.plus)
        until = rule.window.until
        self._own_end = until.own_end
        self._until = (lambda _: NEVER) if until.moment is None else _moment(until.moment)
        self._ends = [_Ending(rule, end) for end in rule.early_ends]

    def triggers(self, fact: Fact) -> bool:
        return self._matches(fact) and (self._under is None or self._under(fact))

    def window(self, fact: Fact, person: Person) -> tuple[int, int]:
        until = fact["ended"] if self._own_end and fact["states_end"] else self._until(fact)
        for end in self._ends:
            until = min(until, end.first(fact, person))
        return self._opens(fact["started"]), until


class _Ending:
    """An early end: when the first fact comes that ends a window."""

    def __init__(self, rule: Rule, end: EarlyEnd) -> None:
        if end.count > 1:
            raise NotImplementedError("an early end that counts several facts")
        self._kind = end.when.kind.value
        self._matches = _matcher(end.when)
        self._classes = frozenset(each.value for each in rule.released_by)
        self._due = _moment(end.after)
        self._lasts = None if end.lasting is None else _shift(end.lasting)
        self._same_source = end.same_source
        self._other = end.when.kind == rule.when.kind
        self._plus = _shift(end.plus)

    def first(self, trigger: Fact, person: Person) -> int:
        due = self._due(trigger)
        ends = [
            fact["ended"]
            for fact in person.get(self._kind, ())
            if due <= fact["ended"] < GOING
            and fact["source_class"] in self._classes
            and self._matches(fact)
            and (self._lasts is None or fact["ended"] >= self._lasts(fact["started"]))
            and (not self._same_source or fact["source"] == trigger["source"])
            and (not self._other or fact["fact"] != trigger["fact"])
        ]
        return self._plus(min(ends)) if ends else NEVER


def _matcher(pattern: Pattern) -> Test:
    tests: list[Test] = []
    if pattern.result:
        results = frozenset(pattern.result)
        tests.append(lambda fact: fact["result"] in results)
    if pattern.sources:
        classes = frozenset(each.value for each in pattern.sources)
        tests.append(lambda fact: fact["source_class"] in classes)
    if (inside := pattern.inside) is not None:
        tests.append(lambda fact: fact["area"].startswith(inside))
    if (outside := pattern.outside) is not None:
        tests.append(lambda fact: fact["area"] != "" and not fact["area"].startswith(outside))
    if pattern.number is not None:
        tests.append(_bounds(pattern.number))
    if len(tests) == 1:
        return tests[0]
    return lambda fact: all(test(fact) for test in tests)


def _bounds(numbers: Numbers) -> Test:
    at_least, above, at_most, below = (
        None if bound is None else float(bound)
        for bound in (numbers.at_least, numbers.above, numbers.at_most, numbers.below)
    )

    def within(fact: Fact) -> bool:
        number = fact["number"]
        return number is not None and (
            (at_least is None or number >= at_least)
            and (above is None or number > above)
            and (at_most is None or number <= at_most)
            and (below is None or number < below)
        )

    return within


def _under(under: Under) -> Test:
    level, back = under.level.value, _shift(under.look_back, forward=False)

    def lies_under(fact: Fact) -> bool:
        return any(
            each["level"] == level
            and any(each[of] for of in under.of)
            and fact["started"] < each["ended"]
            and fact["ended"] >= back(each["started"])
            for each in fact["covered"] or ()
        )

    return lies_under


def _moment(moment: Moment) -> Callable[[Fact], int]:
    edge = "started" if moment.edge == "start" else "ended"
    shift = _shift(moment.plus)
    return lambda fact: shift(fact[edge])


def _shift(duration: Duration, *, forward: bool = True) -> Shift:
    count = duration.count if forward else -duration.count
    if duration.unit == "d":
        days = count * DAY
        return lambda instant: instant - (instant + SHANGHAI) % DAY + days
    exact = count * (HOUR if duration.unit == "h" else MINUTE)
    return lambda instant: instant + exact
