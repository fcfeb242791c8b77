"""The one clock of the house: nothing else asks what time it is. Also local days.

Instants are aware datetimes in UTC. Days are Asia/Shanghai, a fixed UTC+8: China has kept no
daylight saving time since 1991.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """What time it is, for everyone who must know."""

    @property
    def stated(self) -> datetime | None:
        """The time that the database is to believe; None where it may use its own clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""


class SystemClock:
    """The machine's clock."""

    stated = None

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that stands where it was set, for tests and replays."""

    stated: datetime

    def now(self) -> datetime:
        """Where it stands."""
        return self.stated


def local_midnight(instant: datetime, days: int = 0) -> datetime:
    """The local midnight at or before the instant, some days later; in UTC."""
    local = instant.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + timedelta(days=days)).astimezone(UTC)


def local_today(instant: datetime) -> date:
    """The local day of an instant."""
    return instant.astimezone(SHANGHAI).date()


def local_text(instant: datetime) -> str:
    """An instant as people here write it: `2020-02-01 08:30`."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
