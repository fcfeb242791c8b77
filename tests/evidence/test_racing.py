"""Imports that run at the same time: nothing lost, nothing twice, nobody made two people."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import sqlalchemy as sa

from healthcode.evidence.feeds import importing
from healthcode.evidence.feeds.importing import Report
from healthcode.kit.db import Database
from healthcode.people import actions as people
from tests.evidence.feeding import Department, document, facts, look, table, visit

ORPHANS = """
    SELECT (SELECT count(*) FROM people.persons) AS people,
           (SELECT count(DISTINCT person) FROM people.documents) AS with_document,
           (SELECT count(*) FROM people.documents) AS documents,
           (SELECT count(*) FROM evidence.staged_rows) AS staged,
           (SELECT count(*) FROM evidence.imports WHERE finished_at IS NULL) AS unfinished
"""


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many transactions for few rows, so that there is much to race for."""
    monkeypatch.setattr(importing, "BATCH", 20)


def at_once(*works: Callable[[], Report]) -> list[Report]:
    """Begin all of them at one moment, each in a thread."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Report]) -> Report:
        barrier.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result(120) for each in [pool.submit(run, work) for work in works]]


def _sender(database: Database, folder: Path, client: str) -> Department:
    made = Department(database, folder, client)
    made.registers(client)
    return made


def _rows(client: str, seed: int, size: int) -> list[dict[str, str]]:
    """Rows about forty people in no order, some of them about each other."""
    chance = random.Random(seed)
    return [
        visit(
            subject=document(one),
            with_subject=document(other) if n % 3 == 0 else "",
            place=f"{client}-{n}",
            source=client,
        )
        for n in range(size)
        for one, other in [chance.sample(range(40), 2)]
    ]


def _places(database: Database) -> Counter[str]:
    return Counter(str(fact.place) for fact in facts(database) if not fact.retracted)


def _whole(database: Database) -> sa.Row[tuple[object, ...]]:
    (row,) = look(database, ORPHANS)
    assert (row.staged, row.unfinished) == (0, 0)
    assert row.people == row.with_document == row.documents
    return row


def test_clients_that_name_the_same_people_at_once_make_each_of_them_once(
    fresh: Database, tmp_path: Path, small_batches: None
) -> None:
    rows = {f"client-{n}": _rows(f"client-{n}", n, 120) for n in range(4)}
    senders = {client: _sender(fresh, tmp_path, client) for client in rows}
    files = {client: senders[client].another(*rows[client]) for client in rows}
    works = [
        lambda client=client: senders[client].importer.run(files[client]) for client in rows
    ]  # fmt: skip
    reports = at_once(*works)
    assert [(each.recorded, each.rejected) for each in reports] == [(120, 0)] * 4
    sent = Counter(row["place"] for each in rows.values() for row in each)
    assert _places(fresh) == sent
    named = {
        row[column]
        for each in rows.values()
        for row in each
        for column in ("subject", "with_subject")
    }
    assert _whole(fresh).people == len(named - {""})


def test_one_file_imported_twice_at_once_is_imported_once(
    fresh: Database, tmp_path: Path, small_batches: None
) -> None:
    sender = _sender(fresh, tmp_path, "client")
    rows = [*_rows("client", 1, 200), visit(source="nobody"), visit(source="client")]
    path = sender.file(table(*rows))
    reports = at_once(*[lambda: sender.importer.run(path)] * 3)
    assert {(each.rows, each.recorded, each.unchanged, each.rejected) for each in reports} == {
        (202, 201, 0, 1)
    }
    assert _places(fresh) == Counter(row["place"] for row in rows if row["source"] == "client")
    assert len(look(fresh, "SELECT 1 FROM evidence.feed_rows")) == 201
    assert len(look(fresh, "SELECT 1 FROM evidence.rejects")) == 1
    _whole(fresh)


def test_two_files_of_one_client_about_the_same_rows_at_once_end_as_one_after_the_other(
    fresh: Database, tmp_path: Path, small_batches: None
) -> None:
    sender = _sender(fresh, tmp_path, "client")
    rows = [row | {"row_id": f"{n}"} for n, row in enumerate(_rows("client", 2, 120))]
    other = [row | {"place": f"{row['place']}-corrected"} for row in rows]
    files = [sender.another(*each) for each in (rows, other, rows[::-1])]
    reports = at_once(*[lambda path=path: sender.importer.run(path) for path in files])
    assert sum(each.recorded for each in reports) == 120
    assert sum(each.rejected for each in reports) == 0
    stands = _places(fresh)
    assert sum(stands.values()) == 120
    assert {place.removesuffix("-corrected") for place in stands} == {r["place"] for r in rows}
    unlinked = """
        SELECT 1 FROM evidence.facts f LEFT JOIN evidence.retractions r ON r.fact = f.corrects
        WHERE f.corrects IS NOT NULL AND r.fact IS NULL
    """
    assert look(fresh, unlinked) == []
    _whole(fresh)


def test_people_files_of_several_clients_at_once_make_each_person_once(
    fresh: Database, tmp_path: Path, small_batches: None
) -> None:
    works = []
    for n in range(4):
        sender = _sender(fresh, tmp_path, f"client-{n}")
        order = random.Random(n).sample(range(100), 100)
        rows = [{"subject": f"K{each}", "document": document(each), "age": "30"} for each in order]
        path = sender.another(*rows)
        works.append(lambda sender=sender, path=path: sender.importer.run(path))
    reports = at_once(*works)
    assert [(each.recorded, each.rejected) for each in reports] == [(100, 0)] * 4
    assert _whole(fresh).people == 100
    shared = "SELECT count(*) AS n, count(DISTINCT person) AS people FROM people.keys"
    (row,) = look(fresh, shared)
    assert (row.n, row.people) == (400, 100)


def test_clients_that_tell_the_same_documents_crosswise_do_not_stop_each_other(
    fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has claimed the document of its new person when it asks for that of a known one."""
    one, other = document(1), document(2)
    senders = [_sender(fresh, tmp_path, client) for client in ("a", "b")]
    for sender in senders:
        sender.sends({"subject": "known"})
    barrier, ensuring = Barrier(2), people.ensure

    def ensure_and_wait(*arguments: Any) -> dict[people.Subject, int]:
        made = ensuring(*arguments)
        with suppress(BrokenBarrierError):  # the other waits in the database, or is done
            barrier.wait(1)
        return made

    monkeypatch.setattr(people, "ensure", ensure_and_wait)
    works = []
    for sender, (first, second) in zip(senders, [(one, other), (other, one)], strict=True):
        rows = [{"subject": "new", "document": first}, {"subject": "known", "document": second}]
        path = sender.another(*rows)
        works.append(lambda sender=sender, path=path: sender.importer.run(path))
    reports = at_once(*works)
    assert sum(each.recorded + each.rejected for each in reports) == 4
    owners = look(
        fresh, "SELECT count(DISTINCT person) AS n, count(*) AS all FROM people.documents"
    )
    assert (owners[0].n, owners[0].all) == (2, 2)
