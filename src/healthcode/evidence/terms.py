"""What a fact is, what a designation is, and who may say so.

A fact is a closed span: it ends when it ended, or at once (a moment), or not yet (going on).
Facts and designations are never changed; a retraction or a correction is a row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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


class Changes(Protocol):
    """Changes that a client asks for: written whole, or without those that wait for a second."""

    @property
    def words_of(self) -> tuple[str, ...]:
        """The accounts on whose word they come."""

    @property
    def sources(self) -> frozenset[str]:
        """The sources that speak."""

    @property
    def weighed(self) -> bool:
        """False for what a person says of themselves, and for what a second person approved."""

    @property
    def whole(self) -> bool:
        """Whether they cannot be parted: a designation reaches everybody or waits."""

    @property
    def too_wide(self) -> bool:
        """Whether more people are touched than can be weighed while everybody waits."""

    def write(self, waiting: frozenset[int]) -> Mapping[int, frozenset[str]]:
        """Write them, but for those about persons who wait; persons touched, with the sources."""

    def tell(self) -> None:
        """Tell the rooms above what was written, and keep what waits."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """News: changes are asked for. Whoever weighs them writes them, all or in part."""

    changes: Changes
