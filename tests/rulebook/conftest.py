"""A house by a rulebook that uses every word of the language; it is compiled once a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.rulebook.actions import enact
from tests.conftest import NOON
from tests.rulebook.every_word import EVERY_WORD


@pytest.fixture(scope="module")
def every_word(shared_database: Database) -> Iterator[sa.Connection]:
    """A connection on which the rulebook binds that uses every word; rolled back at the end."""
    with shared_database.engine.connect() as connection:
        with shared_database.on(connection) as transaction:
            enact(transaction, EVERY_WORD, binds_from=NOON - timedelta(hours=1))
        yield connection
        connection.rollback()


@pytest.fixture
def by_every_word(every_word: sa.Connection, shared_database: Database) -> Iterator[Transaction]:
    """A transaction at noon of 20 February 2020 by that rulebook, of which nothing stays."""
    savepoint = every_word.begin_nested()
    at_noon = replace(shared_database, clock=SetClock(NOON))
    with at_noon.on(every_word) as made:
        yield made
    savepoint.rollback()
