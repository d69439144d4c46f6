"""The hearing before a ruling: a review is opened, the team is asked and answers, the panel gives its opinions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.charter_document import IndependenceReview
from domain.deadlines import days_after, passed
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.hearing_course import (
    AlreadyRuledError,
    IndependenceOpinionGiven,
    IndependenceReviewOpened,
    ReviewCourse,
    ReviewRecord,
    StatementGiven,
    StatementRequested,
    opinion_tag,
)
from domain.objections import Objections
from domain.outcome_events import Verdict
from domain.panel_events import EvaluatorId
from domain.panels import Appointment
from domain.record import StageCourse, StageProgress
from domain.refusal import Refusal
from domain.scalars import Identifier, Sha256, Text
from domain.scoring import LiveScore, require_in_stage
from domain.stages import require_not_final, require_not_withdrawn, require_opened, stage_of


class ReviewNotPlannedError(Refusal):
    """The charter asks for no such review before a ruling."""


class StatementDeadlinePassedError(Refusal):
    """The time to answer is over."""


class OpinionAlreadyGivenError(Refusal):
    """An evaluator gives one opinion of a team in a review."""


class OpinionsBelowQuorumError(Refusal):
    """Fewer evaluators than the panel's quorum have given their opinion."""


class OfReview(Command, frozen=True, kw_only=True):
    stage: Identifier
    team: Identifier


def _review_of(command: OfReview, case: Case, progress: StageProgress) -> IndependenceReview:
    """What the charter says of reviews. Raises unless it asks for one, and the stage lets one go on."""
    stage_of(case, command.stage)
    review = case.charter.independence.review
    if review is None:
        raise ReviewNotPlannedError(
            f"{case.programme} rules without a review", rule="The charter says whether a review precedes a ruling."
        )
    require_opened(progress)
    require_in_stage(command.team, progress)
    require_not_final(progress)
    require_not_withdrawn(command.team, progress)
    return review


class OpenIndependenceReview(OfReview, frozen=True, kw_only=True):
    """`reason`: why the team's independence is looked into."""

    reason: Text


def _opening(command: OpenIndependenceReview, p: str) -> tuple[StageProgress, ReviewCourse, Objections]:
    review = ReviewCourse(p, command.stage, command.team)
    return StageProgress(p, command.stage), review, Objections(p, command.stage)


@decision("open-independence-review", OpenIndependenceReview, comes_to=(IndependenceReviewOpened,), needs=_opening)
def open_independence_review(
    command: OpenIndependenceReview, case: Case, progress: StageProgress, review: ReviewCourse, objections: Objections
) -> Iterator[Event]:
    """Open the review of a team's independence; after a ruling, once an objection to it is upheld."""
    _review_of(command, case, progress)
    review.require("open-independence-review")
    if review.state == "ruled" and not objections.upheld_since(review.ruled, command.team, "ruling"):
        raise AlreadyRuledError(
            f"{command.team} was ruled upon at position {review.ruled}",
            rule="A review opens again once an objection to the ruling is upheld.",
        )
    yield IndependenceReviewOpened(stage=command.stage, team=command.team, reason=command.reason)


def _facts(command: OfReview, p: str) -> tuple[StageProgress, ReviewCourse]:
    return StageProgress(p, command.stage), ReviewCourse(p, command.stage, command.team)


class RequestStatement(OfReview, frozen=True, kw_only=True):
    """`question`: what the team is to answer. It has the charter's days from today, each time that it is asked."""

    question: Text


def _days_to_answer(_command: RequestStatement, case: Case, *_facts: Any) -> bytes:
    rules = case.charter.independence.review
    return b"" if rules is None else rules.statement_days.encode()


