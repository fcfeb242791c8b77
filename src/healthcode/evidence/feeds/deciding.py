"""What becomes of a row: pure, one row at a time, from the latest state and the registration.

A row is compared with the latest state of its (client, row id): the same is nothing new, other
content is a correction. The registration says which sources, kinds and divisions a client may
write; a file cannot claim another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from healthcode.evidence.feeds.reading import Said
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.terms import Kind, SourceClass
from healthcode.places import covers

ANY = "*"
DESIGNATION = "designation"
"""The word in a registration's kinds that lets a source designate areas and places."""


class Outcome(StrEnum):
    """What an accepted row does."""

    RECORDED = "recorded"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    UNCHANGED = "unchanged"
    PROPOSED = "proposed"  # waits for a second person


@dataclass(frozen=True, slots=True)
class State:
    """The latest state of a row: the fact or designation it made, None once retracted."""

    content: bytes
    made: int | None
    source: str | None
    source_class: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Registration:
    """What one source of a client may write."""

    source: str
    source_class: str
    kinds: frozenset[str]
    divisions: tuple[str, ...]

    def may_say(self, kind: str) -> bool:
        """Whether this kind of fact is registered."""
        return ANY in self.kinds or kind in self.kinds

    def may_reach(self, area: str) -> bool:
        """Whether this area lies in a registered division."""
        return _reaches(self.divisions, area)

    def is_city_wide(self, city: str) -> bool:
        """Whether the whole city lies in a registered division."""
        return self.may_reach(city)


@lru_cache(maxsize=4096)
def _reaches(divisions: tuple[str, ...], area: str) -> bool:
    return any(division == ANY or covers(division, area) for division in divisions)


@dataclass(slots=True)
class Named:
    """Whom a row names, None where not known, and where the person lives, "" where not known."""

    person: int | None
    other: int | None
    residence: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What deciding needs to know of one client."""

    registrations: dict[str, Registration]
    city: str
    replay: bool

    def takes(self, source: str, kind: str, area: str) -> bool:
        """Whether this may be said of anybody; False where it depends on where they live."""
        registration = self.registrations.get(source)
        return (
            registration is not None
            and registration.may_say(kind)
            and registration.may_reach(area)  # nowhere: only of whoever may reach everywhere
        )

    def fact(self, said: Said, state: State | None, named: Named) -> Outcome:
        """What becomes of a row of evidence. Raises Rejected."""
        registration = self.registrations.get(said["source"])
        if registration is None:
            raise Rejected("source", "source_not_registered")
        if not registration.may_say(said["kind"]):
            raise Rejected("kind", "kind_not_registered")
        if named.person is None:
            raise Rejected("subject", "subject_unknown")
        if said["with"] is not None and named.other is None:
            raise Rejected("with_subject", "subject_unknown")
        if named.other == named.person and not self.replay:
            raise Rejected("with_subject", "contact_with_self")
        self._area(registration, said["area"] or named.residence)
        return self._change(said, state)

    def designation(self, said: Said, state: State | None, registration: Registration) -> Outcome:
        """What becomes of a designation. Raises Rejected."""
        if not said["area"] and not registration.is_city_wide(self.city):
            raise Rejected("place", "place_needs_city_wide")
        if said["area"]:
            self._area(registration, said["area"])
        return self._change(said, state)

    def retraction(self, state: State | None) -> Outcome:
        """What becomes of a row that takes back. Raises Rejected."""
        if state is None:
            raise Rejected("row_id", "nothing_to_retract")
        if state.made is None:
            return Outcome.UNCHANGED
        self._may_take_back(state)
        return Outcome.RETRACTED

    def _area(self, registration: Registration, area: str) -> None:
        """The division binds the row's area, or the person's residence where it has none."""
        if not area and not registration.is_city_wide(self.city):
            raise Rejected("area", "residence_unknown")
        if area and not registration.may_reach(area):
            raise Rejected("area", "outside_divisions")

    def _change(self, said: Said, state: State | None) -> Outcome:
        if state is None or state.made is None:
            return Outcome.RECORDED
        if state.content == bytes.fromhex(said["content"]):
            return Outcome.UNCHANGED
        self._may_take_back(state)
        return Outcome.CORRECTED

    def _may_take_back(self, state: State) -> None:
        """Only a client that writes as the fact's source; and nobody their own symptoms."""
        if state.source not in self.registrations:
            raise Rejected("source", "source_not_registered")
        declared = state.source_class == SourceClass.SELF and state.kind != Kind.DECLARATION
        if declared and not self.replay:
            raise Rejected("action", "own_declaration")
