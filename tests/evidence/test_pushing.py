"""Rows pushed in one call are taken as a file's are: nothing lost, nothing twice, all answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.pushing import MOST_ROWS, NotYourSource, Pushed, push
from healthcode.evidence.feeds.recording import UnknownClient
from tests.evidence.feeding import (
    ANNA,
    BO,
    CHEN,
    CITY,
    Department,
    document,
    facts,
    look,
    places,
    visit,
)

RECORDED, CORRECTED, RETRACTED = Outcome.RECORDED, Outcome.CORRECTED, Outcome.RETRACTED
UNCHANGED = Outcome.UNCHANGED
Departments = Callable[..., Department]


def pushes(sender: Department, *rows: dict[str, str], source: str = "hospital") -> Pushed:
    """One call of the client's."""
    with sender.house.transaction() as transaction:
        return push(transaction, sender.client, source, CITY, list(rows))


def counted(pushed: Pushed) -> dict[Outcome, int]:
    return {outcome: count for outcome, count in pushed.counts.items() if count}


def refused(pushed: Pushed) -> list[tuple[int, str]]:
    return [(row, column) for row, column, _ in pushed.rejected]


def pushed_row(**changes: str) -> dict[str, str]:
    """A row as a caller writes it: the source stands in the address."""
    row = visit(**changes)
    if "source" not in changes:
        del row["source"]
    return row


def test_rows_are_recorded_as_the_source_of_the_address(hospital: Department) -> None:
    done = pushes(hospital, pushed_row(), pushed_row(subject=f"  {BO} ", source="hospital"))
    assert (counted(done), done.rejected) == ({RECORDED: 2}, [])
    found = [(f.person, f.kind, f.place, f.source, f.source_class) for f in facts(hospital.house)]
    assert found == [
        (hospital.person(who), "visit", "market", "hospital", "clinic") for who in (ANNA, BO)
    ]


def test_a_call_answers_with_every_count(hospital: Department) -> None:
    rows = [pushed_row(row_id=each, place=each) for each in ("a", "b", "c")]
    assert counted(pushes(hospital, *rows)) == {RECORDED: 3}
    done = pushes(
        hospital,
        pushed_row(row_id="a", place="a"),
        pushed_row(row_id="b", place="shop"),
        {"row_id": "c", "action": "retract"},
        pushed_row(row_id="d", place="d"),
    )
    assert counted(done) == {UNCHANGED: 1, CORRECTED: 1, RETRACTED: 1, RECORDED: 1}
    assert done.rejected == []
    assert set(done.counts) == set(Outcome)
    assert places(hospital.house) == ["a", "d", "shop"]


def test_a_bad_row_is_named_with_its_column_and_words_and_the_good_ones_count(
    hospital: Department,
) -> None:
    wrong = {
        "kind": [{"kind": "gossip"}, {"kind": ""}, {"kind": "order"}],
        "subject": [{"subject": ""}, {"subject": "A-17"}, {"subject": f"{ANNA}7"}],
        "result": [{"result": "Not a word"}],
        "number": [{"number": "warm"}],
        "area": [{"area": "12010"}],
        "place": [{"place": ANNA}],
        "started_at": [
            {"started_at": "soon"},
            {"started_at": ""},
            {"started_at": "2020-02-22", "ended_at": ""},
        ],
        "ended_at": [{"ended_at": "2020-01-01"}],
        "with_subject": [{"with_subject": ANNA}],
        "row_id": [{"row_id": "never", "action": "retract"}],
        "action": [{"action": "delete"}],
    }
    bad = [(column, pushed_row(**each)) for column, rows in wrong.items() for each in rows]
    rows = [row for _, row in bad]
    done = pushes(hospital, *rows[:7], pushed_row(place="fine"), *rows[7:])
    assert counted(done) == {RECORDED: 1}
    numbers = [*range(1, 8), *range(9, len(rows) + 2)]
    expected = [(number, column) for number, (column, _) in zip(numbers, bad, strict=True)]
    assert refused(done) == expected
    for _, _, words in done.rejected:
        assert words.zh
        assert words.en
        assert ANNA[-6:] not in words.zh + words.en
    assert places(hospital.house) == ["fine"]


def test_the_same_rows_again_are_nothing_new(hospital: Department) -> None:
    rows = [pushed_row(subject=who, place=place) for who in (ANNA, BO) for place in ("x", "y")]
    assert counted(pushes(hospital, *rows)) == {RECORDED: 4}
    assert counted(pushes(hospital, *rows[::-1])) == {UNCHANGED: 4}
    assert counted(pushes(hospital, *rows, pushed_row(subject=CHEN))) == {UNCHANGED: 4, RECORDED: 1}
    assert len(facts(hospital.house)) == 5


def test_a_row_that_a_file_brought_is_known_when_it_is_pushed(hospital: Department) -> None:
    hospital.sends(visit(), visit(subject=BO))
    assert counted(pushes(hospital, pushed_row(), pushed_row(subject=BO))) == {UNCHANGED: 2}


