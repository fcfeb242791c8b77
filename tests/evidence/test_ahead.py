"""Blocks read ahead, and rows that are all new and so are written at once: nothing else changes."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.evidence.feeds import importing, staging
from healthcode.evidence.feeds.batches import Part
from healthcode.evidence.feeds.deciding import Desk
from healthcode.kit.beside import NobodyBeside
from healthcode.kit.db import Transaction, as_copied, copy_lines
from tests.evidence.feeding import CHEN, Department, document, look, refusals, table, visit

STATES = """
    SELECT encode(w.row_id, 'hex') AS row_id, encode(w.content, 'hex') AS content, w.what, f.place
    FROM evidence.feed_rows w LEFT JOIN evidence.facts f ON f.fact = w.made ORDER BY 1
"""
FACTS = """
    SELECT f.person, f.kind, f.result, f.number, f.area, f.place, f.with_person,
           f.started_at::text, f.ended_at::text, f.source, f.source_class, f.corrects,
           f.recorded_at IS NULL AS without_stamp
    FROM evidence.facts f ORDER BY f.fact
"""
COUNTED = "SELECT bucket, people FROM rulebook.turned ORDER BY 1, 2"
WAITING = "SELECT proposal > 0, row, encode(row_id, 'hex') FROM evidence.proposed_rows ORDER BY 3"
ODD_TEXTS = (
    "shop",
    "a\tb",
    "back\\slash",
    r"\N",
    r"\.",
    'say "so"',
    "店 二",
    "a\u00a0b",
    "%s{}",
    "",
)

Seen = tuple[list[tuple[object, ...]], ...]


def _people(hospital: Department, many: int = 12) -> None:
    hospital.sends(*({"subject": f"K{n}", "document": document(n)} for n in range(many)))


def _rows(chance: random.Random, many: int) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for number in range(many):
        one, other = chance.sample(range(12), 2)
        rows.append(
            visit(
                subject=chance.choice([f"K{one}", document(one)]),
                with_subject=chance.choice(["", f"K{other}", document(other)]),
                kind=chance.choice(["visit", "contact", "diagnosis"]),
                result=chance.choice(["", "close", "confirmed"]),
                number=chance.choice(["", "36.6", "-0"]),
                area=chance.choice(["", "120101", "420100"]),
                place=chance.choice(ODD_TEXTS),
                ended_at=chance.choice(["", "2020-02-02", "9999-12-31"]),
                row_id=chance.choice(["", f"r{number}"]),
                source=chance.choice(["hospital", "bureau"]),
            )
        )
    return rows


def _tried(hospital: Department, path: Path) -> Seen:
    """All that an import leaves, and then it never was."""
    house = hospital.importer.database
    assert isinstance(house.connection, sa.Connection)
    with house.connection.begin_nested() as point:
        report = hospital.importer.run(path)
        queries = (STATES, FACTS, COUNTED, WAITING)
        seen = tuple([tuple(row) for row in look(house, query)] for query in queries)
        point.rollback()
    return ([(report,)], *seen, [*refusals(house, path)])


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on every row is looked at by itself."""
    return lambda: monkeypatch.setattr(Part, "prepare", lambda _part, _client: None)


@pytest.mark.parametrize("seed", range(4))
def test_rows_written_at_once_leave_what_rows_written_one_by_one_leave(
    hospital: Department,
    one_by_one: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(importing, "BATCH", 20)
    hospital.registers("bureau", "authority")
    _people(hospital)
    path = hospital.file(table(*_rows(random.Random(seed), 90)))
    with monkeypatch.context() as patch:
        patch.delattr(Desk, "fact")  # no row is looked at
        at_once = _tried(hospital, path)
    one_by_one()
    assert at_once == _tried(hospital, path)
    assert len(at_once[2]) == 90


def test_of_rows_written_at_once_the_same_people_wait(
    hospital: Department, one_by_one: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 400)
    hospital.registers("bureau", "authority")
    _people(hospital, 520)
    rows = [
        visit(subject=f"K{n % 520}", kind="contact", result="close", source="bureau", place=f"{n}")
        | {"started_at": "2020-02-19T12:00", "ended_at": ""}
        for n in range(700)
    ]
    path = hospital.file(table(*rows))
    at_once = _tried(hospital, path)
    one_by_one()
    assert at_once == _tried(hospital, path)
    assert len(at_once[4]) == 20  # the 501st and whoever came after


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"subject": "K1", "with_subject": document(1)}, [("with_subject", "contact_with_self")]),
        ({"subject": "nobody"}, [("subject", "subject_unknown")]),
        ({"with_subject": "nobody"}, [("with_subject", "subject_unknown")]),
        ({"kind": "test"}, [("kind", "kind_not_registered")]),
        ({"area": "120102"}, [("area", "outside_divisions")]),
        ({"area": ""}, [("area", "residence_unknown")]),
        ({"subject": CHEN}, []),
    ],
)
def test_one_special_row_is_decided_by_itself_and_spoils_none(
    department: Callable[..., Department], row: dict[str, str], why: list[tuple[str, str]]
) -> None:
    narrow = department("narrow")
    narrow.registers("hospital", kinds=("visit",), divisions=("120101",))
    narrow.registers("register", divisions=("all",))
    narrow.sends(*({"subject": f"K{n}", "document": document(n)} for n in range(2)))
    rows = [visit(subject="K0"), visit(subject="K1") | row, visit(subject="K0", place="shop")]
    assert narrow.complaints(*rows) == why
    told = look(narrow.house, "SELECT place FROM evidence.facts ORDER BY fact")
    assert len(told) == 3 - len(why)


def test_whoever_reads_ahead_may_die_and_the_same_file_goes_on(
    hospital: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 20)
    hospital.registers("bureau", "authority")
    _people(hospital)
    path = hospital.file(table(*_rows(random.Random(7), 90)))
    expected = _tried(hospital, path)
    read, ours = staging.read, os.getpid()
    blocks = iter(range(5))

    def dies(*asked: Any) -> staging.Block:
        if next(blocks) == 2 and os.getpid() != ours:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "read", dies)
        with pytest.raises(NobodyBeside):
            hospital.importer.run(path)
    (stopped,) = look(
        hospital.house, "SELECT next_batch, batches FROM evidence.imports WHERE what = 'evidence'"
    )
    assert (stopped.next_batch, stopped.batches) == (2, 5)
    assert _tried(hospital, path)[:3] == expected[:3]


def test_texts_in_the_format_of_copy_arrive_as_they_were(transaction: Transaction) -> None:
    transaction.connection.exec_driver_sql("CREATE TEMPORARY TABLE told (a text, b text, c text)")
    texts = [*ODD_TEXTS, "a\nb", "a\rb", r"\x41", "\\", None]
    rows = [("1", text, None) for text in texts]
    copy_lines(transaction.connection, "told (a, b, c)", map(as_copied, rows))
    found = transaction.connection.exec_driver_sql("SELECT a, b, c FROM told").all()
    assert [tuple(row) for row in found] == rows


def test_a_block_in_which_no_row_can_be_read_stops_nothing(
    hospital: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    rows = [visit(source="police")] * 4 + [visit()]
    report = hospital.sends(*rows)
    assert (report.recorded, report.rejected) == (1, 4)
