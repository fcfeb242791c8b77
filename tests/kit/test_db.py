"""One unit of work is one transaction: all of it happens, or none of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa

from healthcode.kit import db
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, NoDatabase, Transaction, answering, copy_in, engine_for

WRITE = sa.text("INSERT INTO kit.notes (note) VALUES (:note)")
NOTES = sa.text("SELECT note FROM kit.notes ORDER BY note")


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """The shared database with a table to write in, gone after the test."""
    with shared_database.transaction() as transaction:
        transaction.run(sa.text("CREATE TABLE kit.notes (note text PRIMARY KEY)"))
    yield shared_database
    with shared_database.transaction() as transaction:
        transaction.run(sa.text("DROP TABLE kit.notes"))


def notes(database: Database) -> list[str]:
    with database.transaction() as transaction:
        return list(transaction.run(NOTES).scalars())


def setting(transaction: Transaction, name: str) -> str:
    return str(transaction.run(sa.text("SELECT current_setting(:name)"), {"name": name}).scalar())


def test_everything_in_a_transaction_happens(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.run(WRITE, {"note": "one"})
        assert notes(database) == []  # nobody else sees it before the end
        transaction.run(WRITE, {"note": "two"})
    assert notes(database) == ["one", "two"]


@pytest.mark.parametrize("mistake", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_nothing_of_a_transaction_that_fails_happens(
    database: Database, mistake: type[BaseException]
) -> None:
    with pytest.raises(mistake), database.transaction() as transaction:
        transaction.run(WRITE, {"note": "one"})
        raise mistake
    assert notes(database) == []


def test_a_statement_that_fails_takes_the_earlier_ones_with_it(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as transaction:
        transaction.run(WRITE, {"note": "one"})
        transaction.run(WRITE, {"note": "one"})
    assert notes(database) == []


def test_what_is_copied_in_belongs_to_the_transaction(database: Database) -> None:
    rows = [["one"], ["tab\there"], ["back\\slash"], ["\\N"], ["汉字"]]
    with database.transaction() as transaction:
        copy_in(transaction.connection, "kit.notes (note)", rows)
    assert sorted(notes(database)) == sorted(row[0] for row in rows)
    with pytest.raises(ZeroDivisionError), database.transaction() as transaction:
        copy_in(transaction.connection, "kit.notes (note)", [["gone"]])
        raise ZeroDivisionError
    assert "gone" not in notes(database)


def test_a_caller_who_brings_the_connection_decides_what_becomes_of_it(database: Database) -> None:
    with database.engine.connect() as connection:
        with database.on(connection) as transaction:
            transaction.run(WRITE, {"note": "one"})
        assert notes(database) == []
        connection.rollback()
    assert notes(database) == []


def test_a_unit_of_work_reads_the_clock_once(shared_database: Database) -> None:
    clock = SetClock(datetime(2020, 2, 20, 4, tzinfo=UTC))
    with replace(shared_database, clock=clock).transaction() as transaction:
        clock.stated = datetime(2020, 2, 21, 4, tzinfo=UTC)
        assert transaction.now == transaction.stated_now == datetime(2020, 2, 20, 4, tzinfo=UTC)
    with shared_database.transaction() as transaction:
        assert transaction.stated_now is None
        assert transaction.now.utcoffset() is not None


def test_every_session_speaks_utc_whatever_the_server_speaks(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE tests SET timezone = 'Asia/Shanghai'")
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            assert connection.execute(sa.text("SHOW timezone")).scalar() == "UTC"
            instant = connection.execute(
                sa.text("SELECT CAST('2020-02-20 04:00' AS timestamptz)")
            ).scalar()
            assert instant == datetime(2020, 2, 20, 4, tzinfo=UTC)
    finally:
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER DATABASE tests RESET timezone")


def test_every_session_gives_up_waiting_for_a_lock(shared_database: Database) -> None:
    """Also the one that migrated, which the pool hands out again."""
    with (
        shared_database.transaction() as first,
        shared_database.transaction() as second,
        shared_database.transaction() as third,
    ):
        found = {setting(each, "lock_timeout") for each in (first, second, third)}
    assert found == {db.LOCK_TIMEOUT}


def test_a_lock_that_another_holds_is_an_error_and_no_endless_wait(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "LOCK_TIMEOUT", "50ms")
    hasty = engine_for(url)
    with database.transaction() as holder:
        holder.run(sa.text("LOCK TABLE kit.notes"))
        with hasty.connect() as connection, pytest.raises(sa.exc.OperationalError) as refused:
            connection.execute(NOTES)
    hasty.dispose()
    assert refused.value.orig.sqlstate == "55P03"  # lock_not_available


def test_an_error_does_not_list_the_parameters(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError) as wrong, database.transaction() as transaction:
        transaction.run(WRITE, {"note": "a-name"})
        transaction.run(sa.text("INSERT INTO kit.notes SELECT NULL WHERE :n <> ''"), {"n": "other"})
    assert "hide_parameters" in str(wrong.value)
    assert "other" not in str(wrong.value)


def test_a_server_that_does_not_answer_is_named_in_words(server: str) -> None:
    there = sa.make_url(server)
    for wrong in (
        "postgresql://someone:the-password@127.0.0.1:1/healthcode",
        there.set(database="no_such_database").render_as_string(hide_password=False),
    ):
        engine = engine_for(wrong)
        with pytest.raises(NoDatabase) as refused:
            answering(engine)
        engine.dispose()
        said = f"{refused.value} {refused.value.say('zh')}"
        assert "HEALTHCODE_DATABASE_URL" in said
        assert "the-password" not in said


def test_an_engine_that_answers_is_given_back(shared_database: Database) -> None:
    assert answering(shared_database.engine) is shared_database.engine
