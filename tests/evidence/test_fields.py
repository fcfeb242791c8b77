"""Single fields: what is read as what, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.evidence.feeds import fields
from healthcode.evidence.feeds.reasons import Rejected
from healthcode.kit.clock import SHANGHAI

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)

TIMES = {
    "2020-01-31": "2020-01-30T16:00:00+00:00",
    "2020-01-31T08:30": "2020-01-31T00:30:00+00:00",
    "2020-01-31 08:30:15": "2020-01-31T00:30:15+00:00",
    "2020-01-31T08:30:15.25": "2020-01-31T00:30:15.250000+00:00",
    "2020-01-31T08:30+08:00": "2020-01-31T00:30:00+00:00",
    "2020-01-31T08:30+0800": "2020-01-31T00:30:00+00:00",
    "2020-01-31T08:30Z": "2020-01-31T08:30:00+00:00",
    "2020-01-31T22:30:00-05:00": "2020-02-01T03:30:00+00:00",
    "1900-01-01": "1899-12-31T16:00:00+00:00",
    "8999-12-31": "8999-12-30T16:00:00+00:00",
}
NO_TIMES = [
    "2020-02-30", "2020-13-01", "2020-1-5", "20200105", "2020-01", "2020-W01-1", "2020-01-05T",
    "2020-01-05T08", "2020-01-05T24:00", "2020-01-05T08:30:60", "2020-01-05T08:30+25:00",
    "2020-01-05+08:00", "05/01/2020", "1899-12-31", "0000-01-01", "-2020-01-05", "-infinity", "now",
    "２０２０-01-05", "2020-01-05T08:30:15.1234567", " 2020-01-05", "2020-01-05\n", "昨天",
]  # fmt: skip
STILL_GOING_ON = ["infinity", "9999-12-31", "9999-12-31T23:59:59+08:00", "9000-01-01"]


def refusal(read: object, *arguments: str | None) -> tuple[str, str]:
    assert callable(read)
    with pytest.raises(Rejected) as caught:
        read(*arguments)
    return caught.value.column, caught.value.reason


@pytest.mark.parametrize(("written", "meant"), TIMES.items())
def test_a_time_without_an_offset_is_shanghais_and_a_date_its_midnight(
    written: str, meant: str
) -> None:
    assert fields.instant("started_at", written) == meant
    assert fields.end("ended_at", written) == meant


@pytest.mark.parametrize("written", NO_TIMES)
def test_what_is_no_time_is_refused(written: str) -> None:
    assert refusal(fields.instant, "started_at", written) == ("started_at", "bad_time")
    assert refusal(fields.end, "ended_at", written) == ("ended_at", "bad_time")


@pytest.mark.parametrize("written", STILL_GOING_ON)
def test_an_end_in_the_far_future_is_still_going_on_and_no_start(written: str) -> None:
    assert fields.end("ended_at", written) == "infinity"
    assert refusal(fields.instant, "started_at", written) == ("started_at", "bad_time")


def test_a_start_is_needed_and_an_end_is_not() -> None:
    assert refusal(fields.instant, "started_at", "") == ("started_at", "missing")
    assert fields.end("ended_at", "") is None


@given(
    st.datetimes(datetime(1901, 1, 1), datetime(8998, 1, 1)),
    st.integers(-23 * 60, 23 * 60),
)
def test_an_instant_is_the_same_in_every_offset(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    read = fields.instant("started_at", moment.isoformat())
    assert datetime.fromisoformat(read) == moment
    assert read == fields.instant("started_at", moment.astimezone(UTC).isoformat())
    local = naive.replace(tzinfo=SHANGHAI)
    assert datetime.fromisoformat(fields.instant("started_at", naive.isoformat())) == local


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", None), ("36.6", "36.600"), ("-1", "-1.000"), ("1e2", "100.000"), ("+7", "7.000"),
        ("36.6666", "36.667"), ("999999.999", "999999.999"), ("-999999.999", "-999999.999"),
    ],
)  # fmt: skip
def test_a_number_is_kept_to_three_places(written: str, kept: str | None) -> None:
    assert fields.number("number", written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "1000000", "999999.9996", "-1000000", "1e6", "1e999999", "1e99999999999999999999", "nan",
        "1e999999999", "1e-999999999999999999999",
        "sNaN", "NaN123", "inf", "-Infinity", "1,5", "36.6 C", "--1", "0x10", "三", "9" * 5000,
        "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_number_or_too_large_is_refused(written: str) -> None:
    assert refusal(fields.number, "number", written) == ("number", "bad_number")


@given(st.decimals("-999999.999", "999999.999", places=3))
def test_a_number_of_three_places_is_kept_exactly(value: Decimal) -> None:
    kept = fields.number("number", str(value))
    assert kept is not None
    assert Decimal(kept) == value


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""), ("420100", "4201"), ("420000", "42"), ("42", "42"), ("120101", "120101"),
        ("120101001000", "120101001"), ("120101001001", "120101001001"), ("120101000000", "120101"),
    ],
)  # fmt: skip
def test_an_area_is_kept_without_the_zeros_that_only_fill_up(written: str, kept: str) -> None:
    assert fields.area("area", written) == kept


@pytest.mark.parametrize(
    "written", ["1", "123", "12010", "1201011", "12a1", "１２０１０１", "天津"]
)
def test_an_area_has_two_four_six_nine_or_twelve_digits(written: str) -> None:
    assert refusal(fields.area, "area", written) == ("area", "bad_area")


@pytest.mark.parametrize("written", ["", "positive", "pcr_negative", "b117", "a" * 200])
def test_a_result_is_a_lower_case_word(written: str) -> None:
    assert fields.word("result", written) == written


@pytest.mark.parametrize(
    "written", ["Positive", "阴性", "two words", "_x", "é", "a-b", "1st", "a" * 201, "x\n"]
)
def test_a_result_that_is_no_lower_case_word_is_refused(written: str) -> None:
    assert refusal(fields.word, "result", written) == ("result", "result_word")


def test_a_text_has_two_hundred_characters_at_most() -> None:
    assert fields.short("place", "店" * 200) == "店" * 200
    assert refusal(fields.short, "place", "店" * 201) == ("place", "too_long")


@pytest.mark.parametrize(
    "written",
    [
        "10:11010519491231002X", "10：1101", "at 20:E12345678", "11010519491231002X",
        "店11010519491231002x。", "13920200000", "tel 13920200000", "13920200000店",
    ],
)  # fmt: skip
def test_a_place_never_holds_a_document_or_a_phone(written: str) -> None:
    assert refusal(fields.place, "place", written) == ("place", "looks_personal")


@pytest.mark.parametrize(
    "written", ["", "百货大楼", "shop 2", "K1325", "120101001001", "bus 20-18", "row-100000"]
)
def test_a_place_is_a_name(written: str) -> None:
    assert fields.place("place", written) == written


def test_an_end_before_the_start_is_refused_however_the_times_are_written() -> None:
    start, later = (fields.instant("started_at", f"2020-02-01T08:00:00{t}") for t in ("", ".5"))
    assert refusal(fields.span, later, start) == ("ended_at", "ends_before_start")
    for end in (start, later, None, "infinity"):
        fields.span(start, end)


@given(ANY_TEXT)
def test_no_text_in_any_field_raises_anything_but_a_rejection(text: str) -> None:
    for read in (
        fields.instant, fields.end, fields.area, fields.number, fields.word, fields.short,
        fields.place,
    ):  # fmt: skip
        try:
            read("column", text)
        except Rejected as rejected:
            assert rejected.column == "column"
