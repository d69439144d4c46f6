"""Panels that one recusal would leave too small, told of a charter before anybody is recused."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import document_faults
from domain.event import Event
from domain.panel_events import EvaluatorRecused
from domain.score_events import MeasurementRecorded
from domain.stages import ScoresMissingError
from tests.domain import charters
from tests.domain.test_course_faults import without
from tests.given import given

PLACE = "/stages/0/assessments/0/criteria/0/scoring/panel"
TRIMMED = {"aggregate": "trimmed-mean", "trim": "1"}


def stages(scoring: dict[str, Any], **panel: str) -> list[dict[str, Any]]:
    made = charters.with_criterion("paper/idea", scoring=scoring)[:1]
    made[0]["panels"][0].update(panel)
    return made


def places(**changes: Any) -> list[str]:
    document = charters.document(**{"stages": stages({}), **changes})
    return [fault.pointer for fault in document_faults(charters.PROGRAMME, document)]


@pytest.mark.parametrize(
    ("scoring", "panel", "excluding", "lawful"),
    [
        (TRIMMED, {"size": "3", "quorum": "3"}, True, False),
        (TRIMMED, {"size": "4", "quorum": "4"}, True, True),
        (TRIMMED, {"size": "4", "quorum": "4"}, False, False),
        ({"aggregate": "mean"}, {"size": "1", "quorum": "1"}, True, False),
        ({}, {"size": "3", "quorum": "3"}, True, True),
        ({}, {"size": "3", "quorum": "3"}, False, False),
        ({}, {"size": "3", "quorum": "2"}, False, True),
        ({}, {"size": "1", "quorum": "undisclosed"}, True, False),
    ],
)
def test_one_recusal_without_a_replacement_leaves_enough_sheets(
    scoring: dict[str, Any], panel: dict[str, str], excluding: bool, lawful: bool
) -> None:
    """As many as the quorum; where a sheet may be left out, as many as make points at all."""
    mandates = {} if excluding else without("record-exclusion")
    unreplaced = stages(scoring, **panel, replacement="none")
    assert places(stages=unreplaced, **mandates) == ([] if lawful else [PLACE])
    replaced = stages(scoring, **panel)
    assert places(stages=replaced, **mandates) == []
    nobody = without("replace-evaluator", *(() if excluding else ("record-exclusion",)))
    assert places(stages=replaced, **nobody) == ([] if lawful else [PLACE])


def test_where_nobody_is_ever_recused_or_a_record_only_reports_the_panel_stays_as_it_is() -> None:
    small = stages(TRIMMED, size="3", quorum="3", replacement="none")
    assert places(stages=small, **without("recuse-evaluator")) == [PLACE]
    assert places(stages=small, **without("declare-conflict")) == [PLACE]
    assert places(stages=small, **without("recuse-evaluator", "declare-conflict")) == []
    assert places(stages=small, data_set="public-record", recorder="owner") == []


@pytest.mark.parametrize(("quorum", "places_found"), [("3", ["/stages/0/panels/0/quorum"]), ("2", [])])
def test_opinions_need_somebody_who_replaces_one_of_a_panel_that_is_all_needed(
    quorum: str, places_found: list[str]
) -> None:
    independence = {**charters.document()["independence"], "review": {"statement_days": "7", "panel": "jury"}}
    of_all = stages({}, quorum=quorum)
    assert places(stages=of_all, independence=independence) == []
    assert places(stages=of_all, independence=independence, **without("replace-evaluator")) == places_found


def test_what_the_check_tells_of_is_what_closing_would_refuse() -> None:
    for trim, size, closes in (("1", 3, False), ("0", 3, True)):
        scoring = TRIMMED if trim == "1" else {}
        charter = charters.charter(stages=stages(scoring, size=str(size), quorum="2", replacement="none"))
        history: list[Event] = [charter, *charters.appointed()[1:]]
        for team in charters.TEAMS:
            history += [charters.score(team, one, "5") for one in charters.JURY]
            history += [
                MeasurementRecorded(stage="heat", team=team, criterion="field/speed", benchmark=each, value="50")
                for each in ("track", "road")
            ]
        history.append(EvaluatorRecused(stage="heat", evaluator=charters.JURY[0], team="ant", reason="a sibling"))
        closing = given(background=history).when("close-scoring", {"stage": "heat"})
        if closes:
            assert closing.decide()
        else:
            closing.refused(ScoresMissingError)
