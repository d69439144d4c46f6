"""Deadlines: whole days on the programme's own clock, kept as instants in the events that set them."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Literal

import msgspec

Zone = Literal["Asia/Seoul", "UTC"]

_OFFSETS: Final[dict[str, timezone]] = {"Asia/Seoul": timezone(timedelta(hours=9)), "UTC": UTC}
"""Zones without daylight saving, so that a rule of arithmetic, not a table of the machine, tells the day."""

_written: Final = msgspec.to_builtins
"""Many times faster than `isoformat`, but without a fraction where there is none."""

LAST_DAY: Final = "9000-12-31"
"""The last day that a charter plans with; the calendar of the machine ends in 9999."""


@functools.lru_cache(maxsize=64)
def instant(moment: datetime) -> str:
    """RFC 3339, UTC, microseconds, always six digits of them."""
    text: str = _written(moment.astimezone(UTC))
    return text if moment.microsecond else f"{text[:-1]}.000000Z"


def moment(text: str) -> datetime:
    """The inverse of `instant`. Raises `ValueError`, also for a time of no zone."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{text!r} is a time of no zone")
    return found


def days_after(start: datetime, days: int, zone: Zone) -> str:
    """The instant at which the `days`-th day after the day of `start` ends; with 0 days that day itself."""
    return end_of_day(day_of(start, zone) + timedelta(days=days), zone)


def end_of_day(day: date, zone: Zone) -> str:
    """The instant at which a day ends."""
    return instant(datetime.combine(day + timedelta(days=1), time(), _OFFSETS[zone]))


def day_of(at: datetime, zone: Zone) -> date:
    """The day that an instant falls on."""
    return local(at, zone).date()


def local(at: datetime, zone: Zone) -> datetime:
    """An instant on the clock of a zone."""
    return at.astimezone(_OFFSETS[zone])


def passed(deadline: str, at: datetime) -> bool:
    """Whether `at` lies at or after the deadline."""
    return at >= moment(deadline)


def is_date(text: str) -> bool:
    """Whether the text is a day of the calendar as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
