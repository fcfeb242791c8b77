"""What becomes known of an outbreak: onsets, tests, diagnoses, contacts, visits, sites."""

from __future__ import annotations

import numpy as np

from healthcode.app.city.areas import AREAS, TRAVELLED_HIGH, Designation
from healthcode.app.city.facts import NEVER, Ints, every, in_minutes, midnight
from healthcode.app.city.outbreak import Case, Meeting, Outbreak, Outing
from healthcode.app.city.parameters import (
    DAY,
    HOUR,
    NOW,
    RESULT,
    SITES,
    SOURCE,
    SYMPTOMS,
    TO_DISCHARGE,
    VISITORS_OF_A_SITE,
    WINDOW,
)
from healthcode.app.city.ward import Ward
from healthcode.evidence import Kind, Level

ARRIVED_FROM_HUBEI = 3 * DAY  # nobody left Wuhan after 23 January


def tell(ward: Ward, outbreak: Outbreak) -> None:
    """Write down all that becomes known."""
    known = [case for case in outbreak.cases if case.confirmed <= NOW]
    if known:
        _patients(ward, known)
        _discharges(ward, known)
    traced = [m for m in outbreak.meetings if m.traced and m.case.confirmed <= NOW]
    if traced:
        _contacts(ward, traced)
    outings = [each for each in outbreak.outings if each.case.confirmed <= NOW]
    if outings:
        _outings(ward, outings)
    _journeys(ward, outbreak)


def _column(cases: list[Case], name: str) -> Ints:
    return np.array([getattr(case, name) for case in cases], np.int32)


def _patients(ward: Ward, cases: list[Case]) -> None:
    """Onset, tests and diagnosis of the cases that were found."""
    chance, write = ward.chance, ward.notebook.write
    count = len(cases)
    person, onset, isolated, confirmed = (
        _column(cases, name) for name in ("person", "onset", "isolated", "confirmed")
    )
    ill = np.array([case.symptoms for case in cases])
    word = np.array([RESULT[each] for each in SYMPTOMS], np.int32)[chance.below(3, count)]
    honest = ill & chance.flags(0.7, count)
    write(
        Kind.SYMPTOM, person[honest], onset[honest], "citizens", result=word[honest],
        recorded=(onset + chance.about(0.7, count))[honest], area=ward.here(int(honest.sum())),
    )  # fmt: skip
    hidden = ill & ~honest  # until the clinic asks
    write(
        Kind.SYMPTOM, person[hidden], onset[hidden], "clinics", result=word[hidden],
        recorded=(np.maximum(isolated, onset) + HOUR)[hidden], area=ward.district,
    )  # fmt: skip
    write(
        Kind.TEST, person, np.maximum(confirmed - 8 * HOUR, onset - DAY), "clinics",
        result="positive", recorded=confirmed, area=ward.district,
    )  # fmt: skip
    recorded = confirmed + chance.about(0.4, count)
    first = ill & chance.flags(0.35, count)
    write(
        Kind.DIAGNOSIS, person[first], isolated[first], "commission", result="suspected",
        recorded=(isolated + chance.about(0.2, count))[first], area=ward.district,
    )  # fmt: skip
    write(
        Kind.DIAGNOSIS, person, confirmed, "commission", recorded=recorded, area=ward.district,
        result=np.where(ill, RESULT["confirmed"], RESULT["asymptomatic"]),
        retracted=chance.taken_back(0.02, recorded),
    )  # fmt: skip
    write(
        Kind.ISOLATION, person, isolated, "commission", ended=confirmed, recorded=recorded,
        area=ward.district,
    )  # fmt: skip


def _discharges(ward: Ward, cases: list[Case]) -> None:
    """Discharges, two negative tests before each, and the two weeks after it."""
    chance, write = ward.chance, ward.notebook.write
    count = len(cases)
    person, onset, confirmed = (_column(cases, n) for n in ("person", "onset", "confirmed"))
    ill = np.array([case.symptoms for case in cases])
    days = chance.draw.lognormal(*TO_DISCHARGE, count)
    home = np.maximum(onset + in_minutes(days), confirmed + 3 * DAY)
    home = midnight(home) + chance.times((0, 1), (9, 16), count)
    known = home + chance.about(0.5, count)
    over = ~ill & chance.flags(0.8, count)
    gone = ~over
    write(
        Kind.CLEARANCE, person[over], home[over], "commission", result="asymptomatic_over",
        recorded=known[over], area=ward.district,
    )  # fmt: skip
    write(
        Kind.DISCHARGE, person[gone], home[gone], "commission", recorded=known[gone],
        area=ward.district,
    )  # fmt: skip
    for before in (4 * DAY, 2 * DAY):
        tested = home - before
        write(
            Kind.TEST, person, tested, "clinics", result="negative",
            recorded=tested + chance.within((0.2, 1), count), area=ward.district,
        )  # fmt: skip
    kept = midnight(home) + WINDOW * DAY
    write(
        Kind.ISOLATION, person[gone], home[gone], "commission", ended=kept[gone],
        recorded=kept[gone], area=ward.district,
    )  # fmt: skip


