"""Writing the city as a snapshot: Parquet files of people, of each kind of fact, and of levels.

A file's row groups are all of one length but the last, however the city was cut into blocks.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from healthcode.app.city.areas import AREAS, Designation
from healthcode.app.city.facts import GOING_ON, MOMENT, NEVER, NO_NUMBER, Facts, Ints
from healthcode.app.city.parameters import FIRST, NOW, RESULTS, SOURCES, instant
from healthcode.app.city.population import Block
from healthcode.app.city.ward import Ward
from healthcode.evidence import Kind
from healthcode.rulebook import Rulebook

FORMAT: Final = 1
ROWS: Final = 122_880  # of a row group: what DuckDB reads at a time
MICROSECONDS: Final = 60_000_000  # in a minute
EPOCH: Final = int(FIRST.timestamp()) * 1_000_000  # of the city, in microseconds

TIME: Final = pa.timestamp("us")
NUMBER: Final = pa.decimal128(9, 3)
PEOPLE: Final = pa.schema([("person", pa.int64()), ("residence", pa.string())])
FACTS: Final = pa.schema(
    [
        ("fact", pa.int64()), ("person", pa.int64()), pa.field("result", pa.string(), False),
        ("number", NUMBER), ("area", pa.string()), ("place", pa.string()), ("source", pa.string()),
        ("source_class", pa.string()), ("started", TIME), ("ended", TIME),
        ("states_end", pa.bool_()), ("recorded", TIME), ("retracted", TIME),
    ]
)  # fmt: skip
DESIGNATIONS: Final = pa.schema(
    [
        ("level", pa.string()), ("area", pa.string()), ("place", pa.string()), ("started", TIME),
        ("ended", TIME), ("recorded", TIME), ("retracted", TIME),
    ]
)  # fmt: skip


class SnapshotWriter:
    """Writes a folder block by block; `finish` writes what is known at the end."""

    leaves_out: frozenset[Kind] = frozenset()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._people = _File(folder / "people.parquet", PEOPLE)
        self._kinds: dict[Kind, _File] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self._people, *self._kinds.values()):
            file.close()

    def write(self, ward: Ward, kinds: dict[Kind, Facts], first: int) -> None:
        """Write a block; its facts are numbered from `first`."""
        self._people.add(_people(ward))
        for kind, facts in kinds.items():
            if kind not in self._kinds:
                folder = self._folder / "facts" / f"kind={kind}"
                folder.mkdir(parents=True)
                self._kinds[kind] = _File(folder / "part.parquet", FACTS)
            self._kinds[kind].add(_facts(ward, facts, first))
            first += len(facts)

    def finish(self, about: dict[str, Any], levels: list[Designation], rulebook: Rulebook) -> None:
        """Write the designations and, last, `snapshot.json`: with it the folder is whole."""
        file = _File(self._folder / "designations.parquet", DESIGNATIONS)
        file.add(_designations(levels))
        file.close()
        now = instant(NOW).isoformat()
        snapshot = {"format": FORMAT} | about | {"taken_at": now, "known_at": now}
        snapshot["rulebook"] = rulebook.model_dump(mode="json", by_alias=True)
        text = json.dumps(snapshot, ensure_ascii=False, indent=1)
        (self._folder / "snapshot.json").write_text(text + "\n", "utf-8")


class _File:
    """A Parquet file that grows, in row groups of one length."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="snappy")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._rows += table.num_rows
        whole = self._rows // ROWS * ROWS
        if whole:
            joined = pa.concat_tables(self._waiting)
            self._writer.write_table(joined.slice(0, whole), row_group_size=ROWS)
            self._waiting = [joined.slice(whole)]
            self._rows -= whole

    def close(self) -> None:
        if self._writer.is_open:
            rest = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
            self._writer.write_table(rest, row_group_size=ROWS)
            self._writer.close()


def residences_of(block: Block) -> tuple[str, str, str]:
    """What a residence's number means in a block."""
    return block.street, block.district, ""


def _people(ward: Ward) -> pa.Table:
    block = ward.block
    person = np.arange(block.first + 1, block.first + block.people + 1, dtype=np.int64)
    residence = taken(residences_of(block), ward.residents.residence)
    return pa.table([pa.array(person), residence], schema=PEOPLE)


def _facts(ward: Ward, facts: Facts, first: int) -> pa.Table:
    classes = [each.source_class for each in SOURCES.values()]
    moment = facts.ended == MOMENT
    return pa.table(
        [
            pa.array(np.arange(first, first + len(facts), dtype=np.int64)),
            pa.array(facts.person.astype(np.int64) + (ward.block.first + 1)),
            taken(RESULTS, facts.result),
            _numbers(facts.number),
            taken((*AREAS, ward.block.street), facts.area),
            taken(("", *ward.places.names), facts.place),
            taken(tuple(SOURCES), facts.source),
            taken(classes, facts.source),
            times(facts.started),
            times(np.where(moment, facts.started, facts.ended), but=GOING_ON),
            pa.array(~moment),
            times(facts.recorded),
            times(facts.retracted, but=NEVER),
        ],
        schema=FACTS,
    )


def _designations(levels: list[Designation]) -> pa.Table:
    columns = {
        name: np.array([getattr(each, name) for each in levels], np.int32)
        for name in ("started", "ended", "recorded", "retracted")
    }
    return pa.table(
        [
            pa.array([each.level.value for each in levels], pa.string()),
            pa.array([each.area for each in levels], pa.string()),
            pa.array([each.place for each in levels], pa.string()),
            *(times(column, but=NEVER) for column in columns.values()),
        ],
        schema=DESIGNATIONS,
    )


def taken(words: tuple[str, ...] | list[str], numbers: Ints) -> pa.Array:
    """Words by their numbers."""
    return pa.array(words, pa.string()).take(pa.array(numbers))


def times(minutes: Ints, but: int | None = None) -> pa.Array:
    """Minutes of the city as timestamps in UTC; null for `but`."""
    instants = minutes.astype(np.int64) * MICROSECONDS + EPOCH
    mask = None if but is None else minutes == but
    return pa.array(instants, pa.int64(), mask=mask).cast(TIME)


def _numbers(thousandths: Ints) -> pa.Array:
    """Decimals of three places, made from their bytes: sixteen each, the low half first."""
    if (thousandths == NO_NUMBER).all():
        return pa.nulls(len(thousandths), NUMBER)
    known = thousandths != NO_NUMBER
    halves = np.zeros((len(thousandths), 2), np.int64)
    halves[known, 0] = thousandths[known]
    valid = np.packbits(known, bitorder="little")
    buffers = [pa.py_buffer(valid.tobytes()), pa.py_buffer(halves.tobytes())]
    return pa.Array.from_buffers(NUMBER, len(thousandths), buffers)
