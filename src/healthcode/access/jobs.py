"""The jobs of access; each may run twice."""

from __future__ import annotations

from healthcode.access import limits, messages, queries
from healthcode.kit.db import Transaction

FORGET = "access.forget"


def send(transaction: Transaction, message: int) -> None:
    """Send a text message."""
    messages.send(transaction, message)


def forget(transaction: Transaction) -> None:
    """The clock's job: sessions, codes, messages and counted tries that are over are deleted."""
    times = {"now": transaction.now, "before": transaction.now - limits.LONGEST}
    for statement in queries.FORGET:
        transaction.run(statement, times)
