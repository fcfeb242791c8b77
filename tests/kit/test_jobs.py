"""Jobs are asked for in the caller's transaction, and each runs in one of its own."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.app.wiring import prepare, run_jobs
from healthcode.kit.clock import SystemClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.jobs import STALLED_AFTER, Job, Jobs
from healthcode.kit.secrets import MasterKeys

ran: list[dict[str, Any]] = []
"""What jobs were run with, also where their transaction was rolled back."""


class OutOfOrder(Exception):
    """The job's own failure."""


def note(transaction: Transaction, **arguments: Any) -> None:
    ran.append(arguments)
    transaction.run(
        sa.text("INSERT INTO kit.notes (note) VALUES (:note)"), {"note": str(arguments)}
    )


def note_and_fail(transaction: Transaction, **arguments: Any) -> None:
    note(transaction, **arguments)
    if arguments.get("fails", True):
        raise OutOfOrder


TABLE = {"note": Job(note), "note_and_fail": Job(note_and_fail)}


@pytest.fixture(scope="module")
def made(server: str, masters: str) -> Iterator[Database]:
    """A database of this file's own, with a table that its jobs write."""
    name = f"jobs_{secrets.token_hex(6)}"
    url = ensure_database(server, name)
    plain = prepare(url, MasterKeys.read(masters), SystemClock(), {})
    with plain.transaction() as transaction:
        transaction.run(sa.text("CREATE TABLE kit.notes (note text)"))
    yield Database(plain.engine, plain.clock, plain.keys, Jobs(url, TABLE), {})
    plain.engine.dispose()
    drop_database(server, name)


@pytest.fixture
def database(made: Database) -> Database:
    """The same, with an empty queue."""
    ran.clear()
    with made.transaction() as transaction:
        transaction.run(sa.text("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE"))
        transaction.run(sa.text("TRUNCATE kit.notes"))
    return made


