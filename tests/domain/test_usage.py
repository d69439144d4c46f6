"""Usage: what a team used of its grant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.event import Event
from domain.grant_course import GrantRevokedError, GrantSuspendedError, OutsideGrantError, UnknownGrantError
from domain.grants import UsageBeyondGrantError
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.usage import UsageAlreadyReportedError, UsageNotOverError
from tests.domain.granting import (
    REASON,
    WHY,
    adjusted,
    advanced,
    decided,
    granted,
    pool,
    resumed,
    revoked,
    running,
    suspended,
    used,
)
from tests.given import Given

AUGUST = datetime(2026, 8, 1, tzinfo=UTC)


def later(*more: Event) -> Given:
    """All of the grant lies in the past."""
    return running(*more).at(AUGUST)


def usage(quantity: str | None = "3", starts: str = "2026-02-01", ends: str = "2026-03-01", **more: Any) -> Any:
    return {"grant": "g", "team": "ant", "quantity": quantity, "starts": starts, "ends": ends, **more}


def test_a_team_reports_its_own_usage_and_an_agency_with_the_mandate_any() -> None:
    expected = used("3", "2026-02-01", "2026-03-01")
    later().by_consortium("ant").when("report-usage", usage()).then(expected)
    later().when("report-usage", usage()).then(expected)


def test_nobody_else_reports_it() -> None:
    later().by("other").when("report-usage", usage()).refused(NotMandatedError)
    later().by_consortium("bee").when("report-usage", usage()).refused(NotMandatedError, "/team")
    later().by_consortium("bee").when("report-usage", usage(team="bee")).refused(UnknownGrantError, "/grant")


def test_usage_may_be_reported_under_embargo_since_it_gives_nothing_away() -> None:
    assert decided(pool(), granted("g", "4")).at(AUGUST).by_consortium("ant").when("report-usage", usage()).decide()


def test_usage_of_a_grant_that_nobody_gave_is_refused() -> None:
    advanced(pool()).at(AUGUST).when("report-usage", usage()).refused(UnknownGrantError, "/grant")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"quantity": None}, "/quantity"), ({"starts": "x"}, "/starts"), ({"ends": "2026-02-01"}, "/ends")],
)
def test_a_bad_report_is_named(change: dict[str, Any], pointer: str) -> None:
    later().when("report-usage", usage(**change)).refused(InvalidCommandError, pointer)


def test_usage_of_access_is_not_counted() -> None:
    access = granted("g", None, resource="data")
    history = advanced(pool(None, "data"), access).at(AUGUST)
    assert history.when("report-usage", usage(None)).decide()
    history.when("report-usage", usage("3")).refused(InvalidCommandError, "/quantity")


def test_usage_is_reported_once_its_period_is_over_by_the_clock_of_the_programme() -> None:
    """In Seoul the first of March begins at 15:00 UTC of the day before."""
    evening = datetime(2026, 2, 28, 14, 59, 59, tzinfo=UTC)
    running().at(evening).when("report-usage", usage()).refused(UsageNotOverError, "/ends")
    assert running().at(datetime(2026, 2, 28, 15, tzinfo=UTC)).when("report-usage", usage()).decide()


def test_no_more_is_used_than_is_granted_at_any_instant() -> None:
    assert later().when("report-usage", usage("4")).decide()
    later().when("report-usage", usage("5")).refused(UsageBeyondGrantError, "/quantity")
    later(adjusted("2026-02-28", "2")).when("report-usage", usage("4")).refused(UsageBeyondGrantError)
    assert later(adjusted("2026-02-28", "2")).when("report-usage", usage("4", ends="2026-02-28")).decide()
    assert later(adjusted("2026-02-28", "2")).when("report-usage", usage("2")).decide()


@pytest.mark.parametrize("period", [("2025-12-31", "2026-02-01"), ("2026-06-30", "2026-07-02")])
@pytest.mark.parametrize("quantity", ["0", "3"])
def test_usage_lies_within_the_grant(period: tuple[str, str], quantity: str) -> None:
    later().when("report-usage", usage(quantity, *period)).refused(OutsideGrantError, "/starts")


@pytest.mark.parametrize("quantity", ["0", "3"])
def test_a_grant_is_not_used_while_suspended_or_after_it_is_revoked(quantity: str) -> None:
    paused = later(suspended("2026-02-15"), resumed("2026-02-20"))
    paused.when("report-usage", usage(quantity)).refused(GrantSuspendedError, "/grant")
    paused.when("report-usage", usage(quantity, starts="2026-02-19")).refused(GrantSuspendedError)
    assert paused.when("report-usage", usage(quantity, ends="2026-02-15")).decide()
    assert paused.when("report-usage", usage(quantity, starts="2026-02-20")).decide()
    ended = later(revoked("2026-02-15"))
    ended.when("report-usage", usage(quantity)).refused(GrantRevokedError, "/grant")
    assert ended.when("report-usage", usage(quantity, ends="2026-02-15")).decide()


def test_usage_of_a_day_is_reported_once() -> None:
    told = later(used("3", "2026-02-01", "2026-03-01"))
    for starts, ends in (("2026-02-01", "2026-03-01"), ("2026-02-28", "2026-03-05"), ("2026-01-01", "2026-02-02")):
        told.when("report-usage", usage("1", starts, ends)).refused(UsageAlreadyReportedError, "/starts")
    for starts, ends in (("2026-01-01", "2026-02-01"), ("2026-03-01", "2026-04-01")):
        assert told.when("report-usage", usage("1", starts, ends)).decide()


def test_a_correction_supersedes_whole_reports_for_a_reason() -> None:
    told = later(used("3", "2026-02-01", "2026-02-15"), used("2", "2026-02-15", "2026-03-01"))
    told.when("report-usage", usage("1", correction=REASON)).then(used("1", "2026-02-01", "2026-03-01", WHY))
    for starts, ends in (("2026-02-02", "2026-03-01"), ("2026-02-01", "2026-02-20")):
        body = usage("1", starts, ends, correction=REASON)
        told.when("report-usage", body).refused(UsageAlreadyReportedError, "/starts")
    later().when("report-usage", usage(correction=REASON)).refused(InvalidCommandError, "/correction")


def test_a_corrected_report_counts_no_more() -> None:
    history = [used("4", "2026-02-01", "2026-03-01"), used("1", "2026-02-01", "2026-03-01", WHY)]
    body = {"grant": "g", "resource": "gpu", "starts": "2026-02-01", "quantity": "1", "reason": REASON}
    later(*history[:1]).when("adjust-grant", body).refused(UsageBeyondGrantError)
    assert later(*history).when("adjust-grant", body).decide()
