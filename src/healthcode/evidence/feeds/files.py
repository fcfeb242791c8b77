"""Reading a feed file: CSV or JSON Lines, UTF-8, one row a line.

A line that cannot be read is a rejected row and spoils no other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit import rows
from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words

OPTIONAL = ("row_id", "action", "recorded_at")
COLUMNS = {
    "people": ("subject", "sex", "age", "document", "name", "residence"),
    "evidence": (
        "subject", "kind", "result", "number", "area", "place", "with_subject",
        "started_at", "ended_at", "source",
    ),
    "designations": ("area", "place", "level", "started_at", "ended_at"),
}  # fmt: skip
NEEDED = {
    "people": {"subject"},
    "evidence": {"subject", "kind", "started_at", "source"},
    "designations": {"level", "started_at"},
}
SIGN_OF = {"designations": "level", "evidence": "kind", "people": "subject"}
LONGEST_LINE = 32_000  # bytes: more than any row of ours, however it is written
LOOK_AHEAD = 100  # JSON Lines have no header: the first rows' keys say what the file is


# What no field can hold: line breaks, NUL, and half characters, which JSON can write.
_UNFIT = re.compile("[\n\r\x00\ud800-\udfff]")
_NOT_UTF8 = re.compile("[\x00\udc80-\udcff]")  # a NUL, or a byte that was none of UTF-8
NO_ROW = b'"\n'
"""Stands for a line that is too long: neither CSV nor JSON."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of data rows: the first row's number, the lines' in the file (both from 1), the text.

    Of lines without a gap only the first has its number. Bytes that are no UTF-8 are kept as half
    characters, U+DC80 to U+DCFF.
    """

    first: int
    numbers: Sequence[int]
    text: str

    def each(self) -> Iterator[tuple[int, int, str]]:
        """Every row's number, its line's number, and the line's text without its end."""
        texts = self.text.split("\n")
        gapless = range(self.numbers[0], self.numbers[0] + len(texts))
        numbers = gapless if len(self.numbers) == 1 else self.numbers
        for row, (line, text) in enumerate(zip(numbers, texts, strict=True), start=self.first):
            yield row, line, text.rstrip("\r")


class NoSuchFile(BadInput):
    """There is no file to read."""

    words = Words(
        zh="无法读取文件 {path}。请检查路径和权限。",
        en="The file {path} cannot be read. Check its path and permissions.",
    )


class UnknownHeader(BadInput):
    """The header does not say which kind of file this is."""

    words = Words(
        zh="{path} 的表头不是人员、证据或风险区文件。必需的列：人员 subject；"
        "证据 subject, kind, started_at, source；风险区 level, started_at。缺少：{missing}。",
        en="The header of {path} is not that of a people, evidence or designations file. Needed: "
        "people subject; evidence subject, kind, started_at, source; designations level, "
        "started_at. Missing: {missing}.",
    )


