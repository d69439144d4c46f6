"""Facts that cannot all be true, though no decision lets them in: views halt before them, and readers are told why."""

from __future__ import annotations

from typing import Any

import pytest

from domain.views.standings import STANDINGS
from service.application.view_ports import Standing
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, SmallProgramme
from tests.integration.test_bad_input import expect


@pytest.fixture
def contradicting(running: Running, monkeypatch: pytest.MonkeyPatch) -> SmallProgramme:
    """Fifteen of ten points for ant, as a release without bounds took them."""
    programme = SmallProgramme(running, stages=charters.with_criterion("paper/idea", maximum="undisclosed"))
    programme.fill()
    with monkeypatch.context() as unbounded:
        unbounded.setattr("domain.scoring.reach", lambda *_: None)
        for one in charters.JURY:
            sheet = {**HEAT, "team": "ant", "criterion": "paper/idea", "evaluator": one, "points": "15"}
            programme.accepted("correct-score", {**sheet, "reason": "x"})
    return programme


def get(programme: SmallProgramme, path: str, **parameters: Any) -> Any:
    url = f"/v1/programmes/{programme.programme}{path}"
    return programme.client.get(url, params=parameters, headers=programme.headers("owner"))


def preview(programme: SmallProgramme) -> Any:
    url = f"/v1/programmes/{programme.programme}/decisions/close-scoring/preview"
    return programme.client.post(url, json=HEAT, headers=programme.headers("owner"))


def test_while_scoring_is_open_readers_and_previews_are_told(contradicting: SmallProgramme) -> None:
    contradicting.running.project()
    problem = expect(get(contradicting, "/standings"), 409, "facts-contradict")
    assert "no possible points for ant" in problem["detail"]
    assert "no possible points for ant" in expect(preview(contradicting), 503, "not-yet-projected")["detail"]


def test_the_view_halts_before_them_and_the_others_go_on(contradicting: SmallProgramme) -> None:
    """Also where more events of the stage come in the same batch; what was stored before them is still read."""
    running = contradicting.running
    running.project()
    closed = contradicting.accepted("close-scoring", HEAT)
    why = "Contradiction: the facts leave no possible points for ant"
    expect(contradicting.submit("consolidate-stage", HEAT), 409, "facts-contradict")
    figure = {"kind": "points", "node": "field", "team": "bee", "value": "12"}
    expect(contradicting.submit("certify-figure", {**HEAT, "figure": figure}), 409, "figure-contradicts")
    correction = {**HEAT, "team": "bee", "criterion": "field/speed", "benchmark": "track", "value": "70", "reason": "x"}
    latest = contradicting.proposed("correct-measurement", correction) + 1
    running.project()
    standing = running.service.store.standing(STANDINGS, contradicting.programme)
    assert standing is not None
    assert (standing.position, standing.stale is not None) == (closed - 1, True)
    assert f"position {closed}: {why}" in (standing.stale or "")
    problem = expect(get(contradicting, "/standings", min_position=latest), 503, "not-yet-projected")
    assert why in problem["detail"]
    assert why in expect(get(contradicting, "/standings", as_of_position=latest), 503, "not-yet-projected")["detail"]
    assert get(contradicting, "/grants", min_position=latest).json()["position"] >= latest
    assert isinstance(standing, Standing)
