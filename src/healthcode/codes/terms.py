"""What a code can turn out to be: one list for the whole house, in the order that it is decided."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What reading a code gives; the first that applies."""

    NOT_A_CODE = "not_a_code"  # no JKM1: before it
    UNREADABLE = "unreadable"  # ours by its beginning, and not Base45, CBOR or a credential
    UNKNOWN_ISSUER = "unknown_issuer"
    FORGED = "forged"  # the signature does not fit
    EXPIRED = "expired"  # or not valid yet
    NOT_FRESH = "not_fresh"  # a showing older than a minute; from bound codes on
    SEEN_BEFORE = "seen_before"  # from bound codes on
    LIST_TOO_OLD = "list_too_old"
    REVOKED = "revoked"
    CHECK_DOCUMENT = "check_document"  # a card: whoever carries it shows a document first
    GREEN = "green"
    ORANGE = "orange"
    RED = "red"
