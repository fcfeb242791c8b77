"""Putting a made-up world into the tables, as if it had been recorded so."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from healthcode.evidence.tables import (
    designation_retractions,
    designations,
    facts,
    recordings,
    retractions,
)
from healthcode.kit.db import Transaction
from healthcode.people.tables import persons
from tests.rulebook.facts import Designation, Fact, Going


def put(
    transaction: Transaction,
    people: Iterable[int],
    known: Iterable[Fact],
    designated: Iterable[Designation] = (),
) -> None:
    """Insert persons, facts and designations with the moments they state."""
    recording = transaction.run(
        sa.insert(recordings).values(client="world").returning(recordings.c.recording)
    ).scalar_one()
    for person in people:
        transaction.run(sa.insert(persons).values(person=person))
    for fact in known:
        transaction.run(sa.insert(facts).values(**_fact(fact), recording=recording))
        if fact.retracted_at is not None:
            transaction.run(
                sa.insert(retractions).values(
                    fact=fact.fact,
                    source=fact.source,
                    recording=recording,
                    recorded_at=fact.retracted_at,
                )
            )
    for each in designated:
        if not (each.area or each.place):
            continue  # the schema refuses it, and by the law it covers nothing
        transaction.run(sa.insert(designations).values(**_designation(each), recording=recording))
        if each.retracted_at is not None:
            transaction.run(
                sa.insert(designation_retractions).values(
                    designation=each.designation,
                    source="world",
                    recording=recording,
                    recorded_at=each.retracted_at,
                )
            )


def _fact(fact: Fact) -> dict[str, object]:
    return {
        "fact": fact.fact,
        "person": fact.person,
        "kind": fact.kind,
        "result": fact.result,
        "number": fact.number,
        "area": fact.area,
        "place": fact.place,
        "started_at": fact.started_at,
        "ended_at": sa.text("'infinity'") if fact.ended_at is Going.ON else fact.ended_at,
        "source": fact.source,
        "source_class": fact.source_class,
        "recorded_at": fact.recorded_at,
    }


def _designation(each: Designation) -> dict[str, object]:
    return {
        "designation": each.designation,
        "level": each.level,
        "area": each.area,
        "place": each.place,
        "started_at": each.started_at,
        "ended_at": each.ended_at,
        "source": "world",
        "recorded_at": each.recorded_at,
    }
