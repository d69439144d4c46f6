"""Evaluators on panels."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.charter_document import Charter
from domain.decision import boundary
from domain.event import Event
from domain.panel_events import ConflictDeclared, EvaluatorAppointed, EvaluatorRecused, EvaluatorReplaced
from domain.panels import (
    ConflictOfInterestError,
    EvaluatorAlreadyAppointedError,
    EvaluatorBarredError,
    NotAppointedError,
    NothingToReplaceError,
    PanelFullError,
    ReplacementNotAllowedError,
)
from domain.points import format_units
from domain.record import StageRecord
from domain.refusal import InvalidCommandError
from domain.rulebook import DECISIONS, prepare
from domain.score_events import ScoreSubmitted
from domain.scoring import SubmitScore
from domain.stages import ScoresMissingError, ScoringClosedError, StageNotOpenError
from domain.tally import tally
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


ONE, TWO, THREE = charters.JURY
CONFLICT = {"stage": "heat", "evaluator": ONE, "teams": ["bee"], "reason": "adviser"}
RECUSAL = {"stage": "heat", "evaluator": ONE, "reason": "ill"}
REPLACEMENT = {"stage": "heat", "evaluator": ONE, "replacement": NEW, "reason": "ill"}
SHEET: dict[str, Any] = {"stage": "heat", "team": "bee", "criterion": "paper/idea", "evaluator": ONE, "points": "9"}


def conflicted(*teams: str) -> ConflictDeclared:
    return ConflictDeclared(stage="heat", evaluator=ONE, teams=teams, reason="adviser")


def recused(team: str | None = None) -> EvaluatorRecused:
    return EvaluatorRecused(stage="heat", evaluator=ONE, team=team, reason="ill")


def replaced(*teams: str) -> EvaluatorReplaced:
    return EvaluatorReplaced(
        stage="heat", evaluator=ONE, panel="jury", replacement=NEW, teams=teams or charters.TEAMS, reason="ill"
    )


def points(history: list[Event], team: str, node: str = "paper/idea") -> str | None:
    """What the sheets for a team come to."""
    record = StageRecord("programme", "heat")
    for position, each in enumerate(history, start=1):
        record.apply(position, each)
    stage = msgspec.convert(charters.document(), type=Charter).stages[0]
    exact = tally(stage, record.course, record.cells).figures[team, node].exact
    return None if exact is None else format_units(exact)


def test_who_has_a_conflict_of_interest_judges_that_team_no_more() -> None:
    given(background=charters.appointed()).when("declare-conflict", CONFLICT).then(conflicted("bee"))
    history = given(background=[*charters.appointed(), conflicted("bee")])
    history.when("submit-score", SHEET).refused(EvaluatorBarredError)
    assert history.when("submit-score", {**SHEET, "team": "ant"}).decide()
    assert history.when("submit-score", {**SHEET, "evaluator": TWO}).decide()


def test_a_recused_evaluator_cannot_score() -> None:
    given(background=charters.appointed()).when("recuse-evaluator", RECUSAL).then(recused())
    for body in (SHEET, {**SHEET, "team": "ant"}):
        given(background=[*charters.appointed(), recused()]).when("submit-score", body).refused(EvaluatorBarredError)
    from_one = given(background=[*charters.appointed(), recused("bee")])
    from_one.when("submit-score", SHEET).refused(EvaluatorBarredError)
    assert from_one.when("submit-score", {**SHEET, "team": "ant"}).decide()


def test_a_recusal_is_in_the_boundary_of_that_evaluators_scores_and_of_no_other() -> None:
    query = boundary(prepare(DECISIONS["submit-score"], SubmitScore(**SHEET), "programme")[1])
    for each in (conflicted("ant"), recused(), replaced()):
        assert query.matches(each.TYPE, each.tags("programme"))
    other = msgspec.structs.replace(recused(), evaluator=TWO)
    assert not query.matches(other.TYPE, other.tags("programme"))


@pytest.mark.parametrize("event", [conflicted("bee"), recused("bee"), recused()])
def test_sheets_of_the_recused_do_not_count(event: Event) -> None:
    """Of 6, 7 and 8 for bee the 6 is left out: the median of the rest is 7.5, rounded half up."""
    assert points(charters.scored(), "bee") == "7.0"
    assert points([*charters.scored(), event], "bee") == "8.0"
    assert points([*charters.scored(), event], "ant") == ("9.0" if getattr(event, "team", "bee") else "10.0")


def test_scoring_closes_without_the_sheets_of_the_recused() -> None:
    """The two others are the panel's quorum; with one it does not close."""
    history = [each for each in charters.scored() if not (isinstance(each, ScoreSubmitted) and each.evaluator == ONE)]
    given(background=history).when("close-scoring", {"stage": "heat"}).refused(ScoresMissingError)
    assert given(background=[*history, recused()]).when("close-scoring", {"stage": "heat"}).decide()
    fewer = [*history, recused(), msgspec.structs.replace(recused(), evaluator=TWO)]
    given(background=fewer).when("close-scoring", {"stage": "heat"}).refused(ScoresMissingError)


