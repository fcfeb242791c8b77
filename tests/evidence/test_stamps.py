"""`recorded_at` follows the order of commits: what nobody could see at k was not known at k."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import sqlalchemy as sa

from healthcode.evidence import last_recorded
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.batches import Part, Staged
from healthcode.evidence.feeds.reading import Reader
from healthcode.evidence.feeds.recording import Recorder, desk_of, submit
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from tests.conftest import NOON
from tests.evidence.feeding import CITY, Department, document, look, visit

VISIBLE = sa.text("""
    SELECT (SELECT max(recorded_at) FROM evidence.recordings) AS known_at,
           (SELECT array_agg(fact) FROM evidence.facts) AS facts
""")
KNOWN = sa.text("SELECT fact FROM evidence.facts WHERE recorded_at <= :known_at")
UNSTAMPED = """
    SELECT fact FROM evidence.facts WHERE recorded_at IS NULL
    UNION ALL SELECT fact FROM evidence.retractions WHERE recorded_at IS NULL
    UNION ALL SELECT recording FROM evidence.recordings WHERE recorded_at IS NULL
"""


def _register(database: Database, *clients: str) -> None:
    with database.transaction() as transaction:
        for client in clients:
            register(transaction, SourceRegistration(client, client, "clinic", ("*",), ("all",)))


def _record(transaction: Transaction, client: str, number: int, **changes: str) -> None:
    desk = desk_of(transaction, client, CITY)
    row = visit(subject=document(number), place=f"{client}-{number}", source=client, **changes)
    submit(transaction, client, desk, "evidence", row)


def _recorded(database: Database) -> dict[str, datetime]:
    rows = look(database, "SELECT place, recorded_at FROM evidence.facts")
    return {str(row.place): row.recorded_at for row in rows}


def _known(database: Database, known_at: datetime | None) -> set[int]:
    with database.transaction() as transaction:
        return set(transaction.run(KNOWN, {"known_at": known_at}).scalars())


def test_whoever_commits_later_is_recorded_later_though_they_wrote_first(fresh: Database) -> None:
    _register(fresh, "slow", "quick")
    with fresh.transaction() as slow:
        _record(slow, "slow", 1)
        with fresh.transaction() as quick:
            _record(quick, "quick", 2)
        with fresh.transaction() as reader:
            known_at = last_recorded(reader)
        then = _known(fresh, known_at)
    recorded = _recorded(fresh)
    assert recorded["quick-2"] == known_at < recorded["slow-1"]
    assert _known(fresh, known_at) == then
    assert len(then) == 1


def test_a_transaction_that_waits_for_another_stamp_takes_the_next(fresh: Database) -> None:
    """The first has its stamp and has not committed; the second must not pass it."""
    _register(fresh, "first", "second")
    stamped, may_commit = Event(), Event()

    def first() -> None:
        with fresh.transaction() as transaction:
            _record(transaction, "first", 1)
            transaction.run(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
            stamped.set()
            assert may_commit.wait(30)

    def second() -> None:
        assert stamped.wait(30)
        with fresh.transaction() as transaction:
            _record(transaction, "second", 2)
            may_commit.set()

    with ThreadPoolExecutor(2) as pool:
        for each in (pool.submit(first), pool.submit(second)):
            each.result(60)
    recorded = _recorded(fresh)
    assert recorded["first-1"] < recorded["second-2"]


def test_a_clock_that_stands_still_or_goes_back_keeps_the_order(house: Database) -> None:
    _register(house, "clinic")
    for number, moment in enumerate([NOON, NOON, NOON - timedelta(days=3), NOON], start=1):
        with replace(house, clock=SetClock(moment)).transaction() as transaction:
            _record(transaction, "clinic", number)
    moments = [_recorded(house)[f"clinic-{number}"] for number in range(1, 5)]
    assert moments == [NOON + timedelta(microseconds=n) for n in range(4)]


def test_a_transactions_own_rows_have_no_stamp_until_it_commits(house: Database) -> None:
    _register(house, "clinic")
    with house.transaction() as transaction:
        _record(transaction, "clinic", 1)
        assert transaction.run(sa.text(UNSTAMPED)).all()
        assert last_recorded(transaction) is None
    assert look(house, UNSTAMPED) == []


WRITERS, IMPORTS = 4, 25


def _write(database: Database, folder: Path, writer: int) -> None:
    """Small imports of one client: new facts, corrections, retractions."""
    client = f"writer-{writer}"
    sender = Department(database, folder, client)
    chance = random.Random(writer)
    for number in range(IMPORTS):
        rows = [
            visit(
                subject=document(100 * writer + chance.randrange(20)),
                place=f"{number}-{each}",
                row_id=f"{chance.randrange(30)}",
                source=client,
            )
            for each in range(chance.randrange(1, 5))
        ]
        with database.transaction() as transaction:
            desk = desk_of(transaction, client, CITY)
            for row in rows:
                submit(transaction, client, desk, "evidence", row)
        if number % 5 == 0:
            sender.sends(*rows, visit(place=f"{number}", source=client))


def _read_until(done: Event, database: Database) -> list[tuple[datetime, set[int]]]:
    seen: list[tuple[datetime, set[int]]] = []
    while not done.is_set():
        # In one statement, so that the moment and the facts are of one instant.
        with database.transaction() as transaction:
            row = transaction.run(VISIBLE).one()
        if row.known_at is not None:
            seen.append((row.known_at, set(row.facts)))
        # In two, as a reader does: the moment first, then what was known at it.
        with database.transaction() as transaction:
            known_at = last_recorded(transaction)
            facts = set(transaction.run(KNOWN, {"known_at": known_at}).scalars())
        if known_at is not None:
            seen.append((known_at, facts))
    return seen


def test_what_was_known_at_a_moment_is_the_same_whenever_it_is_asked(
    fresh: Database, tmp_path: Path
) -> None:
    _register(fresh, *(f"writer-{n}" for n in range(WRITERS)))
    done = Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(_read_until, done, fresh)
        writing = [pool.submit(_write, fresh, tmp_path, n) for n in range(WRITERS)]
        try:
            for each in writing:
                each.result(120)
        finally:
            done.set()
        seen = reading.result(30)
    moments = {known_at for known_at, _ in seen}
    assert len(moments) > 10
    for known_at, facts in seen:
        assert _known(fresh, known_at) == facts
    assert look(fresh, UNSTAMPED) == []
    distinct = "SELECT count(*) - count(DISTINCT recorded_at) AS same FROM evidence.recordings"
    assert look(fresh, distinct)[0].same == 0


def test_the_stamp_writes_no_index_of_a_fact_again(house: Database) -> None:
    """Where it does, an import takes half as long again."""
    _register(house, "clinic")
    changed = sa.text("""
        SELECT pg_stat_get_xact_tuples_updated(CAST('evidence.facts' AS regclass)) AS all,
               pg_stat_get_xact_tuples_hot_updated(CAST('evidence.facts' AS regclass)) AS in_place
    """)
    with house.transaction() as transaction:
        desk = desk_of(transaction, "clinic", CITY)
        reader = Reader("clinic", transaction.keys, transaction.now, frozenset({"clinic"}))
        rows = [
            Staged(n, n, reader.read("evidence", visit(place=f"shop {n}", source="clinic")))
            for n in range(1000)
        ]
        Recorder(transaction, "clinic", desk).record("evidence", Part(rows))
        before = transaction.run(changed).one()
        transaction.run(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        after = transaction.run(changed).one()
        transaction.run(sa.text("SET CONSTRAINTS ALL DEFERRED"))
    assert (after.all - before.all, after.in_place - before.in_place) == (1000, 1000)
