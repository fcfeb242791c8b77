"""The jobs of the codes; each may run twice."""

from __future__ import annotations

from healthcode.codes import actions
from healthcode.kit.db import Transaction

FORGET = "codes.forget"


def forget(transaction: Transaction) -> None:
    """Drop codes that have run out."""
    actions.forget(transaction)
