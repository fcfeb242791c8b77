"""What a change costs: from a fact that comes in to the new standing, on PostgreSQL.

Everything goes the ordinary way, on a house with a whole made-up city and everybody's standing.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa

from bench.house import LOADED, fill, house
from bench.running import peak_of
from bench.snapshots import KEPT, Snapshot
from healthcode.evidence import Designated, Kind
from healthcode.evidence.actions import SourceRegistration, register
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.pushing import push
from healthcode.evidence.terms import Designation
from healthcode.kit.db import Database
from healthcode.people import identify
from healthcode.people.tables import documents
from healthcode.people.terms import resident_number
from healthcode.rulebook.actions import AT_ONCE, binding_at, reassess
from healthcode.rulebook.everybody import taking
from healthcode.rulebook.reaching import reached

ONE_BY_ONE = 500
BATCH = 10_000
OFFERED = 200  # facts a second
FOR = 20.0  # seconds
WARM = 3.0  # seconds before: a session plans a rulebook's statements once, with its first fact
AT_LONGEST = 60.0  # seconds, on a machine that does not keep up: the rest is not sent
CONNECTIONS = 4
CITY = "12"
GB = 1e9

AREAS = sa.text("""
    SELECT left(area, 6) AS area, count(DISTINCT person) AS people
    FROM evidence.facts
    WHERE kind = 'stay' AND area <> '' AND coalesce(ended_at, started_at) >= :since
    GROUP BY 1 ORDER BY people DESC, area
""")
DESIGNATE = sa.text("""
    INSERT INTO evidence.designations (level, area, started_at, source, recording, recorded_at)
    VALUES ('high', :area, :at - interval '14 days', 'snapshot', :recording, :at)
""")


def measure(snapshot: Snapshot, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure every kind of change; the object that `--json` prints. `tell` hears what is done."""
    tell(f"loading {snapshot.people:,} people")
    with house(snapshot, snapshot.people) as made:
        fill(made, snapshot)
        everybody = range(1, snapshot.people + 1)
        lots = random.Random(snapshot.people)  # noqa: S311 - the same people each time
        drawn = lots.sample(everybody, min(BATCH, snapshot.people))
        done: dict[str, Any] = {"people": snapshot.people, "facts": snapshot.facts}
        for name, work in MEASURED.items():
            tell(name)
            made.engine.dispose()  # the next sessions are new processes, with no peak behind them
            _forget_peak()
            found = work(made, snapshot, drawn)
            done[name] = found | {"peak_gb": _peaks(made)}
        return done


def _forget_peak() -> None:
    """Linux counts our peak anew from here; elsewhere it is that of the whole run."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peaks(made: Database) -> dict[str, float]:
    """The most memory that this process had, and the database's sessions together, in GB."""
    sessions = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    with made.transaction() as transaction:
        pids = transaction.run(sa.text(sessions)).scalars().all()
    server = sum(peak_of(pid) for pid in pids)
    return {"client": round(peak_of() / GB, 2), "server": round(server / GB, 2)}


def _one_person(made: Database, _: Snapshot, drawn: Sequence[int]) -> dict[str, Any]:
    """One person reassessed, with the commit."""
    taken = []
    for person in drawn[:ONE_BY_ONE]:
        began = time.perf_counter()
        with made.transaction() as transaction:
            reassess(transaction, [person])
        taken.append(time.perf_counter() - began)
    return {"times": len(taken), **_centiles(taken)}


def _batch(made: Database, _: Snapshot, drawn: Sequence[int]) -> dict[str, Any]:
    """Many people reassessed in one transaction, with the commit."""
    began = time.perf_counter()
    with made.transaction() as transaction:
        reassess(transaction, drawn)
    return {"people": len(drawn), "seconds": round(time.perf_counter() - began, 3)}


