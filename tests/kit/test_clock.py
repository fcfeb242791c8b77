"""The one clock: instants in UTC, days in Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.kit.clock import (
    SHANGHAI,
    SetClock,
    SystemClock,
    local_midnight,
    local_text,
    local_today,
)

THERE = ZoneInfo("Asia/Shanghai")
# China's last daylight saving time ended in September 1991.
instants = st.datetimes(
    datetime(1992, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-11)), THERE]),
)  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "midnight"),
    [
        ("2020-02-19T15:59:59.999999", "2020-02-18T16:00"),  # the last moment of the 19th
        ("2020-02-19T16:00", "2020-02-19T16:00"),  # midnight itself belongs to the day it begins
        ("2020-02-19T16:00:00.000001", "2020-02-19T16:00"),
        ("2020-02-20T00:00", "2020-02-19T16:00"),  # eight in the morning
        ("2019-12-31T16:00", "2019-12-31T16:00"),  # the year begins here
        ("2020-02-29T15:59", "2020-02-28T16:00"),  # the leap day's last minute
    ],
)
def test_a_local_day_begins_at_four_in_the_afternoon_of_utc(instant: str, midnight: str) -> None:
    assert local_midnight(utc(instant)) == utc(midnight)


def test_days_are_added_to_the_midnight_and_not_to_the_instant() -> None:
    late = utc("2020-03-01T15:59")  # 23:59 on the 1st
    assert local_midnight(late, 14) == utc("2020-03-14T16:00")
    assert local_midnight(late, -1) == utc("2020-02-28T16:00")
    assert local_midnight(utc("2020-03-01T16:00"), 14) == utc("2020-03-15T16:00")


@given(instants)
def test_a_midnight_is_never_later_than_its_instant_and_less_than_a_day_before(
    instant: datetime,
) -> None:
    midnight = local_midnight(instant)
    assert timedelta(0) <= instant - midnight < timedelta(days=1)
    assert midnight.utcoffset() == timedelta(0)
    assert local_midnight(midnight) == midnight


@given(instants, st.integers(-400, 400))
def test_local_days_are_those_of_the_calendar_in_shanghai(instant: datetime, days: int) -> None:
    there = instant.astimezone(THERE)
    assert local_today(instant) == there.date()
    assert local_today(local_midnight(instant, days)) == there.date() + timedelta(days=days)
    assert local_text(instant) == there.strftime("%Y-%m-%d %H:%M")


def test_a_person_reads_local_time() -> None:
    assert local_text(utc("2020-01-31T16:30")) == "2020-02-01 00:30"
    assert local_today(utc("2020-01-31T16:30")) == date(2020, 2, 1)


def test_a_set_clock_stands_where_it_was_set_and_the_machines_states_nothing() -> None:
    noon = utc("2020-02-20T04:00")
    assert SetClock(noon).now() == SetClock(noon).stated == noon
    clock = SystemClock()
    before = clock.now()
    assert clock.stated is None
    assert before.utcoffset() == timedelta(0)
    assert before <= clock.now()
