"""A small city behind its HTTP: everybody who works there, five gates, and people who apply.

Real routes, a real database, real sessions, a real signature. Only what lies outside is made up.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI

from healthcode.access import Role, accounts, passwords
from healthcode.access.outside import Outside, bind
from healthcode.access.terms import CONSENT
from healthcode.app.signer import sign_waiting
from healthcode.app.web import API, web
from healthcode.app.wiring import run_jobs, shipped_policy
from healthcode.codes.signing import SigningKey, demo_key, trust
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.kit.clock import SetClock
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.people.terms import resident_number
from healthcode.places.actions import register_place
from healthcode.places.terms import PlaceKind, PlaceRegistration
from healthcode.rulebook.actions import reassess_due
from tests.access.conftest import FakeRegistry, FakeSms
from tests.conftest import NOON, _prepared

CODE = "12"
DISTRICT = "120101"
HOME, METRO, RESTAURANT, MALL, HOSPITAL = PLACES = (
    PlaceKind.RESIDENTIAL,
    PlaceKind.METRO,
    PlaceKind.RESTAURANT,
    PlaceKind.MALL,
    PlaceKind.HOSPITAL,
)
WARM, FEVER = 36.5, 38.2  # degrees Celsius

STAFF = {
    Role.COMMUNITY: "12",
    Role.DISTRICT: DISTRICT,
    Role.CLINIC: "*",
    Role.HOTLINE: "",
    Role.EPIDEMIOLOGIST: "12",
    Role.APPROVER: "12",
    Role.SOURCE: "",
    Role.AUDITOR: "",
    Role.OPERATOR: "",
}
"""One account of each role, with its scope; citizens and gates are made elsewhere."""


REGISTRATIONS = [
    SourceRegistration("the.source", "commission", "authority", ("*", "designation"), ("all",)),
    SourceRegistration("the.source", "lab", "clinic", ("symptom", "test"), ("all",)),
    SourceRegistration("the.epidemiologist", "cdc", "authority", ("designation",), ("all",)),
]


def document(number: int) -> str:
    """A made-up person's identity card, another one for each number."""
    return f"10:{resident_number(DISTRICT, date(1960 + number // 900, 1, 1), number % 900)}"


def phone(number: int) -> str:
    """A made-up person's mobile phone."""
    return f"+86138021{number:05d}"


@dataclass(frozen=True)
class Browser:
    """Calls an app from any thread; what breaks inside is an answer, as it is on a real server."""

    portal: BlockingPortal
    client: httpx.AsyncClient

    def request(self, method: str, url: str, **sent: Any) -> httpx.Response:
        """One request, answered."""
        return self.portal.call(partial(self.client.request, method, url, **sent))


@contextmanager
def browsing(app: FastAPI) -> Iterator[Browser]:
    """An app that is started, and stopped in the end."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.1", 5000))
    client = httpx.AsyncClient(transport=transport, base_url="http://house")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        portal.wrap_async_context_manager(client),
    ):
        yield Browser(portal, client)


@dataclass
class City:
    """What a test has in its hands. `tokens` are by role, those of gates by kind of place."""

    database: Database
    clock: SetClock
    app: FastAPI
    browser: Browser
    sms: FakeSms
    registry: FakeRegistry
    key: SigningKey
    tokens: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    people: int = 0

    def call(
        self, method: str, path: str, body: object = None, token: str = "", **headers: str
    ) -> httpx.Response:
        """One request under `/api/v1`."""
        if token:
            headers["authorization"] = f"Bearer {token}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.browser.request(method, f"{API}{path}", json=body, headers=named)

    def get(self, path: str, token: str = "", **headers: str) -> httpx.Response:
        """What is at a path."""
        return self.call("GET", path, None, token, **headers)

    def post(
        self, path: str, body: object = None, token: str = "", **headers: str
    ) -> httpx.Response:
        """Something sent to a path."""
        return self.call("POST", path, body, token, **headers)

    def done(self, answer: httpx.Response) -> Any:
        """The JSON of an answer that is a success."""
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json()

    def later(self, **time: float) -> datetime:
        """Move the clock on, and do what the clock does by itself."""
        self.clock.stated += timedelta(**time)
        with self.database.transaction() as transaction:
            reassess_due(transaction)
        self.tokens |= {who: self.signed_in(who) for who in self.names}  # a shift is over
        return self.clock.stated

    def deliver(self) -> None:
        """Let the worker send what waits."""
        run_jobs(self.database, wait=False)

    def sign(self) -> int:
        """Let the signer sign what waits."""
        return sign_waiting(self.database.engine, self.key, self.clock)

    def signed_in(self, who: str) -> str:
        """A new session of a member of staff, by role or kind of place; a department's key."""
        if who == Role.SOURCE:
            return self.secrets[who]
        body = {"name": self.names[who], "password": self.secrets[who]}
        return str(self.done(self.post("/session/password", body))["token"])

    def newcomer(self, name: str = "欧阳静怡", *, known: bool = True) -> Person:
        """Somebody with a document and a phone; the registry knows who they are."""
        self.people += 1
        made = Person(self, name, document(self.people), phone(self.people))
        if known:
            self.registry.known.add((made.name, made.document, made.phone))
        return made

    def pushed(self, *rows: dict[str, str], source: str = "commission") -> dict[str, Any]:
        """What becomes of rows that the city's department pushes."""
        answer = self.post(f"/feeds/{source}", {"rows": list(rows)}, self.tokens[Role.SOURCE])
        found: dict[str, Any] = self.done(answer)
        return found

    def checked(
        self, code: str, kind: PlaceKind, temperature: float | None = WARM
    ) -> dict[str, Any]:
        """What a gate of this kind of place is told."""
        body = {"code": code, "temperature": temperature}
        found: dict[str, Any] = self.done(self.post("/gates/checks", body, self.tokens[kind]))
        return found


