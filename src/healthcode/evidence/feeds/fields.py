"""Reading single fields: times, numbers, areas, words. Each raises `Rejected` with its column."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.clock import SHANGHAI
from healthcode.places import kept_code

LONGEST = 200  # characters of a place or result; longer is a column gone astray
FIRST_YEAR = 1900
GOING_ON_FROM_YEAR = 9000  # registers write 9999-12-31 for "still going on"
INFINITY = "infinity"

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# A document with its kind, a resident's number, or a mobile phone: a person, in no column of ours
_PERSONAL = re.compile(
    r"\b\d\d[:：][A-Za-z0-9]{4}|\d{17}[\dXx]|(?<!\d)(?:86)?1[3-9]\d{9}(?!\d)", re.ASCII
)


@lru_cache(maxsize=65536)
def _instant(text: str) -> str | None:
    """An instant in UTC, `infinity`, or None where the text is none."""
    if text == INFINITY:
        return INFINITY
    if _TIME.fullmatch(text) is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if read.year >= GOING_ON_FROM_YEAR:
        return INFINITY
    if read.year < FIRST_YEAR:
        return None
    if read.tzinfo is None:
        read = read.replace(tzinfo=SHANGHAI)
    return read.astimezone(UTC).isoformat()


def instant(column: str, text: str) -> str:
    """A time as ISO text in UTC; without an offset it is Shanghai's, a bare date its midnight."""
    found = _instant(text)
    if found is None or found == INFINITY:
        raise Rejected(column, "bad_time" if text else "missing")
    return found


def end(column: str, text: str) -> str | None:
    """An end: None where none is stated, `infinity` where it is still going on."""
    if not text:
        return None
    found = _instant(text)
    if found is None:
        raise Rejected(column, "bad_time")
    return found


@lru_cache(maxsize=65536)
def area(column: str, text: str) -> str:
    """A division code as the house keeps it; "" where none is stated."""
    try:
        return kept_code(text)
    except ValueError:
        raise Rejected(column, "bad_area") from None


@lru_cache(maxsize=65536)
def number(column: str, text: str) -> str | None:
    """A number rounded to three places, as text."""
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise Rejected(column, "bad_number")
    try:
        value = Decimal(text) + 0  # so that -0 is 0
        rounded = value.quantize(Decimal("0.001"))
    except ArithmeticError:  # an exponent may be out of all bounds
        raise Rejected(column, "bad_number") from None
    if not rounded.is_finite() or abs(rounded) >= 10**6:
        raise Rejected(column, "bad_number")
    return str(rounded)


@lru_cache(maxsize=65536)
def word(column: str, text: str) -> str:
    """One lower-case word, or ""."""
    if text and (_WORD.fullmatch(text) is None or len(text) > LONGEST):
        raise Rejected(column, "result_word")
    return text


def short(column: str, text: str) -> str:
    """Any short text."""
    if len(text) > LONGEST:
        raise Rejected(column, "too_long")
    return text


@lru_cache(maxsize=65536)
def place(column: str, text: str) -> str:
    """A place's name; never a person's number."""
    if _PERSONAL.search(text) is not None:
        raise Rejected(column, "looks_personal")
    return short(column, text)


@lru_cache(maxsize=65536)
def span(started_at: str, ended_at: str) -> tuple[str, str | None]:
    """A start and an end; refuses an end before the start.

    ISO texts in UTC of one form compare like the times.
    """
    started, ended = instant("started_at", started_at), end("ended_at", ended_at)
    if ended is not None and ended != INFINITY and ended < started:
        raise Rejected("ended_at", "ends_before_start")
    return started, ended
