"""The law of the rulebook, read aloud: slow, obvious, and independent of the engine.

One loop per "every" in the law, no index, no cleverness. Each function names the clause that it
says (1 Time, 2 Known, 3 Trigger, 4 Window, 5 Early end, 6 Colour, 7 Reason). None means never.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from healthcode.rulebook.terms import (
    Colour,
    Duration,
    EarlyEnd,
    Finding,
    Moment,
    Numbers,
    Pattern,
    Rule,
    Rulebook,
    Standing,
    Under,
    Until,
)
from tests.rulebook.facts import Designation, Fact, Going

# Asia/Shanghai has had no summer time since 1992, so a local day is a day of UTC+8.
SHANGHAI = timezone(timedelta(hours=8))
MOST_SEVERE_FIRST = (Colour.RED, Colour.ORANGE, Colour.GREEN)


def midnight(instant: datetime) -> datetime:
    """Clause 1: the local midnight at or before this instant."""
    local = instant.astimezone(SHANGHAI)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def add(instant: datetime, duration: Duration) -> datetime:
    """Clause 1: `d` rounds down to local midnight and then adds, also for 0d; `h`, `m` exact."""
    if duration.unit == "d":
        return midnight(instant) + timedelta(days=duration.count)
    return instant + exactly(duration)


def look_back_from(instant: datetime, duration: Duration) -> datetime:
    """Clause 1: a look-back of N days is midnight minus N; `h` and `m` are exact."""
    if duration.unit == "d":
        return midnight(instant) - timedelta(days=duration.count)
    return instant - exactly(duration)


def exactly(duration: Duration) -> timedelta:
    """Clause 1: hours and minutes are what a stopwatch shows."""
    if duration.unit == "h":
        return timedelta(hours=duration.count)
    assert duration.unit == "m"
    return timedelta(minutes=duration.count)


def end_of(fact: Fact) -> datetime | None:
    """Clause 1: a moment ends as it starts; what is going on has no end yet (None)."""
    if fact.ended_at is None:
        return fact.started_at
    if isinstance(fact.ended_at, Going):
        return None
    return fact.ended_at


def moment_of(fact: Fact, moment: Moment) -> datetime | None:
    """Clauses 1 and 4: the fact's start or end, plus a duration; None if it has no end yet."""
    base = fact.started_at if moment.edge == "start" else end_of(fact)
    return None if base is None else add(base, moment.plus)


def is_known(row: Fact | Designation, known_at: datetime | None) -> bool:
    """Clause 2: recorded at or before k and not retracted by k; k None is everything by now.

    A row without `recorded_at` is the transaction's own and is known to nobody else.
    """
    if known_at is None:
        return row.retracted_at is None
    if row.recorded_at is None or row.recorded_at > known_at:
        return False
    return row.retracted_at is None or row.retracted_at > known_at


def meets_numbers(number: Decimal | None, bounds: Numbers) -> bool:
    """Clause 3, number compared: no number meets no bound."""
    if number is None:
        return False
    if bounds.at_least is not None and not number >= bounds.at_least:
        return False
    if bounds.above is not None and not number > bounds.above:
        return False
    if bounds.at_most is not None and not number <= bounds.at_most:
        return False
    return bounds.below is None or number < bounds.below


def lies_in(area: str, container: str) -> bool:
    """Clause 3: areas match by prefix; an empty container covers nothing."""
    return container != "" and area.startswith(container)


def matches(fact: Fact, pattern: Pattern) -> bool:
    """Clause 3: kind, result, number, source class, area; what is not stated does not matter.

    Where a fact without an area happened is not known: it is neither inside nor outside.
    """
    inside, outside = pattern.inside, pattern.outside
    return (
        fact.kind == pattern.kind
        and (not pattern.result or fact.result in pattern.result)
        and (pattern.number is None or meets_numbers(fact.number, pattern.number))
        and (not pattern.sources or fact.source_class in pattern.sources)
        and (inside is None or lies_in(fact.area, inside))
        and (outside is None or (fact.area != "" and not lies_in(fact.area, outside)))
    )


def is_covered(fact: Fact, designation: Designation, under: Under) -> bool:
    """Clause 3: the designation is of the fact's area or of its place, as the rule says."""
    by_area = lies_in(fact.area, designation.area)
    by_place = designation.place != "" and designation.place == fact.place
    return ("area" in under.of and by_area) or ("place" in under.of and by_place)


