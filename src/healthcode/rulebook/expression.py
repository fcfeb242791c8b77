"""The law of the rulebook as one relational expression: `findings`, and `standing` over it.

Only the leaves know the engine: they bring `DATED` facts and `DESIGNATIONS` with these columns, in
timestamps without a zone that mean UTC. NULL means never (no end yet, still open, not retracted).
`findings` stands on a third relation, the `openers` of the rules that something can end early:
whoever runs it keeps them in a table, so that each is found once, and the engine knows how few
they are. The clauses are those of `docs/reference/rulebook.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import and_, or_

import ibis
from ibis import _
from ibis.expr import types as ir

from healthcode.evidence import Kind
from healthcode.rulebook.terms import (
    SEVERITY,
    Duration,
    EarlyEnd,
    Moment,
    Pattern,
    Rule,
    Rulebook,
    Under,
    Window,
)

FACTS = {
    "fact": "int64",
    "person": "int64",
    "kind": "string",
    "result": "string",
    "number": "decimal(9, 3)",
    "area": "string",
    "place": "string",
    "source": "string",
    "source_class": "string",
    "started": "timestamp",
    "ended": "timestamp",  # NULL: still going on; a moment ends when it started
    "states_end": "boolean",  # false for a moment, which states none
    "recorded": "timestamp",
    "retracted": "timestamp",
}
DATED = FACTS | {
    "start_day": "timestamp",  # the local midnight at or before `started`; engines differ in how
    "end_day": "timestamp",  # they find it quickest, so it is a leaf's
}
DESIGNATIONS = {
    "level": "string",
    "area": "string",
    "place": "string",
    "started": "timestamp",
    "ended": "timestamp",
    "recorded": "timestamp",
    "retracted": "timestamp",
}
FINDINGS = {
    "person": "int64",
    "rule": "string",
    "fact": "int64",
    "colour": "string",
    "opens": "timestamp",
    "until": "timestamp",
}

OPENERS = {
    "person": "int64",
    "rule": "string",
    "fact": "int64",
    "source": "string",
    "colour": "string",
    "started": "timestamp",
    "ended": "timestamp",
    "opens": "timestamp",
    "until": "timestamp",  # before any early end
}

SHANGHAI_HOURS = 8  # UTC+8 the year round: China has kept no daylight saving time since 1991


Facts = Callable[[Kind], ir.Table]
"""Where the facts of a kind come from: `DATED` rows, perhaps with those of other kinds."""


def openers(
    facts: Facts, designations: ir.Table, rulebook: Rulebook, known_at: datetime | ir.Value
) -> ir.Table | None:
    """The windows of the rules with early ends, before any: `OPENERS` rows. None: no such rule."""
    facts, designations = _known_of(facts, known_at), _known(designations, known_at)
    ending = [rule for rule in rulebook.rules if rule.early_ends]
    return _union([_windows(facts, designations, each) for each in ending]) if ending else None


def findings(
    facts: Facts,
    designations: ir.Table,
    openers: ir.Table,
    rulebook: Rulebook,
    known_at: datetime | ir.Value,
) -> ir.Table:
    """Every window that the rulebook opens on what was known at `known_at`: `FINDINGS` rows.

    Windows that end before they begin are left out. Restrict `facts` to some persons to get
    theirs alone.
    """
    facts, designations = _known_of(facts, known_at), _known(designations, known_at)
    found = [
        _that_open(_windows(facts, designations, rule), rule.window)
        for rule in rulebook.rules
        if not rule.early_ends
    ]
    ends = [_ends(facts, openers, rule, end) for rule in rulebook.rules for end in rule.early_ends]
    if ends:  # joined apart: the many declarations, which nothing ends early, pass it by
        first = _union(ends).group_by("rule", "fact").agg(ends_at=_.ends_at.min())
        joined = openers.left_join(first, [openers.rule == first.rule, openers.fact == first.fact])
        until = _earlier(openers.until, first.ends_at)
        found.append(_that_open(joined.select(*_but_until(openers), until=until)))
    return _union(found)


def _but_until(openers: ir.Table) -> list[ir.Value]:
    return [openers[name] for name in FINDINGS if name != "until"]


def standing(findings: ir.Table, at: datetime | ir.Value) -> ir.Table:
    """The colour of every person with a window that is not over, and when it can change next.

    `changes_at` is NULL where nothing lies ahead; `colour` is NULL where no finding is active:
    such a person is what the rulebook calls `undeclared`, like a person without a row.
    """
    findings = findings.filter(findings.until.isnull() | (findings.until > at))
    active = findings.opens <= at
    rank = findings.colour.cases(*[(c.value, n) for c, n in SEVERITY.items()], else_=0)
    ahead = active.ifelse(findings.until, findings.opens)
    worst = findings.group_by("person").agg(
        rank=active.ifelse(rank, 0).cast("int8").max(), changes_at=ahead.min()
    )
    return worst.select(
        "person",
        colour=worst.rank.cases(*[(n, c.value) for c, n in SEVERITY.items() if n]),
        changes_at=worst.changes_at,
    )


def _known(rows: ir.Table, known_at: datetime | ir.Value) -> ir.Table:
    """Clause 2: recorded at or before k and not retracted by k."""
    return rows.filter(
        rows.recorded <= known_at, rows.retracted.isnull() | (rows.retracted > known_at)
    )


def _known_of(facts: Facts, known_at: datetime | ir.Value) -> Facts:
    return lambda kind: _known(facts(kind), known_at)


def _that_open(windows: ir.Table, window: Window | None = None) -> ir.Table:
    """`FINDINGS` of windows that do not end before they begin, if `window` can have such."""
    windows = windows.select(*FINDINGS)
    if window is not None and window.always_opens:
        return windows
    return windows.filter(_.until.isnull() | (_.until > _.opens))


def _windows(facts: Facts, designations: ir.Table, rule: Rule) -> ir.Table:
    """Clauses 3 and 4: the rule's triggers, each with its window before any early end."""
    triggers = _triggers(facts, designations, rule)
    until = rule.window.until
    own = ibis.null("timestamp") if until.moment is None else _moment(triggers, until.moment)
    if until.own_end:
        own = triggers.states_end.ifelse(triggers.ended, own)
    return triggers.mutate(
        rule=ibis.literal(rule.id),
        colour=ibis.literal(rule.colour.value),
        opens=_moment(triggers, rule.window.opens),
        until=own,
    ).select(*OPENERS)


