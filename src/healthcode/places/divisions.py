"""The division tree: read once, when first asked for.

Codes are accepted in every form that `kept_code` reads. A retired code is not in the tree, and
that is no error: `division` answers None, and its `ancestors` are those that still exist.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib import resources

from healthcode.kit.words import Language
from healthcode.places.terms import LENGTHS, Division, DivisionLevel, Point, covers, kept_code


def division(code: str) -> Division | None:
    """The division with this code, or None. Raises ValueError if it is no division code."""
    return _tree().get(kept_code(code))


def ancestors(code: str) -> tuple[Division, ...]:
    """The divisions around a code, the province first, without the code's own."""
    kept = kept_code(code)
    around = (_tree().get(kept[:digits]) for digits in LENGTHS if digits < len(kept))
    return tuple(found for found in around if found)


def children(code: str) -> tuple[Division, ...]:
    """The divisions directly inside a code, in the order of codes; of "" the provinces."""
    return _inside().get(kept_code(code), ())


def districts(code: str) -> tuple[Division, ...]:
    """All districts inside a province or city, in the order of codes."""
    kept = kept_code(code)
    return tuple(
        found
        for found in _tree().values()
        if covers(kept, found.code) and found.level is DivisionLevel.DISTRICT
    )


def centroid(code: str) -> Point | None:
    """The middle of a division; known for Tianjin's districts."""
    found = division(code)
    return found.centroid if found else None


def name(code: str, language: Language) -> str:
    """A division's name, or the kept code itself when the tree does not have it."""
    found = division(code)
    return found.name(language) if found else kept_code(code)


@cache
def _tree() -> dict[str, Division]:
    """Every division by its kept code, in the order of codes."""
    surveyed = {
        code: (Point(float(latitude), float(longitude)), int(residents))
        for code, latitude, longitude, residents in _rows("districts.csv")
    }
    return {
        code: Division(code, zh, en, *surveyed.get(code, (None, None)))
        for code, zh, en in _rows("divisions.csv")
    }


@cache
def _inside() -> dict[str, tuple[Division, ...]]:
    """The divisions directly inside each code."""
    inside: dict[str, list[Division]] = {}
    for found in _tree().values():
        inside.setdefault(found.parent, []).append(found)
    return {code: tuple(found) for code, found in inside.items()}


def _rows(file: str) -> Iterator[list[str]]:
    """The rows of a packaged CSV file, without its header."""
    text = (resources.files(__package__) / "data" / file).read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines())
    next(rows)
    return rows
