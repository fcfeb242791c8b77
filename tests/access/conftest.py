"""Accounts, phones and what lies outside, for the tests of access."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import phonenumbers
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from healthcode.access import accounts, jobs, passwords, sessions
from healthcode.access.doors.phone import actions as phone_door
from healthcode.access.doors.phone.terms import Purpose
from healthcode.access.outside import Outside, bind
from healthcode.access.terms import SignedIn, Verified
from healthcode.app.wiring import prepare
from healthcode.kit.clock import SystemClock
from healthcode.kit.db import Database, Transaction, metadata
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.kit.secrets import MasterKeys
from healthcode.kit.sms import SmsFails
from healthcode.people.terms import Document, resident_number

PHONE, OTHER_PHONE = "13802161234", "+8615620778899"
ANNA = f"10:{resident_number('120101', date(1990, 1, 1), 123)}"
BO = f"10:{resident_number('120102', date(1985, 12, 31), 778)}"
NOON = datetime(2020, 2, 20, 4, tzinfo=UTC)
FIRST, SECOND = Caller("first", "operator"), Caller("second", "operator")


@dataclass
class FakeSms:
    """Takes messages as a carrier does: E.164, not too long, and sometimes not at all."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, phone: str, text: str) -> None:
        assert phone.startswith("+")
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone))
        assert 0 < len(text) <= 300
        if self.broken:
            raise SmsFails
        self.sent.append((phone, text))

    @property
    def code(self) -> str:
        """The code of the last message."""
        [found] = re.findall(r"验证码([0-9]{6})，", self.sent[-1][1])
        return found


@dataclass
class FakeRegistry:
    """Knows who is who, and is particular about how it is asked."""

    known: set[tuple[str, str, str]] = field(default_factory=set)
    asked: int = 0

    def check(self, name: str, document: str, phone: str) -> bool:
        assert name == name.strip() != ""
        read = Document.read(document, date(2020, 2, 20))
        assert f"{read.kind}:{read.number}" == document, "in its one form"
        number = phonenumbers.parse(phone)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone
        self.asked += 1
        return (name, document, phone) in self.known


@dataclass
class Asked:
    """A queue that only remembers; the jobs are run by the test."""

    jobs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def defer(self, _: object, job: str, *, once: str | None, later: bool, arguments: Any) -> bool:
        assert once is None
        assert later  # a text message lets every colour pass
        self.jobs.append((job, dict(arguments)))
        return True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords that cost nothing to try."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def sms() -> FakeSms:
    return FakeSms()


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry({
        ("王小明", ANNA, "+8613802161234"),
        ("王小明", ANNA, OTHER_PHONE),
        ("李四", BO, "+8613802161234"),
        ("李四", BO, OTHER_PHONE),
    })  # fmt: skip


@pytest.fixture(autouse=True)
def outside(sms: FakeSms, registry: FakeRegistry) -> Iterator[None]:
    bind(Outside(sms, registry))
    yield
    bind(Outside())


@pytest.fixture
def queue() -> Asked:
    return Asked()


@pytest.fixture
def heard() -> list[object]:
    """The news that access published."""
    return []


@pytest.fixture(scope="session")
def committed(server: str, masters: str) -> Iterator[Database]:
    """A database for the tests of access that commit."""
    name = f"access_{secrets.token_hex(6)}"
    made = prepare(ensure_database(server, name), MasterKeys.read(masters), SystemClock(), {})
    yield made
    made.engine.dispose()
    drop_database(server, name)


@pytest.fixture
def house(committed: Database, queue: Asked, heard: list[object]) -> Database:
    """The same, empty, with a queue and news that the test sees."""
    tables = ", ".join(f"access.{table.name}" for table in reversed(metadata.sorted_tables)
                       if table.schema == "access")  # fmt: skip
    with committed.transaction() as transaction:
        transaction.run(sa.text(f"TRUNCATE {tables}, people.persons CASCADE"))
    listeners = {Verified: [lambda _, event: heard.append(event)]}
    return replace(committed, jobs=queue, listeners=listeners)


@dataclass
class Door:
    """A citizen at the phone's door, with the clock in the test's hands."""

    transaction: Transaction
    sms: FakeSms
    queue: Asked

    def later(self, **time: float) -> Door:
        now = self.transaction.now + timedelta(**time)
        return Door(replace(self.transaction, now=now), self.sms, self.queue)

    def start(self, phone: str = PHONE, origin: str = "192.0.2.1") -> None:
        phone_door.start(self.transaction, phone, Purpose.SIGN_IN, origin)

    def deliver(self) -> str:
        """Run the jobs that send; the code that came."""
        while self.queue.jobs:
            name, arguments = self.queue.jobs.pop(0)
            assert name == "access.send"
            jobs.send(self.transaction, **arguments)
        return self.sms.code

    def finish(
        self, code: str, phone: str = PHONE, document: str | None = None, device: str | None = None
    ) -> SignedIn:
        return phone_door.finish(self.transaction, phone, Purpose.SIGN_IN, code, document, device)

    def sign_in(
        self, phone: str = PHONE, document: str | None = None, device: str | None = None
    ) -> SignedIn:
        self.start(phone)
        return self.finish(self.deliver(), phone, document, device)

    def who(self, signed: SignedIn) -> Caller:
        return sessions.identify(self.transaction, signed.token)


@pytest.fixture
def door(transaction: Transaction, sms: FakeSms, queue: Asked, heard: list[object]) -> Door:
    listeners = {Verified: [lambda _, event: heard.append(event)]}
    return Door(replace(transaction, _jobs=queue, _listeners=listeners), sms, queue)


@pytest.fixture
def founded(transaction: Transaction) -> Transaction:
    """A city with its two founders."""
    accounts.found(transaction, "first", "second")
    return transaction


@pytest.fixture
def opened(founded: Transaction) -> Callable[..., str]:
    """Opens accounts; gives their secrets."""

    def open_account(name: str, role: str, scope: str = "", by: Caller = FIRST) -> str:
        return accounts.open_account(founded, by, name, role, scope).secret

    return open_account
