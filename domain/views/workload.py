"""Agency workload: what each agency decided and countersigned, what waits for it, and how long things took.

Keys: `charter` in force · `last`: the id of the decision counted last, as several events may come of one ·
`done/<agency>/<kind>/<decision>`: how many, the kind being `taken`, `proposed` or `countersigned` · `proposal/<id>` ·
`objection/<team>/<id>` · `stage/<stage>` · `review/<stage>/<team>` · `application/<call>/<team>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, TypeVar

import msgspec

from domain.call_events import ApplicationScreened, CallApplicationReceived
from domain.charter import CHARTER_EVENTS
from domain.event import Event
from domain.hearing_course import IndependenceReviewOpened, StatementGiven, StatementRequested
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import IndependenceRuled, TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.proposal_events import PROPOSAL_EVENTS, DecisionApproved, DecisionProposed
from domain.record import CHANGES_RESULTS, with_agreement
from domain.stage_events import (
    ReleaseAgreed,
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageOpened,
    StageReconsolidated,
)
from domain.views import Occurrence, Rows, View, encode_row, keyed, one_by_one

Kind = Literal["taken", "proposed", "countersigned"]


class At(msgspec.Struct, frozen=True):
    """Where and when something was recorded."""

    position: int
    recorded_at: str


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal. `settled`: once it was approved, rejected or withdrawn, by the agency `by`."""

    decision: str
    proposer: str
    awaiting: tuple[str, ...]
    since: At
    until: str
    settled: At | None = None
    approved: bool = False
    by: str | None = None


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """An objection, and by whom it was decided."""

    stage: str
    team: str
    since: At
    decided: At | None = None
    by: str | None = None


class StageWork(msgspec.Struct, frozen=True, kw_only=True):
    """How far a stage is. `undecided`: teams without an outcome. `released`: as in `Course`."""

    undecided: tuple[str, ...] = ()
    closed: At | None = None
    settled: At | None = None
    reopened: bool = False
    released: dict[str, str] = {}
    published: bool = False


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """How far the ruling on a team's independence in a stage is."""

    requested: At | None = None
    until: str | None = None
    answered: bool = False
    ruled: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """An application to a call."""

    since: At
    screened: bool = False


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """Count decisions, and follow what waits for somebody."""
    counted: Counter[str] = Counter()
    stored = rows.get("last")
    last = before = "" if stored is None else stored.decode()

    def count(agency: str, kind: Kind, decision: str) -> None:
        counted[f"done/{agency}/{kind}/{decision}"] += 1

    def take(occurrence: Occurrence) -> None:
        nonlocal last
        event, made = occurrence.event, occurrence.provenance
        reported = made.attribution == "reported"
        who = made.decided_by if reported else made.actor.agency if made.actor.party == "agency" else None
        if made.decision_id is not None and made.decision_id != last:
            last = made.decision_id
            if isinstance(event, DecisionApproved):
                count(made.actor.agency, "countersigned", event.decision)
                if event.proposer.party == "agency":
                    count(event.proposer.agency, "taken", event.decision)
            elif who is not None and isinstance(event, DecisionProposed):
                count(who, "proposed", event.decision)
            elif who is not None:
                count(who, "taken", made.command_type or "")
        if isinstance(event, _FOLLOWED):
            _follow(rows, At(occurrence.position, occurrence.recorded_at), event, who)

    one_by_one(occurrences, take)
    for key, more in counted.items():
        rows.put(key, encode_row(more + int(rows.get(key) or b"0")))
    if last != before:
        rows.put("last", last.encode())


_FOLLOWED: Final = (
    *CHARTER_EVENTS,
    *PROPOSAL_EVENTS,
    *(ObjectionFiled, ObjectionDecided, CallApplicationReceived, ApplicationScreened),
    *CHANGES_RESULTS,
    *(StageOpened, ScoringClosed, ReleaseAgreed, ResultsPublished),
    *(IndependenceReviewOpened, StatementRequested, StatementGiven),
)

S = TypeVar("S", bound=msgspec.Struct)


def _change(rows: Rows, key: str, type_: type[S], **changes: object) -> None:
    stored = rows.get(key)
    before = type_() if stored is None else msgspec.json.decode(stored, type=type_)
    rows.put(key, encode_row(msgspec.structs.replace(before, **changes)))


