"""Why a team stands where it stands in a stage, or has a figure: a tree of reasons down to positions in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from domain.explained import Explained
from domain.explaining_grounds import gate_reasons, independence_reason, plan_reason
from domain.explaining_points import assessment_reason, criterion_reason, index_reason, total_reason
from domain.explaining_rank import rank_reason
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import OutcomeSuperseded, TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.reasons import Reason, reason, say
from domain.rubric import TOTAL

RANK = "rank"
"""As a node: the rank."""

OUTCOMES = (TeamAdvanced, TeamEliminated, TeamWithdrawn, OutcomeSuperseded)
Outcome = TeamAdvanced | TeamEliminated | TeamWithdrawn | OutcomeSuperseded


def explain(of: Explained, node: str | None = None) -> Reason | None:
    """Why the team stands where it stands, or has the figure at `node`; `None` where there is no such figure."""
    if node is None:
        return _outcome(of)
    if of.team not in of.found.ranks:
        return None
    if node == RANK:
        return rank_reason(of, totals=True)
    if node == TOTAL:
        return total_reason(of)
    for assessment in of.stage.assessments:
        if assessment.id == node:
            return assessment_reason(of, assessment)
    if of.stage.criterion(node) is not None:
        return criterion_reason(of, node)
    return index_reason(of, node) if any(each.id == node for each in of.stage.indices) else None


def _outcome(of: Explained) -> Reason:
    course, team = of.course, of.team
    places = {"team": of.named.team(team), "stage": of.named("stage", of.stage.id)}
    if course.withdrew(team):
        value, en, ko = "withdrawn", "{team} withdrew in {stage}.", "{team}은(는) {stage}에서 자진 포기하였다."
    elif (basis := course.eliminated.get(team)) is not None:
        value = "eliminated"
        en = "{team} is eliminated in {stage}, on the ground of " + _GROUNDS[basis][0] + "."
        ko = "{team}은(는) {stage}에서 탈락하였다. 근거: " + _GROUNDS[basis][1] + "."
    elif team in course.advanced:
        value, en, ko = "advanced", "{team} goes on from {stage}.", "{team}은(는) {stage}에서 다음 단계로 진출한다."
    else:
        value = "in"
        en = "{team} takes part in {stage}; whether it goes on is not decided."
        ko = "{team}은(는) {stage}에 참가하고 있다. 진출 여부는 결정되지 않았다."
    return reason(
        "outcome",
        say(en, ko, **places),
        value=value,
        rule=of.rule(
            "A team advances by its rank, past every gate, ruled independent; an elimination rests on rank, gate or "
            "ruling, and an outcome stands until it is superseded.",
            "팀은 순위에 들고 모든 기준점을 넘고 독자성이 인정되어야 진출한다. 탈락은 순위, 기준점 또는 독자성 판정에 "
            "근거하며, 결과는 다른 결정으로 변경될 때까지 유효하다.",
        ),
        positions=of.seen(course.decided.get(team, 0)),
        children=[*_decisions(of), *_grounds(of)],
    )


_GROUNDS = {
    "rank": ("its rank", "순위"),
    "gate": ("a threshold that it did not reach", "기준점 미달"),
    "ruling": ("its independence ruling", "독자성 판정"),
}


def _decisions(of: Explained) -> Iterator[Reason]:
    """The outcome that stands as it was decided, with what it took the place of, and objections."""
    found = [
        position for position, event in of.events(*OUTCOMES) if isinstance(event, Outcome) and event.team == of.team
    ]
    objections = [
        of.recounted("objection", position, value=event.outcome if isinstance(event, ObjectionDecided) else None)
        for position, event in of.events(ObjectionFiled, ObjectionDecided)
        if isinstance(event, ObjectionFiled | ObjectionDecided) and event.team == of.team
    ]
    if found:
        *earlier, last = found
        before = [of.recounted("earlier", position) for position in reversed(earlier)]
        yield of.recounted("decision", last, children=[*before, *objections])
    else:
        yield from objections


def _grounds(of: Explained) -> Iterator[Reason]:
    """What the outcome rests on first, then what else is known."""
    ranked = [] if of.team not in of.found.ranks else [rank_reason(of)]
    gates = [] if of.team not in of.found.ranks else list(gate_reasons(of))
    ruling = [independence_reason(of)] if of.charter.independence.perspectives else []
    plan = plan_reason(of)
    by_basis = {"rank": [*ranked, plan, *gates, *ruling], "gate": [*gates, *ranked, plan, *ruling]}
    yield from by_basis.get(of.course.eliminated.get(of.team, "rank"), [*ruling, *ranked, plan, *gates])
    if ranked:
        yield total_reason(of)
