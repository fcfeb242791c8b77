"""Reading a code: one pure function, total, the same in Python and in TypeScript.

Nothing inside a code is believed before its signature, and nothing is asked of the world but one
clock reading, the issuers that are trusted, and the slot of the credential.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from healthcode.codes import cose, credential
from healthcode.codes.terms import Outcome, Reading, Reference, Status

DEMO: Final = "demo:"
AHEAD: Final = timedelta(seconds=60)  # how far a signer's clock may be before a gate's

_COLOURS: Final = {
    Status.VALID: Outcome.GREEN,
    Status.SUSPENDED: Outcome.ORANGE,
    Status.RED: Outcome.RED,
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs credentials with one key, and from when until when that key is believed."""

    kid: bytes
    name: str
    public_key: EllipticCurvePublicKey
    not_before: datetime | None = None
    not_after: datetime | None = None  # half-open, as every span: at that instant it has ended

    def __post_init__(self) -> None:
        if self.kid != cose.key_id(self.public_key):
            raise ValueError(f"the key of {self.name} has another id")

    def is_believed(self, now: datetime, *, accept_demo: bool) -> bool:
        """Whether this key counts now, and here: a demo issuer only where demos are accepted."""
        if self.name.startswith(DEMO) and not accept_demo:
            return False
        begun = self.not_before is None or self.not_before <= now
        return begun and (self.not_after is None or now < self.not_after)


def verify(
    text: str,
    *,
    issuers: Mapping[bytes, Issuer],
    now: datetime,
    status: Callable[[Reference], Status | None],
    document_seen: bool = False,
    accept_demo: bool = False,
) -> Reading:
    """What a code turns out to be: the first outcome that applies, for any text at all.

    `issuers` are by key id; `status` answers with the live slot, None where what it knows is too
    old to say. `document_seen` says that a member of staff compared a card with its document.
    """
    if not credential.is_code(text):
        return Reading(Outcome.NOT_A_CODE)
    try:
        sealed = cose.read(credential.from_text(text))
    except ValueError:
        return Reading(Outcome.UNREADABLE)
    issuer = issuers.get(sealed.kid)
    if issuer is None or not issuer.is_believed(now, accept_demo=accept_demo):
        return Reading(Outcome.UNKNOWN_ISSUER)
    try:
        claims = credential.read(sealed.payload(issuer.public_key))
    except cose.Forged:
        return Reading(Outcome.FORGED)
    except credential.BadClaims:
        return Reading(Outcome.UNREADABLE)
    outcome = _outcome(claims, now=now, status=status, document_seen=document_seen)
    return Reading(outcome, claims.shown, claims.issued_at, claims.expires_at)


def _outcome(
    claims: credential.Claims,
    *,
    now: datetime,
    status: Callable[[Reference], Status | None],
    document_seen: bool,
) -> Outcome:
    """What believed claims come to now (RFC 8392 §3.1.4 to §3.1.6, then the slot)."""
    if claims.issued_at - now > AHEAD or now >= claims.expires_at:
        return Outcome.EXPIRED
    if claims.not_before is not None and now < claims.not_before:
        return Outcome.EXPIRED
    slot = status(claims.reference)
    if slot is None:
        return Outcome.LIST_TOO_OLD
    if slot is Status.INVALID:
        return Outcome.REVOKED
    if claims.is_card and not document_seen:
        return Outcome.CHECK_DOCUMENT
    return _COLOURS[slot]