@decision("request-statement", RequestStatement, comes_to=(StatementRequested,), needs=_facts, rests_on=_days_to_answer)
def request_statement(
    command: RequestStatement, case: Case, progress: StageProgress, review: ReviewCourse
) -> Iterator[Event]:
    """Ask a team for its statement; once more, for longer time or on later evidence."""
    rules = _review_of(command, case, progress)
    review.require("request-statement")
    yield StatementRequested(
        stage=command.stage,
        team=command.team,
        question=command.question,
        until=days_after(case.decided_at, int(rules.statement_days), case.charter.zone),
    )


class GiveStatement(OfReview, frozen=True, kw_only=True):
    """`evidence`: SHA-256 of the documents that the statement cites, hex."""

    statement: Text
    evidence: tuple[Sha256, ...] = ()


@decision("give-statement", GiveStatement, comes_to=(StatementGiven,), needs=_facts, own="team", in_person=True)
def give_statement(
    command: GiveStatement, case: Case, progress: StageProgress, review: ReviewCourse
) -> Iterator[Event]:
    """Answer what the team was asked, for the team itself.

    A refusal tells the team nothing of a review that it was not asked about, nor of a ruling before it is public.
    """
    _review_of(command, case, progress)
    if case.actor.party == "consortium":
        review.require_asked()
    if review.requested and passed(review.until, case.decided_at) and not command.reported:
        raise StatementDeadlinePassedError(
            f"{command.team} could answer until {review.until}",
            rule="A statement is given within the charter's days after it was asked for.",
        )
    review.require("give-statement")
    yield StatementGiven(stage=command.stage, team=command.team, statement=command.statement, evidence=command.evidence)


class GiveOpinion(OfReview, frozen=True, kw_only=True):
    """`evaluator`: of the panel that the charter names for independence."""

    evaluator: EvaluatorId
    opinion: Verdict
    reason: Text


def _opining(command: GiveOpinion, p: str) -> tuple[StageProgress, ReviewCourse, Appointment, LiveScore]:
    opinion = opinion_tag(p, command.stage, command.team, command.evaluator)
    appointment = Appointment(p, command.stage, command.evaluator)
    return (*_facts(command, p), appointment, LiveScore(opinion, IndependenceOpinionGiven))


@decision("give-opinion", GiveOpinion, comes_to=(IndependenceOpinionGiven,), needs=_opining)
def give_opinion(
    command: GiveOpinion,
    case: Case,
    progress: StageProgress,
    review: ReviewCourse,
    appointment: Appointment,
    earlier: LiveScore,
) -> Iterator[Event]:
    """Say what one evaluator thinks of a team's independence."""
    rules = _review_of(command, case, progress)
    if rules.panel is None:
        raise ReviewNotPlannedError(
            f"no panel advises on independence in {case.programme}",
            rule="The charter says which panel gives opinions in a review.",
        )
    review.require("give-opinion")
    appointment.require_judge(rules.panel, command.team)
    if earlier.position > review.opened:
        raise OpinionAlreadyGivenError(
            f"{command.evaluator} gave an opinion of {command.team} at position {earlier.position}",
            rule="An evaluator gives one opinion of a team in a review.",
        )
    yield IndependenceOpinionGiven(
        stage=command.stage,
        team=command.team,
        evaluator=command.evaluator,
        opinion=command.opinion,
        reason=command.reason,
    )


def require_reviewed(case: Case, course: StageCourse, record: ReviewRecord) -> None:
    """Raise unless the charter asks for no review, or the team was heard and enough opinions count.

    An opinion counts as a sheet does: of a member of the panel who may judge the team now.
    """
    rules = case.charter.independence.review
    if rules is None:
        return
    record.require_heard(case.decided_at)
    panel = None if rules.panel is None else stage_of(case, record.stage).panel(rules.panel)
    if panel is None:
        return
    members = course.course.panels.get(panel.id, [])
    count = sum(each in members and course.course.judges(each, record.team) for each in record.opinions)
    if count < int(panel.quorum):
        raise OpinionsBelowQuorumError(
            f"{count} opinions of {record.team} count, {panel.id} needs {panel.quorum}",
            rule="A ruling waits for the opinions of the panel's quorum.",
        )
