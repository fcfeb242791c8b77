"""A new rulebook for a whole city under load: who asks meanwhile, how long they wait, what fails.

A made-up city in the embedded PostgreSQL with everybody's standing stored; web, worker and signer
as the processes that they are; requests offered by one more (`bench.offering`). The process that
publishes is killed in the middle, and the worker with it; both are started again and go on.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import StatisticsError, quantiles
from typing import Any, Self

import duckdb
import httpx
import sqlalchemy as sa

from bench.citizens import Signed, sign_everybody_in
from bench.house import fill, load
from bench.offering import Offering, Outcome, Plan, offering
from bench.snapshots import Snapshot
from healthcode.access.terms import CONSENT
from healthcode.app.settings import PREFIX, Settings
from healthcode.app.wiring import open_house
from healthcode.kit.db import Database
from healthcode.rulebook.actions import naive, reassess
from healthcode.rulebook.everybody import snapshots as kept_snapshots
from healthcode.rulebook.everybody.consistency import compare
from healthcode.rulebook.publishing import BATCH

RATE = 100.0  # requests a second
CITIZENS = 300  # who ask: each declares and renews a few times, well under a day's limits
CALM = 20.0  # seconds before and after
MIDDLE = 0.4  # of the persons: then the processes are killed
PATIENCE = 60.0  # seconds for a process to be ready
LOOK_AGAIN = 0.05
SAMPLE = 1000  # people who are reassessed to see that they were filled in as reassessing would

PROGRESS = sa.text("""
    SELECT p.rulebook, coalesce(total, 0) AS total, done, binds_from, started_at, finished_at
    FROM rulebook.publications p JOIN rulebook.rulebooks USING (rulebook)
    ORDER BY p.rulebook DESC LIMIT 1
""")
KEEP_STANDINGS = sa.text("""
    CREATE UNLOGGED TABLE bench_before AS SELECT person, colour, changes_at FROM rulebook.standings
""")
CHANGED = sa.text("""
    SELECT count(*) FILTER (WHERE s.colour <> b.colour) AS colours,
           count(*) FILTER (
               WHERE (s.colour, s.changes_at) IS DISTINCT FROM (b.colour, b.changes_at)
           ) AS standings
    FROM rulebook.standings s JOIN bench_before b USING (person)
""")
STORED = sa.text("""
    SELECT 'finding', person, rule, fact, colour, opens, until FROM rulebook.findings
    WHERE person = ANY(:persons)
    UNION ALL
    SELECT 'standing', person, '', 0, colour, changes_at, NULL FROM rulebook.standings
    WHERE person = ANY(:persons) ORDER BY 1, 2, 3, 4
""")


@dataclass
class Processes:
    """The house's processes, each ended when we end."""

    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """`healthcode ...`; a command of the same name that runs is not looked after any more."""
        made = subprocess.Popen(  # noqa: S603 - our own program, with words of ours alone
            [sys.executable, "-m", "healthcode.app.cli", *command],
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
        )
        self.running[command[0]] = made
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Passed:
    """What happened, in `time.monotonic`, and how far it was when it was killed."""

    began: float
    killed: float
    went_on: float
    ended: float
    done_when_killed: int


def measure(
    snapshot: Snapshot, tell: Callable[[str], None], *, rate: float = RATE, citizens: int = CITIZENS
) -> dict[str, Any]:
    """Publish to a whole city under load; the object that `--json` prints."""
    load_average = os.getloadavg()[0]  # of others: who measures beside them should know
    with tempfile.TemporaryDirectory(prefix="healthcode-bench-") as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "data", listen=f"127.0.0.1:{free_port()}")
        with open_house(settings) as database:
            tell(f"loading {snapshot.people:,} people")
            city = moved(snapshot, database.clock.now(), folder / "city")
            load(database, city, city.people, folder)
            fill(database, city)
            chance = random.Random(city.people)  # noqa: S311 - no secret: the same people each time
            everybody = range(1, city.people + 1)
            assert filled_as_reassessed(database, chance.sample(everybody, SAMPLE))
            signed = sign_everybody_in(database, chance.sample(everybody, citizens))
            with database.transaction() as transaction:
                transaction.run(KEEP_STANDINGS)
            environment = {
                f"{PREFIX}DATA_DIR": str(settings.data_dir),
                f"{PREFIX}LISTEN": settings.listen,
                f"{PREFIX}SESSION": signed.publisher,
            }
            with Processes(environment) as processes:
                for command in ("serve", "work", "sign"):
                    processes.start(command)
                port = int(settings.listen.rpartition(":")[2])
                wait_until_it_answers(port)
                plan = Plan(port, rate, signed.citizens, signed.gates, CONSENT.version)
                tell("everybody declares and asks for a code")
                with offering(plan) as offered:
                    passed, outcomes = _through(processes, database, signed, offered, tell)
            tell("comparing everybody's standing with the evidence")
            about = {"people": city.people, "facts": city.facts, "load_average": load_average}
            return about | _found(database, passed, outcomes, rate)


def _through(
    processes: Processes,
    database: Database,
    signed: Signed,
    offered: Offering,
    tell: Callable[[str], None],
) -> tuple[Passed, list[Outcome]]:
    tell("before")
    time.sleep(CALM)  # requests come in meanwhile, and nothing is published
    tell("publishing")
    passed = publish_and_kill(processes, database, signed.draft)
    tell("after")
    time.sleep(CALM)  # as before
    return passed, offered.end()