def _triggers(facts: Facts, designations: ir.Table, rule: Rule) -> ir.Table:
    matching = facts(rule.when.kind)
    matching = matching.filter(_matches(matching, rule.when))
    under = rule.when.under
    if under is None:
        return matching
    levelled = designations.filter(designations.level == under.level.value)
    if under.of == ("area",):
        levelled = _by_area(matching, levelled)
        covers = matching.area == levelled.area
    else:
        covers = _covers(matching, levelled, under)
    meets = covers & _meets(matching, levelled, under)
    # .view(): without it Ibis 12 cannot tell the sides of a later join on a semi-join apart
    return matching.semi_join(levelled, meets).view()


def _by_area(facts: ir.Table, designations: ir.Table) -> ir.Table:
    """The designations once for each area of the facts that they cover.

    Areas are few and facts are many: these are then joined by equality, and not by prefix.
    """
    areas = facts.select("area").distinct()
    covered = areas.join(designations, _begins_with(areas, designations))
    return covered.select(areas.area, designations.started, designations.ended).view()


def _begins_with(fact: ir.Table, designation: ir.Table) -> ir.BooleanValue:
    return (designation.area != "") & fact.area.startswith(designation.area)


def _covers(fact: ir.Table, designation: ir.Table, under: Under) -> ir.BooleanValue:
    """Clause 3: the designation covers the fact's area or its place."""
    covers = {
        "area": _begins_with(fact, designation),
        "place": (designation.place != "") & (fact.place == designation.place),
    }
    return reduce(or_, [covers[of] for of in under.of])


def _meets(fact: ir.Table, designation: ir.Table, under: Under) -> ir.BooleanValue:
    """Clause 3: their times meet."""
    starts = _back(designation.started, under.look_back)
    return (designation.ended.isnull() | (fact.started < designation.ended)) & (
        fact.ended.isnull() | (fact.ended >= starts)
    )


def _matches(facts: ir.Table, pattern: Pattern) -> ir.BooleanValue:
    """Clause 3 without the designation."""
    conditions = [facts.kind == pattern.kind.value]
    if pattern.result:
        conditions.append(facts.result.isin(pattern.result))
    if pattern.sources:
        conditions.append(facts.source_class.isin([each.value for each in pattern.sources]))
    if pattern.inside is not None:
        conditions.append(facts.area.startswith(pattern.inside))
    if pattern.outside is not None:
        conditions.append((facts.area != "") & ~facts.area.startswith(pattern.outside))
    if (numbers := pattern.number) is not None:
        bounds = {
            "at_least": facts.number.__ge__,
            "above": facts.number.__gt__,
            "at_most": facts.number.__le__,
            "below": facts.number.__lt__,
        }
        for name, compare in bounds.items():
            if (bound := getattr(numbers, name)) is not None:
                conditions.append(compare(ibis.literal(bound, "decimal(9, 3)")))
    return reduce(and_, conditions)