def _contacts(ward: Ward, meetings: list[Meeting]) -> None:
    """Contacts that tracing found, and what followed for them."""
    chance, write = ward.chance, ward.notebook.write
    count = len(meetings)
    person, started, ended = (
        np.array([getattr(each, name) for each in meetings], np.int32)
        for name in ("person", "started", "ended")
    )
    case = np.array([each.case.person for each in meetings], np.int32)
    confirmed = np.array([each.case.confirmed for each in meetings], np.int32)
    delay = np.array([each.setting.delay for each in meetings])
    found = np.maximum(confirmed, ended) + in_minutes(
        delay * chance.draw.standard_exponential(count)
    )
    write(
        Kind.CONTACT, person, started, "tracing", result="close", ended=ended, recorded=found,
        area=ward.district, other=case, retracted=chance.taken_back(0.04, found),
    )  # fmt: skip
    outcome = chance.one_of((0.45, 0.25, 0.1, 0.2), count)
    # let go as soon as the tests allowed; after the full time; by a word that does not count
    for turn, source, days in (
        (0, "commission", (9, 13.5)), (1, "commission", (14, 16)), (2, "communities", (8, 13)),
    ):  # fmt: skip
        one = outcome == turn
        over = ended[one] + chance.within(days, int(one.sum()))
        write(
            Kind.CLEARANCE, person[one], over, source, result="isolation_over",
            recorded=over + chance.about(0.2, len(over)), area=ward.district,
        )  # fmt: skip
    tested = found + chance.within((0.2, 2), count)
    write(
        Kind.TEST, person, tested, "clinics", result="negative",
        recorded=tested + chance.within((0.3, 1.5), count), area=ward.district,
    )  # fmt: skip
    stayed = outcome <= 1
    out = found + WINDOW * DAY
    write(
        Kind.ISOLATION, person[stayed], found[stayed], "commission", ended=out[stayed],
        recorded=out[stayed], area=ward.district,
    )  # fmt: skip
    says = chance.flags(0.2, count)
    said = confirmed[says] + chance.about(1, int(says.sum()))
    write(
        Kind.CONTACT, person[says], ended[says], "citizens", result="declared", area=ward.district,
        recorded=np.maximum(said, ended[says]),
    )  # fmt: skip


def _outings(ward: Ward, outings: list[Outing]) -> None:
    """Visits of the cases, the sites that were made of some, and the other visitors found there."""
    chance, write = ward.chance, ward.notebook.write
    person = np.array([each.case.person for each in outings], np.int32)
    place, started, ended = (
        np.array([getattr(each, name) for each in outings], np.int32)
        for name in ("place", "started", "ended")
    )
    confirmed = np.array([each.case.confirmed for each in outings], np.int32)
    opened = np.maximum(confirmed, ended) + chance.within((0.2, 3), len(outings))
    write(
        Kind.VISIT, person, started, "tracing", ended=ended, place=place, area=ward.district,
        recorded=opened,
    )  # fmt: skip
    for n in np.flatnonzero(chance.flags(SITES, len(outings))).tolist():
        first = int(started[n]) // DAY * DAY
        last = first + DAY * int(chance.draw.integers(1, 6))
        known = int(opened[n]) + int(chance.about(0.5, 1)[0])
        if known <= NOW:
            back = int(chance.taken_back(0.06, np.array([known], np.int32))[0])
            ward.sites.append(
                Designation(
                    Level.EXPOSURE, "", ward.places.names[place[n] - 1], first, last, known,
                    back if back <= NOW else NEVER,
                )
            )  # fmt: skip
            _visitors(ward, int(place[n]), (first, last), known)


def _visitors(ward: Ward, place: int, span: tuple[int, int], known: int) -> None:
    """Who else was at a site, and how some of them are cleared."""
    chance, write = ward.chance, ward.notebook.write
    count = int(chance.draw.poisson(VISITORS_OF_A_SITE))
    person = ward.anybody(count)
    days = (span[0] // DAY, max(span[1] // DAY, span[0] // DAY + 1))
    came = chance.times(days, (8, 20), count)
    ended = came + chance.below(110, count) + 10
    recorded = np.maximum(ended, known) + chance.about(1, count)
    write(
        Kind.VISIT, person, came, "tracing", ended=ended, place=place, area=ward.district,
        recorded=recorded,
    )  # fmt: skip
    outcome = chance.one_of((0.4, 0.1, 0.5), count)
    for turn, source in enumerate(("commission", "communities")):
        one = outcome == turn
        cleared = recorded[one] + chance.within((0.5, 9), int(one.sum()))
        write(
            Kind.CLEARANCE, person[one], cleared, source, result="cleared", recorded=cleared,
            area=ward.district,
        )  # fmt: skip


def _journeys(ward: Ward, outbreak: Outbreak) -> None:
    """Where the seeds came from: Hubei, or abroad; every third said nothing of it."""
    if not outbreak.imported:
        return
    chance, write = ward.chance, ward.notebook.write
    cases = [case for case, _ in outbreak.imported]
    turn = np.array([turn for _, turn in outbreak.imported], np.int32)
    person, infected = _column(cases, "person"), _column(cases, "infected")
    home = infected + chance.within((0.2, 3), len(cases))
    hubei = ~every(turn, 4, 3)
    left = np.minimum(home, ARRIVED_FROM_HUBEI + 8 * HOUR)[hubei]
    hides = every(turn, 3, 2)[hubei]
    recorded = left + np.where(hides, chance.within((4, 12), len(left)), chance.about(1, len(left)))
    write(
        Kind.STAY, person[hubei], left - chance.within((3, 20), len(left)),
        np.where(hides, SOURCE["networks"], SOURCE["citizens"]), ended=left, recorded=recorded,
        area=AREAS.index(TRAVELLED_HIGH[0]),
    )  # fmt: skip
    write(
        Kind.ARRIVAL, person[~hubei], home[~hubei], "border", result="abroad", area=ward.district,
        recorded=home[~hubei] + chance.about(0.2, int((~hubei).sum())),
    )  # fmt: skip
