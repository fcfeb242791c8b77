"""What every test stands on: a real PostgreSQL, migrated, and rolled-back transactions."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from healthcode.access import passwords
from healthcode.app.wiring import JOBS, LISTENERS, SHIPPED_RULEBOOK, prepare, shipped
from healthcode.kit.clock import SetClock, SystemClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.embedded import drop_database, embedded_server, ensure_database
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.rulebook.actions import install

assert JOBS

SHARED = Path(__file__).parents[2] / "shared"
OUTBREAK = SHARED / "data" / "tianjin-2020"
NOON = datetime(2020, 2, 20, 4, tzinfo=UTC)  # noon in Tianjin, in the middle of the outbreak

settings.register_profile(
    "house",
    deadline=None,  # a shared machine's hiccup is no failure
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL of the tests' own.

    Outside pytest's folder, which a second run by root closes to the server's own user.
    """
    with (
        tempfile.TemporaryDirectory(prefix="healthcode-tests-") as folder,
        embedded_server(Path(folder)) as address,
    ):
        with psycopg.connect(address, autocommit=True) as connection:
            # Nothing here must survive the machine; what survives a killed process is the same.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Passwords that cost nothing to try; what they cost is the library's own default."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture(scope="session")
def masters() -> str:
    """The master keys of the tests, as the setting writes them."""
    return new_master_key()


@pytest.fixture(scope="session")
def url(server: str) -> str:
    """The address of the database that tests share; they leave nothing in it."""
    return ensure_database(server, "tests")


@pytest.fixture(scope="session")
def shared_database(url: str, masters: str) -> Iterator[Database]:
    """The shared database: migrated, wired as in production, with the shipped rulebook."""
    made = _prepared(url, masters)
    yield made
    made.engine.dispose()


@pytest.fixture
def transaction(shared_database: Database) -> Iterator[Transaction]:
    """A transaction at noon of 20 February 2020, rolled back at the end of the test."""
    at_noon = _at(shared_database, NOON)
    with at_noon.engine.connect() as connection, at_noon.on(connection) as made:
        yield made
        connection.rollback()


@pytest.fixture
def fresh(server: str, masters: str) -> Iterator[Database]:
    """A database of the test's own, for tests that commit."""
    name = f"fresh_{secrets.token_hex(6)}"
    made = _prepared(ensure_database(server, name), masters)
    yield made
    made.engine.dispose()
    drop_database(server, name)


@pytest.fixture
def at(fresh: Database) -> Callable[[datetime], Database]:
    """The fresh database with its clock set."""
    return lambda moment: _at(fresh, moment)


def _at(database: Database, moment: datetime) -> Database:
    return Database(
        database.engine, SetClock(moment), database.keys, database.jobs, database.listeners
    )


def _prepared(url: str, masters: str) -> Database:
    made = prepare(url, MasterKeys.read(masters), SystemClock(), LISTENERS)
    with made.transaction() as transaction:
        install(transaction, (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
    return made
