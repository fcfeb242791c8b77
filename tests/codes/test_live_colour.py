"""From a declaration to what a gate reads: the colour on a code follows its person, always."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest

from healthcode.access import shown_of
from healthcode.codes import Outcome, Reading, check
from healthcode.codes.actions import credential, forget, request
from healthcode.codes.signing import SigningKey, sign_next, trust
from healthcode.codes.terms import Shown
from healthcode.evidence.actions import clear
from healthcode.evidence.declarations import Declaration, Symptom, declare
from healthcode.evidence.feeds.deciding import Desk, Registration
from healthcode.evidence.feeds.recording import say
from healthcode.kit.clock import SetClock, local_midnight
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.people import Introduction, identify, introduce
from healthcode.people.terms import resident_number
from healthcode.rulebook.actions import reassess_due
from tests.codes.making import HOUR, KEY, OTHER_KEY, PHONE, SECOND, code
from tests.conftest import NOON
from tests.evidence.feeding import BORN, CITY, RolledBack

DAY = timedelta(days=1)
NUMBER = resident_number("120101", BORN, 123)
WELL = Declaration("120101")
AUTHORITY = Desk(
    {"city": Registration("city", "authority", frozenset({"*"}), ("*",))}, CITY, replay=False
)


@pytest.fixture
def house(shared_database: Database, transaction: Transaction) -> Database:
    """The shared database at noon, with an issuer; the test's commits are rolled back."""
    made = RolledBack.of(shared_database, transaction)
    with made.transaction() as inside:
        trust(inside, SigningKey("demo:12", KEY))
    return made


@pytest.fixture
def anna(house: Database) -> int:
    """Whom the registry knows: 王小明, with a card and a home."""
    with house.transaction() as transaction:
        card = identify(transaction.keys, "registry", f"10:{NUMBER}", NOON.date())
        states = {
            "name_sealed": Introduction.seal_name(transaction.keys, "王小明"),
            "residence": "120101",
        }
        [person] = introduce(transaction, "registry", [Introduction(card, None, states)])
        assert person is not None
        return person


def it_is(house: Database, moment: datetime) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.stated = moment


def declares(house: Database, person: int, *symptoms: Symptom) -> None:
    with house.transaction() as transaction:
        today = (transaction.now + 8 * HOUR).date()
        said = replace(WELL, symptoms=tuple((each, today) for each in symptoms))
        declare(transaction, person, said)


def found_close_contact(house: Database, person: int) -> None:
    row = {"kind": "contact", "result": "close", "source": "city", "started_at": "2020-02-19"}
    with house.transaction() as transaction:
        say(transaction, "city", AUTHORITY, person, [row])


def clock_strikes(house: Database, moment: datetime) -> None:
    """Time goes on, and the clock's job does what is due."""
    it_is(house, moment)
    with house.transaction() as transaction:
        reassess_due(transaction)


def carries(house: Database, person: int) -> str:
    """The text of a code, asked for and signed now."""
    with house.transaction() as transaction:
        shown = shown_of(transaction, person)
        assert shown is not None
        public_id = request(transaction, person, "citizen.1", Shown(*shown))
    with house.transaction() as transaction:
        assert sign_next(transaction.connection, house.clock, SigningKey("demo:12", KEY))
        found = credential(transaction, person, public_id)
        assert found is not None
        assert found.text is not None
        return found.text


def reads(house: Database, text: str) -> Reading:
    with house.transaction() as transaction:
        return check(transaction, text)


def test_a_code_goes_through_every_colour_with_its_person(house: Database, anna: int) -> None:
    declares(house, anna)
    text = carries(house, anna)
    assert reads(house, text).outcome is Outcome.GREEN
    declares(house, anna, Symptom.FEVER)
    assert reads(house, text).outcome is Outcome.ORANGE
    found_close_contact(house, anna)
    assert reads(house, text).outcome is Outcome.RED
    with house.transaction() as transaction:
        doctor = Caller("doctor", "clinic", None, "*")
        clear(transaction, doctor, CITY, anna, "examined", transaction.now)
    assert reads(house, text).outcome is Outcome.RED, "a clinic's word does not release a contact"
    row = {"kind": "clearance", "result": "isolation_over", "source": "city"}
    with house.transaction() as transaction:
        row |= {"started_at": transaction.now.isoformat()}
        say(transaction, "city", AUTHORITY, anna, [row])
    assert reads(house, text).outcome is Outcome.GREEN


