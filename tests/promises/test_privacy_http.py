"""Nobody's name, number, phone, code, password or key leaves the house by its HTTP.

One run of the whole way with everything that logs at its most talkative: requests that are right,
requests that are wrong with somebody's data wherever it can stand, and parts that break.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from healthcode.access import Role
from healthcode.access.outside import Outside, bind
from healthcode.access.registry import HttpRegistry
from healthcode.access.terms import CONSENT, NAME
from healthcode.app.settings import Settings
from healthcode.app.wiring import log_as
from healthcode.kit.sms import HttpSms
from tests.api.city import API, METRO, PLACES, Browser, City, Person, opened
from tests.promises.test_privacy import dump, forms, told

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
        met = next(each for each in people if each is not who)
        city.pushed(row | {"started_at": "2020-02-18", "with_subject": met.document})
        cleared = {"document": who.document, "result": "examined"}
        city.done(city.post("/clearances", cleared, city.tokens[Role.COMMUNITY]))
        assert who.colour() == "red"
        assert city.checked(carried[-1], METRO)["decision"] == "call"
        for path in ("/me", "/me/standing", "/consent"):
            city.done(who.get(path))
    for token in city.tokens.values():
        city.done(city.get("/me", token))
    city.done(city.get("/approvals", city.tokens[Role.APPROVER]))
    return carried


def go_wrong(city: City, who: Person, other: Person, code: str) -> None:
    """Everything at the wrong place, by those who may and by those who may not."""
    number = who.document.partition(":")[2]
    data = [who.name, number, who.phone, who.token, code, WRONG_PASSWORD]
    bodies: list[object] = [data, dict(zip(data, data, strict=True))]
    for each in data:
        fields = (
            "phone", "code", "document", "device", "name", "password", "residence", "consent",
            "district", "result", "level", "area", "place", "temperature", "approve", "position",
        )  # fmt: skip
        bodies += [dict.fromkeys(fields, each), {"name": each, "password": each}]
        bodies += [{"rows": [dict.fromkeys(("subject", "kind", "place", "source"), each)]}]
        bodies += [{"phone": who.phone, "code": "000000", "document": each}]
    tokens = {"", who.token, other.token, *city.tokens.values(), number}
    asked = [
        (method.upper(), path, body)
        for path, operations in city.app.openapi()["paths"].items()
        for method, operation in operations.items()
        for body in (bodies if "requestBody" in operation else data)
        if method != "delete" and not _signs_in_as(path, body)
    ]
    for n, (method, path, body) in enumerate(asked):
        token = sorted(tokens)[n % len(tokens)]
        headers = {"authorization": f"Bearer {token}"} if token else {}
        there = re.sub(r"\{.*?\}", data[n % len(data)].replace("/", ""), path)
        city.browser.request(method, there, json=body, headers=headers)
    real = {"name": NAMES[0], "document": who.document, "consent": CONSENT.version}
    for body in (real | {"name": NAMES[2]}, real | {"consent": "0"}):
        city.call("PUT", "/me", body, other.token)
    for token in city.tokens.values():  # what is right, from the wrong role
        city.call("PUT", "/me", real, token)
    city.browser.request("GET", f"{API}/people/{number}?name={who.name}&phone={who.phone}")
    city.browser.request("POST", f"{API}/session/phone/start", content=who.name.encode("gb18030"))


def _signs_in_as(path: str, body: object) -> bool:
    """Whether something that could be an account's name is sent as one.

    Names of accounts are no secrets and are looked up as they are: a server that logs parameters
    logs what was typed there.
    """
    name = body.get("name") if isinstance(body, dict) else None
    return path.endswith("/session/password") and NAME.fullmatch(str(name)) is not None


BREAKING = [
    "ALTER TABLE access.messages ADD CHECK (made_at < '2000-01-01') NOT VALID",
    "ALTER TABLE access.accounts ADD CHECK (made_at < '2000-01-01') NOT VALID",
    "ALTER TABLE codes.intents ADD CHECK (requested_at < '2000-01-01') NOT VALID",
    "ALTER TABLE people.documents RENAME TO hidden",
    "ALTER TABLE access.sessions RENAME TO hidden",
]


def break_down(city: City, url: str, known: Person, stranger: Person) -> None:
    """Whatever can break does, and every request is made once more each time."""
    for statement in BREAKING:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
        city.clock.stated += timedelta(minutes=2)
        known.declares()
        for who in (known, stranger):
            city.post("/session/phone/start", {"phone": who.phone})
            city.post("/session/phone/finish", {"phone": who.phone, "code": "000000"})
            who.registers()
            who.declares()
            who.post("/me/credentials")
        row = {"subject": stranger.document, "kind": "symptom", "result": "fever"}
        rows = {"rows": [row | {"started_at": "2020-02-19"}]}
        city.post("/feeds/lab", rows, city.tokens[Role.SOURCE])


def ask_outside(city: City, people: list[Person]) -> None:
    """Over real HTTP: a service that works, one that breaks, and one that is not there."""
    with services() as outside:
        for works in (True, False):
            Service.works = works
            bind(outside)
            city.clock.stated += timedelta(days=1)
            for who in [*people, *people]:  # twice: the second time is too often
                city.post("/session/phone/start", {"phone": who.phone})
                who.registers()
            city.deliver()
    city.clock.stated += timedelta(days=1)
    for who in people:  # nobody listens there any more
        city.post("/session/phone/start", {"phone": who.phone})
        who.registers()
    city.deliver()
    bind(Outside(city.sms, city.registry))


@pytest.fixture(scope="module")
def run(server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("city")
    with psycopg.connect(server) as connection:
        [data] = connection.execute("SHOW data_directory").fetchone() or [""]
    log = Path(data) / "log"
    begin = log.stat().st_size
    with logged() as lines, opened(server, masters, folder, server_settings=TALKATIVE) as city:
        url = city.database.engine.url.set(drivername="postgresql").render_as_string(False)
        browser = Watched(city.browser)
        city.browser = browser
        people = [city.newcomer(name) for name in NAMES]
        stranger = city.newcomer("上官婉儿", known=False).signs_in()
        carried = go_right(city, people)
        figures = city.browser.request("GET", "/metrics", headers=bearer(city, Role.AUDITOR)).text
        go_wrong(city, people[0], people[1], carried[0])
        ask_outside(city, [*people, stranger])
        figures += city.browser.request("GET", "/metrics", headers=bearer(city, Role.AUDITOR)).text
        kept = dump(url)
        break_down(city, url, people[0], stranger)
        everybody = [*people, stranger]
        yield Run(
            {
                "the log": "\n".join(lines.lines),
                "the server's log": log.read_bytes()[begin:].decode("utf-8", "replace"),
                "the addresses": "\n".join(browser.addresses),
                "the answers": "\n".join(browser.answers),
                "the refusals": "\n".join(browser.refusals),
                "the figures": figures,
                "the database": kept,
            },
            [
                *(secret for who in everybody for secret in own(who)),
                *carried,
                *city.secrets.values(),
                *city.tokens.values(),
                WRONG_PASSWORD,
                OUTSIDE_KEY,
                *masters.split(","),
                *(folder / "signing.key").read_text().splitlines()[1:-1],
            ],
            [code for _, text in city.sms.sent for code in re.findall(r"\b[0-9]{6}\b", text)],
            browser.statuses,
        )


def bearer(city: City, who: str) -> dict[str, str]:
    return {"authorization": f"Bearer {city.signed_in(who)}"}


def own(who: Person) -> list[str]:
    """What is a person's own."""
    number = who.document.partition(":")[2]
    national = who.phone.removeprefix("+86")
    return [who.name, number, national, who.token, *filter(None, [who.device])]


