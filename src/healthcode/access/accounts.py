"""Accounts of staff and departments: who made whom, and who is a second person to whom.

A city begins with two founders, and every other account has a maker. Whatever one founder's side
proposes is approved by the other's; so nobody of one side may get hold of an account of the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from healthcode.access import passwords, queries
from healthcode.access.tables import accounts, sessions
from healthcode.access.terms import NAME, ROLES, Opened, Proof, Role, ScopeKind
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput, Refused
from healthcode.kit.http import Caller, NoSuchThing, NotForYou
from healthcode.kit.words import Words
from healthcode.places import kept_code

KEY = "access.accounts.key"
EVERYWHERE = "*"
LONGEST_SCOPE = 64  # characters; a place's id has twelve


class AlreadyFounded(Refused):
    """There are accounts already."""

    words = Words(
        zh="已有账号，不能再设立创始账号。请由现有管理员开设账号。",
        en="There are accounts already, so nobody can found the house again. Ask an operator to "
        "open an account.",
    )
    status = 409


class NameTaken(BadInput):
    """An account of that name is there already, or was."""

    words = Words(
        zh="该账号名称已被使用（可能是另一角色的账号，或已关闭）。请换一个名称。",
        en="The name of this account is taken, perhaps by one of another role or a closed one. "
        "Choose another.",
    )
    status = 409


class BadAccount(BadInput):
    """An account that cannot be."""

    words = Words(
        zh="无法开设账号：{what} 不正确。可用：{allowed}。",
        en="This account cannot be opened: the {what} is wrong. Allowed: {allowed}.",
    )


class OtherSide(Refused):
    """An operator who reaches for an account of the other founder's side."""

    words = Words(
        zh="该账号由另一位创始人一方开设，须由其一方的管理员重设，否则一人即可充当两人。",
        en="This account belongs to the other founder's side, and an operator of that side must "
        "reset it: otherwise one person could act as two.",
    )


class LastOperator(Refused):
    """Nobody of one side would be left to open its accounts."""

    words = Words(
        zh="这是该方最后一个管理员账号，不能关闭。请先由其开设另一个。",
        en="This is the last operator of its side and cannot be closed. Let another be opened "
        "there first.",
    )
    status = 409


class Listed(NamedTuple):
    """An account as it is listed, without its secrets."""

    name: str
    role: str
    scope: str
    made_by: str | None
    made_at: datetime
    closed_at: datetime | None


def found(transaction: Transaction, first: str, second: str) -> tuple[str, str]:
    """Begin with two operators whom nobody made; their initial passwords.

    Raises AlreadyFounded or BadAccount.
    """
    for name in (first, second):
        _check_name(name)
    if first == second:
        raise BadAccount(what="second name", allowed="a name other than the first")
    if transaction.run(queries.ANYBODY_NAMED).scalar():
        raise AlreadyFounded
    given = passwords.initial(), passwords.initial()
    first_hash, second_hash = (passwords.hashed(password) for password in given)
    row = {"first": first, "first_hash": first_hash, "second": second, "second_hash": second_hash}
    if len(transaction.run(queries.FOUND, row | {"now": transaction.now}).all()) < len(given):
        raise AlreadyFounded  # somebody else did, at this moment
    return given


def open_account(
    transaction: Transaction, by: Caller, name: str, role: str, scope: str = ""
) -> Opened:
    """Open an account with its first password, or a department's with its key.

    Raises NotForYou, BadAccount or NameTaken.
    """
    maker = _operator(transaction, by)
    _check_name(name)
    meant = _role(role)
    secret = _new_secret(meant)
    row = {
        "name": name,
        "role": meant,
        "scope": _scope(meant, scope),
        "password_hash": None,
        "key_hash": None,
        "made_by": maker,
        "now": transaction.now,
    }
    if transaction.run(queries.OPEN, row | _kept(transaction, meant, secret)).scalar() is None:
        raise NameTaken
    return Opened(name, secret)


def ensure_client(transaction: Transaction, by: Caller, name: str) -> None:
    """An account that may be registered for sources: a department's, without a key, is made.

    An epidemiologist's may be too, for risk areas.

    Raises NotForYou, BadAccount or NameTaken.
    """
    maker = _operator(transaction, by)
    _check_name(name)
    row = {"name": name, "role": Role.SOURCE, "scope": "", "password_hash": None, "key_hash": None}
    transaction.run(queries.OPEN, row | {"made_by": maker, "now": transaction.now})
    there = transaction.run(queries.NAMED, {"name": name}).one()
    if there.role not in {Role.SOURCE, Role.EPIDEMIOLOGIST} or there.closed:
        raise NameTaken


def new_key(transaction: Transaction, by: Caller, name: str) -> Opened:
    """A new key for a department; the old one is dead. Raises NotForYou, OtherSide, NoSuchThing."""
    return _renew(transaction, by, name, Proof.CLIENT_KEY)


