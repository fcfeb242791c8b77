"""The jobs of the rulebook; each may run twice."""

from __future__ import annotations

from healthcode.kit.db import Transaction
from healthcode.rulebook import actions


def reassess(transaction: Transaction, persons: list[int]) -> None:
    """Reassess some people."""
    actions.reassess(transaction, persons)


def reassess_due(transaction: Transaction) -> None:
    """The clock's job: people whose standing can change by now. Asks for itself if more are due."""
    if actions.reassess_due(transaction) == actions.AT_ONCE:
        transaction.defer(actions.REASSESS_DUE, once=actions.REASSESS_DUE)
