"""What a fact is, what a designation is, and who may say so.

A fact is a closed span: it ends when it ended, or at once (a moment), or not yet (going on).
Facts and designations are never changed; a retraction or a correction is a row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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
class Designation:
    """A level on an area (a kept code) or a place, half-open; `ended_at` None: still open."""

    level: str
    area: str
    place: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Designated:
    """News: these designations were made or taken back; a correction is one of either."""

    designations: tuple[Designation, ...]


class Changes(Protocol):
    """Changes that a client asks for: written whole, or without those that wait for a second."""

    @property
    def words_of(self) -> tuple[str, ...]:
        """The accounts on whose word they come."""

    @property
    def sources(self) -> frozenset[str]:
        """The sources that speak."""

    @property
    def count(self) -> int:
        """How many they are; each touches two people at most, but for a designation."""

    @property
    def weighed(self) -> bool:
        """False for what a person says of themselves, and for what a second person approved."""

    @property
    def whole(self) -> bool:
        """Whether they cannot be parted: a designation reaches everybody or waits."""

    @property
    def designated(self) -> Designated:
        """The designations that were written; whom they touch is the rulebook's to say."""

    def write(self, waiting: frozenset[int]) -> Mapping[int, frozenset[str]]:
        """Write them, but for those about persons who wait; whom the facts touch, by sources."""

    def tell(self) -> None:
        """Tell the rooms above what was written, and keep what waits."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """News: changes are asked for. Whoever weighs them writes them, all or in part."""

    changes: Changes
