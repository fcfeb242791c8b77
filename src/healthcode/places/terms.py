"""Division codes of GB/T 2260 as the house keeps them: 2, 4, 6, 9 or 12 digits.

A kept code is a prefix of every code that lies inside its division.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from healthcode.kit.words import Language


class DivisionLevel(StrEnum):
    """How far down the tree a division stands."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


PROVINCE_DIGITS = 2
DISTRICT_DIGITS = 6
LEVELS = {
    PROVINCE_DIGITS: DivisionLevel.PROVINCE,
    4: DivisionLevel.CITY,
    DISTRICT_DIGITS: DivisionLevel.DISTRICT,
    9: DivisionLevel.STREET,
    12: DivisionLevel.COMMUNITY,
}
LENGTHS = tuple(LEVELS)


class Point(NamedTuple):
    """A place on the earth in degrees, WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Division:
    """One division: its kept code, its names, and what is known of some districts."""

    code: str
    name_zh: str
    name_en: str
    centroid: Point | None = None
    residents: int | None = None

    @property
    def level(self) -> DivisionLevel:
        """The level, by the number of digits."""
        return LEVELS[len(self.code)]

    @property
    def parent(self) -> str:
        """The kept code of the division around this one, empty for a province."""
        return self.code[: max((n for n in LENGTHS if n < len(self.code)), default=0)]

    def name(self, language: Language) -> str:
        """The name in one language."""
        return self.name_zh if language == "zh" else self.name_en


def kept_code(code: str) -> str:
    """A division code without its trailing zeros, so that a container is a prefix.

    A 12-digit code loses trailing `000` down to six digits, a six-digit one trailing `00`:
    `420100` is kept as `4201`, `420000` as `42`, `120101001000` as `120101001`. Empty stays empty.

    Raises ValueError for anything but 2, 4, 6, 9 or 12 ASCII digits.
    """
    if code and (len(code) not in LENGTHS or not (code.isascii() and code.isdigit())):
        raise ValueError("a division code has 2, 4, 6, 9 or 12 digits")
    while len(code) > DISTRICT_DIGITS and code.endswith("000"):
        code = code[:-3]
    while PROVINCE_DIGITS < len(code) <= DISTRICT_DIGITS and code.endswith("00"):
        code = code[:-2]
    return "" if code == "00" else code


def covers(container: str, code: str) -> bool:
    """Whether a kept code contains another. An empty container covers nothing."""
    return bool(container) and code.startswith(container)
