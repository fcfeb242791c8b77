"""A made-up city of a few hundred people in sixteen districts: always the same, imported by feed.

The first start writes its files beside the database, dated from that day; every later start
imports the same files again, which records nothing new.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from healthcode.app import showing
from healthcode.app.demo import staff
from healthcode.app.demo.outside import REGISTRY
from healthcode.app.demo.staff import CLIENT, PLACES
from healthcode.app.settings import Settings, is_loopback, read_settings
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer
from healthcode.kit.clock import local_today
from healthcode.kit.db import Database, Transaction
from healthcode.kit.errors import Refused
from healthcode.kit.words import Language, Words
from healthcode.people import identify, persons_of
from healthcode.people.terms import DocumentKind, resident_number
from healthcode.places import PlaceKind, districts, name
from healthcode.rulebook import Colour, count_colours, judge
from healthcode.rulebook.explanations.reasons import Reason, explain

CITY = "12"
PEOPLE_A_DISTRICT = 20
FILES = ("people.csv", "designations.csv", "evidence.csv")
SHOWN = {Colour.RED: "TJ-0001", Colour.ORANGE: "TJ-0005", Colour.GREEN: "TJ-0009"}

SOURCES = [
    SourceRegistration(CLIENT, source, source_class, kinds, ("all",))
    for source, source_class, kinds in [
        ("demo-citizens", "self", ("declaration", "symptom", "contact")),
        ("demo-clinics", "clinic", ("clearance", "symptom", "test")),
        ("demo-communities", "community", ("observation", "clearance", "declaration")),
        (
            "demo-commission",
            "authority",
            ("contact", "diagnosis", "discharge", "stay", "visit", "clearance", "designation"),
        ),
    ]
] + [
    SourceRegistration("zhou.epidemiologist", "demo-areas", "authority", ("designation",), ("all",))
]

# Nobody's numbers: no division has the code 129999. The first walks by itself at every start.
NEWCOMERS = [
    ("王小明", "10:" + resident_number("129999", date(1986, 4, 5), 17), "+8613800220001"),
    ("陈小雨", "10:" + resident_number("129999", date(1990, 1, 1), 888), "+8613800220002"),
    ("Anna Smith", "20:E00112233", "+8613800220003"),
]
GATES = [
    ("gate.home", "residential", "演示小区", "120101"),
    ("gate.office", "workplace", "演示写字楼", "120101"),
    ("gate.metro", "metro", "演示地铁站", "120101"),
    ("gate.restaurant", "restaurant", "演示餐馆", "120101"),
    ("gate.hospital", "hospital", "演示医院", "120101"),
    ("gate.fever", "fever_clinic", "演示发热门诊", "120101"),
]

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = [
    "子轩", "雨桐", "浩然", "欣怡", "建国", "秀英", "志强", "丽华",
    "明远", "思齐", "海燕", "春生", "玉兰", "立新", "文博", "静雅",
]  # fmt: skip


class NotOnARealServer(Refused):
    """The demo on a city's server."""

    words = Words(
        zh="演示城市不能写入 HEALTHCODE_DATABASE_URL 所指的服务器。请先取消该设置。",
        en="The made-up city never goes into the server of HEALTHCODE_DATABASE_URL. "
        "Unset it first.",
    )


class NotOnLoopback(Refused):
    """The demo, with its known passwords, for others to reach."""

    words = Words(
        zh="演示的口令人人皆知，因此只在本机监听。"
        "请把 HEALTHCODE_LISTEN 改为 127.0.0.1:端口，或不设置。",
        en="Everybody knows the demo's passwords, so it listens on this machine alone. Set "
        "HEALTHCODE_LISTEN to 127.0.0.1:PORT, or unset it.",
    )


