"""The engine gives what the law says: PostgreSQL held to the plain oracle, on random worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from healthcode.kit.db import Transaction
from healthcode.rulebook.actions import enact, reassess
from healthcode.rulebook.tables import findings as findings_table
from healthcode.rulebook.tables import standings
from healthcode.rulebook.terms import Colour, Standing
from tests.rulebook import oracle
from tests.rulebook.engine import found as engine_found
from tests.rulebook.engine import inside, read_findings, read_standing
from tests.rulebook.every_word import EVERY_WORD
from tests.rulebook.strategies import World, worlds
from tests.rulebook.worlds import put


def _check(transaction: Transaction, world: World) -> None:
    rulebook, people = world.rulebook, list(world.persons)
    expected = oracle.findings(world.facts, world.designations, rulebook, world.known_at)
    with inside(transaction, people, world.facts, world.designations):
        found = read_findings(transaction, rulebook, people, world.known_at)
        standing = read_standing(transaction, rulebook, people, world.at, world.known_at)
        one_by_one = [read_findings(transaction, rulebook, [p], world.known_at) for p in people]
    assert found == expected
    for who in people:
        nothing = Standing(who, rulebook.undeclared, None)
        assert standing.get(who, nothing) == oracle.standing(expected, who, world.at, rulebook)
    # Restricting to some persons changes nothing but who is asked about.
    assert set().union(*one_by_one) == found


# Compiling takes most of an example's time: many worlds of one rulebook that uses every word of
# the language, and fewer with a rulebook of their own.
@settings(max_examples=100)
@given(world=worlds(EVERY_WORD))
def test_the_engine_follows_the_law_in_any_world(transaction: Transaction, world: World) -> None:
    _check(transaction, world)


@settings(max_examples=12)
@given(world=worlds())
def test_the_engine_follows_the_law_of_any_rulebook(transaction: Transaction, world: World) -> None:
    _check(transaction, world)


@pytest.mark.slow
@settings(max_examples=1000)
@given(world=worlds())
def test_the_engine_follows_the_law_of_any_rulebook_at_length(
    transaction: Transaction, world: World
) -> None:
    _check(transaction, world)


@pytest.mark.slow
@settings(max_examples=3000)
@given(world=worlds(EVERY_WORD))
def test_the_engine_follows_the_law_in_any_world_at_length(
    transaction: Transaction, world: World
) -> None:
    _check(transaction, world)


@settings(max_examples=5)
@given(before=worlds(), after=worlds())
def test_reassessing_leaves_what_the_law_says_of_now_whatever_stood_there_before(
    transaction: Transaction, before: World, after: World
) -> None:
    savepoint = transaction.connection.begin_nested()
    try:
        persons = sorted({*before.persons, *after.persons})
        put(transaction, persons, before.facts, before.designations)
        _bind(transaction, before, "9.1")
        reassess(transaction, persons)
        shift = len(before.facts)
        added = [replace(fact, fact=fact.fact + shift) for fact in after.facts]
        put(transaction, [], added)
        _bind(transaction, after, "9.2")
        reassess(transaction, persons)
        facts = [*before.facts, *added]
        expected = oracle.findings(facts, before.designations, after.rulebook, None)
        stored = transaction.run(sa.select(findings_table))
        assert engine_found(stored) == expected
        for row in transaction.run(sa.select(standings)):
            standing = Standing(row.person, Colour(row.colour), row.changes_at)
            assert standing == oracle.standing(
                expected, row.person, transaction.now, after.rulebook
            )
    finally:
        savepoint.rollback()


def _bind(transaction: Transaction, world: World, version: str) -> None:
    named = world.rulebook.model_copy(update={"name": "drawn", "version": version})
    ago = {"9.1": timedelta(hours=2), "9.2": timedelta(hours=1)}[version]
    enact(transaction, named, binds_from=transaction.now - ago)
