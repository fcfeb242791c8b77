"""A rulebook from a file to everybody's colour, by commands; also by one that is killed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from healthcode.access import Role, accounts
from healthcode.access.sessions import sign_in
from healthcode.app.settings import Settings
from healthcode.app.wiring import SHIPPED_RULEBOOK, open_house, shipped
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.people import ensure, identify
from healthcode.rulebook.actions import reassess
from healthcode.rulebook.publishing import BATCH
from tests.app.conftest import Command, Said
from tests.conftest import NOON
from tests.evidence.feeding import document, look

HEALTHCODE = Path(sys.executable).with_name("healthcode")
STAFF = {
    "an.epidemiologist": (Role.EPIDEMIOLOGIST, "*", "first"),
    "same.side": (Role.APPROVER, "*", "first"),
    "other.side": (Role.APPROVER, "12", "second"),
    "district": (Role.APPROVER, "120101", "second"),
}
PEOPLE = 2 * BATCH + 10
Told = Callable[..., Said]


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    name = f"rulebooks_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="module")
def database(url: str, masters: str) -> Iterator[Database]:
    """A database with people of whom nothing is known."""
    settings = Settings.model_validate({"database_url": url, "master_keys": masters})
    with open_house(settings) as made:
        with made.transaction() as transaction:
            many = "INSERT INTO people.persons SELECT FROM generate_series(1, :n) RETURNING person"
            people = transaction.run(sa.text(many), {"n": PEOPLE}).scalars().all()
            reassess(transaction, people)
        yield made


@pytest.fixture(scope="module")
def anna(database: Database) -> int:
    """Somebody with a document, behind all the others."""
    with database.transaction() as transaction:
        subject = identify(transaction.keys, "test", document(1), NOON.date())
        person = ensure(transaction, "test", [subject])[subject]
        reassess(transaction, [person])
        return person


@pytest.fixture(scope="module")
def sessions(database: Database) -> dict[str, str]:
    with database.transaction() as transaction:
        first, second = accounts.found(transaction, "first", "second")
        words = {"first": first, "second": second}
        for name, (role, scope, by) in STAFF.items():
            maker = Caller(by, Role.OPERATOR)
            words[name] = accounts.open_account(transaction, maker, name, role, scope).secret
        return {name: sign_in(transaction, name, word, "t").token for name, word in words.items()}


@pytest.fixture
def told(
    healthcode: Command,
    monkeypatch: pytest.MonkeyPatch,
    sessions: dict[str, str],
    url: str,
    masters: str,
    tmp_path: Path,
) -> Told:
    """`told(account, *command)`: the command `healthcode rulebook ...` on that account's word."""
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", url)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    monkeypatch.setenv("HEALTHCODE_DATA_DIR", str(tmp_path))

    def run(account: str, *arguments: object, group: str = "rulebook") -> Said:
        monkeypatch.setenv("HEALTHCODE_SESSION", sessions[account])
        return healthcode(*([group] if group else []), *arguments)

    return run


