"""The selection of an applicant: it takes a vacant seat and becomes a team of the programme."""

from __future__ import annotations

from collections.abc import Iterator

from domain.call_applications import Application, ClassNotEligibleError, require_lineage
from domain.call_events import CallApplicationReceived, CallTeamSelected
from domain.calls import CallCourse, NoVacancyError, OfCall, call_of, require_applications_over
from domain.charter_document import AdditionalCall
from domain.consortiums import Consortiums
from domain.decision import Case, decision
from domain.event import Event
from domain.refusal import Refusal
from domain.scalars import Identifier, Names
from domain.teams import Roster


class StageNotFinalError(Refusal):
    """The stage that leaves the vacancy is not final."""


class IndependenceNotReviewedError(Refusal):
    """The applicant was not found independent."""


class SelectTeam(OfCall, frozen=True, kw_only=True):
    """`team`: as it applied."""

    team: Identifier
    reason: Names


def _facts(command: SelectTeam, p: str) -> tuple[CallCourse, Application, Roster, Consortiums]:
    return CallCourse(p, command.call), Application(p, command.call, command.team), Roster(p), Consortiums(p)


@decision("select-team", SelectTeam, comes_to=(CallTeamSelected,), needs=_facts)
def select_team(
    command: SelectTeam,
    case: Case,
    call: CallCourse,
    application: Application,
    roster: Roster,
    consortiums: Consortiums,
) -> Iterator[Event]:
    """Give an admitted applicant the vacant seat.

    A re-entrant is selected only if its independence was found met after it applied: the ruling that it may have left
    by is about the team that it was. The charter may ask the same of every applicant.
    """
    rules = call_of(case, command.call)
    call.require("select-team")
    received = application.require("select-team")
    assert received is not None  # an application in any state but the first was received
    if not roster.publications.current(rules.after):
        raise StageNotFinalError(
            f"the results of {rules.after} are not published", rule="A call selects once outcomes are final."
        )
    if not command.reported:
        if rules.after not in roster.finalised:
            raise StageNotFinalError(f"{rules.after} is not finalised", rule="A call selects once outcomes are final.")
        require_applications_over(rules, case)
        _require_independent(received, application, rules)
        _require_seat_left(received, roster)
        require_lineage(received.members, received.reenters, roster, consortiums, pointer="/team")
        consortiums.require_led_apart(received.members, roster, at="/team")
    if len(roster.seated) >= int(case.charter.seats):
        raise NoVacancyError(
            f"all {case.charter.seats} seats are taken", rule=f"The charter gives {case.charter.seats} seats."
        )
    roster.require_new(command.team)
    roster.require_own_name(received.name, received.reenters)
    yield CallTeamSelected(
        call=rules.id,
        stage=rules.after,
        team=command.team,
        name=received.name,
        reason=command.reason,
        reenters=received.reenters,
        members=received.members,
    )


def _require_seat_left(received: CallApplicationReceived, roster: Roster) -> None:
    """Raise if the consortium came back meanwhile: by another outcome, or by another call."""
    was = received.reenters
    for team in () if was is None else roster.same_consortium(was):
        if team in roster.seated:
            raise ClassNotEligibleError(
                f"team: {received.team} is {team}, which holds a seat",
                rule="A consortium holds one seat.",
                pointer="/team",
            )


def _require_independent(received: CallApplicationReceived, application: Application, rules: AdditionalCall) -> None:
    found = "not_reviewed" if application.screened is None else application.screened.independence
    required = received.reenters is not None or rules.review == "required"
    if found == "not_met" or (required and found != "met"):
        raise IndependenceNotReviewedError(
            f"the independence of {application.team} is {found}",
            rule="A re-entrant, or whomever the charter's call says, is found independent after it applied.",
        )
