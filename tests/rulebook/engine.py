"""The engine, asked like the oracle: a made-up world is put into the tables and judged there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from healthcode.kit.db import Transaction
from healthcode.rulebook import queries
from healthcode.rulebook.actions import NOW
from healthcode.rulebook.compiling import Compiled, compile_rulebook
from healthcode.rulebook.terms import Colour, Finding, Rulebook, Standing
from tests.rulebook.facts import Designation, Fact
from tests.rulebook.worlds import put


@contextmanager
def inside(
    transaction: Transaction,
    people: Iterable[int],
    known: Iterable[Fact],
    designated: Iterable[Designation],
) -> Iterator[None]:
    """A world that is gone afterwards."""
    savepoint = transaction.connection.begin_nested()
    try:
        put(transaction, people, known, designated)
        yield
    finally:
        savepoint.rollback()


def compiled(rulebook: Rulebook) -> Compiled:
    """A rulebook's statements; compiling takes most of a test's time."""
    return _compiled(rulebook.model_dump_json(by_alias=True))


@cache
def _compiled(body: str) -> Compiled:
    return compile_rulebook(Rulebook.model_validate_json(body))


def read_findings(
    transaction: Transaction, rulebook: Rulebook, people: list[int], known_at: datetime | None
) -> set[Finding]:
    """What the engine finds about these people."""
    statement = queries.findings_of_some(compiled(rulebook).findings)
    values = {"persons": people, "known_at": _naive(known_at) if known_at else NOW}
    return found(transaction.run(statement, values))


def read_standing(
    transaction: Transaction,
    rulebook: Rulebook,
    people: list[int],
    at: datetime,
    known_at: datetime | None,
) -> dict[int, Standing]:
    """How the engine sees those of these people who have findings."""
    both = compiled(rulebook)
    values = {
        "persons": people,
        "known_at": _naive(known_at) if known_at else NOW,
        "at": _naive(at),
    }
    rows = transaction.run(queries.standing_of_some(both.findings, both.standing), values)
    return {
        row.person: Standing(row.person, Colour(row.colour or rulebook.undeclared), row.changes_at)
        for row in rows
    }


def findings(
    transaction: Transaction,
    known: Iterable[Fact],
    designated: Iterable[Designation],
    rulebook: Rulebook,
    known_at: datetime | None,
) -> set[Finding]:
    """What the engine finds in a world; the oracle's `findings` with a transaction before."""
    known = list(known)
    people = sorted({fact.person for fact in known})
    with inside(transaction, people, known, designated):
        return read_findings(transaction, rulebook, people, known_at)


def found(rows: sa.CursorResult[Any]) -> set[Finding]:
    """Rows as findings."""
    return {
        Finding(row.person, row.rule, row.fact, Colour(row.colour), row.opens, row.until)
        for row in rows
    }


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
