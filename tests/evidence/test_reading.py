"""From a row's text to what it says: what is refused, what is sealed, and what makes rows equal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from healthcode.evidence.feeds.files import COLUMNS, FeedFile
from healthcode.evidence.feeds.reading import REPLAY, Reader, Said
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.evidence.terms import Kind, Level
from healthcode.kit.secrets import KeyRing, MasterKeys, new_master_key
from healthcode.people.terms import resident_number
from tests.evidence.feeding import ANNA, BO, CHEN, risk, visit

MASTERS = MasterKeys.read(new_master_key())
RING = KeyRing(MASTERS, [MASTERS.new_data_key(1, "lookup"), MASTERS.new_data_key(2, "data")])
NOW = datetime(2020, 2, 20, 4, tzinfo=UTC)
WHATS = sorted(COLUMNS)
SOURCES = frozenset({"hospital", "clinic", REPLAY})


def reader(client: str = "health", *, replay: bool = False) -> Reader:
    return Reader(client, RING, NOW, SOURCES, replay=replay)


def read(what: str, row: dict[str, str], *, replay: bool = False) -> Said:
    return reader(replay=replay).read(what, row)


def refusal(what: str, row: dict[str, str], *, replay: bool = False) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        read(what, row, replay=replay)
    return caught.value.column, caught.value.reason


def test_a_row_says_what_is_kept() -> None:
    row = visit(with_subject=BO, result="seen", number="36.6", area="120000", ended_at="infinity")
    said = read("evidence", row)
    assert said["subject"][0] == said["with"][0] == "10"
    assert said["subject"] != said["with"]
    assert {key: said[key] for key in ("kind", "result", "number", "area", "place", "source")} == {
        "kind": "visit", "result": "seen", "number": "36.600", "area": "12", "place": "market",
        "source": "hospital",
    }  # fmt: skip
    assert (said["started_at"], said["ended_at"]) == ("2020-02-01T00:00:00+00:00", "infinity")
    assert said["recorded_at"] is None
    assert said["retract"] is False


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"subject": ""}, ("subject", "missing")),
        ({"subject": "10:110105194912310021"}, ("subject", "bad_document")),
        ({"subject": "99:whatever"}, ("subject", "bad_document")),
        ({"with_subject": "10:123"}, ("with_subject", "bad_document")),
        ({"kind": ""}, ("kind", "missing")),
        ({"kind": "vaccination"}, ("kind", "kind_unknown")),
        ({"kind": "order"}, ("kind", "order_needs_two")),
        ({"result": "Positive"}, ("result", "result_word")),
        ({"number": "warm"}, ("number", "bad_number")),
        ({"area": "1"}, ("area", "bad_area")),
        ({"place": "x" * 201}, ("place", "too_long")),
        ({"place": f"home of {ANNA}"}, ("place", "looks_personal")),
        ({"source": ""}, ("source", "missing")),
        ({"source": "police"}, ("source", "source_not_registered")),
        ({"started_at": ""}, ("started_at", "missing")),
        ({"started_at": "soon"}, ("started_at", "bad_time")),
        ({"ended_at": "later"}, ("ended_at", "bad_time")),
        ({"ended_at": "2020-01-31"}, ("ended_at", "ends_before_start")),
        ({"action": "delete"}, ("action", "bad_action")),
    ],
)
def test_a_row_of_evidence_is_refused_by_column_and_reason(
    changes: dict[str, str], complaint: tuple[str, str]
) -> None:
    assert refusal("evidence", visit(**changes)) == complaint


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"level": ""}, ("level", "missing")),
        ({"level": "low"}, ("level", "level_unknown")),
        ({"area": ""}, ("area", "area_or_place")),
        ({"place": "market"}, ("area", "area_or_place")),
        ({"area": "", "place": "13920200000"}, ("place", "looks_personal")),
        ({"area": "4201x"}, ("area", "bad_area")),
        ({"started_at": "infinity"}, ("started_at", "bad_time")),
        ({"ended_at": "2020-01-09"}, ("ended_at", "ends_before_start")),
        ({"started_at": "2020-02-22"}, ("started_at", "in_the_future")),
    ],
)
def test_a_designation_is_refused_by_column_and_reason(
    changes: dict[str, str], complaint: tuple[str, str]
) -> None:
    assert refusal("designations", risk(**changes)) == complaint


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"subject": ""}, ("subject", "missing")),
        ({"sex": "female"}, ("sex", "bad_sex")),
        ({"age": "-1"}, ("age", "bad_age")),
        ({"age": "151"}, ("age", "bad_age")),
        ({"age": "4.5"}, ("age", "bad_age")),
        ({"age": "٣"}, ("age", "bad_age")),
        ({"age": "1" * 5000}, ("age", "bad_age")),
        ({"age": "00151"}, ("age", "bad_age")),
        ({"age": "01501"}, ("age", "bad_age")),
        ({"age": "0" * 5000 + "9"}, ("age", "bad_age")),
        ({"name": "x" * 201}, ("name", "too_long")),
        ({"document": "10:123"}, ("document", "bad_document")),
        ({"document": "E12345678"}, ("document", "bad_document")),
        ({"residence": "Heping"}, ("residence", "bad_area")),
        ({"action": "retract"}, ("action", "bad_action")),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_row_about_a_person_is_refused_by_column_and_reason(
    changes: dict[str, str], complaint: tuple[str, str]
) -> None:
    assert refusal("people", {"subject": "TJ1"} | changes) == complaint


def test_a_person_is_said_to_be_what_the_row_states_and_no_more() -> None:
    row = {"subject": "TJ1", "sex": "f", "age": "0", "name": "安娜", "residence": "120101000000"}
    states = read("people", row)["states"]
    assert RING.open(bytes.fromhex(states.pop("name_sealed")), "people.persons.name") == "安娜"
    assert states == {"sex": 2, "age": 0, "residence": "120101"}
    assert read("people", {"subject": "TJ1"})["states"] == {}


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.ORDER}))
def test_every_kind_but_an_order_can_come_in_a_file(kind: Kind) -> None:
    assert read("evidence", visit(kind=kind))["kind"] == kind


@pytest.mark.parametrize("level", Level)
def test_every_level_can_come_in_a_file(level: Level) -> None:
    assert read("designations", risk(level=level))["level"] == level


def test_a_designation_that_never_ends_is_still_open() -> None:
    assert read("designations", risk(ended_at="9999-12-31"))["ended_at"] is None


def test_a_start_is_tomorrow_at_the_latest() -> None:
    read("evidence", visit(started_at="2020-02-21T23:59:59.999999", ended_at=""))
    complaint = ("started_at", "in_the_future")
    assert refusal("evidence", visit(started_at="2020-02-22", ended_at="")) == complaint
    assert refusal("evidence", visit(started_at="2020-02-21T16:00Z", ended_at="")) == complaint


def test_what_a_file_says_of_recorded_at_is_not_even_read() -> None:
    assert read("evidence", visit(recorded_at="whenever"))["recorded_at"] is None
    assert read("designations", risk(recorded_at="2020-01-23"))["recorded_at"] is None


def test_a_replay_believes_recorded_at_and_needs_it() -> None:
    believed = "2020-01-22T16:00:00+00:00"
    for what, row in (("evidence", visit()), ("designations", risk())):
        said = read(what, row | {"recorded_at": "2020-01-23"}, replay=True)
        assert said["recorded_at"] == believed
        assert refusal(what, row, replay=True) == ("recorded_at", "missing")


def test_a_replay_believes_when_a_row_was_taken_back() -> None:
    row = {"row_id": "7", "action": "retract", "recorded_at": "2020-01-23"}
    assert read("evidence", row, replay=True)["recorded_at"] == "2020-01-22T16:00:00+00:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "vaccination"}, {"kind": "order"}, {"result": "PCR 阳性"}, {"source": ""},
        {"started_at": "2035-01-01", "ended_at": ""}, {"with_subject": ANNA}, {"subject": "10:1"},
    ],
)  # fmt: skip
def test_a_replay_takes_every_row_that_the_format_allows(changes: dict[str, str]) -> None:
    assert read("evidence", visit(recorded_at="2020-01-23", **changes), replay=True)


def test_a_replay_takes_any_level_and_an_area_with_a_place() -> None:
    row = risk(level="very high", place="market", recorded_at="2020-01-23")
    assert read("designations", row, replay=True)["level"] == "very high"


SAME = [
    {"started_at": "2020-02-01T00:00Z"}, {"started_at": "2020-02-01 09:00+09:00"},
    {"area": "120101000000"}, {"recorded_at": "2020-02-01"}, {"action": "record"},
    {"number": ""}, {"ended_at": "2020-02-01T09:00:00.000+08:00"}, {"subject": f" {ANNA}".strip()},
    {"subject": ANNA.replace(":", "：")},
]  # fmt: skip
OTHER = [
    {"subject": BO}, {"with_subject": BO}, {"kind": "stay"}, {"result": "x"}, {"number": "0"},
    {"area": "1201"}, {"place": "shop"}, {"source": "clinic"}, {"started_at": "2020-02-01"},
    {"ended_at": ""}, {"ended_at": "infinity"},
]  # fmt: skip


def test_rows_that_say_the_same_are_equal_however_they_are_written() -> None:
    ids = {read("evidence", visit(**changes))["row_id"] for changes in [{}, *SAME]}
    assert len(ids) == 1


def test_rows_that_say_anything_else_are_not_equal() -> None:
    ids = [read("evidence", visit(**changes))["row_id"] for changes in [{}, *OTHER]]
    assert len(set(ids)) == len(ids)


def test_equal_rows_of_one_file_are_counted_and_retractions_count_for_themselves() -> None:
    one, same = reader(), reader()
    first, second = (one.read("evidence", visit())["row_id"] for _ in range(2))
    assert first != second
    taken = same.read("evidence", visit(action="retract"))
    assert (taken["row_id"], taken["retract"]) == (first, True)
    assert same.read("evidence", visit())["row_id"] == first


def test_a_row_id_is_the_clients_own_and_says_nothing_of_the_content() -> None:
    ids = [
        reader(client).read("evidence", visit(row_id=name, place=place))["row_id"]
        for client, name, place in [
            ("a", "1", "x"),
            ("a", "1", "y"),
            ("a", "2", "x"),
            ("b", "1", "x"),
        ]
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_retraction_needs_no_more_than_the_row_id() -> None:
    said = read("evidence", {"row_id": "7", "action": "retract"})
    assert said["row_id"] == read("evidence", visit(row_id="7"))["row_id"]


def test_one_key_means_another_person_for_another_client() -> None:
    mine, theirs = (reader(c).read("people", {"subject": "TJ1"})["subject"] for c in ("a", "b"))
    assert mine != theirs
    shared = [reader(c).read("people", {"subject": ANNA})["subject"][:2] for c in ("a", "b")]
    assert shared[0] == shared[1]


# Keys without the letters and digits of a hash, so that none stands in one by chance.
keys = st.text("ghijkmopqrtuvwxyz安娜", min_size=8, max_size=20)
numbers = st.builds(
    resident_number,
    st.sampled_from(["120101", "420106"]),
    st.dates(date(1930, 1, 1), date(2019, 1, 1)),
    st.integers(0, 999),
)


@given(keys, keys, keys, keys, numbers, numbers)
def test_what_is_staged_never_holds_a_number_a_name_or_a_key_in_clear(
    key: str, other: str, name: str, row_id: str, number: str, second: str
) -> None:
    evidence = [
        visit(subject=key, with_subject=f"10:{number}", row_id=row_id),
        visit(subject=f"10:{number}", with_subject=other),
    ]
    person = {"subject": key, "name": name, "document": f"10:{second}", "row_id": row_id}
    staged = [read("evidence", row) for row in evidence] + [read("people", person)]
    secrets = (key, other, name, row_id, number, second)
    for said in staged:
        for text in (json.dumps(said), json.dumps(said, ensure_ascii=False)):
            assert not [secret for secret in secrets if secret in text]


# What a line can hold once it is read: no half characters, no NUL, no line end.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\n"), max_size=30)
values = texts | st.sampled_from([
    ANNA, BO, CHEN, "visit", "high", "hospital", "2020-02-01", "9999-12-31", "infinity", "36.6",
    "120101", "retract", "record", "M", "0150", "01501", "TJ1", "1" * 30, "-0", "1_0", "²",
])  # fmt: skip
columns = sorted({*COLUMNS["people"], *COLUMNS["evidence"], *COLUMNS["designations"]})
any_row = st.dictionaries(st.sampled_from([*columns, "row_id", "action", "recorded_at"]), values)


@given(st.sampled_from(WHATS), any_row, st.booleans())
def test_no_row_raises_anything_but_a_rejection(
    what: str, row: dict[str, str], replay: bool
) -> None:
    try:
        said = read(what, row, replay=replay)
    except Rejected as rejected:
        assert rejected.reason in REASONS
        assert rejected.column in {*COLUMNS[what], "row_id", "action", "recorded_at"}
    else:
        storable(said)


def storable(said: Said) -> None:
    """What is staged survives JSON, and PostgreSQL can hold its texts and ages."""
    assert json.loads(json.dumps(said)) == said
    for value in _leaves(said):
        assert "\x00" not in str(value)
        str(value).encode()
    assert said.get("states", {}).get("age", 0) in range(151)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


any_text = st.text(st.characters(codec=None), max_size=10)


@example({"place": "\ud800"})
@given(
    st.dictionaries(
        st.sampled_from(columns),
        any_text | st.integers() | st.floats() | st.none() | st.sampled_from([ANNA, "visit"]),
    )
)
def test_whatever_a_json_line_holds_is_refused_or_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.jsonl"
    path.write_text(f"{json.dumps(visit())}\n{json.dumps(visit() | changes)}\n")
    for row in FeedFile.open(path).rows():
        if isinstance(row.fields, Rejected):
            continue
        try:
            storable(reader().read("evidence", row.fields))
        except Rejected as rejected:
            assert rejected.reason in REASONS
