"""The rows of a people file: who they are about, and what the client may say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from healthcode.evidence.feeds.batches import Batch, Staged, subject_of
from healthcode.evidence.feeds.deciding import Desk, Outcome
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.db import Transaction
from healthcode.people import Introduction, introduce, persons_of, residences


def introduced(transaction: Transaction, client: str, desk: Desk, rows: Sequence[Staged]) -> Batch:
    """Make the people of the rows known, or say more of them."""
    batch = Batch()
    asked = [_introduction(each) for each in rows]
    allowed = _may_state(transaction, client, desk, asked)
    taken: list[tuple[Staged, Introduction]] = []
    for row, introduction, may in zip(rows, asked, allowed, strict=True):
        if may:
            taken.append((row, introduction))
        else:
            batch.rejected.append((row, Rejected("residence", "outside_divisions")))
    people = introduce(transaction, client, [introduction for _, introduction in taken])
    for (row, _), person in zip(taken, people, strict=True):
        if person is None:
            batch.rejected.append((row, Rejected("document", "another_persons")))
        else:
            batch.counts[Outcome.RECORDED] += 1
    return batch


def _may_state(
    transaction: Transaction, client: str, desk: Desk, asked: Sequence[Introduction]
) -> list[bool]:
    """A narrow client moves nobody into its divisions, and says nothing of others' people."""
    ours = list(desk.registrations.values())
    if any(each.is_city_wide(desk.city) for each in ours):
        return [True] * len(asked)
    named = [who for each in asked for who in (each.subject, each.document) if who is not None]
    known = persons_of(transaction, client, named)
    homes = residences(transaction, known.values())

    def within(area: str) -> bool:
        return not area or any(each.may_reach(area) for each in ours)

    def home(introduction: Introduction) -> str:
        person = known.get(introduction.subject)
        if person is None and introduction.document is not None:
            person = known.get(introduction.document)
        return "" if person is None else homes.get(person, "")

    return [
        not each.states or (within(str(each.states.get("residence", ""))) and within(home(each)))
        for each in asked
    ]


def _introduction(row: Staged) -> Introduction:
    document = row.said["document"]
    states: dict[str, Any] = dict(row.said["states"])
    if "name_sealed" in states:
        states["name_sealed"] = bytes.fromhex(states["name_sealed"])
    return Introduction(
        subject_of(row.said["subject"]), subject_of(document) if document else None, states
    )
