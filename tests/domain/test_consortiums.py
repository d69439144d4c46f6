"""The members of a consortium: enrolled, joining, leaving."""

from __future__ import annotations

from typing import Any

import pytest

from domain.consortiums import (
    AlreadyMemberError,
    ConsortiumChanged,
    LeadInTwoConsortiumsError,
    LeadStaysError,
    NotMemberError,
)
from domain.decision import boundary
from domain.event import Event
from domain.outcome_events import OutcomeSuperseded, TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.stage_events import ResultsPublished, ScoringReopened, StageOpened
from domain.teams import TeamEliminatedError, TeamEnrolled, TeamNotEnrolledError, TeamWithdrawnError
from tests.domain import charters
from tests.domain.objecting import FILED, advancing, decided, published
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
TODAY = "2026-01-15"
DOG = {"team": "dog", "name": charters.names("DOG")}
MEMBERS = ("Lead", "Lab")


def enrolled(*members: str) -> TeamEnrolled:
    return TeamEnrolled(team="dog", name=Names(**charters.names("DOG")), members=members)


def changed(joined: tuple[str, ...] = (), left: tuple[str, ...] = (), effective: str = TODAY) -> ConsortiumChanged:
    return ConsortiumChanged(team="dog", joined=joined, left=left, effective=effective)


def history(*more: Event, members: tuple[str, ...] = MEMBERS) -> Given:
    return given(background=[charters.charter(), enrolled(*members), *more])


def changing(**changes: Any) -> dict[str, Any]:
    return {"team": "dog", "joined": ["University"], "effective": TODAY, **changes}


def test_a_consortium_is_enrolled_with_its_members() -> None:
    start = given(charters.charter())
    start.when("enrol-team", {**DOG, "members": ["Lead", "Lab"]}).then(enrolled(*MEMBERS))
    start.when("enrol-team", DOG).then(enrolled())
    start.when("enrol-team", {**DOG, "members": ["Lab", "Lab"]}).refused(InvalidCommandError, "/members/1")


def test_members_join_and_leave() -> None:
    history().when("change-consortium", changing(left=["Lab"])).then(changed(("University",), ("Lab",)))


def test_a_change_rests_on_the_changes_before_it() -> None:
    once = changed(("University",), ("Lab",))
    history(once).when("change-consortium", changing()).refused(AlreadyMemberError, "/joined/0")
    history(once).when("change-consortium", changing(joined=[], left=["Lab"])).refused(NotMemberError, "/left/0")
    history(once).when("change-consortium", changing(joined=["Lab"], left=["University"])).then(
        changed(("Lab",), ("University",))
    )


def test_who_joins_was_no_member_and_who_leaves_was_one() -> None:
    asked = history().when("change-consortium", changing(joined=["University", "Lab"]))
    asked.refused(AlreadyMemberError, "/joined/1")
    history().when("change-consortium", changing(left=["Other"])).refused(NotMemberError, "/left/0")
    history().when("change-consortium", changing(joined=["A", "A"])).refused(InvalidCommandError, "/joined/1")
    history().when("change-consortium", changing(left=["Lab", "Lab"])).refused(InvalidCommandError, "/left/1")


def test_a_change_changes_something() -> None:
    history().when("change-consortium", changing(joined=[])).refused(InvalidCommandError)


def test_the_lead_stays_however_often_members_change() -> None:
    history().when("change-consortium", changing(left=["Lead"])).refused(LeadStaysError, "/left")
    history(changed(("University",), ("Lab",))).when("change-consortium", changing(joined=[], left=["Lead"])).refused(
        LeadStaysError
    )


def test_of_a_consortium_whose_members_were_not_said_nobody_is_known_to_lead() -> None:
    unknown = history(changed(("Lab",)), members=())
    unknown.when("change-consortium", changing(joined=[], left=["Lab"])).then(changed((), ("Lab",)))


def test_who_joined_a_team_whose_members_were_not_said_does_not_lead_it() -> None:
    """A shared member keeps no team from coming back."""
    history = [*published(FILED, decided()).background]
    joins = [ConsortiumChanged(team=team, joined=("University",), left=(), effective=TODAY) for team in ("cow", "ant")]
    assert given(background=[*history, *joins]).when("supersede-outcome", advancing()).decide()


@pytest.mark.parametrize("day", ["2026-01-16", "soon", "2025-1-5", "undisclosed"])
def test_a_change_has_happened_on_a_day(day: str) -> None:
    history().when("change-consortium", changing(effective=day)).refused(InvalidCommandError, "/effective")


def test_when_a_reported_change_happened_need_not_be_known() -> None:
    start = given(background=[charters.reported_charter(), enrolled(*MEMBERS)])
    reported = {"attribution": "reported", "source": "a newspaper"}
    start.when("change-consortium", changing(effective="undisclosed", **reported)).then(
        changed(("University",), effective="undisclosed")
    )


def test_only_a_team_that_takes_part_changes() -> None:
    published = ResultsPublished(stage="heat", publishers=())
    gone = TeamEliminated(stage="heat", team="dog", basis="rank", reason=WHY)
    history().when("change-consortium", changing(team="cat")).refused(TeamNotEnrolledError, "/team")
    withdrawn = TeamWithdrawn(team="dog", reason=WHY)
    history(withdrawn).when("change-consortium", changing()).refused(TeamWithdrawnError, "/team")
    history(gone, published).when("change-consortium", changing()).refused(TeamEliminatedError, "/team")