@dataclass
class Person:
    """Somebody with a phone in their hand."""

    city: City
    name: str
    document: str
    phone: str
    token: str = ""
    device: str | None = None
    code: str = ""  # the last one-time code

    def get(self, path: str) -> httpx.Response:
        """What they find at a path."""
        return self.city.get(path, self.token)

    def post(self, path: str, body: object = None) -> httpx.Response:
        """What they send."""
        return self.city.post(path, body, self.token)

    def asks_for_a_code(self) -> str:
        """Ask for a one-time code, and read the message."""
        assert self.city.post("/session/phone/start", {"phone": self.phone}).status_code == 202
        self.city.deliver()
        to, text = self.city.sms.sent[-1]
        assert to == self.phone
        [self.code] = re.findall(r"\b\d{6}\b", text.partition("\n")[2])
        return self.code

    def signs_in(self, document: str | None = None) -> Person:
        """Through the phone's door."""
        asked = {"phone": self.phone, "code": self.asks_for_a_code(), "document": document}
        answer = self.city.post("/session/phone/finish", asked | {"device": self.device})
        found = self.city.done(answer)
        self.token, self.device = found["token"], found["device"]
        return self

    def registers(self, **changes: object) -> httpx.Response:
        """The real-name check."""
        stated = {
            "name": self.name,
            "document": self.document,
            "residence": DISTRICT,
            "consent": CONSENT.version,
        }
        return self.city.call("PUT", "/me", stated | changes, self.token)

    def applies(self) -> Person:
        """Signs in and passes the real-name check."""
        self.signs_in()
        assert self.city.done(self.registers())["verified"]
        return self

    def declares(self, **changes: object) -> httpx.Response:
        """A declaration; without changes nothing ails them."""
        said = {"district": DISTRICT, "consent": CONSENT.version}
        return self.post("/me/declarations", said | changes)

    def standing(self) -> dict[str, Any]:
        """Their colour, and why."""
        found: dict[str, Any] = self.city.done(self.get("/me/standing"))
        return found

    def colour(self) -> str:
        """Their colour."""
        return str(self.standing()["colour"])

    def carries(self) -> str:
        """A code, asked for, signed and fetched."""
        asked = self.post("/me/credentials")
        assert asked.status_code == 202, asked.text
        path = asked.json()["address"].removeprefix(API)
        self.city.sign()
        found = self.city.done(self.get(path))
        assert found["state"] == "ready"
        return str(found["code"])


@contextmanager
def opened(
    server: str, masters: str, folder: Path, *more: APIRouter, server_settings: str = ""
) -> Iterator[City]:
    """A city of one's own at noon of 20 February 2020, with everybody signed in.

    `server_settings` are of its database, as `log_statement = 'all'`.
    """
    name = f"city_{secrets.token_hex(6)}"
    url = ensure_database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in server_settings.splitlines():
            connection.execute(f"ALTER DATABASE {name} SET {setting}")
    made = _prepared(url, masters)
    clock = SetClock(NOON)
    database = replace(made, clock=clock)
    sms, registry = FakeSms(), FakeRegistry()
    key = demo_key(folder / "signing.key", CODE)
    app = web(lambda: nullcontext((database, CODE)), shipped_policy(), *more)
    with (
        _quick_passwords(),
        _outside(Outside(sms, registry)),
        browsing(app) as browser,
    ):
        city = City(database, clock, app, browser, sms, registry, key)
        _staffed(city)
        yield city
    made.engine.dispose()
    drop_database(server, name)


def _staffed(city: City) -> None:
    """Accounts of every role, made as operators make them, and signed in over HTTP."""
    with city.database.transaction() as transaction:
        trust(transaction, city.key)
        accounts.found(transaction, "first", "second")
        first, second = (Caller(account=each, role=Role.OPERATOR) for each in ("first", "second"))
        asked = [
            (role, second if role is Role.APPROVER else first, f"the.{role}", role, scope)
            for role, scope in STAFF.items()
        ]
        for kind in PLACES:
            place = register_place(transaction, _place(kind))
            asked.append((kind, first, f"gate.{kind}", Role.GATE, place.public_id))
        for who, by, name, role, scope in asked:
            made = accounts.open_account(transaction, by, name, role, scope)
            city.names[who], city.secrets[who] = made.name, made.secret
        for registration in REGISTRATIONS:
            register(transaction, registration)
    for each in (city.names, city.secrets):
        each[Role.GATE] = each[METRO]
    city.tokens |= {who: city.signed_in(who) for who in city.names}


def _place(kind: PlaceKind) -> PlaceRegistration:
    return PlaceRegistration(
        key=f"gate-{kind}",
        kind=kind,
        name=f"天津·{kind}",
        division="120101001",
        phone="022-27300000",
        community_name="劝业场街社区",
        community_phone="022-27300001",
    )


@contextmanager
def _outside(outside: Outside) -> Iterator[None]:
    bind(outside)
    try:
        yield
    finally:
        bind(Outside())


@contextmanager
def _quick_passwords() -> Iterator[None]:
    """Passwords that cost nothing to try."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()
