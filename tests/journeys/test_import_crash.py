"""An import that is killed at any moment, and started again, ends as one that never was."""

from __future__ import annotations

import csv
import json
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from healthcode.access.accounts import found, open_account
from healthcode.app.wiring import LISTENERS, SHIPPED_RULEBOOK, prepare, shipped
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer
from healthcode.kit.clock import SystemClock
from healthcode.kit.embedded import drop_database, ensure_database
from healthcode.kit.http import Caller
from healthcode.kit.secrets import MasterKeys
from healthcode.rulebook.actions import install

HEALTHCODE = Path(sys.executable).with_name("healthcode")
COLUMNS = (
    "row_id", "action", "subject", "with_subject", "kind", "result", "number", "area", "place",
    "started_at", "ended_at", "source",
)  # fmt: skip
PEOPLE = 900
# These kinds begin no window, so that the time goes into importing and not into judging.
KINDS = ("clearance", "discharge", "arrival")

# A person is known by what was stated of them, a fact by its place, which names its row.
WHO = "p{n}.residence || '/' || p{n}.age"
FACTS = f"""
    SELECT f.place, {WHO.format(n=1)}, {WHO.format(n=2)}, f.kind, f.result, f.number::text, f.area,
           f.started_at::text, f.ended_at::text, f.source, f.source_class, c.place, r.source
    FROM evidence.facts f
    JOIN people.persons p1 ON p1.person = f.person
    LEFT JOIN people.persons p2 ON p2.person = f.with_person
    LEFT JOIN evidence.facts c ON c.fact = f.corrects
    LEFT JOIN evidence.retractions r ON r.fact = f.fact
    ORDER BY f.place, f.fact
"""
ROWS = """
    SELECT count(*), count(made), count(DISTINCT made) FROM evidence.feed_rows
    WHERE what = 'evidence'
"""
REJECTS = 'SELECT "row", line, "column", reason FROM evidence.rejects ORDER BY "row"'
STANDINGS = f"""
    SELECT {WHO.format(n=1)}, s.colour
    FROM rulebook.standings s JOIN people.persons p1 USING (person) ORDER BY 1
"""
COUNTS = """
    SELECT "rows", recorded, corrected, retracted, unchanged, next_batch = batches,
           finished_at IS NOT NULL
    FROM evidence.imports ORDER BY import
"""
LEFT_OVER = """
    SELECT (SELECT count(*) FROM evidence.staged_rows)
         + (SELECT count(*) FROM evidence.facts WHERE recorded_at IS NULL)
         + (SELECT count(*) FROM evidence.retractions WHERE recorded_at IS NULL)
         + (SELECT count(*) FROM evidence.recordings WHERE recorded_at IS NULL)
"""
PROGRESS = """
    SELECT (SELECT count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND objid = 20200310 AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           ) AS held,
           coalesce((SELECT next_batch FROM evidence.imports WHERE what = 'evidence'), 0) AS batch,
           coalesce((SELECT string_agg(query, ' ') FROM pg_stat_activity
                     WHERE state = 'active' AND application_name = 'healthcode'
                       AND datname = current_database()), '') AS doing
"""

# A file is staged in a moment: to be killed in the midst of it, it waits before this block.
HELD_AT = """
    CREATE OR REPLACE FUNCTION evidence.held() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.batch = {block} THEN PERFORM pg_advisory_xact_lock_shared(20200310); END IF;
        RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER held BEFORE INSERT ON evidence.staged_rows
        FOR EACH ROW EXECUTE FUNCTION evidence.held();
    SELECT pg_advisory_lock(20200310)
"""

Condition = Callable[[int, int, str], bool]


