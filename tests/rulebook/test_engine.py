"""The engine gives what the law says: PostgreSQL held to the plain oracle, on random worlds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from healthcode.kit.db import Transaction
from healthcode.rulebook import queries
from healthcode.rulebook.actions import NOW, install_rulebook, reassess
from healthcode.rulebook.compiling import Compiled, compile_rulebook
from healthcode.rulebook.tables import findings as findings_table
from healthcode.rulebook.tables import standings
from healthcode.rulebook.terms import Colour, Finding, Standing
from tests.rulebook import oracle
from tests.rulebook.every_word import EVERY_WORD
from tests.rulebook.strategies import World, worlds
from tests.rulebook.worlds import put


@contextmanager
def _inside(transaction: Transaction, world: World) -> Iterator[None]:
    savepoint = transaction.connection.begin_nested()
    put(transaction, world.persons, world.facts, world.designations)
    yield
    savepoint.rollback()


@pytest.fixture(scope="module")
def compiled_every_word() -> Compiled:
    return compile_rulebook(EVERY_WORD)


def _values(world: World, persons: list[int]) -> dict[str, object]:
    return {
        "persons": persons,
        "at": world.at.astimezone(UTC).replace(tzinfo=None),
        "known_at": NOW
        if world.known_at is None
        else world.known_at.astimezone(UTC).replace(tzinfo=None),
    }


def _found(rows: sa.CursorResult[object]) -> set[Finding]:
    return {
        Finding(row.person, row.rule, row.fact, Colour(row.colour), row.opens, row.until)
        for row in rows
    }


def _read(
    transaction: Transaction, compiled: Compiled, world: World, persons: list[int]
) -> tuple[set[Finding], dict[int, Standing]]:
    values = _values(world, persons)
    found = transaction.run(queries.findings_of_some(compiled.findings), values)
    stand = transaction.run(queries.standing_of_some(compiled.findings, compiled.standing), values)
    standing = {
        row.person: Standing(
            row.person, Colour(row.colour or world.rulebook.undeclared), row.changes_at
        )
        for row in stand
    }
    return _found(found), standing


def _check(transaction: Transaction, compiled: Compiled, world: World) -> None:
    expected = oracle.findings(world.facts, world.designations, world.rulebook, world.known_at)
    with _inside(transaction, world):
        everybody = _read(transaction, compiled, world, list(world.persons))
        one_by_one = [_read(transaction, compiled, world, [who]) for who in world.persons]
    found, standing = everybody
    assert found == expected
    for who in world.persons:
        nothing = Standing(who, world.rulebook.undeclared, None)
        assert standing.get(who, nothing) == oracle.standing(
            expected, who, world.at, world.rulebook
        )
    # Restricting to some persons changes nothing but who is asked about.
    assert set().union(*(one for one, _ in one_by_one)) == found
    assert {who: each for _, one in one_by_one for who, each in one.items()} == standing


# Compiling takes most of an example's time: many worlds of one rulebook that uses every word of
# the language, and fewer with a rulebook of their own.
@settings(max_examples=120)
@given(world=worlds(EVERY_WORD))
def test_the_engine_follows_the_law_in_any_world(
    transaction: Transaction, compiled_every_word: Compiled, world: World
) -> None:
    _check(transaction, compiled_every_word, world)


@settings(max_examples=25)
@given(world=worlds())
def test_the_engine_follows_the_law_of_any_rulebook(transaction: Transaction, world: World) -> None:
    _check(transaction, compile_rulebook(world.rulebook), world)


@pytest.mark.slow
@settings(max_examples=3000)
@given(world=worlds())
def test_the_engine_follows_the_law_of_any_rulebook_at_length(
    transaction: Transaction, world: World
) -> None:
    _check(transaction, compile_rulebook(world.rulebook), world)


@pytest.mark.slow
@settings(max_examples=10000)
@given(world=worlds(EVERY_WORD))
def test_the_engine_follows_the_law_in_any_world_at_length(
    transaction: Transaction, compiled_every_word: Compiled, world: World
) -> None:
    _check(transaction, compiled_every_word, world)


@settings(max_examples=8)
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
        assert _found(stored) == expected
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
    install_rulebook(transaction, named, binds_from=transaction.now - ago)
