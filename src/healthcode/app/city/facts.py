"""The facts of one block of the city, written down kind by kind, in columns.

Only what is known at the city's now is written: a fact that starts later, or becomes known later,
is left out, and so is a retraction that comes later.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from healthcode.app.city.parameters import DAY, HOUR, NOW, RESULT, SOURCE
from healthcode.evidence import Kind

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LEAST, _MOST = np.iinfo(np.int32).min, np.iinfo(np.int32).max
MOMENT: Final = int(_LEAST)  # as an end: the fact states none
GOING_ON: Final = int(_MOST)  # as an end
NEVER: Final = int(_MOST)  # as a retraction
NO_NUMBER: Final = int(_LEAST)
NOBODY: Final = -1

COLUMNS: Final = (
    "person", "result", "number", "area", "place", "source", "started", "ended", "recorded",
    "retracted", "other",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Facts of one kind, by person.

    `person` and `other` count from 0 within the block, `result` and `source` in RESULTS and
    SOURCES, `area` and `place` in the block's own lists; `number` is in thousandths, times are
    minutes of the city.
    """

    person: Ints
    result: Ints
    number: Ints
    area: Ints
    place: Ints
    source: Ints
    started: Ints
    ended: Ints
    recorded: Ints
    retracted: Ints
    other: Ints

    def __len__(self) -> int:
        return len(self.person)


class Notebook:
    """Where a block's facts are written down."""

    def __init__(self) -> None:
        self._written: dict[Kind, list[list[Ints]]] = defaultdict(list)

    def write(
        self, kind: Kind, person: Ints, started: Ints, source: str | Ints, **more: Any
    ) -> None:
        """Write facts down; `more` gives other COLUMNS, `source` and `result` also as words.

        What is not given: no result, number, area, place, end or other person, recorded as it
        started, never retracted.
        """
        assert set(more) <= set(COLUMNS)
        given = {
            "result": RESULT[""], "number": NO_NUMBER, "area": 0, "place": 0, "ended": MOMENT,
            "recorded": started, "retracted": NEVER, "other": NOBODY,
        } | more  # fmt: skip
        if isinstance(given["result"], str):
            given["result"] = RESULT[given["result"]]
        given["source"] = SOURCE[source] if isinstance(source, str) else source
        given |= {"person": person, "started": started}
        columns = np.broadcast_arrays(*(np.asarray(given[name]) for name in COLUMNS))
        by_name = dict(zip(COLUMNS, columns, strict=True))
        known = (by_name["started"] <= NOW) & (by_name["recorded"] <= NOW)
        kept = [column[known].astype(np.int32) for column in columns]
        retracted = kept[COLUMNS.index("retracted")]
        retracted[retracted > NOW] = NEVER
        self._written[kind].append(kept)

    def facts(self) -> dict[Kind, Facts]:
        """All of it, by kind in the order of the kinds, then by person."""
        found = {}
        for kind in Kind:
            parts = self._written.get(kind, [])
            if parts:
                columns = [np.concatenate(each) for each in zip(*parts, strict=True)]
                order = np.argsort(columns[0], kind="stable")
                found[kind] = Facts(*(column[order] for column in columns))
        return found


@dataclass(frozen=True)
class Chance:
    """The chance of one block, always the same."""

    draw: np.random.Generator

    def flags(self, probability: float, count: int) -> Flags:
        """True with this probability."""
        return self.draw.random(count) < probability

    def one_of(self, shares: tuple[float, ...], count: int) -> Ints:
        """Numbers from 0, by their shares."""
        bounds = np.cumsum(shares)[:-1]
        return np.searchsorted(bounds, self.draw.random(count), side="right").astype(np.int32)

    def below(self, most: int, count: int) -> Ints:
        """Numbers from 0 to below `most`, all alike."""
        return self.draw.integers(0, most, count, dtype=np.int32)

    def times(self, days: tuple[int, int], hours: tuple[int, int], count: int) -> Ints:
        """Minutes on days of a range, at hours of the day; neither includes its end."""
        day = self.draw.integers(*days, count, dtype=np.int32)
        minute = self.draw.integers(hours[0] * HOUR, hours[1] * HOUR, count, dtype=np.int32)
        return (day * DAY + minute).astype(np.int32)

    def within(self, days: tuple[float, float], count: int) -> Ints:
        """Durations in minutes, between so many days."""
        return in_minutes(self.draw.uniform(*days, count))

    def about(self, days: float, count: int) -> Ints:
        """Durations in minutes, exponential with this mean in days."""
        return in_minutes(self.draw.standard_exponential(count) * days)

    def taken_back(self, probability: float, recorded: Ints) -> Ints:
        """When facts are retracted, a few days after they were recorded; most never."""
        count = len(recorded)
        later = recorded + self.within((0.1, 6), count)
        return np.where(self.flags(probability, count), later, NEVER).astype(np.int32)


def in_minutes(days: Floats) -> Ints:
    """Days as whole minutes."""
    return (days * DAY).astype(np.int32)


def midnight(minutes: Ints) -> Ints:
    """The local midnight at or before."""
    return (minutes // DAY * DAY).astype(np.int32)


def every(turn: Ints, of: int, *places: int) -> Flags:
    """Whose turn is one of these places in a round of so many."""
    return np.isin(turn % of, places)
