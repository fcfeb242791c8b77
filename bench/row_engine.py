"""The same rules for an engine that judges one person after the other: JSONLogic, in Rust.

`logic` writes a rulebook as one JSONLogic expression over a person's facts, as `facts.py` groups
them; it gives the person's standing as [severity, changes at]. Which designations cover a fact is
looked up before, as a user of such an engine would: an expression that reads hundreds of them for
each visit would be many times slower.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from datalogic_py import DataHandle, Engine

from bench.facts import DAY, GOING, HOUR, MINUTE, NEVER, SHANGHAI, microseconds
from healthcode.rulebook.terms import (
    SEVERITY,
    Duration,
    EarlyEnd,
    Moment,
    Pattern,
    Rule,
    Rulebook,
    Under,
)

Logic = Any

CENTURY = 36525 * DAY
"""Added before a day is rounded down, and taken off again: a remainder must not be negative."""


class RowEngine:
    """A rulebook compiled once, for many people."""

    def __init__(self, rulebook: Rulebook, at: datetime) -> None:
        engine = Engine()
        self._rule = engine.compile_checked(logic(rulebook, at))
        self._session = engine.session()

    def judge(self, texts: Iterable[str]) -> list[list[int]]:
        """[severity, changes at] of each person, from the JSON of their facts."""
        evaluate, rule = self._session.evaluate_str, self._rule
        return _read([evaluate(rule, text) for text in texts])

    def judge_parsed(self, handles: Sequence[DataHandle]) -> list[list[int]]:
        """As `judge`, from facts that were parsed before: one native call for all."""
        return _read([str(each) for each in self._session.evaluate_batch(self._rule, handles)])


def _read(results: list[str]) -> list[list[int]]:
    """One parse for all: each on its own would take as long as evaluating it."""
    read: list[list[int]] = json.loads(f"[{','.join(results)}]")
    return read


def logic(rulebook: Rulebook, at: datetime) -> Logic:
    """A person's standing at `at` (naive, in UTC): [severity, changes at].

    Severity 0 is what the rulebook calls undeclared.
    """
    now = microseconds(at)
    windows = {"merge": [_windows(rule, now) for rule in rulebook.rules]}
    worst, soonest = {"val": ["accumulator", 0]}, {"val": ["accumulator", 1]}
    severity, opens, until = ({"val": ["current", place]} for place in range(3))
    active = {"<=": [opens, now]}
    together = [
        {"max": [worst, {"if": [active, severity, 0]}]},
        {"min": [soonest, {"if": [active, until, opens]}]},
    ]
    return {"reduce": [windows, together, [0, NEVER]]}


def _windows(rule: Rule, at: int) -> Logic:
    """Clauses 3 to 5: a rule's windows that are not over, as [severity, opens, until]."""
    triggers = {"filter": [{"val": rule.when.kind.value}, _opens(rule)]}
    opens = _later({"val": "started"}, rule.window.opens.plus)
    windows = {"map": [triggers, [SEVERITY[rule.colour], opens, _until(rule)]]}
    over = {"and": [{">": [{"val": 2}, at]}, {">": [{"val": 2}, {"val": 1}]}]}
    return {"filter": [windows, over]}


def _opens(rule: Rule) -> Logic:
    conditions = _matches(rule.when)
    if rule.when.under is not None:
        conditions.append({"some": [{"val": "covered"}, _lies_under(rule.when.under)]})
    return _all(conditions)


def _lies_under(under: Under) -> Logic:
    covers = [{"val": of} for of in under.of]
    return {
        "and": [
            {"==": [{"val": "level"}, under.level.value]},
            covers[0] if len(covers) == 1 else {"or": covers},
            {"<": [{"val": [[2], "started"]}, {"val": "ended"}]},
            {">=": [{"val": [[2], "ended"]}, _back({"val": "started"}, under.look_back)]},
        ]
    }


def _matches(pattern: Pattern) -> list[Logic]:
    conditions: list[Logic] = []
    if pattern.result:
        conditions.append(_one_of("result", pattern.result))
    if pattern.sources:
        conditions.append(_one_of("source_class", [each.value for each in pattern.sources]))
    if pattern.inside is not None:
        conditions.append({"starts_with": [{"val": "area"}, pattern.inside]})
    if pattern.outside is not None:
        conditions.append({"!==": [{"val": "area"}, ""]})
        conditions.append({"!": {"starts_with": [{"val": "area"}, pattern.outside]}})
    if pattern.number is not None:
        conditions.append({"!==": [{"val": "number"}, None]})
        signs = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
        for name, sign in signs.items():
            if (bound := getattr(pattern.number, name)) is not None:
                conditions.append({sign: [{"val": "number"}, float(bound)]})
    return conditions


def _until(rule: Rule) -> Logic:
    until = rule.window.until
    own = NEVER if until.moment is None else _moment(until.moment)
    if until.own_end:
        own = {"if": [{"val": "states_end"}, {"val": "ended"}, own]}
    if not rule.early_ends:
        return own
    ends = [_ends(rule, end) for end in rule.early_ends]
    return {"min": {"merge": [[own], *ends]}}


def _ends(rule: Rule, end: EarlyEnd) -> Logic:
    """Clause 5: the ends of the facts that can end the window of the fact two levels up."""
    if end.count > 1:
        raise NotImplementedError("an early end that counts several facts")
    conditions = [
        *_matches(end.when),
        _one_of("source_class", [each.value for each in rule.released_by]),
        {"<": [{"val": "ended"}, GOING]},
        {">=": [{"val": "ended"}, _moment(end.after, [2])]},
    ]
    if end.lasting is not None:
        conditions.append({">=": [{"val": "ended"}, _later({"val": "started"}, end.lasting)]})
    if end.same_source:
        conditions.append({"==": [{"val": "source"}, {"val": [[2], "source"]}]})
    if end.when.kind == rule.when.kind:
        conditions.append({"!=": [{"val": "fact"}, {"val": [[2], "fact"]}]})
    others = {"filter": [{"val": [[2], end.when.kind.value]}, _all(conditions)]}
    return {"map": [others, _later({"val": "ended"}, end.plus)]}


def _one_of(column: str, values: Any) -> Logic:
    if len(values) == 1:
        return {"==": [{"val": column}, values[0]]}
    return {"in": [{"val": column}, list(values)]}


def _all(conditions: list[Logic]) -> Logic:
    if not conditions:
        return True
    return conditions[0] if len(conditions) == 1 else {"and": conditions}


def _moment(moment: Moment, levels: list[int] | None = None) -> Logic:
    edge = "started" if moment.edge == "start" else "ended"
    return _later({"val": [levels, edge] if levels else edge}, moment.plus)


def _later(instant: Logic, duration: Duration) -> Logic:
    if duration.unit == "d":
        return {"+": [_midnight(instant), duration.count * DAY]}
    return instant if duration.is_none else {"+": [instant, _exact(duration)]}


def _back(instant: Logic, duration: Duration) -> Logic:
    if duration.unit == "d":
        return {"-": [_midnight(instant), duration.count * DAY]}
    return instant if duration.is_none else {"-": [instant, _exact(duration)]}


def _exact(duration: Duration) -> int:
    return duration.count * (HOUR if duration.unit == "h" else MINUTE)


def _midnight(instant: Logic) -> Logic:
    return {"-": [instant, {"%": [{"+": [instant, SHANGHAI + CENTURY]}, DAY]}]}
