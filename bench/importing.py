"""How fast a file of facts is imported, against raw COPY of the same facts, already resolved.

The import is the ordinary one (`Importer.run`), from the file to the last committed batch, and
then the deferred jobs that give people their colours. Raw COPY fills an empty table with the
columns, defaults, constraints, foreign keys and indexes of `evidence.facts`, from a text file made
beforehand, in one transaction. Both stand in the same database of the embedded server, with its
usual settings, and take turns: the machine's mood then falls on both.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from healthcode.app.wiring import LISTENERS, prepare, run_jobs, shipped_rulebook
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.importing import Importer
from healthcode.kit.clock import SystemClock, local_today
from healthcode.kit.db import Database
from healthcode.kit.embedded import drop_database, embedded_server, ensure_database
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.people.terms import resident_number

CITY = "12"
CLIENT = "bureau"
SOURCES = [
    SourceRegistration(CLIENT, f"bureau-{name}", name, ("*",), ("all",))
    for name in ("clinic", "gate", "community", "authority")
]
TEMPLATE = "bench_people"
ROUND = "bench_round"
COLUMNS = (
    "subject", "with_subject", "kind", "result", "number", "area", "place", "started_at",
    "ended_at", "source",
)  # fmt: skip
BORN = date(1940, 1, 1)
PLACES = [
    f"{name}{n}号" for name in ("菜市场", "超市", "写字楼", "小区", "地铁站") for n in range(80)
]
TURNING = 300  # people whom the file turns: fewer than would wait for a second person
# Of a thousand rows: kind, source's class, result
MIX = (
    [("test", "clinic", "negative")] * 350
    + [("visit", "community", "")] * 200
    + [("temperature", "gate", "")] * 150
    + [("declaration", "community", "")] * 100
    + [("stay", "authority", "")] * 100
    + [("arrival", "authority", "domestic")] * 50
    + [("contact", "authority", "casual")] * 30
    + [("clearance", "community", "cleared")] * 20
)


def measure(people: int, facts: int, rounds: int = 1) -> dict[str, Any]:
    """Rows a second of an import, with and without its jobs, of raw COPY, and their ratios.

    The ratio is the median of the rounds' own ratios; a round is an import, then a raw COPY.
    """
    with (
        tempfile.TemporaryDirectory(prefix="healthcode-bench-") as name,
        embedded_server(Path(name)) as server,
    ):
        folder = Path(name)
        masters = MasterKeys.read(new_master_key())
        settings = _settings(server)
        _write_people(folder / "people.csv", people)
        _write_facts(folder / "evidence.csv", people, facts)
        with _house(ensure_database(server, TEMPLATE), masters) as database:
            with database.transaction() as transaction:
                shipped_rulebook(transaction)
                for source in SOURCES:
                    register(transaction, source)
            Importer(database, CLIENT, CITY).run(folder / "people.csv")
        found = [_round(server, masters, folder, facts) for _ in range(rounds)]
    return {
        "people": people,
        "facts": facts,
        "settings": settings,
        "import_rows_per_second": _median(found, "import"),
        "import_with_jobs_rows_per_second": _median(found, "import_with_jobs"),
        "copy_rows_per_second": _median(found, "copy"),
        "ratio": round(statistics.median(each["import"] / each["copy"] for each in found), 3),
        "ratio_with_jobs": round(
            statistics.median(each["import_with_jobs"] / each["copy"] for each in found), 3
        ),
        "rounds": found,
    }


def _median(found: list[dict[str, float]], name: str) -> int:
    return round(statistics.median(each[name] for each in found))


def _settings(server: str) -> dict[str, str]:
    names = ("server_version", "fsync", "synchronous_commit", "wal_level", "shared_buffers",
             "max_wal_size")  # fmt: skip
    with psycopg.connect(server) as connection:
        found = (connection.execute(f"SHOW {name}").fetchall() for name in names)
        return {name: value for name, [(value,)] in zip(names, found, strict=True)}


@contextmanager
def _house(url: str, masters: MasterKeys) -> Iterator[Database]:
    database = prepare(url, masters, SystemClock(), LISTENERS)
    try:
        yield database
    finally:
        database.engine.dispose()


def _round(server: str, masters: MasterKeys, folder: Path, facts: int) -> dict[str, float]:
    drop_database(server, ROUND)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {ROUND} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        connection.execute("CHECKPOINT")
    url = server.replace("/postgres?", f"/{ROUND}?")
    with _house(url, masters) as database:
        begun = time.perf_counter()
        report = Importer(database, CLIENT, CITY).run(folder / "evidence.csv")
        imported = time.perf_counter()
        run_jobs(database, wait=False)
        judged = time.perf_counter()
    if (report.recorded, report.proposed) != (facts, 0):
        raise AssertionError(f"{report} is not what the file says")
    copied = _raw_copy(url, folder / "facts.copy")
    drop_database(server, ROUND)
    return {
        "import": facts / (imported - begun),
        "import_with_jobs": facts / (judged - begun),
        "copy": facts / copied,
    }


def _raw_copy(url: str, path: Path) -> float:
    """Seconds that COPY takes for the facts of the database, in one transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        with (
            path.open("wb") as out,
            connection.cursor().copy(
                "COPY (SELECT * FROM evidence.facts ORDER BY fact) TO STDOUT"
            ) as copy,
        ):
            for block in copy:
                out.write(block)
        connection.execute("CREATE TABLE evidence.raw (LIKE evidence.facts INCLUDING ALL)")
        keys = connection.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'evidence.facts'::regclass AND contype = 'f'"
        ).fetchall()
        for key, definition in keys:
            own = definition.replace("evidence.facts(", "evidence.raw(")
            connection.execute(f"ALTER TABLE evidence.raw ADD CONSTRAINT {key} {own}")
        connection.execute("CHECKPOINT")
        begun = time.perf_counter()
        with (
            path.open("rb") as rows,
            connection.transaction(),
            connection.cursor().copy("COPY evidence.raw FROM STDIN") as copy,
        ):
            while block := rows.read(1 << 16):
                copy.write(block)
        return time.perf_counter() - begun