class UnknownColumns(BadInput):
    """The header names columns that no feed has, or one twice."""

    words = Words(
        zh="{path} 有不认识或重复的列（第 {places} 列）。可用的列：{known}。请删除其余的列。",
        en="{path} has columns that are not known, or twice the same (columns {places}). "
        "Known here: {known}. Remove the others.",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its number among the data rows and its line in the file, both from 1."""

    row: int
    line: int
    fields: dict[str, str] | Rejected


@dataclass(frozen=True)
class FeedFile:
    """A file known by its header. `digest` is SHA-256 over its bytes."""

    path: Path
    what: str
    digest: bytes
    header: tuple[str, ...] | None  # None: JSON Lines

    @classmethod
    def open(cls, path: Path) -> FeedFile:
        """Look at a file. Raises NoSuchFile, UnknownHeader or UnknownColumns."""
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
                file.seek(0)
                first = next((raw for _, raw in rows.lines(file)), b"").lstrip()
        except OSError as error:
            raise NoSuchFile(path=path) from error
        if first.startswith(b"{"):
            keys = _keys_of_first_rows(path)
            return cls(path, _what(path, keys), digest, None)
        header = _names(first)
        what = _what(path, set(header))
        _check_columns(path, what, header)
        return cls(path, what, digest, header)

    def rows(self) -> Iterator[Row]:
        """Every data row, in order; empty lines are no rows."""
        for some in self.lines(LOOK_AHEAD):
            for row, line, text in some.each():
                yield Row(row, line, self.fields(text))

    def lines(self, most: int) -> Iterator[Lines]:
        """Every data row's line as it came, up to so many together."""
        with self.path.open("rb") as file:
            found = rows.lines(file)
            if self.header is not None:
                next(found, None)
            first = 1
            while some := list(islice(found, most)):
                numbers, raws = zip(*some, strict=True)
                if max(map(len, raws)) > LONGEST_LINE:
                    raws = tuple(raw if len(raw) <= LONGEST_LINE else NO_ROW for raw in raws)
                together = numbers[-1] - numbers[0] == len(numbers) - 1
                text = b"".join(raws).decode("utf-8", "surrogateescape").removesuffix("\n")
                yield Lines(first, numbers[:1] if together else numbers, text)
                first += len(numbers)

    def fields(self, text: str) -> dict[str, str] | Rejected:
        """The fields of a line, or why they cannot be read."""
        if not text.isprintable() and _NOT_UTF8.search(text) is not None:
            return Rejected("", "not_utf8")
        return self._json_fields(text) if self.header is None else self._csv_fields(text)

    def _csv_fields(self, text: str) -> dict[str, str] | Rejected:
        assert self.header is not None
        values = rows.csv_fields(text)
        if values is None or len(values) != len(self.header):
            return Rejected("", "not_csv")
        return dict(zip(self.header, map(str.strip, values), strict=True))

    def _json_fields(self, text: str) -> dict[str, str] | Rejected:
        pairs = _flat_object(text)
        if pairs is None:
            return Rejected("", "not_json")
        if not set(pairs) <= {*COLUMNS[self.what], *OPTIONAL}:
            return Rejected("", "unknown_column")
        return pairs


def unfit(what: str, fields: dict[str, str]) -> str | None:
    """Why a row that comes in pieces cannot be one of this feed: a key of REASONS, or None."""
    if not set(fields) <= {*COLUMNS[what], *OPTIONAL}:
        return "unknown_column"
    return "not_json" if any(_UNFIT.search(value) for value in fields.values()) else None


def _names(first: bytes) -> tuple[str, ...]:
    names = rows.csv_fields(first.decode("utf-8", "replace").rstrip("\r\n"))
    return tuple(name.strip() for name in names or ())


def _flat_object(text: str) -> dict[str, str] | None:
    def once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        found = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if not all(value is None or isinstance(value, str) for value in found.values()):
        return None
    if any(_UNFIT.search(value) for value in found.values() if value):
        return None
    return {key: (value or "").strip() for key, value in found.items()}


def _keys_of_first_rows(path: Path) -> set[str]:
    keys: set[str] = set()
    with path.open("rb") as file:
        for _, raw in islice(rows.lines(file), LOOK_AHEAD):
            keys |= (_flat_object(raw.decode("utf-8", "replace")) or {}).keys()
    return keys


def _what(path: Path, keys: set[str]) -> str:
    what = next((what for what, sign in SIGN_OF.items() if sign in keys), "people")
    missing = NEEDED[what] - keys
    if missing:
        raise UnknownHeader(path=path, missing=", ".join(sorted(missing)))
    return what


def _check_columns(path: Path, what: str, header: tuple[str, ...]) -> None:
    known = {*COLUMNS[what], *OPTIONAL}
    wrong = [
        str(place)
        for place, name in enumerate(header, start=1)
        if name not in known or name in header[: place - 1]
    ]
    if wrong:
        raise UnknownColumns(path=path, places=", ".join(wrong), known=", ".join(sorted(known)))
