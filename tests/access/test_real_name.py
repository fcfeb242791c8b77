"""The real-name check: all three together, or nothing; one document is one person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa

from healthcode.access import Verified, consent, person_for, shown_of, verified_person
from healthcode.access.citizens import (
    BadResidence,
    NoName,
    NotTogether,
    NotVerified,
    OtherConsent,
    OtherDocument,
    about,
    new_citizen,
    register_real_name,
)
from healthcode.access.limits import TooMany
from healthcode.access.outside import NoRegistry, Outside, bind
from healthcode.access.registry import RegistryFails
from healthcode.access.terms import CONSENT, Shown
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller, NotForYou
from healthcode.people import BadDocument, Introduction, ensure, identify, introduce, residences
from tests.access.conftest import ANNA, BO, OTHER_PHONE, PHONE, Door, FakeRegistry

NAME = "王小明"


@pytest.fixture
def me(door: Door) -> Caller:
    """A citizen who has just signed in."""
    return door.who(door.sign_in())


def register(
    door: Door, who: Caller, name: str = NAME, document: str = ANNA, residence: str | None = None
) -> None:
    register_real_name(door.transaction, who, name, document, residence)


def known(door: Door, document: str) -> int:
    subject = identify(door.transaction.keys, "hospital", document, door.transaction.now.date())
    return ensure(door.transaction, "hospital", [subject])[subject]


def test_an_account_becomes_the_documents_owner(door: Door, me: Caller) -> None:
    anna = known(door, ANNA)  # from a department's row, long before
    register(door, me, f" {NAME} ", ANNA.replace(":", "："), "120101001000")
    assert verified_person(door.transaction, me) == anna
    assert person_for(door.transaction, me) == anna
    assert residences(door.transaction, [anna]) == {anna: "120101001"}
    assert shown_of(door.transaction, anna) == Shown("王*明", "10", ANNA[-4:])
    assert about(door.transaction, me) == (True, "王*明", None)


def test_a_document_that_nobody_knew_makes_a_person(door: Door, me: Caller) -> None:
    register(door, me)
    assert verified_person(door.transaction, me) == known(door, ANNA)


@pytest.mark.parametrize(
    ("name", "document", "phone"),
    [("王大明", ANNA, PHONE), (NAME, BO, PHONE), (NAME, "20:E7654321", PHONE),
     ("李四", ANNA, PHONE), (NAME, ANNA, "13902161234")],
)  # fmt: skip
def test_whatever_does_not_belong_is_refused_in_the_very_same_words(
    door: Door, name: str, document: str, phone: str
) -> None:
    known(door, BO)
    who = door.who(door.sign_in(phone))
    people = door.transaction.run(sa.text("SELECT count(*) FROM people.persons")).scalar()
    with pytest.raises(NotTogether) as refused:
        register(door, who, name, document)
    assert str(refused.value) == NotTogether.words.en
    assert refused.value.details == {}
    assert about(door.transaction, who) == (False, None, None)
    now = door.transaction.run(sa.text("SELECT count(*) FROM people.persons")).scalar()
    assert now == people, "nobody becomes known by a claim"


@pytest.mark.parametrize("document", ["10:123", NAME, "", "ANNA", "99:123"])
def test_a_document_that_cannot_be_is_refused_before_anybody_is_asked(
    door: Door, me: Caller, registry: FakeRegistry, document: str
) -> None:
    with pytest.raises(BadDocument):
        register(door, me, document=document)
    assert registry.asked == 0


def test_a_name_has_letters_and_a_residence_is_a_division(
    door: Door, me: Caller, registry: FakeRegistry
) -> None:
    for name in ("", "  ", "123", "·"):
        with pytest.raises(NoName):
            register(door, me, name)
    for residence in ("", "1201", "abc", "00", "1201010"):
        if residence == "1201":
            continue
        with pytest.raises(BadResidence):
            register(door, me, residence=residence)
    assert registry.asked == 0


def test_an_account_tries_five_times_a_day(door: Door, me: Caller, registry: FakeRegistry) -> None:
    for number in range(5):
        with pytest.raises(NotTogether):
            register(door, me, document=f"20:E100000{number}")
    with pytest.raises(TooMany):
        register(door, me)
    assert registry.asked == 5
    register(door.later(days=1), me)


def test_a_document_is_tried_ten_times_a_day_whoever_tries(
    door: Door, registry: FakeRegistry
) -> None:
    for number in range(10):
        who = door.who(door.sign_in(f"1380216120{number}"))
        with pytest.raises(NotTogether):
            register(door, who, "王大明", ANNA)
    me = door.who(door.sign_in())
    with pytest.raises(TooMany):
        register(door, me)
    assert registry.asked == 10
    register(door.later(days=1), me)


def test_a_try_is_counted_although_it_is_refused(house: Database) -> None:
    with house.transaction() as transaction:
        who = Caller(f"citizen.{new_citizen(transaction, '+8613802161234')}", "citizen")
    for _ in range(5):
        with pytest.raises(NotTogether), house.transaction() as transaction:
            register_real_name(transaction, who, "王大明", ANNA, None)
    with pytest.raises(TooMany), house.transaction() as transaction:
        register_real_name(transaction, who, NAME, ANNA, None)


def test_a_registry_that_does_not_answer_costs_no_try(
    door: Door, me: Caller, monkeypatch: pytest.MonkeyPatch, registry: FakeRegistry
) -> None:
    def silent(*_: object) -> bool:
        raise RegistryFails

    with monkeypatch.context() as broken:
        broken.setattr(registry, "check", silent)
        for _ in range(6):
            with pytest.raises(RegistryFails):
                register(door, me)
    register(door, me)
    bind(Outside())
    with pytest.raises(NoRegistry, match="HEALTHCODE_REGISTRY_URL"):
        register(door, me)


def test_a_verified_account_states_its_residence_anew(
    door: Door, me: Caller, heard: list[object]
) -> None:
    register(door, me, residence="120101")
    anna = verified_person(door.transaction, me)
    register(door, me)
    assert residences(door.transaction, [anna]) == {anna: "120101"}
    register(door, me, residence="120102")
    assert residences(door.transaction, [anna]) == {anna: "120102"}
    assert verified_person(door.transaction, me) == anna
    assert heard == []


def test_a_verified_account_never_becomes_somebody_else(
    door: Door, me: Caller, registry: FakeRegistry
) -> None:
    register(door, me)
    for document in (BO, "20:E7654321"):
        with pytest.raises(OtherDocument):
            register(door, me, "李四", document)
    assert registry.asked == 1
    assert verified_person(door.transaction, me) == known(door, ANNA)


def test_the_same_person_by_two_phones_is_one_person(door: Door) -> None:
    one, other = (door.who(door.sign_in(phone)) for phone in (PHONE, OTHER_PHONE))
    for who in (one, other):
        register(door, who)
    assert verified_person(door.transaction, one) == verified_person(door.transaction, other)
    assert one.account != other.account


def test_two_who_apply_at_once_with_one_document_are_one_person(house: Database) -> None:
    with house.transaction() as transaction:
        phones = ("+8613802161234", OTHER_PHONE)
        callers = [Caller(f"citizen.{new_citizen(transaction, p)}", "citizen") for p in phones]
    together = Barrier(2)

    def apply(who: Caller) -> int:
        together.wait()
        with house.transaction() as transaction:
            register_real_name(transaction, who, NAME, ANNA, None)
        with house.transaction() as transaction:
            return verified_person(transaction, who)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(apply, callers))) == 1
    with house.transaction() as transaction:
        assert transaction.run(sa.text("SELECT count(*) FROM people.persons")).scalar() == 1


# ---------------------------------------------------------------- before the check


def test_before_the_check_an_account_is_a_provisional_person_of_its_own(
    door: Door, me: Caller, heard: list[object]
) -> None:
    anna = known(door, ANNA)
    provisional = person_for(door.transaction, me)
    assert person_for(door.transaction, me) == provisional != anna
    other = door.who(door.sign_in(OTHER_PHONE))
    assert person_for(door.transaction, other) not in {provisional, anna}
    with pytest.raises(NotVerified):
        verified_person(door.transaction, me)
    assert shown_of(door.transaction, provisional) is None
    register(door, me)
    account = int((me.account or "").removeprefix("citizen."))
    assert heard == [Verified(account, provisional, anna)]
    assert person_for(door.transaction, me) == verified_person(door.transaction, me) == anna


def test_whoever_declared_nothing_before_gives_no_news(
    door: Door, me: Caller, heard: list[object]
) -> None:
    register(door, me)
    assert heard == []


def test_a_departments_own_keys_never_meet_a_provisional_person(door: Door, me: Caller) -> None:
    provisional = person_for(door.transaction, me)
    number = (me.account or "").removeprefix("citizen.")
    keys, today = door.transaction.keys, door.transaction.now.date()
    theirs = identify(keys, "hospital", number, today)
    assert ensure(door.transaction, "hospital", [theirs])[theirs] != provisional


@pytest.mark.parametrize(
    "caller",
    [Caller(), Caller("first", "operator"), Caller("citizen.999999", "citizen"),
     Caller("citizen.", "citizen"), Caller("citizen.1x", "citizen"),
     Caller(f"citizen.{'9' * 40}", "citizen")],
)  # fmt: skip
def test_whoever_is_no_citizen_has_no_person(founded: Transaction, caller: Caller) -> None:
    for act in (person_for, verified_person, about):
        with pytest.raises(NotForYou):
            act(founded, caller)
    with pytest.raises(NotForYou):
        register_real_name(founded, caller, NAME, ANNA, None)
    with pytest.raises(NotForYou):
        consent(founded, caller, CONSENT.version)


def test_somebody_whose_name_or_document_is_not_known_is_not_shown(door: Door) -> None:
    anna = known(door, ANNA)
    assert shown_of(door.transaction, anna) is None
    keys, today = door.transaction.keys, door.transaction.now.date()
    key = identify(keys, "hospital", "TJ1", today)
    sealed = {"name_sealed": b"x"}
    [named] = introduce(door.transaction, "hospital", [Introduction(key, None, sealed)])
    assert named is not None
    assert shown_of(door.transaction, named) is None
    assert shown_of(door.transaction, 10**15) is None


# ---------------------------------------------------------------- consent


def test_a_citizen_agrees_to_todays_words_alone(door: Door, me: Caller) -> None:
    assert about(door.transaction, me).consent is None
    with pytest.raises(OtherConsent, match="version 1"):
        consent(door.transaction, me, "0")
    for _ in range(2):
        consent(door.transaction, me, CONSENT.version)
    assert about(door.transaction, me).consent == CONSENT.version
    rows = door.transaction.run(sa.text("SELECT agreed_at FROM access.consents")).scalars().all()
    assert rows == [door.transaction.now]


def test_no_name_number_or_phone_stands_in_the_tables(door: Door, me: Caller) -> None:
    register(door, replace(me), residence="120101")
    for table in ("access.accounts", "access.phones", "people.persons", "people.documents"):
        rows = repr(door.transaction.run(sa.text(f"SELECT * FROM {table}")).all())
        for secret in (NAME, ANNA[3:], "13802161234"):
            assert secret not in rows
            assert repr(secret.encode())[2:-1] not in rows
