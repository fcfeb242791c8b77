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
from healthcode.app.wiring import SIGNING_KEY, open_house
from healthcode.codes import Outcome, check
from healthcode.codes.actions import Credential, credential, request
from healthcode.codes.signing import demo_key, trust
from healthcode.codes.tables import SIGNER
from healthcode.codes.terms import Shown
from healthcode.evidence.declarations import Declaration, declare
from healthcode.kit.db import Database
from healthcode.people import ensure, identify
from tests.evidence.feeding import document, look

SHOWN = Shown("王*明", "10", "123X")
QUEUE = 20_000  # a minute's work
LONG_QUEUE = [
    """INSERT INTO codes.slots SELECT 99, n, :person, 0, :now FROM generate_series(1, :queue) n""",
    """INSERT INTO codes.intents (public_id, person, account, list, "index", name,
                                  document_kind, last_four, requested_at)
       SELECT 'queue-' || n, :person, 'citizen.1', 99, n, '王*明', '10', '123X', :now
       FROM generate_series(1, :queue) n""",
    "INSERT INTO codes.waiting SELECT intent FROM codes.intents WHERE list = 99 AND :now = :now",
]


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

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def leaves(self, told: signal.Signals) -> float:
        """Tell it to stop; the seconds it took to be gone, without a mistake.

        All it may have said is that a connection broke.
        """
        begun = monotonic()
        self.process.send_signal(told)
        said, wrong = self.process.communicate(timeout=6)
        took = monotonic() - begun
        assert (self.process.returncode, said) == (0, "")
        assert [line for line in wrong.splitlines() if "does not answer" not in line] == []
        return took

    def kill(self) -> None:
        """End what a failed test left running."""
        if self.runs:
            self.process.kill()
            self.process.communicate(timeout=10)


Signers = Callable[[int], list[Signer]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def house(folder: Path) -> Iterator[Database]:
    """An embedded house that these tests keep up; its signer's key is known already."""
    settings = Settings.model_validate({"data_dir": folder})
    with open_house(settings) as made:
        with made.transaction() as transaction:
            trust(transaction, demo_key(folder / SIGNING_KEY, settings.city))
        yield made


@pytest.fixture(scope="module")
def signers(house: Database, folder: Path) -> Iterator[Signers]:
    """So many signers that run and listen; more are started where there are fewer."""
    started: list[Signer] = []

    def running(count: int) -> list[Signer]:
        missing = count - sum(each.runs for each in started)
        started.extend(Signer(folder) for _ in range(missing))
        alive = [each for each in started if each.runs]
        until(lambda: len(ears(house)) == len(alive))
        return alive

    yield running
    for each in started:
        each.kill()


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
    house: Database, signers: Signers
) -> None:
    signers(1)
    person = citizen(house, 1)
    for _ in range(3):
        public_id = asks(house, person)
        assert wait_until_signed(house, person, public_id) < 2
        text = fetches(house, person, public_id).text
        assert text is not None
        with house.transaction() as transaction:
            assert check(transaction, text).outcome is Outcome.GREEN


@pytest.mark.slow
def test_a_second_signer_does_no_harm_and_goes_on_without_the_first(
    house: Database, signers: Signers
) -> None:
    person = citizen(house, 2)
    before = asks(house, person)  # perhaps while nobody signs
    first, *_ = signers(2)
    ids = [before, *(asks(house, person) for _ in range(24))]
    for public_id in ids:
        wait_until_signed(house, person, public_id)
    codes = {fetches(house, person, public_id).text for public_id in ids}
    assert len(codes) == 25
    assert None not in codes
    assert first.leaves(signal.SIGINT) < 3
    assert wait_until_signed(house, person, asks(house, person)) < 2


@pytest.mark.slow
def test_a_signer_whose_connections_break_goes_on_until_it_is_told_to_stop(
    house: Database, signers: Signers
) -> None:
    running = signers(1)
    person = citizen(house, 3)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :signer"
    assert look(house, cut, signer=SIGNER)
    assert wait_until_signed(house, person, asks(house, person)) < 4
    assert all(each.leaves(signal.SIGTERM) < 3 for each in running)


def test_a_signer_with_a_long_queue_leaves_when_it_is_told(
    house: Database, signers: Signers
) -> None:
    [running] = signers(1)
    person = citizen(house, 4)
    signed = "SELECT count(*) AS n FROM codes.results JOIN codes.intents USING (intent)"
    with house.transaction() as transaction:
        given = {"person": person, "now": transaction.now, "queue": QUEUE}
        for statement in LONG_QUEUE:
            transaction.run(sa.text(statement), given)
    try:
        until(lambda: look(house, f"{signed} WHERE list = 99")[0].n > 10)
        assert running.leaves(signal.SIGTERM) < 3
        assert look(house, f"{signed} WHERE list = 99")[0].n < QUEUE
    finally:
        with house.transaction() as transaction:
            transaction.run(sa.text("DELETE FROM codes.slots WHERE list = 99"))