@dataclass(frozen=True)
class Shown:
    """The city as the demo shows it."""

    total: dict[Colour, int]
    by_district: dict[str, dict[Colour, int]]
    explained: list[tuple[str, Any, list[Reason]]]

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "people": sum(self.total.values()),
            "colours": {colour.value: count for colour, count in self.total.items()},
            "districts": {
                code: {colour.value: counts.get(colour, 0) for colour in Colour}
                for code, counts in self.by_district.items()
            },
            "explained": [
                {"person": person} | showing.judgement_data(judged, reasons)
                for person, judged, reasons in self.explained
            ],
        }

    def as_tables(self, language: Language) -> Iterator[RenderableType]:
        """As tables and panels."""
        rows = {name(code, language): counts for code, counts in self.by_district.items()}
        rows[{"zh": "全市", "en": "the whole city"}[language]] = self.total
        yield showing.colours_table({"zh": "区", "en": "district"}[language], rows, language)
        for person, judged, reasons in self.explained:
            yield Text(f"healthcode standing {person}", style="bold")
            yield showing.judgement(judged, reasons, language)


def settings() -> Settings:
    """The demo's settings. Raises NotOnARealServer or NotOnLoopback."""
    found = read_settings()
    if found.database_url is not None:
        raise NotOnARealServer
    if not is_loopback(found.listen):
        raise NotOnLoopback
    return found


def show(database: Database, settings: Settings, run_jobs: Callable[[], None]) -> Shown:
    """Make the city where it is not there yet, judge it, and look at it."""
    folder = settings.data_dir / "demo"
    if not (folder / FILES[-1]).exists():
        _write_city(folder, local_today(database.clock.now()))
    with database.transaction() as transaction:
        for source in SOURCES:
            register(transaction, source)
        staff.open_accounts(transaction, folder)
    for file in FILES:
        Importer(database.acting_as(CLIENT), CLIENT, CITY).run(folder / file)
    run_jobs()
    with database.transaction() as transaction:
        return _look(transaction)


def _look(transaction: Transaction) -> Shown:
    counted = count_colours(transaction)
    by_district = {each.code: counted.get(each.code, {}) for each in districts(CITY)}
    total = {colour: sum(each.get(colour, 0) for each in counted.values()) for colour in Colour}
    explained = []
    for key in SHOWN.values():
        subject = identify(
            transaction.keys, CLIENT, key, local_today(transaction.now), own_keys=True
        )
        person = persons_of(transaction, CLIENT, [subject])[subject]
        judged = judge(transaction, person)
        explained.append((f"{CLIENT}/{key}", judged, explain(transaction, judged)))
    return Shown(total, by_district, explained)


def _write_city(folder: Path, today: date) -> None:
    """The city's three feed files, the last one written last: it says that all are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20200229)  # noqa: S311 - a made-up city, the same every time
    people = list(_people(chance, today))
    ago = _Ago(today)
    _write(folder / REGISTRY, _registered(people))
    _write(folder / PLACES, _places())
    _write(folder / "people.csv", people)
    _write(folder / "designations.csv", _designations(ago))
    _write(folder / "evidence.csv", _evidence(chance, people, ago))


@dataclass(frozen=True)
class _Ago:
    """Dates as the files write them, counted back from the city's first day."""

    today: date

    def __call__(self, days: int, clock: str = "") -> str:
        return f"{self.today - timedelta(days=days)}{'T' + clock if clock else ''}"


def _people(chance: random.Random, today: date) -> Iterator[dict[str, str]]:
    number = 0
    for district in districts(CITY):
        for _ in range(PEOPLE_A_DISTRICT):
            number += 1
            age = chance.randint(1, 92)
            born = date(today.year - age, chance.randint(1, 12), chance.randint(1, 28))
            sequence = chance.randint(1, 999)
            yield {
                "subject": f"TJ-{number:04}",
                "document": f"{DocumentKind.IDENTITY_CARD}:"
                + resident_number(district.code, min(born, today), sequence),
                "name": chance.choice(SURNAMES) + chance.choice(GIVEN),
                "sex": "M" if sequence % 2 else "F",
                "age": str(age),
                "residence": district.code,
            }


