"""What a fact is, what a designation is, and who may say so.

A fact is a closed span: it ends when it ended, or at once (a moment), or not yet (going on).
Facts and designations are never changed; a retraction or a correction is a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a fact can be about. The list grows with the rulebooks that need it."""

    DECLARATION = "declaration"
    SYMPTOM = "symptom"
    TEMPERATURE = "temperature"
    STAY = "stay"
    ARRIVAL = "arrival"
    CONTACT = "contact"
    VISIT = "visit"
    DIAGNOSIS = "diagnosis"
    DISCHARGE = "discharge"
    TEST = "test"
    ISOLATION = "isolation"
    OBSERVATION = "observation"
    CLEARANCE = "clearance"
    ORDER = "order"


class SourceClass(StrEnum):
    """Who is speaking, as far as a rule cares."""

    SELF = "self"
    GATE = "gate"
    COMMUNITY = "community"
    CLINIC = "clinic"
    AUTHORITY = "authority"
    REGION = "region"


class Level(StrEnum):
    """The risk that a designation puts on an area or a place."""

    MEDIUM = "medium"
    HIGH = "high"
    EXPOSURE = "exposure"


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """News: something was recorded or taken back about these persons."""

    persons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Designated:
    """News: designations of these areas (kept codes) and places were made or taken back."""

    areas: tuple[str, ...]
    places: tuple[str, ...]
