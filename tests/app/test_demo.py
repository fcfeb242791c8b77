"""The made-up city and the replay: they stay in their own folder, and end when they are told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from healthcode.kit.embedded import embedded_server
from tests.app.conftest import Command

FILES = {
    "people.csv": "subject,residence\n1,120101\n2,120102\n3,\n",
    "designations.csv": "area,level,started_at,ended_at,recorded_at\n"
    "420100,high,2020-01-10,,2020-01-12\n",
    "evidence.csv": "subject,kind,result,area,started_at,ended_at,recorded_at,source\n"
    "1,stay,,420100,2020-01-12,2020-01-15,2020-01-20,list\n"
    "1,diagnosis,confirmed,,2020-01-25,,2020-01-25,list\n"
    "2,symptom,fever,,2020-01-20,,2020-01-20,\n"
    "2,diagnosis,confirmed,,2020-01-28,,2020-01-28,list\n"
    "3,diagnosis,confirmed,,soon,,2020-01-28,list\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder whose server these tests keep up, so that commands only join it."""
    made = tmp_path_factory.mktemp("data")
    with embedded_server(made):
        yield made


@pytest.fixture
def own(folder: Path, healthcode: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line on that folder."""
    monkeypatch.setenv("HEALTHCODE_DATA_DIR", str(folder))
    return healthcode


def databases(folder: Path) -> set[str]:
    with embedded_server(folder) as address, psycopg.connect(address) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def as_shown(data: dict[str, Any]) -> object:
    """What the demo shows, without the moment it was shown at."""
    gone = {"at", "known_at"}
    explained = [{k: v for k, v in each.items() if k not in gone} for each in data["explained"]]
    return data | {"explained": explained}


def test_the_demo_shows_a_city_and_the_second_time_the_same_one(own: Command) -> None:
    first = own("demo", "--json")
    assert (first.code, first.err) == (0, "")
    city = first.data
    assert city["people"] == sum(city["colours"].values()) == 16 * 20
    assert len(city["districts"]) == 16
    assert all(city["colours"][colour] for colour in ("grey", "green", "orange", "red"))
    assert [each["colour"] for each in city["explained"]] == ["red", "orange", "green"]
    assert all(each["reasons"] for each in city["explained"])
    assert as_shown(own("demo", "--json").data) == as_shown(city)
    person = city["explained"][0]["person"]
    assert own("standing", person, "--json").data["colour"] == "red"


def test_the_demo_never_goes_into_a_citys_own_server(
    own: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "postgresql://city:secret@127.0.0.1:1/city")
    for arguments in (["demo"], ["demo", "--json"]):
        said = own(*arguments)
        assert (said.code, said.out) == (3, "")
        assert "HEALTHCODE_DATABASE_URL" in said.err


@pytest.mark.parametrize("listen", ["0.0.0.0:8731", "192.0.2.7:8731", "[::]:8731"])
def test_the_demo_with_its_known_passwords_listens_on_this_machine_alone(
    own: Command, monkeypatch: pytest.MonkeyPatch, listen: str
) -> None:
    monkeypatch.setenv("HEALTHCODE_LISTEN", listen)
    said = own("demo")
    assert (said.code, said.out) == (3, "")
    assert "this machine alone" in said.err
    monkeypatch.setenv("HEALTHCODE_DEMO", "1")
    assert own("serve").code == 4


@pytest.fixture
def outbreak(tmp_path: Path) -> Path:
    made = tmp_path / "the wave [bold] of [1]"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, "utf-8")
    return made


def test_a_replay_judges_with_what_was_recorded_by_then_and_leaves_nothing(
    own: Command, outbreak: Path, folder: Path
) -> None:
    before = databases(folder)
    said = own("replay", outbreak, "--json")
    assert said.code == 0
    authority, declared = said.data["authority"], said.data["declared"]
    assert (authority["cases"], authority["flagged"]) == (2, 1)
    assert (declared["cases"], declared["flagged"]) == (2, 2)
    assert authority["census"]["2020-01-19"] == {"green": 3, "orange": 0, "red": 0}
    assert authority["census"]["2020-01-21"]["green"] == 2
    assert databases(folder) == before


@pytest.mark.parametrize(("language", "words"), [("zh", "未接收"), ("en", "not taken")])
def test_a_replay_says_which_rows_it_did_not_take(
    own: Command, outbreak: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setenv("HEALTHCODE_LANGUAGE", language)
    monkeypatch.setenv("COLUMNS", "400")
    said = own("replay", outbreak)
    assert said.code == 0
    assert str(outbreak / "evidence.csv") in said.err
    assert words in said.err


def test_a_replay_that_fails_leaves_nothing_either(
    own: Command, outbreak: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = databases(folder)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("healthcode.app.replaying._people", stop)
    assert own("replay", outbreak).code != 0
    assert databases(folder) == before
    (outbreak / "people.csv").unlink()
    missing = own("replay", outbreak)
    assert (missing.code, missing.out) == (2, "")
    assert "people.csv" in missing.err


def test_a_replay_needs_no_real_server_and_touches_none(
    own: Command, outbreak: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "postgresql://city:secret@127.0.0.1:1/city")
    assert own("replay", outbreak, "--json").code == 0


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_an_address_that_is_taken_is_named_before_anything_starts(
    own: Command, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        monkeypatch.setenv("HEALTHCODE_LISTEN", address)
        said = own(command)
    assert said.code == 4
    assert f"Cannot listen at {address}" in said.err


# ---------------------------------------------------------------- how it ends


def started(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command in a process group of its own, as a terminal starts it."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("healthcode")), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "HEALTHCODE_LANGUAGE": "en"} | environment,
    )


def wait_for_worker(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(200):
            if connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone() > (0,):
                return
            connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("no worker began")


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_work_runs_jobs_until_it_is_stopped(
    url: str, masters: str, shared_database: object, ended_by: signal.Signals
) -> None:
    worker = started("work", HEALTHCODE_DATABASE_URL=url, HEALTHCODE_MASTER_KEYS=masters)
    try:
        wait_for_worker(url)
        os.killpg(worker.pid, ended_by)
        said, wrong = worker.communicate(timeout=15)
        assert (worker.returncode, said, wrong) == (0, "", "")
        with psycopg.connect(url, autocommit=True) as connection:
            left = connection.execute("SELECT count(*) FROM procrastinate_workers")
            assert left.fetchone() == (0,)  # it signed off
            connection.execute("TRUNCATE procrastinate_jobs CASCADE")
    finally:
        worker.kill()
        worker.communicate()
