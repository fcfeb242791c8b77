"""Judging a past outbreak day by day, with only what was recorded by then.

The files go through the ordinary feed into a scratch database of their own; nothing of it stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from healthcode.app.settings import Settings
from healthcode.app.wiring import prepare, shipped
from healthcode.evidence import Designated, Proposed, Recorded
from healthcode.evidence.actions import register_for_replay
from healthcode.evidence.feeds.files import FeedFile
from healthcode.evidence.feeds.importing import Importer, Progress
from healthcode.evidence.feeds.reading import REPLAY
from healthcode.evidence.queries import FIRST_DIAGNOSES, SPAN_OF_FACTS
from healthcode.kit.clock import SHANGHAI, SystemClock, local_today
from healthcode.kit.db import Database, Transaction
from healthcode.kit.embedded import drop_database, embedded_server, ensure_database, stale_databases
from healthcode.kit.events import Listeners
from healthcode.kit.secrets import MasterKeys, new_master_key
from healthcode.people import identify, persons_of
from healthcode.rulebook import Colour
from healthcode.rulebook.actions import binding_at, colours_of_all, install
from healthcode.rulebook.weighing import on_proposed

RULEBOOK = "replay-tianjin-2020.yaml"
FILES = ("people.csv", "designations.csv", "evidence.csv")
SCENARIOS = {"authority": ("symptom",), "declared": ()}
"""What each scenario leaves out."""

FIRST_DAY, LAST_DAY = date(2020, 1, 5), date(2020, 2, 29)
"""The days of the first wave in Tianjin; another outbreak is judged over its own days."""

SCRATCH = "replay_"


@dataclass(frozen=True)
class Scenario:
    """How early the cases were flagged, and how many people had each colour on each day."""

    cases: int
    leads: tuple[int, ...]
    census: dict[date, dict[Colour, int]]

    @property
    def median_lead(self) -> float | None:
        """Days, half a day between two middles; None where nobody was flagged."""
        if not self.leads:
            return None
        middle = median(self.leads)
        return int(middle) if middle == int(middle) else middle

    def as_data(self) -> dict[str, Any]:
        """As JSON; `median_lead_days` is null where nobody was flagged."""
        return {
            "cases": self.cases,
            "flagged": len(self.leads),
            "median_lead_days": self.median_lead,
            "census": {
                day.isoformat(): {colour.value: count for colour, count in colours.items()}
                for day, colours in self.census.items()
            },
        }


@dataclass(frozen=True)
class Replay:
    """A replay's scenarios, and how many rows of each file were not taken."""

    scenarios: dict[str, Scenario]
    rejected: dict[Path, int]

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {name: scenario.as_data() for name, scenario in self.scenarios.items()}


def replay(folder: Path, settings: Settings, progress: Progress) -> Replay:
    """Replay the outbreak in a folder. Raises NoSuchFile, UnknownHeader or UnknownColumns."""
    files = {name: FeedFile.open(folder / name) for name in FILES}
    with _scratch(settings) as database:
        with database.transaction() as transaction:
            install(transaction, (shipped("rulebooks") / RULEBOOK).read_text("utf-8"))
            for source in _sources(files["evidence.csv"]):
                register_for_replay(transaction, source)
        importer = Importer(database, REPLAY, settings.city, replay=True, progress=progress)
        rejected = {file.path: importer.run(file.path).rejected for file in files.values()}
        with database.transaction() as transaction:
            people = _people(transaction, files["people.csv"])
            scenarios = {
                name: _scenario(transaction, people, without, name, progress)
                for name, without in SCENARIOS.items()
            }
    return Replay(scenarios, {path: count for path, count in rejected.items() if count})


@contextmanager
def _scratch(settings: Settings) -> Iterator[Database]:
    """A database that goes with us; one that a killed replay left goes first."""
    with embedded_server(settings.data_dir) as server:
        for stale in stale_databases(server, SCRATCH):
            drop_database(server, stale)
        name = f"{SCRATCH}{secrets.token_hex(6)}"
        url = ensure_database(server, name)
        try:
            # nobody has a standing here, so nothing is weighed and nothing follows
            listeners: Listeners = {Proposed: [on_proposed], Recorded: [], Designated: []}
            masters = MasterKeys.read(new_master_key())
            database = prepare(url, masters, SystemClock(), listeners)
            try:
                yield database
            finally:
                database.engine.dispose()
        finally:
            drop_database(server, name)


def _sources(file: FeedFile) -> set[str]:
    named = {row.fields.get("source", "") for row in file.rows() if isinstance(row.fields, dict)}
    return {REPLAY} | (named - {""})


def _people(transaction: Transaction, file: FeedFile) -> set[int]:
    subjects = {
        identify(
            transaction.keys,
            REPLAY,
            row.fields["subject"],
            local_today(transaction.now),
            own_keys=True,
        )
        for row in file.rows()
        if isinstance(row.fields, dict)
    }
    return set(persons_of(transaction, REPLAY, subjects).values())


def _scenario(
    transaction: Transaction,
    people: set[int],
    without: tuple[str, ...],
    name: str,
    progress: Progress,
) -> Scenario:
    diagnosed = {
        row.person: local_today(row.started_at) for row in transaction.run(FIRST_DIAGNOSES)
    }
    first_flag: dict[int, date] = {}
    census: dict[date, dict[Colour, int]] = {}
    days = _days(transaction)
    bound = binding_at(transaction, transaction.now)
    for done, day in enumerate(days, start=1):
        at = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
        colours = colours_of_all(transaction, bound, at, at, without_kinds=without)
        for person, colour in colours.items():
            if colour in {Colour.ORANGE, Colour.RED}:
                first_flag.setdefault(person, day)
        census[day] = {
            colour: sum(colours.get(person, Colour.GREEN) is colour for person in people)
            for colour in (Colour.GREEN, Colour.ORANGE, Colour.RED)
        }
        progress(name, done, len(days))
    leads = (
        (diagnosis - first_flag[person]).days
        for person, diagnosis in diagnosed.items()
        if person in first_flag and first_flag[person] < diagnosis
    )
    return Scenario(len(diagnosed), tuple(sorted(leads)), census)


def _days(transaction: Transaction) -> list[date]:
    """The first wave's days, or where no fact falls among them the folder's own."""
    first, last = FIRST_DAY, LAST_DAY
    span = transaction.run(SPAN_OF_FACTS).one()
    if span.first is not None:
        begins, ends = (local_today(each) for each in (span.first, span.last))
        if ends < first or begins > last:
            first, last = begins, ends
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
