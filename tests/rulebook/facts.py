"""Facts and designations as the law speaks of them, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Going(StrEnum):
    """The end of a fact that has not ended."""

    ON = "infinity"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known about one person.

    `started_at`, `ended_at` and `recorded_at` are aware datetimes. `ended_at` None means a moment,
    `Going.ON` that it is still going on. `area` is a kept division code (2, 4, 6, 9 or 12
    digits, see `places.kept_code`) or empty. `retracted_at` is when its retraction was recorded.
    """

    fact: int
    person: int
    kind: str
    started_at: datetime
    ended_at: datetime | Going | None = None
    result: str = ""
    number: Decimal | None = None
    area: str = ""
    place: str = ""
    source: str = ""
    source_class: str = ""
    recorded_at: datetime | None = None
    retracted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Designation:
    """A level put on an area, or on a place, for the half-open time [started_at, ended_at).

    `ended_at` None means that it is still open.
    """

    designation: int
    level: str
    started_at: datetime
    ended_at: datetime | None = None
    area: str = ""
    place: str = ""
    recorded_at: datetime | None = None
    retracted_at: datetime | None = None