def _ends(facts: Facts, openers: ir.Table, rule: Rule, end: EarlyEnd) -> ir.Table:
    """Clause 5: when this early end closes each of the rule's windows (rule, fact, ends_at)."""
    theirs = openers.filter(openers.rule == rule.id)
    edge = theirs.started if end.after.edge == "start" else theirs.ended
    due = _later(edge, end.after.plus)
    waiting = theirs.select("person", "source", trigger=theirs.fact, due=due)
    released = facts(end.when.kind)
    released = released.filter(
        _matches(released, end.when)
        & released.source_class.isin([each.value for each in rule.released_by])
        & released.ended.notnull()
    )
    if end.lasting is not None:
        completed = _moment(released, Moment("start", end.lasting))
        released = released.filter(released.ended >= completed)
    released = released.select("person", "source", release=released.fact, ended=released.ended)
    meets = [
        waiting.person == released.person,
        waiting.due <= released.ended,
        waiting.trigger != released.release,
    ]
    if end.same_source:
        meets.append(waiting.source == released.source)
    pairs = waiting.join(released, meets).select(waiting.trigger, released.release, released.ended)
    taken = _nth_taken(pairs, end)
    return taken.select(
        rule=ibis.literal(rule.id), fact=taken.trigger, ends_at=_later(taken.ended, end.plus)
    )


def _nth_taken(pairs: ir.Table, end: EarlyEnd) -> ir.Table:
    """Clause 5, `count` and `apart`: greedily from the earliest, end to end."""
    if end.count > 1 and end.apart.count == 0:
        order = ibis.row_number().over(
            group_by=pairs.trigger, order_by=[pairs.ended, pairs.release]
        )
        return pairs.mutate(place=order).filter(_.place == end.count - 1).select("trigger", "ended")
    taken = pairs.group_by("trigger").agg(ended=pairs.ended.min())
    for _each in range(end.count - 1):
        rest = pairs.view()
        later = taken.join(
            rest,
            [taken.trigger == rest.trigger, _later(taken.ended, end.apart) <= rest.ended],
        ).select(taken.trigger, rest.ended)
        taken = later.group_by("trigger").agg(ended=later.ended.min())
    return taken


def _moment(facts: ir.Table, moment: Moment) -> ir.TimestampValue:
    """A moment of each fact, from its leaf's midnights where it counts days."""
    if moment.plus.unit == "d":
        return _shifted(facts.start_day if moment.edge == "start" else facts.end_day, moment.plus)
    return _later(facts.started if moment.edge == "start" else facts.ended, moment.plus)


def _shifted(midnight: ir.TimestampValue, days: Duration) -> ir.TimestampValue:
    return midnight + ibis.interval(hours=24 * days.count) if days.count else midnight


def _later(instant: ir.TimestampValue, duration: Duration) -> ir.TimestampValue:
    """Clause 1: days count from the local midnight before, hours and minutes exactly."""
    if duration.unit == "d":
        return _shifted(_midnight(instant), duration)
    return instant if duration.is_none else instant + _exact(duration)


def _back(instant: ir.TimestampValue, duration: Duration) -> ir.TimestampValue:
    if duration.unit == "d":
        return _midnight(instant) - ibis.interval(hours=24 * duration.count)
    return instant if duration.is_none else instant - _exact(duration)


def _exact(duration: Duration) -> ir.IntervalScalar:
    minutes = duration.count * (60 if duration.unit == "h" else 1)
    return ibis.interval(minutes=minutes)


def _midnight(instant: ir.TimestampValue) -> ir.TimestampValue:
    """The local midnight at or before the instant."""
    shift = ibis.interval(hours=SHANGHAI_HOURS)
    return (instant + shift).truncate("D") - shift


def _earlier(one: ir.TimestampValue, other: ir.TimestampValue) -> ir.TimestampValue:
    """The earlier of two moments, where NULL means never; engines disagree on `least`."""
    return ibis.cases(
        (one.isnull(), other), (other.isnull(), one), (one <= other, one), else_=other
    )


def _union(tables: list[ir.Table]) -> ir.Table:
    return reduce(lambda one, other: one.union(other), tables)
