"""The events of an additional call, apart from the decisions so that the roster may read them."""

from __future__ import annotations

from typing import Literal

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Names, Sha256

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


@event("AdditionalCallOpened", public="with-results")
class AdditionalCallOpened(CallEvent, frozen=True, kw_only=True):
    """Seats that `stage` left vacant are offered to the charter's classes. `closes`: the deadline as in the charter."""

    stage: str
    seats: str
    classes: tuple[str, ...]
    closes: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), *super().tags(programme))


@event("CallApplicationReceived", public="agencies", own="team")
class CallApplicationReceived(_OfApplicant, frozen=True, kw_only=True):
    """A consortium applies in a class of the call. `reenters`: the team of the programme that it was before.

    `members`: its organisations, the lead first; none if they were not said.
    """

    name: Names
    eligible_class: str
    reenters: str | None = None
    members: tuple[str, ...] = ()


@event("ApplicationScreened", public="agencies", own="team")
class ApplicationScreened(_OfApplicant, frozen=True, kw_only=True):
    """The application may be selected, or not, and why; with what a review of the applicant's independence found."""

    screening: Screening
    reason: Names
    independence: Review
    independence_reason: Names | None = None
    evidence: tuple[Sha256, ...] = ()


@event("CallTeamSelected")
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


@event("CallClosedWithoutSelection", public="with-results")
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
