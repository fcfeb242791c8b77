"""A block with everything that its facts are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from healthcode.app.city.areas import DISTRICTS, STREET, Designation
from healthcode.app.city.facts import Chance, Ints, Notebook
from healthcode.app.city.parameters import STORIES
from healthcode.app.city.population import Block, Places, Residents, places, residents


@dataclass(frozen=True)
class Ward:
    """A block at work. `city` is how many people the whole city has."""

    block: Block
    seed: int
    city: int
    chance: Chance
    residents: Residents
    places: Places
    notebook: Notebook
    sites: list[Designation] = field(default_factory=list)

    @classmethod
    def of(cls, block: Block, seed: int, city: int) -> Ward:
        """A block with nothing written down yet."""
        chance = Chance(np.random.default_rng([seed, 0, block.number]))
        living = residents(block.people, chance)
        return cls(block, seed, city, chance, living, places(block), Notebook())

    @property
    def district(self) -> int:
        """The number of the block's district in AREAS."""
        return 1 + DISTRICTS.index(self.block.district)

    def here(self, count: int) -> Ints:
        """Areas of facts in the block: mostly its district, or more closely its street."""
        street = self.chance.flags(1 / 3, count)
        return np.where(street, STREET, self.district).astype(np.int32)

    def anybody(self, count: int) -> Ints:
        """So many people, some perhaps twice."""
        return self.chance.below(self.block.people, count)

    def so_many(self, rate: float) -> int:
        """How many things happen here that happen at this rate to a person."""
        return int(self.chance.draw.poisson(rate * self.block.people))

    def story(self, name: str) -> tuple[Ints, Ints]:
        """To whom a story of STORIES happens here, each once, and their turns in the whole city.

        How many it happens to is no chance, so a small city has each turn of it too.
        """
        rate, fewest = STORIES[name]
        total = min(max(fewest, round(rate * self.city)), self.city)
        first, last = (
            (self.block.first + offset) * total // self.city for offset in (0, self.block.people)
        )
        count = min(last - first, self.block.people)
        people = self.chance.draw.choice(self.block.people, count, replace=False)
        return people.astype(np.int32), np.arange(first, first + count, dtype=np.int32)

    def at_places(self, count: int) -> Ints:
        """Places that somebody visits, the popular ones more often; 0 is no place."""
        bounds = np.cumsum(self.places.shares)
        picked = np.searchsorted(bounds, self.chance.draw.random(count), side="right")
        return (np.minimum(picked, len(bounds) - 1) + 1).astype(np.int32)
