"""`healthcode explain`: everything a colour rests on, and what it would be if."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.app import explaining
from healthcode.app.commands import common
from healthcode.app.commands.explaining import BadSupposition, supposed
from healthcode.app.explaining import STATES, WORDS
from healthcode.app.settings import Settings
from healthcode.app.wiring import open_house
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer
from healthcode.kit.clock import SHANGHAI
from healthcode.kit.db import Database, Transaction
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.people.terms import resident_number
from healthcode.rulebook.explanations.explaining import State
from tests.app.conftest import Command, Said

NUMBER = resident_number("120101", date(1990, 1, 1), 123)
PEOPLE = f"subject,document,name,residence\nA-1,10:{NUMBER},张三,120101\nB-1,,,120101\n"
EVIDENCE = """subject,kind,result,started_at,ended_at,area,place,with_subject,source
A-1,declaration,,2020-02-01,,,,,citizens
A-1,contact,close,2020-02-03,2020-02-05,120101,West Lake market,B-1,commission
A-1,clearance,isolation_over,2020-02-10T09:00,,,,,commission
A-1,symptom,,2020-02-20,,,,,citizens
B-1,declaration,,2020-02-01,,,,,citizens
"""
FIRST_PERSON, FIRST_FACT = 9_876_543_210, 71
SOURCES = [
    SourceRegistration("health", "citizens", "self", ("declaration", "symptom"), ("all",)),
    SourceRegistration("health", "commission", "authority", ("contact", "clearance"), ("all",)),
]
DECLARED, CONTACT, CLEARED, COUGHED, ANOTHERS = range(FIRST_FACT, FIRST_FACT + 5)
EXPLAIN = ("explain", "health/A-1", "--at", "2020-02-12")


@pytest.fixture(scope="module")
def address(server: str) -> Iterator[str]:
    name = f"explain_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="module")
def database(
    address: str, masters: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A-1 was a close contact of B-1, was released early, and has coughed since."""
    folder = tmp_path_factory.mktemp("feeds")
    settings = Settings.model_validate({"database_url": address, "master_keys": masters})
    with open_house(settings) as made:
        with made.transaction() as transaction:
            for table, first in (("people.persons", FIRST_PERSON), ("evidence.facts", FIRST_FACT)):
                column = table.rpartition(".")[2].rstrip("s")
                sequence = f"{table}_{column}_seq"
                transaction.run(sa.text(f"ALTER SEQUENCE {sequence} RESTART {first}"))
            for source in SOURCES:
                register(transaction, source)
        for name, text in (("people.csv", PEOPLE), ("evidence.csv", EVIDENCE)):
            path = folder / name
            path.write_text(text, "utf-8")
            assert Importer(made, "health", "12").run(path).rejected == 0
        yield made


@pytest.fixture
def healthcode(
    address: str,
    database: Database,
    masters: str,
    monkeypatch: pytest.MonkeyPatch,
    healthcode: Command,
) -> Command:
    """A command in a city with a real server, in which nobody is signed in; a wide terminal."""
    monkeypatch.setattr(common.out, "width", 160)
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", address)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    return healthcode


def rules(data: dict[str, Any]) -> dict[str, str]:
    return {each["rule"]: each["state"] for each in data["findings"]}


def flat(said: Said) -> str:
    return " ".join(said.out.split())


def test_every_finding_is_there_with_its_fact_its_time_and_whoever_ends_it(
    healthcode: Command,
) -> None:
    data = healthcode(*EXPLAIN, "--json").data
    assert (data["colour"], data["words"]["en"]) == ("green", "green")
    assert data["at"] == "2020-02-11T16:00:00Z"
    assert data["changes_at"] == "2020-02-14T16:00:00Z"
    assert rules(data) == {"G": "active", "O1": "to_come", "R3": "over"}
    contact = data["findings"][2]
    assert contact["colour"] == "red"
    assert contact["fact"] == {
        "number": CONTACT,
        "kind": "contact",
        "result": "close",
        "started_at": "2020-02-02T16:00:00Z",
        "ended_at": "2020-02-04T16:00:00Z",
        "going_on": False,
        "source": "commission",
        "source_class": "authority",
    }
    assert (contact["from"], contact["until"]) == ("2020-02-02T16:00:00Z", "2020-02-10T01:00:00Z")
    assert contact["until_by_itself"] == "2020-02-18T16:00:00Z"
    assert [fact["number"] for fact in contact["ended_by"]] == [CLEARED]
    assert [words["en"] for words in contact["would_end_it"]] == [
        "clearance (isolation_over), recorded by the health authority"
    ]
    assert "88908890" in contact["releaser"]["zh"]