WHERE = (
    "the log",
    "the server's log",
    "the addresses",
    "the answers",
    "the refusals",
    "the figures",
    "the database",
)


@pytest.mark.parametrize("where", WHERE)
def test_nobodys_own_is_in(run: Run, where: str) -> None:
    text = run.texts[where]
    written = text.encode()  # bytes are searched faster than text of two scripts
    found = [
        secret
        for secret in run.secrets
        if any(
            form.encode() in written for form in {*forms(secret), *map(str.upper, forms(secret))}
        )
    ]
    assert {secret: told(text, secret) for secret in found} == {}


@pytest.mark.parametrize("where", WHERE)
def test_no_one_time_code_is_in(run: Run, where: str) -> None:
    assert len(run.codes) > len(NAMES)
    numbers = set(re.findall(r"(?<![0-9A-Fa-f.])[0-9]{6}(?![0-9A-Fa-f])", run.texts[where]))
    assert numbers & set(run.codes) == set()


def test_there_was_something_to_see(run: Run) -> None:
    """The texts are the right ones, and what may be seen in them is seen."""
    assert run.statuses >= {200, 201, 202, 401, 403, 404, 409, 422, 429, 500, 503}
    assert "INSERT INTO access.messages" in run.texts["the log"]
    assert "A request failed." in run.texts["the log"]
    assert "The job access.send failed" in run.texts["the log"]
    assert "Parameters: $1" in run.texts["the server's log"]
    for table in ("messages", "intents"):
        failed = f'new row for relation "{table}"'
        assert failed in run.texts["the server's log"]
    assert "Failing row contains" in run.texts["the server's log"]
    assert "欧**怡" in run.texts["the answers"]
    assert "healthcode_requests_total" in run.texts["the figures"]
    assert "COPY access.accounts" in run.texts["the database"]
    assert f"{API}/me/standing" in run.texts["the addresses"]


def test_the_log_shows_every_statement_and_no_row(run: Run) -> None:
    log = run.texts["the log"]
    assert not re.search(r"\bRow \(|\bCol \(|\bgenerated in [0-9.]+s\] [({]", log)


def test_a_log_that_tells_is_seen() -> None:
    with logged() as lines:
        logging.getLogger("anything").debug("the name is %s", NAMES[0])
    assert told("\n".join(lines.lines), NAMES[0])
