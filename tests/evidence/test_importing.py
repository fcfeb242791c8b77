"""Importing evidence: nothing lost, nothing twice, every bad row reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from healthcode.evidence.feeds import importing
from healthcode.evidence.feeds.importing import write_rejects
from healthcode.evidence.feeds.reasons import REASONS
from healthcode.evidence.feeds.recording import UnknownClient
from healthcode.kit.db import Database
from tests.conftest import NOON
from tests.evidence.feeding import (
    ANNA,
    BO,
    CHEN,
    Department,
    document,
    facts,
    look,
    places,
    refusals,
    table,
    visit,
)

Departments = Callable[..., Department]


def counts(department: Department, path: Path) -> tuple[int, int, int, int, int]:
    report = department.importer.run(path)
    return (
        report.recorded, report.corrected, report.retracted, report.unchanged, report.rejected,
    )  # fmt: skip


def send(department: Department, *rows: dict[str, str]) -> tuple[int, int, int, int, int]:
    return counts(department, department.another(*rows))


def test_a_row_becomes_a_fact_of_its_source(hospital: Department) -> None:
    row = visit(result="seen", number="36.6", with_subject=BO, ended_at="9999-12-31")
    assert send(hospital, row) == (1, 0, 0, 0, 0)
    (fact,) = facts(hospital.house)
    assert (fact.person, fact.with_person) == (hospital.person(ANNA), hospital.person(BO))
    assert (fact.kind, fact.result, str(fact.number)) == ("visit", "seen", "36.600")
    assert (fact.area, fact.place) == ("120101", "market")
    assert fact.started_at == datetime(2020, 2, 1, tzinfo=UTC)
    assert (fact.source, fact.source_class, fact.corrects) == ("hospital", "clinic", None)
    assert (fact.ended_at, fact.going_on) == (None, True)


def test_the_same_file_again_is_nothing_new(hospital: Department) -> None:
    path = hospital.file(table(visit(), visit(place="shop")))
    first = hospital.importer.run(path)
    again = hospital.importer.run(path)
    assert (first.fresh, again.fresh) == (True, False)
    assert (again.rows, again.recorded, again.unchanged) == (2, 2, 0)
    assert places(hospital.house) == ["market", "shop"]


def test_the_same_file_under_another_name_is_nothing_new(hospital: Department) -> None:
    text = table(visit())
    hospital.importer.run(hospital.file(text))
    assert hospital.importer.run(hospital.file(text)).fresh is False
    assert len(facts(hospital.house)) == 1


def test_the_same_rows_in_another_file_are_nothing_new(hospital: Department) -> None:
    rows = [visit(), visit(place="shop"), visit(subject=BO)]
    assert send(hospital, *rows) == (3, 0, 0, 0, 0)
    assert send(hospital, *reversed(rows), visit(place="new")) == (1, 0, 0, 3, 0)
    assert len(facts(hospital.house)) == 4


def test_json_lines_and_csv_of_the_same_rows_are_the_same(hospital: Department) -> None:
    send(hospital, visit(number="36.60", started_at="2020-02-01T00:00Z"))
    line = json.dumps(visit() | {"number": 36.6, "result": None})
    assert counts(hospital, hospital.file(line)) == (0, 0, 0, 1, 0)


def test_two_equal_rows_in_one_file_are_two_facts(hospital: Department) -> None:
    assert send(hospital, visit(), visit()) == (2, 0, 0, 0, 0)
    assert send(hospital, visit(), visit(place="shop"), visit(), visit()) == (2, 0, 0, 2, 0)
    assert places(hospital.house) == ["market"] * 3 + ["shop"]


def test_the_same_rows_of_another_client_are_its_own_facts(
    hospital: Department, department: Departments
) -> None:
    other = department("district")
    other.registers("hospital")
    send(hospital, visit(row_id="1"))
    assert send(other, visit(row_id="1")) == (1, 0, 0, 0, 0)
    assert len({fact.person for fact in facts(hospital.house)}) == 1


def test_other_content_under_a_row_id_is_a_correction(hospital: Department) -> None:
    send(hospital, visit(row_id="7"))
    assert send(hospital, visit(row_id="7", place="shop")) == (0, 1, 0, 0, 0)
    old, new = facts(hospital.house)
    assert (old.retracted, old.retracted_by, new.retracted) == (True, "hospital", False)
    assert (new.corrects, new.place) == (old.fact, "shop")
    assert old.recorded_at < new.recorded_at == old.retracted_at
    assert send(hospital, visit(row_id="7", place="shop")) == (0, 0, 0, 1, 0)


def test_a_correction_may_name_another_person_and_both_are_told(hospital: Department) -> None:
    hospital.registers("bureau", "authority")
    told = visit(row_id="7", kind="diagnosis", result="confirmed", source="bureau")
    send(hospital, told)
    send(hospital, told | {"subject": BO})
    standings = dict(
        tuple(row) for row in look(hospital.house, "SELECT person, colour FROM rulebook.standings")
    )
    anna, bo = hospital.person(ANNA), hospital.person(BO)
    assert (standings[anna], standings[bo]) == ("grey", "red")


def test_a_row_is_taken_back_by_its_id(hospital: Department) -> None:
    send(hospital, visit(row_id="7"), visit(row_id="8", place="shop"))
    take = {"row_id": "7", "action": "retract"}
    assert send(hospital, visit() | take) == (0, 0, 1, 0, 0)
    assert places(hospital.house) == ["shop"]
    assert send(hospital, visit(place="x") | take) == (0, 0, 0, 1, 0)


def test_a_row_without_an_id_is_taken_back_by_saying_it_again(hospital: Department) -> None:
    send(hospital, visit(), visit(), visit(place="shop"))
    assert send(hospital, visit(action="retract")) == (0, 0, 1, 0, 0)
    assert places(hospital.house) == ["market", "shop"]
    assert send(hospital, visit(action="retract"), visit(action="retract")) == (0, 0, 1, 1, 0)
    assert places(hospital.house) == ["shop"]


def test_what_was_taken_back_can_be_recorded_again(hospital: Department) -> None:
    for row in (visit(), visit(row_id="7", place="shop")):
        send(hospital, row)
        send(hospital, row | {"action": "retract"})
        assert send(hospital, row | {"action": "record"}) == (1, 0, 0, 0, 0)
    assert places(hospital.house) == ["market", "shop"]
    assert [fact.corrects for fact in facts(hospital.house)] == [None] * 4


def test_nothing_is_taken_back_that_was_not_recorded(hospital: Department) -> None:
    unknown = [visit(action="retract"), visit(action="retract", row_id="9")]
    assert hospital.complaints(*unknown) == [("row_id", "nothing_to_retract")] * 2


def test_a_client_takes_back_only_its_own_rows(
    hospital: Department, department: Departments
) -> None:
    other = department("district")
    other.registers("hospital")
    send(hospital, visit(row_id="7"))
    complaint = ("row_id", "nothing_to_retract")
    assert other.complaints(visit(row_id="7", action="retract")) == [complaint]
    assert places(hospital.house) == ["market"]


def test_rows_about_one_id_in_one_file_are_taken_in_their_order(hospital: Department) -> None:
    first, other, second = visit(row_id="7"), visit(place="shop"), visit(row_id="7", place="bank")
    take = visit(row_id="7", action="retract")
    assert send(hospital, first, other, second, take) == (2, 1, 1, 0, 0)
    assert places(hospital.house) == ["shop"]
    assert send(hospital, take, first, second, first) == (1, 2, 0, 1, 0)
    assert places(hospital.house) == ["market", "shop"]


def test_a_declared_symptom_is_added_to_and_never_taken_back(department: Departments) -> None:
    app = department("app")
    app.registers("app", "self")
    told = visit(kind="symptom", result="fever", source="app", row_id="7")
    assert app.complaints(told, told | {"result": "none"}, told | {"action": "retract"}) == [
        ("action", "own_declaration"), ("action", "own_declaration"),
    ]  # fmt: skip
    assert [fact.result for fact in facts(app.house)] == ["fever"]


def test_what_is_refused_is_refused_by_column_and_reason(hospital: Department) -> None:
    rows = {
        ("subject", "bad_document"): visit(subject="10:1"),
        ("subject", "subject_unknown"): visit(subject="TJ1"),
        ("with_subject", "subject_unknown"): visit(with_subject="TJ1"),
        ("with_subject", "contact_with_self"): visit(with_subject=ANNA),
        ("kind", "order_needs_two"): visit(kind="order"),
        ("started_at", "in_the_future"): visit(started_at="2020-02-22", ended_at=""),
        ("source", "source_not_registered"): visit(source="police"),
    }
    assert hospital.complaints(*rows.values()) == list(rows)
    assert facts(hospital.house) == []


def test_every_bad_row_is_reported_with_its_line_and_never_with_what_it_said(
    hospital: Department,
) -> None:
    bad = visit(subject="10:110105194912310021", place="Secret Place")
    text = table(visit(), bad, visit(source="police")).replace("\n", "\n\n", 1)
    path = hospital.file(text + "half a row\n")
    hospital.importer.run(path)
    assert hospital.words(path, "en") == [
        (2, 4, "subject", REASONS["bad_document"].en),
        (3, 5, "source", REASONS["source_not_registered"].en),
        (4, 6, "", REASONS["not_csv"].en),
    ]
    target = path.with_suffix(".rejects.csv")
    for language in ("zh", "en"):
        words = hospital.words(path, language)
        assert write_rejects(target, iter(words)) == 3
        written = target.read_text("utf-8-sig")
        assert written.startswith("row,line,column,reason\n")
        for row, line, column, reason in words:
            assert f"{row},{line},{column}," in written
            assert reason.split(",")[0] in written
        for said in ("Secret", "110105", "police", "half"):
            assert said not in written
    assert write_rejects(target, iter([])) == 0
    assert not target.exists()


def test_a_second_run_takes_only_the_rows_that_were_refused(hospital: Department) -> None:
    rows = [visit(), visit(source="police"), visit(place="shop"), visit(source="police")]
    path = hospital.file(table(*rows))
    assert counts(hospital, path) == (2, 0, 0, 0, 2)
    hospital.registers("police", "authority")
    assert counts(hospital, path) == (4, 0, 0, 0, 0)
    assert [fact.source for fact in facts(hospital.house)] == ["hospital"] * 2 + ["police"] * 2
    assert counts(hospital, path) == (4, 0, 0, 0, 0)
    assert send(hospital, *rows) == (0, 0, 0, 4, 0)


def test_a_second_run_keeps_complaining_of_what_is_still_wrong(hospital: Department) -> None:
    path = hospital.file(table(visit(), visit(subject="10:1"), visit(subject="TJ1")))
    for _ in range(3):
        report = hospital.importer.run(path)
        assert (report.rows, report.recorded, report.rejected, report.fresh) == (3, 1, 2, True)
        assert refusals(hospital.house, path) == [
            ("subject", "bad_document"), ("subject", "subject_unknown"),
        ]  # fmt: skip


def test_a_key_refused_at_first_is_taken_once_the_people_file_came(hospital: Department) -> None:
    path = hospital.file(table(visit(subject="TJ1")))
    hospital.importer.run(path)
    hospital.sends({"subject": "TJ1", "document": ANNA})
    assert hospital.importer.run(path).recorded == 1
    assert [fact.person for fact in facts(hospital.house)] == [hospital.person(ANNA)]


def test_a_client_that_nobody_registered_is_refused_and_leaves_nothing(
    department: Departments,
) -> None:
    nobody = department("nobody")
    with pytest.raises(UnknownClient):
        nobody.sends(visit())
    assert look(nobody.house, "SELECT 1 FROM evidence.imports") == []


def test_an_empty_file_is_finished_and_nothing(hospital: Department) -> None:
    path = hospital.file(table(visit()).splitlines()[0])
    assert counts(hospital, path) == (0, 0, 0, 0, 0)
    assert hospital.importer.run(path).fresh is False


def test_recorded_at_is_the_houses_own_whatever_the_file_says(hospital: Department) -> None:
    send(hospital, visit(recorded_at="2020-02-01"), visit(recorded_at="never"))
    send(hospital, visit(place="shop", recorded_at="2019-01-01"))
    first, same, later = (fact.recorded_at for fact in facts(hospital.house))
    assert NOON <= first == same < later < NOON + timedelta(seconds=1)


def test_nothing_stays_staged_and_what_was_staged_held_nobody_in_clear(
    hospital: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.sends({"subject": "CASE-XQ", "document": BO, "name": "Chen Bo"})
    seen: list[str] = []
    importer = hospital.importer

    def look_at_what_is_staged(_doing: str, _done: int, _of: int) -> None:
        rows = hospital.house.connection.exec_driver_sql("SELECT said FROM evidence.staged_rows")
        seen.extend(row.said for row in rows)

    watched = importing.Importer(
        importer.database, importer.client, importer.city, progress=look_at_what_is_staged
    )
    row = visit(subject="CASE-XQ", with_subject=ANNA, row_id="ROW-ZW")
    watched.run(hospital.file(table(row)))
    watched.run(hospital.file(table({"subject": "CASE-UV", "document": CHEN, "name": "Chen"})))
    assert seen
    for secret in ("XQ", "ZW", "UV", "Chen", *(each[3:] for each in (ANNA, BO, CHEN))):
        assert not [said for said in seen if secret in said]
    assert look(hospital.house, "SELECT 1 FROM evidence.staged_rows") == []


def test_half_a_character_in_a_json_line_stops_no_import(hospital: Department) -> None:
    lines = [json.dumps(visit(place=place)) for place in ("shop", "\ud800", "bank")]
    report = hospital.importer.run(hospital.file("\n".join(lines)))
    assert (report.recorded, report.rejected) == (2, 1)
    assert places(hospital.house) == ["bank", "shop"]


def test_whoever_is_named_in_a_row_that_is_not_taken_stays_unknown(
    department: Departments,
) -> None:
    narrow = department("narrow")
    narrow.registers("hospital", divisions=("120101",))
    assert narrow.complaints(
        visit(area="120102"), visit(subject=BO, area=""), visit(subject=CHEN, action="retract")
    ) == [
        ("area", "outside_divisions"), ("area", "residence_unknown"),
        ("row_id", "nothing_to_retract"),
    ]  # fmt: skip
    assert [narrow.person(each) for each in (ANNA, BO, CHEN)] == [None, None, None]


class Died(Exception):
    """The process is gone."""


def _run_and_die(department: Department, path: Path, at: int) -> bool:
    """Import, and die at this call of the progress; whether it came to that."""
    calls = 0

    def progress(_doing: str, _done: int, _of: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Died

    whole = department.importer
    importer = importing.Importer(whole.database, whole.client, whole.city, progress=progress)
    try:
        importer.run(path)
    except Died:
        return True
    return False


MANY = [visit(subject=document(n % 5), place=f"{n}", row_id=f"{n % 11}") for n in range(26)]


def _seen(house: Database) -> list[tuple[object, ...]]:
    return sorted(
        (row.place, row.retracted, row.corrects is not None, row.person is not None)
        for row in facts(house)
    )


def test_an_import_that_died_anywhere_goes_on_where_it_stopped(
    hospital: Department, department: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 6)
    rows = [*MANY, visit(source="police")]
    undisturbed = hospital.importer.run(hospital.file(table(*rows)))
    expected = _seen(hospital.house)
    died = 0
    while True:
        other = department(f"crashing-{died}")
        other.registers("hospital")
        path = other.file(table(*rows))
        if not _run_and_die(other, path, died + 1):
            break
        died += 1
        assert other.importer.run(path) == undisturbed
    assert died > 8
    assert _seen(hospital.house) == sorted(expected * (died + 2))
