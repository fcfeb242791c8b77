"""A house whose transactions are savepoints: many imports in one test, and nothing stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from healthcode.kit.db import Database, Transaction
from tests.evidence.feeding import Department, RolledBack


@pytest.fixture
def house(shared_database: Database, transaction: Transaction) -> Database:
    """The shared database at noon of 20 February 2020; the test's commits are rolled back."""
    return RolledBack.of(shared_database, transaction)


@pytest.fixture
def hospital(house: Database, tmp_path: Path) -> Department:
    """A client registered for one city-wide clinic."""
    department = Department(house, tmp_path, "health")
    department.registers("hospital")
    return department


@pytest.fixture
def department(house: Database, tmp_path: Path) -> Callable[..., Department]:
    """Any client, registered for nothing yet."""
    return lambda client, **options: Department(house, tmp_path, client, **options)
