"""The events of what a stage's standings are made of: sheets, measurements, and figures certified instead of them."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import msgspec

from domain.boundary import tag, whole
from domain.event import event, upcast
from domain.panel_events import OfEvaluator
from domain.scalars import Identifier
from domain.sentences import Says, Words
from domain.stage_events import OfStage

DecimalText = Annotated[
    str, msgspec.Meta(max_length=40, description="a decimal of at most 40 characters, such as 12.5")
]
Node = Annotated[
    str,
    whole(r"[a-z0-9.-]{1,64}(/[a-z0-9.-]{1,64})?", "total, an assessment, or assessment/criterion"),
]
"""A node of the rubric: `total`, an assessment, or `assessment/criterion`."""


_same_tag = functools.lru_cache(maxsize=1 << 10)(tag)
"""Every sheet of a team has those of its stage and team."""


class _Sheet(OfStage, frozen=True, kw_only=True):
    team: str
    criterion: str
    evaluator: str
    points: str
    item: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            _same_tag("stage", programme, self.stage),
            _same_tag("team", programme, self.team),
            sheet_tag(programme, self.stage, self.team, self.criterion, self.evaluator, self.item),
        )


@event(
    "ScoreSubmitted",
    version=2,
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Score submitted", "점수 제출"),
        en="{actor} submitted {points} points by evaluator {evaluator} for {team} on "
        "{criterion:node}[ ({item})] in {stage}",
        ko="{actor}이(가) {stage} {criterion:node}[({item})] 항목에서 평가위원 {evaluator}의 {team} 점수 "
        "{points}점을 제출하였다",
    ),
)
class ScoreSubmitted(_Sheet, frozen=True, kw_only=True):
    """One evaluator's points for one team on one criterion (`assessment/criterion`), or on one `item` of it."""

    deciders: tuple[str, ...] = ()


@event(
    "ScoreCorrected",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Score corrected", "점수 정정"),
        en="{actor} corrected the score by evaluator {evaluator} for {team} on {criterion:node}[ "
        "({item})] in {stage} to {points} points, in the place of position {supersedes}",
        ko="{actor}이(가) {stage} {criterion:node}[({item})] 항목에서 평가위원 {evaluator}의 {team} 점수를 "
        "{points}점으로 정정하였다(기록 {supersedes}번을 대체)",
    ),
)
class ScoreCorrected(_Sheet, frozen=True, kw_only=True):
    """Other points in the place of those at position `supersedes`, for a reason."""

    supersedes: int
    reason: str
    deciders: tuple[str, ...] = ()


@event(
    "ExclusionRecorded",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Score excluded", "점수 제외"),
        en="{actor} left out what evaluator {evaluator} gave {team} on {criterion:node} in "
        "{stage}[{below_quorum}, although fewer sheets than the quorum are left]",
        ko="{actor}이(가) {stage} {criterion:node} 항목에서 평가위원 {evaluator}의 {team} 채점표를 "
        "제외하였다[{below_quorum}. 남은 채점표는 정족수에 미달한다]",
    ),
)
class ExclusionRecorded(OfEvaluator, frozen=True, kw_only=True):
    """An evaluator's sheet for a team on a criterion is left out, whether it is there or missing.

    `below_quorum`: the sheets that are left are fewer than the panel's quorum, and are to do nevertheless.
    """

    team: str
    criterion: str
    below_quorum: bool
    deciders: tuple[str, ...] = ()


def sheet_tag(programme: str, stage: str, team: str, criterion: str, evaluator: str, item: str | None) -> str:
    """One evaluator's sheet for one team and criterion, or item: what makes a second score of the same conflict."""
    return tag("sheet", programme, stage, team, criterion, evaluator, *(() if item is None else (item,)))


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that a team compares itself with, and that model's metric on the same benchmark."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")]
    value: DecimalText


class _Measurement(OfStage, frozen=True, kw_only=True):
    team: str
    criterion: str
    benchmark: str
    value: str
    target: Target | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            *super().tags(programme),
            tag("team", programme, self.team),
            measurement_tag(programme, self.stage, self.team, self.criterion, self.benchmark),
        )


