"""What a code is and what it can turn out to be: one list of outcomes for the whole house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """What reading a code gives; the first that applies."""

    NOT_A_CODE = "not_a_code"  # no JKM1: before it
    UNREADABLE = "unreadable"  # ours by its beginning, and not Base45, CBOR or a credential
    UNKNOWN_ISSUER = "unknown_issuer"
    FORGED = "forged"  # the signature does not fit
    EXPIRED = "expired"  # or not valid yet
    NOT_FRESH = "not_fresh"  # a showing older than a minute; from bound codes on
    SEEN_BEFORE = "seen_before"  # from bound codes on
    LIST_TOO_OLD = "list_too_old"  # the colour is not known now
    REVOKED = "revoked"
    CHECK_DOCUMENT = "check_document"  # a card: whoever carries it shows a document first
    GREEN = "green"
    ORANGE = "orange"
    RED = "red"


class Status(IntEnum):
    """The value of a slot, as in the IETF Token Status List draft, 2 bits."""

    VALID = 0  # green
    INVALID = 1  # revoked, or the person is grey
    SUSPENDED = 2  # orange
    RED = 3  # application-specific


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the live colour of a credential stands."""

    list: int
    index: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose code it is, as far as anybody at a gate may see."""

    name: str  # masked: 王*明
    document_kind: str  # a code of people.terms.DocumentKind, as "10"
    last_four: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a code turned out to be. Whose it is stays None until its signature is believed."""

    outcome: Outcome
    shown: Shown | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
