"""The programme's story: told as far as the reader may see, a page at a time, as of any position."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, SmallProgramme

OUTCOMES = {"StageConsolidated", "IndependenceRuled", "TeamEliminated", "TeamAdvanced"}


@pytest.fixture
def programme(running: Running) -> SmallProgramme:
    """A stage with a window for objections, ruled upon and not published; the next one is planned."""
    stages: Any = charters.document()["stages"]
    stages[0]["objections"] = {"days": "7"}
    stages[1]["calendar"] = {"opens": "8999-03-02", "closes": "undisclosed"}
    made = SmallProgramme(running, stages=stages)
    made.score()
    made.rule()
    return made


def types(answer: Any) -> list[str]:
    return [each["type"] for each in answer["moments"]]


def test_outcomes_are_told_to_the_public_once_results_are_published(programme: SmallProgramme) -> None:
    before, insider = programme.read("/timeline"), programme.read("/timeline", "owner")
    assert not OUTCOMES & set(types(before))
    assert set(types(insider)) >= OUTCOMES
    assert types(before) == [each for each in types(insider) if each not in OUTCOMES]
    assert not {"ScoreSubmitted", "MeasurementRecorded", "EvaluatorAppointed"} & set(types(insider))
    assert before["deadlines"] == []
    published = programme.publish()
    after = programme.read("/timeline", min_position=published)
    assert set(types(after)) >= OUTCOMES
    assert [(each["kind"], each["subject"], each["position"]) for each in after["deadlines"]] == [
        ("objections", "heat", published)
    ]
    assert "eliminated cow from heat on the ground of its rank" in " ".join(m["says"]["en"] for m in after["moments"])


def test_as_of_a_position_the_story_is_what_was_public_then(programme: SmallProgramme) -> None:
    then = programme.read("/timeline")
    published = programme.publish()
    programme.accepted("waive-objections", {**HEAT, "team": "ant"}, by="ant")
    again = programme.read("/timeline", as_of_position=then["position"])
    assert again == then
    assert programme.read("/timeline", as_of_position=published)["moments"][-1]["type"] == "ResultsPublished"


def test_what_is_planned_is_told(programme: SmallProgramme) -> None:
    assert [(each["kind"], each["subject"], each["day"]) for each in programme.read("/timeline")["planned"]] == [
        ("stage-opens", "final", "8999-03-02")
    ]


def test_pages_follow_each_other_and_an_unchanged_story_is_not_sent_again(programme: SmallProgramme) -> None:
    programme.running.project()
    path, found = f"/v1/programmes/{programme.programme}/timeline?limit=2", []
    for _ in range(50):
        answer = programme.client.get(path)
        found += [each["position"] for each in answer.json()["moments"]]
        unchanged = programme.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert unchanged.status_code == 304
        if "link" not in answer.headers:
            break
        path = answer.headers["link"].partition(">")[0].removeprefix("<")
    assert found == [each["position"] for each in programme.read("/timeline")["moments"]]
    assert len(found) > 4
