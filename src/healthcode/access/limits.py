"""How often something may be tried, in one table. Whose try it was is kept as a keyed hash."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from healthcode.access import queries
from healthcode.access.tables import attempts
from healthcode.kit.db import Transaction
from healthcode.kit.errors import Refused
from healthcode.kit.words import Words

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class TooMany(Refused):
    """Tried too often for now."""

    words = Words(
        zh="尝试次数过多，请稍后再试。每分钟、每小时和每天的次数都有限制。",
        en="Too many tries for now. Please try again later: there is a limit for each minute, "
        "hour and day.",
    )
    status = 429


class Tried(StrEnum):
    """What is counted, and by whom."""

    CODE_BY_PHONE = "code by phone"
    CODE_BY_ORIGIN = "code by origin"
    PASSWORD_BY_NAME = "password by name"  # noqa: S105 - no password
    PASSWORD_BY_ORIGIN = "password by origin"  # noqa: S105 - no password
    REAL_NAME_BY_ACCOUNT = "real name by account"
    REAL_NAME_BY_DOCUMENT = "real name by document"


class Limit(NamedTuple):
    """So many in a time."""

    most: int
    within: timedelta


LIMITS: Mapping[Tried, tuple[Limit, ...]] = {
    # A message costs money and rings in somebody's pocket.
    Tried.CODE_BY_PHONE: (Limit(1, MINUTE), Limit(5, HOUR), Limit(10, DAY)),
    # A carrier's address stands for thousands of phones; each has its own limit above.
    Tried.CODE_BY_ORIGIN: (Limit(1000, HOUR),),
    Tried.PASSWORD_BY_NAME: (Limit(10, HOUR),),
    Tried.PASSWORD_BY_ORIGIN: (Limit(60, HOUR),),
    # Otherwise the registry could be asked for anybody's number, guess by guess.
    Tried.REAL_NAME_BY_ACCOUNT: (Limit(5, DAY),),
    Tried.REAL_NAME_BY_DOCUMENT: (Limit(10, DAY),),
}
LONGEST = max(limit.within for limits in LIMITS.values() for limit in limits)


def check(transaction: Transaction, what: Tried, whose: str) -> None:
    """Refuse what was tried too often. Until the commit others who try the same wait.

    Raises TooMany.
    """
    key = _key(transaction, what, whose)
    number = int.from_bytes(key[:8], "big", signed=True)
    transaction.run(queries.LOCK, {"number": number})
    limits = LIMITS[what]
    asked = {"what": what, "key": key, "most": max(limit.most for limit in limits)}
    times = transaction.run(queries.ATTEMPTS, asked).scalars().all()
    for most, within in limits:
        if len(times) >= most and times[most - 1] > transaction.now - within:
            raise TooMany


def count(transaction: Transaction, what: Tried, whose: str) -> None:
    """Count one try."""
    key = _key(transaction, what, whose)
    row = {"what": what, "key_hash": key, "at": transaction.now}
    transaction.run(sa.insert(attempts).values(row))


def neighbourhood(origin: str) -> str:
    """Who is counted as one: an IPv4 address, or an IPv6 /64, which one household has whole."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address), 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _key(transaction: Transaction, what: Tried, whose: str) -> bytes:
    return transaction.keys.lookup(whose, f"access.attempts.{what}")
