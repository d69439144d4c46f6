"""The events of a stage's course and of what is scored in it, apart from the decisions so that every topic may read
them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from domain.boundary import tag, whole
from domain.event import Event, encode_data, event, upcast
from domain.scalars import Identifier, Names
from domain.sentences import Says, Words

DecimalText = Annotated[
    str, msgspec.Meta(max_length=40, description="a decimal of at most 40 characters, such as 12.5")
]
Node = Annotated[
    str,
    whole(r"[a-z0-9.-]{1,64}(/[a-z0-9.-]{1,64})?", "total, an assessment, or assessment/criterion"),
]
"""A node of the rubric: `total`, an assessment, or `assessment/criterion`."""
EvaluatorId = Annotated[str, whole("ev-[0-9a-f]{16}", "an evaluator's id: ev- and 16 hexadecimal digits in lower case")]
"""An opaque random id; names of natural persons never enter the ledger."""


class _OfStage(Event, frozen=True, kw_only=True):
    stage: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("stage", programme, self.stage),)


class _OfCourse(_OfStage, frozen=True, kw_only=True):
    """What other stages and the programme's teams depend on, too."""

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("programme", programme))


@event(
    "StageOpened",
    says=Says(
        title=Words("Stage opened", "단계 개시"),
        en="{actor} opened {stage} to {teams:team}",
        ko="{actor}이(가) {stage}을(를) 개시하였다. 참가팀: {teams:team}",
    ),
)
class StageOpened(_OfCourse, frozen=True, kw_only=True):
    """Scoring may begin; `teams` is the field that competes in the stage."""

    teams: tuple[str, ...]


@event(
    "ScoringClosed",
    says=Says(
        title=Words("Scoring closed", "채점 마감"),
        en="{actor} closed the scoring of {stage}",
        ko="{actor}이(가) {stage}의 채점을 마감하였다",
    ),
)
class ScoringClosed(_OfStage, frozen=True, kw_only=True):
    """No further score of the stage is taken."""


class _Settled(_OfStage, frozen=True, kw_only=True):
    digest: str
    position: int
    basis: Literal["computed", "certified", "mixed"]
    deciders: tuple[str, ...] = ()

    def substance(self) -> bytes:
        return Event.substance(msgspec.structs.replace(self, digest="", position=0))


@event(
    "StageConsolidated",
    public="with-results",
    says=Says(
        title=Words("Standings settled", "순위 확정"),
        en="{actor} settled the standings of {stage} {basis}, as of position {position}",
        ko="{actor}이(가) {basis}을(를) 근거로 {stage}의 순위를 확정하였다(기록 {position}번 기준)",
        terms={
            "basis": {
                "computed": Words("from the scores", "채점 결과"),
                "certified": Words("from certified figures", "확인된 수치"),
                "mixed": Words("from scores and certified figures", "채점 결과와 확인된 수치"),
            }
        },
    ),
)
class StageConsolidated(_Settled, frozen=True, kw_only=True):
    """The standings of the stage are settled: their digest as of `position`, and what they rest on.

    `deciders`: the agencies that took part.
    """


@event(
    "ScoringReopened",
    public="with-results",
    says=Says(
        title=Words("Scoring reopened", "채점 재개"),
        en="{actor} reopened the scoring of {stage}[ after objection {objection} was upheld]",
        ko="{actor}이(가) [인용된 이의신청({objection})에 따라 ]{stage}의 채점을 재개하였다",
    ),
)
class ScoringReopened(_OfCourse, frozen=True, kw_only=True):
    """Scores of the stage are taken and corrected again: its standings are settled no more, and the figures certified
    for it lapse. Results that were public stay so as they were; what comes after waits for the next publication.

    `objection`: the upheld one that it follows. `deciders`: the agencies that took part, here and below; none of them
    decides an objection to scores.
    """

    reason: Names
    objection: str | None = None
    deciders: tuple[str, ...] = ()


@event(
    "StageReconsolidated",
    public="with-results",
    says=Says(
        title=Words("Standings settled anew", "순위 재확정"),
        en="{actor} settled the standings of {stage} anew {basis}, as of position {position}, in "
        "the place of those settled at position {supersedes}",
        ko="{actor}이(가) {basis}을(를) 근거로 {stage}의 순위를 다시 확정하였다(기록 {position}번 기준, "
        "기록 {supersedes}번의 확정을 대체)",
        terms={
            "basis": {
                "computed": Words("from the scores", "채점 결과"),
                "certified": Words("from certified figures", "확인된 수치"),
                "mixed": Words("from scores and certified figures", "채점 결과와 확인된 수치"),
            }
        },
    ),
)
class StageReconsolidated(_Settled, frozen=True, kw_only=True):
    """The standings of a reopened stage are settled anew. `supersedes`: the position of the settlement before."""

    supersedes: int
    reason: Names


@event(
    "ReleaseAgreed",
    public="agencies",
    says=Says(
        title=Words("Release agreed", "공개 동의"),
        en="{agency} agreed to release the results of {stage}",
        ko="{agency}이(가) {stage} 결과의 공개에 동의하였다",
    ),
)
class ReleaseAgreed(_OfStage, frozen=True, kw_only=True):
    """A joint publisher agrees to release the results as they stand; others are awaited. What changes them ends it."""

    agency: str


