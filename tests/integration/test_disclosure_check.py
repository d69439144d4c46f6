"""Asking before publication what figures would give away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

MEAN = {"kind": "mean", "node": "expert", "value": "28.56"}
KNOWN = {"kind": "points", "node": "expert", "team": "lg-ai-research", "value": "31.6"}


def ask(played: Running, body: Any, *, key: str | None = None, programme: str = REHEARSAL) -> httpx.Response:
    key = played.keys.auditor if key is None else key
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return played.client.post(f"/v1/programmes/{programme}/disclosure-check", json=body, headers=headers)


def test_five_teams_one_known_and_the_mean_tell_the_sum_of_four(played: Running) -> None:
    head = played.head()
    answer = ask(played, {"stage": "stage-1", "figures": [MEAN, KNOWN]}).json()
    (found,) = [each for each in answer["reveals"] if each["what"] == "sum"]
    assert (found["low"], found["high"], len(found["teams"])) == ("111.2", "111.2", 4)
    assert answer["data_set"] == "rehearsal"
    assert played.head() == head


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"stage": "stage-9", "figures": []}, 404, "unknown-stage"),
        ({"stage": "stage-1", "figures": [{**MEAN, "node": "x"}]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [{**KNOWN, "value": "99"}]}, 422, "invalid-command"),
        ({"stage": "stage-1", "figures": [KNOWN, {**KNOWN, "value": "1.0"}]}, 422, "invalid-command"),
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
