"""Outcomes that take the place of earlier ones: nothing is edited, the later one stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.charter_document import Charter
from domain.consortiums import Consortiums
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.grounds import Grounds
from domain.objections import Objections
from domain.opened_stages import OpenedStages
from domain.outcome_events import Outcome, OutcomeSuperseded
from domain.outcomes import NoBasisError, against_independence, require_advancement, require_elimination
from domain.record import StageRecord
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Stage
from domain.scalars import Identifier, Names
from domain.scoring import require_in_stage
from domain.stages import OutcomeMissingError, require_consolidated, require_not_final, require_not_withdrawn, stage_of
from domain.teams import NoSeatError, Roster


class OutcomeUnchangedError(Refusal):
    """The team has that outcome already, on a basis that holds."""


class SupersedeOutcome(Command, frozen=True, kw_only=True):
    """`to`: what takes the place of the outcome. `basis`: as of a first outcome, or the upheld `objection`.

    An elimination whose basis has lapsed, by a new ruling or by new standings, may be superseded by one on another.
    """

    stage: Identifier
    team: Identifier
    to: Outcome
    basis: Literal["rank", "gate", "ruling", "objection"]
    reason: Names
    objection: Identifier | None = None


def _facts(command: SupersedeOutcome, p: str) -> tuple[StageRecord, Objections, Roster, OpenedStages, Consortiums]:
    return StageRecord(p, command.stage), Objections(p, command.stage), Roster(p), OpenedStages(p), Consortiums(p)


@decision("supersede-outcome", SupersedeOutcome, comes_to=(OutcomeSuperseded,), needs=_facts)
def supersede_outcome(
    command: SupersedeOutcome,
    case: Case,
    record: StageRecord,
    objections: Objections,
    roster: Roster,
    opened: OpenedStages,
    consortiums: Consortiums,
) -> Iterator[Event]:
    """Put another outcome, or another basis of an elimination, in an earlier one's place, until the stage is final."""
    stage = stage_of(case, command.stage)
    require_not_final(record)
    require_consolidated(record)
    require_in_stage(command.team, record)
    require_not_withdrawn(command.team, record)
    was: Outcome = "eliminated" if command.team in record.course.eliminated else "advanced"
    if was == "advanced" and command.team not in record.course.advanced:
        raise OutcomeMissingError(
            f"{command.team} has no outcome in {stage.id}", rule="What is superseded was decided before."
        )
    if was == command.to and (why := _stands(command.team, stage, record)):
        raise OutcomeUnchangedError(
            f"{command.team} is {why}",
            rule="A supersession changes the outcome, or the basis of an elimination that its own bears no more.",
            pointer="/to",
        )
    opened.require_none_after(stage.id, case.charter)
    _require_basis(command, case.charter, record, objections)
    if command.basis != "objection":
        if command.to == "eliminated":
            if not command.reported:
                _require_new_ground(command, record, objections)
            require_elimination(command.basis, command.team, stage, record)
        else:
            require_advancement(command.team, case.charter, stage, record, reported=command.reported)
    if command.to == "advanced":
        if len(roster.seated) >= int(case.charter.seats):
            raise NoSeatError(
                f"all {case.charter.seats} seats are taken", rule=f"The charter gives {case.charter.seats} seats."
            )
        if not command.reported:
            consortiums.require_back_apart(command.team, roster)
    yield OutcomeSuperseded(
        stage=stage.id,
        team=command.team,
        was=was,
        to=command.to,
        basis=command.basis,
        reason=command.reason,
        objection=command.objection,
        deciders=case.deciders(command),
    )


def _stands(team: str, stage: Stage, record: StageRecord) -> str | None:
    """How the team's outcome reads, unless it is an elimination whose basis has lapsed."""
    basis = record.course.eliminated.get(team)
    if basis is None:
        return "advanced"
    lapsed = Grounds(stage, record).against_elimination(basis, team) is not None
    return None if lapsed else f"eliminated by {basis}, which holds"


def _require_new_ground(command: SupersedeOutcome, record: StageRecord, objections: Objections) -> None:
    """Raise where the ground was there before the objection on which the team advanced was upheld."""
    course = record.course
    ground = course.ruled.get(command.team, 0) if command.basis == "ruling" else course.settled
    since = course.decided[command.team]
    if command.team in course.by_objection and objections.upheld_since(ground, command.team, before=since):
        raise NoBasisError(
            f"basis: an objection of {command.team} was upheld after this {command.basis} was settled",
            rule="An outcome on an upheld objection is undone on a new ground only: a later ruling or reconsolidation.",
            pointer="/basis",
        )


def _require_basis(command: SupersedeOutcome, charter: Charter, record: StageRecord, objections: Objections) -> None:
    """Raise unless the objection named was the team's and upheld, and the basis can bear what is decided."""
    if command.objection is not None and not objections.upheld(command.objection, team=command.team):
        raise NoBasisError(
            f"objection: {command.objection!r} of {command.team} was not upheld",
            rule="An outcome is superseded on an objection that was upheld.",
            pointer="/objection",
        )
    if command.basis != "objection":
        return
    if command.objection is None:
        raise InvalidCommandError(
            "objection: which one is the basis?", rule="The basis is named.", pointer="/objection"
        )
    if not objections.upheld(command.objection, team=command.team, subject="outcome"):
        raise NoBasisError(
            f"objection: {command.objection!r} is not about the outcome",
            rule="An upheld objection to a ruling or to scores leads to a new ruling or new standings, and an outcome"
            " rests on those; only one to the outcome itself takes their place.",
            pointer="/objection",
        )
    if not objections.upheld(
        command.objection, team=command.team, subject="outcome", since=record.course.decided[command.team]
    ):
        raise NoBasisError(
            f"objection: {command.objection!r} was upheld before {command.team} had the outcome that stands",
            rule="An upheld objection takes the place of the outcome that it was about, not of a later one.",
            pointer="/objection",
        )
    if command.to == "eliminated":
        raise NoBasisError(
            f"basis: an objection of {command.team} does not eliminate it",
            rule="An upheld objection is decided in the team's favour.",
            pointer="/basis",
        )
    if why := against_independence(command.team, charter, record, reported=command.reported):
        raise NoBasisError(
            f"basis: {why}",
            rule="Score and independence are two facts: a team advances once it is ruled independent.",
            pointer="/basis",
        )
