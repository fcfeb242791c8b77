"""Asking for a code: who gets a slot of their own, and a slot that never misses a change."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Barrier
from time import monotonic, sleep

import pytest
import sqlalchemy as sa

from healthcode.codes import actions
from healthcode.codes.actions import (
    LIFE,
    LIST_MAX,
    MOST_A_DAY,
    STATUS,
    NoColour,
    NoIssuer,
    TooManyCodes,
    forget,
    request,
)
from healthcode.codes.signing import SigningKey, trust
from healthcode.codes.tables import LIST_SIZE
from healthcode.codes.terms import Shown, Status
from healthcode.evidence.actions import clear
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Desk, Registration
from healthcode.evidence.feeds.recording import say
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.people import ensure, identify
from healthcode.rulebook import Colour
from healthcode.rulebook.actions import reassess_due
from tests.codes.making import HOUR, KEY
from tests.conftest import NOON
from tests.evidence.feeding import CITY, RolledBack, document, look

SHOWN = Shown("王*明", "10", "123X")
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
FEVER = Declaration("120101", symptoms=((Symptom.FEVER, NOON.date()),))
DOCTOR = Caller("doctor", "clinic", None, "*")
AUTHORITY = Desk(
    {"city": Registration("city", "authority", frozenset({"*"}), ("*",))}, CITY, replay=False
)
Slots = list[tuple[int, int, int]]


@pytest.fixture
def house(shared_database: Database, transaction: Transaction) -> Database:
    """The shared database at noon, with an issuer; the test's commits are rolled back."""
    made = RolledBack.of(shared_database, transaction)
    with made.transaction() as inside:
        trust(inside, SigningKey("Tianjin", KEY))
    return made


def it_is(house: Database, moment: datetime) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.stated = moment


def citizen(house: Database, number: int = 1, said: Declaration | None = FEVER) -> int:
    """Somebody known by a document, who declared."""
    with house.transaction() as transaction:
        subject = identify(transaction.keys, "test", document(number), NOON.date())
        person = ensure(transaction, "test", [subject])[subject]
        if said is not None:
            declare(transaction, person, said)
        return person


def well(house: Database, number: int = 1) -> int:
    return citizen(house, number, Declaration("120101"))


def asks(house: Database, person: int) -> str:
    with house.transaction() as transaction:
        return request(transaction, person, f"citizen.{person}", SHOWN)


def found_close_contact(transaction: Transaction, person: int) -> None:
    row = {"kind": "contact", "result": "close", "source": "city", "started_at": "2020-02-19"}
    say(transaction, "city", AUTHORITY, person, [row])


def slots(house: Database, person: int | None = None) -> Slots:
    """List, index and value of the slots (of somebody), in the order they were asked for."""
    query = """
        SELECT s.list, s."index" AS slot, s.value FROM codes.slots s
        JOIN codes.intents i USING (list, "index")
        WHERE s.person = coalesce(CAST(:person AS bigint), s.person) AND i.person = s.person
        ORDER BY i.intent
    """
    return [(row.list, row.slot, row.value) for row in look(house, query, person=person)]


def values(house: Database, person: int) -> list[int]:
    return [value for _, _, value in slots(house, person)]


# --------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("who", ["nobody declared", "lapsed"])
def test_a_grey_person_gets_no_code_and_is_told_to_declare(house: Database, who: str) -> None:
    if who == "lapsed":
        person = well(house)
        it_is(house, NOON + 14 * DAY)
        with house.transaction() as transaction:
            assert reassess_due(transaction) == 1
    else:
        person = citizen(house, said=None)
    with pytest.raises(NoColour) as refused:
        asks(house, person)
    assert "申报" in refused.value.say("zh")
    assert refused.value.status == 409
    assert slots(house) == []


def test_without_an_issuer_nobody_is_promised_a_code(
    shared_database: Database, transaction: Transaction
) -> None:
    house = RolledBack.of(shared_database, transaction)
    person = well(house)
    with pytest.raises(NoIssuer):
        asks(house, person)
    assert slots(house) == []