def _registered(people: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Whom the registry knows: everybody here, and some who have not applied yet."""
    for number, person in enumerate(people, start=1):
        yield {
            "name": person["name"],
            "document": person["document"],
            "phone": f"+861390220{number:04}",
        }
    for called, document, phone in NEWCOMERS:
        yield {"name": called, "document": document, "phone": phone}


def _places() -> Iterator[dict[str, str]]:
    for key, kind, called, division in GATES:
        yield {
            "key": key,
            "kind": kind,
            "name": called,
            "division": division,
            "phone": "022-88908890",
            "community_name": "和平区演示社区" if kind == PlaceKind.RESIDENTIAL else "",
            "community_phone": "022-88908890" if kind == PlaceKind.RESIDENTIAL else "",
        }


def _designations(ago: _Ago) -> Iterator[dict[str, str]]:
    yield {"area": "420100", "place": "", "level": "high", "started_at": ago(40), "ended_at": ""}
    yield {"area": "330300", "place": "", "level": "medium", "started_at": ago(30), "ended_at": ""}
    yield {
        "area": "",
        "place": "department-store",
        "level": "exposure",
        "started_at": ago(9),
        "ended_at": ago(3),
    }


def _evidence(
    chance: random.Random, people: list[dict[str, str]], ago: _Ago
) -> Iterator[dict[str, str]]:
    """The first twelve people tell the rules' stories; the others by shares in a thousand."""
    keys = [person["subject"] for person in people]
    yield from _stories(keys, ago)
    happens = {"contact": 15, "symptom": 15, "visit": 15, "stay": 15, "": 870, "undeclared": 70}
    for key in keys[12:]:
        day = chance.randint(0, 12)
        what = chance.choices(list(happens), list(happens.values()))[0]
        if what != "undeclared":
            yield _fact(key, "declaration", "demo-citizens", ago(day, "08:10"))
        if what == "contact":
            yield _fact(key, what, "demo-commission", ago(day), result="close")
        elif what == "symptom":
            yield _fact(key, what, "demo-citizens", ago(day, "19:40"), result="fever")
        elif what == "visit":
            yield _fact(key, what, "demo-commission", ago(5, "15:00"), place="department-store")
        elif what == "stay":
            yield _fact(key, what, "demo-commission", ago(20), ended_at=ago(day), area="330300")


def _stories(keys: list[str], ago: _Ago) -> Iterator[dict[str, str]]:
    for key in keys[:12]:
        yield _fact(key, "declaration", "demo-citizens", ago(2, "07:30"))
    yield _fact(keys[0], "stay", "demo-commission", ago(9), ended_at=ago(5, "16:20"), area="420100")
    yield _fact(keys[0], "test", "demo-clinics", ago(1, "10:00"), result="negative")
    yield _fact(keys[1], "diagnosis", "demo-commission", ago(6, "11:00"), result="confirmed")
    yield _fact(keys[2], "contact", "demo-commission", ago(4), result="close")
    yield _fact(keys[4], "symptom", "demo-citizens", ago(1, "21:15"), result="dry_cough")
    yield _fact(keys[5], "visit", "demo-commission", ago(6, "14:00"), place="department-store")
    yield _fact(keys[6], "observation", "demo-communities", ago(3), ended_at="infinity")
    yield _fact(keys[8], "symptom", "demo-citizens", ago(4, "09:00"), result="fever")
    yield _fact(keys[8], "clearance", "demo-clinics", ago(3, "15:30"), result="examined")


def _fact(key: str, kind: str, source: str, started_at: str, **more: str) -> dict[str, str]:
    blank = {"result": "", "area": "", "place": "", "ended_at": ""}
    fact = {"subject": key, "kind": kind, "source": source, "started_at": started_at}
    return fact | blank | more


def _write(path: Path, rows: Iterator[dict[str, str]] | list[dict[str, str]]) -> None:
    listed = list(rows)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    unfinished.replace(path)
