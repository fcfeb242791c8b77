"""Names and documents of made-up people.

Numbers are valid and each is one person's in a city. Those of resident cards begin with codes from
129000 on, which no division has, so nobody alive has one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from healthcode.app.city.facts import Flags, Ints
from healthcode.app.city.ward import Ward
from healthcode.people.terms import DocumentKind

KINDS: Final = tuple(DocumentKind)
EVERY_500: Final = {
    DocumentKind.HONG_KONG_MACAU_PERMIT: (57, 307),
    DocumentKind.TAIWAN_PERMIT: (158,),
    DocumentKind.PASSPORT: (41, 241, 441),
    DocumentKind.PERMANENT_RESIDENCE_CARD: (345,),
    DocumentKind.RESIDENCE_PERMIT: (99, 399),
}
"""Which of every 500 people have another document than a resident card."""
ROUND: Final = 500

NOBODYS: Final = 129_000  # codes from here on are those of no division
CODES: Final = 1000
FOREIGN: Final = 900_000  # the newer cards of foreigners begin with 9
REGIONS: Final = (810_000, 820_000, 830_000)  # Hong Kong, Macao, Taiwan
YEAR: Final = 365
STRIDE: Final = 151  # coprime to the days of a year, so birthdays spread over it
SLOTS: Final = 20  # people of one block, age, sex and birthday
WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
CHECKS: Final = tuple("10X98765432")  # GB 11643
THIS_YEAR, BIRTHDAYS_FROM = 2020, "03-21"  # who has this birthday next is a year older tomorrow

SURNAMES: Final = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧")
GIVEN: Final = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉文建国海燕春生立新思雨浩然子轩"
)
FOREIGN_NAMES: Final = (
    "Anna Smith", "Jonas Weber", "Maria Rossi", "Kim Minjun", "Sato Yuki", "Olga Ivanova",
    "Amara Okafor", "Pierre Martin", "Priya Nair", "Carlos Ruiz",
)  # fmt: skip


def kinds_of(ward: Ward) -> Ints:
    """The kind of everybody's document, by its place in KINDS."""
    pattern = np.zeros(ROUND, np.int32)
    for kind, places in EVERY_500.items():
        pattern[list(places)] = KINDS.index(kind)
    return pattern[(np.arange(ward.block.people) + ward.block.first) % ROUND]


def documents(ward: Ward) -> pa.Array:
    """Everybody's document as feeds write it: `10:129000199001010017`."""
    kind = kinds_of(ward)
    citizen = _citizens(ward, kind)
    person = pa.array(np.arange(ward.block.people, dtype=np.int64) + (ward.block.first + 1))
    digits = pc.utf8_lpad(person.cast(pa.string()), 8, "0")
    numbers = {
        DocumentKind.HONG_KONG_MACAU_PERMIT: _joined("H", digits),
        DocumentKind.TAIWAN_PERMIT: digits,
        DocumentKind.PASSPORT: _joined("ZZ", digits),
    }
    found = citizen
    for each, number in numbers.items():
        found = pc.if_else(pa.array(kind == KINDS.index(each)), number, found)
    codes = pa.array([each.value for each in KINDS]).take(pa.array(kind))
    return pc.binary_join_element_wise(codes, found, ":")


def names(ward: Ward) -> pa.Array:
    """Everybody's name."""
    # A generator of their own: the facts of a city are the same with and without names.
    draw = np.random.default_rng([ward.seed, 2, ward.block.number])
    count = ward.block.people
    parts = [
        pa.array(words).take(pa.array(draw.integers(0, len(words), count)))
        for words in (SURNAMES, GIVEN, (*GIVEN, ""), FOREIGN_NAMES)
    ]
    foreign = np.isin(
        kinds_of(ward),
        [
            KINDS.index(each)
            for each in (DocumentKind.PASSPORT, DocumentKind.PERMANENT_RESIDENCE_CARD)
        ],
    )
    return pc.if_else(pa.array(foreign), parts[3], pc.binary_join_element_wise(*parts[:3], ""))


def _joined(before: str, digits: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(before, digits, "")


def _citizens(ward: Ward, kind: Ints) -> pa.Array:
    """Numbers of 18 characters, with the owner's birthday and sex: place, birth, sequence, check.

    Within a block, age and sex everybody has a day and a sequence of their own; blocks differ in
    the place, or for residence permits, whose places are given, in the sequence.
    """
    residents, block = ward.residents, ward.block.number
    permit = kind == KINDS.index(DocumentKind.RESIDENCE_PERMIT)
    card = kind == KINDS.index(DocumentKind.PERMANENT_RESIDENCE_CARD)
    rank = _rank(permit, residents.age, residents.male)
    place = np.where(card, FOREIGN + block, NOBODYS + block % CODES)
    place = np.where(permit, REGIONS[block % len(REGIONS)], place)
    slot = np.where(permit, block // len(REGIONS), block // CODES * SLOTS + rank // YEAR)
    sequence = 2 * slot + residents.male
    body = place * 10**11 + _births(residents.age, rank * STRIDE % YEAR) * 1000 + sequence
    digits = body[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64) % 10
    check = pa.array(CHECKS).take(pa.array(digits @ WEIGHTS % len(CHECKS)))
    return pc.binary_join_element_wise(pa.array(body).cast(pa.string()), check, "")


def _rank(permit: Flags, age: Ints, male: Flags) -> Ints:
    """Everybody's number, from 0, among those of the same sort, age and sex."""
    group = (age * 2 + male) * 2 + permit
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    begins = np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - begins
    return rank.astype(np.int32)


def _births(age: Ints, day: Ints) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Births as numbers, 19900101: a day of the year in which people of this age were born."""
    oldest = int(age.max(initial=0))
    firsts = [f"{THIS_YEAR - 1 - years}-{BIRTHDAYS_FROM}" for years in range(oldest + 1)]
    born = np.array(firsts, "datetime64[D]")[age] + day
    month = born.astype("datetime64[M]")
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    month_number = month.astype(np.int64) % 12 + 1
    day_number = (born - month).astype(np.int64) + 1
    return np.asarray(year * 10_000 + month_number * 100 + day_number, np.int64)
