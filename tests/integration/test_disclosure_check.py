"""Asking before publication what figures would give away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.conftest import Running
from tests.playing import HARBOUR, PUBLIC_RECORD, REHEARSAL

MEAN = {"kind": "mean", "node": "expert", "value": "28.56"}
HIGHEST = {"kind": "highest", "node": "benchmark", "teams": ["upstage"], "value": "23.9"}
COUNT = {"kind": "gate-count", "gate": "benchmark-threshold", "passed": "5"}
KNOWN = {"kind": "points", "node": "expert", "team": "lg-ai-research", "value": "31.6"}


def ask(played: Running, body: Any, *, key: str | None = None, programme: str = REHEARSAL) -> httpx.Response:
    key = played.keys.auditor if key is None else key
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return played.client.post(f"/v1/programmes/{programme}/disclosure-check", json=body, headers=headers)


def test_five_teams_one_known_and_the_mean_tell_the_sum_of_four(played: Running) -> None:
    head = played.head()
    answer = ask(played, {"stage": "stage-1", "figures": [MEAN, KNOWN]}).json()
    (found,) = [each for each in answer["reveals"] if each["what"] == "sum" and each["node"] == "expert"]
    assert (found["low"], found["high"], len(found["teams"])) == ("111.2", "111.2", 4)
    assert answer["data_set"] == "rehearsal"
    assert played.head() == head


def test_means_of_other_nodes_and_counts_tell_too(played: Running) -> None:
    """Of 400 in all 142.8 are the experts' and 104 the users', so 153.2 are of benchmark; four have 123.4 of them."""
    teams = ["lg-ai-research", "sk-telecom", "upstage", "naver-cloud", "nc-ai"]
    means = [
        {"kind": "mean", "node": node, "value": value}
        for node, value in (("total", "80.00"), ("expert", "28.56"), ("user", "20.80"))
    ]
    points = [
        {"kind": "points", "node": "benchmark", "team": team, "value": value}
        for team, value in zip(teams, ("33.6", "30.0", "36.0", "23.8"), strict=False)
    ]
    count = {"kind": "gate-count", "gate": "benchmark-threshold", "passed": "4"}
    answer = ask(played, {"stage": "stage-1", "figures": [*means, *points, count]}).json()
    said = [each["detail"] for each in answer["reveals"] if each["teams"] == ["nc-ai"]]
    assert "nc-ai has 29.8 at benchmark" in said
    assert "nc-ai passed benchmark-threshold" in said


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"stage": "stage-9", "figures": []}, 404, "unknown-stage"),
        ({"stage": "stage-1", "figures": [{**MEAN, "node": "x"}]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [{**KNOWN, "value": "99"}]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [KNOWN, {**KNOWN, "value": "1.0"}]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [HIGHEST, COUNT]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [{"kind": "x"}]}, 422, "invalid-command"),
        ({"stage": "stage-1"}, 422, "invalid-command"),
    ],
)
def test_a_bad_question_is_refused_by_field(played: Running, body: Any, status: int, slug: str) -> None:
    answer = ask(played, body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


def test_only_agencies_and_auditors_ask(played: Running) -> None:
    body = {"stage": "stage-1", "figures": []}
    assert ask(played, body, key="").status_code == 401
    assert ask(played, body, key=played.keys.consortiums["upstage"]).status_code == 403
    assert ask(played, body, key=played.keys.agencies["nipa"]).status_code == 200
    assert ask(played, body, programme=PUBLIC_RECORD).status_code == 200
    assert ask(played, body, programme="nothing").status_code == 404


def test_an_agency_that_the_charter_does_not_name_may_not_ask(played: Running) -> None:
    """Nor does it learn from the refusal whether there is such a stage."""
    for stage in ("stage-1", "nothing"):
        answer = ask(played, {"stage": stage, "figures": []}, key=played.keys.agencies["nipa"], programme=HARBOUR)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/check-not-yours-to-ask")
    own = played.keys.agencies["port-authority"]
    assert ask(played, {"stage": "nothing", "figures": []}, key=own, programme=HARBOUR).status_code == 404
