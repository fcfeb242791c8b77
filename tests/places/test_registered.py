"""Registered places: the same file twice registers nothing twice, and every bad row is reported."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from healthcode.kit.db import Transaction
from healthcode.places import PlaceKind, nearest_fever_clinic, place
from healthcode.places.actions import BadPlace, close_place, places_registered, register_place
from healthcode.places.checking import COLUMNS, REASONS
from healthcode.places.importing import (
    NoPlacesFile,
    NotPlaces,
    TooManyPlaces,
    import_places,
)
from healthcode.places.tables import registered
from healthcode.places.terms import Place, PlaceRegistration

HEADER = ",".join(COLUMNS)
HOME = "g1,residential,五大道小区,120101001001,,花园路社区,022-2312 1234"
BUS = "g2,bus,1路公交,120000,022-88880000,,"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(*rows: str, header: str = HEADER, mark: bytes = b"", end: str = "\n") -> Path:
        path = tmp_path / "places.csv"
        path.write_bytes(mark + end.join([header, *rows, ""]).encode())
        return path

    return made


def asked(key: str, kind: PlaceKind = PlaceKind.BUS, **said: str) -> PlaceRegistration:
    return PlaceRegistration(**{"key": key, "kind": kind, "name": key, "division": "120101"} | said)


def counts(transaction: Transaction, path: Path) -> tuple[int, int, int, int]:
    report = import_places(transaction, path)
    return report.new, report.changed, report.unchanged, len(report.rejects)


def by_name(transaction: Transaction) -> dict[str, Place]:
    return {each.name: each for each in places_registered(transaction)}


def test_every_kind_of_place_has_words_in_both_languages() -> None:
    for kind in PlaceKind:
        assert CHINESE.search(kind.words.zh)
        assert not CHINESE.search(kind.words.en)
    assert len({kind.words.zh for kind in PlaceKind}) == len(PlaceKind) == 18


def test_a_place_is_found_by_its_random_public_id(transaction: Transaction) -> None:
    made = register_place(transaction, asked("m", division="120101000000", phone="022-12345678"))
    assert len(made.public_id) == 12
    assert made.division == "120101"
    assert place(transaction, made.public_id) == made
    assert made.public_id != register_place(transaction, asked("n")).public_id
    assert [place(transaction, odd) for odd in ("", "m", "\x00", "no such place")] == [None] * 4


def test_a_place_that_is_registered_again_keeps_its_id(transaction: Transaction) -> None:
    first = register_place(transaction, asked("m"))
    again = register_place(transaction, asked("m", PlaceKind.METRO, name="一号线"))
    assert again.public_id == first.public_id
    assert (again.kind, again.name) == (PlaceKind.METRO, "一号线")


def test_a_home_without_a_community_is_not_registered(transaction: Transaction) -> None:
    with pytest.raises(BadPlace) as refused:
        register_place(transaction, asked("home", PlaceKind.RESIDENTIAL))
    assert "社区" in refused.value.say("zh")
    assert "community" in refused.value.say("en")
    assert refused.value.status == 422
    row = {"public_id": "x", "client_key": "x", "kind": "residential", "name": "x"}
    row |= {"division": "12", "community_name": "x"}
    with pytest.raises(sa.exc.IntegrityError, match="home_has_a_community"):
        transaction.run(sa.insert(registered).values(**row, made_at=transaction.now))


def test_a_closed_place_stays_closed(transaction: Transaction, write: Write) -> None:
    made = register_place(transaction, asked("g2"))
    assert close_place(transaction, made.public_id)
    assert not close_place(transaction, made.public_id)
    found = place(transaction, made.public_id)
    assert found is not None
    assert found.closed_at == transaction.now
    with pytest.raises(BadPlace, match="another key"):
        register_place(transaction, asked("g2"))
    [bad] = import_places(transaction, write(HOME, BUS)).rejects
    assert (bad.line, bad.column, bad.words) == (3, "key", REASONS["closed"])


# ---------------------------------------------------------------- the nearest fever clinic


@pytest.fixture
def clinics(transaction: Transaction) -> None:
    for name, division in {
        "community": "120101001001", "street": "120101001", "district": "120101",
        "other district": "120102", "a district": "120102", "another city": "130100",
    }.items():  # fmt: skip
        register_place(transaction, asked(name, PlaceKind.FEVER_CLINIC, division=division))
    register_place(transaction, asked("hospital", PlaceKind.HOSPITAL, division="120101001002"))


@pytest.mark.usefixtures("clinics")
@pytest.mark.parametrize(
    ("division", "name"),
    [
        ("120101001001", "community"),
        ("120101001000", "community"),  # inside the street, first by name
        ("120101001002", "community"),
        ("120101002", "community"),
        ("120102", "a district"),
        ("120103001", "a district"),
        ("12", "a district"),
        ("1301", "another city"),
        ("130102", "another city"),
    ],
)
def test_the_nearest_clinic_shares_the_smallest_division(
    transaction: Transaction, division: str, name: str
) -> None:
    found = nearest_fever_clinic(transaction, division)
    assert found is not None
    assert found.name == name


@pytest.mark.usefixtures("clinics")
@pytest.mark.parametrize("division", ["1302", "13", "110101", ""])
def test_a_clinic_in_another_city_is_not_near(transaction: Transaction, division: str) -> None:
    assert nearest_fever_clinic(transaction, division) is None


@pytest.mark.usefixtures("clinics")
def test_a_closed_clinic_is_not_named(transaction: Transaction) -> None:
    for name in ("community", "street"):
        close_place(transaction, by_name(transaction)[name].public_id)
    found = nearest_fever_clinic(transaction, "120101001001")
    assert found is not None
    assert found.name == "district"


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_same_file_twice_registers_nothing_twice(
    transaction: Transaction, write: Write, mark: bytes, end: str
) -> None:
    path = write(HOME, BUS, mark=mark, end=end)
    assert counts(transaction, path) == (2, 0, 0, 0)
    before = by_name(transaction)
    assert before["五大道小区"].community_name == "花园路社区"
    assert before["1路公交"].division == "12"
    assert counts(transaction, path) == (0, 0, 2, 0)
    assert by_name(transaction) == before


def test_a_changed_row_changes_its_place_and_no_other(
    transaction: Transaction, write: Write
) -> None:
    import_places(transaction, write(HOME, BUS))
    before = by_name(transaction)["五大道小区"]
    changed = HOME.replace("2312 1234", "2312 9999")
    assert counts(transaction, write(changed)) == (0, 1, 0, 0)
    after = by_name(transaction)
    assert after["五大道小区"].community_phone == "022-2312 9999"
    assert after["五大道小区"].public_id == before.public_id
    assert set(after) == {"五大道小区", "1路公交"}


def test_columns_come_in_any_order_and_empty_lines_are_none(
    transaction: Transaction, write: Write
) -> None:
    header = ",".join(reversed(COLUMNS))
    path = write('" ",,  ,120101,"商场, 南楼",mall,k', "", "  ", header=header)
    assert counts(transaction, path) == (1, 0, 0, 0)
    assert by_name(transaction)["商场, 南楼"].kind is PlaceKind.MALL


BAD = {
    ",bus,n,12,,,": ("key", "missing"),
    "k,,n,12,,,": ("kind", "missing"),
    "k,bus, ,12,,,": ("name", "missing"),
    "k,bus,n,,,,": ("division", "missing"),
    f"k,bus,{'n' * 101},12,,,": ("name", "too_long"),
    f"{'k' * 65},bus,n,12,,,": ("key", "too_long"),
    f"k,bus,n,12,{'1' * 41},,": ("phone", "too_long"),
    "k,bus,n\x00m,12,,,": ("", "not_utf8"),
    "k,bus,n\x1bm,12,,,": ("name", "unseen_characters"),
    "k,bus,n\u202em,12,,,": ("name", "unseen_characters"),
    "k,bus,n,12,,a\u2028b,1234": ("community_name", "unseen_characters"),
    "k,spaceport,n,12,,,": ("kind", "kind_unknown"),
    "k,bus,n,120199,,,": ("division", "bad_division"),
    "k,bus,n,99,,,": ("division", "bad_division"),
    "k,bus,n,1201011,,,": ("division", "bad_division"),
    "k,bus,n,000000,,,": ("division", "bad_division"),
    "k,bus,n,南开,,,": ("division", "bad_division"),
    "k,bus,n,12,call me,,": ("phone", "bad_phone"),
    "k,bus,n,12,12,,": ("phone", "bad_phone"),
    "k,bus,n,12,,c,不详": ("community_phone", "bad_phone"),
    "k,residential,n,12,,,": ("community_name", "home_needs_community"),
    "k,residential,n,12,,c,": ("community_phone", "home_needs_community"),
    "k,residential,n,12,,,1234": ("community_name", "home_needs_community"),
    "k,bus,n,12,,c,": ("community_phone", "half_a_community"),
    "k,bus,n,12,,,1234": ("community_name", "half_a_community"),
    "g1,bus,n,12,,,": ("key", "key_twice"),
    "k,bus,n,12,,": ("", "not_csv"),
    "k,bus,n,12,,,,": ("", "not_csv"),
    'k,bus,"n,12,,,': ("", "not_csv"),
    "k,bus,n,12,\r,,": ("", "not_csv"),
}


@pytest.mark.parametrize("row", BAD, ids=range(len(BAD)))
def test_a_bad_row_is_reported_and_the_good_ones_are_taken(
    transaction: Transaction, write: Write, row: str
) -> None:
    report = import_places(transaction, write(HOME, row, BUS))
    assert (report.new, report.changed, report.unchanged) == (2, 0, 0)
    [bad] = report.rejects
    column, reason = BAD[row]
    assert (bad.line, bad.column, bad.words) == (3, column, REASONS[reason])
    assert set(by_name(transaction)) == {"五大道小区", "1路公交"}


def test_a_row_that_is_not_utf8_spoils_no_other(transaction: Transaction, write: Write) -> None:
    path = write(HOME)
    path.write_bytes(path.read_bytes() + "k,bus,公交,12,,,\n".encode("gb18030") + BUS.encode())
    report = import_places(transaction, path)
    assert report.new == 2
    assert [(bad.line, bad.column, bad.words) for bad in report.rejects] == [
        (3, "", REASONS["not_utf8"])
    ]


def test_every_reason_has_words_in_both_languages_and_is_tried() -> None:
    tried = {reason for _, reason in BAD.values()} | {"not_utf8", "closed"}
    assert tried == set(REASONS)
    for words in REASONS.values():
        assert CHINESE.search(words.zh)
        assert not CHINESE.search(words.en)
        assert "{" not in words.zh + words.en


@pytest.mark.parametrize("phone", ["022-23121234", "(022) 2312 1234", "+86 22 2312 1234", "120",
                                   "23121234转801", "（022）23121234、23121235"])  # fmt: skip
def test_a_phone_is_taken_as_people_write_it(transaction: Transaction, phone: str) -> None:
    assert register_place(transaction, asked("m", phone=phone)).phone == phone


@pytest.mark.parametrize(
    "header",
    ["", "key,kind,name", HEADER + ",colour", HEADER + ",key", "{x},%s", '"key', "\x00", "编号"],
)
def test_another_header_is_refused_and_the_right_one_named(
    transaction: Transaction, write: Write, header: str
) -> None:
    with pytest.raises(NotPlaces) as refused:
        import_places(transaction, write(header=header))
    assert HEADER in refused.value.say("zh")
    assert HEADER in refused.value.say("en")


def test_no_file_and_too_long_a_file_are_refused_in_words(
    transaction: Transaction, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for missing in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(NoPlacesFile) as refused:
            import_places(transaction, missing)
        assert str(missing) in refused.value.say("zh")
    monkeypatch.setattr("healthcode.places.importing.MOST_ROWS", 1)
    with pytest.raises(TooManyPlaces, match="more than 1 rows"):
        import_places(transaction, write(HOME, BUS))
    assert places_registered(transaction) == []


def test_two_thousand_rows_are_fast(transaction: Transaction, write: Write) -> None:
    def rows(name: str) -> list[str]:
        return [f"k{n},bus,{name}{n},12010100100{n % 3},,," for n in range(2000)]

    began = time.perf_counter()
    assert counts(transaction, write(*rows("公交"))) == (2000, 0, 0, 0)
    assert counts(transaction, write(*rows("公交"))) == (0, 0, 2000, 0)
    assert counts(transaction, write(*rows("巴士"))) == (0, 2000, 0, 0)
    assert time.perf_counter() - began < 3
