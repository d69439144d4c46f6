"""The review of one team's independence in one stage: its events, its states, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.deadlines import passed
from domain.event import Event, encode_data, event
from domain.machines import machine
from domain.outcome_events import EvidenceRegistered, IndependenceRuled, TeamWithdrawn, Verdict, review_tag
from domain.refusal import Refusal
from domain.scalars import Sha256
from domain.sentences import Says, Words

ReviewState = Literal["unopened", "opened", "statement-requested", "answered", "ruled"]


class ReviewNotOpenedError(Refusal):
    """The review of the team's independence was not opened."""


class StatementNotRequestedError(Refusal):
    """The team was not asked for a statement yet."""


class StatementAwaitedError(Refusal):
    """The team was asked for a statement and has not given it."""


class StatementAlreadyGivenError(Refusal):
    """The team has given its statement."""


class AlreadyRuledError(Refusal):
    """The team's independence was ruled upon in this stage."""


class NotHeardError(Refusal):
    """The team had no chance to answer before the ruling."""


REVIEW = machine(
    "independence review",
    initial="unopened",
    transitions=[
        ("unopened", "open-independence-review", "opened"),
        ("opened", "request-statement", "statement-requested"),
        ("statement-requested", "request-statement", "statement-requested"),
        ("statement-requested", "give-statement", "answered"),
        ("answered", "request-statement", "statement-requested"),
        ("opened", "give-opinion", "opened"),
        ("statement-requested", "give-opinion", "statement-requested"),
        ("answered", "give-opinion", "answered"),
        ("statement-requested", "rule-independence", "ruled"),
        ("answered", "rule-independence", "ruled"),
        ("ruled", "open-independence-review", "opened"),
        ("unopened", "rule-independence", "ruled", "reported, or no review asked for"),
        ("opened", "rule-independence", "ruled", "reported"),
        ("ruled", "rule-independence", "ruled", "reported, or no review asked for"),
    ],
    refusals={
        "unopened": ReviewNotOpenedError,
        "opened": StatementNotRequestedError,
        "statement-requested": StatementAwaitedError,
        "answered": StatementAlreadyGivenError,
        "ruled": AlreadyRuledError,
    },
)
"""A ruling on an unanswered request waits for its deadline; what was ruled changes on an upheld objection only."""


class _OfReview(Event, frozen=True, kw_only=True):
    stage: str
    team: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (review_tag(programme, self.stage, self.team), tag("team", programme, self.team))


@event(
    "IndependenceReviewOpened",
    public="with-results",
    says=Says(
        title=Words("Independence review opened", "독자성 검토 개시"),
        en="{actor} opened a review of the independence of {team} in {stage}",
        ko="{actor}이(가) {stage}에서 {team}에 대한 독자성 검토를 개시하였다",
    ),
)
class IndependenceReviewOpened(_OfReview, frozen=True, kw_only=True):
    """Whether a team's model is independent is being looked into, for a reason."""

    reason: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("stage", programme, self.stage))


@event(
    "StatementRequested",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Statement requested", "소명 요청"),
        en="{actor} asked {team} in {stage} to answer until the end of {until:deadline}: “{question}”",
        ko="{actor}이(가) {stage}에서 {team}에 소명을 요청하였다. 기한: {until:deadline}. 질의: “{question}”",
    ),
)
class StatementRequested(_OfReview, frozen=True, kw_only=True):
    """The team is asked to answer. `until`: the instant until which it may."""

    question: str
    until: str

    def substance(self) -> bytes:
        return encode_data(msgspec.structs.replace(self, until=""))


@event(
    "StatementGiven",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Statement given", "소명"),
        en="{team} answered in {stage}: “{statement}”[ (evidence: {evidence:documents})]",
        ko="{team}이(가) {stage}에서 소명하였다. 내용: “{statement}”[. 증거자료: {evidence:documents}]",
    ),
)
class StatementGiven(_OfReview, frozen=True, kw_only=True):
    """What the team answers. `evidence`: the documents that it cites."""

    statement: str
    evidence: tuple[Sha256, ...] = ()


@event(
    "IndependenceOpinionGiven",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Opinion on independence given", "독자성 의견 제출"),
        en="{actor} entered the opinion of evaluator {evaluator} that {team} {opinion} the "
        "independence criteria in {stage}",
        ko="{actor}이(가) {stage}에서 {team}이(가) 독자성 기준을 {opinion}는 평가위원 {evaluator}의 의견을 제출하였다",
        terms={"opinion": {"met": Words("meets", "충족한다"), "not_met": Words("does not meet", "충족하지 못한다")}},
    ),
)
class IndependenceOpinionGiven(_OfReview, frozen=True, kw_only=True):
    """What one evaluator of the charter's panel thinks; the ruling is not bound by it."""

    evaluator: str
    opinion: Verdict
    reason: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), opinion_tag(programme, self.stage, self.team, self.evaluator))


