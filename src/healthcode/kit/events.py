"""News from one room to those above it, heard in the transaction that made it.

A room declares its events as frozen dataclasses; `app/wiring.py` says who listens, in one table.
A listener is a function `(transaction, event)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Listeners = Mapping[type, Sequence[Callable[[Any, Any], None]]]


class NotWired(LookupError):
    """An event was published that the wiring table does not name."""


def hear(listeners: Listeners, transaction: object, event: object) -> None:
    """Tell every listener, in the order of the table. An event without a row is a mistake."""
    if type(event) not in listeners:
        raise NotWired(f"{type(event).__name__} has no row in the wiring table")
    for listener in listeners[type(event)]:
        listener(transaction, event)
