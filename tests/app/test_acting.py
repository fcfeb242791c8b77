"""Every command that writes is written on somebody's word, and only by a role that may."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from healthcode.access import accounts
from healthcode.access.sessions import sign_in
from healthcode.access.terms import Role
from healthcode.app.commands import codes as code_commands
from healthcode.app.commands.common import COMMANDS, SESSION
from healthcode.app.settings import Settings
from healthcode.app.signer import sign_waiting
from healthcode.app.wiring import open_house
from healthcode.codes.signing import demo_key, trust
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.kit.clock import SystemClock
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.people.terms import resident_number
from tests.app.conftest import Command

NUMBER = "10:" + resident_number("120101", date(1991, 2, 3), 45)
PEOPLE = f"subject,name,residence\n{NUMBER},张小三,120101\n"
FEVER = "subject,kind,result,started_at,source\n" + f"{NUMBER},symptom,fever,{{}},wards\n"
STAFF = {
    "a.clinic": (Role.CLINIC, "*"),
    "a.community": (Role.COMMUNITY, "120101"),
    "a.gate": (Role.GATE, "x" * 12),
    "hospital": (Role.SOURCE, ""),
}
WRITES = {
    "account add": ["x", "--role", "clinic", "--scope", "12"],
    "account close": ["a.gate"],
    "account key": ["hospital"],
    "account password": ["a.gate"],
    "source add": ["s", "--client", "c", "--class", "clinic", "--kind", "test", "--division", "12"],
    "place add": ["x", "--kind", "metro", "--name", "站", "--division", "120101"],
    "place import": ["places.csv"],
    "place close": ["nowhere"],
    "keys rotate": [],
    "import": ["people.csv", "--client", "hospital"],
    "designate": ["high", "--from", "2020-01-01", "--area", "420100"],
    "declare": [NUMBER, "--district", "120101", "--consent", "1"],
    "clear": [NUMBER, "examined"],
    "approve": ["1"],
    "rulebook propose": ["rulebook.yaml"],
    "rulebook approve": ["1"],
    "rulebook publish": ["1"],
    "compare": [],
    "snapshot": ["city"],
    "code issue": [NUMBER],
}


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    name = f"acting_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="module")
def database(url: str, masters: str) -> Iterator[Database]:
    settings = Settings.model_validate({"database_url": url, "master_keys": masters})
    with open_house(settings) as made:
        yield made


@pytest.fixture(scope="module")
def sessions(database: Database) -> dict[str, str]:
    """A session, or a client's key, of each account."""
    with database.transaction() as transaction:
        given = accounts.found(transaction, "first.operator", "second.operator")
        words = dict(zip(("first.operator", "second.operator"), given, strict=True))
        founders = [Caller(account=name, role=Role.OPERATOR) for name in words]
        for name, (role, scope) in STAFF.items():
            opened = accounts.open_account(transaction, founders[0], name, role, scope)
            words[name] = opened.secret
        opened = accounts.open_account(transaction, founders[1], "an.approver", Role.APPROVER, "12")
        words["an.approver"] = opened.secret
        register(
            transaction, SourceRegistration("hospital", "wards", "clinic", ("symptom",), ("all",))
        )
        return {
            name: word if name == "hospital" else sign_in(transaction, name, word, "t").token
            for name, word in words.items()
        }


@pytest.fixture(autouse=True)
def city(
    url: str, masters: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database
) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", url)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    monkeypatch.setenv("HEALTHCODE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(PEOPLE, "utf-8")
    Path("places.csv").write_text("key,kind\n", "utf-8")


@pytest.fixture
def told(healthcode: Command, monkeypatch: pytest.MonkeyPatch, sessions: dict[str, str]) -> Command:
    """`told(account, *command)`: the command on that account's word."""

    def run(account: str, *arguments: object, stdin: str = "") -> object:
        monkeypatch.setenv("HEALTHCODE_SESSION", sessions.get(account, account))
        return healthcode(*arguments, stdin=stdin)

    return run


def test_every_command_that_writes_is_in_the_table() -> None:
    assert set(COMMANDS) == set(WRITES)


@pytest.mark.parametrize("command", WRITES)
def test_nothing_is_written_on_nobodys_word(healthcode: Command, command: str) -> None:
    said = healthcode(*command.split(), *WRITES[command])
    assert (said.code, said.out) == (3, "")
    assert "Sign in first" in said.err


