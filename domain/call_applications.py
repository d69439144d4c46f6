"""Applications to an additional call, and their screening."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.boundary import QueryItem
from domain.call_events import (
    ApplicationScreened,
    CallApplicationReceived,
    CallTeamSelected,
    Review,
    Screening,
    application_tag,
)
from domain.calls import CallCourse, CallNotOpenError, OfCall, call_of, deadline_of
from domain.charter_document import AdditionalCall
from domain.consortiums import Consortiums
from domain.deadlines import passed
from domain.decision import Case, decision
from domain.event import Event
from domain.legible import alike
from domain.machines import machine
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Names, Sha256
from domain.teams import Organisation, Roster, require_each_once

ApplicationState = Literal["unknown", "received", "admitted", "refused", "selected"]


class CallDeadlinePassedError(Refusal):
    """The deadline of the call is over."""


class ClassNotEligibleError(Refusal):
    """The applicant does not belong to the class that it applies in."""


class ApplicationUnknownError(Refusal):
    """The consortium did not apply to the call."""


class ApplicationPendingError(Refusal):
    """The application was received and is not screened yet."""


class ApplicationAdmittedError(Refusal):
    """The application was screened and admitted."""


class ApplicationRefusedError(Refusal):
    """The application was screened and refused."""


class ApplicantSelectedError(Refusal):
    """The applicant was selected."""


APPLICATION = machine(
    "call application",
    initial="unknown",
    transitions=[
        ("unknown", "apply-to-call", "received"),
        ("received", "screen-application", "admitted"),
        ("received", "screen-application", "refused"),
        ("admitted", "select-team", "selected"),
    ],
    refusals={
        "unknown": ApplicationUnknownError,
        "received": ApplicationPendingError,
        "admitted": ApplicationAdmittedError,
        "refused": ApplicationRefusedError,
        "selected": ApplicantSelectedError,
    },
)


class Application:
    """A fact: one consortium's application to one call."""

    def __init__(self, programme: str, call: str, team: str) -> None:
        self.call = call
        self.team = team
        self._tag = application_tag(programme, call, team)
        self.received: CallApplicationReceived | None = None
        self.screened: ApplicationScreened | None = None
        self.selected = False

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (CallApplicationReceived.TYPE, ApplicationScreened.TYPE, CallTeamSelected.TYPE)
        return (QueryItem(types=types, tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case CallApplicationReceived():
                self.received = event
            case ApplicationScreened():
                self.screened = event
            case CallTeamSelected():
                self.selected = True
            case _:
                pass

    @property
    def state(self) -> ApplicationState:
        if self.selected:
            return "selected"
        if self.screened is not None:
            return self.screened.screening
        return "unknown" if self.received is None else "received"

    def require(self, decision: str) -> CallApplicationReceived | None:
        """What was received. Raises the refusal of the application's state unless it allows the decision."""
        APPLICATION.require(self.state, decision, subject=f"the application of {self.team} to {self.call}")
        return self.received


class ApplyToCall(OfCall, frozen=True, kw_only=True):
    """`team`: the id that the applicant would take part under, for life. `eligible_class`: of the charter's call.

    `reenters`: the team that the applicant was in the programme before; its new id is then `{consortium}-2`, then -3 ….
    `members`: its organisations, the lead first; at least that, unless the application is reported.
    """

    team: Identifier
    name: Names
    eligible_class: Identifier
    reenters: Identifier | None = None
    members: tuple[Organisation, ...] = ()


def _facts(command: ApplyToCall, p: str) -> tuple[CallCourse, Application, Roster, Consortiums]:
    return CallCourse(p, command.call), Application(p, command.call, command.team), Roster(p), Consortiums(p)


@decision("apply-to-call", ApplyToCall, comes_to=(CallApplicationReceived,), needs=_facts, own="team")
def apply_to_call(
    command: ApplyToCall,
    case: Case,
    call: CallCourse,
    application: Application,
    roster: Roster,
    consortiums: Consortiums,
) -> Iterator[Event]:
    """Apply for a seat that an additional call offers.

    A call is announced with the results of its stage; before, no answer tells whether it was opened, nor who has left.
    """
    rules = call_of(case, command.call)
    if call.opened is None or not roster.publications.current(rules.after):
        raise CallNotOpenError(
            f"call {rules.id} is not announced", rule="A call is announced with the stage's results."
        )
    call.require("apply-to-call")
    application.require("apply-to-call")
    deadline = deadline_of(rules, case.charter)
    if deadline is not None and passed(deadline, case.decided_at) and not command.reported:
        raise CallDeadlinePassedError(
            f"call {rules.id} took applications until {deadline}", rule=f"The call closes with {rules.closes}."
        )
    _require_eligible(command, rules)
    _require_id(command, roster)
    if not command.reported:
        if not command.members:
            raise InvalidCommandError(
                "members: none is named",
                rule="An applicant names its organisations, the lead first: its lead may have led a former team.",
                pointer="/members",
            )
        require_lineage(command.members, command.reenters, roster, consortiums, pointer="/reenters")
    roster.require_own_name(command.name, command.reenters)
    require_each_once("members", command.members)
    yield CallApplicationReceived(
        call=rules.id,
        team=command.team,
        name=command.name,
        eligible_class=command.eligible_class,
        reenters=command.reenters,
        members=command.members,
    )


def require_lineage(
    members: tuple[str, ...], reenters: str | None, roster: Roster, consortiums: Consortiums, *, pointer: str
) -> None:
    """Raise unless the lead, the first member, enters again as the teams that it led, and as no other."""
    was = roster.lineage(reenters)
    if unsaid := [team for team in consortiums.led_before(members, roster) if team not in was]:
        raise ClassNotEligibleError(
            f"reenters: {members[0]} led {unsaid[-1]}, which has left the programme",
            rule="Whoever led a former team enters again as that team only, and after a fresh review.",
            pointer=pointer,
        )
    led = consortiums.lead_of(reenters) if reenters else None
    if led is not None and members and not alike(members[0], led):
        raise ClassNotEligibleError(
            f"reenters: {reenters} was led by {led}, not by {members[0]}",
            rule="A team without its lead is another team, and no re-entry.",
            pointer=pointer,
        )


def _require_eligible(command: ApplyToCall, rules: AdditionalCall) -> None:
    found = next((each for each in rules.classes if each.id == command.eligible_class), None)
    if found is None:
        raise ClassNotEligibleError(
            f"eligible_class: {command.eligible_class!r} is none of {', '.join(each.id for each in rules.classes)}",
            rule="The charter names the classes that may apply.",
            pointer="/eligible_class",
        )
    if found.requires == "former-team" and command.reenters is None:
        raise ClassNotEligibleError(
            f"reenters: {found.id} is for former teams of the programme",
            rule=f"An applicant in {found.id} names the team that it was.",
            pointer="/reenters",
        )
    if found.requires == "not-former-team" and command.reenters is not None:
        raise ClassNotEligibleError(
            f"reenters: {found.id} is not for former teams of the programme",
            rule=f"An applicant in {found.id} was no team of the programme.",
            pointer="/reenters",
        )


def _require_id(command: ApplyToCall, roster: Roster) -> None:
    roster.require_new(command.team)
    if command.reenters is None:
        if former := roster.reentry_id_of(command.team):
            raise InvalidCommandError(
                f"reenters: {command.team} is the id of a re-entry of {former}",
                rule="A re-entry names the team that it was.",
                pointer="/reenters",
            )
        return
    if not all(map(roster.known_to_have_left, roster.same_consortium(command.reenters) or [command.reenters])):
        raise ClassNotEligibleError(
            f"reenters: {command.reenters} is no team that is known to have left the programme",
            rule="A re-entry is that of a team that was eliminated or withdrew.",
            pointer="/reenters",
        )
    expected = roster.reentry_of(command.reenters)
    if command.team != expected:
        raise InvalidCommandError(
            f"team: a re-entry of {command.reenters} is enrolled as {expected}",
            rule="A consortium id is for life; a re-entry has an id of its own.",
            pointer="/team",
        )


class ScreenApplication(OfCall, frozen=True, kw_only=True):
    """`independence`: what a review of the applicant's independence found, on `evidence` (SHA-256 of documents)."""

    team: Identifier
    screening: Screening
    reason: Names
    independence: Review = "not_reviewed"
    independence_reason: Names | None = None
    evidence: tuple[Sha256, ...] = ()


def _screening_facts(command: ScreenApplication, p: str) -> tuple[CallCourse, Application]:
    return CallCourse(p, command.call), Application(p, command.call, command.team)


@decision("screen-application", ScreenApplication, comes_to=(ApplicationScreened,), needs=_screening_facts)
def screen_application(
    command: ScreenApplication, case: Case, call: CallCourse, application: Application
) -> Iterator[Event]:
    """Admit an application to the selection, or refuse it.

    The review of independence is part of the screening, not a ruling of its own: a ruling belongs to a stage, and an
    applicant is in none. An application can be screened only after it was received, so that the review of a re-entrant
    is a fresh one, whatever was ruled upon the team that it was. For the same reason the evidence is cited by hash
    alone: documents are registered about teams, and an applicant becomes one by its selection.
    """
    rules = call_of(case, command.call)
    _require_review(command)
    call.require("screen-application")
    application.require("screen-application")
    yield ApplicationScreened(
        call=rules.id,
        team=command.team,
        screening=command.screening,
        reason=command.reason,
        independence=command.independence,
        independence_reason=command.independence_reason,
        evidence=command.evidence,
    )


def _require_review(command: ScreenApplication) -> None:
    if command.independence == "not_reviewed":
        if command.evidence or command.independence_reason is not None:
            raise InvalidCommandError(
                "independence: a reason or evidence without a review",
                rule="What is cited for independence comes with what was found.",
                pointer="/independence",
            )
        return
    if command.independence_reason is None:
        raise InvalidCommandError(
            "independence_reason: none is given",
            rule="A finding on independence has its reason.",
            pointer="/independence_reason",
        )
    if not command.evidence and not command.reported:
        raise InvalidCommandError(
            "evidence: none is cited", rule="A finding on independence rests on evidence.", pointer="/evidence"
        )
    if len(set(command.evidence)) != len(command.evidence):
        raise InvalidCommandError(
            "evidence: a document stands twice", rule="A document is cited once.", pointer="/evidence"
        )
