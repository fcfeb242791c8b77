"""A colour explained whole: every finding, past and to come, what ended it, what would; what if.

For staff, who may take a fact back: so a fact has its number and its source's name. Like a reason
(see `reasons.py`) it never names another person, a place or an area.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from healthcode.evidence import Kind, SourceClass, facts_of
from healthcode.kit.clock import local_midnight
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.rulebook.actions import AS_IT_IS, Binding, Judgement, binding_at, findings_of, judge
from healthcode.rulebook.explanations.endings import end_words
from healthcode.rulebook.supposing import WhatIf
from healthcode.rulebook.terms import SEVERITY, Finding, Rule


class NotTheirFact(BadInput):
    """A fact to leave out that is not one of this person's."""

    words = Words(
        zh="此人没有编号为 {fact} 的事实。编号见 healthcode explain 的输出。",
        en="This person has no fact with the number {fact}. See `healthcode explain`.",
    )


class State(StrEnum):
    """Where a finding's window lies, as seen from the moment that is asked about."""

    ACTIVE = "active"
    TO_COME = "to_come"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as it may be told. `ended_at` None is a moment, or, with `going_on`, no end yet."""

    number: int  # negative: supposed, not recorded
    kind: Kind
    result: str
    started_at: datetime
    ended_at: datetime | None
    going_on: bool
    source: str
    source_class: SourceClass


@dataclass(frozen=True, slots=True)
class Explained:
    """One finding. `ended_by` is empty where the window ends by itself, at `by_itself`."""

    finding: Finding
    rule: Rule
    state: State
    fact: Told
    ended_by: tuple[Told, ...]
    by_itself: datetime | None
    ends: tuple[Words, ...]  # what would end it early


@dataclass(frozen=True, slots=True)
class Explanation:
    """A judgement with all its findings: active ones, then those to come, then those over."""

    judgement: Judgement
    findings: tuple[Explained, ...]
    added: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding that is not the same if; `before` None: it is new, `after` None: it is gone."""

    before: Explained | None
    after: Explained | None


def explanation(
    transaction: Transaction,
    person: int,
    at: datetime | None = None,
    known_at: datetime | None = None,
    *,
    what_if: WhatIf = AS_IT_IS,
) -> Explanation:
    """A person's colour with every finding, as it is or as it would be. Raises NotTheirFact."""
    facts = _facts(transaction, person, what_if)
    for number in sorted(what_if.without):
        if number < 0 or number not in facts:
            raise NotTheirFact(fact=number)
    judged = judge(transaction, person, at, known_at, what_if=what_if)
    history = _History(transaction, binding_at(transaction, judged.at), judged, facts, what_if)
    found = [history.explain(finding) for finding in judged.findings]
    found.sort(key=_rank)
    added = tuple(facts[number] for number, _ in what_if.numbered())
    return Explanation(judged, tuple(found), added)


def differences(before: Explanation, after: Explanation) -> tuple[Difference, ...]:
    """The findings that are gone, new, or have another end, in the order of an explanation."""
    old, new = (
        {(each.finding.rule, each.finding.fact): each for each in side.findings}
        for side in (before, after)
    )
    pairs = [Difference(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    return tuple(
        pair
        for pair in pairs
        if pair.before is None or pair.after is None or pair.before.finding != pair.after.finding
    )


def _facts(transaction: Transaction, person: int, what_if: WhatIf) -> dict[int, Told]:
    """Everything that is recorded of a person, and what is supposed."""
    facts: list[tuple[int, Any]] = [*facts_of(transaction, person).items(), *what_if.numbered()]
    return {
        number: Told(
            number,
            Kind(fact.kind),
            fact.result,
            fact.started_at,
            fact.ended_at,
            fact.going_on,
            fact.source,
            SourceClass(fact.source_class),
        )
        for number, fact in facts
    }


def _rank(each: Explained) -> tuple[object, ...]:
    """Active ones by severity, those to come by their opening, those over by their end."""
    first = list(State).index(each.state)
    since = each.finding.opens.timestamp()
    if each.state is State.ACTIVE:
        order = (-SEVERITY[each.finding.colour], since)
    elif each.finding.until is not None and each.state is State.OVER:
        order = (0, -each.finding.until.timestamp())
    else:
        order = (0, since)
    return (first, *order, each.finding.rule, each.finding.fact)


@dataclass(frozen=True, slots=True)
class _History:
    """What is asked again to find out which facts ended a window."""

    transaction: Transaction
    bound: Binding
    judged: Judgement
    facts: Mapping[int, Told]
    what_if: WhatIf

    def explain(self, finding: Finding) -> Explained:
        rule = self.bound.rulebook.rule(finding.rule)
        ended_by, by_itself = self._ended(finding, rule)
        return Explained(
            finding,
            rule,
            _state(finding, self.judged.at),
            self.facts[finding.fact],
            tuple(self.facts[number] for number in sorted(ended_by)),
            by_itself,
            tuple(said for end in rule.early_ends if (said := end_words(rule, end)) is not None),
        )

    def _ended(self, finding: Finding, rule: Rule) -> tuple[set[int], datetime | None]:
        """The facts that ended a window, and when it ends by itself.

        They are the fewest that give it its end: the law is asked, and not said a second time.
        Where two would have ended it at one moment, it is the one recorded first.
        """
        others = [number for number in self.facts if self._may_end(number, finding, rule)]
        by_itself = self._until(finding, ()) if others else finding.until
        if finding.until is None or by_itself == finding.until:
            return set(), by_itself
        near = sorted((n for n in others if self._day(n) <= finding.until), key=self._order)
        if all(end.count == 1 for end in rule.early_ends):
            return {next(n for n in near if self._until(finding, {n}) == finding.until)}, by_itself
        needed = set(near)
        for number in reversed(near):
            if self._until(finding, needed - {number}) == finding.until:
                needed.discard(number)
        return needed, by_itself

    def _may_end(self, number: int, finding: Finding, rule: Rule) -> bool:
        """Whether it is worth asking: what it is, who said so, and that it did not end before."""
        fact, trigger = self.facts[number], self.facts[finding.fact]
        return (
            number not in self.what_if.without | {finding.fact}
            and not fact.going_on
            and fact.source_class in rule.released_by
            and any(fact.kind == end.when.kind for end in rule.early_ends)
            and self._day(number) >= local_midnight(trigger.started_at)
        )

    def _day(self, number: int) -> datetime:
        """The local midnight before a fact's end: nothing that it ends, ends before."""
        return local_midnight(self._end(number))

    def _end(self, number: int) -> datetime:
        fact = self.facts[number]
        return fact.ended_at or fact.started_at

    def _order(self, number: int) -> tuple[datetime, bool, int]:
        """By their ends; of one moment, what is recorded before what is supposed."""
        return self._end(number), number < 0, abs(number)

    def _until(self, finding: Finding, others: Collection[int]) -> datetime | None:
        """When the window would end with no facts but its own and some others."""
        left_out = self.facts.keys() - {finding.fact, *others}
        found = findings_of(
            self.transaction,
            self.bound,
            finding.person,
            self.judged.known_at,
            what_if=WhatIf(frozenset(left_out), self.what_if.added),
        )
        key = (finding.rule, finding.fact)
        return next(each.until for each in found if (each.rule, each.fact) == key)


def _state(finding: Finding, at: datetime) -> State:
    if finding.opens > at:
        return State.TO_COME
    return State.ACTIVE if finding.until is None or finding.until > at else State.OVER
