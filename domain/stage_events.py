"""The events of a stage's course and of what is scored in it, apart from the decisions so that every topic may read
them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from domain.boundary import tag, whole
from domain.event import Event, encode_data, event, upcast
from domain.scalars import Identifier, Names

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


@event("StageOpened")
class StageOpened(_OfCourse, frozen=True, kw_only=True):
    """Scoring may begin; `teams` is the field that competes in the stage."""

    teams: tuple[str, ...]


@event("ScoringClosed")
class ScoringClosed(_OfStage, frozen=True, kw_only=True):
    """No further score of the stage is taken."""


class _Settled(_OfStage, frozen=True, kw_only=True):
    digest: str
    position: int
    basis: Literal["computed", "certified", "mixed"]
    deciders: tuple[str, ...] = ()

    def substance(self) -> bytes:
        return Event.substance(msgspec.structs.replace(self, digest="", position=0))


@event("StageConsolidated", public="with-results")
class StageConsolidated(_Settled, frozen=True, kw_only=True):
    """The standings of the stage are settled: their digest as of `position`, and what they rest on.

    `deciders`: the agencies that took part.
    """


@event("ScoringReopened", public="with-results")
class ScoringReopened(_OfCourse, frozen=True, kw_only=True):
    """Scores of the stage are taken and corrected again: its standings are settled no more, and the figures certified
    for it lapse. Results that were public stay so as they were; what comes after waits for the next publication.

    `objection`: the upheld one that it follows. `deciders`: the agencies that took part, here and below; none of them
    decides an objection to scores.
    """

    reason: Names
    objection: str | None = None
    deciders: tuple[str, ...] = ()


@event("StageReconsolidated", public="with-results")
class StageReconsolidated(_Settled, frozen=True, kw_only=True):
    """The standings of a reopened stage are settled anew. `supersedes`: the position of the settlement before."""

    supersedes: int
    reason: Names


@event("ReleaseAgreed", public="agencies")
class ReleaseAgreed(_OfStage, frozen=True, kw_only=True):
    """A joint publisher agrees to release the results as they stand; others are awaited. What changes them ends it."""

    agency: str


@event("ResultsPublished")
class ResultsPublished(_OfCourse, frozen=True, kw_only=True):
    """The last of the joint publishers agreed to release the results; from here on the public may read points.

    `objections_until`: the instant at which the objection window ends, if the charter gives one.
    """

    publishers: tuple[str, ...]
    objections_until: str | None = None

    def substance(self) -> bytes:
        return encode_data(msgspec.structs.replace(self, objections_until=None))


@event("ObjectionsWaived", public="with-results")
class ObjectionsWaived(_OfStage, frozen=True, kw_only=True):
    """A team will not object to the results of the stage as they were published."""

    team: str


@event("StageFinalised")
class StageFinalised(_OfCourse, frozen=True, kw_only=True):
    """Nothing of the stage changes any more."""


@event("EvaluatorAppointed", public="agencies", own="evaluator")
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


@event("ConflictDeclared", public="agencies", own="evaluator")
class ConflictDeclared(_OfEvaluator, frozen=True, kw_only=True):
    """An evaluator turned out to be close to `teams`: they judge them no more, and their sheets for them do not
    count."""

    teams: tuple[str, ...]


@event("EvaluatorRecused", public="agencies", own="evaluator")
class EvaluatorRecused(_OfEvaluator, frozen=True, kw_only=True):
    """An evaluator judges `team`, or no team (null), any more; the sheets that they gave do not count."""

    team: str | None


@event("EvaluatorReplaced", public="agencies")
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


@event("ScoreSubmitted", version=2, public="agencies", own="evaluator")
class ScoreSubmitted(_Sheet, frozen=True, kw_only=True):
    """One evaluator's points for one team on one criterion (`assessment/criterion`), or on one `item` of it."""

    deciders: tuple[str, ...] = ()


@event("ScoreCorrected", public="agencies", own="evaluator")
class ScoreCorrected(_Sheet, frozen=True, kw_only=True):
    """Other points in the place of those at position `supersedes`, for a reason."""

    supersedes: int
    reason: str
    deciders: tuple[str, ...] = ()


@event("ExclusionRecorded", public="agencies", own="evaluator")
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


@event("MeasurementRecorded", version=2, public="with-results")
class MeasurementRecorded(_Measurement, frozen=True, kw_only=True):
    """A raw metric of one team on one benchmark of a measured criterion."""

    deciders: tuple[str, ...] = ()


@upcast("ScoreSubmitted", from_version=1)
@upcast("MeasurementRecorded", from_version=1)
def _nobody_named(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say who took part."""
    return {**fields, "deciders": []}


@event("MeasurementCorrected", public="with-results")
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


@event("FigureCertified", public="with-results")
class FigureCertified(_OfStage, frozen=True, kw_only=True):
    """A figure stated by the body that the charter names, instead of or beside scores; `source` says where."""

    figure: Figure
    source: str
    deciders: tuple[str, ...] = ()
