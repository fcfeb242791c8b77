"""Passwords of staff: argon2id (RFC 9106) with the library's own parameters."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words

HASHER = PasswordHasher()
SHORTEST, LONGEST = 12, 200  # characters; the longer one keeps a request small


class WeakPassword(BadInput):
    """A password that people chose and that is too short, or too long to be typed."""

    words = Words(
        zh="密码长度须为{shortest}至{longest}个字符。",
        en="A password has {shortest} to {longest} characters.",
    )


def initial() -> str:
    """A password for somebody's first sign-in: 24 characters, 144 random bits."""
    return secrets.token_urlsafe(18)


def chosen(password: str) -> str:
    """The hash of a password that a person chose. Raises WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(shortest=SHORTEST, longest=LONGEST)
    return hashed(password)


def hashed(password: str) -> str:
    """The hash as it is stored."""
    return HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether it is the password; without one stored the same work is done, and it is not."""
    nobodys = _nobodys()
    try:
        HASHER.verify(stored or nobodys, password)
    except VerifyMismatchError:
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(18))