def opinion_tag(programme: str, stage: str, team: str, evaluator: str) -> str:
    """One evaluator's opinions of a team: what makes two of the same conflict, and those of others not."""
    return tag("opinion", programme, stage, team, evaluator)


class ReviewCourse:
    """A fact: how far the review of one team in one stage is; blind to evidence and opinions.

    Positions are 0 until the thing has happened. Opening again leaves them: what the team was asked and has answered
    before is all that it may know until it is asked again.
    """

    EVENTS: tuple[type[Event], ...] = (IndependenceReviewOpened, StatementRequested, StatementGiven, IndependenceRuled)

    def __init__(self, programme: str, stage: str, team: str) -> None:
        self._tag = review_tag(programme, stage, team)
        self.stage = stage
        self.team = team
        self.opened = 0
        self.requested = 0
        self.until = ""
        self.answered = 0
        self.ruled = 0

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in self.EVENTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case IndependenceReviewOpened():
                self.opened = position
            case StatementRequested(until=until):
                self.requested, self.until = position, until
            case StatementGiven():
                self.answered = position
            case IndependenceRuled():
                self.ruled = position
            case _:
                pass

    @property
    def state(self) -> ReviewState:
        reached: tuple[tuple[int, ReviewState], ...] = (
            (self.opened, "opened"),
            (self.requested, "statement-requested"),
            (self.answered, "answered"),
            (self.ruled, "ruled"),
        )
        latest, state = max(reached)
        return state if latest else "unopened"

    def require(self, decision: str) -> None:
        """Raise the refusal of the review's state unless it allows the decision."""
        REVIEW.require(self.state, decision, subject=f"the review of {self.team} in {self.stage}")

    def require_asked(self) -> None:
        """Raise unless the team was asked and has not answered: all that it may be told of its review."""
        if not self.requested:
            raise StatementNotRequestedError(f"{self.team} was not asked in {self.stage}", rule=_ASKED)
        if self.answered > self.requested:
            raise StatementAlreadyGivenError(f"{self.team} has answered in {self.stage}", rule=_ASKED)


_ASKED: Final = "A team answers once, each time that it is asked."
_HEARING: Final = (
    "A ruling waits until the team has answered, or has let its time pass, on all that is held against it."
)


class ReviewRecord(ReviewCourse):
    """A fact: the whole review, with the evidence registered for it (SHA-256 → position) and its opinions."""

    EVENTS = (*ReviewCourse.EVENTS, EvidenceRegistered, IndependenceOpinionGiven)

    def __init__(self, programme: str, stage: str, team: str) -> None:
        super().__init__(programme, stage, team)
        self.evidence: dict[str, int] = {}
        self.opinions: dict[str, Verdict] = {}
        self._cited: set[str] = set()

    def apply(self, position: int, event: Event) -> None:
        match event:
            case EvidenceRegistered(sha256=sha256):
                self.evidence[sha256] = position
            case IndependenceOpinionGiven(evaluator=evaluator, opinion=opinion):
                self.opinions[evaluator] = opinion
            case IndependenceReviewOpened():
                self.opinions.clear()
                super().apply(position, event)
            case StatementGiven(evidence=evidence):
                self._cited.update(evidence)
                super().apply(position, event)
            case _:
                super().apply(position, event)

    def require_heard(self, at: datetime) -> None:
        """Raise unless the team had its chance to answer, on every piece of evidence that it has not cited itself."""
        self.require("rule-independence")
        if self.state == "statement-requested" and not passed(self.until, at):
            raise NotHeardError(f"{self.team} may answer until {self.until}", rule=_HEARING)
        late = [sha256 for sha256, at_ in self.evidence.items() if at_ > self.requested and sha256 not in self._cited]
        if late:
            raise NotHeardError(
                f"{', '.join(late)} was registered after {self.team} was asked for its statement", rule=_HEARING
            )


class StageReviews:
    """A fact: the teams of a stage whose review waits for a ruling, and those ruled not independent.

    A team that withdrew is among neither: it is ruled upon no more.
    """

    EVENTS: tuple[type[Event], ...] = (IndependenceReviewOpened, IndependenceRuled, TeamWithdrawn)

    def __init__(self, programme: str, stage: str) -> None:
        self._tag = tag("stage", programme, stage)
        self.stage = stage
        self.waiting: list[str] = []
        self.ruled_out: list[str] = []
        self._gone: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in self.EVENTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, IndependenceReviewOpened | IndependenceRuled | TeamWithdrawn):
            for teams in (self.waiting, self.ruled_out):
                if event.team in teams:
                    teams.remove(event.team)
        match event:
            case TeamWithdrawn(team=team):
                self._gone.add(team)
            case IndependenceReviewOpened(team=team) if team not in self._gone:
                self.waiting.append(team)
            case IndependenceRuled(team=team, verdict="not_met") if team not in self._gone:
                self.ruled_out.append(team)
            case _:
                pass
