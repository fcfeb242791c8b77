"""What happens to few, so that every rule and every early end has its people in a small city too.

Each story has turns: whose turn it is in the whole city says how it goes, so none is missing by
chance.
"""

from __future__ import annotations

import numpy as np

from healthcode.app.city.areas import AREAS, IN_MEDIUM, TRAVELLED_HIGH
from healthcode.app.city.facts import GOING_ON, MOMENT, Ints, every, midnight
from healthcode.app.city.parameters import (
    DAY,
    HOUR,
    NOW,
    REASONS,
    RESULT,
    SOURCE,
    SYMPTOMS,
    WINDOW,
)
from healthcode.app.city.ward import Ward
from healthcode.evidence import Kind

LAST_DAY = NOW // DAY
RECENT = (LAST_DAY - 2 * WINDOW, LAST_DAY - 2)


def happen(ward: Ward) -> None:
    """Write down a block's stories."""
    for story in (
        _suspected, _screened, _from_abroad, _isolated_after_high, _cleared_after_medium,
        _fever_at_a_gate, _symptoms, _observed, _declared_contact, _ordered,
    ):  # fmt: skip
        story(ward)


def _cleared(ward: Ward, person: Ints, at: Ints, source: str, result: str) -> None:
    ward.notebook.write(
        Kind.CLEARANCE, person, at, source, result=result, area=ward.district,
        recorded=at + ward.chance.about(0.2, len(at)),
    )  # fmt: skip


def _suspected(ward: Ward) -> None:
    """A suspicion: excluded, ended by a discharge, or excluded by a word that does not count."""
    chance = ward.chance
    person, turn = ward.story("suspected")
    at = chance.times((5, LAST_DAY - 6), (8, 20), len(person))
    ward.notebook.write(
        Kind.DIAGNOSIS, person, at, "commission", result="suspected", area=ward.district,
        recorded=at + chance.about(0.2, len(at)),
    )  # fmt: skip
    left = every(turn, 12, 4)
    after = at + chance.within((5, 12), len(at))
    ward.notebook.write(
        Kind.DISCHARGE, person[left], after[left], "commission", recorded=after[left],
        area=ward.district,
    )  # fmt: skip
    after = at + chance.within((1, 4), len(at))
    wrong = every(turn, 12, 9)
    _cleared(ward, person[wrong], after[wrong], "clinics", "suspicion_excluded")
    good = ~left & ~wrong
    _cleared(ward, person[good], after[good], "commission", "suspicion_excluded")


def _screened(ward: Ward) -> None:
    """Infections without symptoms that a screening found, most of them over since."""
    chance = ward.chance
    person, turn = ward.story("screened")
    at = chance.times((8, LAST_DAY - 12), (8, 20), len(person))
    ward.notebook.write(
        Kind.DIAGNOSIS, person, at, "commission", result="asymptomatic", area=ward.district,
        recorded=at + chance.about(0.3, len(at)),
    )  # fmt: skip
    after = at + chance.within((6, 11), len(at))
    left = every(turn, 4, 1)
    ward.notebook.write(
        Kind.DISCHARGE, person[left], after[left], "commission", recorded=after[left],
        area=ward.district,
    )  # fmt: skip
    over = every(turn, 4, 0, 2)
    _cleared(ward, person[over], after[over], "commission", "asymptomatic_over")


def _from_abroad(ward: Ward) -> None:
    """Arrivals: some isolated elsewhere before they came, some here, some for too short a time."""
    chance = ward.chance
    person, turn = ward.story("abroad")
    at = chance.times((8, LAST_DAY), (5, 24), len(person))
    ward.notebook.write(
        Kind.ARRIVAL, person, at, "border", result="abroad", area=ward.district,
        recorded=at + chance.about(0.3, len(at)),
    )  # fmt: skip
    # at the port of entry, nearly done when they came on: ends soon after the arrival
    elsewhere, short, here = every(turn, 3, 0), every(turn, 6, 1), every(turn, 3, 2)
    began = at[elsewhere] - chance.within((10, 13), int(elsewhere.sum()))
    ended = midnight(began) + WINDOW * DAY + 9 * HOUR
    _isolated(ward, person[elsewhere], began, np.maximum(ended, at[elsewhere]), "regions")
    began = at[short] - chance.within((3, 6), int(short.sum()))
    _isolated(ward, person[short], began, began + 10 * DAY, "regions")
    began = at[here] + 3 * HOUR
    _isolated(ward, person[here], began, midnight(began) + WINDOW * DAY + 9 * HOUR, "commission")


