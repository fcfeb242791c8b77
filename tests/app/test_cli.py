"""Every command does what it says, and says what went wrong in words and with a code."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa

from healthcode.access.accounts import found
from healthcode.access.sessions import sign_in
from healthcode.app.settings import Settings
from healthcode.app.wiring import open_house
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds import importing
from healthcode.evidence.feeds.importing import Importer
from healthcode.kit import db
from healthcode.kit.db import Database, engine_for
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.people.terms import resident_number
from tests.app.conftest import Command

NUMBER = resident_number("120101", date(1990, 1, 1), 123)
UNKNOWN = resident_number("120101", date(1990, 1, 1), 124)
WRONG_DIGIT = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
PEOPLE = f"subject,document,name,residence\nA-1,10:{NUMBER},张三,120101\n"
EVIDENCE = """subject,kind,result,started_at,source
A-1,declaration,,2020-02-01,citizens
A-1,contact,close,2020-02-05,commission
"""
FIRST_PERSON = 9_876_543_210
SOURCES = [
    SourceRegistration("health", "citizens", "self", ("declaration",), ("all",)),
    SourceRegistration("health", "commission", "authority", ("contact", "designation"), ("all",)),
]


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    name = f"cli_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="module")
def database(
    url: str, masters: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The database of these commands, with two sources; A-1 was a close contact."""
    folder = tmp_path_factory.mktemp("feeds")
    settings = Settings.model_validate({"database_url": url, "master_keys": masters})
    with open_house(settings) as made:
        with made.transaction() as transaction:
            first = f"ALTER SEQUENCE people.persons_person_seq RESTART {FIRST_PERSON}"
            transaction.run(sa.text(first))
            for source in SOURCES:
                register(transaction, source)
        for name, text in (("people.csv", PEOPLE), ("evidence.csv", EVIDENCE)):
            Importer(made, "health", "12").run(written(folder, name, text))
        yield made


@pytest.fixture(scope="module")
def operator(database: Database) -> str:
    """A session of an operator."""
    with database.transaction() as transaction:
        first, _ = found(transaction, "first.operator", "second.operator")
        return sign_in(transaction, "first.operator", first, "tests").token


