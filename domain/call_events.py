"""The events of an additional call, apart from the decisions so that the roster may read them."""

from __future__ import annotations

from typing import Literal

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Names, Sha256
from domain.sentences import Says, Words

Screening = Literal["admitted", "refused"]
Review = Literal["met", "not_met", "not_reviewed"]


class CallEvent(Event, frozen=True, kw_only=True):
    """Something that happened to a call of the charter."""

    call: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("call", programme, self.call),)


class _OfApplicant(CallEvent, frozen=True, kw_only=True):
    team: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), application_tag(programme, self.call, self.team))


def application_tag(programme: str, call: str, team: str) -> str:
    """One consortium's application: what makes two of the same conflict, and applications of others not."""
    return tag("application", programme, call, team)


@event(
    "AdditionalCallOpened",
    public="with-results",
    says=Says(
        title=Words("Additional call opened", "추가 공모 개시"),
        en="{actor} opened “{call}” for {seats} of the seats that {stage} left vacant (last day: "
        "{closes:day}; who may apply: {classes:class})",
        ko="{actor}이(가) {stage} 이후의 빈자리 {seats}곳에 대하여 “{call}”을(를) 개시하였다. 마감일: "
        "{closes:day}. 지원 "
        "자격: {classes:class}",
    ),
)
class AdditionalCallOpened(CallEvent, frozen=True, kw_only=True):
    """Seats that `stage` left vacant are offered to the charter's classes. `closes`: the deadline as in the charter."""

    stage: str
    seats: str
    classes: tuple[str, ...]
    closes: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), *super().tags(programme))


@event(
    "CallApplicationReceived",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Application received", "지원 접수"),
        en="{team} applied to “{call}” in the class “{eligible_class:class}”[; it was "
        "{reenters:team} before][; members: {members}]",
        ko="{team}이(가) “{call}”에 지원하였다. 지원 자격: {eligible_class:class}[. 종전 참여팀: "
        "{reenters:team}][. 구성 기관: {members}]",
    ),
)
class CallApplicationReceived(_OfApplicant, frozen=True, kw_only=True):
    """A consortium applies in a class of the call. `reenters`: the team of the programme that it was before.

    `members`: its organisations, the lead first; none if they were not said.
    """

    name: Names
    eligible_class: str
    reenters: str | None = None
    members: tuple[str, ...] = ()


@event(
    "ApplicationScreened",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Application screened", "지원 심사"),
        en="{actor} {screening} the application of {team} to “{call}” (independence: "
        "{independence}[, because: {independence_reason}][; evidence: {evidence:documents}])",
        ko="{actor}이(가) “{call}”에 대한 {team}의 지원을 {screening}하였다. 독자성 검토: {independence}[. 검토 사유: "
        "{independence_reason}][. 증거자료: {evidence:documents}]",
        terms={
            "screening": {
                "admitted": Words("admitted", "적격으로 판정"),
                "refused": Words("refused", "부적격으로 판정"),
            },
            "independence": {
                "met": Words("met", "충족"),
                "not_met": Words("not met", "미충족"),
                "not_reviewed": Words("not reviewed", "검토하지 않음"),
            },
        },
    ),
)
class ApplicationScreened(_OfApplicant, frozen=True, kw_only=True):
    """The application may be selected, or not, and why; with what a review of the applicant's independence found."""

    screening: Screening
    reason: Names
    independence: Review
    independence_reason: Names | None = None
    evidence: tuple[Sha256, ...] = ()


@event(
    "CallTeamSelected",
    says=Says(
        title=Words("Team selected", "추가 선정"),
        en="{actor} selected {team} in “{call}” for a seat that {stage} left vacant[; it was "
        "{reenters:team} before][; members: {members}]",
        ko="{actor}이(가) “{call}”에서 {team}을(를) {stage} 이후의 빈자리에 선정하였다[. 종전 참여팀: "
        "{reenters:team}][. 구성 기관: {members}]",
    ),
)
class CallTeamSelected(_OfApplicant, frozen=True, kw_only=True):
    """The applicant takes a seat that `stage` left vacant. `reenters`: the team that it was before, if it was one.

    `members`: its organisations as it applied, the lead first.
    """

    stage: str
    name: Names
    reason: Names
    reenters: str | None = None
    members: tuple[str, ...] = ()

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), *super().tags(programme), tag("team", programme, self.team))


@event(
    "CallClosedWithoutSelection",
    public="with-results",
    says=Says(
        title=Words("Call closed without selection", "공모 종료"),
        en="{actor} closed “{call}” without filling every seat that {stage} left vacant",
        ko="{actor}이(가) {stage} 이후의 빈자리를 모두 채우지 않고 “{call}”을(를) 종료하였다",
    ),
)
class CallClosedWithoutSelection(CallEvent, frozen=True, kw_only=True):
    """The call ends; the seats that it did not fill stay vacant."""

    stage: str
    reason: Names

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), *super().tags(programme))


CALL_EVENTS = (
    AdditionalCallOpened,
    CallApplicationReceived,
    ApplicationScreened,
    CallTeamSelected,
    CallClosedWithoutSelection,
)