def _isolated(ward: Ward, person: Ints, began: Ints, ended: Ints, source: str) -> None:
    """An isolation, known when it has ended; while it goes on, since shortly after it began."""
    on = ended > NOW
    ward.notebook.write(
        Kind.ISOLATION, person, began, source, ended=np.where(on, GOING_ON, ended),
        recorded=np.where(on, began, ended) + ward.chance.about(0.4, len(began)),
        area=ward.district,
    )  # fmt: skip


def _isolated_after_high(ward: Ward) -> None:
    """Home from Hubei with the two weeks done on the way."""
    chance = ward.chance
    person, _ = ward.story("high_and_isolated")
    left = chance.times((22, LAST_DAY - WINDOW - 2), (6, 20), len(person))
    ward.notebook.write(
        Kind.STAY, person, left - chance.within((10, 30), len(left)), "networks", ended=left,
        area=AREAS.index(TRAVELLED_HIGH[1]), recorded=left + chance.within((1, 6), len(left)),
    )  # fmt: skip
    _isolated(ward, person, left, midnight(left) + WINDOW * DAY + 9 * HOUR, "regions")


def _cleared_after_medium(ward: Ward) -> None:
    """Back from an area that was medium; every third is cleared, some by a word that is none."""
    chance = ward.chance
    person, turn = ward.story("medium_and_cleared")
    left = chance.times(RECENT, (6, 20), len(person))
    area = IN_MEDIUM.start + chance.below(len(IN_MEDIUM), len(person))
    ward.notebook.write(
        Kind.STAY, person, left - chance.within((1, 9), len(left)), "citizens", ended=left,
        area=area, recorded=left + chance.about(0.6, len(left)),
    )  # fmt: skip
    at = left + chance.within((0.5, 6), len(left))
    good, wrong = every(turn, 2, 0), every(turn, 8, 3)
    _cleared(ward, person[good], at[good], "commission", "cleared")
    _cleared(ward, person[wrong], at[wrong], "communities", "cleared")


def _fever_at_a_gate(ward: Ward) -> None:
    """A fever at a gate; a later reading is normal, or comes too soon to count."""
    chance = ward.chance
    person, turn = ward.story("fever_at_a_gate")
    at = chance.times((20, LAST_DAY), (6, 22), len(person))
    tenths = 373 + np.minimum(chance.draw.standard_exponential(len(person)) * 4, 22)
    ward.notebook.write(
        Kind.TEMPERATURE, person, at, "gates", number=tenths.astype(np.int32) * 100,
        recorded=at + chance.below(4, len(at)), area=ward.district,
    )  # fmt: skip
    for mine, source, after in (
        (every(turn, 4, 1), "gates", (0.03, 0.4)),
        (every(turn, 4, 2), "clinics", (0.05, 1.0)),
        (every(turn, 8, 3), "gates", (0.003, 0.018)),
    ):
        again = at[mine] + chance.within(after, int(mine.sum()))
        normal = 360 + chance.below(12, len(again))
        ward.notebook.write(
            Kind.TEMPERATURE, person[mine], again, source, number=normal * 100, area=ward.district,
            recorded=again + chance.below(10, len(again)),
        )  # fmt: skip


