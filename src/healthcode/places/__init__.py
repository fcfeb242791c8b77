"""Where things are: the division tree of GB/T 2260, and registered places."""

from healthcode.places.actions import nearest_fever_clinic, place
from healthcode.places.divisions import centroid, districts, division, name
from healthcode.places.terms import Place, PlaceKind, covers, kept_code

__all__ = [
    "Place",
    "PlaceKind",
    "centroid",
    "covers",
    "districts",
    "division",
    "kept_code",
    "name",
    "nearest_fever_clinic",
    "place",
]
