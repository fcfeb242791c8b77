"""What a look over a rulebook finds."""

from __future__ import annotations

from dataclasses import dataclass

from healthcode.kit.words import Words


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: `rules.O1`, `rules.O1.early_ends.1`, `rules.O1.examples "title"`.

    Early ends and the facts of an example are counted from 1.
    """

    where: str
    words: Words


@dataclass(frozen=True, slots=True)
class Found:
    """Faults are to be mended; a note may be meant so."""

    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