def _symptoms(ward: Ward) -> None:
    """Colds: declared, or found days later by the clinic or the community from whom they hid."""
    chance = ward.chance
    person, turn = ward.story("symptoms")
    at = chance.times((3, LAST_DAY), (6, 23), len(person))
    sources = ("citizens", "citizens", "citizens", "clinics", "communities")
    by = np.array([SOURCE[each] for each in sources], np.int32)[turn % len(sources)]
    said = by == SOURCE["citizens"]
    delay = np.where(said, chance.about(0.5, len(at)), chance.within((1, 6), len(at)))
    words = np.array([RESULT[each] for each in SYMPTOMS], np.int32)
    ward.notebook.write(
        Kind.SYMPTOM, person, at, by, result=words[turn % len(words)], area=ward.here(len(at)),
        recorded=at + delay,
    )  # fmt: skip
    seen = at + delay + chance.within((0.3, 4), len(at))
    for mine, source in (
        (every(turn, 6, 0, 3), "clinics"), (every(turn, 6, 1), "communities"),
        (every(turn, 12, 5), "commission"),
    ):  # fmt: skip
        _cleared(ward, person[mine], seen[mine], source, "examined")


def _observed(ward: Ward) -> None:
    """Observation at home: for a stated time, still going on, or with no end said."""
    chance = ward.chance
    person, turn = ward.story("observed")
    at = chance.times((2, LAST_DAY), (8, 20), len(person))
    until = midnight(at) + WINDOW * DAY
    on = every(turn, 3, 1) & (until > NOW)
    ended = np.where(on, GOING_ON, np.where(every(turn, 3, 2), MOMENT, until))
    by = np.where(every(turn, 5, 0), SOURCE["commission"], SOURCE["communities"])
    ward.notebook.write(
        Kind.OBSERVATION, person, at, by, ended=ended, area=ward.here(len(at)),
        recorded=at + chance.about(0.4, len(at)),
    )  # fmt: skip
    over = at + chance.within((4, 12), len(at))
    for mine, source in (
        (every(turn, 4, 0), "communities"), (every(turn, 8, 2), "commission"),
        (every(turn, 16, 3), "clinics"),
    ):  # fmt: skip
        _cleared(ward, person[mine], over[mine], source, "observation_over")


def _declared_contact(ward: Ward) -> None:
    """Contacts that only the person knows of."""
    chance = ward.chance
    person, turn = ward.story("declared_contact")
    at = chance.times((15, LAST_DAY - 2), (7, 22), len(person))
    ward.notebook.write(
        Kind.CONTACT, person, at, "citizens", result="declared", area=ward.district,
        recorded=at + chance.about(1, len(at)),
    )  # fmt: skip
    over = at + chance.within((2, 9), len(at))
    for mine, source in (
        (every(turn, 4, 0), "commission"), (every(turn, 4, 1), "communities"),
        (every(turn, 8, 2), "clinics"),
    ):  # fmt: skip
        _cleared(ward, person[mine], over[mine], source, "cleared")


def _ordered(ward: Ward) -> None:
    """Orders for every reason, in turn with a release, with an end of their own, and without."""
    chance = ward.chance
    person, turn = ward.story("ordered")
    at = chance.times((10, LAST_DAY - 4), (8, 20), len(person))
    words = np.array([RESULT[each] for each in REASONS], np.int32)
    rounds = turn // len(REASONS)
    until = midnight(at) + chance.within((7, 21), len(at))
    ward.notebook.write(
        Kind.ORDER, person, at, "command", result=words[turn % len(words)], area=ward.district,
        ended=np.where(every(rounds, 2, 0), until, MOMENT), recorded=at + chance.below(90, len(at)),
    )  # fmt: skip
    over = at + chance.within((1, 4), len(at))
    for mine, source in ((every(rounds, 4, 0, 3), "command"), (every(rounds, 4, 1), "commission")):
        ward.notebook.write(
            Kind.ORDER, person[mine], over[mine], source, result="release", area=ward.district,
            recorded=over[mine] + chance.below(90, int(mine.sum())),
        )  # fmt: skip
