"""Opening the house: whoever is first makes what is missing, and whoever is second finds it."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from healthcode.app.settings import Settings, read_settings
from healthcode.app.wiring import SHIPPED_RULEBOOK, master_keys, open_house, shipped
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.secrets import KeyRing, MasterKeys
from healthcode.rulebook.actions import Shipped, binding_at, install, read_rulebook

Made = TypeVar("Made")


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """The address of an empty database."""
    name = f"opening_{secrets.token_hex(6)}"
    yield ensure_database(server, name)
    drop_database(server, name)


def at_once(doing: Callable[[], Made], times: int = 2) -> list[Made]:
    """Do it in several threads that start together."""
    together = Barrier(times)

    def start(_: int) -> Made:
        together.wait()
        return doing()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start, range(times)))


def test_two_processes_that_open_an_empty_database_at_once_both_find_a_whole_house(
    empty: str, masters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", empty)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)

    def open_it() -> tuple[KeyRing, int]:
        with open_house(read_settings()) as database, database.transaction() as transaction:
            return transaction.keys, binding_at(transaction, transaction.now).key

    (one, first), (other, second) = at_once(open_it)
    assert first == second
    assert other.open(one.seal("张三", "place"), "place") == "张三"
    with open_house(read_settings()) as database, database.transaction() as transaction:
        text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
        assert install(transaction, text) is Shipped.PRESENT
        bound = binding_at(transaction, transaction.now)
        assert bound.rulebook == read_rulebook(text)


def test_a_house_that_does_not_open_leaves_no_connection_behind(
    empty: str, masters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is left is a warning, and here a warning is an error."""
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", empty)
    monkeypatch.setenv("HEALTHCODE_MASTER_KEYS", masters)
    with open_house(read_settings()):
        pass

    class Crash(Exception):
        pass

    def crash(*_: object) -> None:
        raise Crash

    monkeypatch.setattr("healthcode.app.wiring.keys.load_ring", crash)
    with pytest.raises(Crash), open_house(read_settings()):
        pass


def test_two_processes_that_make_the_first_master_key_read_the_same(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    found = at_once(lambda: master_keys(settings), times=8)
    assert len({masters.current_id for masters in found}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_the_master_key_is_its_owners_alone(tmp_path: Path) -> None:
    master_keys(Settings(data_dir=tmp_path))
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_a_master_key_that_is_set_goes_before_the_one_in_the_folder(
    tmp_path: Path, masters: str
) -> None:
    own = master_keys(Settings(data_dir=tmp_path))
    settings = Settings.model_validate({"data_dir": tmp_path, "master_keys": masters})
    assert master_keys(settings).current_id == MasterKeys.read(masters).current_id
    assert own.current_id != MasterKeys.read(masters).current_id


def test_what_ships_with_the_house_is_found() -> None:
    assert (shipped("rulebooks") / SHIPPED_RULEBOOK).is_file()
    assert (shipped("migrations") / "env.py").is_file()
