"""Where people of the city go, and the risk that areas there and here are given.

The city is Tianjin; the areas are those that were much spoken of in February and March 2020, and
their dates are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from healthcode.app.city.facts import NEVER, Chance
from healthcode.app.city.parameters import CITY, DAY, NOW
from healthcode.evidence import Level
from healthcode.places import districts

MEDIUM: Final = (
    "3301", "3302", "3303", "3304", "3306", "3307", "3310", "3401", "3403", "3412", "3416", "3601",
    "3604", "3605", "3609", "3611", "3701", "3707", "3708", "4101", "4113", "4115", "4117", "4301",
    "4305", "4306", "4401", "4403", "4404", "4604", "5001", "5101", "5118", "2301", "2304", "2102",
)  # fmt: skip
ORDINARY: Final = (
    "110105", "110108", "1302", "130203", "1306", "1309", "1401", "1501", "2201", "3101", "3201",
    "3501", "3702", "4501", "5201", "5301", "6101", "6201", "6401", "6501",
)  # fmt: skip
INSIDE: Final = ("120102", "120103", "120104", "120105", "120110", "120113", "120115")
"""The seven districts that were medium on 7 March 2020."""
STREET_SHUT: Final = "120115001"

DISTRICTS: Final = tuple(each.code for each in districts(CITY))
TRAVELLED_HIGH: Final = ("4201", "420106", "4206", "4209", "4211", "330382", "230302")
TRAVELLED_MEDIUM: Final = tuple(f"{code}02" for code in MEDIUM) + MEDIUM[:12]

AREAS: Final = ("", *DISTRICTS, *ORDINARY, *TRAVELLED_MEDIUM, *TRAVELLED_HIGH)
"""The areas of facts by number; the number after the last is the block's own street."""
STREET: Final = len(AREAS)


def numbers(codes: tuple[str, ...]) -> range:
    """The numbers of a part of AREAS."""
    first = AREAS.index(codes[0])
    return range(first, first + len(codes))


IN_THE_CITY = numbers(DISTRICTS)
ELSEWHERE = numbers(ORDINARY)
IN_MEDIUM = numbers(TRAVELLED_MEDIUM)
IN_HIGH = numbers(TRAVELLED_HIGH)


@dataclass(frozen=True, slots=True)
class Designation:
    """A level on an area or a place; times are minutes, an end or a retraction may be NEVER."""

    level: Level
    area: str
    place: str
    started: int
    ended: int
    recorded: int
    retracted: int


def designated_areas(seed: int) -> list[Designation]:
    """The levels of areas, the same for a seed whatever the number of people."""
    chance = Chance(np.random.default_rng([seed, 1, 0]))
    found = [
        _level(Level.HIGH, "42", 3, NOW, chance),
        _level(Level.HIGH, "330382", 13, 50, chance),
        _level(Level.HIGH, "2303", 20, 57, chance),
        _level(Level.HIGH, STREET_SHUT, 12, 34, chance),
    ]
    for area in MEDIUM:
        first, last = int(chance.below(22, 1)[0]), 35 + int(chance.below(40, 1)[0])
        found.append(_level(Level.MEDIUM, area, first, last, chance))
    found += [
        _level(Level.MEDIUM, area, 25, 52 + int(chance.below(12, 1)[0]), chance) for area in INSIDE
    ]
    # put on the wrong county, and taken back on the next days
    for area in ORDINARY[:3]:
        day = 20 + int(chance.below(25, 1)[0])
        wrong = _level(Level.MEDIUM, area, day, NOW, chance)
        back = wrong.recorded + int(chance.within((0.5, 2), 1)[0])
        found.append(Designation(wrong.level, area, "", wrong.started, NEVER, wrong.recorded, back))
    return found


def _level(level: Level, area: str, first: int, last: int, chance: Chance) -> Designation:
    """From a day to a day; one in eight is known a week late."""
    started, ended = first * DAY, last * DAY
    late = chance.flags(1 / 8, 1)[0]
    recorded = started + int(chance.within((5, 9) if late else (0, 1), 1)[0])
    return Designation(level, area, "", started, ended if ended < NOW else NEVER, recorded, NEVER)
