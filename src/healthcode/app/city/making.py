"""Making a city: block by block, several at once, written in their order.

The same number of people and the same seed give the same bytes, on whatever machine.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

from healthcode.app.city import cases, everyday, stories
from healthcode.app.city.areas import Designation, designated_areas
from healthcode.app.city.facts import Facts
from healthcode.app.city.feeding import FeedWriter
from healthcode.app.city.outbreak import spread
from healthcode.app.city.population import Block, blocks
from healthcode.app.city.snapshotting import SnapshotWriter
from healthcode.app.city.ward import Ward
from healthcode.app.wiring import SHIPPED_RULEBOOK, shipped
from healthcode.evidence import Kind
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.rulebook import Rulebook
from healthcode.rulebook.actions import read_rulebook

AHEAD = 2  # blocks that are ready or in the making, for each that is worked on at once

Progress = Callable[[str, int, int], None]


class UnusableFolder(BadInput):
    """The folder of a city holds something already, or cannot be written."""

    words = Words(
        zh="无法写入文件夹 {path}：它不是空的、没有写入权限，或磁盘已满。"
        "请换一个文件夹，或先清空它。",
        en="The folder {path} cannot be used: it is not empty, may not be written, or the disk is "
        "full. Name another one, or empty it first.",
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A city as it was written."""

    people: int
    facts: int
    designations: int
    seed: int
    folder: str
    seconds: float
    by_kind: dict[str, int]


class Writer(Protocol):
    """What a city is written with, into a folder."""

    leaves_out: frozenset[Kind]
    """Kinds of facts that it does not write."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every file."""

    def write(self, ward: Ward, kinds: dict[Kind, Facts], first: int) -> None:
        """Write a block; its facts are numbered from `first`."""

    def finish(self, about: dict[str, Any], levels: list[Designation], rulebook: Rulebook) -> None:
        """Write what is known only at the end."""


def make_city(
    people: int,
    seed: int,
    folder: Path,
    *,
    feeds: bool = False,
    progress: Progress = lambda _doing, _done, _of: None,
) -> Made:
    """Make a city and write it into a new or empty folder, as a snapshot or as feed files.

    Raises UnusableFolder.
    """
    began = monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UnusableFolder(path=folder)
        counts, designations = _written(people, seed, folder, feeds=feeds, progress=progress)
    except OSError as error:
        raise UnusableFolder(path=folder) from error
    return Made(
        people=people,
        facts=counts.total(),
        designations=designations,
        seed=seed,
        folder=str(folder),
        seconds=round(monotonic() - began, 3),
        by_kind={kind.value: counts[kind] for kind in Kind if counts[kind]},
    )


def _written(
    people: int, seed: int, folder: Path, *, feeds: bool, progress: Progress
) -> tuple[Counter[Kind], int]:
    """Write the city; how many facts of each kind, and how many designations, there are."""
    counts: Counter[Kind] = Counter()
    levels = designated_areas(seed)
    writer: Writer = FeedWriter(folder) if feeds else SnapshotWriter(folder)
    with writer:
        done = 0
        for ward, kinds in _wards(people, seed):
            writer.write(ward, kinds, counts.total() + 1)
            counts.update({kind: len(facts) for kind, facts in kinds.items()})
            levels += ward.sites
            done += ward.block.people
            progress("people", done, people)
        for kind in writer.leaves_out:
            del counts[kind]
        about = {
            "name": f"city-{people}-{seed}", "people": people, "facts": counts.total(),
            "designations": len(levels),
        }  # fmt: skip
        text = (shipped("rulebooks") / SHIPPED_RULEBOOK).read_text("utf-8")
        writer.finish(about, levels, read_rulebook(text))
    return counts, len(levels)


def _wards(people: int, seed: int) -> Iterator[tuple[Ward, dict[Kind, Facts]]]:
    """The blocks, lived through, in their order."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[tuple[Ward, dict[Kind, Facts]]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for block in blocks(people):
            waiting.append(pool.submit(_lived, block, seed, people))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _lived(block: Block, seed: int, people: int) -> tuple[Ward, dict[Kind, Facts]]:
    """A block with all that happened in it."""
    ward = Ward.of(block, seed, people)
    everyday.live(ward)
    stories.happen(ward)
    cases.tell(ward, spread(ward))
    return ward, ward.notebook.facts()