@pytest.mark.parametrize("command", WRITES)
def test_a_role_that_may_not_is_told_which_may(told: Command, command: str) -> None:
    said = told("a.gate", *command.split(), *WRITES[command])
    assert said.code == 3
    assert "a.gate (gate) may not do this" in said.err
    assert COMMANDS[command][0] in said.err


def test_a_wrong_password_signs_nobody_in(healthcode: Command, sessions: dict[str, str]) -> None:
    del sessions
    for name in ("first.operator", "nobody"):
        said = healthcode("login", name, stdin="wrong-wrong-wrong\n")
        assert (said.code, said.out) == (3, "")
        assert "The account or the password is wrong." in said.err


def test_who_signs_in_is_remembered_for_this_user_until_they_sign_out(
    told: Command, healthcode: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = told(
        "first.operator", "account", "add", "b.clinic", "--role", "clinic", "--scope", "all"
    )
    name, password = opened.out.split()
    monkeypatch.delenv("HEALTHCODE_SESSION")
    assert healthcode("login", name, stdin=f"{password}\n").code == 0
    assert (tmp_path / SESSION).stat().st_mode & 0o077 == 0
    assert password not in (tmp_path / SESSION).read_text()
    mine = "Stone-bridge-over-the-Hai"
    changed = healthcode("account", "password", stdin=f"{password}\n{mine}\n")
    assert changed.code == 0
    assert healthcode("clear", NUMBER, "examined").code == 3  # signed out by the change
    assert healthcode("login", name, stdin=f"{mine}\n").code == 0
    assert "Nobody is known" in healthcode("clear", "9:9", "examined").err
    assert healthcode("logout").code == 0
    assert "Sign in first" in healthcode("clear", NUMBER, "examined").err


def test_a_house_is_founded_once(healthcode: Command, sessions: dict[str, str]) -> None:
    del sessions
    said = healthcode("account", "found", "third", "fourth")
    assert said.code == 3
    assert "accounts already" in said.err


def test_accounts_are_listed_with_their_makers_and_no_secret(
    told: Command, sessions: dict[str, str]
) -> None:
    listed = {
        each["name"]: each for each in told("a.gate", "account", "list", "--json").data["accounts"]
    }
    assert listed["a.clinic"]["made_by"] == "first.operator"
    assert listed["an.approver"]["made_by"] == "second.operator"
    assert listed["first.operator"]["made_by"] is None
    text = told("a.gate", "account", "list").out
    assert "a.clinic" in text
    assert not any(secret in text for secret in sessions.values())


def test_a_department_writes_in_its_own_name_only(told: Command) -> None:
    other = told("hospital", "import", "people.csv", "--client", "someone-else")
    assert other.code == 3
    assert "in its own name only" in other.err
    assert told("hospital", "import", "people.csv").code == 0


def test_nobody_writes_for_a_client_of_the_other_side(told: Command) -> None:
    said = told("second.operator", "import", "people.csv", "--client", "hospital")
    assert said.code == 3
    assert "the other founder's side" in said.err


def test_a_gate_belongs_to_a_registered_place(told: Command) -> None:
    said = told("first.operator", "account", "add", "d.gate", "--role", "gate", "--scope", "there")
    assert said.code == 2
    assert "registered place" in said.err


def test_an_epidemiologist_is_registered_and_designates(told: Command) -> None:
    opened = told(
        "first.operator", "account", "add", "an.epi", "--role", "epidemiologist", "--scope", "12"
    )
    assert opened.code == 0
    asked = ["areas", "--client", "an.epi", "--class", "authority", "--kind", "designation"]
    assert told("first.operator", "source", "add", *asked, "--division", "all").code == 0
    level = ["designate", "high", "--from", "2020-01-10", "--area", "420100"]
    assert told("first.operator", *level, "--client", "an.epi").out == "Recorded.\n"


def test_a_community_writes_about_its_own_residents_only(told: Command) -> None:
    told("hospital", "import", "people.csv")
    opened = told(
        "first.operator",
        "account",
        "add",
        "e.community",
        "--role",
        "community",
        "--scope",
        "120116",
    )
    name, password = opened.out.split()
    assert told("a.gate", "login", name, stdin=f"{password}\n").code == 0
    other = (Path(SESSION)).read_text()
    for command in ("declare", "code issue"):
        said = told(other, *command.split(), *WRITES[command])
        assert said.code == 3
        assert "does not live in the division" in said.err


def test_what_is_written_names_the_account(told: Command, database: Database) -> None:
    told("hospital", "import", "people.csv")
    assert (
        told("a.community", "declare", NUMBER, "--district", "120101", "--consent", "1").code == 0
    )
    assert told("a.clinic", "clear", NUMBER, "examined").code == 0
    with database.transaction() as transaction:
        rows = transaction.run(sa.text("SELECT DISTINCT client, account FROM evidence.recordings"))
        named = {tuple(row) for row in rows}
    assert {("self", "a.community"), ("a.clinic", "a.clinic")} <= named


def test_a_person_declares_gets_a_code_and_passes(
    told: Command, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("hospital", "import", "people.csv")
    told("a.community", "declare", NUMBER, "--district", "120101", "--consent", "1")
    key = demo_key(tmp_path / "signing.key", "12")
    with database.transaction() as transaction:
        trust(transaction, key)
    # The signer answers while the command waits for it.
    monkeypatch.setattr(
        code_commands.time,
        "sleep",
        lambda _seconds: sign_waiting(database.engine, key, SystemClock()),
    )
    code = told("a.community", "code", "issue", "-", "--svg", "code.svg", stdin=NUMBER).out.strip()
    assert code.startswith("JKM1:")
    assert Path("code.svg").read_text("utf-8").startswith("<svg")
    passes = told(
        "a.gate", "check", code, "--place", "residential", "--temperature", 36.5, "--json"
    )
    assert passes.data["decision"] == "enter"
    assert (passes.data["name"], passes.data["last_four"]) == ("张*三", NUMBER[-4:])
    Path("fever.csv").write_text(FEVER.format(SystemClock().now().isoformat()), "utf-8")
    assert told("hospital", "import", "fever.csv").code == 0
    waits = told(
        "a.gate", "check", "-", "--place", "residential", "--temperature", 36.5, stdin=code
    )
    assert "please wait" in waits.out
    assert "orange" in waits.out
    assert told("a.clinic", "clear", NUMBER, "examined").out == "Recorded.\n"
    again = told("a.gate", "check", code, "--place", "metro", "--temperature", 36.5, "--json")
    assert again.data["decision"] == "enter"


def test_a_signer_that_is_silent_is_named(
    told: Command, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("hospital", "import", "people.csv")
    told("a.community", "declare", NUMBER, "--district", "120101", "--consent", "1")
    with database.transaction() as transaction:
        trust(transaction, demo_key(tmp_path / "signing.key", "12"))
    monkeypatch.setattr(code_commands, "PATIENCE", 0.2)
    said = told("a.community", "code", "issue", NUMBER)
    assert said.code == 4
    assert "The signer does not answer" in said.err


def test_a_place_is_registered_and_a_gate_opened_for_it(told: Command) -> None:
    asked = ["--kind", "residential", "--name", "小区", "--division", "120101"]
    lacking = told("first.operator", "place", "add", "home-1", *asked)
    assert lacking.code == 2
    whole = [*asked, "--community-name", "社区", "--community-phone", "022-88908890"]
    made = told("first.operator", "place", "add", "home-1", *whole).out.strip()
    listed = told("first.operator", "place", "list", "--json").data["places"]
    assert [each["id"] for each in listed if each["key"] == "home-1"] == [made]
    gate = told("first.operator", "account", "add", "c.gate", "--role", "gate", "--scope", made)
    assert gate.code == 0
    assert told("first.operator", "place", "close", made).out == "Closed.\n"


@pytest.mark.parametrize("code", ["", "hello", "JKM1:", "JKM1:NOT A CODE", "粤康码"])
def test_any_text_at_a_gate_gets_an_answer(told: Command, code: str) -> None:
    said = told("a.gate", "check", "-", "--place", "metro", "--json", stdin=code)
    assert said.code == 0
    assert said.data["outcome"] in {"not_a_code", "unreadable"}
    assert said.data["decision"] == "usual_way"


def test_a_real_server_has_no_key_to_sign_with(healthcode: Command) -> None:
    said = healthcode("sign")
    assert said.code == 4
    assert re.search("no key to sign codes", said.err)