def _designation(made: Database, snapshot: Snapshot, _: Sequence[int]) -> dict[str, Any]:
    """Those who stayed lately in areas with one in a hundred people, once they are risk areas.

    By the ordinary way so many would wait for a second person; what is measured is what happens
    when that person has approved: finding who was there, and reassessing them as the jobs do.
    """
    with made.transaction() as transaction:
        since = transaction.now - timedelta(days=14)
        areas, people = [], 0
        for row in transaction.run(AREAS, {"since": since}):
            if people < snapshot.people // 100:
                areas.append(row.area)
                people += row.people
        values = [{"area": each, "recording": LOADED, "at": transaction.now} for each in areas]
        transaction.run(sa.text("SET LOCAL session_replication_role = replica"))
        transaction.run(DESIGNATE, values)
    began = time.perf_counter()
    with made.transaction() as transaction:
        designated = Designated(tuple(Designation("high", a, "", since, None) for a in areas))
        bound = binding_at(transaction, transaction.now).rulebook
        persons = sorted(set(reached(transaction, bound, designated)))
    found = time.perf_counter() - began
    for first in range(0, len(persons), AT_ONCE):
        with made.transaction() as transaction:
            reassess(transaction, persons[first : first + AT_ONCE])
    return {
        "areas": areas,
        "people": len(persons),
        "seconds_to_find": round(found, 3),
        "seconds": round(time.perf_counter() - began, 3),
    }


def _fact(made: Database, snapshot: Snapshot, drawn: Sequence[int]) -> dict[str, Any]:
    """A fact pushed, until the new standing is committed, while others come in beside it.

    Counted from the moment when it was due, so that whoever comes late has waited.
    """
    pushed, uncounted = min(int(OFFERED * (WARM + FOR)), len(drawn)), int(OFFERED * WARM)
    names = _introduce(made, drawn[:pushed])
    clients = [f"department-{number}" for number in range(CONNECTIONS)]
    for client in clients:
        kinds = (Kind.DECLARATION.value,)
        asked = SourceRegistration(client, f"street-{client}", "community", kinds, ("all",))
        with made.transaction() as transaction:
            register(transaction, asked)
    began = time.perf_counter() + 1.0  # everybody is ready by then
    day = snapshot.at.date().isoformat()

    def send(number: int) -> list[float]:
        taken = []
        for place in range(number, pushed, CONNECTIONS):
            due = began + place / OFFERED
            now = time.perf_counter()
            if now > began + AT_LONGEST:
                break
            time.sleep(max(0.0, due - now))
            client = clients[number]
            row = {"subject": names[place], "kind": "declaration", "started_at": day}
            with made.transaction() as transaction:
                done = push(transaction, client, f"street-{client}", CITY, [row])
            if place >= uncounted:
                taken.append(time.perf_counter() - due)
            assert done.counts[Outcome.RECORDED] == 1, done.rejected
        return taken

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        taken = [each for some in threads.map(send, range(CONNECTIONS)) for each in some]
    took = time.perf_counter() - began - WARM
    return {
        "offered_per_second": OFFERED,
        "connections": CONNECTIONS,
        "offered": pushed - uncounted,
        "recorded": len(taken),
        "recorded_per_second": round(len(taken) / took, 1),
        **_centiles(taken),
    }


def _introduce(made: Database, persons: Sequence[int]) -> list[str]:
    """Give these people identity cards, so that a department can name them."""
    names = [
        f"10:{resident_number('120101', date(1940 + number // 1000, 1, 1), number % 1000)}"
        for number in range(len(persons))
    ]
    with made.transaction() as transaction:
        papers = [identify(transaction.keys, "", name, date(2020, 3, 20)) for name in names]
        transaction.run(
            sa.insert(documents),
            [
                {
                    "kind": paper.kind,
                    "number_hash": paper.hashed,
                    "number_sealed": paper.sealed,
                    "person": person,
                }
                for paper, person in zip(papers, persons, strict=True)
            ],
        )
    return names


def _snapshot(made: Database, _: Snapshot, __: Sequence[int]) -> dict[str, Any]:
    """A snapshot of everything, against reading the same facts by COPY and throwing them away."""
    began = time.perf_counter()
    with made.engine.connect() as connection:
        raw = connection.connection.cursor()
        with raw.copy("COPY evidence.facts TO STDOUT") as copy:
            for _block in copy:
                pass
    copied = time.perf_counter() - began
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="snapshot-") as folder:
        began = time.perf_counter()
        with made.transaction() as transaction, taking.viewing(transaction) as view:
            taken = taking.take(view, Path(folder), name=None)
        seconds = time.perf_counter() - began
    return {
        "facts": taken.facts,
        "seconds": round(seconds, 3),
        "copy_seconds": round(copied, 3),
        "facts_per_second": round(taken.facts / seconds),
        "ratio_to_copy": round(copied / seconds, 3),
    }


def _centiles(seconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


MEASURED: Mapping[str, Callable[[Database, Snapshot, Sequence[int]], dict[str, Any]]] = {
    "one_person": _one_person,
    "fact": _fact,
    "batch": _batch,
    "designation": _designation,
    "snapshot": _snapshot,
}
