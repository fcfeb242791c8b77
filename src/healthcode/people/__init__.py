"""Who there is: persons, whatever documents, doors and phones they use."""

from healthcode.people.actions import (
    Introduction,
    Sought,
    Subject,
    ensure,
    identify,
    introduce,
    papers_of,
    persons_of,
    residences,
)
from healthcode.people.terms import BadDocument

__all__ = [
    "BadDocument",
    "Introduction",
    "Sought",
    "Subject",
    "ensure",
    "identify",
    "introduce",
    "papers_of",
    "persons_of",
    "residences",
]