def test_a_person_asks_for_thirty_codes_within_24_hours_and_no_more(house: Database) -> None:
    person, other = well(house, 1), well(house, 2)
    for minute in range(MOST_A_DAY):
        it_is(house, NOON + timedelta(minutes=minute))
        asks(house, person)
    for moment in (NOON + HOUR, NOON + DAY - MOMENT):
        it_is(house, moment)
        with pytest.raises(TooManyCodes) as refused:
            asks(house, person)
        assert refused.value.status == 429
    assert len(slots(house, person)) == MOST_A_DAY
    asks(house, other)
    it_is(house, NOON + DAY)  # the first of them was 24 hours ago
    asks(house, person)
    with pytest.raises(TooManyCodes):
        asks(house, person)


# -------------------------------------------------------------------------------------- the slot


@pytest.mark.parametrize("colour", ["green", "orange", "red"])
def test_a_slot_begins_with_the_value_of_the_standing(house: Database, colour: str) -> None:
    person = citizen(house) if colour == "orange" else well(house)
    if colour == "red":
        with house.transaction() as transaction:
            found_close_contact(transaction, person)
    asks(house, person)
    assert values(house, person) == [STATUS[Colour(colour)]]


def test_a_request_keeps_what_a_gate_may_see_and_who_asked(house: Database) -> None:
    person = well(house)
    public_id = asks(house, person)
    [row] = look(house, "SELECT * FROM codes.intents")
    assert (row.public_id, row.person, row.account) == (public_id, person, f"citizen.{person}")
    assert (row.name, row.document_kind, row.last_four) == ("王*明", "10", "123X")
    assert row.requested_at == NOON
    assert len(public_id) == 24


def test_slots_are_all_different_and_follow_no_order(house: Database) -> None:
    for number in range(4):
        person = well(house, number)
        for _ in range(20):
            asks(house, person)
    taken = slots(house)
    assert len({(number, index) for number, index, _ in taken}) == 80
    indices = [index for _, index, _ in taken]
    assert all(0 <= index < LIST_SIZE for index in indices)
    # Eighty at random: that they all lie in one half happens once in 10**23.
    assert min(indices) < LIST_SIZE // 2 < max(indices)
    rises = sum(later > earlier for earlier, later in pairwise(indices))
    assert 10 < rises < 69
    public_ids = [row.public_id for row in look(house, "SELECT public_id FROM codes.intents")]
    assert len({public_id[:8] for public_id in public_ids}) == 80


