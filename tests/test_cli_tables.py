"""What the tables of the command line print is data, whatever it looks like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.application.view_ports import Build
from service.cli.projections import builds_table
from service.cli.standings import standings_table

ODD = ["[/red] [bold]X", "[red]", "[link=x]X[/link]", ":smile:", "\\[bold]"]


@pytest.mark.parametrize("odd", ODD)
def test_names_in_standings_are_printed_as_they_are(odd: str) -> None:
    points = {"low": None, "high": None, "exact": "1"}
    row = {
        "rank": {"best": 1, "worst": 1, "basis": odd},
        "name": odd,
        "total": points,
        "assessments": [{"id": odd, "points": points}],
        "status": "eliminated",
        "cause": odd,
        "independence": odd,
    }
    found = {"programme": odd, "stage": odd, "data_set": "live", "position": 1, "digest": "0", "rows": [row]}
    assert standings_table(found).count(odd) == 7


@pytest.mark.parametrize("odd", ODD)
def test_reasons_in_builds_are_printed_as_they_are(odd: str) -> None:
    build = Build(
        view="standings",
        version=1,
        partition="race",
        build=1,
        state="live",
        purpose=None,
        position=1,
        positions_behind=0,
        seconds_behind=0,
        stale=f"position 2: {odd}",
        paused=False,
        batches=1,
        events=1,
        halts=1,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert f"position 2: {odd}" in builds_table([build])
