"""Nobody's name, number, phone, code, password or key leaves the house by its HTTP.

One run of the whole way with everything that logs at its most talkative: requests that are right,
requests that are wrong with somebody's data wherever it can stand, and parts that break.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from healthcode.access import Role
from healthcode.access.outside import Outside, bind
from healthcode.access.registry import HttpRegistry
from healthcode.app.settings import Settings
from healthcode.app.wiring import log_as
from healthcode.kit.sms import HttpSms
from tests.api.city import API, DISTRICT, METRO, PLACES, Browser, City, Person, opened
from tests.promises.test_privacy import dump, told
from tests.promises.test_routes import CONSENT

NAMES = ["欧阳静怡", "Aleksandra Kowalczyk-Nowak", "慕容国强"]
OUTSIDE_KEY = "sms-service-key-5a81"
WRONG_PASSWORD = "correct-horse-battery"
TALKATIVE = """log_statement = 'all'
log_parameter_max_length_on_error = -1"""
SHOWN_TO_THEIR_OWNER = re.compile(rf"{API}/(session/.*|me/credentials/[^/]*)")
"""Where a token is given, and a code fetched: the only answers that hold them."""


@dataclass
class Watched:
    """A browser that remembers what was asked and answered."""

    browser: Browser
    addresses: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def request(self, method: str, url: str, **sent: Any) -> httpx.Response:
        answer = self.browser.request(method, url, **sent)
        self.statuses.add(answer.status_code)
        text = f"{method} {answer.status_code} {dict(answer.headers)} {answer.text}"
        if answer.is_error:
            self.refusals.append(text)
            return answer
        self.addresses.append(url)
        if not SHOWN_TO_THEIR_OWNER.fullmatch(url):
            self.answers.append(text)
        return answer


class Remembered(logging.Handler):
    """Everything that is logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[Remembered]:
    """What a process at its most talkative writes to its log."""
    root, found = logging.getLogger(), Remembered()
    names = ("", "httpx", "sqlalchemy.engine")
    before = {name: logging.getLogger(name).level for name in names}
    log_as(Settings(log_level="debug"))
    root.setLevel(logging.DEBUG)  # pytest's own handlers kept `log_as` from doing it
    root.addHandler(found)
    try:
        yield found
    finally:
        root.removeHandler(found)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


class Service(BaseHTTPRequestHandler):
    """Somebody outside, at an address with a key, who works at first and then breaks."""

    works = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        answer = b'{"match": true}' if Service.works else b'{"match": "perhaps"}'
        self.send_response(200 if Service.works else 500)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def services() -> Iterator[Outside]:
    """What lies outside, over real HTTP."""
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/send?key={OUTSIDE_KEY}"
        yield Outside(HttpSms(url), HttpRegistry(url))
        server.shutdown()


@dataclass(frozen=True)
class Run:
    """What a run left behind, by where it was left, and what must not be there."""

    texts: dict[str, str]
    secrets: list[str]
    codes: list[str]
    statuses: set[int]


def go_right(city: City, people: list[Person]) -> list[str]:
    """The whole way of everybody; the codes they carry."""
    carried = []
    for who in people:
        who.applies()
        who.declares(
            symptoms=[{"symptom": "fatigue"}],
            trips=[{"area": "420106", "started": "2020-02-10", "ended": "2020-02-12"}],
            position={"latitude": 39.9, "longitude": 116.4},
        )
        carried.append(who.carries())
        for kind in PLACES:
            city.checked(carried[-1], kind)
        row = {"subject": who.document, "kind": "contact", "result": "close"}
        city.pushed(row | {"started_at": "2020-02-18", "with_subject": people[0].document})
        cleared = {"document": who.document, "result": "examined"}
        city.done(city.post("/clearances", cleared, city.tokens[Role.COMMUNITY]))
        assert who.colour() == ("orange" if who is people[0] else "red")
        assert city.checked(carried[-1], METRO)["decision"] == "call"
        for path in ("/me", "/me/standing", "/consent"):
            city.done(who.get(path))
    for role in (*Role, "epidemiologist"):
        if role is not Role.CITIZEN:
            city.done(city.get("/me", city.tokens[role]))
    city.done(city.get("/approvals", city.tokens[Role.APPROVER]))
    return carried


def go_wrong(city: City, who: Person, other: Person, code: str) -> None:
    """Everything at the wrong place, by those who may and by those who may not."""
    number = who.document.partition(":")[2]
    data = [who.name, number, who.document, who.phone, who.token, code, WRONG_PASSWORD]
    bodies: list[object] = []
    for told_ in data:
        fields = (
            "phone", "code", "document", "device", "name", "password", "residence", "consent",
            "district", "result", "level", "area", "place", "temperature", "approve", "position",
        )  # fmt: skip
        bodies += [told_, [told_], {told_: told_}, dict.fromkeys(fields, told_)]
        bodies += [{"rows": [dict.fromkeys(("subject", "kind", "place", "source"), told_)]}]
        bodies += [{"phone": who.phone, "code": "000000", "document": told_}]
        bodies += [{"name": told_, "password": told_}, {"code": told_, "temperature": 36.5}]
    tokens = {"", who.token, other.token, *city.tokens.values(), number}
    routes = [
        f"{method.upper()} {path}"
        for path, operations in city.app.openapi()["paths"].items()
        for method in operations
        if method != "delete"
    ]
    for n, body in enumerate(bodies):
        for route in routes:
            method, path = route.split()
            path = re.sub(r"\{.*?\}", data[n % len(data)].replace("/", ""), path)
            token = sorted(tokens)[(n + len(route)) % len(tokens)]
            headers = {"authorization": f"Bearer {token}"} if token.isascii() and token else {}
            city.browser.request(method, path, json=body, headers=headers)
    real = {"name": NAMES[0], "document": who.document, "consent": CONSENT.version}
    for each in (real | {"name": NAMES[2]}, real | {"consent": "0"}):
        city.call("PUT", "/me", each, other.token)
    for token in city.tokens.values():  # what is right, from the wrong role
        city.call("PUT", "/me", real, token)
    city.browser.request("GET", f"{API}/people/{number}?name={who.name}&phone={who.phone}")
    city.browser.request("POST", f"{API}/session/phone/start", content=who.name.encode("gb18030"))


BREAKING = [
    "ALTER TABLE access.messages ADD CHECK (made_at < '2000-01-01') NOT VALID",
    "ALTER TABLE access.accounts ADD CHECK (made_at < '2000-01-01') NOT VALID",
    "ALTER TABLE people.documents RENAME TO hidden",
    "ALTER TABLE codes.intents ADD CHECK (requested_at < '2000-01-01') NOT VALID",
    "ALTER TABLE access.sessions RENAME TO hidden",
]


def break_down(city: City, url: str, known: Person, stranger: Person) -> None:
    """Whatever can break does, and every request is made once more each time."""
    for statement in BREAKING:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
        city.later(minutes=2) if "sessions" not in statement else None
        for who in (known, stranger):
            city.post("/session/phone/start", {"phone": who.phone})
            city.post("/session/phone/finish", {"phone": who.phone, "code": "000000"})
            who.registers()
            who.declares()
            who.post("/me/credentials")
        row = {"subject": stranger.document, "kind": "symptom", "result": "fever"}
        rows = {"rows": [row | {"started_at": "2020-02-19"}]}
        city.post("/feeds/lab", rows, city.tokens[Role.SOURCE])