def _follow(rows: Rows, at: At, event: Event, who: str | None) -> None:
    match event:
        case DecisionProposed():
            proposed = Proposed(
                decision=event.decision,
                proposer=event.proposer.agency,
                awaiting=event.awaiting,
                since=at,
                until=event.expires_at,
            )
            rows.put(f"proposal/{event.proposal}", encode_row(proposed))
        case ObjectionFiled():
            filed = Filed(stage=event.stage, team=event.team, since=at)
            rows.put(f"objection/{event.team}/{event.objection}", encode_row(filed))
        case ObjectionDecided():
            _change(rows, f"objection/{event.team}/{event.objection}", Filed, decided=at, by=who)
        case CallApplicationReceived():
            rows.put(f"application/{event.call}/{event.team}", encode_row(Applied(since=at)))
        case ApplicationScreened():
            _change(rows, f"application/{event.call}/{event.team}", Applied, screened=True)
        case IndependenceReviewOpened() | StatementRequested() | StatementGiven() | IndependenceRuled():
            _review(rows, at, event)
        case _ if isinstance(event, CHARTER_EVENTS):
            rows.put("charter", event.document.encode())
        case _ if isinstance(event, PROPOSAL_EVENTS):
            approved = isinstance(event, DecisionApproved)
            _change(rows, f"proposal/{event.proposal}", Proposed, settled=at, approved=approved, by=who)
        case _:
            _stage(rows, at, event)
    if isinstance(event, CHANGES_RESULTS) and event.stage is not None:
        _change(rows, f"stage/{event.stage}", StageWork, released={})


def _review(rows: Rows, at: At, event: Event) -> None:
    match event:
        case IndependenceReviewOpened(stage=stage, team=team):
            rows.put(f"review/{stage}/{team}", encode_row(Review()))
        case StatementRequested(stage=stage, team=team, until=until):
            _change(rows, f"review/{stage}/{team}", Review, requested=at, until=until)
        case StatementGiven(stage=stage, team=team):
            _change(rows, f"review/{stage}/{team}", Review, answered=True)
        case IndependenceRuled(stage=stage, team=team):
            _change(rows, f"review/{stage}/{team}", Review, ruled=True)
        case _:
            pass


def _stage(rows: Rows, at: At, event: Event) -> None:
    match event:
        case StageOpened(stage=stage, teams=teams):
            rows.put(f"stage/{stage}", encode_row(StageWork(undecided=teams)))
        case ScoringClosed(stage=stage):
            _change(rows, f"stage/{stage}", StageWork, closed=at)
        case StageConsolidated(stage=stage) | StageReconsolidated(stage=stage):
            _change(rows, f"stage/{stage}", StageWork, settled=at)
        case ScoringReopened(stage=stage):
            nothing = {"closed": None, "settled": None, "published": False}
            _change(rows, f"stage/{stage}", StageWork, reopened=True, **nothing)
        case ReleaseAgreed(stage=stage, agency=agency, principal=principal):
            released = with_agreement(_stage_work(rows, stage).released, agency, principal)
            _change(rows, f"stage/{stage}", StageWork, released=released)
        case TeamAdvanced(stage=str(stage), team=team) | TeamEliminated(stage=str(stage), team=team):
            _decided(rows, stage, team)
        case TeamWithdrawn(team=team):
            for stage, _value in keyed(rows.scan("stage/"), "stage/"):
                _decided(rows, stage, team)
        case ResultsPublished(stage=stage):
            _change(rows, f"stage/{stage}", StageWork, published=True)
        case _:
            pass


def _stage_work(rows: Rows, stage: str) -> StageWork:
    return msgspec.json.decode(rows.get(f"stage/{stage}") or b"{}", type=StageWork)


def _decided(rows: Rows, stage: str, team: str) -> None:
    undecided = _stage_work(rows, stage).undecided
    if team in undecided:
        _change(rows, f"stage/{stage}", StageWork, undecided=tuple(each for each in undecided if each != team))


WORKLOAD = View(name="workload", version=3, fold=fold, envelopes=True, remembers=True)
