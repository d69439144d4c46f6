"""What was ruled and decided about a team: the events, apart from the decisions so that every topic may read them."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Identifier, Names, Sha256
from domain.sentences import Says, Words

Verdict = Literal["met", "not_met"]
Basis = Literal["rank", "gate", "ruling", "withdrawal"]
Outcome = Literal["advanced", "eliminated"]
Undisclosed = Literal["undisclosed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The verdict on one condition of one perspective; `undisclosed` only in what is reported."""

    perspective: Identifier
    condition: Identifier
    verdict: Literal["met", "not_met", "undisclosed"]
    reason: Names | None = None


def review_tag(programme: str, stage: str, team: str) -> str:
    """What a ruling on a team's independence in a stage rests on: evidence, hearing and opinions."""
    return tag("review", programme, stage, team)


@event(
    "EvidenceRegistered",
    public="with-results",
    says=Says(
        title=Words("Evidence registered", "증거자료 등록"),
        en="{actor} registered “{title}” ({kind}) as evidence about {team} in {stage}",
        ko="{actor}이(가) {stage}에서 {team}에 관한 증거자료 “{title}”({kind})을 등록하였다",
    ),
)
class EvidenceRegistered(Event, frozen=True, kw_only=True):
    """A document about a team, by its hash."""

    stage: str
    team: str
    kind: str
    sha256: str
    title: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            tag("team", programme, self.team),
            tag("evidence", programme, self.sha256),
            review_tag(programme, self.stage, self.team),
        )


class _OfTeam(Event, frozen=True, kw_only=True):
    stage: str
    team: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            tag("programme", programme),
            tag("stage", programme, self.stage),
            tag("team", programme, self.team),
        )


class _Decided(_OfTeam, frozen=True, kw_only=True):
    """`deciders`: the agencies that took part, none of which decides an objection to it.

    They are in the event because facts are folded from events alone, without their envelopes.
    """

    deciders: tuple[str, ...] = ()


@event(
    "IndependenceRuled",
    public="with-results",
    says=Says(
        title=Words("Independence ruled", "독자성 판정"),
        en="{actor} ruled that {team} {verdict} the independence criteria in {stage} "
        "(perspectives: {perspectives:perspective}[; not met: {unmet}][; evidence: "
        "{evidence:documents}][; in the place of the ruling at position {supersedes}])",
        ko="{actor}이(가) {stage}에서 {team}이(가) 독자성 기준을 {verdict}고 판정하였다. 검토 관점: "
        "{perspectives:perspective}[. 충족하지 못한 조건: {unmet}][. 증거자료: {evidence:documents}][. 기록 "
        "{supersedes}번의 판정을 대체]",
        terms={
            "verdict": {"met": Words("meets", "충족한다"), "not_met": Words("does not meet", "충족하지 못한다")},
            "unmet": {"": Words("“{condition}”", "“{condition}”")},
        },
    ),
)
class IndependenceRuled(_Decided, frozen=True, kw_only=True):
    """The owner's ruling on a team's independence. Findings and evidence that were not reported are `undisclosed`.

    `supersedes`: the position of the ruling that an upheld objection overturned.
    """

    verdict: Verdict
    perspectives: tuple[str, ...]
    findings: tuple[Finding, ...] | Undisclosed
    evidence: tuple[Sha256, ...] | Undisclosed
    reason: Names
    supersedes: int | None = None

    @property
    def unmet(self) -> tuple[Finding, ...]:
        """The conditions that are known not to be met."""
        return () if self.findings == "undisclosed" else tuple(f for f in self.findings if f.verdict == "not_met")

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), review_tag(programme, self.stage, self.team))


