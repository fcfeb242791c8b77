"""What the commands about trials stand on, and what they tell programs."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from healthcode.rulebook.checking import Found, look_over, misfits
from healthcode.rulebook.everybody.snapshots import Snapshot, opened
from healthcode.rulebook.everybody.trials import Example, Trial, try_draft
from healthcode.rulebook.terms import Rulebook

__all__ = [
    "Found", "data", "differing", "found_data", "look_over", "misfits", "named", "opened",
    "snapshot_data", "try_draft",
]  # fmt: skip

NEW, REMOVED = ("new",), ("removed",)


def named(rulebook: Rulebook) -> str:
    """A rulebook as it is called: its name and version."""
    return f"{rulebook.name} {rulebook.version}"


def differing(trial: Trial) -> dict[str, tuple[str, ...]]:
    """The rules that differ: NEW, REMOVED, or by which keys. Examples bind nobody."""
    before, after = ({r.id: r for r in book.rules} for book in (trial.binding, trial.draft))
    found: dict[str, tuple[str, ...]] = {}
    for rule in dict.fromkeys([*before, *after]):
        if rule not in after:
            found[rule] = REMOVED
        elif rule not in before:
            found[rule] = NEW
        else:
            one, other = (side[rule].model_dump(exclude={"examples"}) for side in (before, after))
            if keys := tuple(key for key, value in one.items() if other[key] != value):
                found[rule] = keys
    return found


def snapshot_data(taken: Snapshot) -> dict[str, Any]:
    """A snapshot for programs."""
    return {
        "folder": str(taken.folder),
        "name": taken.name,
        "taken_at": taken.taken_at.isoformat(),
        "known_at": taken.known_at.isoformat(),
        "people": taken.people,
        "facts": taken.facts,
        "designations": taken.designations,
    }


def found_data(found: Found) -> dict[str, Any]:
    """What a look over a rulebook found, for programs."""
    return {
        name: [{"where": each.where, **each.words.model_dump()} for each in some]
        for name, some in (("faults", found.faults), ("notes", found.notes))
    }


def data(trial: Trial) -> dict[str, Any]:
    """A trial for programs."""
    return {
        "binding": named(trial.binding),
        "draft": named(trial.draft),
        "at": trial.at.isoformat(),
        "known_at": trial.known_at.isoformat(),
        "people": trial.people,
        "changed": trial.changed,
        "rules": {rule: list(keys) for rule, keys in differing(trial).items()},
        "matrix": [
            {"before": before, "after": after, "people": people}
            for (before, after), people in sorted(trial.matrix().items())
        ],
        "by_district": [dataclasses.asdict(each) for each in trial.turns],
        "by_rule": [dataclasses.asdict(each) for each in trial.rule_turns],
        "under_rule": [dataclasses.asdict(each) for each in trial.held],
        "examples": [_example_data(each) for each in trial.examples],
    }


def _example_data(example: Example) -> dict[str, Any]:
    said = dataclasses.asdict(example)
    for side in ("was", "would_be"):
        said[side] = [
            {key: value.isoformat() if isinstance(value, datetime) else value
             for key, value in ground.items()}
            for ground in said[side]
        ]  # fmt: skip
    return said