def test_without_a_fact_and_with_another_the_colour_is_what_it_would_be(
    healthcode: Command,
) -> None:
    data = healthcode(*EXPLAIN, "--without", CLEARED, "--json").data
    assert data["colour"] == "green"
    what_if = data["what_if"]
    assert (what_if["without"], what_if["with"], what_if["then"]["colour"]) == (
        [CLEARED],
        [],
        "red",
    )
    assert what_if["difference"] == {
        "colour": ["green", "red"],
        "changes_at": ["2020-02-14T16:00:00Z", "2020-02-14T16:00:00Z"],
        "findings": [
            {
                "rule": "R3",
                "fact": CONTACT,
                "colour": "red",
                "what": "other_end",
                "until": ["2020-02-10T01:00:00Z", "2020-02-18T16:00:00Z"],
            }
        ],
    }
    added = "clearance:isolation_over:authority:2020-02-11T08:30"
    both = healthcode(*EXPLAIN, "--without", CLEARED, "--with", added, "--json").data["what_if"]
    assert both["then"]["colour"] == "green"
    assert both["with"] == [
        {
            "number": None,
            "kind": "clearance",
            "result": "isolation_over",
            "started_at": "2020-02-11T00:30:00Z",
            "ended_at": None,
            "going_on": False,
            "source": "",
            "source_class": "authority",
        }
    ]
    contact = next(each for each in both["then"]["findings"] if each["rule"] == "R3")
    assert contact["ended_by"] == both["with"]


def test_a_fact_with_which_something_begins_is_added_and_one_is_left_out(
    healthcode: Command,
) -> None:
    added = ["--with", "symptom::self", "--without", COUGHED]
    what_if = healthcode(*EXPLAIN, *added, "--json").data["what_if"]
    assert what_if["then"]["colour"] == "orange"
    assert what_if["then"]["findings"][0]["from"] == "2020-02-11T16:00:00Z"
    changes = {(each["fact"], each["what"]) for each in what_if["difference"]["findings"]}
    assert changes == {(COUGHED, "gone"), (-1, "new")}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


TIMES = [
    ("", at("2020-02-12"), None, False),
    (":2020-02-03", at("2020-02-03"), None, False),
    (":2020-02-03T08:30:2020-02-04", at("2020-02-03T08:30"), at("2020-02-04"), False),
    (":2020-02-03T08:30:01+07:00:2020-02-04 09:30", at("2020-02-03T09:30:01"),
     at("2020-02-04T09:30"), False),
    (":2020-02-03:infinity", at("2020-02-03"), None, True),
    ("::2020-02-20", at("2020-02-12"), at("2020-02-20"), False),
]  # fmt: skip


@pytest.mark.parametrize(("times", "started", "ended", "going_on"), TIMES)
def test_a_supposed_fact_begins_and_ends_as_it_is_written(
    transaction: Transaction, times: str, started: datetime, ended: datetime | None, going_on: bool
) -> None:
    asked = SourceRegistration("bureau", "commission", "authority", ("test",), ("all",))
    register(transaction, asked)
    fact = supposed(transaction, f"isolation::commission{times}", at("2020-02-12"))
    assert (fact.started_at, fact.ended_at, fact.going_on) == (started, ended, going_on)
    assert (fact.kind, fact.result, fact.source, fact.source_class) == (
        "isolation", "", "commission", "authority",
    )  # fmt: skip