@event(
    "MeasurementRecorded",
    version=2,
    public="with-results",
    says=Says(
        title=Words("Measurement recorded", "측정값 기록"),
        en="{actor} recorded {value} for {team} on {benchmark}, a benchmark of {criterion:node} "
        "in {stage}[ (target: {target.model} with {target.value})]",
        ko="{actor}이(가) {stage} {criterion:node} 항목의 벤치마크 {benchmark}에서 {team}의 측정값 {value}을(를) "
        "기록하였다[. 비교 대상: {target.model}({target.value})]",
    ),
)
class MeasurementRecorded(_Measurement, frozen=True, kw_only=True):
    """A raw metric of one team on one benchmark of a measured criterion."""

    deciders: tuple[str, ...] = ()


@upcast("ScoreSubmitted", from_version=1)
@upcast("MeasurementRecorded", from_version=1)
def _nobody_named(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say who took part."""
    return {**fields, "deciders": []}


@event(
    "MeasurementCorrected",
    public="with-results",
    says=Says(
        title=Words("Measurement corrected", "측정값 정정"),
        en="{actor} corrected the measurement of {team} on {benchmark}, a benchmark of "
        "{criterion:node} in {stage}, to {value}[ (target: {target.model} with "
        "{target.value})], in the place of position {supersedes}",
        ko="{actor}이(가) {stage} {criterion:node} 항목의 벤치마크 {benchmark}에서 {team}의 측정값을 {value}(으)로 "
        "정정하였다(기록 {supersedes}번을 대체)[. 비교 대상: {target.model}({target.value})]",
    ),
)
class MeasurementCorrected(_Measurement, frozen=True, kw_only=True):
    """Another metric in the place of the one at position `supersedes`, for a reason."""

    supersedes: int
    reason: str
    deciders: tuple[str, ...] = ()


def measurement_tag(programme: str, stage: str, team: str, criterion: str, benchmark: str) -> str:
    """One team's metric on one benchmark: what makes a second measurement of the same conflict."""
    return tag("measurement", programme, stage, team, criterion, benchmark)


class _Figure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    pass


class PointsOf(_Figure, tag="points", frozen=True, kw_only=True):
    """A team has exactly `value` at `node`."""

    node: Node
    team: Identifier
    value: DecimalText


class MeanOf(_Figure, tag="mean", frozen=True, kw_only=True):
    """The mean of the field at `node`, as published: true to half a unit of its last decimal."""

    node: Node
    value: DecimalText


class HighestOf(_Figure, tag="highest", frozen=True, kw_only=True):
    """`value` is the highest at `node`, and `teams` is the complete list of those who have it."""

    node: Node
    teams: tuple[Identifier, ...]
    value: DecimalText


class RankGroup(_Figure, tag="rank-group", frozen=True, kw_only=True):
    """`teams` hold the ranks `best` to `worst` of the stage, in an order that is not said."""

    teams: tuple[Identifier, ...]
    best: str
    worst: str


class GateOutcome(_Figure, tag="gate", frozen=True, kw_only=True):
    """A team passed or failed a gate; the value stays open."""

    gate: Identifier
    team: Identifier
    outcome: Literal["passed", "failed"]


Figure = PointsOf | MeanOf | HighestOf | RankGroup | GateOutcome


@event(
    "FigureCertified",
    public="with-results",
    says=Says(
        title=Words("Figure certified", "수치 확인"),
        en="{actor} certified for {stage} that {figure} (source: {source})",
        ko="{actor}이(가) {stage}에 관하여 다음을 확인하였다: {figure}. 출처: {source}",
        terms={
            "figure": {
                "points": Words("{team} has {value} points in {node}", "{node}에서 {team}의 점수는 {value}점"),
                "mean": Words("the mean of the teams in {node} is {value} points", "{node}의 팀 평균은 {value}점"),
                "highest": Words(
                    "the highest in {node} is {value} points, held by {teams:team}",
                    "{node}의 최고점은 {value}점이며 해당 팀은 {teams:team}",
                ),
                "rank-group": Words(
                    "{teams:team} hold the ranks {best} to {worst}, in an order that is not said",
                    "{teams:team}의 순위는 {best}위부터 {worst}위 사이이며 그 안의 순서는 밝혀지지 않음",
                ),
                "gate": Words("{team} {outcome} {gate}", "{team}의 {gate} {outcome}"),
            },
            "outcome": {"passed": Words("passed", "통과"), "failed": Words("failed", "미달")},
        },
    ),
)
class FigureCertified(OfStage, frozen=True, kw_only=True):
    """A figure stated by the body that the charter names, instead of or beside scores; `source` says where."""

    figure: Figure
    source: str
    deciders: tuple[str, ...] = ()
