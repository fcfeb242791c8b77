"""What is known about people and places, by whom, and since when."""

from healthcode.evidence.actions import facts_by_id, last_recorded, persons_under
from healthcode.evidence.queries import LEAVES_BUT_KINDS, LEAVES_OF_SOME
from healthcode.evidence.terms import Designated, Kind, Level, Proposed, Recorded, SourceClass

__all__ = [
    "LEAVES_BUT_KINDS",
    "LEAVES_OF_SOME",
    "Designated",
    "Kind",
    "Level",
    "Proposed",
    "Recorded",
    "SourceClass",
    "facts_by_id",
    "last_recorded",
    "persons_under",
]
