"""Sessions: who a token or a client's key is, and signing in with a password."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from healthcode.access import limits, passwords, queries
from healthcode.access.accounts import KEY
from healthcode.access.limits import Tried
from healthcode.access.tables import accounts, sessions
from healthcode.access.terms import CITIZEN, NAME, SignedIn
from healthcode.kit.db import Transaction
from healthcode.kit.errors import Counted
from healthcode.kit.http import Caller
from healthcode.kit.words import Words

TOKEN = "access.sessions.token"  # noqa: S105 - where a token is kept
CITIZENS_STAY = timedelta(days=30)  # a phone is its owner's own
STAFF_STAY = timedelta(hours=12)  # a shift, on a device that others use


class WrongPassword(Counted):
    """No such account, or not its password: nobody learns which."""

    words = Words(zh="账号或密码不正确。", en="The account or the password is wrong.")


def identify(transaction: Transaction, token: str | None) -> Caller:
    """Who bears a session's token or a client's key; anyone, where that is nobody."""
    if not token:
        return Caller()
    ring = transaction.keys
    asked = {"session": ring.lookup(token, TOKEN), "key": ring.lookup(token, KEY)}
    who = transaction.run(queries.IDENTIFY, asked | {"now": transaction.now}).one_or_none()
    if who is None:
        return Caller()
    return Caller(who.name or f"{CITIZEN}.{who.account}", who.role, who.person, who.scope)


def open_session(
    transaction: Transaction, account: int, lasting: timedelta
) -> tuple[str, datetime]:
    """A new session of an account: its token, shown this once, and its end."""
    token = secrets.token_urlsafe(32)
    until = transaction.now + lasting
    row = {
        "token_hash": transaction.keys.lookup(token, TOKEN),
        "account": account,
        "made_at": transaction.now,
        "expires_at": until,
    }
    transaction.run(sa.insert(sessions).values(row))
    return token, until


def sign_out(transaction: Transaction, token: str) -> None:
    """End the session of this token; a client's key stays what it is."""
    hashed = transaction.keys.lookup(token, TOKEN)
    transaction.run(sa.delete(sessions).where(sessions.c.token_hash == hashed))


def sign_in(transaction: Transaction, name: str, password: str, origin: str) -> SignedIn:
    """A session for a member of staff. Raises WrongPassword or TooMany."""
    account = _proven(transaction, name, password, origin)
    token, until = open_session(transaction, account, STAFF_STAY)
    return SignedIn(token, until)


def change_password(transaction: Transaction, caller: Caller, old: str, new: str) -> None:
    """Somebody's own new password; their sessions end. Raises WrongPassword or WeakPassword."""
    hashed = passwords.chosen(new)
    account = _proven(transaction, caller.account or "", old, "")
    changed = sa.update(accounts).where(accounts.c.account == account)
    transaction.run(changed.values(password_hash=hashed))
    transaction.run(sa.delete(sessions).where(sessions.c.account == account))


def _proven(transaction: Transaction, name: str, password: str, origin: str) -> int:
    """The account of that name and password; what fails is counted, and costs the same time."""
    near = limits.neighbourhood(origin)
    limits.check(transaction, Tried.PASSWORD_BY_NAME, name)
    limits.check(transaction, Tried.PASSWORD_BY_ORIGIN, near)
    named = {"name": name if NAME.fullmatch(name) else None}
    found = transaction.run(queries.NAMED, named).one_or_none()
    stored = found.password_hash if found and not found.closed else None
    if not passwords.fits(stored, password) or found is None or stored is None:
        limits.count(transaction, Tried.PASSWORD_BY_NAME, name)
        limits.count(transaction, Tried.PASSWORD_BY_ORIGIN, near)
        raise WrongPassword
    if passwords.outdated(stored):
        again = {"password_hash": passwords.hashed(password)}
        transaction.run(
            sa.update(accounts).where(accounts.c.account == found.account).values(again)
        )
    return int(found.account)
