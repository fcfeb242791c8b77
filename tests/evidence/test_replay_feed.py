"""A replay's feed: every row that the format allows, with the time that the file says."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthcode.evidence.actions import register_for_replay
from healthcode.evidence.feeds.reading import REPLAY
from healthcode.kit.db import Database
from tests.conftest import OUTBREAK
from tests.evidence.feeding import Department, facts, look, refusals, replayer, risk, visit

KNOWN = {"recorded_at": "2020-01-23"}
MIDNIGHT = datetime(2020, 1, 22, 16, tzinfo=UTC)


@pytest.fixture
def folder(house: Database, tmp_path: Path) -> Department:
    """A replay's files, from a folder whose rows name the source `hospital`."""
    with house.transaction() as transaction:
        for source in (REPLAY, "hospital"):
            register_for_replay(transaction, source)
    return replayer(house, tmp_path)


def test_a_fact_is_known_when_the_file_says(folder: Department) -> None:
    folder.sends(visit(row_id="1", **KNOWN), visit(row_id="1", place="x", recorded_at="2020-02-03"))
    old, new = facts(folder.house)
    assert old.recorded_at == MIDNIGHT
    assert new.recorded_at == old.retracted_at == datetime(2020, 2, 2, 16, tzinfo=UTC)


def test_a_retraction_is_known_when_the_file_says(folder: Department) -> None:
    folder.sends(visit(row_id="1", **KNOWN))
    folder.sends({"row_id": "1", "action": "retract", "recorded_at": "2020-02-03"} | visit())
    assert facts(folder.house)[0].retracted_at == datetime(2020, 2, 2, 16, tzinfo=UTC)


def test_a_designation_is_known_when_the_file_says(folder: Department) -> None:
    folder.sends(risk(**KNOWN), risk(area="", place="store", recorded_at="2020-02-01"))
    rows = look(folder.house, "SELECT recorded_at FROM evidence.designations ORDER BY designation")
    assert [row.recorded_at for row in rows] == [MIDNIGHT, datetime(2020, 1, 31, 16, tzinfo=UTC)]


def test_a_row_that_does_not_say_when_it_was_known_is_refused(folder: Department) -> None:
    for recorded_at in ("", "never", "infinity"):
        path = folder.another(visit(recorded_at=recorded_at))
        folder.importer.run(path)
        reason = "bad_time" if recorded_at else "missing"
        assert refusals(folder.house, path) == [("recorded_at", reason)]


ODD = [
    {"with_subject": "TJ1", "kind": "contact"},
    {"kind": "order"},
    {"kind": "vaccination"},
    {"result": "PCR 阳性"},
    {"source": ""},
    {"subject": "nobody has heard of"},
    {"subject": "10:1", "with_subject": "99:x"},
    {"area": "", "place": ""},
    {"area": "4201"},
    {"started_at": "2035-01-01", "ended_at": "infinity"},
    {"started_at": "1900-01-01", "ended_at": ""},
    {"recorded_at": "2090-01-01"},
]


@pytest.mark.parametrize("changes", ODD, ids=str)
def test_a_replay_takes_every_row_that_the_format_allows(
    folder: Department, changes: dict[str, str]
) -> None:
    row = visit(subject="TJ1", **KNOWN) | changes
    assert folder.complaints(row) == []
    (fact,) = facts(folder.house)
    assert fact.source == row["source"] or REPLAY
    assert fact.kind == row["kind"]
    assert fact.person == folder.person(row["subject"])


def test_a_replay_takes_back_what_a_person_said_of_themselves(folder: Department) -> None:
    told = visit(kind="symptom", row_id="1", **KNOWN)
    assert folder.complaints(told, told | {"action": "retract"}) == []


def test_a_replay_takes_any_level_and_an_area_with_a_place(folder: Department) -> None:
    rows = [risk(level="very high", **KNOWN), risk(area="120115", place="store", **KNOWN)]
    assert folder.complaints(*rows) == []


def test_a_replay_still_refuses_what_is_no_row(folder: Department) -> None:
    rows = {
        ("subject", "missing"): visit(subject="", **KNOWN),
        ("kind", "missing"): visit(kind="", **KNOWN),
        ("number", "bad_number"): visit(number="warm", **KNOWN),
        ("area", "bad_area"): visit(area="1", **KNOWN),
        ("started_at", "bad_time"): visit(started_at="soon", **KNOWN),
        ("ended_at", "ends_before_start"): visit(ended_at="2020-01-01", **KNOWN),
    }
    assert folder.complaints(*rows.values()) == list(rows)


def test_a_subject_of_a_replay_is_the_folders_own_key(folder: Department) -> None:
    folder.sends({"subject": "TJ1", "sex": "F", "age": "59"}, {"subject": "10:1"})
    folder.sends(visit(subject="TJ1", **KNOWN), visit(subject="10:1", **KNOWN))
    persons = [fact.person for fact in facts(folder.house)]
    assert persons == [folder.person("TJ1"), folder.person("10:1")]


def test_a_replay_knows_a_person_by_a_document_beside_the_key(folder: Department) -> None:
    rows = [{"subject": key, "document": "20:E12345678"} for key in ("TJ1", "TJ2")]
    assert folder.complaints(*rows) == []
    assert folder.person("TJ1") == folder.person("TJ2") is not None


def test_a_replays_rows_are_not_those_of_an_ordinary_client(
    folder: Department, department: Callable[..., Department]
) -> None:
    clinic = department("clinic")
    clinic.registers("clinic")
    folder.sends(visit(**KNOWN))
    assert clinic.sends(visit(source="clinic")).recorded == 1
    first, second = facts(folder.house)
    assert first.person != second.person


def test_every_row_of_the_real_outbreak_is_taken(house: Database, folder: Department) -> None:
    if not OUTBREAK.is_dir():
        assert "CI" not in os.environ, "CI must have the outbreak beside the checkout"
        pytest.skip("the real outbreak lies outside the project; it is not here")
    with house.transaction() as transaction:
        for source in ("contact-tracing", "health-commission", "place", "self", "travel"):
            register_for_replay(transaction, source)
    for name in ("people.csv", "designations.csv", "evidence.csv"):
        path = folder.file((OUTBREAK / name).read_bytes())
        report = folder.importer.run(path)
        assert (report.recorded, report.rejected) == (report.rows, 0), refusals(house, path)
    known = {str(fact.recorded_at) for fact in facts(house)}
    assert len(known) > 20
