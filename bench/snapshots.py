"""The snapshot that every contender reads: a made-up city, made once and kept in `.bench/`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from healthcode.app.city.making import make_city
from healthcode.rulebook.actions import naive
from healthcode.rulebook.everybody.snapshots import MANIFEST, opened
from healthcode.rulebook.terms import Rulebook

KEPT = Path(".bench")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot's folder and what it says of itself; `at` and `known_at` are naive, in UTC."""

    folder: Path
    people: int
    facts: int
    rulebook: Rulebook
    at: datetime
    known_at: datetime

    @classmethod
    def read(cls, folder: Path) -> Snapshot:
        """Read what a snapshot says of itself. Raises NoSnapshot."""
        said = opened(folder)
        return cls(
            folder,
            said.people,
            said.facts,
            said.rulebook,
            naive(said.taken_at),
            naive(said.known_at),
        )

    def facts_of(self, kind: str) -> Path | None:
        """The folder of one kind's facts, if there are any."""
        folder = self.folder / "facts" / f"kind={kind}"
        return folder if any(folder.glob("*.parquet")) else None


def made_city(people: int, seed: int) -> Snapshot:
    """The made-up city of that size and seed; made where it is not there yet."""
    folder = KEPT / f"city-{people}-{seed}"
    if not (folder / MANIFEST).exists():
        shutil.rmtree(folder, ignore_errors=True)
        make_city(people, seed, folder)
    return Snapshot.read(folder)


def read_through(snapshot: Snapshot) -> None:
    """Read every file once, so that everybody finds them in the page cache."""
    for path in sorted(snapshot.folder.rglob("*.parquet")):
        with path.open("rb") as file:
            while file.read(1 << 22):
                pass
