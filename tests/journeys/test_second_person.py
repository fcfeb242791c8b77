"""A department turns 501 people over HTTP: the last waits until a second person says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Thread
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from healthcode.access import Role, ensure_client, passwords
from healthcode.access.accounts import found, open_account
from healthcode.app.web import API, web
from healthcode.app.wiring import shipped_policy
from healthcode.evidence.actions import SourceRegistration, designate, register
from healthcode.evidence.feeds.pushing import push
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database, Transaction
from healthcode.kit.http import Caller
from healthcode.rulebook import Colour, count_colours, judge
from tests.api.city import Browser, browsing
from tests.conftest import NOON
from tests.evidence.feeding import CITY, document, person_of

STAFF = {"ours": (Role.APPROVER, "first"), "theirs": (Role.APPROVER, "second")}

WAITS_FOR_A_LOCK = sa.text("""
    SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid())
""")


def contact(number: int) -> dict[str, str]:
    """A row that turns somebody red."""
    said = {"kind": "contact", "result": "close", "started_at": "2020-02-19"}
    return said | {"subject": document(number)}


@contextmanager
def crossing(transaction: Transaction, work: Callable[[], object]) -> Iterator[None]:
    """Before a transaction commits, somebody else's work is done, or waits for it."""
    other = Thread(target=work)
    yield
    other.start()
    while other.is_alive() and not transaction.run(WAITS_FOR_A_LOCK).scalar():
        sleep(0.01)
    transaction.connection.commit()
    other.join(30)


@dataclass
class City:
    """A city of two founders, seen over HTTP."""

    database: Database
    clock: SetClock
    browser: Browser
    tokens: dict[str, str] = field(default_factory=dict)

    def asks(self, account: str, method: str, path: str, body: object = None) -> Any:
        """The answer's status and body."""
        headers = {"Authorization": f"Bearer {self.tokens[account]}"}
        answer = self.browser.request(method, API + path, json=body, headers=headers)
        return answer.status_code, answer.json()

    def pushes(self, people: range) -> dict[str, int]:
        """What became of rows that turn these people red, by outcome."""
        rows = [contact(n) for n in people]
        status, said = self.asks("bureau", "POST", "/feeds/cdc", {"rows": rows})
        assert (status, said.pop("rejected")) == (200, [])
        return {outcome: count for outcome, count in said.items() if count}

    def colour(self, number: int) -> Colour:
        person = person_of(self.database, "bureau", document(number))
        assert person is not None
        with self.database.transaction() as transaction:
            return judge(transaction, person).standing.colour

    def red(self) -> int:
        with self.database.transaction() as transaction:
            return sum(each[Colour.RED] for each in count_colours(transaction).values())


