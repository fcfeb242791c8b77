"""What may happen to codes: one is asked for, its colour lives, it is read at a gate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from healthcode.codes import queries
from healthcode.codes.credential import to_text
from healthcode.codes.tables import LIST_SIZE, intents, waiting
from healthcode.codes.terms import Reading, Reference, Shown, Status
from healthcode.codes.verify import Issuer, verify
from healthcode.kit.db import Transaction
from healthcode.kit.errors import NotReady, Refused
from healthcode.kit.words import Words
from healthcode.rulebook import Colour, StandingChanged, follow

LIFE = timedelta(hours=72)
LIST_MAX = timedelta(hours=12)  # how old a gate's list may be: so long a slot outlives its code
TRIES = 4  # in one list; a list that is half full refuses four times in a row once in sixteen
MOST_A_DAY = 30  # renewals are about one a day; a slot is scarce
STATUS = {
    Colour.GREEN: Status.VALID,
    Colour.ORANGE: Status.SUSPENDED,
    Colour.RED: Status.RED,
    Colour.GREY: Status.INVALID,
}


class NoColour(Refused):
    """A grey person asks for a code."""

    words = Words(
        zh="目前没有有效的健康申报，因此不能生成健康码。请先申报健康情况。",
        en="There is no valid health declaration, so there is no code. Please declare your health "
        "first.",
    )
    status = 409


class TooManyCodes(Refused):
    """More codes in a day than anybody needs."""

    words = Words(
        zh="24小时内申请的健康码过多。已有的健康码仍然有效，请稍后再试。",
        en="Too many codes were asked for within 24 hours. Those you have go on working; please "
        "try again later.",
    )
    status = 429


class NoIssuer(NotReady):
    """Nobody may sign codes here."""

    words = Words(
        zh="此处尚无签发健康码的密钥。演示城市会自带一个；正式的签发密钥将随后提供。",
        en="There is no key to sign codes with here. The demo city brings its own; keys for a real "
        "city come with a later version.",
    )


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a request for a code stands: waiting, signed (its text and expiry), or refused."""

    text: str | None
    expires_at: datetime | None
    refused: str | None

    @property
    def waiting(self) -> bool:
        """Whether the signer has not come to it yet."""
        return self.text is None and self.refused is None


def request(transaction: Transaction, person: int, account: str, shown: Shown) -> str:
    """Ask the signer for a code; the id to ask for it by.

    Raises NoIssuer, NoColour or TooManyCodes.
    """
    if not transaction.run(queries.ISSUERS).first():
        raise NoIssuer
    follow(transaction, person)
    colour = Colour(
        transaction.run(queries.STANDING_HELD, {"person": person}).scalar() or Colour.GREY
    )
    if colour is Colour.GREY:
        raise NoColour
    since = transaction.now - timedelta(days=1)
    asked = transaction.run(queries.ASKED_SINCE, {"person": person, "since": since}).scalar_one()
    if asked >= MOST_A_DAY:
        raise TooManyCodes
    slot = _take_slot(transaction, person, STATUS[colour])
    public_id = secrets.token_urlsafe(18)
    made = transaction.run(
        sa.insert(intents)
        .returning(intents.c.intent)
        .values(
            public_id=public_id,
            person=person,
            account=account,
            list=slot.list,
            index=slot.index,
            name=shown.name,
            document_kind=shown.document_kind,
            last_four=shown.last_four,
            requested_at=transaction.now,
        )
    ).scalar_one()
    transaction.run(sa.insert(waiting).values(intent=made))
    transaction.run(queries.TELL_SIGNER)
    return public_id


def _take_slot(transaction: Transaction, person: int, value: Status) -> Reference:
    """A random free slot, in the first list that has one to find."""
    number = 0
    while True:
        for _ in range(TRIES):
            index = secrets.randbelow(LIST_SIZE)
            values = {
                "list": number,
                "index": index,
                "person": person,
                "value": int(value),
                "free_at": transaction.now + LIFE + LIST_MAX,
            }
            if transaction.run(queries.TAKE_SLOT, values).first():
                return Reference(number, index)
        number += 1


def credential(transaction: Transaction, person: int, public_id: str) -> Credential | None:
    """A person's own request, by its id."""
    values = {"public_id": public_id, "person": person}
    row = transaction.run(queries.CREDENTIAL, values).one_or_none()
    if row is None:
        return None
    text = to_text(bytes(row.credential)) if row.credential is not None else None
    return Credential(text, row.expires_at, row.refused)


def check(transaction: Transaction, text: str, *, document_seen: bool = False) -> Reading:
    """Read a code with this house's own trust and live colours. Never raises for any text."""
    issuers = {}
    for row in transaction.run(queries.ISSUERS):
        key = load_der_public_key(bytes(row.public_key))
        assert isinstance(key, EllipticCurvePublicKey)
        issuers[bytes(row.kid)] = Issuer(bytes(row.kid), row.name, key)

    def status(slot: Reference) -> Status | None:
        values = {"list": slot.list, "index": slot.index}
        found = transaction.run(queries.SLOT, values).scalar()
        return None if found is None else Status(found)

    # A demo issuer is known here only where the house is a demo: see `codes.signing`.
    return verify(
        text,
        issuers=issuers,
        now=transaction.now,
        status=status,
        document_seen=document_seen,
        accept_demo=True,
    )


def on_standing_changed(transaction: Transaction, event: StandingChanged) -> None:
    """The live colours follow at once; grey makes every slot invalid."""
    transaction.run(
        queries.TURN_SLOTS,
        {
            "persons": [person for person, _, _ in event.turned],
            "values": [int(STATUS[now]) for _, _, now in event.turned],
        },
    )


def forget(transaction: Transaction) -> None:
    """Drop what can no longer be shown; its slots are free again."""
    transaction.run(queries.FORGET_SLOTS, {"now": transaction.now})
