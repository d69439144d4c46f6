"""Amendments of the charter, and what teams say to them. Once a stage was opened an amendment is a deviation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from domain.amendment_limits import broken
from domain.amendment_signing import require_no_less_signed
from domain.boundary import QueryItem, tag
from domain.call_events import CallTeamSelected
from domain.charter import CharterAmended, checked
from domain.charter_document import Charter, rules_hash
from domain.decision import Case, Command, Fact, decision, refuse_if, require_countersignature
from domain.event import Event, event
from domain.hearing_course import StageReviews
from domain.open_proposals import OpenProposals
from domain.opened_calls import OpenedCalls
from domain.opened_stages import OpenedStages
from domain.record import StageProgress
from domain.refusal import Refusal
from domain.scalars import Identifier, Names, Sha256, Text
from domain.sentences import Says, Words
from domain.teams import Roster, TeamEnrolled, TeamNotEnrolledError

Stance = Literal["assent", "dissent"]


class CharterUnchangedError(Refusal):
    """The charter says already what it would be amended to."""

    KIND = "invalid"


class RulesInUseError(Refusal):
    """The amendment would change rules that something rests on."""


class DeviationWithoutReasonError(Refusal):
    """Once a stage was opened, the charter is amended for a reason."""

    KIND = "invalid"


class UnknownAmendmentError(Refusal):
    """The charter was never amended to those rules."""

    KIND = "invalid"


class StanceTakenError(Refusal):
    """The team has assented to the amendment, or dissented."""


@event(
    "AmendmentAssented",
    says=Says(
        title=Words("Amendment assented or dissented", "개정에 대한 의견"),
        en="{team} {stance} the amendment of the charter at position {amendment}[: “{statement}”]",
        ko="{team}이(가) 기록 {amendment}번의 헌장 개정에 {stance}하였다[. 의견: “{statement}”]",
        terms={"stance": {"assent": Words("assented to", "동의"), "dissent": Words("dissented from", "반대")}},
    ),
)
class AmendmentAssented(Event, frozen=True, kw_only=True):
    """What a team says to the amendment at position `amendment`, which brought the rules of that hash into force."""

    team: str
    rules_hash: str
    amendment: int
    stance: Stance
    statement: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), stance_tag(programme, self.rules_hash, self.team))


def stance_tag(programme: str, rules_hash: str, team: str) -> str:
    """What one team says to one amendment: what others say is no conflict."""
    return tag("stance", programme, rules_hash, team)


class AmendCharter(Command, frozen=True, kw_only=True):
    """`charter`: the whole new document. `reason`: why; needed once a stage was opened."""

    charter: dict[str, Any]
    reason: Names | None = None


def _rules_in_use(command: AmendCharter, p: str) -> tuple[Fact, ...]:
    _document, charter = checked(p, command.charter)
    stages = [stage.id for stage in charter.stages]
    return (
        OpenedStages(p),
        OpenedCalls(p),
        Roster(p),
        OpenProposals(p),
        *(StageProgress(p, stage) for stage in stages),
        *(StageReviews(p, stage) for stage in stages),
    )


@decision("amend-charter", AmendCharter, comes_to=(CharterAmended,), needs=_rules_in_use, version=3)
def amend_charter(
    command: AmendCharter,
    case: Case,
    opened: OpenedStages,
    calls: OpenedCalls,
    roster: Roster,
    proposals: OpenProposals,
    *by_stage: StageProgress | StageReviews,
) -> Iterator[Event]:
    """Put another charter in force; once a stage was opened with a reason and another agency's countersignature.

    What changes who countersigns, publishes jointly or signs is countersigned at any time. What is signed stays so.
    """
    document, charter = checked(case.programme, command.charter)
    if rules_hash(document) == case.rules_hash:
        raise CharterUnchangedError(
            f"charter: the rules {case.rules_hash} are in force",
            rule="An amendment changes the charter.",
            pointer="/charter",
        )
    progress = [each for each in by_stage if isinstance(each, StageProgress)]
    settled = [each.stage for each in progress if each.course.consolidated or each.course.statements]
    final = [each.stage for each in progress if each.course.finalised]
    reviews = [each for each in by_stage if isinstance(each, StageReviews)]
    faults = broken(
        case.charter,
        charter,
        opened=opened.fields,
        settled=settled,
        calls=calls.offered,
        under_review=[team for each in reviews for team in each.waiting],
        ruled_out=[team for each in reviews if each.stage not in final for team in each.ruled_out],
        held=len(roster.seated),
        at=None if command.reported else case.decided_at,
        proposals=proposals.at(case.decided_at),
    )
    refuse_if(
        ((fault.pointer, f"{fault.pointer}: {fault.detail}") for fault in faults),
        rule="What was decided, is offered or waits for approval keeps the rules that it rests on.",
        error=RulesInUseError,
    )
    require_no_less_signed(case.charter, charter)
    if given_to_two(charter) != given_to_two(case.charter) and not command.reported:
        require_countersignature(case, "an amendment of what is given to two, or signed,")
    deviation = bool(opened.fields)
    if deviation and not command.reported:
        if command.reason is None:
            raise DeviationWithoutReasonError(
                f"reason: {', '.join(opened.fields)} was opened",
                rule="Amending the charter after a stage was opened is a deviation, which has a reason.",
                pointer="/reason",
            )
        require_countersignature(case, "an amendment after a stage was opened")
    yield CharterAmended(
        rules_hash=rules_hash(document),
        document=document.decode(),
        replaces=case.rules_hash,
        deviation=deviation,
        reason=command.reason,
    )


def given_to_two(charter: Charter) -> tuple[object, ...]:
    """What no single person could decide, as long as none can change it alone."""
    return charter.countersignatures, charter.joint_publishers, charter.signed


class Amendment:
    """A fact: the latest amendment to the rules of a hash, and what one team has said to it."""

    def __init__(self, programme: str, rules_hash: str, team: str) -> None:
        self._programme = programme
        self._rules_hash = rules_hash
        self._team = team
        self.position = 0
        self.enrolled = False
        self._said: AmendmentAssented | None = None

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        enrolment = (TeamEnrolled.TYPE, CallTeamSelected.TYPE)
        return (
            QueryItem(types=(CharterAmended.TYPE,), tags=(tag("programme", self._programme),)),
            QueryItem(types=enrolment, tags=(tag("team", self._programme, self._team),)),
            QueryItem(
                types=(AmendmentAssented.TYPE,), tags=(stance_tag(self._programme, self._rules_hash, self._team),)
            ),
        )

    def apply(self, position: int, event: Event) -> None:
        match event:
            case CharterAmended(rules_hash=rules_hash) if rules_hash == self._rules_hash:
                self.position = position
            case TeamEnrolled() | CallTeamSelected():
                self.enrolled = True
            case AmendmentAssented():
                self._said = event
            case _:
                pass

    @property
    def stance(self) -> Stance | None:
        """What the team has said to the amendment."""
        return self._said.stance if self._said is not None and self._said.amendment == self.position else None


class AssentAmendment(Command, frozen=True, kw_only=True):
    """`rules_hash`: of the charter as amended. `statement`: what the team adds, in its own words."""

    team: Identifier
    rules_hash: Sha256
    stance: Stance
    statement: Text | None = None


def _amendment(command: AssentAmendment, p: str) -> tuple[Amendment]:
    return (Amendment(p, command.rules_hash, command.team),)


@decision(
    "assent-amendment", AssentAmendment, comes_to=(AmendmentAssented,), needs=_amendment, own="team", in_person=True
)
def assent_amendment(command: AssentAmendment, case: Case, amendment: Amendment) -> Iterator[Event]:
    """Assent to an amendment of the charter, or dissent from it, for the team itself."""
    if not amendment.position:
        raise UnknownAmendmentError(
            f"rules_hash: the charter of {case.programme} was not amended to {command.rules_hash}",
            rule="An amendment is named by the hash of the rules that it brought into force.",
            pointer="/rules_hash",
        )
    if not amendment.enrolled:
        raise TeamNotEnrolledError(
            f"team: {command.team!r} is not enrolled in {case.programme}",
            rule="Teams of the programme assent or dissent.",
            pointer="/team",
        )
    if amendment.stance is not None:
        raise StanceTakenError(
            f"{command.team} gave its {amendment.stance} to the amendment at position {amendment.position}",
            rule="A team assents to an amendment or dissents from it once.",
        )
    yield AmendmentAssented(
        team=command.team,
        rules_hash=command.rules_hash,
        amendment=amendment.position,
        stance=command.stance,
        statement=command.statement,
    )