@pytest.mark.parametrize("decision", ["declare-conflict", "recuse-evaluator"])
def test_only_who_judges_a_team_is_recused_from_it(decision: str) -> None:
    body = CONFLICT if decision == "declare-conflict" else {**RECUSAL, "team": "bee"}
    unknown = {"teams": ["dog"]} if decision == "declare-conflict" else {"team": "dog"}
    pointer = f"/{next(iter(unknown))}"
    given(background=charters.opened()).when(decision, body).refused(NotAppointedError)
    given(background=charters.appointed()).when(decision, {**body, **unknown}).refused(InvalidCommandError, pointer)
    given(background=[*charters.appointed(), recused()]).when(decision, body).refused(EvaluatorBarredError)
    given(background=charters.enrolled()).when(decision, body).refused(StageNotOpenError)
    given(background=charters.closed()).when(decision, body).refused(ScoringClosedError)


@pytest.mark.parametrize("teams", [[], ["bee", "bee"]])
def test_a_conflict_of_interest_names_its_teams(teams: list[str]) -> None:
    body = {**CONFLICT, "teams": teams}
    given(background=charters.appointed()).when("declare-conflict", body).refused(InvalidCommandError, "/teams")


def test_the_place_of_a_recused_evaluator_is_given_to_another() -> None:
    given(background=[*charters.appointed(), recused()]).when("replace-evaluator", REPLACEMENT).then(replaced())
    history = given(background=[*charters.appointed(), recused(), replaced()])
    assert history.when("submit-score", {**SHEET, "evaluator": NEW}).decide()
    history.when("submit-score", SHEET).refused(EvaluatorBarredError)
    history.when("appoint-evaluator", {**BODY, "evaluator": "ev-00000000000000fe"}).refused(PanelFullError)


def test_a_replacement_judges_only_what_the_other_may_not() -> None:
    given(background=[*charters.appointed(), conflicted("bee")]).when("replace-evaluator", REPLACEMENT).then(
        replaced("bee")
    )
    history = given(background=[*charters.appointed(), conflicted("bee"), replaced("bee")])
    assert history.when("submit-score", {**SHEET, "evaluator": NEW}).decide()
    history.when("submit-score", {**SHEET, "evaluator": NEW, "team": "ant"}).refused(EvaluatorBarredError)


def test_a_replacement_counts_in_the_place_of_the_other() -> None:
    history = [*charters.scored(), conflicted("bee"), replaced("bee")]
    assert points(history, "bee") is None
    assert points(history, "ant") == "9.0"
    assert points([*history, charters.score("bee", NEW, "10")], "bee") == "8.0"


def test_a_replacement_can_be_replaced_and_a_second_conflict_be_covered() -> None:
    history: list[Event] = [*charters.appointed(), conflicted("bee"), replaced("bee"), conflicted("cow")]
    other = "ev-00000000000000fe"
    (second,) = given(background=history).when("replace-evaluator", {**REPLACEMENT, "replacement": other}).decide()
    assert isinstance(second, EvaluatorReplaced)
    assert second.teams == ("cow",)
    history.append(msgspec.structs.replace(recused(), evaluator=NEW))
    body = {**REPLACEMENT, "evaluator": NEW, "replacement": other}
    (third,) = given(background=history).when("replace-evaluator", body).decide()
    assert isinstance(third, EvaluatorReplaced)
    assert third.teams == ("bee",)


def test_who_still_judges_or_was_replaced_is_not_replaced() -> None:
    given(background=charters.appointed()).when("replace-evaluator", REPLACEMENT).refused(NothingToReplaceError)
    body = {**REPLACEMENT, "replacement": "ev-00000000000000fe"}
    twice = [*charters.appointed(), recused(), replaced()]
    given(background=twice).when("replace-evaluator", body).refused(NothingToReplaceError)


def test_a_replacement_is_new_and_not_close_to_a_team() -> None:
    history = given(background=[*charters.appointed(), recused()])
    history.when("replace-evaluator", {**REPLACEMENT, "replacement": TWO}).refused(EvaluatorAlreadyAppointedError)
    history.when("replace-evaluator", {**REPLACEMENT, "affiliations": ["cow"]}).refused(ConflictOfInterestError)


def test_the_charter_may_leave_places_empty() -> None:
    stages = charters.document()["stages"]
    stages[0]["panels"][0]["replacement"] = "none"
    history = [charters.charter(stages=stages), *charters.appointed()[1:], recused()]
    given(background=history).when("replace-evaluator", REPLACEMENT).refused(ReplacementNotAllowedError)


def test_nobody_is_replaced_before_the_stage_opens_or_after_scoring_closed() -> None:
    given(background=charters.enrolled()).when("replace-evaluator", REPLACEMENT).refused(StageNotOpenError)
    given(background=charters.closed()).when("replace-evaluator", REPLACEMENT).refused(ScoringClosedError)
    given(background=charters.opened()).when("replace-evaluator", REPLACEMENT).refused(NotAppointedError)
