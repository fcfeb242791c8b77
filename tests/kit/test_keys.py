"""The stored key ring: made once, rotated without loss, useless without its master key."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from healthcode.app.wiring import shipped
from healthcode.kit.db import engine_for
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.keys import data_keys, load_ring, rotate
from healthcode.kit.migrations import migrate
from healthcode.kit.secrets import (
    KeyRing,
    MasterKeyMissing,
    MasterKeys,
    WrapBroken,
    new_master_key,
)

PLACE = "people.persons.name"


@pytest.fixture(scope="module")
def engine(server: str) -> Iterator[Engine]:
    """A migrated database of this file's own."""
    name = f"keys_{secrets.token_hex(6)}"
    made = engine_for(ensure_database(server, name))
    migrate(made, shipped("migrations"))
    yield made
    made.dispose()
    drop_database(server, name)


@pytest.fixture
def stored(engine: Engine) -> Iterator[Connection]:
    """A connection to no keys at all, rolled back."""
    with engine.connect() as connection:
        connection.execute(sa.delete(data_keys))
        yield connection
        connection.rollback()


def rows(connection: Connection) -> list[tuple[int, str, str]]:
    found = connection.execute(
        sa.text("SELECT key_id, purpose, master_id FROM kit.data_keys ORDER BY key_id")
    )
    return [(row.key_id, row.purpose, row.master_id) for row in found]


def test_the_first_keys_are_made_once(stored: Connection) -> None:
    masters = MasterKeys.read(new_master_key())
    first, second = load_ring(stored, masters), load_ring(stored, masters)
    assert second.open(first.seal("张三", PLACE), PLACE) == "张三"
    assert first.lookup("x", PLACE) == second.lookup("x", PLACE)
    assert [(key, purpose) for key, purpose, _ in rows(stored)] == [(1, "lookup"), (2, "data")]


def test_a_rotation_keeps_old_values_readable_and_seals_under_the_new_key(
    stored: Connection,
) -> None:
    masters = MasterKeys.read(new_master_key())
    before = load_ring(stored, masters)
    old, found_by = before.seal("张三", PLACE), before.lookup("10:NUMBER", PLACE)
    made = rotate(stored, masters)
    again = rotate(stored, masters)
    after = load_ring(stored, masters)
    assert after.open(old, PLACE) == "张三"
    assert after.lookup("10:NUMBER", PLACE) == found_by  # or a document would be two persons
    assert after.needs_reseal(old)
    assert not after.needs_reseal(after.seal("李四", PLACE))
    assert (made, again) == (3, 4)


def test_a_new_master_key_wraps_everything_and_the_old_one_may_go(stored: Connection) -> None:
    old_text, new_text = new_master_key(), new_master_key()
    before = load_ring(stored, MasterKeys.read(old_text))
    sealed = before.seal("张三", PLACE)
    both = MasterKeys.read(f"{new_text},{old_text}")
    rotate(stored, both)
    assert {master for _, _, master in rows(stored)} == {both.current_id}
    alone = load_ring(stored, MasterKeys.read(new_text))
    assert alone.open(sealed, PLACE) == "张三"
    with pytest.raises(MasterKeyMissing):
        load_ring(stored, MasterKeys.read(old_text))


def test_a_rotation_with_a_key_that_does_not_open_changes_nothing(stored: Connection) -> None:
    text = new_master_key()
    load_ring(stored, MasterKeys.read(text))
    before = rows(stored)
    with pytest.raises(MasterKeyMissing):
        rotate(stored, MasterKeys.read(new_master_key()))
    name = text.partition(":")[0]
    wrong = MasterKeys.read(f"{name}:{new_master_key().partition(':')[2]}")
    with pytest.raises(WrapBroken):
        rotate(stored, wrong)
    assert rows(stored) == before


def test_there_is_never_a_second_look_up_key(stored: Connection) -> None:
    load_ring(stored, MasterKeys.read(new_master_key()))
    with pytest.raises(sa.exc.IntegrityError, match="data_keys_one_lookup"):
        stored.execute(
            sa.insert(data_keys).values(key_id=9, purpose="lookup", master_id="m", wrapped=b"w")
        )


def test_the_database_alone_opens_nothing(stored: Connection) -> None:
    masters = MasterKeys.read(new_master_key())
    load_ring(stored, masters)
    key = stored.execute(sa.select(data_keys.c.wrapped)).scalars().first()
    assert key is not None
    assert len(key) == 12 + 32 + 16  # nonce, key, tag: nothing beside the wrap


def at_once(doing: Callable[[], object], times: int = 2) -> list[object]:
    """Do it in several threads that start together."""
    together = Barrier(times)

    def start(_: int) -> object:
        together.wait()
        return doing()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start, range(times)))


@pytest.fixture
def emptied(engine: Engine) -> Engine:
    """The database without keys, for tests that commit."""
    with engine.begin() as connection:
        connection.execute(sa.delete(data_keys))
    return engine


def test_two_processes_that_make_the_first_keys_get_the_same_ring(emptied: Engine) -> None:
    masters = MasterKeys.read(new_master_key())

    def load() -> KeyRing:
        with emptied.begin() as connection:
            return load_ring(connection, masters)

    one, other = at_once(load)
    assert isinstance(one, KeyRing)
    assert isinstance(other, KeyRing)
    assert other.open(one.seal("张三", PLACE), PLACE) == "张三"
    assert one.lookup("x", PLACE) == other.lookup("x", PLACE)


def test_two_rotations_at_once_are_two_rotations(emptied: Engine) -> None:
    masters = MasterKeys.read(new_master_key())
    with emptied.begin() as connection:
        sealed = load_ring(connection, masters).seal("张三", PLACE)

    def turn() -> int:
        with emptied.begin() as connection:
            return rotate(connection, masters)

    assert sorted(at_once(turn)) == [3, 4]
    with emptied.begin() as connection:
        assert load_ring(connection, masters).open(sealed, PLACE) == "张三"
