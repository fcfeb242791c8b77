"""Every night everybody is judged anew; a difference is written down, said, and left as it is."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa

from healthcode.kit.db import Database, Transaction
from healthcode.rulebook import jobs
from healthcode.rulebook.actions import REASSESS, last_comparison, reassess
from healthcode.rulebook.everybody.consistency import compare
from healthcode.rulebook.tables import differences, standings
from healthcode.rulebook.terms import Comparison
from tests.conftest import NOON
from tests.rulebook.facts import Fact
from tests.rulebook.worlds import put

DAY = timedelta(days=1)


def _declared(person: int, *, days_ago: int = 1) -> Fact:
    at = NOON - days_ago * DAY
    return Fact(
        person, person, "declaration", at, source="self", source_class="self", recorded_at=at
    )


@pytest.fixture
def city(at) -> Database:
    """Four people, judged: three green, one who never declared; known to no clock but noon's."""
    database = at(NOON)
    with database.transaction() as transaction:
        put(transaction, [1, 2, 3, 4], [_declared(each) for each in (1, 2, 3)])
        reassess(transaction, [1, 2, 3])
    return database


def _compared(database: Database) -> Comparison:
    with database.transaction() as transaction:
        return compare(transaction)


def _spoil(transaction: Transaction, person: int, **what: object) -> None:
    transaction.run(sa.update(standings).where(standings.c.person == person).values(**what))


def test_standings_that_follow_from_the_evidence_are_no_difference(city: Database) -> None:
    found = _compared(city)
    assert (found.people, found.left_out, found.differing) == (3, 0, 0)
    with city.transaction() as transaction:
        assert last_comparison(transaction) == found


@pytest.mark.parametrize("what", [{"colour": "red"}, {"changes_at": NOON + 3 * DAY}])
def test_a_difference_is_said_and_written_down_and_nothing_is_mended(
    city: Database, caplog: pytest.LogCaptureFixture, what: dict[str, object]
) -> None:
    with city.transaction() as transaction:
        _spoil(transaction, 2, **what)
    with caplog.at_level(logging.ERROR):
        found = _compared(city)
    assert found.differing == 1
    assert "1 people differ" in caplog.text
    with city.transaction() as transaction:
        [written] = transaction.run(sa.select(differences)).all()
        assert (written.person, written.judged) == (2, "green")
        [left] = transaction.run(sa.select(standings).where(standings.c.person == 2)).all()
    assert {name: getattr(left, name) for name in what} == what


def test_evidence_that_nobody_judged_is_a_difference(city: Database) -> None:
    with city.transaction() as transaction:
        put(transaction, [], [_declared(4)])
    assert _compared(city).differing == 1


def test_whoever_is_about_to_be_judged_anew_is_left_out(city: Database) -> None:
    with city.transaction() as transaction:
        _spoil(transaction, 1, colour="red")
        transaction.defer(REASSESS, persons=[1])
        _spoil(transaction, 2, colour="red", changes_at=NOON)
    found = _compared(city)
    assert (found.people, found.left_out, found.differing) == (1, 2, 0)


def test_the_job_of_the_night_compares(city: Database) -> None:
    with city.transaction() as transaction:
        jobs.compare(transaction)
    with city.transaction() as transaction:
        assert last_comparison(transaction) is not None
