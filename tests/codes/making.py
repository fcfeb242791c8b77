"""What the tests of codes are made with: fixed keys, a genuine code, and an honest verifier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from healthcode.codes import cose
from healthcode.codes.credential import Claims, prepare, to_text
from healthcode.codes.terms import Outcome, Reading, Reference, Shown, Status
from healthcode.codes.verify import Issuer, verify

NOW = datetime(2020, 2, 20, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

KEY = derive_private_key(20200220, SECP256R1())
OTHER_KEY = derive_private_key(20200221, SECP256R1())
STRANGE_KEY = derive_private_key(20200222, SECP256R1())
DEMO_KEY = derive_private_key(20200223, SECP256R1())


def key_id(key: EllipticCurvePrivateKey) -> bytes:
    return cose.key_id(key.public_key())


def issuer(key: EllipticCurvePrivateKey, name: str = "Tianjin", **times: datetime) -> Issuer:
    return Issuer(key_id(key), name, key.public_key(), **times)


def trusting(*issuers: Issuer) -> Mapping[bytes, Issuer]:
    return {each.kid: each for each in issuers}


ISSUERS = trusting(
    issuer(KEY), issuer(OTHER_KEY, "Tianjin, next key"), issuer(DEMO_KEY, "demo:tianjin")
)

PHONE = Claims(
    issued_at=NOW - HOUR,
    expires_at=NOW + 71 * HOUR,
    reference=Reference(list=3, index=9_876_543),
    colour=Status.VALID,
    shown=Shown("王*明", "10", "123X"),
)
CARD = Claims(
    issued_at=NOW - HOUR,
    expires_at=NOW + 7 * 24 * HOUR,
    reference=Reference(list=3, index=1_234_567),
    colour=Status.SUSPENDED,
    shown=Shown("王*明", "10", "123X"),
    not_before=NOW - HOUR,
)


def signed(claims: Claims, key: EllipticCurvePrivateKey = KEY) -> bytes:
    return cose.sign(prepare(claims, key_id(key)), key)


def signed_payload(payload: bytes, key: EllipticCurvePrivateKey = KEY) -> bytes:
    """What an issuer gone wrong would sign: no claims were checked."""
    return cose.sign(cose.Prepared(key_id(key), payload), key)


def code(claims: Claims, key: EllipticCurvePrivateKey = KEY) -> str:
    return to_text(signed(claims, key))


def reading(
    text: str,
    *,
    now: datetime = NOW,
    slot: Status | None = Status.VALID,
    issuers: Mapping[bytes, Issuer] = ISSUERS,
    document_seen: bool = False,
    accept_demo: bool = False,
) -> Reading:
    return verify(
        text,
        issuers=issuers,
        now=now,
        status=lambda _reference: slot,
        document_seen=document_seen,
        accept_demo=accept_demo,
    )


def outcome(text: str, **circumstances: object) -> Outcome:
    return reading(text, **circumstances).outcome
