"""Consortiums through the API: one changes its members, one withdraws, one objects. Races are in `test_races`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme

OWN = ["acknowledge-notice", "assent-amendment", "withdraw-team", "change-consortium", "report-usage"]


@pytest.fixture
def programme(running: Running) -> SmallProgramme:
    return SmallProgramme(running, consortium_decisions=OWN)


def teams(programme: SmallProgramme) -> dict[str, dict[str, Any]]:
    return {each["team"]: each for each in programme.read("/teams")["teams"]}


def test_a_consortium_changes_its_members_and_then_withdraws(programme: SmallProgramme) -> None:
    change = {"team": "cow", "joined": ["Lab", "University"], "effective": "2026-01-15"}
    programme.accepted("change-consortium", change, by="cow")
    programme.accepted("change-consortium", {**change, "joined": [], "left": ["Lab"]}, by="cow")
    assert teams(programme)["cow"]["members"] == ["University"]
    assert teams(programme)["ant"]["members"] == []
    programme.accepted("open-stage", HEAT)
    refused = programme.submit("withdraw-team", {"team": "ant", "reason": WHY}, by="cow")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-mandated")
    at = programme.accepted("withdraw-team", {"team": "cow", "reason": WHY}, by="cow")
    assert {team: each["status"] for team, each in teams(programme).items()} == {
        "ant": "enrolled",
        "bee": "enrolled",
        "cow": "withdrawn",
    }
    (entry,) = programme.read("/audit-trail", after=at - 1)["entries"]
    assert entry["data"] == {"team": "cow", "reason": WHY, "stage": "heat"}
    late = programme.submit("change-consortium", change, by="cow")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/team-withdrawn")


def test_standings_show_who_withdrew_after_they_were_settled(programme: SmallProgramme) -> None:
    programme.score()
    programme.rule()
    early = programme.submit("withdraw-team", {"team": "ant", "reason": WHY}, by="ant")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/outcome-unpublished")
    published = programme.publish()
    programme.accepted("withdraw-team", {"team": "ant", "reason": WHY}, by="ant")

    def first(**parameters: Any) -> tuple[str, int, str]:
        row = programme.read("/standings", **parameters)["rows"][0]
        return row["team"], row["rank"]["best"], row["status"]

    assert first() == ("ant", 1, "withdrawn")
    assert first(as_of_position=published) == ("ant", 1, "advanced")


def test_standings_are_settled_without_a_team_that_withdrew_before(programme: SmallProgramme) -> None:
    programme.score()
    programme.accepted("withdraw-team", {"team": "cow", "reason": WHY}, by="cow")
    programme.accepted("consolidate-stage", HEAT)
    rows = programme.read("/standings", "owner")["rows"]
    assert [row["team"] for row in rows] == ["ant", "bee"]


def test_objections_are_shown_to_whom_they_concern_and_to_the_public_once_decided(running: Running) -> None:
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "3"}
    mandates = [*charters.document()["mandates"], {"decisions": ["decide-objection"], "agencies": ["other"]}]
    programme = SmallProgramme(
        running,
        stages=stages,
        mandates=mandates,
        consortium_decisions=["file-objection", "acknowledge-notice", "assent-amendment"],
    )
    programme.score()
    programme.rule()
    programme.publish()
    filing = {**HEAT, "objection": "o", "team": "cow", "subject": "outcome", "grounds": "the clock was wrong"}
    at = programme.accepted("file-objection", filing, by="cow")

    def rows(by: str | None, **parameters: Any) -> list[dict[str, Any]]:
        found = programme.read("/objections", by, **parameters)
        assert (found["programme"], found["position"]) == (PROGRAMME, programme.running.head())
        listed: list[dict[str, Any]] = found["objections"]
        return listed

    for reader in ("owner", "other", "cow"):
        (row,) = rows(reader)
        assert (row["objection"], row["state"], row["filed"], row["decided"]) == ("o", "undecided", at, None)
        assert row["grounds"] == "the clock was wrong"
    assert rows(None) == rows("bee") == []
    deciding = {**HEAT, "objection": "o", "outcome": "dismissed", "reason": "it was not"}
    decided = programme.accepted("decide-objection", deciding, by="other")
    for public in (None, "bee"):
        (row,) = rows(public, stage="heat")
        assert (row["state"], row["decided"], row["reason"]) == ("dismissed", decided, "it was not")
        assert (row["grounds"], row["evidence"]) == (None, None)
    assert rows("owner", stage="final") == []
    path = f"/v1/programmes/{PROGRAMME}/objections"
    client = programme.running.client
    assert client.get(path, params={"stage": "nothing"}).status_code == 404
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    other = client.get(path, headers={"If-None-Match": etag, **programme.headers("owner")})
    assert other.status_code == 200
