"""What waits for a second person: listed, approved, or refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from healthcode.access import is_second_person
from healthcode.evidence.declarations import OWN
from healthcode.evidence.feeds import queries
from healthcode.evidence.feeds.batches import OURS, Part, Staged, subject_of
from healthcode.evidence.feeds.deciding import ANY, Desk, Outcome, Registration
from healthcode.evidence.feeds.recording import Recorder, alone, desk_of
from healthcode.evidence.queries import SOURCES
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput, Refused
from healthcode.kit.words import Words
from healthcode.people import persons_of, residences
from healthcode.places import covers


class NothingWaits(BadInput):
    """No such proposal, or it is decided."""

    words = Words(
        zh="{proposal} 号没有待批准的内容：编号有误，或已有人处理。",
        en="Nothing waits under number {proposal}: there is no such proposal, or it is decided.",
    )
    status = 404


class NotASecondPerson(Refused):
    """Whoever proposed, made the proposer, or was made by them, asks to approve."""

    words = Words(
        zh="须由另一人批准：提出者本人、其开设者，以及由他们开设的账号都不能批准。",
        en="Another person has to approve: not who proposed it, nor who opened that account, nor "
        "an account that any of them opened.",
    )


class NotYourDivision(Refused):
    """A proposal about people or areas beyond the approver's division."""

    words = Words(
        zh="其中有您负责的区划以外的人员或地区，或居住地不明的人员，须由全市范围的复核人批准。",
        en="There are people or areas beyond your division in it, or people whose residence "
        "nobody has said: a city-wide approver decides this.",
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that waits: who asks for how many rows of what, and since when."""

    proposal: int
    client: str
    account: str | None
    what: str
    proposed_at: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a proposal: how many rows count now, and how many were not taken."""

    recorded: int
    rejected: int


def waiting(transaction: Transaction) -> list[Waiting]:
    """Everything that waits, the oldest first."""
    return [Waiting(**row._mapping) for row in transaction.run(queries.WAITING)]


def decide(
    transaction: Transaction, proposal: int, city: str, scope: str, *, approve: bool
) -> Decided:
    """Approve a proposal, or refuse it, on the word of the transaction's account.

    The scope is the account's. What is approved is known from now on. Raises NothingWaits,
    NotASecondPerson or NotYourDivision.
    """
    found = transaction.run(queries.LOCK_PROPOSAL, {"proposal": proposal}).one_or_none()
    if found is None:
        raise NothingWaits(proposal=proposal)
    account = transaction.account or ""
    proposers = [name for name in (found.account, found.client) if name]
    if not is_second_person(transaction, account, proposers):
        raise NotASecondPerson
    key = {"proposal": proposal}
    about = _one_of_ours(_rows(transaction, proposal))
    alone(transaction, found.client, about)
    if not (scope == ANY or covers(scope, city)):
        _check_within(transaction, found.client, scope, _rows(transaction, proposal))
    rows = _rows(transaction, proposal)  # again: some may have been taken back meanwhile
    transaction.run(queries.FORGET_PROPOSED, key)
    decision = key | {"now": transaction.now, "account": account, "approved": approve}
    transaction.run(queries.DECIDE_PROPOSAL, decision)
    if not approve:
        return Decided(0, 0)
    designates = found.what == "designations"
    desk = desk_of(transaction, found.client, city) if designates else _desk(transaction)
    recorder = Recorder(transaction, found.client, desk, weighed=False, about=about)
    batch = recorder.record(found.what, Part(rows))
    taken = sum(count for outcome, count in batch.counts.items() if outcome != Outcome.UNCHANGED)
    return Decided(taken, len(batch.rejected))


def _check_within(transaction: Transaction, client: str, scope: str, rows: list[Staged]) -> None:
    """A district's approver decides about its own residents and areas. Raises NotYourDivision."""
    subjects = [subject_of(row.said["subject"]) for row in rows if row.said.get("subject")]
    known = persons_of(transaction, client, [each for each in subjects if each.kind != OURS])
    ours = {each: int.from_bytes(each.hashed) for each in subjects if each.kind == OURS}
    homes = residences(transaction, [*known.values(), *ours.values()])
    people = known | ours
    for row in rows:
        if row.said.get("subject"):
            where = homes.get(people.get(subject_of(row.said["subject"]), 0), "")
        else:
            where = row.said.get("area") or ""
        if not covers(scope, where):
            raise NotYourDivision


def _rows(transaction: Transaction, proposal: int) -> list[Staged]:
    found = transaction.run(queries.PROPOSED_ROWS, {"proposal": proposal})
    return [Staged(row.row, row.row, json.loads(row.said)) for row in found]


def _desk(transaction: Transaction) -> Desk:
    """Every source. What this client may write was decided when it was proposed."""
    everywhere = {
        row.source: Registration(row.source, row.source_class, frozenset({ANY}), (ANY,))
        for row in transaction.run(SOURCES)
    }
    return Desk(everywhere | OWN.registrations, city="", replay=False)


def _one_of_ours(rows: list[Staged]) -> int | None:
    """The person, where all rows are about one of ours: what they say now waits for us."""
    subjects = {tuple(row.said.get("subject") or ()) for row in rows}
    if len(subjects) != 1:
        return None
    [(kind, hashed, _)] = (each or ("", "", None) for each in subjects)
    return int(hashed or "0", 16) if kind == OURS else None