def new_password(transaction: Transaction, by: Caller, name: str) -> Opened:
    """A new first password for whoever lost theirs. Raises NotForYou, OtherSide, NoSuchThing."""
    return _renew(transaction, by, name, Proof.PASSWORD)


def close_account(transaction: Transaction, by: Caller, name: str) -> None:
    """Close an account for good, on either side. Its name stays in what it did and made.

    Raises NotForYou, NoSuchThing or LastOperator.
    """
    _operator(transaction, by)
    account, role = _open_account_named(transaction, name)
    side = makers(transaction, name)[-1]
    left = [
        each
        for each in transaction.run(queries.OPERATORS).scalars()
        if each != name and makers(transaction, each)[-1] == side
    ]
    if not left and role is Role.OPERATOR:
        raise LastOperator
    _set(transaction, account, closed_at=transaction.now, password_hash=None, key_hash=None)


def list_accounts(transaction: Transaction) -> list[Listed]:
    """Every account of staff and departments, the oldest first."""
    return [Listed(**row._mapping) for row in transaction.run(queries.LISTING)]


def makers(transaction: Transaction, name: str) -> tuple[str, ...]:
    """An account's name and all its makers', up to the founder; whoever has no account alone."""
    return tuple(transaction.run(queries.MAKERS, {"name": name}).scalars()) or (name,)


def is_second_person(transaction: Transaction, approver: str, proposers: Iterable[str]) -> bool:
    """Whether this is an approver to whom none of the proposers is anything: see the module.

    Never where nobody is known to have proposed.
    """
    names = sorted(set(proposers))
    who = transaction.run(queries.NAMED, {"name": approver}).one_or_none()
    if who is None or who.role != Role.APPROVER or who.closed or not names:
        return False
    others = transaction.run(queries.MAKERS_OF_SOME, {"names": names}).scalars()
    return {*names, *others}.isdisjoint(makers(transaction, approver))


def _operator(transaction: Transaction, by: Caller) -> int:
    """The account of whoever may make others: what is stored counts, not what the caller says."""
    who = transaction.run(queries.NAMED, {"name": by.account}).one_or_none()
    if who is None or who.role != Role.OPERATOR or who.closed:
        raise NotForYou
    return int(who.account)


def _open_account_named(transaction: Transaction, name: str) -> tuple[int, Role]:
    found = transaction.run(queries.NAMED, {"name": name}).one_or_none()
    if found is None or found.closed:
        raise NoSuchThing
    return found.account, Role(found.role)


def _renew(transaction: Transaction, by: Caller, name: str, proof: Proof) -> Opened:
    _operator(transaction, by)
    account, role = _open_account_named(transaction, name)
    if ROLES[role].proof != proof:
        raise NoSuchThing
    if set(makers(transaction, name)).isdisjoint(makers(transaction, by.account or "")):
        raise OtherSide
    secret = _new_secret(role)
    _set(transaction, account, **_kept(transaction, role, secret))
    return Opened(name, secret)


def _set(transaction: Transaction, account: int, **values: object) -> None:
    """Change an account and end its sessions."""
    transaction.run(sa.update(accounts).where(accounts.c.account == account).values(**values))
    transaction.run(sa.delete(sessions).where(sessions.c.account == account))


def _new_secret(role: Role) -> str:
    keyed = ROLES[role].proof is Proof.CLIENT_KEY
    return secrets.token_urlsafe(32) if keyed else passwords.initial()


def _kept(transaction: Transaction, role: Role, secret: str) -> dict[str, object]:
    """What is stored of a secret."""
    if ROLES[role].proof is Proof.CLIENT_KEY:
        return {"key_hash": transaction.keys.lookup(secret, KEY)}
    return {"password_hash": passwords.hashed(secret)}


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise BadAccount(what="name", allowed="a-z 0-9 . _ - (1-64), not citizen.…")


def _role(role: str) -> Role:
    staffed = [each for each in Role if each is not Role.CITIZEN]
    if role not in staffed:
        raise BadAccount(what="role", allowed=", ".join(staffed))
    return Role(role)


def _scope(role: Role, scope: str) -> str:
    """The scope as it is kept. Raises BadAccount."""
    kind = ROLES[role].scope
    if kind is ScopeKind.DIVISION:
        try:
            kept = scope if scope == EVERYWHERE else kept_code(scope)
        except ValueError:
            kept = ""
        if not kept:
            raise BadAccount(what="scope", allowed="GB/T 2260 (120101), *")
        return kept
    if kind is ScopeKind.PLACE:
        if not scope or len(scope) > LONGEST_SCOPE or not scope.isprintable() or " " in scope:
            raise BadAccount(what="scope", allowed="the id of a registered place")
        return scope
    if scope:
        raise BadAccount(what="scope", allowed='""')
    return scope