def test_people_read_the_same_in_panels(healthcode: Command) -> None:
    said = flat(healthcode(*EXPLAIN, "--without", CLEARED))
    for words in (
        f"Without #{CLEARED}",
        "● green ⬣ red",
        "2020-02-03 00:00 – 2020-02-10 09:00 2020-02-03 00:00 – 2020-02-19 00:00",
        "── As it is ──",
        f"#{CONTACT} contact (close) · 2020-02-03 00:00 – 2020-02-05 00:00 · commission, the",
        f"Ended early by #{CLEARED} clearance (isolation_over) · 2020-02-10 09:00",
        "Otherwise until 2020-02-19 00:00",
        "◆ orange to come Rule O1",
        "── If so ──",
        "Ends early with clearance (isolation_over), recorded by the health authority",
    ):
        assert words in said, words


def test_people_read_it_in_chinese(healthcode: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", "zh")
    said = flat(healthcode(*EXPLAIN, "--with", "symptom::self:2020-02-11"))
    for words in (
        "加上 假设 症状 · 2020-02-11 00:00 · 本人申报",
        "颜色 ● 绿码 ◆ 橙码",
        "── 现状 ──",
        "被提前结束",
        "可提前结束于 医疗机构或社区登记的解除（结果examined）",
    ):
        assert words in said, words


def test_a_fact_that_changes_nothing_is_said_to_change_nothing(healthcode: Command) -> None:
    said = healthcode(*EXPLAIN, "--with", "test:negative:clinic")
    assert "Every finding stays as it is." in said.out


def test_nobody_elses_name_key_place_or_area_is_shown(healthcode: Command) -> None:
    asked = (*EXPLAIN, "--without", CLEARED, "--with", "symptom::self")
    for said in (healthcode(*asked), healthcode(*asked, "--json")):
        assert said.code == 0
        for hidden in (NUMBER, "张三", str(FIRST_PERSON)[:6], "West Lake", "120101", "B-1"):
            assert hidden not in said.out + said.err


def test_what_was_not_known_then_is_not_explained(healthcode: Command) -> None:
    data = healthcode(*EXPLAIN, "--known-at", "2020-02-12", "--json").data
    assert (data["colour"], data["findings"], data["known_at"]) == (
        "grey", [], "2020-02-11T16:00:00Z",
    )  # fmt: skip
    assert "Please declare" in healthcode(*EXPLAIN, "--known-at", "2020-02-12").out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dance::self", "KIND of --with is wrong; write declaration, symptom"),
        ("symptom", "CLASS of --with is wrong; write self, gate"),
        ("symptom::doctor", "--with 的 CLASS 有误"),
        ("symptom:Fever:self", "RESULT of --with is wrong"),
        ("symptom::self:soon", "--with 的 FROM 有误，可写：2020-02-20"),
        ("symptom::self:infinity", "FROM of --with is wrong"),
        ("symptom::self:2020-02-20:2020-02-19", "UNTIL of --with is wrong"),
        ("symptom::self:2020-02-20:2020-02-21:2020-02-22", "UNTIL of --with is wrong"),
    ],
)
def test_what_cannot_be_supposed_is_refused_in_words(
    transaction: Transaction, text: str, words: str
) -> None:
    with pytest.raises(BadSupposition) as refused:
        supposed(transaction, text, at("2020-02-12"))
    assert words in refused.value.say("en" if words.isascii() else "zh")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"--without {ANOTHERS}", f"no fact with the number {ANOTHERS}"),
        ("--without 99999999999999999999", "no fact with the number 99999999999999999999"),
        ("--without -1 --with symptom::self", "no fact with the number -1"),
        ("--with symptom::doctor", "The CLASS of --with is wrong"),
        ("--at soon", "--at is not a time"),
    ],
)
def test_what_went_wrong_is_said_in_words_and_nothing_on_stdout(
    healthcode: Command, line: str, words: str
) -> None:
    said = healthcode("explain", "health/A-1", *line.split())
    assert (said.code, said.out) == (2, "")
    assert words in " ".join(said.err.split())


def test_every_state_has_words_in_both_languages() -> None:
    assert set(STATES) == set(State)
    for words in (*STATES.values(), *WORDS.values()):
        assert words.zh != words.en
        assert words.en.isascii()
        assert explaining.word("gone", "zh") != explaining.word("gone", "en")