@dataclass(frozen=True)
class City:
    """A database of its own, and the command line on it."""

    url: str
    masters: str
    keys: dict[str, str]  # of the clients
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, file: Path, client: str) -> subprocess.Popen[str]:
        """`healthcode import`, as a process."""
        begun = subprocess.Popen(
            [HEALTHCODE, "import", file, "--client", client, "--json"],
            env=os.environ
            | {
                "HEALTHCODE_DATABASE_URL": self.url,
                "HEALTHCODE_MASTER_KEYS": self.masters,
                "HEALTHCODE_SESSION": self.keys[client],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(begun)
        return begun

    def stop(self) -> None:
        """End what a failed test left running."""
        for each in self.running:
            each.kill()
            each.communicate(timeout=60)

    def rows(self, query: str) -> list[TupleRow]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def everything(self) -> dict[str, list[TupleRow]]:
        """All that two imports of the same files must agree in."""
        queries = {
            "facts": FACTS, "rows": ROWS, "rejects": REJECTS, "standings": STANDINGS,
            "counts": COUNTS,
        }  # fmt: skip
        return {name: self.rows(query) for name, query in queries.items()}


@pytest.fixture
def city(server: str, masters: str, tmp_path: Path) -> Iterator[Callable[[], City]]:
    """Makes cities in which the client `health` has introduced its people."""
    made: dict[str, City] = {}

    def make() -> City:
        name = f"crash_{secrets.token_hex(6)}"
        url = ensure_database(server, name)
        database = prepare(url, MasterKeys.read(masters), SystemClock(), LISTENERS)
        with database.transaction() as transaction:
            install(transaction, (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8"))
            found(transaction, "first.operator", "second.operator")
            operator = Caller(account="first.operator", role="operator")
            keys: dict[str, str] = {}
            for client in ("health", "other"):
                asked = SourceRegistration(client, client, "clinic", ("*",), ("all",))
                register(transaction, asked)
                keys[client] = open_account(transaction, operator, client, "source").secret
        people = tmp_path / "people.csv"
        if not people.exists():
            lines = (f"K{n},{n % 150},1201{n // 150 + 1:02}" for n in range(PEOPLE))
            people.write_text("\n".join(["subject,age,residence", *lines]))
        for client in ("health", "other"):
            Importer(database, client, "12").run(people)
        database.engine.dispose()
        made[name] = City(url, masters, keys)
        return made[name]

    yield make
    for name, each in made.items():
        each.stop()
        drop_database(server, name)


def _row(number: int, chance: random.Random, source: str) -> dict[str, Any]:
    day = chance.randrange(1, 28)
    return {
        "row_id": f"r{number}" if number % 3 == 0 else "",
        "subject": f"K{chance.randrange(PEOPLE)}",
        "with_subject": f"K{number % PEOPLE}" if number % 50 == 0 else "",
        "kind": chance.choice(KINDS),
        "result": chance.choice(["", "examined", "cleared"]),
        "number": chance.choice(["", "36.6"]),
        "area": chance.choice(["", "120101", "420100"]),
        "place": f"{source}-{number}",
        "started_at": f"2020-02-{day:02}",
        "ended_at": chance.choice(["", f"2020-02-{day + 1:02}", "9999-12-31"]),
        # one in five hundred is not registered
        "source": source if number % 500 else "nobody",
    }


def _write(path: Path, rows: int, source: str = "health") -> Path:
    """Evidence in which some rows correct or take back rows far above them."""
    chance = random.Random(2020)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number in range(rows):
            row = _row(number, chance, source)
            if number > rows // 2 and number % 30 == 0:
                row["row_id"] = f"r{number - rows // 2 - (number - rows // 2) % 3}"
                row["action"] = chance.choice(["record", "record", "retract"])
            writer.writerow(row)
    return path


def _kill_when(running: subprocess.Popen[str], city: City, condition: Condition) -> bool:
    """Kill the import as soon as its progress is there; False if it ended before."""
    with psycopg.connect(city.url, autocommit=True) as connection:
        while running.poll() is None:
            held, batch, doing = connection.execute(PROGRESS).fetchone() or (0, 0, "")
            if condition(held, batch, doing):
                running.kill()
                running.communicate(timeout=60)
                return running.returncode == -signal.SIGKILL
            with suppress(subprocess.TimeoutExpired):
                running.wait(0.01)
    return False


def _held(held: int, _batch: int, _doing: str) -> bool:
    return held > 0


def _moments(rows: int, kills: int, chance: random.Random) -> Iterator[Condition]:
    """In the midst of some batches."""
    steps = ["COPY evidence.facts", "COPY evidence.feed_rows", "COMMIT", ""]
    for first in sorted(chance.sample(range(rows // 5000), kills)):
        step = chance.choice(steps)
        yield lambda _held, batch, doing, step=step, first=first: batch >= first and step in doing


def _finished(running: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = running.communicate(timeout=600)
    assert running.returncode == 0, err
    report = json.loads(out)
    assert isinstance(report, dict)
    return report


def _import_killed(city: City, path: Path, rows: int, kills: int, seed: int) -> dict[str, Any]:
    """A quarter of the kills while the file is staged, the others in the midst of some batch."""
    chance = random.Random(seed)
    staging = (kills + 3) // 4
    for _ in range(staging):
        with psycopg.connect(city.url, autocommit=True) as connection:
            connection.execute(HELD_AT.format(block=chance.randrange(rows // 5000)))
            running = city.start(path, "health")
            assert _kill_when(running, city, _held), "it ended before it could be killed"
        assert city.rows("SELECT 1 FROM evidence.staged_rows") == []
    for condition in _moments(rows, kills - staging, chance):
        running = city.start(path, "health")
        assert _kill_when(running, city, condition), "it ended before it could be killed"
    return _finished(city.start(path, "health"))


def _killed_or_not(
    make: Callable[[], City], folder: Path, rows: int, kills: int, seed: int
) -> None:
    quiet, killed = make(), make()
    undisturbed = quiet.start(_write(folder / "quiet.csv", rows), "health")
    report = _import_killed(killed, _write(folder / "killed.csv", rows), rows, kills, seed)
    expected = _finished(undisturbed)
    assert report | {"fresh": True} == expected
    assert report["recorded"] + report["corrected"] + report["retracted"] > rows * 0.9
    assert min(report["corrected"], report["retracted"], report["rejected"]) > rows // 1000
    ours, theirs = killed.everything(), quiet.everything()
    for name, seen in ours.items():
        assert len(seen) == len(theirs[name]), name
        assert seen == theirs[name], name
    assert killed.rows(LEFT_OVER) == quiet.rows(LEFT_OVER) == [(0,)]


def test_an_import_killed_at_random_moments_ends_as_an_undisturbed_one(
    city: Callable[[], City], tmp_path: Path
) -> None:
    _killed_or_not(city, tmp_path, rows=20_000, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_an_import_killed_very_often_ends_as_an_undisturbed_one(
    city: Callable[[], City], tmp_path: Path, seed: int
) -> None:
    _killed_or_not(city, tmp_path, rows=100_000, kills=12, seed=seed)


def test_two_files_imported_at_once_by_two_processes_lose_and_double_nothing(
    city: Callable[[], City], tmp_path: Path
) -> None:
    here = city()
    rows = 6000
    running = [
        here.start(_write(tmp_path / f"{client}.csv", rows, client), client)
        for client in ("health", "other")
    ]
    for report in [_finished(each) for each in running]:
        assert report["rows"] == rows
        assert (
            sum(report[name] for name in ("recorded", "corrected", "retracted", "rejected")) == rows
        )
    told = here.rows("SELECT place, count(*) FROM evidence.facts GROUP BY place")
    assert {n for _, n in told} == {1}
    states = here.rows("SELECT count(*), count(DISTINCT row_id) FROM evidence.feed_rows")
    assert states[0][0] == states[0][1]
    assert here.rows(LEFT_OVER) == [(0,)]
