"""What people say of themselves: symptoms, contacts, trips, where they are.

Said in person it waits for nobody, since it colours nobody else; what staff write down for
somebody is weighed like a feed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from healthcode.access import Verified
from healthcode.evidence import queries
from healthcode.evidence.feeds.deciding import ANY, Desk, Outcome, Registration
from healthcode.evidence.feeds.fields import FIRST_YEAR
from healthcode.evidence.feeds.recording import say
from healthcode.evidence.tables import SELF
from healthcode.evidence.terms import Kind, SourceClass
from healthcode.kit.clock import SHANGHAI, local_today
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput, Refused
from healthcode.kit.words import Words
from healthcode.places import centroid, division

DAYS: Final = 14  # that a declaration asks about
FAR: Final = 50  # km: a district's far corner is nearer to its middle
MOST_A_DAY: Final = 20
EARTH: Final = 6371.0  # km, mean radius

OWN = Desk({SELF: Registration(SELF, SourceClass.SELF, frozenset({ANY}), (ANY,))}, "", replay=False)

FAR_AWAY = Words(
    zh="您所选的地区与手机定位相距较远。如所填属实，请放心提交，不影响健康码结果。",
    en="The district you chose is far from where your phone is. If what you wrote is true, all is "
    "well: this does not change your colour.",
)


WAITS = Words(
    zh="已超过当日人数上限：此次申报须由第二人批准后生效。",
    en="This is over the day's limit: the declaration counts once a second person approves it.",
)


class Symptom(StrEnum):
    """What a declaration asks about."""

    FEVER = "fever"
    DRY_COUGH = "dry_cough"
    FATIGUE = "fatigue"
    SORE_THROAT = "sore_throat"
    SHORT_OF_BREATH = "short_of_breath"
    DIARRHOEA = "diarrhoea"


class UnknownDivision(BadInput):
    """A code that no division has."""

    words = Words(
        zh="{what}：没有这个区划代码。请填写 GB/T 2260 代码，如 120101。",
        en="{what}: no division has this code. Write one of GB/T 2260, as 120101.",
    )


class TooManyDeclarations(Refused):
    """More declarations in a day than anybody's health changes."""

    words = Words(
        zh="24小时内的申报次数过多。已申报的内容仍然有效，请稍后再报。",
        en="There were too many declarations within 24 hours. What was declared counts; please "
        "try again later.",
    )
    status = 429


class BadDay(BadInput):
    """A day that a declaration does not ask about."""

    words = Words(
        zh="{what}：日期须在最近14天内，不晚于今天，且结束不早于开始。",
        en="{what}: the day lies within the last 14 days, not after today, and an end not before "
        "its start.",
    )


@dataclass(frozen=True, slots=True)
class Trip:
    """Days spent somewhere, by local dates; without an end the person is still there."""

    area: str
    started: date
    ended: date | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """A person's word. `symptoms` and `contacts` come with the local day they began."""

    district: str
    symptoms: tuple[tuple[Symptom, date], ...] = ()
    contacts: tuple[date, ...] = ()
    trips: tuple[Trip, ...] = ()
    position: tuple[float, float] | None = None  # latitude, longitude; looked at, never kept


def declare(
    transaction: Transaction, person: int, said: Declaration, *, own: bool = True
) -> list[Words]:
    """Record a declaration; warnings in words, which change nothing.

    With `own=False` somebody else writes it down. Raises TooManyDeclarations,
    UnknownDivision or BadDay.
    """
    since = {"person": person, "since": transaction.now - timedelta(days=1)}
    if own and transaction.run(queries.DECLARED_SINCE, since).scalar_one() >= MOST_A_DAY:
        raise TooManyDeclarations
    rows = list(_rows(transaction, person, said))
    batch = say(transaction, SELF, OWN, person, rows, weighed=not own)
    warnings = [WAITS] if batch.counts[Outcome.PROPOSED] else []
    middle = centroid(said.district)
    if said.position and middle and _km(said.position, middle) > FAR:
        warnings.append(FAR_AWAY)
    return warnings


def on_verified(transaction: Transaction, event: Verified) -> None:
    """What somebody declared before their name was checked is theirs now."""
    if event.provisional is None:
        return
    facts = transaction.run(queries.OWN_FACTS, {"person": event.provisional})
    rows = [
        _row(
            Kind(f.kind),
            f.started_at,
            "infinity" if f.going_on else f.ended_at,
            result=f.result,
            area=f.area,
        )
        for f in facts
    ]
    say(transaction, SELF, OWN, event.person, rows, weighed=False)


def _rows(transaction: Transaction, person: int, said: Declaration) -> Iterator[dict[str, str]]:
    now = transaction.now
    today = local_today(now)
    yield _row(Kind.DECLARATION, now, area=_known("district", said.district))
    cleared = {"person": person, "now": now}
    examined = transaction.run(queries.LAST_CLEARED, cleared).scalar()
    for symptom, day in dict.fromkeys(said.symptoms):
        started = _midnight(_recent("symptoms", day, today))
        if examined and day == today and started <= examined:
            # Said after today's examination: what is said now is not what was examined then.
            started = examined + timedelta(microseconds=1)
        yield _row(Kind.SYMPTOM, started, result=symptom)
    for day in dict.fromkeys(said.contacts):
        started = _midnight(_recent("contacts", day, today))
        yield _row(Kind.CONTACT, started, result="declared")
    for trip in said.trips:
        area = _known("trips", trip.area)
        if trip.ended is not None and trip.ended < trip.started:
            raise BadDay(what="trips")
        if trip.started > today or trip.started.year < FIRST_YEAR:
            raise BadDay(what="trips")
        if trip.ended is None:
            yield _row(Kind.STAY, _midnight(trip.started), "infinity", area=area)
            continue
        _recent("trips", trip.ended, today)
        # The whole last day counts: a risk that began that afternoon was met.
        ended = _midnight(trip.ended) + timedelta(days=1, seconds=-1)
        yield _row(Kind.STAY, _midnight(trip.started), ended, area=area)


def _row(
    kind: Kind,
    started: datetime,
    ended: datetime | str | None = None,
    *,
    result: str = "",
    area: str = "",
) -> dict[str, str]:
    until = ended.isoformat() if isinstance(ended, datetime) else ended or ""
    return {
        "kind": kind,
        "result": result,
        "area": area,
        "started_at": started.isoformat(),
        "ended_at": until,
        "source": SELF,
    }


def _known(what: str, code: str) -> str:
    try:
        found = division(code)
    except ValueError:
        found = None
    if found is None:
        raise UnknownDivision(what=what)
    return found.code


def _recent(what: str, day: date, today: date) -> date:
    if not today - timedelta(days=DAYS) <= day <= today:
        raise BadDay(what=what)
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great-circle distance (haversine)."""
    (phi, lam), (phi2, lam2) = (tuple(map(math.radians, each)) for each in (one, other))
    half = (
        math.sin((phi2 - phi) / 2) ** 2
        + math.cos(phi) * math.cos(phi2) * math.sin((lam2 - lam) / 2) ** 2
    )
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, half)))
