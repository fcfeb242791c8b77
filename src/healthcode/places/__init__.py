"""Where things are: the division tree of GB/T 2260."""

from healthcode.places.divisions import (
    ancestors,
    centroid,
    children,
    districts,
    division,
    name,
)
from healthcode.places.terms import Division, covers, kept_code

__all__ = [
    "Division",
    "ancestors",
    "centroid",
    "children",
    "covers",
    "districts",
    "division",
    "kept_code",
    "name",
]
