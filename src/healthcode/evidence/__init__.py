"""What is known about people and places, by whom, and since when."""

from healthcode.evidence.actions import facts_of, last_recorded, persons_under
from healthcode.evidence.queries import LEAVES
from healthcode.evidence.terms import Designated, Kind, Level, Proposed, Recorded, SourceClass

__all__ = [
    "LEAVES",
    "Designated",
    "Kind",
    "Level",
    "Proposed",
    "Recorded",
    "SourceClass",
    "facts_of",
    "last_recorded",
    "persons_under",
]
