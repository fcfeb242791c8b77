"""The jobs of the rulebook; each may run twice."""

from __future__ import annotations

from healthcode.kit.db import Transaction
from healthcode.rulebook import actions, publishing


def reassess(transaction: Transaction, persons: list[int]) -> None:
    """Reassess some people."""
    actions.reassess(transaction, persons)


def reassess_due(transaction: Transaction) -> None:
    """The clock's job: people whose standing can change by now. Asks for itself if more are due."""
    if actions.reassess_due(transaction) == actions.AT_ONCE:
        transaction.defer(actions.REASSESS_DUE, once=actions.REASSESS_DUE)


def change_standings(transaction: Transaction) -> None:
    """A batch of the change to a newly published rulebook, and then the next, after other jobs.

    The clock asks for it, too: a crash, or a moment that has come, needs nobody. Where somebody
    else is at it, they go on.
    """
    if publishing.advance(transaction) is publishing.Step.WORKED:
        transaction.defer(publishing.CHANGE, once=publishing.CHANGE, later=True)


def compare(transaction: Transaction) -> None:
    """The clock's job of the night: whether the stored standings are what the evidence gives."""
    from healthcode.rulebook.everybody import consistency  # noqa: PLC0415 - Arrow is slow to import

    consistency.compare(transaction)


def forget_snapshots(transaction: Transaction) -> None:
    """The clock's job: snapshots that nobody keeps by name are gone after a day."""
    from healthcode.rulebook.everybody import taking  # noqa: PLC0415 - as above

    taking.forget(transaction)
