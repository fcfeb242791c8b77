"""Writing the city as the three files of a feed, for `healthcode import` or a replay.

The people and facts are those of the snapshot, without orders, which no file may send. A retraction
is a row of its own, after the block in which the fact was recorded.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from healthcode.app.city.areas import AREAS, Designation
from healthcode.app.city.facts import GOING_ON, MOMENT, NEVER, NO_NUMBER, NOBODY, Facts, Ints
from healthcode.app.city.identities import documents, names
from healthcode.app.city.parameters import FIRST, RESULTS, SOURCES
from healthcode.app.city.snapshotting import residences_of, taken
from healthcode.app.city.ward import Ward
from healthcode.evidence import Kind
from healthcode.evidence.actions import EVERYWHERE, SourceRegistration
from healthcode.rulebook import Rulebook

PEOPLE: Final = ("subject", "document", "name", "sex", "age", "residence")
EVIDENCE: Final = (
    "row_id", "action", "subject", "kind", "result", "number", "area", "place", "with_subject",
    "started_at", "ended_at", "source", "recorded_at",
)  # fmt: skip
DESIGNATIONS: Final = (
    "row_id", "action", "level", "area", "place", "started_at", "ended_at", "recorded_at",
)  # fmt: skip
RECORD, RETRACT = "record", "retract"
NOT_SENDABLE: Final = frozenset({Kind.ORDER})


def registrations(client: str) -> list[SourceRegistration]:
    """What a client must be registered for to send a city's files."""
    return [
        SourceRegistration(client, name, source.source_class, source.kinds, (EVERYWHERE,))
        for name, source in SOURCES.items()
        if not NOT_SENDABLE & set(source.kinds)
    ]


class FeedWriter:
    """Writes a folder of feed files block by block; `finish` adds the designations."""

    leaves_out = NOT_SENDABLE

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people = _File(folder / "people.csv", PEOPLE)
        self._evidence = _File(folder / "evidence.csv", EVIDENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._people.close()
        self._evidence.close()

    def write(self, ward: Ward, kinds: dict[Kind, Facts], first: int) -> None:
        """Write a block; its facts are numbered from `first`."""
        residents = ward.residents
        everybody = np.arange(ward.block.people, dtype=np.int32)
        self._people.add(
            _subjects(ward, everybody),
            documents(ward),
            names(ward),
            taken(("F", "M"), residents.male.astype(np.int32)),
            pa.array(residents.age).cast(pa.string()),
            taken(residences_of(ward.block), residents.residence),
        )
        taken_back = []
        for kind, facts in kinds.items():
            if kind in self.leaves_out:
                continue
            ids = _row_ids("f", first, len(facts))
            self._evidence.add(*_facts(ward, kind, facts, ids))
            back = facts.retracted != NEVER
            taken_back.append((ids.filter(pa.array(back)), facts.retracted[back]))
            first += len(facts)  # what is left out comes last
        for ids, retracted in taken_back:
            self._evidence.add_retractions(ids, times(retracted))

    def finish(self, about: dict[str, Any], levels: list[Designation], rulebook: Rulebook) -> None:
        """Write the designations; a feed knows nothing of rulebooks."""
        del about, rulebook
        file = _File(self._folder / "designations.csv", DESIGNATIONS)
        ids = _row_ids("d", 1, len(levels))
        columns = {
            name: np.array([getattr(each, name) for each in levels], np.int32)
            for name in ("started", "ended", "recorded", "retracted")
        }
        file.add(
            ids,
            _all(RECORD, len(levels)),
            pa.array([each.level.value for each in levels]),
            pa.array([each.area for each in levels]),
            pa.array([each.place for each in levels]),
            times(columns["started"]),
            times(columns["ended"], {NEVER: ""}),
            times(columns["recorded"]),
        )
        back = columns["retracted"] != NEVER
        file.add_retractions(ids.filter(pa.array(back)), times(columns["retracted"][back]))
        file.close()


class _File:
    """A CSV file of text columns that grows; no field needs quotes."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._sink = path.open("wb")
        self._sink.write((",".join(columns) + "\n").encode())
        self._schema = pa.schema([(name, pa.string()) for name in columns])
        bare = csv.WriteOptions(include_header=False, quoting_style="none")
        self._writer = csv.CSVWriter(self._sink, self._schema, write_options=bare)

    def add(self, *columns: pa.Array) -> None:
        self._writer.write_table(pa.table(list(columns), schema=self._schema))

    def add_retractions(self, ids: pa.Array, recorded: pa.Array) -> None:
        known = {"row_id": ids, "action": _all(RETRACT, len(ids)), "recorded_at": recorded}
        self.add(*(known.get(name, _all("", len(ids))) for name in self._schema.names))

    def close(self) -> None:
        self._writer.close()
        self._sink.close()


def _facts(ward: Ward, kind: Kind, facts: Facts, ids: pa.Array) -> list[pa.Array]:
    count = len(facts)
    other = pc.if_else(pa.array(facts.other == NOBODY), "", _subjects(ward, facts.other))
    return [
        ids,
        _all(RECORD, count),
        _subjects(ward, facts.person),
        _all(kind.value, count),
        taken(RESULTS, facts.result),
        _numbers(facts.number),
        taken((*AREAS, ward.block.street), facts.area),
        taken(("", *ward.places.names), facts.place),
        other,
        times(facts.started),
        times(facts.ended, {MOMENT: "", GOING_ON: "infinity"}),
        taken(tuple(SOURCES), facts.source),
        times(facts.recorded),
    ]


def _all(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _subjects(ward: Ward, person: Ints) -> pa.Array:
    """The client's own keys: c00000001."""
    numbers = pa.array(person.astype(np.int64) + (ward.block.first + 1)).cast(pa.string())
    return pc.binary_join_element_wise("c", pc.utf8_lpad(numbers, 8, "0"), "")


def _row_ids(letter: str, first: int, count: int) -> pa.Array:
    numbers = pa.array(np.arange(first, first + count, dtype=np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(letter, numbers, "")


def times(minutes: Ints, but: dict[int, str] | None = None) -> pa.Array:
    """Minutes of the city as feeds write them, in Shanghai's time; `but` are written otherwise."""
    values, place = np.unique(minutes, return_inverse=True)
    zero = np.datetime64(FIRST.replace(tzinfo=None), "m")
    written = np.datetime_as_string(zero + values.astype("timedelta64[m]")).tolist()
    words = [(but or {}).get(int(value), text) for value, text in zip(values, written, strict=True)]
    return pa.array(words, pa.string()).take(pa.array(place))


def _numbers(thousandths: Ints) -> pa.Array:
    values, place = np.unique(thousandths, return_inverse=True)
    words = ["" if value == NO_NUMBER else f"{value / 1000:g}" for value in values.tolist()]
    return pa.array(words, pa.string()).take(pa.array(place))
