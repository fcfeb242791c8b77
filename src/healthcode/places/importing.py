"""Registering places from a CSV file: the good rows are taken, every bad one is reported.

One place a line; a line that cannot be read spoils no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from healthcode.kit import rows
from healthcode.kit.db import Transaction
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words
from healthcode.places.actions import register_checked
from healthcode.places.checking import COLUMNS, Wrong, checked
from healthcode.places.terms import PlaceRegistration

MOST_ROWS = 100_000  # one transaction of some seconds; a city has about as many gates


class NoPlacesFile(BadInput):
    """There is no file of places to read."""

    words = Words(
        zh="无法读取文件 {path}。请检查路径和权限。",
        en="The file {path} cannot be read. Check its path and permissions.",
    )


class NotPlaces(BadInput):
    """The header is not that of a file of places."""

    words = Words(
        zh="{path} 的表头不是场所文件。第一行须为下列各列，次序不限，UTF-8 编码：{expected}",
        en="The header of {path} is not that of a file of places. Its first line must have these "
        "columns, in any order, in UTF-8: {expected}",
    )


class TooManyPlaces(BadInput):
    """More rows than one transaction takes."""

    words = Words(
        zh="{path} 超过 {most} 行，未作任何改动。请分成几个文件导入。",
        en="{path} has more than {most} rows and nothing was changed. Split it into several files.",
    )


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken: its line from 1, the column ("": the whole line), and why."""

    line: int
    column: str
    words: Words


@dataclass(frozen=True, slots=True)
class PlacesReport:
    """What an import of places did; rows = new + changed + unchanged + the bad ones."""

    new: int
    changed: int
    unchanged: int
    rejects: tuple[BadRow, ...]


def import_places(transaction: Transaction, path: Path) -> PlacesReport:
    """Register the places of a file, and change those that it says otherwise.

    A place that the file leaves out stays as it is. Raises NoPlacesFile, NotPlaces and
    TooManyPlaces.
    """
    taken: dict[str, tuple[int, PlaceRegistration]] = {}
    bad: list[tuple[int, Wrong]] = []
    try:
        with path.open("rb") as file:
            for line, row in _rows(path, file):
                found = row if isinstance(row, Wrong) else checked(row)
                if isinstance(found, PlaceRegistration) and found.key in taken:
                    found = Wrong("key", "key_twice")
                if isinstance(found, Wrong):
                    bad.append((line, found))
                else:
                    taken[found.key] = (line, found)
    except OSError as error:
        raise NoPlacesFile(path=path) from error
    done = register_checked(transaction, [row for _, row in taken.values()])
    bad += [(taken[key][0], Wrong("key", "closed")) for key in done.closed]
    rejects = (BadRow(line, why.column, why.words) for line, why in sorted(bad, key=itemgetter(0)))
    return PlacesReport(done.new, done.changed, done.unchanged, tuple(rejects))


def _rows(path: Path, file: BinaryIO) -> Iterator[tuple[int, PlaceRegistration | Wrong]]:
    """Every row with its line; empty lines are none."""
    lines = rows.lines(file)
    _, first = next(lines, (0, b""))
    header = [name.strip() for name in rows.csv_fields(rows.decoded(first) or "") or ()]
    if sorted(header) != sorted(COLUMNS):
        raise NotPlaces(path=path, expected=",".join(COLUMNS))
    for count, (line, raw) in enumerate(lines):
        if count >= MOST_ROWS:
            raise TooManyPlaces(path=path, most=MOST_ROWS)
        text = rows.decoded(raw)
        fields = None if text is None else rows.csv_fields(text)
        if text is None:
            yield line, Wrong("", "not_utf8")
        elif fields is None or len(fields) != len(header):
            yield line, Wrong("", "not_csv")
        else:
            yield line, PlaceRegistration(**dict(zip(header, fields, strict=True)))
