"""What the outcome of a team rests on: its rank and the planned cut, gates, the ruling on its independence."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Condition
from domain.explained import Explained
from domain.grounds import Grounds
from domain.hearing_course import (
    IndependenceOpinionGiven,
    IndependenceReviewOpened,
    StatementGiven,
    StatementRequested,
)
from domain.outcome_events import DeviationRecorded, EvidenceRegistered, Finding, IndependenceRuled
from domain.points import UNDISCLOSED
from domain.reasons import Reason, between, reason, say, sentences
from domain.record import StageRecord
from domain.rubric import Gate
from domain.score_events import GateOutcome
from domain.sentences import Words
from domain.tally import gate_outcome


def plan_reason(of: Explained) -> Reason:
    """How many teams leave, as planned, and any deviation from it; whether the rank of this one is among the last."""
    record = StageRecord(of.charter.programme, of.stage.id)
    record.course, record.cells = of.course, dict(of.cells)
    grounds = Grounds(of.stage, record, of.found)
    if of.stage.cut is None:
        what = say("The charter plans no cut in this stage.", "헌장은 이 단계에서 탈락을 계획하지 않는다.")
    elif of.course.deviation is None:
        what = say(
            "Planned to leave: {cut} of the {left} teams that did not withdraw.",
            "계획: 자진 포기하지 않은 {left}팀 가운데 {cut}팀 탈락.",
            left=grounds.left,
            cut=of.stage.cut,
        )
    else:
        what = say(
            "Planned to leave: {cut} of the {left} teams that did not withdraw; by a recorded deviation it is "
            "{actual}.",
            "계획: 자진 포기하지 않은 {left}팀 가운데 {cut}팀 탈락. 기록된 계획 변경에 따라 {actual}팀이 탈락한다.",
            left=grounds.left,
            cut=of.stage.cut,
            actual=of.course.deviation,
        )
    by_rank = _by_rank(of, grounds)
    if by_rank is not None:
        what = sentences(what, by_rank)
    rule = of.rule(
        "Planned cut: {cut}. Another number of eliminations than planned is recorded as a deviation; withdrawals do "
        "not count.",
        "계획된 탈락팀 수: {cut}. 계획과 다른 수의 탈락은 계획 변경으로 기록하며, 자진 포기는 세지 않는다.",
        cut=Words("none", "없음") if of.stage.cut is None else of.stage.cut,
    )
    deviations = [of.recounted("plan", position) for position, _event in of.events(DeviationRecorded)]
    return reason("plan", what, value=of.course.deviation or of.stage.eliminate, rule=rule, children=deviations)


def _by_rank(of: Explained, grounds: Grounds) -> Words | None:
    """What the rank of the team says of its outcome."""
    team = of.named.team(of.team)
    if of.team in of.course.advanced:
        cut, room = grounds.advancing_cut, grounds.room(of.team)
        if cut is None or room is None:
            return None
        if room == "before-cut":
            return say(
                "{team} is not surely {last}, so its rank lets it go on.",
                "{team}은(는) 확실히 마지막 {cut}팀에 드는 것은 아니므로 순위에 따라 진출할 수 있다.",
                team=team,
                cut=cut,
                last=_last(cut),
            )
        return say(
            "{team} is {last}, but others are out by a threshold or a ruling, which leaves it a place.",
            "{team}은(는) 마지막 {cut}팀에 들지만 다른 팀이 기준점이나 판정으로 탈락하여 자리가 남는다.",
            team=team,
            cut=cut,
            last=_last(cut),
        )
    cut = grounds.rank_cut
    if of.team not in of.course.eliminated or of.course.withdrew(of.team) or not cut:
        return None
    if grounds.against_elimination("rank", of.team) is None:
        return say(
            "{team} is surely {last}, so its rank is a ground to eliminate it.",
            "{team}은(는) 확실히 마지막 {cut}팀에 들므로 순위가 탈락의 근거가 된다.",
            team=team,
            cut=cut,
            last=_last(cut),
        )
    return say(
        "{team} is not surely {last}, so its rank is no ground to eliminate it.",
        "{team}은(는) 확실히 마지막 {cut}팀에 드는 것은 아니므로 순위는 탈락의 근거가 되지 않는다.",
        team=team,
        cut=cut,
        last=_last(cut),
    )


def _last(cut: int) -> str:
    return "last" if cut == 1 else f"among the last {cut}"


def gate_reasons(of: Explained) -> Iterator[Reason]:
    for gate in of.stage.gates:
        yield _gate(of, gate)


def _gate(of: Explained, gate: Gate) -> Reason:
    outcome = gate_outcome(of.stage, gate.id, of.team, of.found, of.course)
    certified = [
        of.statement(each)
        for each in of.course.statements
        if isinstance(each.figure, GateOutcome) and (each.figure.gate, each.figure.team) == (gate.id, of.team)
    ]
    places = {
        "team": of.named.team(of.team),
        "gate": of.named("gate", gate.id),
        "points": between(of.bounds(gate.node), of.decimals),
    }
    if outcome is None:
        what = say(
            "Whether {team} reached {gate} is not known; its points: {points}.",
            "{team}이(가) {gate}을(를) 넘었는지는 알려지지 않았다. 점수: {points}.",
            **places,
        )
    elif certified:
        what = say(
            "{team} reached {gate}, as is certified."
            if outcome == "passed"
            else "{team} did not reach {gate}, as is certified.",
            "확인된 바에 따르면 {team}은(는) {gate}을(를) 통과하였다."
            if outcome == "passed"
            else "확인된 바에 따르면 {team}은(는) {gate}에 미달하였다.",
            **places,
        )
    else:
        what = say(
            "{team} reached {gate}, with {points}."
            if outcome == "passed"
            else "{team} did not reach {gate}, with {points}.",
            "{team}은(는) {points}으로 {gate}을(를) 통과하였다."
            if outcome == "passed"
            else "{team}은(는) {points}으로 {gate}에 미달하였다.",
            **places,
        )
    node = of.named("node", gate.node)
    if gate.minimum == UNDISCLOSED:
        rule = of.rule(
            "{node} has a threshold; how many points it is, is undisclosed.",
            "{node}에는 기준점이 있으나 몇 점인지는 비공개이다.",
            node=node,
        )
    else:
        rule = of.rule(
            "At least {minimum} points in {node}.", "{node} {minimum}점 이상.", minimum=gate.minimum, node=node
        )
    return reason("gate", what, value=outcome or "open", rule=rule, children=certified)


def independence_reason(of: Explained) -> Reason:
    """The ruling that stands, by perspective and condition, with what it rests on."""
    rulings = [(position, event) for position, event in of.events(IndependenceRuled) if event.team == of.team]
    rule = of.rule("A ruling names its verdicts by perspective and condition.", "독자성 판정은 측면과 조건별로 내린다.")
    heard = [
        *(
            of.recounted("hearing", position)
            for position, event in of.events(
                IndependenceReviewOpened, StatementRequested, StatementGiven, IndependenceOpinionGiven
            )
            if event.team == of.team
        ),
    ]
    if not rulings:
        what = (
            say(
                "No ruling on the independence of {team} is reported.",
                "{team}의 독자성 판정은 보도되지 않았다.",
                team=of.named.team(of.team),
            )
            if of.reported
            else say(
                "The independence of {team} is not ruled upon.",
                "{team}의 독자성은 판정되지 않았다.",
                team=of.named.team(of.team),
            )
        )
        return reason(
            "independence", what, value="not_reported" if of.reported else "not_ruled", rule=rule, children=heard
        )
    *earlier, (position, ruling) = rulings
    return of.recounted(
        "independence",
        position,
        value=ruling.verdict,
        rule=rule,
        children=[
            *_findings(of, ruling, position),
            *_evidence(of, ruling),
            *heard,
            *(of.recounted("earlier", each) for each, _event in reversed(earlier)),
        ],
    )


def _findings(of: Explained, ruling: IndependenceRuled, position: int) -> Iterator[Reason]:
    if ruling.findings == UNDISCLOSED:
        yield reason(
            "missing",
            say(
                "Which condition was or was not met is undisclosed.",
                "어느 조건을 충족하였거나 충족하지 못하였는지는 비공개이다.",
            ),
            positions=(position,),
        )
        findings: dict[tuple[str, str], Finding] = {}
    else:
        findings = {(each.perspective, each.condition): each for each in ruling.findings}
    for perspective in of.charter.independence.perspectives:
        if perspective.id not in ruling.perspectives:
            continue
        conditions = [
            _condition(of, each, _verdict(ruling, findings.get((perspective.id, each.id))), position)
            for each in perspective.conditions
        ]
        yield reason(
            "perspective",
            say("{title} perspective.", "{title}.", title=perspective.title),
            rule=of.rule(*_REQUIRES[perspective.requires]),
            children=conditions,
        )


def _verdict(ruling: IndependenceRuled, finding: Finding | None) -> Finding | str:
    """What was found of a condition, or why nothing is known of it."""
    return finding or (UNDISCLOSED if ruling.findings == UNDISCLOSED else _UNSAID)


def _condition(of: Explained, condition: Condition, found: Finding | str, position: int) -> Reason:
    finding = found if isinstance(found, Finding) else None
    verdict = found.verdict if isinstance(found, Finding) else found
    text = Words(*(f"{each.rstrip('.')}." for each in (condition.text.en, condition.text.ko)))
    what = say("{verdict}: {text}", "{verdict}: {text}", verdict=_VERDICTS[verdict], text=text)
    if finding is not None and finding.reason is not None:
        what = say("{what} Reason: “{reason}”.", "{what} 사유: “{reason}”.", what=what, reason=finding.reason)
    return reason(
        "condition",
        what,
        value=verdict,
        rule=of.rule(*_MANDATORY[condition.mandatory]),
        positions=() if finding is None else (position,),
    )


_UNSAID = "unsaid"
_VERDICTS = {
    _UNSAID: Words("No finding", "판단 없음"),
    "met": Words("Met", "충족"),
    "not_met": Words("Not met", "미충족"),
    UNDISCLOSED: Words("Undisclosed", "비공개"),
}
_REQUIRES = {
    "all": ("It is met if all its mandatory conditions are.", "필수 조건을 모두 충족하여야 한다."),
    "any": ("It is met if any of its mandatory conditions is.", "필수 조건을 하나라도 충족하면 된다."),
}
_MANDATORY = {
    "yes": ("This condition is mandatory.", "필수 조건이다."),
    "no": ("This condition is not mandatory.", "필수 조건이 아니다."),
    UNDISCLOSED: ("Whether this condition is mandatory is undisclosed.", "필수 조건인지는 비공개이다."),
}


def _evidence(of: Explained, ruling: IndependenceRuled) -> Iterator[Reason]:
    if ruling.evidence == UNDISCLOSED:
        yield reason("evidence", say("The evidence is undisclosed.", "증거자료는 비공개이다."), value=UNDISCLOSED)
        return
    for position, event in of.events(EvidenceRegistered):
        if event.sha256 in ruling.evidence and event.team == of.team:
            yield of.recounted("evidence", position, value=event.sha256)
