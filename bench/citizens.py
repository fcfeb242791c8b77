"""People of a loaded city who have signed in, gates with their staff, and a rulebook to publish.

Sessions are made in the database: nobody waits for a text message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from healthcode.access import Role
from healthcode.access import accounts as staff
from healthcode.access.citizens import new_citizen
from healthcode.access.sessions import CITIZENS_STAY, open_session, sign_in
from healthcode.access.tables import accounts
from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.kit.clock import local_today
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.people import Introduction, identify, introduce
from healthcode.people.tables import documents
from healthcode.people.terms import resident_number
from healthcode.places.actions import register_place
from healthcode.places.terms import PlaceKind, PlaceRegistration
from healthcode.rulebook import Rulebook
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.publishing import decide, propose

FIRST, SECOND = "first.operator", "second.operator"
EPIDEMIOLOGIST, APPROVER = "an.epidemiologist", "an.approver"
GATES = 4
BORN = 1950
CLIENT = "bench"


@dataclass(frozen=True)
class Signed:
    """Tokens of sessions, and the number of the draft that two people want published."""

    citizens: Sequence[str]
    gates: Sequence[str]
    publisher: str
    draft: int


def sign_everybody_in(database: Database, persons: Sequence[int]) -> Signed:
    """Give these people documents, accounts and sessions; open gates; propose and approve."""
    with database.transaction() as transaction:
        first, second = (Caller(name, Role.OPERATOR) for name in (FIRST, SECOND))
        staff.found(transaction, FIRST, SECOND)
        word = staff.open_account(transaction, first, EPIDEMIOLOGIST, Role.EPIDEMIOLOGIST, "*")
        staff.open_account(transaction, second, APPROVER, Role.APPROVER, "*")
        publisher = sign_in(transaction, EPIDEMIOLOGIST, word.secret, "").token
        gates = [_gate(transaction, first, number) for number in range(GATES)]
        citizens = [_citizen(transaction, person, n) for n, person in enumerate(persons)]
    with database.acting_as(EPIDEMIOLOGIST).transaction() as transaction:
        draft = propose(transaction, changed())
    with database.acting_as(APPROVER).transaction() as transaction:
        decide(transaction, draft, approve=True)
    return Signed(citizens, gates, publisher, draft)


def changed() -> Rulebook:
    """The shipped rulebook with ten days wherever it has fourteen: hardly a window stays."""
    text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
    body: dict[str, Any] = read_rulebook(text).model_dump(mode="json", by_alias=True)
    for rule in body["rules"]:
        rule["window"]["until"] = rule["window"]["until"].replace("14d", "10d")
    return Rulebook.model_validate(body | {"version": "2"})


def _gate(transaction: Transaction, by: Caller, number: int) -> str:
    asked = PlaceRegistration(f"{CLIENT}-{number}", PlaceKind.WORKPLACE, f"Gate {number}", "120101")
    place = register_place(transaction, asked)
    name = f"gate-{number}"
    word = staff.open_account(transaction, by, name, Role.GATE, place.public_id)
    return sign_in(transaction, name, word.secret, "").token


def _citizen(transaction: Transaction, person: int, number: int) -> str:
    """A session of somebody whose name and document the registry has checked."""
    born = date(BORN + number // 900, 1, 1)
    text = f"10:{resident_number('120101', born, 1 + number % 900)}"
    paper = identify(transaction.keys, CLIENT, text, local_today(transaction.now))
    transaction.run(
        sa.insert(documents).values(
            kind=paper.kind, number_hash=paper.hashed, number_sealed=paper.sealed, person=person
        )
    )
    name = {"name_sealed": Introduction.seal_name(transaction.keys, "王小明")}
    introduce(transaction, CLIENT, [Introduction(paper, None, name, checked=True)])
    account = new_citizen(transaction, f"+8613{number:09}")
    transaction.run(
        sa.update(accounts)
        .where(accounts.c.account == account)
        .values(person=person, verified_at=transaction.now)
    )
    token, _ = open_session(transaction, account, CITIZENS_STAY)
    return token
