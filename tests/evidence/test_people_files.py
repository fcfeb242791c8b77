"""People files: keys, documents and what is stated of people; one document is one person."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from healthcode.evidence.feeds import importing
from healthcode.kit.db import Database
from tests.evidence.feeding import ANNA, BO, CHEN, Department, look, person_of, visit

Departments = Callable[..., Department]

OUTSIDE = ("residence", "outside_divisions")
ANOTHERS = ("document", "another_persons")


def stated(house: Database, person: int | None) -> tuple[object, ...]:
    query = "SELECT sex, age, residence, name_sealed FROM people.persons WHERE person = :person"
    sex, age, residence, sealed = look(house, query, person=person)[0]
    name = house.keys.open(bytes(sealed), "people.persons.name") if sealed else None
    return sex, age, residence, name


def residence(house: Database, person: int | None) -> object:
    return stated(house, person)[2]


def people(house: Database) -> int:
    return len(look(house, "SELECT 1 FROM people.persons"))


@pytest.fixture
def heping(department: Departments) -> Department:
    """A client of the district 120101 alone."""
    made = department("heping")
    made.registers("heping-community", "community", divisions=("120101",))
    return made


def test_a_people_file_introduces_keys_with_documents_and_states(hospital: Department) -> None:
    row = {"sex": "F", "age": "59", "name": "安娜", "residence": "120101000000"}
    report = hospital.sends({"subject": "TJ1", "document": ANNA} | row, {"subject": "TJ2"})
    assert (report.what, report.rows, report.recorded, report.rejected) == ("people", 2, 2, 0)
    anna = hospital.person("TJ1")
    assert anna == hospital.person(ANNA) is not None
    assert stated(hospital.house, anna) == (2, 59, "120101", "安娜")
    assert stated(hospital.house, hospital.person("TJ2")) == (None, None, "", None)


def test_what_a_row_leaves_out_stays_as_it_was(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1", "sex": "F", "age": "59", "residence": "120101"})
    hospital.sends({"subject": "TJ1", "age": "60", "name": "Anna"})
    assert stated(hospital.house, hospital.person("TJ1")) == (2, 60, "120101", "Anna")


def test_a_key_may_be_the_document_itself(hospital: Department) -> None:
    hospital.sends({"subject": ANNA, "age": "30"})
    hospital.sends({"subject": "TJ1", "document": ANNA})
    assert hospital.person("TJ1") == hospital.person(ANNA)
    assert people(hospital.house) == 1


def test_a_document_named_as_key_is_joined_to_the_owner_of_the_other(
    hospital: Department,
) -> None:
    hospital.sends({"subject": "TJ1", "document": ANNA})
    passport = {"subject": "20:E12345678", "document": ANNA}
    assert hospital.complaints(passport) == []
    assert hospital.person("20:E12345678") == hospital.person(ANNA) == hospital.person("TJ1")
    assert people(hospital.house) == 1


@pytest.mark.parametrize("known", [False, True])
def test_a_row_may_name_one_document_in_both_columns(hospital: Department, known: bool) -> None:
    if known:
        hospital.sends({"subject": ANNA})
    assert hospital.complaints({"subject": ANNA, "document": ANNA, "age": "59"}) == []
    assert stated(hospital.house, hospital.person(ANNA))[1] == 59
    assert people(hospital.house) == 1


def test_whoever_a_refused_row_introduces_stays_unknown(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1", "document": ANNA}, {"subject": "TJ2"})
    before = people(hospital.house)
    assert hospital.complaints({"subject": BO, "document": CHEN}) == []
    assert hospital.complaints({"subject": BO, "document": ANNA}) == [ANOTHERS]
    assert hospital.complaints({"subject": "TJ2", "document": ANNA}) == [ANOTHERS]
    assert people(hospital.house) == before + 1


def test_two_keys_with_one_document_are_one_person(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1", "document": ANNA}, {"subject": "TJ2", "document": ANNA})
    hospital.sends({"subject": "TJ3", "document": ANNA})
    assert {hospital.person(key) for key in ("TJ1", "TJ2", "TJ3")} == {hospital.person(ANNA)}
    assert people(hospital.house) == 1


def test_one_key_with_two_documents_is_one_person(hospital: Department) -> None:
    passport = "20:E12345678"
    hospital.sends({"subject": "TJ1", "document": ANNA}, {"subject": "TJ1", "document": passport})
    assert hospital.person("TJ1") == hospital.person(ANNA) == hospital.person(passport) is not None


def test_a_document_may_be_told_later_than_the_key(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1"})
    known = hospital.person("TJ1")
    hospital.sends({"subject": "TJ1", "document": ANNA})
    assert hospital.person(ANNA) == known


def test_one_key_of_two_clients_is_two_people_unless_a_document_joins_them(
    hospital: Department, department: Departments
) -> None:
    other = department("other")
    other.registers("other")
    hospital.sends({"subject": "TJ1", "document": ANNA}, {"subject": "TJ2"})
    other.sends({"subject": "TJ1", "document": ANNA}, {"subject": "TJ2"})
    assert hospital.person("TJ1") == other.person("TJ1")
    assert hospital.person("TJ2") != other.person("TJ2")


def test_a_document_of_another_person_is_refused_and_changes_nobody(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1", "document": ANNA, "age": "59"}, {"subject": "TJ2"})
    row = {"subject": "TJ2", "document": ANNA, "age": "20"}
    assert hospital.complaints(row) == [ANOTHERS]
    assert stated(hospital.house, hospital.person(ANNA))[1] == 59
    assert stated(hospital.house, hospital.person("TJ2"))[1] is None


def test_a_document_that_two_known_people_claim_is_the_first_ones(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1"}, {"subject": "TJ2"})
    rows = [{"subject": "TJ1", "document": ANNA}, {"subject": "TJ2", "document": ANNA}]
    assert hospital.complaints(*rows) == [ANOTHERS]
    assert hospital.person(ANNA) == hospital.person("TJ1")


def test_a_document_goes_to_whoever_names_it_first_in_the_file(hospital: Department) -> None:
    hospital.sends({"subject": "TJ1"})
    known = hospital.person("TJ1")
    rows = [{"subject": "TJ1", "document": ANNA}, {"subject": "TJ2", "document": ANNA}]
    assert hospital.complaints(*rows) == []
    assert known == hospital.person(ANNA) == hospital.person("TJ2")


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_people_file_says_the_same_however_it_is_cut(
    hospital: Department, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    hospital.sends({"subject": "TJ1"}, {"subject": "TJ2", "document": BO})
    complaints = hospital.complaints(
        {"subject": "TJ3", "document": CHEN, "age": "1"},
        {"subject": "TJ1", "document": CHEN, "age": "2"},
        {"subject": "TJ4", "document": BO, "age": "3"},
        {"subject": "TJ1", "document": BO, "age": "4"},
        {"subject": "TJ1", "age": "5"},
        {"subject": "TJ4", "age": "6"},
    )
    assert complaints == [ANOTHERS, ANOTHERS]
    assert hospital.person("TJ3") == hospital.person(CHEN) != hospital.person("TJ1")
    assert hospital.person("TJ4") == hospital.person(BO) == hospital.person("TJ2")
    ages = [stated(hospital.house, hospital.person(f"TJ{n}"))[1] for n in (1, 2, 3)]
    assert ages == [5, 6, 1]


def test_the_last_of_several_rows_about_one_person_counts(hospital: Department) -> None:
    rows = [{"subject": "TJ1", "document": ANNA, "age": f"{n}"} for n in range(5)]
    assert hospital.sends(*rows).recorded == 5
    assert stated(hospital.house, hospital.person(ANNA))[1] == 4
    by_other_names = [
        {"subject": "TJ1", "age": "30"},
        {"subject": ANNA, "age": "20"},
        {"subject": "TJ9", "document": ANNA, "age": "10"},
    ]
    hospital.sends(*by_other_names)
    assert stated(hospital.house, hospital.person(ANNA))[1] == 10


def test_the_same_people_file_again_is_nothing_new(hospital: Department) -> None:
    path = hospital.file("subject,age\nTJ1,30\nTJ2,40\n")
    hospital.importer.run(path)
    before = people(hospital.house)
    assert hospital.importer.run(path).fresh is False
    assert people(hospital.house) == before


def test_a_narrow_client_states_a_residence_of_its_own(heping: Department) -> None:
    assert heping.complaints({"subject": ANNA, "residence": "120101001"}) == []
    assert residence(heping.house, heping.person(ANNA)) == "120101001"


@pytest.mark.parametrize("elsewhere", ["120102", "12", "4201"])
def test_a_narrow_client_moves_nobody_out_of_its_division(
    heping: Department, elsewhere: str
) -> None:
    heping.sends({"subject": ANNA, "residence": "120101"})
    assert heping.complaints({"subject": ANNA, "residence": elsewhere}) == [OUTSIDE]
    assert residence(heping.house, heping.person(ANNA)) == "120101"
    assert heping.complaints({"subject": BO, "residence": elsewhere}) == [OUTSIDE]
    assert heping.person(BO) is None


@pytest.mark.parametrize("way", ["subject", "key", "new key"])
def test_a_narrow_client_moves_nobody_into_its_division(
    heping: Department, hospital: Department, way: str
) -> None:
    hospital.sends({"subject": ANNA, "residence": "120102"})
    if way == "key":
        heping.sends({"subject": "H1", "document": ANNA})
    row = {
        "subject": {"subject": ANNA},
        "key": {"subject": "H1"},
        "new key": {"subject": "H1", "document": ANNA},
    }[way]
    assert heping.complaints(row | {"residence": "120101"}) == [OUTSIDE]
    assert residence(heping.house, hospital.person(ANNA)) == "120102"
    assert heping.complaints(visit(subject=ANNA, area="", source="heping-community")) == [
        ("area", "outside_divisions")
    ]


def test_a_narrow_client_moves_nobody_by_two_rows_of_one_file(
    heping: Department, hospital: Department
) -> None:
    hospital.sends({"subject": ANNA, "residence": "120102"})
    rows = [
        {"subject": "H1", "residence": "120101"},
        {"subject": "H2", "document": ANNA, "residence": ""},
        {"subject": "H2", "residence": "120101"},
        {"subject": "H1", "document": ANNA, "residence": "120101"},
    ]
    assert OUTSIDE in heping.complaints(*rows)
    assert residence(heping.house, hospital.person(ANNA)) == "120102"


@pytest.mark.parametrize("divisions", [("12",), ("all",), ("120101", "120000")])
def test_a_city_wide_client_may_move_anybody(
    hospital: Department, department: Departments, divisions: tuple[str, ...]
) -> None:
    registry = department("registry")
    registry.registers("registry", "authority", divisions=divisions)
    registry.sends({"subject": ANNA, "residence": "120102"})
    assert registry.complaints({"subject": ANNA, "residence": "420106"}) == []
    assert residence(hospital.house, registry.person(ANNA)) == "420106"


def test_a_source_of_all_of_another_city_is_narrow_here(department: Departments) -> None:
    beijing = department("beijing")
    beijing.registers("beijing", "region", divisions=("11",))
    assert beijing.complaints({"subject": ANNA, "residence": "120101"}) == [OUTSIDE]
    assert beijing.complaints({"subject": ANNA, "residence": "110105"}) == []


def test_a_residence_that_was_stated_stands_in_for_a_missing_area(
    heping: Department, hospital: Department
) -> None:
    hospital.sends({"subject": ANNA, "residence": "120101"}, {"subject": BO, "age": "3"})
    row = visit(area="", source="heping-community")
    assert heping.complaints(row, row | {"subject": BO}) == [("area", "residence_unknown")]


def test_numbers_and_names_are_stored_only_sealed_or_hashed(hospital: Department) -> None:
    hospital.sends({"subject": "CASE-XQZ", "document": ANNA, "name": "Anna Wang"})
    tables = sa.text("""
        SELECT table_schema || '.' || table_name FROM information_schema.tables
        WHERE table_schema IN ('people', 'evidence') AND table_type = 'BASE TABLE'
    """)
    with hospital.house.transaction() as transaction:
        for name in transaction.run(tables).scalars():
            rows = transaction.run(sa.text(f"SELECT to_jsonb(t) FROM {name} t")).scalars()
            stored = json.dumps(list(rows))
            for secret in ("XQZ", ANNA[3:], "Anna"):
                assert secret not in stored
                assert secret.encode().hex() not in stored
    assert person_of(hospital.house, "health", "CASE-XQZ") is not None