def test_no_answer_tells_an_outcome_that_is_under_embargo() -> None:
    for outcome in (
        TeamEliminated(stage="heat", team="dog", basis="rank", reason=WHY),
        TeamAdvanced(stage="heat", team="dog", reason=WHY),
    ):
        competing = history(StageOpened(stage="heat", teams=("dog",)), outcome)
        competing.when("change-consortium", changing()).then(changed(("University",)))


def test_a_consortium_changes_itself_where_the_charter_lets_it() -> None:
    rules = charters.charter(consortium_decisions=["change-consortium"])
    own = given(background=[rules, enrolled(*MEMBERS)])
    own.by_consortium("dog").when("change-consortium", changing()).then(changed(("University",)))
    own.by_consortium("cat").when("change-consortium", changing()).refused(NotMandatedError, "/team")


# Leads


CAT: dict[str, Any] = {"team": "cat", "name": charters.names("CAT")}
GONE = TeamEliminated(stage="heat", team="dog", basis="rank", reason=WHY)
PUBLISHED = ResultsPublished(stage="heat", publishers=())


def cat(*members: str) -> TeamEnrolled:
    return TeamEnrolled(team="cat", name=Names(**charters.names("CAT")), members=members)


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        (["Lead", "A"], "/members/0"),  # leads two
        (["A", "Lead"], "/members/1"),  # is led by one and a member of the other
        (["Lab", "A"], "/members/0"),
        (["University"], "/members/0"),  # joined
    ],
)
def test_who_leads_a_team_is_enrolled_in_no_other(members: list[str], pointer: str) -> None:
    joined = history(changed(("University",)))
    joined.when("enrol-team", {**CAT, "members": members}).refused(LeadInTwoConsortiumsError, pointer)


def test_organisations_that_lead_no_team_are_members_of_several() -> None:
    history().when("enrol-team", {**CAT, "members": ["A", "Lab"]}).then(cat("A", "Lab"))
    history(cat("A")).when("change-consortium", changing()).then(changed(("University",)))
    history(cat("A", "University")).when("change-consortium", changing()).then(changed(("University",)))
    history(changed((), ("Lab",))).when("enrol-team", {**CAT, "members": ["Lab"]}).then(cat("Lab"))


def test_who_leads_a_team_joins_no_other() -> None:
    asked = history(cat("A", "B")).when("change-consortium", changing(joined=["B", "A"]))
    asked.refused(LeadInTwoConsortiumsError, "/joined/1")


def test_who_led_a_team_that_has_left_is_free_to_join_another() -> None:
    withdrawn = TeamWithdrawn(team="dog", reason=WHY)
    assert history(withdrawn).when("enrol-team", {**CAT, "members": ["A", "Lead"]}).decide()
    left = given(background=[charters.charter(), enrolled(*MEMBERS), cat("A"), GONE, PUBLISHED])
    assert left.when("change-consortium", changing(team="cat", joined=["Lead"])).decide()


def test_no_answer_to_who_joins_tells_that_a_lead_is_eliminated() -> None:
    for outcome in (GONE, TeamAdvanced(stage="heat", team="dog", reason=WHY)):
        unpublished = history(cat("A"), outcome).when("change-consortium", changing(team="cat", joined=["Lead"]))
        unpublished.refused(LeadInTwoConsortiumsError, "/joined/0")


def test_who_leads_a_team_that_may_come_back_joins_no_other_whatever_was_decided_meanwhile() -> None:
    """The stage that dog was eliminated in is reopened: no answer tells whether it is back."""
    back = OutcomeSuperseded(stage="heat", team="dog", was="eliminated", to="advanced", basis="rank", reason=WHY)
    reopened = [cat("A"), GONE, PUBLISHED, ScoringReopened(stage="heat", reason=WHY)]
    for meanwhile in ([], [back]):
        joining = history(*reopened, *meanwhile).when("change-consortium", changing(team="cat", joined=["Lead"]))
        joining.refused(LeadInTwoConsortiumsError, "/joined/0")


def test_what_is_reported_may_have_one_lead_of_two() -> None:
    reported = {"attribution": "reported", "source": "a newspaper"}
    start = given(background=[charters.reported_charter(), enrolled(*MEMBERS), cat("A")])
    elk = {"team": "elk", "name": charters.names("ELK"), "members": ["Lead"], **reported}
    assert start.when("enrol-team", elk).decide()
    assert start.when("change-consortium", changing(joined=["A"], **reported)).decide()


def test_a_lead_that_is_enrolled_and_joins_at_once_meets_in_the_boundary_of_either() -> None:
    decision = DECISIONS["change-consortium"]
    joining = boundary(decision.needs(decision.command(**changing(joined=("A",))), "programme"))
    assert joining.matches(TeamEnrolled.TYPE, cat("A").tags("programme"))
    other = ConsortiumChanged(team="cat", joined=("A",), left=(), effective=TODAY)
    assert joining.matches(ConsortiumChanged.TYPE, other.tags("programme"))
    leaving = boundary(decision.needs(decision.command(**changing(joined=(), left=("Lab",))), "programme"))
    assert not leaving.matches(ConsortiumChanged.TYPE, other.tags("programme"))
    enrol = DECISIONS["enrol-team"]
    enrolling = boundary(enrol.needs(enrol.command(**{**CAT, "members": ("A",)}), "programme"))
    assert enrolling.matches(ConsortiumChanged.TYPE, other.tags("programme"))
