"""The snapshot that every contender reads: a made-up city, made once and kept in `.bench/`."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from healthcode.app.city.making import make_city
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
        """Read what `snapshot.json` says."""
        said = json.loads((folder / "snapshot.json").read_text("utf-8"))
        return cls(
            folder,
            said["people"],
            said["facts"],
            Rulebook.model_validate(said["rulebook"]),
            _naive(said["taken_at"]),
            _naive(said["known_at"]),
        )

    def facts_of(self, kind: str) -> Path | None:
        """The folder of one kind's facts, if there are any."""
        folder = self.folder / "facts" / f"kind={kind}"
        return folder if any(folder.glob("*.parquet")) else None


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def made_city(people: int, seed: int) -> Snapshot:
    """The made-up city of that size and seed; made where it is not there yet."""
    folder = KEPT / f"city-{people}-{seed}"
    if not (folder / "snapshot.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        make_city(people, seed, folder)
    return Snapshot.read(folder)


def read_through(snapshot: Snapshot) -> None:
    """Read every file once, so that everybody finds them in the page cache."""
    for path in sorted(snapshot.folder.rglob("*.parquet")):
        with path.open("rb") as file:
            while file.read(1 << 22):
                pass
