"""What happens to everybody: declarations, temperatures, visits, trips, tests."""

from __future__ import annotations

import numpy as np

from healthcode.app.city.areas import ELSEWHERE, IN_HIGH, IN_MEDIUM, IN_THE_CITY
from healthcode.app.city.facts import GOING_ON, NEVER, Ints, in_minutes, midnight
from healthcode.app.city.parameters import (
    BY_COMMUNITY,
    DAY,
    DECLARATIONS,
    DOMESTIC_ARRIVALS,
    HONEST,
    HOUR,
    LAUNCHED,
    NOW,
    RESULT,
    SOURCE,
    STAY_KINDS,
    STAYS,
    TAKEN_BACK,
    TEMPERATURES,
    TESTS,
    VISITS,
)
from healthcode.app.city.ward import Ward
from healthcode.evidence import Kind

GATES_SINCE, LAST_DAY = 20, NOW // DAY
POSITIVE = 2e-5  # of tests of people without a case behind them: taken back the next days


def live(ward: Ward) -> None:
    """Write down a block's everyday facts."""
    _declare(ward)
    _measure(ward)
    _visit(ward)
    _travel(ward)
    _test(ward)


def _declare(ward: Ward) -> None:
    chance = ward.chance
    times = chance.one_of(DECLARATIONS, ward.block.people)
    person = np.repeat(np.arange(ward.block.people, dtype=np.int32), times)
    count = len(person)
    # Whoever declared once has mostly done so lately, since it is asked for again and again.
    day = LAUNCHED + ((LAST_DAY + 1 - LAUNCHED) * chance.draw.random(count) ** 0.55)
    started = (day.astype(np.int32) * DAY + chance.times((0, 1), (7, 23), count)).astype(np.int32)
    # this morning's come before noon
    started = np.where(started > NOW, midnight(started) + 7 * HOUR + started % (5 * HOUR), started)
    elsewhere = chance.flags(BY_COMMUNITY, count)
    ward.notebook.write(
        Kind.DECLARATION, person, started,
        np.where(elsewhere, SOURCE["communities"], SOURCE["citizens"]),
        recorded=started + np.where(elsewhere, chance.about(0.3, count), 0),
        area=np.where(chance.flags(0.9, count), ward.district, ward.here(count)),
    )  # fmt: skip


def _measure(ward: Ward) -> None:
    chance = ward.chance
    count = ward.so_many(TEMPERATURES)
    started = chance.times((GATES_SINCE, LAST_DAY + 1), (6, 23), count)
    tenths = np.rint(chance.draw.normal(364, 2.5, count)).clip(352, 372).astype(np.int32)
    offline = chance.flags(0.05, count)
    recorded = started + np.where(offline, chance.about(0.5, count), 0)
    ward.notebook.write(
        Kind.TEMPERATURE, ward.anybody(count), started, "gates", number=tenths * 100,
        recorded=recorded, area=ward.district, retracted=chance.taken_back(TAKEN_BACK, recorded),
    )  # fmt: skip


def _visit(ward: Ward) -> None:
    """Visits that were opened for tracing, some days later."""
    chance = ward.chance
    count = ward.so_many(VISITS)
    started = chance.times((2, LAST_DAY), (7, 21), count)
    ended = started + 10 + chance.below(150, count)
    recorded = ended + chance.within((0.1, 4), count)
    ward.notebook.write(
        Kind.VISIT, ward.anybody(count), started, "tracing", ended=ended, recorded=recorded,
        place=ward.at_places(count), area=ward.here(count),
        retracted=chance.taken_back(TAKEN_BACK, recorded),
    )  # fmt: skip


def _travel(ward: Ward) -> None:
    """Stays, in the city and elsewhere; who does not declare them is told of by the networks."""
    chance = ward.chance
    count = ward.so_many(STAYS)
    kind = chance.one_of(STAY_KINDS, count)
    area = _areas(ward, kind)
    far = kind == len(STAY_KINDS) - 1  # from Hubei people came home early, and late again
    day = np.where(far, chance.draw.uniform(-14, 50, count), chance.draw.uniform(-10, 59, count))
    length = chance.draw.standard_exponential(count) * np.where(far, 9, 4) + 0.1
    started = in_minutes(day)
    ended = started + in_minutes(length)
    honest = chance.flags(HONEST, count)
    told = np.where(honest, chance.about(0.7, count), chance.within((2, 9), count))
    on = ended > NOW
    recorded = np.where(on, started, ended) + told
    source = np.where(honest, SOURCE["citizens"], SOURCE["networks"])
    # what people declared is added to, not taken back
    retracted = np.where(honest, NEVER, chance.taken_back(TAKEN_BACK, recorded))
    ward.notebook.write(
        Kind.STAY, ward.anybody(count), started, source, area=area, recorded=recorded,
        ended=np.where(on, GOING_ON, ended), retracted=retracted,
    )  # fmt: skip
    arrived = ward.so_many(DOMESTIC_ARRIVALS)
    when = chance.times((0, LAST_DAY), (5, 24), arrived)
    ward.notebook.write(
        Kind.ARRIVAL, ward.anybody(arrived), when, "border", result="domestic",
        area=ward.district, recorded=when + chance.about(0.2, arrived),
    )  # fmt: skip


def _areas(ward: Ward, kind: Ints) -> Ints:
    chance = ward.chance
    ranges = (IN_THE_CITY, ELSEWHERE, IN_MEDIUM, IN_HIGH)
    first = np.array([each.start for each in ranges], np.int32)[kind]
    size = np.array([len(each) for each in ranges], np.int32)[kind]
    area = (first + chance.draw.random(len(kind)) * size).astype(np.int32)
    at_home = (kind == 0) & chance.flags(0.5, len(kind))
    return np.where(at_home, ward.here(len(kind)), area).astype(np.int32)


def _test(ward: Ward) -> None:
    chance = ward.chance
    count = ward.so_many(TESTS)
    started = chance.times((10, LAST_DAY), (7, 20), count)
    recorded = started + chance.within((0.2, 1.5), count)
    wrong = chance.flags(POSITIVE, count)
    back = recorded + chance.within((0.2, 2), count)
    ward.notebook.write(
        Kind.TEST, ward.anybody(count), started, "clinics", recorded=recorded,
        result=np.where(wrong, RESULT["positive"], RESULT["negative"]), area=ward.district,
        retracted=np.where(wrong, back, chance.taken_back(TAKEN_BACK, recorded)),
    )  # fmt: skip
