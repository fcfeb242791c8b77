"""How the illness spreads in a block: whom a case met, where, and who fell ill.

Case by case, each with the published figures of `parameters`. Attack rates were measured where
cases were found and isolated, so an infection lies between the beginning of infectiousness and
isolation.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from healthcode.app.city.facts import every
from healthcode.app.city.parameters import (
    ASYMPTOMATIC,
    ASYMPTOMATIC_FACTOR,
    DAY,
    DISPERSION,
    HOUR,
    INCUBATION,
    INFECTIOUS,
    NOW,
    SETTINGS,
    TO_CONFIRMATION,
    TO_ISOLATION,
    TO_ISOLATION_SHAPE,
    VISITS_OF_A_CASE,
    Setting,
)
from healthcode.app.city.ward import Ward

EARLY, LATE = (-10.0, 6.0), (33.0, 46.0)  # days on which seeds are infected: Hubei, then abroad


@dataclass(frozen=True, slots=True)
class Case:
    """An infected person; times are minutes of the city."""

    person: int
    infected: int
    onset: int  # of an infection without symptoms: when they would have begun
    isolated: int
    confirmed: int
    symptoms: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """A case and somebody they met, from when to when, and whether tracing finds it out."""

    case: Case
    person: int
    setting: Setting
    started: int
    ended: int
    traced: bool


@dataclass(frozen=True, slots=True)
class Outing:
    """A case's visit to a public place (its number) while infectious."""

    case: Case
    place: int
    started: int
    ended: int


@dataclass
class Outbreak:
    """What happened in a block."""

    cases: list[Case] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    outings: list[Outing] = field(default_factory=list)
    imported: list[tuple[Case, int]] = field(default_factory=list)
    """The seeds with their turns in the city."""


def spread(ward: Ward) -> Outbreak:
    """Let the seeds of a block infect others, and these others again."""
    outbreak = Outbreak()
    ill: set[int] = set()
    waiting: deque[Case] = deque()
    people, turns = ward.story("seed")
    later, silent = every(turns, 4, 3), every(turns, 6, 5)
    for n, person in enumerate(people.tolist()):
        first = int(ward.chance.within(LATE if later[n] else EARLY, 1)[0])
        case = _case(ward, person, first, symptoms=not silent[n], traced=False)
        outbreak.imported.append((case, int(turns[n])))
        ill.add(person)
        waiting.append(case)
    while waiting:
        case = waiting.popleft()
        outbreak.cases.append(case)
        outbreak.outings += _outings(ward, case)
        for meeting, infected in _meetings(ward, case):
            outbreak.meetings.append(meeting)
            if infected is not None and meeting.person not in ill and infected <= NOW:
                ill.add(meeting.person)
                silent_one = ward.chance.draw.random() < ASYMPTOMATIC
                waiting.append(
                    _case(
                        ward,
                        meeting.person,
                        infected,
                        symptoms=not silent_one,
                        traced=meeting.traced,
                    )
                )
    return outbreak


def _case(ward: Ward, person: int, infected: int, *, symptoms: bool, traced: bool) -> Case:
    draw = ward.chance.draw
    onset = infected + int(draw.lognormal(*INCUBATION) * DAY)
    mean = TO_ISOLATION[traced]
    isolated = onset + int(draw.gamma(TO_ISOLATION_SHAPE, mean / TO_ISOLATION_SHAPE) * DAY)
    confirmed = isolated + int(draw.exponential(TO_CONFIRMATION) * DAY) + HOUR
    return Case(person, infected, onset, isolated, confirmed, symptoms)


def _begins(case: Case) -> int:
    """When a case begins to infect: never before its own infection."""
    return max(case.infected, case.onset - int(INFECTIOUS[2] * DAY))


def _meetings(ward: Ward, case: Case) -> list[tuple[Meeting, int | None]]:
    """Whom a case met, and when each was infected; None for those who were not."""
    draw = ward.chance.draw
    personal = draw.gamma(DISPERSION, 1 / DISPERSION)
    if not case.symptoms:
        personal *= ASYMPTOMATIC_FACTOR
    begins = _begins(case)
    found: list[tuple[Meeting, int | None]] = []
    length = max(case.isolated - begins, HOUR)
    for setting in SETTINGS:
        for person in _met(ward, case, setting):
            started = begins + int(draw.random() * length)
            ended = min(started + int(draw.integers(15, 180)), begins + length)
            if setting is SETTINGS[0]:
                started, ended = begins, begins + length
            traced = bool(draw.random() < setting.traced)
            infected = None
            if draw.random() < min(setting.attack * personal, 1):
                infected = begins + int(draw.gamma(*INFECTIOUS[:2]) * DAY) % length
                started, ended = min(started, infected), max(ended, infected)
            found.append((Meeting(case, person, setting, started, ended, traced), infected))
    return found


def _met(ward: Ward, case: Case, setting: Setting) -> list[int]:
    residents, draw = ward.residents, ward.chance.draw
    if setting is SETTINGS[0]:
        return residents.household_of(case.person)[: setting.met]
    if setting is SETTINGS[1]:
        return residents.colleagues_of(case.person)[: setting.met]
    met = set(draw.integers(0, ward.block.people, draw.poisson(setting.met)).tolist())
    return sorted(met - {case.person})


def _outings(ward: Ward, case: Case) -> list[Outing]:
    draw = ward.chance.draw
    begins = _begins(case)
    found = []
    for place in ward.at_places(int(draw.poisson(VISITS_OF_A_CASE))).tolist():
        started = begins + int(draw.random() * max(case.isolated - begins, HOUR))
        found.append(Outing(case, place, started, started + int(draw.integers(10, 120))))
    return found
