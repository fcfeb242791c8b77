"""What is staged: sealed, whole, and read again as the file itself would be."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from healthcode.evidence.feeds import importing
from healthcode.evidence.feeds.batches import Staged
from healthcode.evidence.feeds.files import LONGEST_LINE, FeedFile, Lines
from healthcode.evidence.feeds.reading import Reader
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.evidence.feeds.staging import apart, read, seal
from healthcode.kit.db import Transaction, array_of, array_of_bytes
from healthcode.kit.garbage import seldom_collecting
from tests.evidence.feeding import Department, facts, look, refusals, table, visit
from tests.evidence.test_reading import NOW, RING, SOURCES

HEADER = "subject,kind,started_at,source,place\n"
GOOD = HEADER + "10:11010519491231002X,visit,2020-02-01,hospital,shop\n"


def _reader() -> Reader:
    return Reader("health", RING, NOW, SOURCES)


def _staged(file: FeedFile, most: int, only: set[int]) -> list[tuple[int, int, str]]:
    """Row, line, and why it was not taken, or "", of every row that staging brings back."""
    seen: list[tuple[int, int, str]] = []
    reader = _reader()
    for lines in file.lines(most):
        block = read(file, reader, RING, seal(RING, lines, only))
        seen += [(row.row, row.line, "") for part in block.parts for row in part.rows]
        seen += [(row, line, why.reason) for row, line, why in block.rejected]
    return sorted(seen)


def _itself(file: FeedFile) -> list[tuple[int, int, str]]:
    """The same, straight from the file."""
    reader = _reader()
    seen: list[tuple[int, int, str]] = []
    for row in file.rows():
        try:
            if isinstance(row.fields, Rejected):
                raise row.fields
            reader.read(file.what, row.fields)
        except Rejected as why:
            seen.append((row.row, row.line, why.reason))
        else:
            seen.append((row.row, row.line, ""))
    return seen


LINE = st.one_of(
    st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")),
    st.sampled_from(
        [
            b"10:11010519491231002X,visit,2020-02-01,hospital,shop",
            b"10:11010519491231002X,visit,2020-02-01,hospital,shop\r",
            b"10:11010519491231002X,visit,2020-02-01,hospital,\xe5\xba\x97",
            b"10:11010519491231002X,visit,2020-02-01,hospital,\xe5\xba",
            b"10:11010519491231002X,visit,2020-02-01,hospital,\x00",
            b"10:11010519491231002X,visit,2020-02-01,hospital,\xed\xb2\x80",
            b"",
            b"  ",
        ]
    ),
)


@given(st.lists(LINE, max_size=12), st.integers(1, 5), st.booleans())
def test_whatever_bytes_a_file_holds_staging_changes_none_of_its_rows(
    tmp_path: Path, lines: list[bytes], most: int, ends: bool
) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(HEADER.encode() + b"\n".join(lines) + (b"\n" if ends else b""))
    file = FeedFile.open(path)
    assert _staged(file, most, set()) == _itself(file)


def test_of_only_some_rows_the_others_count_and_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "equal.csv"
    row = GOOD.removeprefix(HEADER)
    path.write_text(HEADER + row * 5)
    file = FeedFile.open(path)
    every, some = [
        [
            part_row.said["row_id"]
            for lines in file.lines(2)
            for part in read(file, reader, RING, seal(RING, lines, only)).parts
            for part_row in part.rows
        ]
        for reader, only in ((_reader(), set[int]()), (_reader(), {2, 5}))
    ]
    assert some == [every[1], every[4]]
    assert len(set(every)) == 5


def test_a_line_too_long_to_be_a_row_is_refused_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    long = GOOD.removeprefix(HEADER).rstrip("\n") + " " * LONGEST_LINE + "\n"
    path.write_text(GOOD + long + GOOD.removeprefix(HEADER))
    assert _staged(FeedFile.open(path), 5, set()) == [(1, 2, ""), (2, 3, "not_csv"), (3, 4, "")]


def test_rows_about_the_same_thing_are_apart_and_in_their_order() -> None:
    rows = [Staged(n, n, {"row_id": name}) for n, name in enumerate("abacbbd")]
    parts = [[row.said["row_id"] for row in part] for part in apart(rows)]
    assert parts == [["a", "b"], ["a", "c", "b"], ["b", "d"]]
    assert [row for part in apart(rows) for row in part] == rows


def test_lines_after_a_gap_keep_their_numbers() -> None:
    assert list(Lines(7, (9, 11), "a\nb").each()) == [(7, 9, "a"), (8, 11, "b")]
    assert list(Lines(7, (9,), "a\nb\r").each()) == [(7, 9, "a"), (8, 10, "b")]


EQUAL = [visit(place=f"{n % 3}") for n in range(17)] + [visit(source="police")] * 2


@pytest.mark.parametrize("at", range(1, 12))
def test_equal_rows_without_ids_are_each_recorded_once_wherever_it_died(
    hospital: Department, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Whoever goes on must number them as the first would have."""
    monkeypatch.setattr(importing, "BATCH", 4)
    path = hospital.file(table(*EQUAL))
    calls = iter(range(1, at + 1))

    def die(_doing: str, _done: int, _of: int) -> None:
        if next(calls) == at:
            raise InterruptedError

    whole = hospital.importer
    with pytest.raises(InterruptedError):
        importing.Importer(whole.database, whole.client, whole.city, progress=die).run(path)
    report = hospital.importer.run(path)
    assert (report.recorded, report.unchanged, report.rejected) == (17, 0, 2)
    assert Counter(fact.place for fact in facts(hospital.house)) == {"0": 6, "1": 6, "2": 5}
    assert refusals(hospital.house, path) == [("source", "source_not_registered")] * 2
    assert look(hospital.house, "SELECT 1 FROM evidence.staged_rows") == []
    hospital.registers("police")
    assert hospital.importer.run(path).recorded == 19
    again = hospital.importer.run(hospital.file(table(*EQUAL) + "\n"))
    assert (again.recorded, again.unchanged) == (0, 19)


def test_imports_at_once_leave_pythons_housekeeping_as_they_found_it() -> None:
    before = gc.get_threshold()
    first, second = seldom_collecting(), seldom_collecting()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > before[0]
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


def test_many_values_arrive_as_an_array_each_as_it_was(transaction: Transaction) -> None:
    for raws in ([], [b""], [b"", b"\x00\\\"'", b"a" * 64]):
        statement = sa.text("SELECT CAST(:raws AS bytea[])")
        values = {"raws": array_of_bytes(raw.hex() for raw in raws)}
        assert transaction.run(statement, values).scalar_one() == raws
    statement = sa.text("SELECT CAST(:numbers AS bigint[])")
    found = transaction.run(statement, {"numbers": array_of([3, -1, "NULL"])}).scalar_one()
    assert found == [3, -1, None]
