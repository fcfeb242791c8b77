"""Files of one row a line, UTF-8 with or without a byte order mark.

Fields never hold line breaks, so every line is parsed alone and a bad one spoils no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1."""
    for line, raw in enumerate(file, start=1):
        text = raw.removeprefix(BYTE_ORDER_MARK) if line == 1 else raw
        if text.strip():
            yield line, text


def decoded(raw: bytes) -> str | None:
    """A line's text without its end; None where it is no UTF-8 or holds a NUL."""
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def csv_fields(text: str) -> list[str] | None:
    """The fields of a line of CSV; None where its quotes are wrong, or its line ends."""
    if "\r" in text:  # a file of the old line ends is one long line
        return None
    if '"' not in text:  # nearly every line, and ten times as fast
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True), None)
    except csv.Error:
        return None