def ask(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as transaction:
        found = transaction.run(sa.text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def queue(database: Database) -> list[tuple[str, str]]:
    return ask(database, "SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")


def unfinished(database: Database) -> list[tuple[str, str]]:
    return [(job, status) for job, status in queue(database) if status != "succeeded"]


def die_while_running(database: Database, job: str, *, seconds_ago: float) -> None:
    """Leave the queue as a worker does that was killed in the middle of this job."""
    ask(
        database,
        """
        WITH dead AS (
            INSERT INTO procrastinate_workers (last_heartbeat)
            VALUES (now() - :ago * interval '1 second') RETURNING id
        )
        UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id, attempts = attempts + 1
        FROM dead WHERE task_name = :job AND status = 'todo'
        """,
        job=job,
        ago=seconds_ago,
    )


def test_a_job_of_a_transaction_that_fails_was_never_asked_for(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as transaction:
        assert transaction.defer("note", number=1)
        raise ZeroDivisionError
    assert queue(database) == []


def test_a_job_is_seen_by_workers_only_after_the_commit(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.defer("note", number=1)
        assert queue(database) == []
    assert queue(database) == [("note", "todo")]


def test_a_job_that_waits_already_is_not_asked_for_again_and_costs_nothing(
    database: Database,
) -> None:
    with database.transaction() as transaction:
        assert transaction.defer("note", once="nightly", number=1) is True
    with database.transaction() as transaction:
        transaction.run(sa.text("INSERT INTO kit.notes (note) VALUES ('before')"))
        assert transaction.defer("note", once="nightly", number=2) is False
        transaction.run(sa.text("INSERT INTO kit.notes (note) VALUES ('after')"))
        assert transaction.defer("note", once="weekly", number=3) is True
    assert [job for job, _ in queue(database)] == ["note", "note"]
    assert ask(database, "SELECT note FROM kit.notes") == [("before",), ("after",)]
    run_jobs(database, wait=False)
    with database.transaction() as transaction:  # it ran, so it does not wait any more
        assert transaction.defer("note", once="nightly", number=4) is True


def test_twice_in_one_transaction_is_once_too(database: Database) -> None:
    with database.transaction() as transaction:
        assert transaction.defer("note", once="nightly", number=1) is True
        assert transaction.defer("note", once="nightly", number=2) is False
    assert queue(database) == [("note", "todo")]


def test_an_unknown_job_is_refused_and_the_transaction_goes_on(database: Database) -> None:
    with database.transaction() as transaction:
        with pytest.raises(LookupError, match="no job is called sweep"):
            transaction.defer("sweep")
        transaction.defer("note", number=1)
    assert queue(database) == [("note", "todo")]


def test_every_job_runs_once_with_its_arguments(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.defer("note", persons=[1, 2, 3], word="汉字")
        transaction.defer("note", persons=[], word="")
    run_jobs(database, wait=False)
    run_jobs(database, wait=False)
    assert ran == [{"persons": [1, 2, 3], "word": "汉字"}, {"persons": [], "word": ""}]
    assert len(ask(database, "SELECT note FROM kit.notes")) == 2


def test_a_job_may_ask_for_another_which_runs_in_the_same_go(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(transaction: Transaction, left: int) -> None:
        ran.append({"left": left})
        if left:
            transaction.defer("note", once="note", left=left - 1)

    monkeypatch.setitem(TABLE, "note", Job(again))
    with database.transaction() as transaction:
        transaction.defer("note", once="note", left=2)
    run_jobs(database, wait=False)
    assert [each["left"] for each in ran] == [2, 1, 0]


def test_a_failing_job_has_done_nothing_and_is_tried_again_later(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.defer("note_and_fail", fails=True)
        transaction.defer("note", number=2)
    run_jobs(database, wait=False)
    assert len(ran) == 2  # the one behind it ran all the same
    assert ask(database, "SELECT note FROM kit.notes") == [("{'number': 2}",)]
    [(status, attempts, waits)] = ask(
        database,
        "SELECT status::text, attempts, scheduled_at > now() FROM procrastinate_jobs"
        " WHERE task_name = 'note_and_fail'",
    )
    assert (status, attempts, waits) == ("todo", 1, True)
    ask(database, "UPDATE procrastinate_jobs SET scheduled_at = now(), args = '{\"fails\": false}'")
    run_jobs(database, wait=False)
    assert ran[-1] == {"fails": False}
    assert unfinished(database) == []


def test_a_job_whose_worker_died_is_taken_up_by_the_next(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.defer("note", number=1)
    die_while_running(database, "note", seconds_ago=STALLED_AFTER + 5)
    run_jobs(database, wait=False)
    assert ran == [{"number": 1}]
    assert unfinished(database) == []


def test_a_job_whose_worker_is_alive_is_left_to_it(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.defer("note", number=1)
    die_while_running(database, "note", seconds_ago=5)
    run_jobs(database, wait=False)
    assert ran == []
    assert queue(database) == [("note", "doing")]


def test_a_dead_job_and_a_waiting_one_of_the_same_name_do_not_stop_the_worker(
    database: Database,
) -> None:
    with database.transaction() as transaction:
        transaction.defer("note", once="nightly", number=1)
    die_while_running(database, "note", seconds_ago=STALLED_AFTER + 5)
    with database.transaction() as transaction:
        assert transaction.defer("note", once="nightly", number=2) is True
    run_jobs(database, wait=False)
    assert {"number": 2} in ran
    assert not {status for _, status in queue(database)} & {"todo", "doing"}


def test_a_failing_job_whose_name_waits_again_is_finished_by_the_next_worker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(_: Transaction, number: int) -> None:
        ran.append({"number": number})
        if len(ran) == 1:
            with database.transaction() as elsewhere:
                elsewhere.defer("note", once="nightly", number=2)
            raise OutOfOrder

    monkeypatch.setitem(TABLE, "note", Job(overtaken))
    with database.transaction() as transaction:
        transaction.defer("note", once="nightly", number=1)
    run_jobs(database, wait=False)
    assert ran == [{"number": 1}, {"number": 2}]
    run_jobs(database, wait=False)
    assert unfinished(database) == []


def test_what_ran_well_does_not_stay_in_the_queue_for_ever(database: Database) -> None:
    """A job's arguments name persons; the clock's job alone is half a million rows a year."""
    with database.transaction() as transaction:
        transaction.defer("note", persons=[1])
    run_jobs(database, wait=False)
    assert queue(database) == []


def test_no_log_shows_what_a_job_was_asked_with(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A job names persons by their keys, which are never shown."""
    caplog.set_level("DEBUG")
    with database.transaction() as transaction:
        transaction.defer("note", persons=[987654321])
        transaction.defer("note_and_fail", persons=[987654321])
    run_jobs(database, wait=False)
    assert "note_and_fail" in caplog.text
    assert [line for line in caplog.messages if "987654321" in line] == []


STOPPED_AT_ONCE = """
import os, sys
import procrastinate
from healthcode.kit.jobs import Jobs

opening = procrastinate.App.open_async

def stopped_while_opening(self, *arguments, **named):
    os.kill(os.getpid(), int(sys.argv[2]))
    return opening(self, *arguments, **named)

procrastinate.App.open_async = stopped_while_opening
try:
    Jobs(sys.argv[1], {}).work(lambda job, arguments: None, wait=True)
except KeyboardInterrupt:
    pass
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_stopped_while_it_starts_stops(
    database: Database, ended_by: signal.Signals
) -> None:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-c", STOPPED_AT_ONCE, url, str(int(ended_by))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
