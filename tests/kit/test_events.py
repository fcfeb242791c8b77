"""News is heard in the transaction that made it, by whoever the wiring table names."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa

from healthcode.kit.db import Database, Transaction
from healthcode.kit.events import NotWired


@dataclass(frozen=True)
class Rang:
    """An event of these tests."""

    times: int


class RangLouder(Rang):
    """A subclass is another event."""


def listening(transaction: Transaction, *listeners: object) -> Transaction:
    """The transaction, with these listeners to `Rang`."""
    return replace(transaction, _listeners={Rang: list(listeners)})


def test_listeners_hear_in_the_order_of_the_table_and_at_once(transaction: Transaction) -> None:
    heard: list[str] = []
    ringing = listening(
        transaction,
        lambda _, event: heard.append(f"first {event.times}"),
        lambda _, event: heard.append(f"second {event.times}"),
    )
    ringing.publish(Rang(1))
    heard.append("published")
    ringing.publish(Rang(2))
    assert heard == ["first 1", "second 1", "published", "first 2", "second 2"]


def test_a_listener_is_given_the_publishers_transaction(transaction: Transaction) -> None:
    given: list[object] = []
    ringing = listening(transaction, lambda heard_in, _: given.append(heard_in))
    ringing.publish(Rang(1))
    assert given == [ringing]


def test_an_event_without_a_row_in_the_wiring_table_is_refused(transaction: Transaction) -> None:
    ringing = listening(transaction)
    ringing.publish(Rang(1))  # nobody listens, and the table says so
    with pytest.raises(NotWired, match="RangLouder has no row"):
        ringing.publish(RangLouder(1))
    with pytest.raises(NotWired, match="Rang has no row"):
        transaction.publish(Rang(1))


def test_a_listener_that_fails_stops_those_after_it_and_the_publisher(
    transaction: Transaction,
) -> None:
    heard: list[str] = []

    def fail(_: Transaction, __: Rang) -> None:
        raise ZeroDivisionError

    ringing = listening(transaction, fail, lambda _, __: heard.append("after"))
    with pytest.raises(ZeroDivisionError):
        ringing.publish(Rang(1))
    assert heard == []


def test_what_a_listener_wrote_goes_when_the_publisher_fails(shared_database: Database) -> None:
    def write(transaction: Transaction, _: Rang) -> None:
        transaction.run(sa.text("CREATE TABLE kit.rung (times int)"))

    database = replace(shared_database, listeners={Rang: [write]})
    with pytest.raises(ZeroDivisionError), database.transaction() as transaction:
        transaction.publish(Rang(1))
        raise ZeroDivisionError
    with database.transaction() as transaction:
        assert transaction.run(sa.text("SELECT to_regclass('kit.rung')")).scalar() is None
