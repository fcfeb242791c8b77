"""Coming in by phone. No answer, and no difference in work, tells whether a phone is known.

Numbers are recycled: a known phone in a strange hand is not its owner. On a device that the account
does not know, only its owner's document opens it; otherwise the session is of a fresh account,
which is bound to nothing. The phone moves when that account passes the real-name check.
"""

from __future__ import annotations

import hmac
import secrets

import sqlalchemy as sa

from healthcode.access import limits, messages, outside, queries
from healthcode.access.citizens import PHONE_HASH, new_citizen, read_document
from healthcode.access.doors.phone.terms import (
    DIGITS,
    TRIES,
    VALID_FOR,
    Purpose,
    message_for,
    plain_code,
    read_phone,
)
from healthcode.access.limits import Tried
from healthcode.access.sessions import CITIZENS_STAY, open_session
from healthcode.access.tables import codes, devices
from healthcode.access.terms import CITIZEN, SignedIn
from healthcode.kit.db import Transaction
from healthcode.kit.errors import Counted
from healthcode.kit.words import Words
from healthcode.people import Subject, persons_of

CODE = "access.codes.code"
DEVICE = "access.devices.device"
NO_CODE = bytes(32)  # as long as a keyed hash, and the hash of nothing


class WrongCode(Counted):
    """Wrong, used, too old, tried too often, or never sent: nobody learns which."""

    words = Words(
        zh="验证码不正确或已失效。请核对短信，或重新获取验证码。",
        en="The code is wrong or no longer valid. Compare it with the message, or ask for a new "
        "one.",
    )


def start(transaction: Transaction, phone: str, purpose: Purpose, origin: str) -> None:
    """Send a code to a phone. Raises BadPhone, TooMany or NoSms."""
    number = read_phone(phone)
    outside.sms()
    near = limits.neighbourhood(origin)
    tries = {Tried.CODE_BY_PHONE: number, Tried.CODE_BY_ORIGIN: near}
    for what, whose in tries.items():
        limits.check(transaction, what, whose)
    for what, whose in tries.items():
        limits.count(transaction, what, whose)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    until = transaction.now + VALID_FOR
    ring = transaction.keys
    row = {
        "phone": ring.lookup(number, PHONE_HASH),
        "purpose": purpose,
        "code": ring.lookup(_bound(number, purpose, code), CODE),
        "until": until,
    }
    transaction.run(queries.REPLACE_CODE, row)
    messages.post(transaction, number, message_for(purpose, code), until)


def redeem(transaction: Transaction, phone: str, purpose: Purpose, code: str) -> str:
    """Use up the code that was sent to a phone for this purpose; the phone in E.164.

    Raises BadPhone, or WrongCode, which costs an attempt.
    """
    number = read_phone(phone)
    hashed = transaction.keys.lookup(number, PHONE_HASH)
    asked = {"phone": hashed, "purpose": purpose}
    sent = transaction.run(queries.TRY_CODE, asked).one_or_none()
    given = transaction.keys.lookup(_bound(number, purpose, plain_code(code)), CODE)
    same = hmac.compare_digest(given, bytes(sent.code_hash) if sent else NO_CODE)
    if not sent or not same or sent.attempts > TRIES or sent.expires_at <= transaction.now:
        raise WrongCode
    used = sa.delete(codes).where(codes.c.phone_hash == hashed, codes.c.purpose == purpose)
    transaction.run(used)
    return number


def finish(
    transaction: Transaction,
    phone: str,
    purpose: Purpose,
    code: str,
    document: str | None,
    device: str | None,
) -> SignedIn:
    """Sign in with a code. Raises BadPhone, BadDocument or WrongCode."""
    paper = read_document(transaction, document) if document else None
    number = redeem(transaction, phone, purpose, code)
    account, verified = _account(transaction, number, paper, device)
    token, until = open_session(transaction, account, CITIZENS_STAY)
    return SignedIn(token, until, _device(transaction, account, device), verified)


def _account(
    transaction: Transaction, number: str, paper: Subject | None, device: str | None
) -> tuple[int, bool]:
    """Whose session it becomes, and whether that account is verified."""
    phone = transaction.keys.lookup(number, PHONE_HASH)
    owner = transaction.run(queries.OWNER_OF_PHONE, {"phone": phone}).one_or_none()
    asked = {"phone": phone, "device": transaction.keys.lookup(device or "", DEVICE)}
    here: int | None = transaction.run(queries.ON_DEVICE, asked).scalar()
    proven = persons_of(transaction, CITIZEN, [paper]).get(paper) if paper else None
    if owner is None:
        fresh = new_citizen(transaction, number)
        transaction.run(queries.GIVE_PHONE, {"account": fresh})
        return fresh, False
    if not owner.verified:
        return owner.account, False
    if owner.account == here or (proven is not None and owner.person == proven):
        return owner.account, True
    # Not the owner, as far as we know: whoever they are, they go on where they were here before.
    return here or new_citizen(transaction, number), False


def _device(transaction: Transaction, account: int, device: str | None) -> str:
    """The token by which this device is known from now on; never one that came from outside."""
    if device:
        known = {"device": transaction.keys.lookup(device, DEVICE), "account": account}
        if transaction.run(queries.KNOWS_DEVICE, known).scalar():
            return device
    token = secrets.token_urlsafe(32)
    row = {
        "device_hash": transaction.keys.lookup(token, DEVICE),
        "account": account,
        "made_at": transaction.now,
    }
    transaction.run(sa.insert(devices).values(row))
    return token


def _bound(number: str, purpose: Purpose, code: str) -> str:
    return f"{number}/{purpose}/{code}"
