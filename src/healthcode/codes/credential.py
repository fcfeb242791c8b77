"""The credential: what a code says, as a CWT (RFC 8392), and the text that carries it.

One law for both sides: what may be prepared is what may be read. Instants are whole seconds.
Nothing here is personal beyond what a gate may see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from healthcode.codes import base45, cbor
from healthcode.codes.cose import KEY_ID_LENGTH, Prepared
from healthcode.codes.terms import Reference, Shown, Status


class Claim(IntEnum):
    """Keys of the claims (RFC 8392 §4; IANA, CBOR Web Token Claims)."""

    EXPIRES_AT = 4  # exp, RFC 8392 §3.1.4
    NOT_BEFORE = 5  # nbf, RFC 8392 §3.1.5; on cards only
    ISSUED_AT = 6  # iat, RFC 8392 §3.1.6
    STATUS = 65535  # IETF Token Status List, "Referenced Token in COSE"
    SHOWN = -65537  # RFC 8392 §9.1.1: below -65536 is private use


class Member(StrEnum):
    """Members of the status claim (IETF Token Status List, "Referenced Token in COSE")."""

    STATUS_LIST = "status_list"
    INDEX = "idx"
    ADDRESS = "uri"


PREFIX: Final = "JKM1:"
LONGEST_TEXT: Final = 2000  # a showing with the longest name is under 700
# What scanners and messages put around a text. No Base45 ends in a space: the last of three
# digits is at most 32 and the last of two at most 5, and the space is 36.
SURROUNDING: Final = " \t\r\n"

PHONE_LASTS: Final = timedelta(hours=72)
CARD_LASTS: Final = timedelta(days=8)  # seven days, and a day to fetch the next
LONGEST_NAME: Final = 64  # bytes of UTF-8, 21 Chinese characters: a QR code of version 11
LARGEST_NUMBER: Final = 2**31 - 1  # a list or an index is an integer of PostgreSQL

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_OFFSET: Final = timedelta(0)
_SECOND: Final = timedelta(seconds=1)
_ADDRESS: Final = re.compile(r"l/(0|[1-9][0-9]{0,9})")
_KIND: Final = re.compile(r"[0-9]{2}")
_LAST_FOUR: Final = re.compile(r"[0-9A-Z]{4}")


class BadClaims(ValueError):
    """Claims that no credential of ours may have."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a credential says. With `not_before` it is a card; from there its days count."""

    issued_at: datetime
    expires_at: datetime
    reference: Reference
    colour: Status  # at issue; what counts is the slot
    shown: Shown
    not_before: datetime | None = None

    @property
    def is_card(self) -> bool:
        """Whether it is printed: anybody may carry it, so a gate looks at the document."""
        return self.not_before is not None


def prepare(claims: Claims, kid: bytes) -> Prepared:
    """Claims that were checked, ready to be signed by the key of that id. Raises BadClaims."""
    _check(claims)
    if len(kid) != KEY_ID_LENGTH:
        raise BadClaims(f"a key id has {KEY_ID_LENGTH} bytes, not {len(kid)}")
    slot: dict[int | str, cbor.Value] = {
        Member.INDEX: claims.reference.index,
        Member.ADDRESS: f"l/{claims.reference.list}",
    }
    shown: cbor.Value = [
        claims.colour, claims.shown.name, claims.shown.document_kind, claims.shown.last_four,
    ]  # fmt: skip
    found: dict[int | str, cbor.Value] = {
        Claim.EXPIRES_AT: _seconds(claims.expires_at),
        Claim.ISSUED_AT: _seconds(claims.issued_at),
        Claim.STATUS: {Member.STATUS_LIST: slot},
        Claim.SHOWN: shown,
    }
    if claims.not_before is not None:
        found[Claim.NOT_BEFORE] = _seconds(claims.not_before)
    return Prepared(kid, cbor.encode(found))


def read(payload: bytes) -> Claims:
    """The claims of a payload whose signature was believed.

    Raises BadClaims for anything that `prepare` would not have written, unknown claims among it.
    """
    try:
        claims = _claims(cbor.decode(payload))
    except cbor.NotDeterministic as error:
        raise BadClaims(f"not our CBOR: {error}") from None
    _check(claims)
    return claims


