"""Why a team has its points: from the total down to sheets, measurements and certified figures."""

from __future__ import annotations

from collections.abc import Iterator

from domain.explained import Explained
from domain.explaining_criterion import how_scored, scored_reasons
from domain.points import format_units
from domain.reasons import AppliedRule, Kind, Reason, between, reason, say, together
from domain.rubric import TOTAL, Assessment
from domain.sentences import Words


def total_reason(of: Explained) -> Reason:
    parts = [assessment_reason(of, each) for each in of.stage.assessments]
    return _figure(of, "total", TOTAL, total_rule(of), parts)


def total_rule(of: Explained) -> AppliedRule:
    return of.rule(
        "The total is the sum of the assessments: {parts}.",
        "총점은 각 평가 점수의 합이다: {parts}.",
        parts=together(of.named("node", each.id) for each in of.stage.assessments),
    )


def assessment_reason(of: Explained, assessment: Assessment) -> Reason:
    nodes = [f"{assessment.id}/{each.id}" for each in assessment.criteria]
    rule = of.rule(
        "An assessment is the sum of its criteria: {parts}.",
        "평가 점수는 그 항목 점수의 합이다: {parts}.",
        parts=together(of.named("node", node) for node in nodes),
    )
    return _figure(of, "assessment", assessment.id, rule, [criterion_reason(of, node) for node in nodes])


def criterion_reason(of: Explained, node: str) -> Reason:
    criterion = of.stage.criterion(node)
    assert criterion is not None  # the nodes are the stage's own
    return _figure(of, "criterion", node, how_scored(of, criterion), scored_reasons(of, node, criterion))


def index_reason(of: Explained, index_id: str) -> Reason:
    """Of an index across assessments."""
    title = next(each.title for each in of.stage.indices if each.id == index_id)
    nodes = [node for node, criterion in of.stage.criteria() if criterion.index == index_id]
    rule = of.rule("An index is the sum of the criteria that count to it.", "지수는 그에 속하는 항목 점수의 합이다.")
    if not nodes:
        what = say(
            "{index}: which criteria count to it is undisclosed.",
            "{index}: 어느 항목이 속하는지 비공개이다.",
            index=title,
        )
        return reason("index", what, rule=rule)
    reach = of.found.figures.reach([(of.team, node) for node in nodes])
    what = say(
        "{index} of {team}: {points}.",
        "{team}의 {index}: {points}.",
        index=title,
        team=of.named.team(of.team),
        points=between(reach, of.decimals),
    )
    value = None if reach.exact is None else format_units(reach.exact, decimals=of.decimals)
    return reason("index", what, value=value, rule=rule, children=[criterion_reason(of, node) for node in nodes])


def _figure(of: Explained, kind: Kind, node: str, rule: AppliedRule, children: list[Reason]) -> Reason:
    bounds = of.bounds(node)
    maximum = of.stage.nodes()[node]
    places: dict[str, Words | str] = {
        "node": of.named.start("node", node),
        "points": between(bounds, of.decimals),
        "maximum": of.named("quantity", maximum) if maximum == "undisclosed" else maximum,
    }
    if bounds.exact is not None:
        en, ko = "{node}: {points} of {maximum}.", "{node}: {maximum}점 만점에 {points}."
        if maximum == "undisclosed":
            en, ko = "{node}: {points} (of how many is undisclosed).", "{node}: {points}(배점 비공개)."
    elif _narrowed(of, node):
        en = "{node}: undisclosed; by what is known, {points}."
        ko = "{node}: 비공개. 알려진 것에 따르면 {points}."
    else:
        en = "{node}: undisclosed; the rubric allows {points}."
        ko = "{node}: 비공개. 배점에 따르면 {points}."
    return reason(
        kind,
        say(en, ko, **places),
        value=None if bounds.exact is None else format_units(bounds.exact, decimals=of.decimals),
        rule=rule,
        children=[*_enough(of, node), *children],
    )


def _narrowed(of: Explained, node: str) -> bool:
    return of.bounds(node) != of.tally([]).figures[of.team, node]


def _enough(of: Explained, node: str) -> Iterator[Reason]:
    """The certified figures that a value or its bounds follow from."""
    bounds = of.bounds(node)
    if (of.team, node) in of.found.computed or not _narrowed(of, node):
        return
    en, ko = ("That it is {points}", "{points}(이)라는 것")
    what = say(en, ko, points=between(bounds, of.decimals))
    enough = of.enough(lambda found: found.figures[of.team, node] == bounds, what)
    if enough is not None:
        yield enough