def written(folder: Path, version: str, *, undeclared: str = "grey") -> Path:
    """Two rules of the shipped rulebook as a file; where grey is green, one."""
    body = yaml.safe_load((shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
    kept = {"R3", "G"} if undeclared == "grey" else {"R3"}
    body["rules"] = [rule for rule in body["rules"] if rule["id"] in kept]
    path = folder / f"{version}.yaml"
    changed = body | {"version": version, "undeclared": undeclared}
    path.write_text(yaml.safe_dump(changed, allow_unicode=True), "utf-8")
    return path


def proposed(told: Told, path: Path) -> int:
    draft = told("an.epidemiologist", "propose", path, "--json").data["draft"]
    assert isinstance(draft, int)
    return draft


def approved(told: Told, path: Path) -> int:
    draft = proposed(told, path)
    assert told("other.side", "approve", draft).code == 0
    return draft


def listed(told: Told, draft: int) -> dict[str, Any]:
    [found] = [
        each for each in told("district", "list", "--json").data["rulebooks"]
        if each["draft"] == draft
    ]  # fmt: skip
    assert isinstance(found, dict)
    return found


def test_a_rulebook_goes_from_a_file_to_everybodys_colour(told: Told, tmp_path: Path) -> None:
    path = written(tmp_path, "2")
    said = told("an.epidemiologist", "propose", path)
    assert "Proposed: tianjin-2020-spring 2, number 1" in said.out
    draft = 1
    shown = told("same.side", "show", draft)
    again = tmp_path / "again.yaml"
    again.write_text(shown.out.replace("version: '2'", "version: '2.1'"), "utf-8")
    assert [rule["id"] for rule in told("first", "show", draft, "--json").data["rules"]] == [
        "R3", "G",
    ]  # fmt: skip
    refused = told("same.side", "approve", draft)
    assert (refused.code, refused.out) == (3, "")
    assert "Another person has to approve" in refused.err
    early = told("an.epidemiologist", "publish", draft)
    assert (early.code, "No approved rulebook" in early.err) == (3, True)
    assert "publish 1" in told("other.side", "approve", draft).out
    done = told("an.epidemiologist", "publish", draft)
    assert f"standings changed to it: {PEOPLE}." in done.out
    row = listed(told, draft)
    assert (row["state"], row["done"], row["total"]) == ("binding", PEOPLE, PEOPLE)
    assert (row["proposed_by"], row["decided_by"]) == ("an.epidemiologist", "other.side")
    text = told("district", "list").out
    assert "binds" in text
    assert "replaced" in text
    assert told("an.epidemiologist", "propose", again).code == 0, "what is shown can be proposed"


def test_a_refused_rulebook_stays_refused(told: Told, tmp_path: Path) -> None:
    draft = proposed(told, written(tmp_path, "3"))
    assert told("other.side", "approve", draft, "--refuse").out == "Refused.\n"
    assert told("other.side", "approve", draft).code == 2
    assert told("an.epidemiologist", "publish", draft).code == 3
    assert listed(told, draft)["state"] == "refused"


def test_a_part_of_the_city_decides_about_no_rulebook(told: Told, tmp_path: Path) -> None:
    draft = proposed(told, written(tmp_path, "4"))
    for command in ("approve", "publish"):
        said = told("district", command, draft)
        assert (said.code, "for the whole city" in said.err) == (3, True)
    assert listed(told, draft)["state"] == "waiting"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "UTF-8"),
        (b"rules: [", "YAML"),
        (b"name: x\nversion: '1'", "wrong at"),
    ],
)
def test_a_file_that_is_no_rulebook_is_refused_in_words(
    told: Told, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_bytes(content)
    said = told("an.epidemiologist", "propose", path)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_a_rulebook_binds_from_a_moment_that_is_still_to_come(told: Told, tmp_path: Path) -> None:
    draft = approved(told, written(tmp_path, "5"))
    for moment in ("2020-01-01", "tomorrow"):
        assert told("an.epidemiologist", "publish", draft, "--from", moment).code == 2
    said = told("other.side", "publish", draft, "--from", "2999-01-01")
    assert "It binds from 2999-01-01 00:00" in said.out
    assert listed(told, draft)["state"] == "coming"
    again = told("other.side", "publish", draft, "--json").data
    assert (again["binds_from"], again["done"]) == ("2998-12-31T16:00:00+00:00", 0)


def test_a_standing_that_is_asked_for_follows_the_rulebook_first(
    told: Told, tmp_path: Path, database: Database, anna: int, sessions: dict[str, str]
) -> None:
    """And a publication that is killed in the middle goes on with the same command."""
    draft = approved(told, written(tmp_path, "6", undeclared="green"))
    middle = BATCH + 5
    environment = os.environ | {"HEALTHCODE_SESSION": sessions["an.epidemiologist"]}
    with database.engine.connect() as holder:
        lock = "SELECT FROM rulebook.standings WHERE person = :p FOR UPDATE"
        holder.execute(sa.text(lock), {"p": middle})
        running = subprocess.Popen(
            [HEALTHCODE, "rulebook", "publish", str(draft), "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        end = monotonic() + 60
        while not (waits := look(database, WAITS)) and monotonic() < end:
            assert running.poll() is None, running.communicate()
        assert waits
        assert listed(told, draft)["done"] == BATCH
        shown = told("first", "standing", document(1), "--json", group="").data
        assert (shown["colour"], shown["rulebook"]["version"]) == ("green", "6")
        assert look(database, COLOUR, p=anna) == [("green", "6")]
        assert look(database, COLOUR, p=anna - 1) == [("grey", "2")]
        running.kill()
        running.communicate(timeout=60)
        assert running.returncode == -signal.SIGKILL
    assert listed(told, draft)["state"] == "changing"
    done = told("an.epidemiologist", "publish", draft, "--json").data
    assert (done["done"], done["total"]) == (PEOPLE + 1, PEOPLE + 1)
    assert look(database, ALL) == [("green", "6", PEOPLE + 1)]


WAITS = """
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'
"""
COLOUR = """
    SELECT s.colour, r.version FROM rulebook.standings s JOIN rulebook.rulebooks r USING (rulebook)
    WHERE person = :p
"""
ALL = """
    SELECT s.colour, r.version, count(*)
    FROM rulebook.standings s JOIN rulebook.rulebooks r USING (rulebook) GROUP BY 1, 2
"""