@event(
    "DeviationRecorded",
    public="with-results",
    says=Says(
        title=Words("Deviation recorded", "계획 변경 기록"),
        en="{actor} recorded a deviation in {stage}: {actual} eliminations where {planned} had "
        "been planned (approver: {approver:agency})",
        ko="{actor}이(가) {stage}의 탈락팀 수를 계획({planned})과 달리 {actual}팀으로 한다고 기록하였다. "
        "승인자: {approver:agency}",
        terms={"planned": {"none": Words("none", "정하지 않음")}},
    ),
)
class DeviationRecorded(Event, frozen=True, kw_only=True):
    """The plan is left, for a reason: so many eliminations instead of the charter's number."""

    stage: str
    subject: Literal["eliminations"]
    planned: str
    actual: str
    reason: Names
    approver: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("stage", programme, self.stage),)


@event(
    "TeamAdvanced",
    public="with-results",
    says=Says(
        title=Words("Team advanced", "진출"),
        en="{actor} advanced {team} from {stage} to what follows",
        ko="{actor}이(가) {team}을(를) {stage}에서 다음 단계로 진출시켰다",
    ),
)
class TeamAdvanced(_Decided, frozen=True, kw_only=True):
    """A team goes on to the next stage."""

    reason: Names


@event(
    "TeamEliminated",
    public="with-results",
    says=Says(
        title=Words("Team eliminated", "탈락"),
        en="{actor} eliminated {team} from {stage} on the ground of {basis}",
        ko="{actor}이(가) {basis}을(를) 근거로 {team}을(를) {stage}에서 탈락시켰다",
        terms={
            "basis": {
                "rank": Words("its rank", "순위"),
                "gate": Words("a threshold that it did not reach", "기준점 미달"),
                "ruling": Words("its independence ruling", "독자성 판정"),
                "withdrawal": Words("its withdrawal", "자진 포기"),
            }
        },
    ),
)
class TeamEliminated(_Decided, frozen=True, kw_only=True):
    """A team leaves the programme, on the named basis."""

    basis: Basis
    reason: Names


@event(
    "TeamWithdrawn",
    says=Says(
        title=Words("Team withdrawn", "자진 포기"),
        en="{team} withdrew from the programme[ during {stage}]",
        ko="{team}이(가) [{stage} 중에 ]사업 참여를 자진 포기하였다",
    ),
)
class TeamWithdrawn(Event, frozen=True, kw_only=True):
    """A team leaves the programme of its own accord. `stage`: the one that it leaves, if one was open to it.

    It is public at once: no team withdraws while an outcome of it is under embargo, so it gives none away.
    """

    team: str
    reason: Names
    stage: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        of_team = (tag("programme", programme), tag("team", programme, self.team))
        return of_team if self.stage is None else (*of_team, tag("stage", programme, self.stage))


@event(
    "OutcomeSuperseded",
    public="with-results",
    says=Says(
        title=Words("Outcome superseded", "결과 변경"),
        en="{actor} [{flipped}changed the outcome of {team} in {stage} from {was} to {to}|decided the elimination of "
        "{team} in {stage} anew] on the ground of {basis}[ ({objection})]",
        ko="{actor}이(가) {basis}[({objection})] 근거에 따라 {stage}에서 [{flipped}{team}의 결과를 {was}에서 "
        "{to}(으)로 변경하였다|{team}의 탈락을 다시 결정하였다]",
        terms={
            "was": {"advanced": Words("advanced", "진출"), "eliminated": Words("eliminated", "탈락")},
            "to": {"advanced": Words("advanced", "진출"), "eliminated": Words("eliminated", "탈락")},
            "basis": {
                "rank": Words("its rank", "순위"),
                "gate": Words("a threshold", "기준점"),
                "ruling": Words("its independence ruling", "독자성 판정"),
                "objection": Words("an upheld objection", "인용된 이의신청"),
            },
        },
    ),
)
class OutcomeSuperseded(_Decided, frozen=True, kw_only=True):
    """Another outcome, or another basis of an elimination, takes the place of a team's earlier one.

    `objection`: the upheld one that it follows.
    """

    was: Outcome
    to: Outcome
    basis: Literal["rank", "gate", "ruling", "objection"]
    reason: Names
    objection: str | None = None

    @property
    def flipped(self) -> bool:
        return self.was != self.to
