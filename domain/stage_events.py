"""The events of a stage's course, apart from the decisions so that every topic may read them."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.boundary import tag
from domain.event import Event, encode_data, event, upcast
from domain.scalars import Names
from domain.sentences import Says, Words


class OfStage(Event, frozen=True, kw_only=True):
    """An event of one stage."""

    stage: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("stage", programme, self.stage),)


class _OfCourse(OfStage, frozen=True, kw_only=True):
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
class ScoringClosed(OfStage, frozen=True, kw_only=True):
    """No further score of the stage is taken."""


class _Settled(OfStage, frozen=True, kw_only=True):
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
    version=2,
    public="agencies",
    says=Says(
        title=Words("Release agreed", "공개 동의"),
        en="{agency} agreed to release the results of {stage}",
        ko="{agency}이(가) {stage} 결과의 공개에 동의하였다",
    ),
)
class ReleaseAgreed(OfStage, frozen=True, kw_only=True):
    """A joint publisher agrees to release the results as they stand; others are awaited. What changes them ends it.

    `principal`: the key or person that acted for it; empty in version 1.
    """

    agency: str
    principal: str


upcast("ReleaseAgreed", from_version=1)(lambda fields: {**fields, "principal": ""})


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
class ObjectionsWaived(OfStage, frozen=True, kw_only=True):
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