@pytest.fixture
def city(fresh: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    clock = SetClock(NOON)
    database = replace(fresh, clock=clock)
    with browsing(web(lambda: nullcontext((database, CITY)), shipped_policy())) as browser:
        made = City(database, clock, browser)
        with database.transaction() as transaction:
            found(transaction, "first", "second")
            opened = open_account(transaction, Caller("first", Role.OPERATOR), "bureau", "source")
            made.tokens["bureau"] = opened.secret
            asked = SourceRegistration("bureau", "cdc", "authority", ("*",), ("all",))
            register(transaction, asked)
            secrets = {
                name: open_account(transaction, Caller(by, Role.OPERATOR), name, role, "*").secret
                for name, (role, by) in STAFF.items()
            }
        for name, password in secrets.items():
            body = {"name": name, "password": password}
            answer = browser.request("POST", f"{API}/session/password", json=body)
            made.tokens[name] = answer.json()["token"]
        yield made
    passwords._nobodys.cache_clear()


def test_of_501_people_pushed_over_http_the_last_turns_once_the_other_side_approves(
    city: City,
) -> None:
    for start in range(0, 500, 100):
        assert city.pushes(range(start, start + 100)) == {"recorded": 100}
    assert city.pushes(range(500, 501)) == {"proposed": 1}
    assert city.pushes(range(100)) == {"unchanged": 100}, "sent again, it is nothing new"
    assert (city.red(), city.colour(0), city.colour(500)) == (500, Colour.RED, Colour.GREY)

    status, [waiting] = city.asks("theirs", "GET", "/approvals")
    assert (status, waiting["rows"], waiting["client"]) == (200, 1, "bureau")
    assert document(500)[3:] not in str(waiting), "it names nobody"
    path = f"/approvals/{waiting['proposal']}"

    status, said = city.asks("ours", "POST", path, {"approve": True})
    assert status == 403
    assert "Another person has to approve" in said["words"]["en"]
    assert city.asks("bureau", "POST", path, {"approve": True})[0] == 403
    assert city.colour(500) is Colour.GREY

    city.clock.stated = NOON + timedelta(hours=1)
    assert city.asks("theirs", "POST", path, {"approve": True}) == (
        200,
        {"recorded": 1, "rejected": 0},
    )
    assert (city.red(), city.colour(500)) == (501, Colour.RED)
    assert city.asks("theirs", "POST", path, {"approve": True})[0] == 404
    assert city.asks("theirs", "GET", "/approvals") == (200, [])


def test_what_the_other_side_refuses_over_http_never_counts(city: City) -> None:
    assert city.pushes(range(501)) == {"recorded": 500, "proposed": 1}
    _, [waiting] = city.asks("theirs", "GET", "/approvals")
    path = f"/approvals/{waiting['proposal']}"
    refused = {"recorded": 0, "rejected": 0}
    assert city.asks("ours", "POST", path, {"approve": False})[0] == 403
    assert city.asks("theirs", "POST", path, {"approve": False}) == (200, refused)
    assert city.asks("theirs", "POST", path, {"approve": True})[0] == 404
    assert (city.red(), city.colour(500)) == (500, Colour.GREY)
    assert city.pushes(range(500, 501)) == {"proposed": 1}, "asked for again, it waits again"


def test_facts_and_a_designation_that_cross_turn_whoever_was_there(city: City) -> None:
    """One side records stays while the other's designation of the area is on its way."""
    stays = [
        {"subject": document(n), "kind": "stay", "area": "420106", "started_at": "2020-02-19"}
        for n in range(3)
    ]
    risk = {"level": "high", "area": "420100", "started_at": "2020-01-10"}
    with city.database.transaction() as transaction:
        ensure_client(transaction, Caller("second", Role.OPERATOR), "office")
        for client, kinds in (("bureau", ("stay",)), ("office", ("designation",))):
            asked = SourceRegistration(client, f"{client}.s", "authority", kinds, ("all",))
            register(transaction, asked)

    def designates() -> None:
        with city.database.acting_as("office").transaction() as transaction:
            designate(transaction, "office", CITY, risk)

    with (
        city.database.acting_as("bureau").transaction() as transaction,
        crossing(transaction, designates),
    ):
        push(transaction, "bureau", "bureau.s", CITY, stays)
    assert {city.colour(n) for n in range(3)} == {Colour.RED}
    assert city.red() == 3


def test_what_is_withdrawn_while_it_is_being_approved_does_not_count(city: City) -> None:
    assert city.pushes(range(501)) == {"recorded": 500, "proposed": 1}
    _, [waiting] = city.asks("theirs", "GET", "/approvals")
    answers: list[Any] = []

    def approves() -> None:
        path = f"/approvals/{waiting['proposal']}"
        answers.append(city.asks("theirs", "POST", path, {"approve": True}))

    with (
        city.database.acting_as("bureau").transaction() as transaction,
        crossing(transaction, approves),
    ):
        taken_back = push(
            transaction, "bureau", "cdc", CITY, [contact(500) | {"action": "retract"}]
        )
    assert taken_back.counts["retracted"] == 1
    assert answers == [(200, {"recorded": 0, "rejected": 0})]
    assert (city.red(), city.colour(500)) == (500, Colour.GREY)
