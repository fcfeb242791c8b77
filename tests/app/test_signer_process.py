"""The signer as a process: quick, one of several if need be, and gone when it is told to go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
import sqlalchemy as sa

from healthcode.app.settings import PREFIX, Settings
from healthcode.app.wiring import open_house
from healthcode.codes import Outcome, check
from healthcode.codes.actions import LIFE, Credential, credential, request
from healthcode.codes.tables import SIGNER
from healthcode.codes.terms import Shown
from healthcode.evidence.declarations import Declaration, declare
from healthcode.kit.db import Database
from healthcode.people import ensure, identify
from tests.evidence.feeding import document, look

SHOWN = Shown("王*明", "10", "123X")
QUEUE = 20_000  # a minute's work


class Signer:
    """`healthcode sign` on a folder, as a process."""

    def __init__(self, folder: Path) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "healthcode.app.cli", "sign"],
            env=own | {"HEALTHCODE_DATA_DIR": str(folder), "HEALTHCODE_LANGUAGE": "en"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def leaves(self, told: signal.Signals) -> float:
        """Tell it to stop; the seconds it took to be gone, without a word and without a mistake."""
        begun = monotonic()
        self.process.send_signal(told)
        said, wrong = self.process.communicate(timeout=30)
        took = monotonic() - begun
        assert (self.process.returncode, said, wrong) == (0, "", "")
        return took

    def stop(self) -> None:
        """End what a failed test left running."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def house(folder: Path) -> Iterator[Database]:
    """An embedded house that these tests keep up."""
    with open_house(Settings.model_validate({"data_dir": folder})) as made:
        yield made


@pytest.fixture
def starts(house: Database, folder: Path) -> Iterator[Callable[[int], list[Signer]]]:
    """Start some signers, and wait until all of them listen."""
    running: list[Signer] = []

    def start(count: int) -> list[Signer]:
        running.extend(Signer(folder) for _ in range(count))
        until(lambda: len(ears(house)) == count)
        return running

    yield start
    for each in running:
        each.stop()


def ears(house: Database) -> list[int]:
    """The connections on which signers listen."""
    query = "SELECT pid FROM pg_stat_activity WHERE usename = :signer AND query LIKE 'LISTEN%'"
    return [int(str(row.pid)) for row in look(house, query, signer=SIGNER)]


def until(found: Callable[[], bool], seconds: float = 20) -> float:
    """Wait for something; the seconds it took."""
    begun = monotonic()
    while not found():
        assert monotonic() - begun < seconds, "it did not come in time"
        sleep(0.02)
    return monotonic() - begun


def citizen(house: Database, number: int) -> int:
    """Somebody who declared now."""
    with house.transaction() as transaction:
        subject = identify(transaction.keys, "test", document(number), transaction.now.date())
        person = ensure(transaction, "test", [subject])[subject]
        declare(transaction, person, Declaration("120101"))
        return person


def asks(house: Database, person: int) -> str:
    with house.transaction() as transaction:
        return request(transaction, person, "citizen.1", SHOWN)


def fetches(house: Database, person: int, public_id: str) -> Credential:
    with house.transaction() as transaction:
        found = credential(transaction, person, public_id)
        assert found is not None
        return found


def wait_until_signed(house: Database, person: int, public_id: str) -> float:
    return until(lambda: not fetches(house, person, public_id).waiting)


def test_a_code_is_signed_within_two_seconds_of_being_asked_for(
    house: Database, folder: Path, starts: Callable[[int], list[Signer]]
) -> None:
    person = citizen(house, 1)
    before = None
    if (folder / "signing.key").exists():
        before = asks(house, person)  # while nobody signs
    [running] = starts(1)
    if before is not None:
        wait_until_signed(house, person, before)
    for _ in range(3):
        public_id = asks(house, person)
        assert wait_until_signed(house, person, public_id) < 2
        text = fetches(house, person, public_id).text
        assert text is not None
        with house.transaction() as transaction:
            assert check(transaction, text).outcome is Outcome.GREEN
    assert running.leaves(signal.SIGTERM) < 3
    # What is asked for while nobody signs waits, and is signed by the next.
    public_id = asks(house, person)
    assert fetches(house, person, public_id).waiting
    starts(1)
    wait_until_signed(house, person, public_id)


def test_a_second_signer_does_no_harm_and_each_leaves_when_it_is_told(
    house: Database, starts: Callable[[int], list[Signer]]
) -> None:
    first, second = starts(2)
    person = citizen(house, 2)
    ids = [asks(house, person) for _ in range(25)]
    for public_id in ids:
        wait_until_signed(house, person, public_id)
    codes = {fetches(house, person, public_id).text for public_id in ids}
    assert len(codes) == 25
    assert None not in codes
    [row] = look(house, "SELECT count(*) AS n, count(DISTINCT credential) AS d FROM codes.results")
    assert row.n == row.d
    assert first.leaves(signal.SIGINT) < 3
    last = asks(house, person)
    assert wait_until_signed(house, person, last) < 2
    assert second.leaves(signal.SIGTERM) < 3


def test_a_signer_whose_connections_break_goes_on(
    house: Database, starts: Callable[[int], list[Signer]]
) -> None:
    [running] = starts(1)
    person = citizen(house, 3)
    wait_until_signed(house, person, asks(house, person))
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :signer"
    assert look(house, cut, signer=SIGNER)
    assert wait_until_signed(house, person, asks(house, person)) < 4
    assert running.process.poll() is None


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signer_with_a_long_queue_leaves_when_it_is_told(
    house: Database, starts: Callable[[int], list[Signer]], told: signal.Signals
) -> None:
    person = citizen(house, 4)
    with house.transaction() as transaction:
        filled = {"person": person, "now": transaction.now, "free": transaction.now + LIFE}
        for statement in (
            """INSERT INTO codes.slots SELECT 99, n, :person, 0, :free
               FROM generate_series(1, :queue) n""",
            """INSERT INTO codes.intents (public_id, person, account, list, "index", name,
                                          document_kind, last_four, requested_at)
               SELECT 'queue-' || n, :person, 'citizen.1', 99, n, '王*明', '10', '123X', :now
               FROM generate_series(1, :queue) n""",
        ):
            transaction.run(sa.text(statement), filled | {"queue": QUEUE})
    try:
        [running] = starts(1)
        done = "SELECT count(*) AS n FROM codes.results"
        [before] = look(house, done)
        until(lambda: look(house, done)[0].n > before.n)
        assert running.leaves(told) < 3
    finally:
        with house.transaction() as transaction:
            transaction.run(sa.text("DELETE FROM codes.slots WHERE list = 99"))