def test_the_live_colour_counts_and_not_the_one_at_issue(house: Database, anna: int) -> None:
    declares(house, anna, Symptom.DRY_COUGH)
    text = carries(house, anna)
    assert reads(house, text).outcome is Outcome.ORANGE
    with house.transaction() as transaction:
        doctor = Caller("doctor", "clinic", None, "*")
        clear(transaction, doctor, CITY, anna, "examined", transaction.now)
    assert reads(house, text).outcome is Outcome.GREEN


def test_two_codes_of_one_person_show_one_colour(house: Database, anna: int) -> None:
    declares(house, anna)
    texts = [carries(house, anna), carries(house, anna)]
    assert texts[0] != texts[1]
    found_close_contact(house, anna)
    assert [reads(house, text).outcome for text in texts] == [Outcome.RED] * 2


def test_a_code_ends_at_the_second_it_says(house: Database, anna: int) -> None:
    declares(house, anna)
    text = carries(house, anna)
    it_is(house, NOON + 72 * HOUR - SECOND)
    assert reads(house, text).outcome is Outcome.GREEN
    it_is(house, NOON + 72 * HOUR)
    assert reads(house, text).outcome is Outcome.EXPIRED
    # Also once its slot is somebody else's.
    it_is(house, NOON + 84 * HOUR)
    with house.transaction() as transaction:
        forget(transaction)
    assert reads(house, text).outcome is Outcome.EXPIRED


def test_a_green_code_ends_with_the_declaration_though_the_clocks_job_is_late(
    house: Database, anna: int
) -> None:
    declares(house, anna)
    lapse = local_midnight(NOON, 14)
    it_is(house, lapse - HOUR)
    text = carries(house, anna)
    it_is(house, lapse - SECOND)
    assert reads(house, text).outcome is Outcome.GREEN
    it_is(house, lapse)
    assert reads(house, text).outcome is Outcome.EXPIRED


def test_a_code_is_revoked_while_its_person_is_grey_and_lives_again_with_a_declaration(
    house: Database, anna: int
) -> None:
    declares(house, anna, Symptom.FEVER)
    lapse = local_midnight(NOON, 14)
    it_is(house, lapse - 12 * HOUR)
    text = carries(house, anna)  # on orange: its end is not the declaration's
    clock_strikes(house, lapse)
    assert reads(house, text).outcome is Outcome.REVOKED
    declares(house, anna)
    assert reads(house, text).outcome is Outcome.GREEN


def test_a_code_of_another_house_is_an_unknown_issuers(house: Database, anna: int) -> None:
    declares(house, anna)
    ours = carries(house, anna)
    claims = replace(PHONE, issued_at=NOON, expires_at=NOON + 72 * HOUR)
    reading = reads(house, code(claims, OTHER_KEY))
    assert reading == Reading(Outcome.UNKNOWN_ISSUER)
    assert reads(house, ours).outcome is Outcome.GREEN
    with house.transaction() as transaction:
        trust(transaction, SigningKey("Beijing", OTHER_KEY))
    # Now its issuer is believed; yet no slot here is its own.
    assert reads(house, code(claims, OTHER_KEY)).outcome is Outcome.LIST_TOO_OLD


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome.NOT_A_CODE),
        ("https://example.org/JKM1:", Outcome.NOT_A_CODE),
        ("JKM1:", Outcome.UNREADABLE),
        ("JKM1:\x00\ud800", Outcome.UNREADABLE),
        ("JKM1:" + "0" * 4000, Outcome.UNREADABLE),
    ],
)
def test_any_text_at_all_gets_an_answer(house: Database, text: str, outcome: Outcome) -> None:
    assert reads(house, text) == Reading(outcome)


def test_a_gate_sees_a_masked_name_a_kind_and_four_characters_and_nothing_else(
    house: Database, anna: int
) -> None:
    declares(house, anna, Symptom.FEVER)
    text = carries(house, anna)
    reading = reads(house, text)
    assert asdict(reading) == {
        "outcome": Outcome.ORANGE,
        "shown": {"name": "王*明", "document_kind": "10", "last_four": NUMBER[-4:]},
        "issued_at": NOON,
        "expires_at": NOON + 72 * HOUR,
    }
    for secret in (NUMBER, NUMBER[6:14], "王小明", "fever", "120101"):
        assert secret not in repr(reading)


def test_nobody_fetches_a_code_that_another_asked_for(house: Database, anna: int) -> None:
    declares(house, anna)
    with house.transaction() as transaction:
        public_id = request(transaction, anna, "citizen.1", Shown("王*明", "10", "123X"))
        assert credential(transaction, anna + 1, public_id) is None
        assert credential(transaction, anna, public_id[::-1]) is None
        found = credential(transaction, anna, public_id)
        assert found is not None
        assert (found.waiting, found.text, found.refused) == (True, None, None)
