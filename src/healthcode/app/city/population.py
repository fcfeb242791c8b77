"""Who lives where: blocks of the districts, and in each block households, ages and workplaces.

A block is worked on by itself, with a chance of its own, so the city comes out the same however
many work on it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from healthcode.app.city.facts import Chance, Flags, Ints
from healthcode.app.city.parameters import (
    BANDS,
    CITY,
    HEADS,
    HOUSEHOLD_SIZES,
    MALE,
    OTHERS,
    PEOPLE_IN_A_BLOCK,
    PEOPLE_TO_A_PLACE,
    PLACE_KINDS,
    POPULARITY,
    RESIDENCES,
    WORKING,
    WORKPLACE,
)
from healthcode.places import districts


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a district: its number and its people's first number, from 0, in the city."""

    number: int
    district: str
    street: str
    first: int
    people: int


@dataclass(frozen=True)
class Residents:
    """The people of a block, in columns; households and workplaces are lists of people.

    `at_home` and `at_work` are in order of household and workplace; the members of number n are
    those from `homes[n]` to below `homes[n + 1]`.
    """

    age: Ints
    male: Flags
    residence: Ints  # 0 the street, 1 the district, 2 not known
    household: Ints
    homes: Ints
    workplace: Ints  # -1: none
    works: Ints
    at_work: Ints

    def household_of(self, person: int) -> list[int]:
        """Who lives with somebody, without themselves."""
        number = self.household[person]
        first, last = self.homes[number : number + 2].tolist()
        return [each for each in range(first, last) if each != person]

    def colleagues_of(self, person: int) -> list[int]:
        """Who works with somebody, without themselves."""
        number = self.workplace[person]
        if number < 0:
            return []
        first, last = self.works[number : number + 2].tolist()
        return [each for each in self.at_work[first:last].tolist() if each != person]


def blocks(people: int) -> Iterator[Block]:
    """The city's blocks: districts by their residents of 2020, each cut into like parts."""
    number = first = 0
    for district, living in _by_district(people).items():
        parts = max(1, round(living / PEOPLE_IN_A_BLOCK))
        for part in range(parts):
            size = living * (part + 1) // parts - living * part // parts
            if size:
                yield Block(number, district, f"{district}{part % 999 + 1:03}", first, size)
                number, first = number + 1, first + size


def _by_district(people: int) -> dict[str, int]:
    """How many live in each district; who is left over goes where the remainder is largest."""
    residents = {each.code: each.residents or 0 for each in districts(CITY)}
    total = sum(residents.values())
    found = {code: people * living // total for code, living in residents.items()}
    left = people - sum(found.values())
    for code in sorted(residents, key=lambda code: -(people * residents[code] % total))[:left]:
        found[code] += 1
    return found


def residents(count: int, chance: Chance) -> Residents:
    """The people of a block."""
    homes = _cut(count, chance.one_of(HOUSEHOLD_SIZES, count) + 1)
    household = np.repeat(np.arange(len(homes) - 1, dtype=np.int32), np.diff(homes))
    age = _ages(count, homes, chance)
    working = (age >= BANDS[1][0]) & (age < BANDS[1][1]) & chance.flags(WORKING, count)
    at_work = chance.draw.permutation(np.flatnonzero(working).astype(np.int32))
    works = _cut(len(at_work), chance.draw.geometric(1 / WORKPLACE, len(at_work)).astype(np.int32))
    workplace = np.full(count, -1, np.int32)
    workplace[at_work] = np.repeat(np.arange(len(works) - 1, dtype=np.int32), np.diff(works))
    return Residents(
        age=age,
        male=chance.flags(MALE, count),
        residence=chance.one_of(RESIDENCES, count),
        household=household,
        homes=homes,
        workplace=workplace,
        works=works,
        at_work=at_work,
    )


def _cut(count: int, sizes: Ints) -> Ints:
    """Where groups of these sizes begin, and the end of the last, which may be smaller."""
    ends = np.cumsum(sizes)
    inner = ends[ends < count]
    return np.concatenate([[0], inner, [count] if count else []]).astype(np.int32)


def _ages(count: int, homes: Ints, chance: Chance) -> Ints:
    band = chance.one_of(OTHERS, count)
    heads = homes[:-1]
    band[heads] = chance.one_of(HEADS, len(heads))
    low, high = (np.array(each, np.int32) for each in zip(*BANDS, strict=True))
    # Of the old, fewer the older: the square of a chance lies nearer to nought.
    within = chance.draw.random(count)
    within = np.where(band == len(BANDS) - 1, within**2, within)
    return (low[band] + within * (high - low)[band]).astype(np.int32)


@dataclass(frozen=True)
class Places:
    """The public places of a block by name, and how its visitors divide among them."""

    names: tuple[str, ...]
    shares: tuple[float, ...]


def places(block: Block) -> Places:
    """A block's places, the first the best visited."""
    count = max(len(PLACE_KINDS), block.people // PEOPLE_TO_A_PLACE)
    weights = np.arange(1, count + 1) ** -POPULARITY
    names = [f"{PLACE_KINDS[n % len(PLACE_KINDS)]}-{block.street}-{n + 1:03}" for n in range(count)]
    return Places(tuple(names), tuple(weights / weights.sum()))