@event(
    "ResultsPublished",
    says=Says(
        title=Words("Results published", "결과 공표"),
        en="{publishers:agency} published the results of {stage}[; objections can be filed until "
        "the end of {objections_until:deadline}]",
        ko="{publishers:agency}이(가) {stage}의 결과를 공표하였다[. 이의신청 기한: {objections_until:deadline}]",
    ),
)
class ResultsPublished(_OfCourse, frozen=True, kw_only=True):
    """The last of the joint publishers agreed to release the results; from here on the public may read points.

    `objections_until`: the instant at which the objection window ends, if the charter gives one.
    """

    publishers: tuple[str, ...]
    objections_until: str | None = None

    def substance(self) -> bytes:
        return encode_data(msgspec.structs.replace(self, objections_until=None))


@event(
    "ObjectionsWaived",
    public="with-results",
    says=Says(
        title=Words("Objections waived", "이의신청 포기"),
        en="{team} waived objections to the results of {stage}",
        ko="{team}이(가) {stage} 결과에 대한 이의신청을 포기하였다",
    ),
)
class ObjectionsWaived(_OfStage, frozen=True, kw_only=True):
    """A team will not object to the results of the stage as they were published."""

    team: str


@event(
    "StageFinalised",
    says=Says(
        title=Words("Stage finalised", "단계 종결"),
        en="{actor} finalised {stage}",
        ko="{actor}이(가) {stage}을(를) 최종 확정하였다",
    ),
)
class StageFinalised(_OfCourse, frozen=True, kw_only=True):
    """Nothing of the stage changes any more."""


@event(
    "EvaluatorAppointed",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Evaluator appointed", "평가위원 위촉"),
        en="{actor} appointed evaluator {evaluator} to the panel “{panel}”[ ({group})] of {stage}",
        ko="{actor}이(가) {evaluator}을(를) {stage} {panel}[({group})] 평가위원으로 위촉하였다",
    ),
)
class EvaluatorAppointed(_OfStage, frozen=True, kw_only=True):
    """A person, by opaque id, sits on a panel; in a `group` of it, if the panel has groups."""

    panel: str
    evaluator: str
    group: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("evaluator", programme, self.stage, self.evaluator))


class _OfEvaluator(_OfStage, frozen=True, kw_only=True):
    evaluator: str
    reason: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("evaluator", programme, self.stage, self.evaluator))


@event(
    "ConflictDeclared",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Conflict of interest declared", "이해충돌 신고"),
        en="{actor} recorded that evaluator {evaluator} has a conflict of interest with {teams:team} in {stage}",
        ko="{actor}이(가) {stage} 평가위원 {evaluator}에게 {teams:team}에 대한 이해충돌이 있음을 기록하였다",
    ),
)
class ConflictDeclared(_OfEvaluator, frozen=True, kw_only=True):
    """An evaluator turned out to be close to `teams`: they judge them no more, and their sheets for them do not
    count."""

    teams: tuple[str, ...]


@event(
    "EvaluatorRecused",
    public="agencies",
    own="evaluator",
    says=Says(
        title=Words("Evaluator recused", "평가위원 제척"),
        en="{actor} recused evaluator {evaluator} from judging [{team}|any team] in {stage}",
        ko="{actor}이(가) {evaluator}을(를) {stage}의 [{team}|모든 팀] 평가에서 제척하였다",
    ),
)
class EvaluatorRecused(_OfEvaluator, frozen=True, kw_only=True):
    """An evaluator judges `team`, or no team (null), any more; the sheets that they gave do not count."""

    team: str | None


@event(
    "EvaluatorReplaced",
    public="agencies",
    says=Says(
        title=Words("Evaluator replaced", "평가위원 교체"),
        en="{actor} gave the place of evaluator {evaluator} on the panel “{panel}”[ ({group})] "
        "of {stage} to {replacement}, for {teams:team}",
        ko="{actor}이(가) {stage} {panel}[({group})]의 평가위원 {evaluator}을(를) {replacement}(으)로 "
        "교체하였다. 대상 팀: {teams:team}",
    ),
)
class EvaluatorReplaced(_OfEvaluator, frozen=True, kw_only=True):
    """The place of `evaluator` on the panel is given to `replacement`, for the `teams` that `evaluator` may not
    judge."""

    panel: str
    group: str | None = None
    replacement: str
    teams: tuple[str, ...]

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("evaluator", programme, self.stage, self.replacement))


class _Sheet(_OfStage, frozen=True, kw_only=True):
    team: str
    criterion: str
    evaluator: str
    points: str
    item: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            *super().tags(programme),
            tag("team", programme, self.team),
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
class ExclusionRecorded(_OfEvaluator, frozen=True, kw_only=True):
    """An evaluator's sheet for a team on a criterion is left out, whether it is there or missing.

    `below_quorum`: the sheets that are left are fewer than the panel's quorum, and are to do nevertheless.
    """

    team: str
    criterion: str
    below_quorum: bool
    deciders: tuple[str, ...] = ()


def sheet_tag(programme: str, stage: str, team: str, criterion: str, evaluator: str, item: str | None) -> str:
    """One evaluator's sheet for one team and criterion, or item: what makes a second score of the same conflict."""
    return tag("sheet", programme, stage, team, *criterion.split("/"), evaluator, *(() if item is None else (item,)))


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that a team compares itself with, and that model's metric on the same benchmark."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")]
    value: DecimalText


class _Measurement(_OfStage, frozen=True, kw_only=True):
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
    return tag("measurement", programme, stage, team, *criterion.split("/"), benchmark)


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
class FigureCertified(_OfStage, frozen=True, kw_only=True):
    """A figure stated by the body that the charter names, instead of or beside scores; `source` says where."""

    figure: Figure
    source: str
    deciders: tuple[str, ...] = ()
