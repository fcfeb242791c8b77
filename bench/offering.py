"""Requests offered to a web process at a fixed rate, however long its answers take.

A process of its own, that imports nothing of the house: `python -m bench.offering` reads a plan
(one line of JSON), says "ready" once everybody has declared and has a code, and offers a mix of
requests until its standard input ends. Then it writes what became of each.

A request is timed from when it was due: whoever had to wait for their turn has waited.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any, NamedTuple

PATIENCE = 10.0  # seconds: whoever waits longer has put the phone away
SIGNED = 2.0  # seconds after which a code is fetched, as the house advises
API = "/api/v1"
OK = range(200, 300)

MIX = {"standing": 50, "check": 20, "fetch": 15, "ask": 8, "declare": 7}
"""Of a hundred requests. What a phone and a gate do by themselves is no request at all."""
WITHOUT_CODES = {"standing": 70, "declare": 30}


@dataclass(frozen=True)
class Plan:
    """Who asks, how often, and of whom. Tokens are those of sessions."""

    port: int
    rate: float  # requests a second
    citizens: Sequence[str]
    gates: Sequence[str]
    consent: str
    codes: bool = True  # whether there is a signer


class Outcome(NamedTuple):
    """A request: when it was due (`time.monotonic`), its kind, its answer, seconds until then."""

    due: float
    kind: str
    answer: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether the answer was none, or not what was asked for."""
        return not (self.answer.isdecimal() and int(self.answer) in OK)


class Request(NamedTuple):
    """One request before it is sent."""

    kind: str
    method: str
    path: str
    token: str
    body: dict[str, Any] | None = None


class Line:
    """A connection that is kept; HTTP/1.1 as far as our own server speaks it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, asked: Request, port: int) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        body = b"" if asked.body is None else json.dumps(asked.body).encode()
        head = (
            f"{asked.method} {asked.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {asked.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        status, *fields = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        [length] = [each for each in fields if each.lower().startswith("content-length:")]
        return int(status.split()[1]), await self.reader.readexactly(int(length.partition(":")[2]))


@dataclass
class Crowd:
    """Everybody who asks."""

    plan: Plan
    outcomes: list[Outcome] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)  # a citizen's latest, as a gate reads it
    _asked: dict[str, tuple[float, str]] = field(default_factory=dict)  # when, and where it lies
    _lines: deque[Line] = field(default_factory=deque)
    _chance: random.Random = field(
        default_factory=lambda: random.Random(1)  # noqa: S311 - no secret: the same mix each time
    )

    async def get_ready(self) -> None:
        """Everybody declares and, where there is a signer, has a code."""
        kinds = ("declare", "ask", "fetch") if self.plan.codes else ("declare",)
        for kind in kinds:
            await self._offer(self._make(kind, citizen) for citizen in self.plan.citizens)
            await asyncio.sleep(SIGNED)
        failed = sorted({f"{each.kind} {each.answer}" for each in self.outcomes if each.failed})
        assert not failed, f"before anything began: {', '.join(failed)}"

    async def ask_until(self, stop: asyncio.Event) -> None:
        """Offer the mix."""

        def requests() -> Iterator[Request]:
            while not stop.is_set():
                yield self._next()

        await self._offer(requests())

    async def _offer(self, requests: Iterator[Request]) -> None:
        began, going = monotonic(), set[asyncio.Task[None]]()
        for number, asked in enumerate(requests):
            due = began + number / self.plan.rate
            await asyncio.sleep(max(0.0, due - monotonic()))
            task = asyncio.create_task(self._send(asked, due))
            going.add(task)
            task.add_done_callback(going.discard)
        await asyncio.gather(*going)

    def _next(self) -> Request:
        mix = MIX if self.plan.codes else WITHOUT_CODES
        [kind] = self._chance.choices(list(mix), list(mix.values()))
        if kind == "check":
            code = self._chance.choice(list(self.codes.values()))
            body = {"code": code, "temperature": 36.5}
            gate = self._chance.choice(self.plan.gates)
            return Request(kind, "POST", f"{API}/gates/checks", gate, body)
        ready = [who for who, (when, _) in self._asked.items() if monotonic() - when > SIGNED]
        if kind == "fetch" and ready:
            return self._make(kind, self._chance.choice(ready))
        return self._make("standing" if kind == "fetch" else kind, self._citizen())

    def _citizen(self) -> str:
        return self._chance.choice(self.plan.citizens)

    def _make(self, kind: str, citizen: str) -> Request:
        if kind == "standing":
            return Request(kind, "GET", f"{API}/me/standing", citizen)
        if kind == "ask":
            return Request(kind, "POST", f"{API}/me/credentials", citizen)
        if kind == "fetch":
            return Request(kind, "GET", self._asked[citizen][1], citizen)
        body = {"district": "120101", "consent": self.plan.consent}
        return Request(kind, "POST", f"{API}/me/declarations", citizen, body)

    async def _send(self, asked: Request, due: float) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await self._sent(asked)
            answer = str(status)
        except (OSError, EOFError, TimeoutError, asyncio.IncompleteReadError) as error:
            answer, body = type(error).__name__, b""
        outcome = Outcome(due, asked.kind, answer, monotonic() - due)
        self.outcomes.append(outcome)
        if not outcome.failed and asked.kind in {"ask", "fetch"}:
            self._hear(asked, json.loads(body))

    def _hear(self, asked: Request, said: dict[str, Any]) -> None:
        if asked.kind == "ask":
            self._asked[asked.token] = monotonic(), said["address"]
        elif said["state"] == "ready":
            self.codes[asked.token] = said["code"]

    async def _sent(self, asked: Request) -> tuple[int, bytes]:
        line = await self._line()
        answered = await line.send(asked, self.plan.port)
        self._lines.append(line)  # only one whose answer was read whole
        return answered

    async def _line(self) -> Line:
        while self._lines:
            line = self._lines.popleft()
            if not line.reader.at_eof():
                return line
        return Line(*await asyncio.open_connection("127.0.0.1", self.plan.port))


class Offering:
    """The process that offers, seen from the one that measures."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running
        self.outcomes: list[Outcome] = []

    def end(self) -> list[Outcome]:
        """Stop offering, and wait for what is under way; what became of every request."""
        said, _ = self._running.communicate(timeout=2 * PATIENCE)
        return [Outcome(*each) for each in json.loads(said)]


@contextmanager
def offering(plan: Plan) -> Iterator[Offering]:
    """A process that offers what is planned, once everybody is ready."""
    running = subprocess.Popen(
        [sys.executable, "-m", "bench.offering"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None  # both are pipes
    assert running.stdout is not None
    try:
        running.stdin.write(json.dumps(asdict(plan)) + "\n")
        running.stdin.flush()
        assert running.stdout.readline() == "ready\n", "the process that offers has died"
        yield Offering(running)
    finally:
        running.kill()
        running.wait()


async def _main() -> None:
    crowd = Crowd(Plan(**json.loads(sys.stdin.readline())))
    await crowd.get_ready()
    print("ready", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    await crowd.ask_until(stop)
    print(json.dumps(crowd.outcomes))


if __name__ == "__main__":
    asyncio.run(_main())
