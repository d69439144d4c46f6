"""Grants and titles through the API: their whole life, who reports usage, who reads what, and races for a pool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Running
from tests.integration.small import PROGRAMME, WHY, SmallProgramme

PERIOD = {"starts": "2026-01-01", "ends": "2026-07-01"}


class Programme(SmallProgramme):
    """A small programme in which a team that is enrolled may be granted GPUs and bear a title."""

    def __init__(self, running: Running, **changes: Any) -> None:
        entitlements = [{"status": "enrolled", "resources": ["gpu", "data"], "titles": ["Champion"]}]
        super().__init__(running, entitlements=entitlements, **changes)
        self.accepted("set-resource-pool", {"resource": "gpu", "quantity": "10", **PERIOD})

    def grant(self, grant: str, quantity: str, **changes: str) -> httpx.Response:
        body = {"grant": grant, "team": "ant", "resource": "gpu", "quantity": quantity, **PERIOD, **changes}
        return self.submit("grant-resource", body)

    def gpu(self, by: str | None = None, **parameters: int) -> dict[str, Any]:
        (use,) = self.read("/grants", by, **parameters)["resources"]
        found: dict[str, Any] = use
        return found


@pytest.fixture
def programme(running: Running) -> Programme:
    return Programme(running)


def change(starts: str, **changes: Any) -> dict[str, Any]:
    return {"grant": "g", "starts": starts, "reason": WHY, **changes}


def test_a_grant_lives_through_all_of_its_states(programme: Programme) -> None:
    assert programme.grant("g", "4").status_code == 201
    adjusted = programme.accepted("adjust-grant", change("2026-02-01", resource="gpu", quantity="6"))
    programme.accepted("suspend-grant", change("2026-03-01"))
    assert programme.gpu()["grants"][0]["state"] == "suspended"
    programme.accepted("resume-grant", change("2026-04-01"))
    usage = {"grant": "g", "team": "ant", "quantity": "5", "starts": "2026-02-01", "ends": "2026-03-01"}
    programme.accepted("report-usage", usage, by="ant")
    programme.accepted("revoke-grant", change("2026-05-01"))
    (grant,) = programme.gpu()["grants"]
    assert (grant["state"], grant["quantity"], grant["ends"]) == ("revoked", "6", "2026-05-01")
    assert [each["used"] for each in programme.gpu()["steps"]] == ["0", "5", "0", "0", "0"]
    assert [each["granted"] for each in programme.gpu()["steps"]] == ["4", "6", "6", "6", "0"]
    earlier = programme.gpu(as_of_position=adjusted)["grants"][0]
    assert (earlier["state"], earlier["quantity"], earlier["usage"]) == ("running", "6", [])
    refused = programme.submit("resume-grant", change("2026-06-01"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/grant-revoked")


def test_a_consortium_reports_about_itself_only(programme: Programme) -> None:
    assert programme.grant("g", "4").status_code == 201
    usage = {"grant": "g", "team": "ant", "quantity": "4", "starts": "2026-02-01", "ends": "2026-03-01"}
    assert programme.submit("report-usage", usage, by="bee").status_code == 403
    assert programme.submit("suspend-grant", change("2026-02-01"), by="ant").status_code == 403
    assert programme.submit("report-usage", usage, by="ant").status_code == 201


def test_titles_are_shown_with_the_teams(programme: Programme) -> None:
    def titles() -> dict[str, list[str]]:
        found = programme.running.client.get(f"/v1/programmes/{PROGRAMME}/teams").json()["teams"]
        return {each["team"]: each["titles"] for each in found}

    programme.accepted("confer-title", {"team": "ant", "title": "Champion"})
    assert titles() == {"ant": ["Champion"], "bee": [], "cow": []}
    programme.accepted("withdraw-title", {"team": "ant", "title": "Champion", "reason": WHY})
    assert titles()["ant"] == []


def test_what_the_charter_withholds_is_withheld_from_the_grants_too(running: Running) -> None:
    programme = Programme(running, disclosure=[{"events": ["UsageReported"], "public": "agencies"}])
    assert programme.grant("g", "4").status_code == 201
    usage = {"grant": "g", "team": "ant", "quantity": "4", "starts": "2026-02-01", "ends": "2026-03-01"}
    programme.accepted("report-usage", usage, by="ant")
    for reader in (None, "bee"):
        found = programme.gpu(reader)
        assert (found["grants"][0]["usage"], {each["used"] for each in found["steps"]}) == ([], {None})
    assert len(programme.gpu("other")["grants"][0]["usage"]) == 1


def test_two_grants_race_for_the_last_of_a_pool_over_overlapping_periods(programme: Programme) -> None:
    assert programme.grant("first", "4").status_code == 201
    periods = {"early": {"ends": "2026-04-01"}, "late": {"starts": "2026-03-01"}}
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda each: programme.grant(each, "6", **periods[each]), periods))
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.status_code == 201
    assert (lost.status_code, lost.json()["type"]) == (409, "/problems/pool-exhausted")
    assert programme.gpu()["peak_granted"] == "10"


def test_a_grant_races_a_reduction_of_its_pool(programme: Programme) -> None:
    reduction = {"resource": "gpu", "quantity": "5", "reason": WHY, **PERIOD}
    with ThreadPoolExecutor(2) as threads:
        granting = threads.submit(programme.grant, "g", "6")
        reducing = threads.submit(programme.submit, "set-resource-pool", reduction)
        won, lost = sorted((granting.result(), reducing.result()), key=lambda answer: answer.status_code)
    assert won.status_code == 201
    assert (lost.status_code, lost.json()["type"]) == (409, "/problems/pool-exhausted")
    found = programme.gpu()
    assert int(found["peak_granted"]) <= int(found["pool"]["quantity"])
