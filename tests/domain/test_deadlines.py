"""Instants and days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from domain.deadlines import instant, moment

offsets = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9990, 1, 1), timezones=offsets)  # noqa: DTZ001 hypothesis wants bounds without a zone


@given(moments, st.booleans())
def test_an_instant_is_written_in_utc_with_six_digits_of_a_second(found: datetime, whole: bool) -> None:
    at = found.replace(microsecond=0) if whole else found
    expected = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert instant(at) == expected
    assert moment(instant(at)) == at
