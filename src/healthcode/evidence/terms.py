"""What a fact is, what a designation is, and who may say so.

A fact is a closed span: it ends when it ended, or at once (a moment), or not yet (going on).
Facts and designations are never changed; a retraction or a correction is a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """News: something was recorded or taken back about these persons."""

    persons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Designated:
    """News: designations of these areas (kept codes) and places were made or taken back."""

    areas: tuple[str, ...]
    places: tuple[str, ...]