def to_text(signed: bytes) -> str:
    """The text of a code: JKM1: and Base45 (RFC 9285)."""
    return PREFIX + base45.encode(signed)


def is_code(text: str) -> bool:
    """Whether a text is a code of ours by its beginning; what scanners put around it is allowed."""
    return text.lstrip(SURROUNDING).startswith(PREFIX)


def from_text(text: str) -> bytes:
    """The bytes of a code. Raises ValueError where it is too long, or not Base45 after JKM1:."""
    text = text.strip(SURROUNDING)
    if len(text) > LONGEST_TEXT or not text.startswith(PREFIX):
        raise ValueError(f"a code has {PREFIX} before it and at most {LONGEST_TEXT} characters")
    return base45.decode(text.removeprefix(PREFIX))


def _claims(value: cbor.Value) -> Claims:
    """Claims by their keys, each there once and no other beside them."""
    match value:
        case {
            Claim.EXPIRES_AT: int(expires),
            Claim.ISSUED_AT: int(issued),
            Claim.STATUS: {
                Member.STATUS_LIST: {
                    Member.INDEX: int(index),
                    Member.ADDRESS: str(address),
                    **other,
                },
                **more,
            },
            Claim.SHOWN: [int(colour), str(name), str(kind), str(last_four)],
            **rest,
        } if not other and not more and rest.keys() <= {Claim.NOT_BEFORE}:
            return Claims(
                issued_at=_instant(issued),
                expires_at=_instant(expires),
                reference=Reference(_list(address), index),
                colour=_colour(colour),
                shown=Shown(name, kind, last_four),
                not_before=_instant(rest[Claim.NOT_BEFORE]) if rest else None,
            )
    raise BadClaims("a claim is missing, of another type, or not known")


def _check(claims: Claims) -> None:
    """Raise BadClaims, in words, for what no credential of ours may say."""
    _check_times(claims)
    for number in (claims.reference.list, claims.reference.index):
        if not 0 <= number <= LARGEST_NUMBER:
            raise BadClaims(f"list and index are 0 to {LARGEST_NUMBER}")
    if claims.colour is Status.INVALID:
        raise BadClaims("nobody is issued a code without a colour")
    if not 0 < len(claims.shown.name.encode("utf-8")) <= LONGEST_NAME:
        raise BadClaims(f"a masked name has 1 to {LONGEST_NAME} bytes of UTF-8")
    if not _KIND.fullmatch(claims.shown.document_kind):
        raise BadClaims("a kind of document is two digits")
    if not _LAST_FOUR.fullmatch(claims.shown.last_four):
        raise BadClaims("the last four are exactly four digits or capital letters")


def _check_times(claims: Claims) -> None:
    begins = claims.issued_at if claims.not_before is None else claims.not_before
    for instant in (claims.issued_at, claims.expires_at, begins):
        if instant.microsecond or instant.utcoffset() != _NO_OFFSET:
            raise BadClaims("instants are whole seconds in UTC")
    if claims.expires_at <= claims.issued_at or claims.expires_at <= begins:
        raise BadClaims("a credential expires after it was issued and after it begins")
    longest = CARD_LASTS if claims.is_card else PHONE_LASTS
    if claims.expires_at - begins > longest:
        raise BadClaims(f"a credential like this lasts at most {longest}")


def _colour(value: int) -> Status:
    try:
        return Status(value)
    except ValueError:
        raise BadClaims("a colour is 0, 2 or 3") from None


def _list(address: str) -> int:
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise BadClaims("the address of a list is l/ and its number")
    return int(found[1])


def _seconds(instant: datetime) -> int:
    """A NumericDate (RFC 8392 §2): seconds since 1970, here always whole."""
    return (instant - _EPOCH) // _SECOND


def _instant(seconds: object) -> datetime:
    if not isinstance(seconds, int):
        raise BadClaims("an instant is a number of seconds")
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise BadClaims("an instant lies outside the calendar") from None
