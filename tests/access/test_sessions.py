"""Sessions end, keys are keys, and a wrong password tells nothing and costs a try."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.low_level import Type

from healthcode.access import identify, jobs, passwords
from healthcode.access.accounts import close_account, found, new_password
from healthcode.access.limits import LIMITS, TooMany, Tried, neighbourhood
from healthcode.access.passwords import WeakPassword
from healthcode.access.sessions import (
    WrongPassword,
    change_password,
    sign_in,
    sign_out,
)
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from tests.access.conftest import ANNA, FIRST, Door

Open = Callable[..., str]
HASHER = passwords.HASHER  # before the tests make it quick
ORIGIN = "192.0.2.1"
WORKER = Caller("worker", "district", None, "120101")


@pytest.fixture
def password(opened: Open) -> str:
    return opened("worker", "district", "120101")


def at(transaction: Transaction, **time: float) -> Transaction:
    return replace(transaction, now=transaction.now + timedelta(**time))


def count(transaction: Transaction, table: str) -> int:
    asked = sa.text(f"SELECT count(*) FROM access.{table}")
    return int(transaction.run(asked).scalar_one())


def test_a_token_is_whoever_signed_in_until_the_shift_is_over(
    founded: Transaction, password: str
) -> None:
    session = sign_in(founded, "worker", password, ORIGIN)
    assert identify(founded, session.token) == WORKER
    assert session.expires_at == founded.now + timedelta(hours=12)
    assert (session.device, session.verified) == (None, False)
    assert identify(at(founded, hours=11.99), session.token) == WORKER
    assert identify(at(founded, hours=12), session.token) == Caller()


def test_a_citizens_session_lasts_a_month(door: Door) -> None:
    session = door.sign_in()
    assert session.expires_at == door.transaction.now + timedelta(days=30)
    assert door.later(days=29.9).who(session).role == "citizen"
    assert door.later(days=30).who(session) == Caller()


@pytest.mark.parametrize("token", [None, "", "x", "王", "\x00", "x" * 5000])
def test_whoever_has_no_token_of_ours_is_anyone(transaction: Transaction, token: str) -> None:
    assert identify(transaction, token) == Caller()
    assert Caller().role == "anyone"


def test_a_token_is_kept_nowhere_and_shown_once(founded: Transaction, password: str) -> None:
    session = sign_in(founded, "worker", password, ORIGIN)
    assert session.token not in repr(session)
    rows = founded.run(sa.text("SELECT encode(token_hash, 'escape') FROM access.sessions"))
    assert session.token not in repr(rows.all())
    assert len(session.token) >= 43


def test_signing_out_ends_this_session_and_no_other(founded: Transaction, password: str) -> None:
    one, other = (sign_in(founded, "worker", password, ORIGIN) for _ in range(2))
    sign_out(founded, one.token)
    sign_out(founded, one.token)
    assert identify(founded, one.token) == Caller()
    assert identify(founded, other.token) == WORKER


def test_signing_out_leaves_a_clients_key(founded: Transaction, opened: Open) -> None:
    key = opened("hospital", "source")
    sign_out(founded, key)
    assert identify(founded, key).account == "hospital"


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize("name", ["worker", "nobody", "citizen.1", "王", "\x00", "x" * 300, ""])
def test_a_wrong_password_and_a_wrong_name_are_refused_alike(
    founded: Transaction, password: str, name: str
) -> None:
    with pytest.raises(WrongPassword) as refused:
        sign_in(founded, name, "not the password", ORIGIN)
    assert refused.value.details == {}


def test_an_unknown_name_costs_the_same_work(
    founded: Transaction, opened: Open, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened("hospital", "source")
    opened("gone", "auditor")
    close_account(founded, FIRST, "gone")
    verified: list[str] = []
    inside = passwords.HASHER

    class Watched(PasswordHasher):
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return inside.verify(stored, password)

    monkeypatch.setattr(passwords, "HASHER", Watched(1, 8, 1))
    for name in ("worker", "nobody", "hospital", "gone"):
        with pytest.raises(WrongPassword):
            sign_in(founded, name, "not the password", ORIGIN)
    assert len(verified) == 4
    assert {stored.rpartition("$")[0].rpartition("$")[0] for stored in verified} == {
        "$argon2id$v=19$m=8,t=1,p=1"
    }


def test_passwords_are_argon2id_with_the_librarys_parameters() -> None:
    made = HASHER
    assert made.type is Type.ID
    assert (made.time_cost, made.memory_cost) >= (3, 65536)


def test_a_hash_of_yesterdays_parameters_is_made_anew(
    founded: Transaction, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = sa.text("SELECT password_hash FROM access.accounts WHERE name = 'worker'")
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(2, 8, 1))
    assert sign_in(founded, "worker", password, ORIGIN)
    assert ",t=2," in founded.run(stored).scalar_one()
    assert sign_in(founded, "worker", password, ORIGIN)


def test_ten_wrong_passwords_close_the_name_for_an_hour(
    founded: Transaction, password: str
) -> None:
    for number in range(10):
        with pytest.raises(WrongPassword):
            sign_in(founded, "worker", "not the password", f"192.0.2.{number}")
    with pytest.raises(TooMany):
        sign_in(founded, "worker", password, "192.0.2.200")
    assert sign_in(at(founded, hours=1), "worker", password, ORIGIN)


def test_sixty_wrong_names_close_an_origin_for_an_hour(founded: Transaction, password: str) -> None:
    for number in range(60):
        with pytest.raises(WrongPassword):
            sign_in(founded, f"name{number}", "not the password", ORIGIN)
    with pytest.raises(TooMany):
        sign_in(founded, "worker", password, ORIGIN)
    assert sign_in(founded, "worker", password, "198.51.100.7")
    assert sign_in(at(founded, hours=1), "worker", password, ORIGIN)


def test_the_right_password_costs_no_try(founded: Transaction, password: str) -> None:
    for _ in range(15):
        assert sign_in(founded, "worker", password, ORIGIN)


def test_a_wrong_password_is_counted_although_it_is_refused(house: Database) -> None:
    with house.transaction() as transaction:
        found(transaction, "first", "second")
    with pytest.raises(WrongPassword), house.transaction() as transaction:
        sign_in(transaction, "first", "not the password", ORIGIN)
    with house.transaction() as transaction:
        assert count(transaction, "attempts") == 2


def test_people_change_their_own_password_with_the_old_one(
    founded: Transaction, password: str
) -> None:
    session = sign_in(founded, "worker", password, ORIGIN)
    for short in ("short", "x" * 11, "x" * 201):
        with pytest.raises(WeakPassword):
            change_password(founded, WORKER, password, short)
    with pytest.raises(WrongPassword):
        change_password(founded, WORKER, "not the password", "a long new password")
    change_password(founded, WORKER, password, "a long new password")
    assert identify(founded, session.token) == Caller()
    with pytest.raises(WrongPassword):
        sign_in(founded, "worker", password, ORIGIN)
    assert sign_in(founded, "worker", "a long new password", ORIGIN)
    for nobody in (Caller(), Caller("citizen.1", "citizen")):
        with pytest.raises(WrongPassword):
            change_password(founded, nobody, "anything", "a long new password")


def test_a_first_password_may_be_used_as_it_is(founded: Transaction, password: str) -> None:
    fresh = new_password(founded, FIRST, "worker").secret
    assert passwords.SHORTEST <= len(fresh) <= passwords.LONGEST
    assert fresh != password


# ---------------------------------------------------------------- limits and forgetting


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::1", "::1", True),
        ("testclient", "testclient", True),
        ("", "", True),
    ],
)
def test_an_origin_is_an_address_or_a_households_network(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_everything_that_is_tried_has_a_limit() -> None:
    assert set(LIMITS) == set(Tried)
    assert all(limits for limits in LIMITS.values())


def test_an_origin_a_name_or_a_document_that_is_counted_is_not_kept(
    founded: Transaction,
) -> None:
    with pytest.raises(WrongPassword):
        sign_in(founded, "somebody", "not the password", ORIGIN)
    rows = repr(founded.run(sa.text("SELECT * FROM access.attempts")).all())
    assert "somebody" not in rows
    assert ORIGIN not in rows
    assert ANNA not in rows


def test_what_is_over_is_forgotten_and_nothing_else(
    door: Door, founded: Transaction, password: str
) -> None:
    left = door.sign_in(phone="15620778899")
    owner = door.sign_in()
    sign_in(door.transaction, "worker", password, ORIGIN)
    door.start("13920000000")  # a code that nobody uses
    nobody = secrets.token_hex(8)
    stranger = sa.text(
        "INSERT INTO access.accounts (role, phone_hash, phone_sealed, made_at)"
        " VALUES ('citizen', '\\x00', '\\x00', :now)"
    )
    door.transaction.run(stranger, {"now": door.transaction.now})
    before = {table: count(door.transaction, table) for table in ("accounts", "sessions")}
    jobs.forget(door.transaction)
    assert count(door.transaction, "accounts") == before["accounts"] - 1
    assert count(door.transaction, "sessions") == before["sessions"] == 3
    assert [count(door.transaction, table) for table in ("codes", "messages")] == [1, 3]
    later = door.later(hours=13)
    jobs.forget(later.transaction)
    assert count(door.transaction, "sessions") == 2
    assert [count(door.transaction, table) for table in ("codes", "messages")] == [0, 0]
    assert count(door.transaction, "attempts") > 0
    jobs.forget(door.later(days=1).transaction)
    assert count(door.transaction, "attempts") == 0
    jobs.forget(door.later(days=31).transaction)
    assert count(door.transaction, "sessions") == 0
    assert count(door.transaction, "phones") == 2
    assert door.later(days=32).sign_in().token not in {left.token, owner.token, nobody}