def _document(number: int) -> str:
    """A made-up person's card; no division has the code 129999."""
    return f"10:{resident_number('129999', BORN + timedelta(number // 1000), number % 1000)}"


def _write_people(path: Path, people: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["subject", "document", "age", "residence"])
        writer.writerows(
            (f"TJ-{n:08}", _document(n), n % 90, f"1201{n % 16 + 1:02}") for n in range(people)
        )


def _write_facts(path: Path, people: int, facts: int) -> None:
    """The same file for the same day: evidence of the last two weeks, in no order."""
    chance = random.Random(20200229)  # noqa: S311 - made-up rows, the same every time
    today = datetime.combine(local_today(SystemClock().now()), datetime.min.time())
    turning = set(chance.sample(range(facts), min(TURNING, facts // 100)))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number in range(facts):
            kind, source, result = chance.choice(MIX)
            if number in turning:
                kind, source, result = "contact", "authority", "close"
            writer.writerow(_fact(chance, people, today, kind, source, result))


def _fact(
    chance: random.Random, people: int, today: datetime, kind: str, source: str, result: str
) -> dict[str, str]:
    who = chance.randrange(people)
    started = today - timedelta(minutes=chance.randrange(14 * 24 * 60))
    row = {
        # every third row names a document, the others the department's own key
        "subject": _document(who) if chance.randrange(3) == 0 else f"TJ-{who:08}",
        "kind": kind,
        "result": result,
        "area": f"1201{chance.randrange(16) + 1:02}",
        "started_at": f"{started:%Y-%m-%dT%H:%M}",
        "source": f"bureau-{source}",
    }
    if kind in {"visit", "stay"}:
        row["ended_at"] = f"{started + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    if kind == "visit":
        row["place"] = chance.choice(PLACES)
    if kind == "temperature":
        row["number"] = f"{chance.uniform(36, 37.2):.1f}"
    if kind == "contact":
        row["with_subject"] = f"TJ-{(who + 1) % people:08}"
    return row


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60_000)
    parser.add_argument("--facts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    json.dump(measure(asked.people, asked.facts, asked.rounds), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
