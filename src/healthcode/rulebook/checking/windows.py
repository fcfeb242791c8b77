"""Which windows can open, be shortened, or outlast one another: tried on a few facts.

Every moment of a window is a fact's start or end, perhaps rounded down to local midnight, and a
rule's durations later. Seen from the fact's time of day, all that matters happens at multiples of
what those durations have in common: a day, often, or an hour. So what is true of a fact at each of
these times, and at the last instant before each, is true of every fact.

Instants are microseconds since some local midnight; NEVER is later than all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from typing import NamedTuple

from healthcode.rulebook.terms import Duration, EarlyEnd, Moment, Until, Window

MINUTE = 60 * 10**6
DAY = 24 * 60 * MINUTE
FAR = 10**6 * DAY  # later than all that a rule can add up
NEVER = 10**9 * DAY


class Span(NamedTuple):
    """A fact's times; one that is going on ends never, and a moment states no end."""

    start: int
    end: int
    states_end: bool


def _starts(durations: Iterable[Duration]) -> Iterator[int]:
    """The times of the day that decide, where these durations are counted."""
    exact = [_length(each) for each in durations if each.unit != "d"]
    for time in range(0, DAY, gcd(DAY, *exact)):
        yield from (time - 1, time)


def _spans(*durations: Duration) -> Iterator[Span]:
    """Facts at each such time that end at once, in the far future, or not yet.

    What is compared rests on one time of the fact, or on both, and then an end that comes at
    once or late decides.
    """
    for start in _starts(durations):
        yield Span(start, start, states_end=False)
        yield Span(start, start, states_end=True)
        yield Span(start, start + FAR, states_end=True)
        yield Span(start, NEVER, states_end=True)


def opens(window: Window) -> bool:
    """Whether some fact has such a window that is not over as it opens."""
    return any(_is_open(fact, window) for fact in _spans(*_durations(window)))


def outlasts(wide: Window, narrow: Window) -> bool:
    """Whether the wide window of every fact holds whenever its narrow one does."""
    return all(
        _moment(fact, wide.opens) <= _moment(fact, narrow.opens)
        and _until(fact, wide.until) >= _until(fact, narrow.until)
        for fact in _spans(*_durations(wide), *_durations(narrow))
        if _is_open(fact, narrow)
    )


def shortens(end: EarlyEnd, window: Window) -> bool:
    """Whether the early end can close some window before that ends by itself."""
    return any(
        _is_open(fact, window) and _soonest(fact, end) < _until(fact, window.until)
        for fact in _spans(*_durations(window), end.after.plus, end.apart, end.plus)
    )


def reaches_as_far_back(wide: Duration, narrow: Duration) -> bool:
    """Whether a look-back begins no later than another, for every designation."""
    return all(_back(start, wide) <= _back(start, narrow) for start in _starts([wide, narrow]))


def _durations(window: Window) -> list[Duration]:
    moments = [window.opens, window.until.moment]
    return [moment.plus for moment in moments if moment is not None]


def _is_open(fact: Span, window: Window) -> bool:
    return _until(fact, window.until) > _moment(fact, window.opens)


def _until(fact: Span, until: Until) -> int:
    if until.own_end and fact.states_end:
        return fact.end
    return NEVER if until.moment is None else _moment(fact, until.moment)


def _soonest(fact: Span, end: EarlyEnd) -> int:
    """When it closes the window, if each of the facts that it takes comes as early as it may."""
    taken = _moment(fact, end.after)
    for _each in range(end.count - 1):
        taken = max(taken, _later(taken, end.apart))
    return _later(taken, end.plus)


def _moment(fact: Span, moment: Moment) -> int:
    return _later(fact.start if moment.edge == "start" else fact.end, moment.plus)


def _later(instant: int, duration: Duration) -> int:
    if instant >= NEVER:
        return NEVER
    return (instant - instant % DAY if duration.unit == "d" else instant) + _length(duration)


def _back(instant: int, duration: Duration) -> int:
    return (instant - instant % DAY if duration.unit == "d" else instant) - _length(duration)


def _length(duration: Duration) -> int:
    return duration.count * {"d": DAY, "h": 60 * MINUTE, "m": MINUTE}[duration.unit]
