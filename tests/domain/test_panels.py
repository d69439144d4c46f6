"""Evaluators on panels."""

from __future__ import annotations

import msgspec
import pytest

from domain.event import Event
from domain.panels import ConflictOfInterestError, EvaluatorAlreadyAppointedError, PanelFullError
from domain.refusal import InvalidCommandError
from domain.stage_events import EvaluatorAppointed
from domain.stages import ScoringClosedError, StageNotOpenError
from tests.domain import charters
from tests.given import given

NEW = "ev-00000000000000ff"
BODY = {"stage": "heat", "panel": "jury", "evaluator": NEW}


def test_an_evaluator_is_appointed() -> None:
    appointed = EvaluatorAppointed(stage="heat", panel="jury", evaluator=NEW)
    given(background=charters.opened()).when("appoint-evaluator", BODY).then(appointed)


def test_a_panel_has_so_many_places() -> None:
    given(background=charters.appointed()).when("appoint-evaluator", BODY).refused(PanelFullError)


def grouped() -> list[Event]:
    """The jury has two groups."""
    stages = charters.document()["stages"]
    stages[0]["panels"][0]["groups"] = [
        {"id": name, "title": charters.names(name), "weight": weight}
        for name, weight in (("chair", "2"), ("rest", "1"))
    ]
    return [charters.charter(stages=stages), *charters.opened()[1:]]


def test_a_panel_with_groups_says_who_is_in_which() -> None:
    appointed = EvaluatorAppointed(stage="heat", panel="jury", evaluator=NEW, group="chair")
    given(background=grouped()).when("appoint-evaluator", {**BODY, "group": "chair"}).then(appointed)


def test_a_group_is_one_of_the_panel_and_needed_where_there_are_groups() -> None:
    for history, body in (
        (grouped(), BODY),
        (grouped(), {**BODY, "group": "guests"}),
        (charters.opened(), {**BODY, "group": "chair"}),
    ):
        given(background=history).when("appoint-evaluator", body).refused(InvalidCommandError, "/group")


def test_an_evaluator_is_appointed_once() -> None:
    body = {**BODY, "evaluator": charters.JURY[0]}
    given(background=charters.appointed()[:-1]).when("appoint-evaluator", body).refused(EvaluatorAlreadyAppointedError)


def test_who_is_close_to_a_team_judged_is_not_appointed() -> None:
    body = {**BODY, "affiliations": ["university", "bee"]}
    refusal = given(background=charters.opened()).when("appoint-evaluator", body).refused(ConflictOfInterestError)
    assert "bee" in refusal.detail


def test_who_is_close_to_others_is_appointed() -> None:
    body = {**BODY, "affiliations": ["university"]}
    assert given(background=charters.opened()).when("appoint-evaluator", body).decide()


def test_an_unknown_panel_is_named() -> None:
    body = {**BODY, "panel": "x"}
    given(background=charters.opened()).when("appoint-evaluator", body).refused(InvalidCommandError, "/panel")


def test_nobody_is_appointed_before_the_stage_opens_or_after_scoring_closed() -> None:
    given(background=charters.enrolled()).when("appoint-evaluator", BODY).refused(StageNotOpenError)
    given(background=charters.closed()).when("appoint-evaluator", BODY).refused(ScoringClosedError)


@pytest.mark.parametrize("name", ["Kim Cheolsu", "ev-kim", "ev-0123", "EV-0123456789ABCDEF", ""])
def test_an_evaluator_is_known_by_an_opaque_id_only(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"evaluator"):
        given(background=charters.opened()).when("appoint-evaluator", {**BODY, "evaluator": name}).decide()
