"""A snapshot of the evidence in a folder, as Parquet: what it is, and how it is opened.

It has no names and no numbers, and keys of its own instead of persons'. The facts lie in
`facts/kind=…`, a folder for each kind; the people, with their residence, in `people.parquet`; risk
areas and places in `designations.parquet`; what it was taken of in `snapshot.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.rulebook.terms import Rulebook

FORMAT = 1
MANIFEST = "snapshot.json"


class NoSnapshot(BadInput):
    """A folder that is no snapshot of ours."""

    words = Words(
        zh="{folder} 不是快照文件夹（{what}）。请用 healthcode snapshot 生成。",
        en="{folder} is not a snapshot ({what}). Take one with `healthcode snapshot`.",
    )


@dataclass(frozen=True)
class Snapshot:
    """A snapshot in a folder: what it was taken of, and the rulebook that bound then."""

    folder: Path
    name: str | None
    taken_at: datetime
    known_at: datetime
    people: int
    facts: int
    designations: int
    rulebook: Rulebook

    def save(self) -> None:
        """Write the manifest, last of all: a folder without one is no snapshot."""
        said = {
            "format": FORMAT,
            "name": self.name,
            "taken_at": self.taken_at.isoformat(),
            "known_at": self.known_at.isoformat(),
            "people": self.people,
            "facts": self.facts,
            "designations": self.designations,
            "rulebook": self.rulebook.model_dump(mode="json", by_alias=True),
        }
        text = json.dumps(said, ensure_ascii=False, indent=1)
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")


def opened(folder: Path) -> Snapshot:
    """The snapshot in a folder. Raises NoSnapshot."""
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
        if said["format"] != FORMAT:
            raise NoSnapshot(folder=folder, what=f"format {said['format']}")
        for needed in ("people.parquet", "designations.parquet", "facts"):
            if not (folder / needed).exists():
                raise NoSnapshot(folder=folder, what=needed)
        return Snapshot(
            folder,
            said["name"],
            datetime.fromisoformat(said["taken_at"]),
            datetime.fromisoformat(said["known_at"]),
            said["people"],
            said["facts"],
            said["designations"],
            Rulebook.model_validate(said["rulebook"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoSnapshot(folder=folder, what=MANIFEST) from error