def publish_and_kill(processes: Processes, database: Database, draft: int) -> Passed:
    """Publish by command; kill the publishing process and the worker in the middle, and go on."""
    began = time.monotonic()
    done = kill_in_the_middle(processes, database, draft)
    killed = time.monotonic()
    processes.start("work")
    went_on = time.monotonic()
    assert processes.start(*publish_command(draft)).wait() == 0
    ended = progress(database)
    assert ended is not None
    assert ended.finished_at is not None
    return Passed(began, killed, went_on, time.monotonic(), done)


def kill_in_the_middle(processes: Processes, database: Database, draft: int) -> int:
    """Publish, and kill it in the middle, with the worker if there is one; how far it was."""
    publishing = processes.start(*publish_command(draft))
    while not _far(progress(database)):
        assert publishing.poll() is None, "it has ended"
        time.sleep(LOOK_AGAIN)  # another process works; the database alone says how far it is
    for process in (publishing, processes.running.get("work", publishing)):
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    stopped = progress(database)
    assert stopped is not None
    assert stopped.finished_at is None, "it had ended before it was killed"
    return int(stopped.done)


def publish_command(draft: int) -> tuple[str, ...]:
    """The same for the first time and for going on."""
    return ("rulebook", "publish", str(draft), "--json")


def progress(database: Database) -> sa.Row[Any] | None:
    """How far the newest publication is."""
    with database.transaction() as transaction:
        return transaction.run(PROGRESS).one_or_none()


def _far(now: sa.Row[Any] | None) -> bool:
    return now is not None and now.total > 0 and now.done >= MIDDLE * now.total


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    """Until the web process answers."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=PATIENCE).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < end, "the web process does not answer"
            time.sleep(LOOK_AGAIN)  # nothing tells when a port begins to be listened at
        else:
            return


def moved(snapshot: Snapshot, now: datetime, into: Path) -> Snapshot:
    """The same city as if it had lived until now: whole days later, so that days stay days.

    Processes have the clock of the machine.
    """
    days = (naive(now) - snapshot.at).days
    times = ", ".join(
        f"{each} + INTERVAL {days} DAY AS {each}"
        for each in ("started", "ended", "recorded", "retracted")
    )
    facts = f"read_parquet('{snapshot.folder}/facts/*/*.parquet', hive_types = {{'kind': VARCHAR}})"
    designations, people = (f"{name}.parquet" for name in ("designations", "people"))
    into.mkdir()
    shutil.copy(snapshot.folder / people, into / people)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")  # it would stand among the output
        connection.execute(f"""
            COPY (SELECT * REPLACE ({times}) FROM {facts})
                TO '{into}/facts' (FORMAT parquet, PARTITION_BY kind);
            COPY (SELECT * REPLACE ({times}) FROM '{snapshot.folder / designations}')
                TO '{into / designations}' (FORMAT parquet);
        """)
    said = kept_snapshots.opened(snapshot.folder)
    known_at = said.known_at + timedelta(days=days)
    replace(said, folder=into, taken_at=now, known_at=known_at).save()
    return Snapshot.read(into)


def filled_as_reassessed(database: Database, persons: Sequence[int]) -> bool:
    """Whether reassessing these people leaves their findings and standings as they were filled."""
    stored = []
    for _ in range(2):
        with database.transaction() as transaction:
            stored.append(transaction.run(STORED, {"persons": list(persons)}).all())
            reassess(transaction, persons)
    return stored[0] == stored[1]


def _found(
    database: Database, passed: Passed, outcomes: Sequence[Outcome], rate: float
) -> dict[str, Any]:
    now = progress(database)
    assert now is not None
    with database.transaction() as transaction:
        changed = transaction.run(CHANGED).one()
    with database.transaction() as transaction:
        compared = compare(transaction)
    return {
        "offered_per_second": rate,
        "requests": len(outcomes),
        "failed": sum(each.failed for each in outcomes),
        "failures": dict(Counter(f"{e.kind} {e.answer}" for e in outcomes if e.failed)),
        **{name: _waited(some) for name, some in phases(passed, outcomes).items()},
        "seconds": round(passed.ended - passed.began, 1),
        "seconds_until_killed": round(passed.killed - passed.began, 1),
        "seconds_after_going_on": round(passed.ended - passed.went_on, 1),
        "done_when_killed": passed.done_when_killed,
        "done": now.done,
        "batches": -(-now.done // BATCH),
        "persons_changed": changed.standings,
        "colours_changed": changed.colours,
        "compared": compared.people,
        "left_out": compared.left_out,
        "differing": compared.differing,
        "same_standings": compared.differing == 0,
    }


def phases(passed: Passed, outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """What was due before, during and after the publication."""
    return {
        "before": [each for each in outcomes if passed.began - CALM <= each.due < passed.began],
        "during": [each for each in outcomes if passed.began <= each.due < passed.ended],
        "after": [each for each in outcomes if passed.ended <= each.due],
    }


def _waited(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    kinds = sorted({each.kind for each in outcomes})
    by_kind = {kind: _centiles([e.seconds for e in outcomes if e.kind == kind]) for kind in kinds}
    return _centiles([each.seconds for each in outcomes]) | {"by_kind": by_kind}


def _centiles(seconds: Sequence[float]) -> dict[str, float]:
    try:
        cuts = quantiles(seconds, n=100, method="inclusive")
    except StatisticsError:  # of one request there are no centiles
        return {}
    figures = {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(seconds)}
    return {"requests": len(seconds)} | {n: round(s * 1000, 1) for n, s in figures.items()}