def test_two_equal_rows_in_one_call_are_two_facts_and_stay_two(hospital: Department) -> None:
    row = pushed_row()
    assert counted(pushes(hospital, row, row)) == {RECORDED: 2}
    assert counted(pushes(hospital, row, row)) == {UNCHANGED: 2}
    assert counted(pushes(hospital, row, row, row)) == {UNCHANGED: 2, RECORDED: 1}
    assert counted(pushes(hospital, row | {"action": "retract"})) == {RETRACTED: 1}
    assert places(hospital.house) == ["market", "market"]


def test_rows_about_the_same_row_id_count_one_after_the_other(hospital: Department) -> None:
    once = {"row_id": "7"}
    done = pushes(
        hospital,
        pushed_row(**once, place="first"),
        pushed_row(**once, place="first"),
        pushed_row(**once, place="second"),
        pushed_row(row_id="8", place="beside"),
        once | {"action": "retract"},
        pushed_row(**once, place="bad", kind="gossip"),
        once | {"action": "retract"},
        pushed_row(**once, place="third"),
    )
    assert counted(done) == {RECORDED: 3, UNCHANGED: 2, CORRECTED: 1, RETRACTED: 1}
    assert refused(done) == [(6, "kind")]
    assert places(hospital.house) == ["beside", "third"]
    history = [(f.place, f.retracted) for f in facts(hospital.house) if f.place != "beside"]
    assert history == [("first", True), ("second", True), ("third", False)]


def test_a_row_that_is_recorded_and_taken_back_in_one_call_leaves_nothing_standing(
    hospital: Department,
) -> None:
    row = pushed_row()
    assert counted(pushes(hospital, row, row | {"action": "retract"})) == {
        RECORDED: 1, RETRACTED: 1,
    }  # fmt: skip
    assert places(hospital.house) == []


def test_nobody_pushes_as_a_source_that_is_not_theirs(
    hospital: Department, department: Departments
) -> None:
    bureau = department("bureau")
    bureau.registers("commission", "authority")
    hospital.registers("second")
    for source in ("commission", "nobody", "self", "clinic.all", ""):
        with pytest.raises(NotYourSource):
            pushes(hospital, pushed_row(), source=source)
    for client in ("nobody", "", "self"):
        with pytest.raises(UnknownClient):
            pushes(department(client), pushed_row())
    # Nor as another of their own than the one in the address.
    done = pushes(hospital, *[pushed_row(source=each) for each in ("commission", "second", "self")])
    assert refused(done) == [(1, "source"), (2, "source"), (3, "source")]
    assert facts(hospital.house) == []


def test_a_source_writes_only_the_kinds_and_divisions_it_is_registered_for(
    department: Departments,
) -> None:
    market = department("market")
    market.registers("gate", "gate", kinds=("visit",), divisions=("120101",))
    done = pushes(
        market,
        pushed_row(),
        pushed_row(area="120102"),
        pushed_row(area=""),
        pushed_row(kind="test"),
        source="gate",
    )
    assert counted(done) == {RECORDED: 1}
    assert refused(done) == [(2, "area"), (3, "area"), (4, "kind")]


def test_a_row_that_is_not_taken_makes_nobody_known(hospital: Department) -> None:
    pushes(hospital, pushed_row(subject=CHEN, kind="gossip"), pushed_row(subject=BO, area="99"))
    assert hospital.person(CHEN) is None


@pytest.mark.parametrize(
    "change",
    [
        {"place": "mar\x00ket"},
        {"place": "\ud83d"},
        {"subject": "10:\udfff"},
        {"place": "a\nb"},
        {"result": "positive\r"},
        {"with\x00_subject": BO},
        {"name": "王小明"},
        {"": "x"},
        {"Kind": "visit"},
        {"level": "high"},
    ],
    ids=repr,
)
def test_what_no_row_can_hold_spoils_its_own_row_alone(
    hospital: Department, change: dict[str, str]
) -> None:
    done = pushes(hospital, pushed_row(), pushed_row() | change, pushed_row(subject=BO))
    assert counted(done) == {RECORDED: 2}
    [(row, column, words)] = done.rejected
    assert (row, column) == (2, "")
    assert words.zh
    assert words.en
    assert not [value for value in change.values() if len(value) > 1 and value in words.en]


def test_an_empty_row_says_what_is_missing(hospital: Department) -> None:
    done = pushes(hospital, {}, {"subject": ANNA, "kind": "visit"})
    assert refused(done) == [(1, "kind"), (2, "started_at")]
    assert counted(done) == {}


def test_a_callers_own_recorded_at_is_not_believed(hospital: Department) -> None:
    pushes(hospital, pushed_row(recorded_at="2020-01-01"))
    [fact] = facts(hospital.house)
    assert fact.recorded_at == hospital.house.clock.now()


def test_a_whole_call_of_5000_rows_is_taken_and_known_again(hospital: Department) -> None:
    assert MOST_ROWS == 5000
    rows = [
        pushed_row(subject=document(n % 50), place=f"shop {n}") | ({"row_id": ""} if n % 2 else {})
        for n in range(MOST_ROWS)
    ]
    assert counted(pushes(hospital, *rows)) == {RECORDED: MOST_ROWS}
    assert counted(pushes(hospital, *rows)) == {UNCHANGED: MOST_ROWS}
    shops = Counter(places(hospital.house))
    assert (len(shops), max(shops.values())) == (MOST_ROWS, 1)
    assert len(look(hospital.house, "SELECT 1 FROM evidence.feed_rows")) == MOST_ROWS
