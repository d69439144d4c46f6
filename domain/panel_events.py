"""The events of a stage's panels: who sits on them, and whom they do not judge."""

from __future__ import annotations

from typing import Annotated

from domain.boundary import tag, whole
from domain.event import event
from domain.sentences import Says, Words
from domain.stage_events import OfStage

EvaluatorId = Annotated[str, whole("ev-[0-9a-f]{16}", "an evaluator's id: ev- and 16 hexadecimal digits in lower case")]
"""An opaque random id; names of natural persons never enter the ledger."""


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
class EvaluatorAppointed(OfStage, frozen=True, kw_only=True):
    """A person, by opaque id, sits on a panel; in a `group` of it, if the panel has groups."""

    panel: str
    evaluator: str
    group: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("evaluator", programme, self.stage, self.evaluator))


class OfEvaluator(OfStage, frozen=True, kw_only=True):
    """An event about one evaluator of a stage, with its reason."""

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
class ConflictDeclared(OfEvaluator, frozen=True, kw_only=True):
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
class EvaluatorRecused(OfEvaluator, frozen=True, kw_only=True):
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
class EvaluatorReplaced(OfEvaluator, frozen=True, kw_only=True):
    """The place of `evaluator` on the panel is given to `replacement`, for the `teams` that `evaluator` may not
    judge."""

    panel: str
    group: str | None = None
    replacement: str
    teams: tuple[str, ...]

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), tag("evaluator", programme, self.stage, self.replacement))
