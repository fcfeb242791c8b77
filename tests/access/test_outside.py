"""What the house sends to the services outside, and what it makes of their answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Semaphore, Thread

import httpx
import pytest

from healthcode.access import registry
from healthcode.access import registry as registry_module
from healthcode.access.registry import HttpRegistry, RegistryFails
from healthcode.kit import bridges
from healthcode.kit import sms as sms_module
from healthcode.kit.sms import HttpSms, SmsFails
from tests.access.conftest import ANNA


@dataclass
class Service:
    """A service on this machine: what came in, and what it answers."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    received: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            length = int(self.headers["Content-Length"])
            made.received.append(json.loads(self.rfile.read(length)))
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_port}/key-of-ours"
        yield made
        server.shutdown()


def test_a_message_is_posted_as_json(service: Service) -> None:
    service.status = 202
    HttpSms(service.url).send("+8613802161234", "验证码123456")
    assert service.received == [{"phone": "+8613802161234", "text": "验证码123456"}]


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_a_service_that_takes_no_message_fails_in_words(service: Service, status: int) -> None:
    service.status = status
    with pytest.raises(SmsFails) as refused:
        HttpSms(service.url).send("+8613802161234", "x")
    assert refused.value.__cause__ is None
    assert "key-of-ours" not in str(refused.value)


@pytest.mark.parametrize("answer", [True, False])
def test_the_registry_is_asked_and_believed(service: Service, answer: bool) -> None:
    service.body = json.dumps({"match": answer, "more": "ignored"}).encode()
    assert HttpRegistry(service.url).check("王小明", ANNA, "+8613802161234") is answer
    assert service.received == [{"name": "王小明", "document": ANNA, "phone": "+8613802161234"}]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"true"),
        (200, b'{"match": "true"}'),
        (200, b'{"match": 1}'),
        (200, b'{"matches": true}'),
        (200, b"\xff"),
        (404, b'{"match": true}'),
        (302, b'{"match": true}'),
        (500, b'{"match": true}'),
    ],
)
def test_an_answer_that_is_not_understood_is_no_yes(
    service: Service, status: int, body: bytes
) -> None:
    service.status, service.body = status, body
    with pytest.raises(RegistryFails) as refused:
        HttpRegistry(service.url).check("王小明", ANNA, "+8613802161234")
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nonsense", "http://[::1", "http://\x00"])
def test_whoever_cannot_be_reached_fails_in_words(url: str) -> None:
    with pytest.raises(SmsFails):
        HttpSms(url).send("+8613802161234", "x")
    with pytest.raises(RegistryFails):
        HttpRegistry(url).check("王小明", ANNA, "+8613802161234")


def test_a_slow_registry_holds_few_of_us_at_once_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, answer = Semaphore(0), Event()

    def slow(_url: str, _message: object, _seconds: float) -> bytes:
        begun.release()
        answer.wait(10)
        return b'{"match": true}'

    monkeypatch.setattr(bridges, "post", slow)
    monkeypatch.setattr(registry, "PATIENCE", 0.01)
    asked = HttpRegistry("http://registry/")
    with ThreadPoolExecutor(registry.AT_ONCE) as pool:
        held = [pool.submit(asked.check, "王小明", ANNA, "+86") for _ in range(registry.AT_ONCE)]
        for _ in held:
            assert begun.acquire(timeout=10)
        with pytest.raises(RegistryFails):
            asked.check("王小明", ANNA, "+86")
        answer.set()
        assert [each.result(10) for each in held] == [True] * registry.AT_ONCE
    assert asked.check("王小明", ANNA, "+86")


def test_nobody_is_waited_for_longer_than_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_url: str, _message: object, seconds: float) -> bytes:
        assert seconds == 10
        raise httpx.ReadTimeout("late")

    monkeypatch.setattr(bridges, "post", late)
    assert sms_module.DEADLINE == registry_module.DEADLINE == 10
    with pytest.raises(SmsFails):
        HttpSms("http://x").send("+8613802161234", "x")
    with pytest.raises(RegistryFails):
        HttpRegistry("http://x").check("王小明", ANNA, "+8613802161234")


def test_an_address_with_its_key_is_not_shown() -> None:
    for made in (HttpSms("http://x/key-of-ours"), HttpRegistry("http://x/key-of-ours")):
        assert "key-of-ours" not in repr(made)


def test_an_answer_that_comes_drop_by_drop_or_never_ends_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.body = b" " * (bridges.LARGEST_ANSWER + 1)
    with pytest.raises(httpx.ReadTimeout):
        bridges.post(service.url, {}, 10)
    service.body = b"{}"
    moments = iter([0.0, 10.1])
    monkeypatch.setattr(bridges, "monotonic", lambda: next(moments))
    with pytest.raises(httpx.ReadTimeout):
        bridges.post(service.url, {}, 10)