@pytest.fixture(autouse=True)
def city(url: str, masters: str, operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a city with a real server, in which an operator is signed in."""
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", url)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    monkeypatch.setenv("HEALTHCODE_SESSION", operator)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


# ---------------------------------------------------------------- each command, when all is well


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "数据库已是最新。"), ("en", "The database is up to date.")]
)
def test_migrate_says_so_in_the_language_that_is_set(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", language)
    said = healthcode("migrate")
    assert (said.code, said.out, said.err) == (0, f"{words}\n", "")


def test_source_add_and_source_list(healthcode: Command) -> None:
    asked = ["--client", "hospital", "--class", "clinic", "--kind", "test", "--kind", "symptom"]
    added = healthcode("source", "add", "fever-clinic", *asked, "--division", "120101")
    assert (added.code, added.out) == (0, "Registered: hospital / fever-clinic\n")
    listed = healthcode("source", "list", "--json")
    assert {
        "client": "hospital",
        "source": "fever-clinic",
        "source_class": "clinic",
        "kinds": ["symptom", "test"],
        "divisions": ["120101"],
    } in listed.data["sources"]
    shown = healthcode("source", "list")
    assert "fever-clinic" in shown.out
    assert "\x1b" not in shown.out  # no colours where nobody looks


def test_import_says_what_it_did_and_the_second_time_that_it_is_nothing_new(
    healthcode: Command, tmp_path: Path
) -> None:
    path = written(tmp_path, "people.csv", PEOPLE + "B-1,,,\nB-2,,,999\n")
    first = healthcode("import", path, "--client", "health", "--json")
    counts = {"what": "people", "rows": 3, "recorded": 2, "rejected": 1, "fresh": True}
    assert counts.items() <= first.data.items()
    assert (first.code, first.err) == (0, "")
    rejects = tmp_path / "people.csv.rejects.csv"
    assert rejects.read_text("utf-8-sig").splitlines()[1].startswith("3,4,residence,")
    again = written(tmp_path, "again.csv", PEOPLE + "B-1,,,\n")
    assert healthcode("import", again, "--client", "health").code == 0
    said = healthcode("import", again, "--client", "health")
    assert "nothing new" in said.out
    assert not (tmp_path / "again.csv.rejects.csv").exists()


def test_import_says_where_the_rejected_rows_are(healthcode: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "some [bold]rows[red].csv", "subject,age\nA-1,old\n")
    said = healthcode("import", path, "--client", "health")
    assert said.code == 0
    assert f"{path}.rejects.csv" in said.err


def test_designate_colours_nobody_by_itself(healthcode: Command) -> None:
    at = ["--client", "health", "--from", "2020-01-10T08:00"]
    assert healthcode("designate", "high", *at, "--area", "420100").out == "Recorded.\n"
    assert healthcode("designate", "exposure", *at, "--place", "mall").code == 0


def test_standing_shows_the_colour_its_reason_and_who_ends_it(healthcode: Command) -> None:
    said = healthcode("standing", f"10:{NUMBER}", "--at", "2020-02-06")
    for words in ("red", "Close contact", "R3", "2020-02-19 00:00", "88908890", "Rulebook"):
        assert words in said.out
    assert NUMBER not in said.out


def test_standing_by_document_by_key_and_by_standard_input_is_the_same(healthcode: Command) -> None:
    asked = ["--at", "2020-02-06T12:00", "--json"]
    by_document = healthcode("standing", f"10:{NUMBER}", *asked)
    by_key = healthcode("standing", "health/A-1", *asked)
    by_input = healthcode("standing", "-", *asked, stdin=f"  10:{NUMBER} \n")
    assert by_document.data == by_key.data == by_input.data
    assert by_input.data["colour"] == "red"
    assert by_input.data["at"] == "2020-02-06T04:00:00Z"
    assert by_input.data["rulebook"] == {"name": "tianjin-2020-spring", "version": "1"}
    assert [reason["rule"] for reason in by_input.data["reasons"]] == ["R3"]


def test_a_past_colour_is_judged_by_what_was_known_then(healthcode: Command) -> None:
    asked = ["standing", "health/A-1", "--at", "2020-02-06", "--json"]
    assert healthcode(*asked).data["colour"] == "red"
    earlier = healthcode(*asked, "--known-at", "2020-02-06")  # nothing had been recorded by then
    assert earlier.data["colour"] == "grey"
    assert healthcode("standing", "health/A-1", "--json").data["colour"] == "grey"  # long over


@pytest.mark.parametrize(("language", "words"), [("zh", "密切接触者"), ("en", "Close contact")])
def test_a_standing_is_shown_in_the_language_that_is_set(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", language)
    said = healthcode("standing", "health/A-1", "--at", "2020-02-06")
    assert words in said.out


def test_a_key_is_made_and_a_rotation_keeps_everything_readable(
    healthcode: Command, masters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = healthcode("keys", "new")
    assert made.err == ""
    MasterKeys.read(made.out.strip())
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", f"{made.out.strip()},{masters}")
    assert healthcode("keys", "rotate").out == "New data key: 3\n"
    assert healthcode("standing", f"10:{NUMBER}").code == 0
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", made.out.strip())
    assert healthcode("standing", f"10:{NUMBER}").code == 0
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    assert healthcode("standing", f"10:{NUMBER}").code == 4
    # and back, for the other tests
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", f"{masters},{made.out.strip()}")
    assert healthcode("keys", "rotate").out == "New data key: 4\n"


def test_help_is_there_for_who_says_nothing(healthcode: Command) -> None:
    assert "standing" in healthcode("--help").out
    assert healthcode("standing", "--help").code == 0
    assert healthcode().code == 2


# ---------------------------------------------------------------- and when something is wrong


WRONG = [
    ("source add S! --client c --class clinic --kind test --division all", 2, "无法登记"),
    ("source add s --client c --class clinic --kind test --division 1", 2, "division is wrong"),
    ("source add commission --client c --class self --kind test --division all", 2,
     "a source has one class"),
    ("import no-such.csv --client health", 2, "无法读取文件"),
    ("import people.csv --client nobody", 3, "No client called"),
    ("import odd.csv --client health", 2, "columns that are not known"),
    ("import empty.csv --client health", 2, "表头不是"),
    ("designate high --client c2 --from 2020-01-10", 3, "没有登记名为"),
    ("designate high --client health --from 2020-01-10", 2, "请写地区或场所"),
    ("designate high --client health --from soon --area 42", 2, "A time is written"),
    (f"standing 10:{UNKNOWN}", 2, "Nobody is known"),
    ("standing health/NOBODY", 2, "没有以此证件或编号登记的人"),
    ("standing A-1", 2, "Nobody is known"),
    ("standing -", 2, "没有以此证件或编号登记的人"),
    (f"standing 10:{WRONG_DIGIT}", 2, "校验位不符"),
    ("standing 99:1", 2, "no document we know"),
    ("standing health/A-1 --at yesterday", 2, "--at is not a time"),
    ("standing health/A-1 --known-at infinity", 2, "--known-at 的时间有误"),
    ("demo", 3, "请先取消该设置"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "words"), WRONG)
def test_what_went_wrong_is_said_in_words_with_a_code_and_nothing_on_stdout(
    healthcode: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    line: str, code: int, words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", "en" if words.isascii() else "zh")
    written(tmp_path, "people.csv", PEOPLE)
    written(tmp_path, "odd.csv", "subject,kind,source,started_at,colour\n")
    written(tmp_path, "empty.csv", "")
    said = healthcode(*line.split())
    flat = " ".join(said.err.split())
    assert (said.code, said.out) == (code, "")
    assert words in flat
    assert "Traceback" not in flat
    assert not {NUMBER, UNKNOWN, WRONG_DIGIT} & set(flat.replace(":", " ").split())


def test_json_is_one_object_or_nothing(healthcode: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "more.csv", EVIDENCE + "A-1,dance,,2020-02-05,commission\n")
    good = [
        healthcode("source", "list", "--json"),
        healthcode("import", path, "--client", "health", "--json"),
        healthcode("standing", "health/A-1", "--json"),
    ]
    assert [said.code for said in good] == [0, 0, 0]
    assert all(said.data for said in good)
    assert [said.err for said in good] == ["", "", ""]
    bad = healthcode("standing", "health/NOBODY", "--json")
    assert (bad.code, bad.out) == (2, "")


def test_a_real_server_without_master_keys_is_refused(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEALTHCODE_MASTER_KEYS")
    said = healthcode("migrate")
    assert said.code == 4
    assert "healthcode keys new" in said.err


def test_a_wrong_master_key_is_refused_and_changes_nothing(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, masters: str
) -> None:
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", new_master_key())
    for command in (["migrate"], ["keys", "rotate"]):
        assert healthcode(*command).code == 4
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    assert healthcode("migrate").code == 0


def test_a_server_that_does_not_answer_is_said_in_words(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "postgresql://city:pass-word@127.0.0.1:1/db")
    said = healthcode("migrate")
    assert said.code == 4
    assert "does not answer" in said.err
    assert "pass-word" not in said.err


def test_a_bad_setting_is_said_in_words(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHCODE_CITY", "Atlantis")
    said = healthcode("migrate")
    assert said.code == 4
    assert "HEALTHCODE_CITY" in said.err
    assert "Atlantis" not in said.err


def test_what_another_holds_for_long_is_said_in_words(
    healthcode: Command, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a colour is told to try again, however long one may wait for a file."""
    monkeypatch.setattr(db, "LOCK_TIMEOUT", "200ms")
    monkeypatch.setattr(importing, "FILE_LOCK_TIMEOUT", "5s")
    path = written(tmp_path, "held.csv", EVIDENCE + "A-1,contact,close,2020-02-07,commission\n")
    other = engine_for(url)
    with other.connect() as holder:
        holder.execute(sa.text("LOCK TABLE rulebook.standings"))
        begun = monotonic()
        said = healthcode("import", path, "--client", "health")
        waited = monotonic() - begun
    other.dispose()
    assert said.code == 4
    assert "try again" in said.err.lower()
    assert waited < 4


@pytest.mark.parametrize("locale", ["zh_CN.UTF-8", "zh_CN.GB18030", "zh_TW", "zh"])
def test_a_chinese_terminal_reads_chinese_also_where_its_locale_is_not_installed(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.delenv("HEALTHCODE_LANGUAGE")
    monkeypatch.setenv("LC_ALL", locale)
    assert healthcode("migrate").out == "数据库已是最新。\n"


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_GB.UTF-8", "xx_YY", ""])
def test_any_other_terminal_reads_english(
    healthcode: Command, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.delenv("HEALTHCODE_LANGUAGE")
    monkeypatch.delenv("LANG", raising=False)
    monkeypatch.setenv("LC_ALL", locale)
    assert healthcode("migrate").out == "The database is up to date.\n"


def test_a_line_that_is_no_utf8_is_nobodys_name(healthcode: Command) -> None:
    said = healthcode("standing", "-", stdin="张三\n".encode("gb18030"))
    assert (said.code, said.out) == (2, "")
    assert "Nobody is known" in said.err


def test_nothing_that_is_shown_is_the_key_of_a_person(healthcode: Command) -> None:
    """Inside, a person is a number that is never shown; here it is an unlikely one."""
    for asked in (["standing", "health/A-1", "--at", "2020-02-06"], ["source", "list"]):
        for said in (healthcode(*asked), healthcode(*asked, "--json")):
            assert str(FIRST_PERSON)[:6] not in said.out + said.err
