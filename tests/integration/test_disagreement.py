"""The disagreement view: what it says, and to whom."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

PATH = f"/v1/programmes/{REHEARSAL}/disagreement"


def test_agencies_and_auditors_read_how_far_evaluators_are_apart(played: Running) -> None:
    for key in (played.keys.agencies["msit"], played.keys.auditor):
        response = played.client.get(PATH, params={"stage": "stage-1"}, headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == 200
        found = response.json()
        assert (found["programme"], found["stage"], found["data_set"]) == (REHEARSAL, "stage-1", "rehearsal")
        assert found["position"] == played.head()
        spreads = {(each["team"], each["criterion"]): each for each in found["spreads"]}
        assert len(spreads) == 5 * 5
        assert spreads["lg-ai-research", "user/applicability"] == {
            "team": "lg-ai-research",
            "criterion": "user/applicability",
            "item": None,
            "count": 49,
            "lowest": "15.0",
            "highest": "15.0",
            "mean": "15.0000",
            "median": "15.0000",
            "standard_deviation": "0.0000",
            "outliers": [],
        }
        nc_ai = spreads["nc-ai", "expert/spillover"]
        assert (nc_ai["count"], nc_ai["mean"]) == (10, "7.0000")
        assert float(nc_ai["standard_deviation"]) > 0


def test_nobody_else_does_even_after_publication(played: Running) -> None:
    others = [{}, *({"Authorization": f"Bearer {key}"} for key in played.keys.consortiums.values())]
    assert len(others) > 1
    for headers in others:
        response = played.client.get(PATH, headers=headers)
        assert response.status_code == 403
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "/problems/sheets-not-yours-to-read"


def test_it_is_asked_of_a_stage_of_the_charter_and_of_a_position(played: Running) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    assert played.client.get(PATH, params={"stage": "stage-9"}, headers=headers).status_code == 404
    then = played.client.get(PATH, params={"as_of_position": 20}, headers=headers).json()
    assert then["position"] == 20
    assert {each["count"] for each in then["spreads"]} <= {0}


@pytest.mark.parametrize("programme", [PUBLIC_RECORD])
def test_where_no_sheet_was_ever_published_there_is_none(played: Running, programme: str) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    found = played.client.get(f"/v1/programmes/{programme}/disagreement", headers=headers).json()
    assert all(each["count"] == 0 for each in found["spreads"])