def overlaps(fact: Fact, designation: Designation, look_back: Duration) -> bool:
    """Clause 3: `fact.start < designation.end` and `fact.end >= designation.start - L`."""
    starts_in_time = designation.ended_at is None or fact.started_at < designation.ended_at
    end = end_of(fact)
    ends_in_time = end is None or end >= look_back_from(designation.started_at, look_back)
    return starts_in_time and ends_in_time


def is_under(fact: Fact, under: Under, known_designations: Iterable[Designation]) -> bool:
    """Clause 3: under some known designation of the level."""
    return any(
        designation.level == under.level
        and is_covered(fact, designation, under)
        and overlaps(fact, designation, under.look_back)
        for designation in known_designations
    )


def triggers(fact: Fact, rule: Rule, known_designations: Iterable[Designation]) -> bool:
    """Clause 3: the fact opens a window of the rule."""
    if not matches(fact, rule.when):
        return False
    return rule.when.under is None or is_under(fact, rule.when.under, known_designations)


def own_until(fact: Fact, until: Until) -> datetime | None:
    """Clause 4: when the window ends by itself; None is never."""
    if until.own_end and fact.ended_at is not None:
        return end_of(fact)
    return None if until.moment is None else moment_of(fact, until.moment)


def may_end(other: Fact, trigger: Fact, end: EarlyEnd, rule: Rule) -> bool:
    """Clause 5: this other fact can count towards this early end of the trigger's window."""
    if other.person != trigger.person or other.fact == trigger.fact:
        return False
    if not matches(other, end.when) or other.source_class not in rule.released_by:
        return False
    if end.same_source and other.source != trigger.source:
        return False
    ended = end_of(other)
    not_before = moment_of(trigger, end.after)
    if ended is None or not_before is None or ended < not_before:
        return False
    return end.lasting is None or ended >= add(other.started_at, end.lasting)


def early_end(
    trigger: Fact, end: EarlyEnd, rule: Rule, known_facts: Iterable[Fact]
) -> datetime | None:
    """Clause 5: the n-th fact taken greedily from the earliest, plus `plus`; None is never."""
    candidates = [
        (ended, other.fact)
        for other in known_facts
        if may_end(other, trigger, end, rule) and (ended := end_of(other)) is not None
    ]
    taken: list[datetime] = []
    for ended, _ in sorted(candidates):
        if not taken or ended >= add(taken[-1], end.apart):
            taken.append(ended)
        if len(taken) == end.count:
            return add(ended, end.plus)
    return None


def window(fact: Fact, rule: Rule, known_facts: list[Fact]) -> tuple[datetime, datetime | None]:
    """Clauses 4 and 5: from, and the first of the window's own end and its early ends."""
    opens = add(fact.started_at, rule.window.opens.plus)
    ends = [own_until(fact, rule.window.until)]
    ends += [early_end(fact, end, rule, known_facts) for end in rule.early_ends]
    return opens, min((end for end in ends if end is not None), default=None)


def findings(
    facts: Iterable[Fact],
    designations: Iterable[Designation],
    rulebook: Rulebook,
    known_at: datetime | None,
) -> set[Finding]:
    """Clauses 2 to 5: a finding for each rule and each known fact that opens a window.

    A window that would end before it opens, or as it opens, is never active: no finding.
    """
    known_facts = [fact for fact in facts if is_known(fact, known_at)]
    known_designations = [row for row in designations if is_known(row, known_at)]
    found = set()
    for rule in rulebook.rules:
        for fact in known_facts:
            if not triggers(fact, rule, known_designations):
                continue
            opens, until = window(fact, rule, known_facts)
            if until is None or until > opens:
                found.add(Finding(fact.person, rule.id, fact.fact, rule.colour, opens, until))
    return found


def is_active(finding: Finding, at: datetime) -> bool:
    """Clauses 1 and 6: windows are half-open."""
    return finding.opens <= at and (finding.until is None or at < finding.until)


def standing(
    findings: Iterable[Finding], person: int, at: datetime, rulebook: Rulebook
) -> Standing:
    """Clause 6: the most severe active window wins; none is what the rulebook says it is.

    `changes_at` is the next edge of any of the person's windows, later than `at`.
    """
    own = [finding for finding in findings if finding.person == person]
    active = {finding.colour for finding in own if is_active(finding, at)}
    colour = next((each for each in MOST_SEVERE_FIRST if each in active), rulebook.undeclared)
    edges = [finding.opens for finding in own]
    edges += [finding.until for finding in own if finding.until is not None]
    return Standing(person, colour, min((edge for edge in edges if edge > at), default=None))
