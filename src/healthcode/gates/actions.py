"""What may happen at a gate: a code is checked. Nothing about a check is stored."""

from __future__ import annotations

from typing import Protocol

from healthcode.codes import Reading
from healthcode.codes import check as read_code
from healthcode.gates.terms import COLOURS, Answer, Contact, Helper, Policy, decide
from healthcode.kit.db import Transaction
from healthcode.kit.words import Words
from healthcode.places import Place, PlaceKind, nearest_fever_clinic


class Reader(Protocol):
    """What reads a code with the house's own trust and live colours: `codes.check`."""

    def __call__(
        self, transaction: Transaction, text: str, *, document_seen: bool = False
    ) -> Reading:
        """What the code turned out to be, for any text at all."""


def check(
    transaction: Transaction,
    policy: Policy,
    code: str,
    *,
    kind: PlaceKind,
    place: Place | None = None,
    temperature: float | None = None,
    document_seen: bool = False,
    read: Reader = read_code,
) -> Answer:
    """Read a code, decide at the door, and name who helps.

    `kind` is the place's own where there is a place. Degrees Celsius; None: not measured.
    """
    reading = read(transaction, code, document_seen=document_seen)
    decided = decide(policy, kind, reading.outcome, temperature)
    shown = reading.shown
    contacts = (_contact(transaction, policy, helper, place) for helper in decided.contacts)
    return Answer(
        decision=decided.decision,
        outcome=reading.outcome,
        colour=COLOURS.get(reading.outcome),
        name=shown.name if shown else None,
        document_kind=shown.document_kind if shown else None,
        last_four=shown.last_four if shown else None,
        issued_at=reading.issued_at,
        expires_at=reading.expires_at,
        guard=decided.guard,
        holder=decided.holder,
        loud=decided.loud,
        contacts=tuple(contact for contact in contacts if contact is not None),
        checked_at=transaction.now,
        band=decided.band,
    )


def _contact(
    transaction: Transaction, policy: Policy, helper: Helper, at: Place | None
) -> Contact | None:
    """Who that is at this place; None where nobody is known."""
    if helper is Helper.HOTLINE:
        return Contact(what=helper, name=policy.hotline.name, phone=policy.hotline.phone)
    if at is None:
        return None
    if helper is Helper.COMMUNITY:
        return _registered(helper, at.community_name, at.community_phone)
    clinic = at if at.kind is PlaceKind.FEVER_CLINIC else None
    clinic = clinic or nearest_fever_clinic(transaction, at.division)
    return _registered(helper, clinic.name, clinic.phone) if clinic else None


def _registered(helper: Helper, name: str, phone: str) -> Contact | None:
    # A place has one name, as its owner wrote it, in whichever language it is shown.
    return Contact(what=helper, name=Words(zh=name, en=name), phone=phone or None) if name else None
