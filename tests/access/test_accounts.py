"""A city begins with two founders; every other account has a maker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from healthcode.access import Role, ensure_client, identify, is_second_person, makers
from healthcode.access.accounts import (
    AlreadyFounded,
    BadAccount,
    LastOperator,
    NameTaken,
    OtherSide,
    close_account,
    found,
    list_accounts,
    new_key,
    new_password,
    open_account,
)
from healthcode.access.sessions import WrongPassword, sign_in
from healthcode.access.tables import accounts as table
from healthcode.access.terms import ROLES, Proof, ScopeKind
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller, NoSuchThing, NotForYou
from tests.access.conftest import FIRST, NOON, SECOND

Open = Callable[..., str]
SCOPES = {ScopeKind.DIVISION: "120101", ScopeKind.PLACE: "p7Kq"}
STAFF = [role for role in Role if role is not Role.CITIZEN]


def as_operator(name: str) -> Caller:
    return Caller(name, "operator")


# ---------------------------------------------------------------- founding


def test_a_city_begins_with_two_founders_whom_nobody_made(transaction: Transaction) -> None:
    one, two = found(transaction, "first", "second")
    assert one != two
    assert min(len(one), len(two)) >= 24
    assert [(each.name, each.role, each.made_by) for each in list_accounts(transaction)] == [
        ("first", "operator", None), ("second", "operator", None),
    ]  # fmt: skip
    assert sign_in(transaction, "first", one, "").token


def test_nobody_founds_a_city_twice(founded: Transaction) -> None:
    with pytest.raises(AlreadyFounded):
        found(founded, "third", "fourth")


def test_two_founders_are_two_and_have_names(transaction: Transaction) -> None:
    for first, second in [("a", "a"), ("A", "b"), ("a", ""), ("a", "citizen.5"), ("a", "citizen")]:
        with pytest.raises(BadAccount):
            found(transaction, first, second)


def test_of_two_who_found_at_once_one_does(house: Database) -> None:
    together = Barrier(2)

    def begin(side: str) -> bool:
        together.wait()
        try:
            with house.transaction() as transaction:
                found(transaction, f"{side}1", f"{side}2")
        except AlreadyFounded:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, "ab")) == [False, True]
    with house.transaction() as transaction:
        assert len(list_accounts(transaction)) == 2


MADE = {"name": "x", "role": "auditor", "made_by": 1}


@pytest.mark.parametrize(
    ("constraint", "row"),
    [
        ("accounts_maker", {"name": "third", "role": "operator"}),
        ("accounts_founder_key", {"name": "third", "role": "operator", "founder": 1}),
        ("accounts_founder", {"name": "third", "role": "operator", "founder": 3}),
        ("accounts_founder", {"name": "third", "role": "approver", "founder": 2}),
        ("accounts_maker_first", MADE | {"made_by": 10**9}),
        ("accounts_name_key", MADE | {"name": "first"}),
        ("accounts_name", MADE | {"name": "citizen.5"}),
        ("accounts_name", MADE | {"name": "X"}),
        ("accounts_name", {"role": "citizen", "name": "x", "phone_hash": b"", "phone_sealed": b""}),
        ("accounts_role", MADE | {"role": "king"}),
        ("accounts_password", MADE | {"role": "source", "password_hash": "x"}),
        ("accounts_key", MADE | {"key_hash": b""}),
        ("accounts_phone_of_citizen", {"role": "citizen"}),
        ("accounts_phone_of_citizen", MADE | {"phone_hash": b"", "phone_sealed": b""}),
        ("accounts_person_of_citizen", MADE | {"person": 1}),
        ("accounts_verified_is_somebody", MADE | {"verified_at": NOON}),
    ],
)
def test_the_tables_refuse_what_no_account_can_be(
    founded: Transaction, constraint: str, row: dict[str, object]
) -> None:
    first = sa.select(table.c.account).where(table.c.name == "first").scalar_subquery()
    maker = {"made_by": first} if row.get("made_by") == 1 else {}
    with pytest.raises(sa.exc.IntegrityError) as refused:
        founded.run(sa.insert(table).values(row | maker | {"made_at": NOON}))
    assert refused.value.orig.diag.constraint_name == constraint


# ---------------------------------------------------------------- opening and closing


@pytest.mark.parametrize("role", STAFF)
def test_an_operator_opens_an_account_of_every_role(founded: Transaction, role: Role) -> None:
    rule = ROLES[role]
    made = open_account(founded, FIRST, f"new-{role}", role, SCOPES.get(rule.scope, ""))
    assert made.secret not in repr(made)
    if rule.proof is Proof.CLIENT_KEY:
        assert identify(founded, made.secret) == Caller(f"new-{role}", "source", None, "")
        with pytest.raises(WrongPassword):
            sign_in(founded, f"new-{role}", made.secret, "")
    else:
        who = identify(founded, sign_in(founded, f"new-{role}", made.secret, "").token)
        assert who == Caller(f"new-{role}", role, None, SCOPES.get(rule.scope, ""))


@pytest.mark.parametrize("role", [role for role in STAFF if role is not Role.OPERATOR])
def test_nobody_but_an_operator_opens_accounts(
    founded: Transaction, opened: Open, role: Role
) -> None:
    opened("worker", role, SCOPES.get(ROLES[role].scope, ""))
    for name in ("worker", "nobody", "citizen.1", None):
        by = Caller(name, "operator")  # what is stored counts, not what the caller says
        for act in (
            lambda by=by: open_account(founded, by, "another", "auditor"),
            lambda by=by: ensure_client(founded, by, "client"),
            lambda by=by: new_password(founded, by, "first"),
            lambda by=by: close_account(founded, by, "first"),
        ):
            with pytest.raises(NotForYou):
                act()


def test_a_closed_operator_opens_nothing(founded: Transaction) -> None:
    open_account(founded, SECOND, "third", "operator")
    close_account(founded, FIRST, "second")
    with pytest.raises(NotForYou):
        open_account(founded, SECOND, "x", "auditor")


@pytest.mark.parametrize(
    ("role", "scope", "kept"),
    [
        ("community", "120101001002", "120101001002"),
        ("district", "120101", "120101"),
        ("district", "120000", "12"),
        ("approver", "*", "*"),
        ("gate", "p7Kq", "p7Kq"),
    ],
)
def test_a_scope_is_kept_in_one_form(
    founded: Transaction, opened: Open, role: str, scope: str, kept: str
) -> None:
    opened("x", role, scope)
    assert list_accounts(founded)[-1].scope == kept


@pytest.mark.parametrize(
    ("name", "role", "scope"),
    [
        ("x", "district", ""),
        ("x", "district", "12010"),
        ("x", "district", "000000"),
        ("x", "gate", ""),
        ("x", "gate", "two words"),
        ("x", "source", "120101"),
        ("x", "operator", "*"),
        ("x", "citizen", ""),
        ("x", "king", ""),
        ("X", "auditor", ""),
        ("citizen", "auditor", ""),
        ("citizen.12", "auditor", ""),
        ("a" * 65, "auditor", ""),
        ("王", "auditor", ""),
        ("x\n", "auditor", ""),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    founded: Transaction, name: str, role: str, scope: str
) -> None:
    with pytest.raises(BadAccount):
        open_account(founded, FIRST, name, role, scope)


def test_a_name_is_used_once_and_never_again(founded: Transaction, opened: Open) -> None:
    opened("x", "auditor")
    with pytest.raises(NameTaken):
        opened("x", "auditor")
    close_account(founded, FIRST, "x")
    with pytest.raises(NameTaken):
        opened("x", "hotline")


def test_a_client_is_made_once_and_has_no_key(founded: Transaction, opened: Open) -> None:
    for _ in range(2):
        ensure_client(founded, FIRST, "hospital")
    assert makers(founded, "hospital") == ("hospital", "first")
    key = new_key(founded, FIRST, "hospital").secret
    ensure_client(founded, SECOND, "hospital")
    assert identify(founded, key).account == "hospital"
    opened("lab", "auditor")
    with pytest.raises(NameTaken):
        ensure_client(founded, FIRST, "lab")
    close_account(founded, FIRST, "hospital")
    with pytest.raises(NameTaken):
        ensure_client(founded, FIRST, "hospital")


def test_a_new_key_ends_the_old_one(founded: Transaction, opened: Open) -> None:
    old = opened("hospital", "source")
    new = new_key(founded, FIRST, "hospital").secret
    assert identify(founded, old) == Caller()
    assert identify(founded, new).role == "source"
    for wrong in ("first", "nobody"):
        with pytest.raises(NoSuchThing):
            new_key(founded, FIRST, wrong)
    with pytest.raises(NoSuchThing):
        new_password(founded, FIRST, "hospital")


def test_a_new_password_ends_the_old_one_and_every_session(
    founded: Transaction, opened: Open
) -> None:
    old = opened("x", "auditor")
    session = sign_in(founded, "x", old, "")
    new = new_password(founded, FIRST, "x").secret
    assert identify(founded, session.token) == Caller()
    with pytest.raises(WrongPassword):
        sign_in(founded, "x", old, "")
    assert sign_in(founded, "x", new, "")


def test_no_operator_gets_hold_of_an_account_of_the_other_side(
    founded: Transaction, opened: Open
) -> None:
    opened("theirs", "approver", "*", by=SECOND)
    opened("client", "source", by=SECOND)
    opened("helper", "operator", by=SECOND)
    for name in ("theirs", "second"):
        with pytest.raises(OtherSide):
            new_password(founded, FIRST, name)
        assert new_password(founded, as_operator("helper"), name)
    with pytest.raises(OtherSide):
        new_key(founded, FIRST, "client")


def test_a_closed_account_is_closed_for_good(founded: Transaction, opened: Open) -> None:
    secret, key = opened("x", "auditor"), opened("c", "source")
    session = sign_in(founded, "x", secret, "")
    for name in ("x", "c"):
        close_account(founded, SECOND, name)
    assert identify(founded, session.token) == identify(founded, key) == Caller()
    with pytest.raises(WrongPassword):
        sign_in(founded, "x", secret, "")
    for act in (close_account, new_password):
        with pytest.raises(NoSuchThing):
            act(founded, FIRST, "x")
    assert {each.name for each in list_accounts(founded) if each.closed_at} == {"x", "c"}


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_last_operator_of_a_side_stays_whoever_asks(founded: Transaction, name: str) -> None:
    for by in (FIRST, SECOND):
        with pytest.raises(LastOperator):
            close_account(founded, by, name)
    open_account(founded, FIRST if name == "first" else SECOND, "another", "operator")
    close_account(founded, SECOND, name)
    with pytest.raises(LastOperator):
        close_account(founded, FIRST if name == "second" else SECOND, "another")


def test_a_list_of_accounts_has_no_secrets(founded: Transaction, opened: Open) -> None:
    secrets = [opened("x", "auditor"), opened("c", "source")]
    stored = founded.run(sa.text("SELECT a::text FROM access.accounts a")).scalars().all()
    for text in (repr(list_accounts(founded)), *stored):
        assert not any(secret in text for secret in secrets)
    assert "argon2" not in repr(list_accounts(founded))


# ---------------------------------------------------------------- the second person


@pytest.fixture
def family(opened: Open) -> None:
    """Two sides, three generations, with an approver in every relation."""
    opened("aunt", "operator")
    opened("cousin", "approver", "*", by=as_operator("aunt"))
    opened("mother", "operator")
    opened("me", "approver", "*", by=as_operator("mother"))
    opened("sister", "approver", "*", by=as_operator("mother"))
    opened("client", "source", by=as_operator("mother"))
    opened("stranger", "approver", "*", by=SECOND)
    opened("far-client", "source", by=SECOND)
    opened("far-officer", "district", "*", by=SECOND)
    opened("far-aunt", "operator", by=SECOND)


def test_makers_are_named_up_to_the_founder(founded: Transaction, family: None) -> None:
    assert makers(founded, "me") == ("me", "mother", "first")
    assert makers(founded, "first") == ("first",)
    assert makers(founded, "citizen.7") == ("citizen.7",)


@pytest.mark.parametrize(
    ("approver", "proposers", "second"),
    [
        ("me", ["me"], False),
        ("me", ["mother"], False),  # my maker
        ("me", ["first"], False),  # my maker's maker
        ("me", ["sister"], False),  # another account of my maker
        ("me", ["client"], False),
        ("me", ["aunt"], False),
        ("me", ["cousin"], False),  # the same founder's side
        ("me", ["stranger"], True),
        ("me", ["second"], True),
        ("me", ["far-client"], True),
        ("me", ["far-officer", "far-client", "second"], True),
        ("me", ["far-client", "sister"], False),  # of several, one is enough
        ("me", ["citizen.7"], True),  # whoever declares for themselves
        ("me", [], False),  # nobody is known to have proposed
        ("stranger", ["client"], True),
        ("stranger", ["far-client"], False),
        # an account that it made, and whoever is no approver at all
        ("mother", ["me"], False),
        ("second", ["me"], False),
        ("far-client", ["me"], False),
        ("far-officer", ["me"], False),
        ("far-aunt", ["me"], False),
        ("citizen.7", ["me"], False),
        ("nobody", ["me"], False),
    ],
)
def test_only_an_approver_of_the_other_side_is_a_second_person(
    founded: Transaction, family: None, approver: str, proposers: list[str], second: bool
) -> None:
    assert is_second_person(founded, approver, proposers) is second


def test_a_closed_approver_is_nobody(founded: Transaction, family: None) -> None:
    close_account(founded, FIRST, "me")
    assert not is_second_person(founded, "me", ["stranger"])


def test_what_a_closed_account_made_stays_its_own(founded: Transaction, family: None) -> None:
    close_account(founded, FIRST, "mother")
    assert not is_second_person(founded, "me", ["sister"])
