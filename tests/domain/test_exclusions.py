"""Exclusions of sheets."""

from __future__ import annotations

import pytest

from domain.event import Event
from domain.exclusions import BelowQuorumError
from domain.panel_events import EvaluatorRecused
from domain.panels import NotAppointedError, SheetExcludedError
from domain.refusal import InvalidCommandError
from domain.score_events import ExclusionRecorded, ScoreSubmitted
from domain.scoring import TeamNotInStageError
from domain.stages import ScoresMissingError, ScoringClosedError, StageNotOpenError
from tests.domain import charters
from tests.domain.test_panels import points
from tests.given import given

ONE, TWO, THREE = charters.JURY
CLOSE = {"stage": "heat"}
BODY = {"stage": "heat", "evaluator": ONE, "team": "ant", "criterion": "paper/idea", "reason": "lost"}


def excluded(evaluator: str = ONE, *, below_quorum: bool = False) -> ExclusionRecorded:
    return ExclusionRecorded(
        stage="heat",
        evaluator=evaluator,
        team="ant",
        criterion="paper/idea",
        reason="lost",
        below_quorum=below_quorum,
        deciders=("owner",),
    )


def without(*evaluators: str) -> list[Event]:
    """Everything scored but the sheets of these for ant."""
    return [
        each
        for each in charters.scored()
        if not (isinstance(each, ScoreSubmitted) and each.evaluator in evaluators and each.team == "ant")
    ]


def test_a_missing_sheet_that_is_excluded_is_not_waited_for() -> None:
    given(background=without(ONE)).when("close-scoring", CLOSE).refused(ScoresMissingError)
    given(background=without(ONE)).when("record-exclusion", BODY).then(excluded())
    assert given(background=[*without(ONE), excluded()]).when("close-scoring", CLOSE).decide()


def test_an_excluded_sheet_does_not_count_and_others_of_the_same_evaluator_do() -> None:
    """Of 8, 9 and 10 the 8 is left out: 9.5, rounded half up."""
    history = [*charters.scored(), excluded()]
    assert points(history, "ant") == "10.0"
    assert points(history, "bee") == points(charters.scored(), "bee")


def test_below_quorum_an_exclusion_says_so() -> None:
    history = [*without(ONE, TWO), excluded()]
    second = {**BODY, "evaluator": TWO}
    given(background=history).when("record-exclusion", second).refused(BelowQuorumError, "/below_quorum")
    said = excluded(TWO, below_quorum=True)
    given(background=history).when("record-exclusion", {**second, "below_quorum": True}).then(said)
    assert given(background=[*history, said]).when("close-scoring", CLOSE).decide()
    assert points([*history, said], "ant") == "10.0"


def test_scoring_does_not_close_below_quorum_without_an_exclusion_that_says_so() -> None:
    """Two of three are recused: their sheets are not waited for, but one sheet is no quorum."""
    history: list[Event] = without(ONE, TWO)
    history += [EvaluatorRecused(stage="heat", evaluator=each, team="ant", reason="ill") for each in (ONE, TWO)]
    given(background=history).when("close-scoring", CLOSE).refused(ScoresMissingError)
    (said,) = given(background=history).when("record-exclusion", {**BODY, "below_quorum": True}).decide()
    assert given(background=[*history, said]).when("close-scoring", CLOSE).decide()


def test_an_exclusion_above_quorum_does_not_say_below() -> None:
    body = {**BODY, "below_quorum": True}
    given(background=charters.scored()).when("record-exclusion", body).refused(InvalidCommandError, "/below_quorum")


def test_the_last_sheet_is_never_excluded() -> None:
    history = [*charters.scored(), excluded(), excluded(TWO, below_quorum=True)]
    body = {**BODY, "evaluator": THREE, "below_quorum": True}
    given(background=history).when("record-exclusion", body).refused(BelowQuorumError)


def test_an_excluded_sheet_is_not_scored_and_not_excluded_again() -> None:
    history = [*charters.appointed(), excluded()]
    score = {"stage": "heat", "team": "ant", "criterion": "paper/idea", "evaluator": ONE, "points": "9"}
    given(background=history).when("submit-score", score).refused(SheetExcludedError)
    assert given(background=history).when("submit-score", {**score, "team": "bee"}).decide()
    given(background=history).when("record-exclusion", BODY).refused(SheetExcludedError)


def test_what_no_panel_judges_and_who_sits_on_none_is_not_excluded() -> None:
    history = given(background=charters.appointed())
    history.when("record-exclusion", {**BODY, "criterion": "field/speed"}).refused(InvalidCommandError, "/criterion")
    history.when("record-exclusion", {**BODY, "team": "dog"}).refused(TeamNotInStageError, "/team")
    given(background=charters.opened()).when("record-exclusion", BODY).refused(NotAppointedError)


@pytest.mark.parametrize(
    ("history", "error"), [(charters.enrolled(), StageNotOpenError), (charters.closed(), ScoringClosedError)]
)
def test_sheets_are_excluded_while_scoring_is_open(history: list[Event], error: type[StageNotOpenError]) -> None:
    given(background=history).when("record-exclusion", BODY).refused(error)
