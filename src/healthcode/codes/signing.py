"""The signer: the only process with a signing key, and a database role of its own.

It reads the intent, the standing and the slot itself, and signs nothing else. A result is written
in the transaction that signs: a crash leaves the intent as it was, and nothing has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from healthcode.codes import queries
from healthcode.codes.actions import LIFE, LIST_MAX, STATUS
from healthcode.codes.cose import key_id, sign
from healthcode.codes.credential import BadClaims, Claims, prepare
from healthcode.codes.tables import issuers, results, waiting
from healthcode.codes.terms import Reference, Shown, Status
from healthcode.kit.clock import Clock
from healthcode.kit.db import Transaction
from healthcode.kit.errors import NotReady
from healthcode.kit.files import write_once
from healthcode.kit.words import Words
from healthcode.rulebook import Colour

DEMO = "demo:"
GREY = "grey"
UNSETTLED = "unsettled"
UNFIT = "unfit"  # a name or a document that no code can carry


class BadSigningKey(NotReady):
    """The file of the signing key is something else."""

    words = Words(
        zh="签发密钥文件 {path} 无法读取，或其中不是 P-256 私钥。请从备份恢复。",
        en="The signing key {path} cannot be read, or is no P-256 private key. Restore it from a "
        "backup.",
    )


@dataclass(frozen=True)
class SigningKey:
    """The issuer's key with its name."""

    name: str
    private: ec.EllipticCurvePrivateKey

    @property
    def kid(self) -> bytes:
        """The key's id, four bytes."""
        return key_id(self.private.public_key())


def demo_key(path: Path, city: str) -> SigningKey:
    """The demo's signing key, made when first asked for. Raises BadSigningKey."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_once(path, text)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise BadSigningKey(path=path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise BadSigningKey(path=path)
    return SigningKey(DEMO + city, key)


def trust(transaction: Transaction, key: SigningKey) -> None:
    """Make the key's public half known as an issuer's; by whoever sets up the house."""
    public = key.private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    transaction.run(
        insert(issuers)
        .values(kid=key.kid, name=key.name, public_key=der, made_at=transaction.now)
        .on_conflict_do_nothing()
    )


def sign_next(connection: Connection, clock: Clock, key: SigningKey) -> bool:
    """Sign the oldest request, or refuse it; False where none waits."""
    # 1. Nobody else signs until we commit.
    connection.execute(queries.ONE_SIGNER)
    now = clock.now()
    # 2. Read the intent, and what is to be signed, from where it is decided.
    row = connection.execute(queries.NEXT_INTENT, {"now": now}).one_or_none()
    if row is None:
        return False
    # 3. Check it: a colour that shows, and a slot that says the same.
    colour = Colour(row.colour or Colour.GREY)
    refused = None
    lapsed = row.declared_until is None and row.changes_at is not None and row.changes_at <= now
    if colour is Colour.GREY or (colour is Colour.GREEN and lapsed):
        refused = GREY
    elif Status(row.value) is not STATUS[colour]:
        refused = UNSETTLED
    if refused is not None:
        _record(connection, row.intent, now, refused=refused)
        return True
    # 4. Sign, and record the result with it.
    issued = _whole(now)
    # However long it waited: the slot may be another's twelve hours after its own time.
    expires = min(issued + LIFE, _whole(row.free_at - LIST_MAX))
    if colour is Colour.GREEN and row.declared_until is not None:
        expires = min(expires, _whole(row.declared_until))
    claims = Claims(
        issued_at=issued,
        expires_at=expires,
        reference=Reference(row.list, row.slot),
        colour=STATUS[colour],
        shown=Shown(row.name, row.document_kind, row.last_four),
    )
    if expires <= issued:
        _record(connection, row.intent, now, refused=GREY)
        return True
    try:
        prepared = prepare(claims, key.kid)
    except BadClaims:  # refused for good, or the next in the queue would wait for ever
        _record(connection, row.intent, now, refused=UNFIT)
        return True
    _record(connection, row.intent, now, credential=sign(prepared, key.private), expires_at=expires)
    return True


def _record(connection: Connection, intent: int, now: datetime, **result: object) -> None:
    connection.execute(sa.insert(results).values(intent=intent, signed_at=now, **result))
    connection.execute(sa.delete(waiting).where(waiting.c.intent == intent))


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
