"""Division codes of GB/T 2260 as the house keeps them, and what a registered place is.

A kept code has 2, 4, 6, 9 or 12 digits and is a prefix of every code inside its division.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from healthcode.kit.words import Language, Words


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
CITY_DIGITS = 4
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Provinces that are one city each: Beijing, Tianjin, Shanghai, Chongqing."""


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


def around(code: str) -> tuple[str, ...]:
    """A kept code and the divisions around it inside one city, the smallest first."""
    least = PROVINCE_DIGITS if code[:PROVINCE_DIGITS] in MUNICIPALITIES else CITY_DIGITS
    return tuple(code[:n] for n in reversed(LENGTHS) if least <= n <= len(code))


class PlaceKind(StrEnum):
    """What a registered place is; a policy says what each kind asks of a code."""

    RESIDENTIAL = "residential"
    WORKPLACE = "workplace"
    CONSTRUCTION_SITE = "construction_site"
    BUS = "bus"
    METRO = "metro"
    RAILWAY_STATION = "railway_station"
    AIRPORT = "airport"
    ARRIVAL = "arrival"
    SCHOOL = "school"
    RESTAURANT = "restaurant"
    MALL = "mall"
    SUPERMARKET = "supermarket"
    MARKET = "market"
    BANK = "bank"
    STATION_SHOP = "station_shop"
    HOTEL = "hotel"
    HOSPITAL = "hospital"
    FEVER_CLINIC = "fever_clinic"

    @property
    def words(self) -> Words:
        """What people call such a place."""
        return KIND_WORDS[self]


KIND_WORDS = {
    PlaceKind.RESIDENTIAL: Words(zh="居住小区", en="residential area"),
    PlaceKind.WORKPLACE: Words(zh="办公地点、企业", en="workplace"),
    PlaceKind.CONSTRUCTION_SITE: Words(zh="建筑工地", en="construction site"),
    PlaceKind.BUS: Words(zh="公交", en="bus"),
    PlaceKind.METRO: Words(zh="地铁", en="metro"),
    PlaceKind.RAILWAY_STATION: Words(zh="火车站", en="railway station"),
    PlaceKind.AIRPORT: Words(zh="机场", en="airport"),
    PlaceKind.ARRIVAL: Words(zh="进津查验点", en="checkpoint on arrival in the city"),
    PlaceKind.SCHOOL: Words(zh="学校", en="school"),
    PlaceKind.RESTAURANT: Words(zh="餐饮场所", en="restaurant"),
    PlaceKind.MALL: Words(zh="商场", en="shopping mall"),
    PlaceKind.SUPERMARKET: Words(zh="超市", en="supermarket"),
    PlaceKind.MARKET: Words(zh="农贸市场", en="farmers' market"),
    PlaceKind.BANK: Words(zh="银行", en="bank"),
    PlaceKind.STATION_SHOP: Words(zh="车站、机场内的商铺", en="shop inside a station or terminal"),
    PlaceKind.HOTEL: Words(zh="宾馆酒店", en="hotel"),
    PlaceKind.HOSPITAL: Words(zh="医疗卫生机构", en="medical institution"),
    PlaceKind.FEVER_CLINIC: Words(zh="发热门诊", en="fever clinic"),
}


@dataclass(frozen=True, slots=True)
class PlaceRegistration:
    """What is said of a place by whoever registers it, as text; `key` is what they call it."""

    key: str
    kind: str
    name: str
    division: str
    phone: str = ""
    community_name: str = ""
    community_phone: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A registered place. The community is who takes people in; "" where none is named."""

    public_id: str
    kind: PlaceKind
    name: str
    division: str
    phone: str
    community_name: str
    community_phone: str
    closed_at: datetime | None
    key: str = ""  # what its owner calls it