def test_a_slot_that_is_held_is_never_given_twice_however_full_the_list(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LIST_SIZE", 8)
    first, second = well(house, 1), citizen(house, 2)
    for _ in range(20):
        asks(house, first)
        asks(house, second)
    taken = slots(house)
    assert len({(number, index) for number, index, _ in taken}) == len(taken) == 40
    assert all(index < 8 for _, index, _ in taken)
    assert values(house, first) == [Status.VALID] * 20
    assert values(house, second) == [Status.SUSPENDED] * 20
    # The first lists are filled before the next is begun: four tries find a free half.
    assert max(number for number, _, _ in taken) < 20


def test_a_slot_is_free_again_twelve_hours_after_its_code_ran_out_and_no_moment_sooner(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LIST_SIZE", 1)
    person = well(house)
    asks(house, person)
    free_at = NOON + LIFE + LIST_MAX
    assert free_at - NOON == timedelta(hours=84)
    for moment, kept in ((free_at - MOMENT, 1), (free_at, 0)):
        it_is(house, moment)
        with house.transaction() as transaction:
            forget(transaction)
        assert len(slots(house)) == kept
    asks(house, person)
    assert slots(house) == [(0, 0, Status.VALID)]


def test_a_slot_that_could_be_free_is_held_until_it_is_dropped(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LIST_SIZE", 1)
    asks(house, well(house, 1))
    it_is(house, NOON + LIFE + LIST_MAX)
    asks(house, well(house, 2))
    assert slots(house) == [(0, 0, Status.VALID), (1, 0, Status.VALID)]


# ------------------------------------------------------------------------------- the live colour


def test_a_change_of_colour_turns_all_of_a_persons_slots_and_nobody_elses(
    house: Database,
) -> None:
    person, other = well(house, 1), citizen(house, 2)
    for who in (person, person, other):
        asks(house, who)
    with house.transaction() as transaction:
        declare(transaction, person, FEVER)
    assert values(house, person) == [Status.SUSPENDED] * 2
    with house.transaction() as transaction:
        found_close_contact(transaction, person)
    assert values(house, person) == [Status.RED] * 2
    assert values(house, other) == [Status.SUSPENDED]
    with house.transaction() as transaction:
        clear(transaction, DOCTOR, CITY, other, "examined", transaction.now)
    assert values(house, other) == [Status.VALID]
    assert values(house, person) == [Status.RED] * 2


def test_grey_makes_every_slot_invalid_and_green_makes_them_valid_again(house: Database) -> None:
    person = well(house)
    it_is(house, NOON + 12 * DAY)
    asks(house, person)
    asks(house, person)
    it_is(house, NOON + 14 * DAY)
    with house.transaction() as transaction:
        reassess_due(transaction)
    assert values(house, person) == [Status.INVALID] * 2
    with house.transaction() as transaction:
        declare(transaction, person, Declaration("120101"))
    assert values(house, person) == [Status.VALID] * 2


# --------------------------------------------------------------------------- at the same moment


def waits_for_a_lock(house: Database, work: Future[object]) -> bool:
    """Whether the work comes to stand before somebody's lock."""
    blocked = """
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
    """
    end = monotonic() + 10
    while monotonic() < end and not work.done():
        if look(house, blocked):
            return True
        sleep(0.01)
    return False


def turns_red(house: Database, person: int) -> None:
    with house.transaction() as transaction:
        found_close_contact(transaction, person)


def standing(house: Database, person: int) -> Status:
    query = "SELECT colour FROM rulebook.standings WHERE person = :person"
    [row] = look(house, query, person=person)
    return STATUS[Colour(str(row.colour))]


def _asks_first(house: Database, person: int, pool: ThreadPoolExecutor) -> None:
    with house.transaction() as transaction:
        request(transaction, person, "citizen.1", SHOWN)
        other = pool.submit(turns_red, house, person)
        assert waits_for_a_lock(house, other)
    other.result(10)


def _turns_first(house: Database, person: int, pool: ThreadPoolExecutor) -> None:
    with house.transaction() as transaction:
        found_close_contact(transaction, person)
        other = pool.submit(asks, house, person)
        assert waits_for_a_lock(house, other)
    other.result(10)


def _together(house: Database, person: int, pool: ThreadPoolExecutor) -> None:
    barrier = Barrier(3)

    def run(work: Callable[[Database, int], object]) -> None:
        barrier.wait(10)
        work(house, person)

    for each in [pool.submit(run, work) for work in (asks, turns_red, asks)]:
        each.result(20)


def test_a_change_at_the_moment_of_asking_is_never_missed(
    at: Callable[[datetime], Database],
) -> None:
    house = at(NOON)
    with house.transaction() as transaction:
        trust(transaction, SigningKey("Tianjin", KEY))
    orders = [_asks_first, _turns_first] + [_together] * 12
    people = [well(house, number) for number in range(len(orders))]
    with ThreadPoolExecutor(3) as pool:
        for person, order in zip(people, orders, strict=True):
            order(house, person, pool)
            assert standing(house, person) is Status.RED
            assert set(values(house, person)) == {Status.RED}, order.__name__


def test_many_who_ask_at_once_for_the_last_slots_each_get_their_own(
    at: Callable[[datetime], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LIST_SIZE", 4)
    house = at(NOON)
    with house.transaction() as transaction:
        trust(transaction, SigningKey("Tianjin", KEY))
    people = [well(house, number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda person: [asks(house, person) for _ in range(8)], people))
    taken = slots(house)
    assert len({(number, index) for number, index, _ in taken}) == len(taken) == 32
    with house.transaction() as transaction:
        assert transaction.run(sa.text("SELECT count(*) FROM codes.slots")).scalar() == 32
