"""Enrolment."""

from __future__ import annotations

from domain.enrolment import ReentryOutsideCallError
from domain.outcome_events import TeamEliminated
from domain.refusal import InvalidCommandError
from domain.scalars import Names
from domain.teams import NoSeatError, TeamAlreadyEnrolledError
from tests.domain import charters
from tests.given import given

DOG = {"team": "dog", "name": {"en": "DOG", "ko": "dog (ko)"}}


def test_a_consortium_takes_a_seat() -> None:
    given(*charters.enrolled()[:2]).when("enrol-team", DOG).then(charters.enrolment("dog"))


def test_a_consortium_is_enrolled_once() -> None:
    body = {**DOG, "team": "ant"}
    given(*charters.enrolled()[:3]).when("enrol-team", body).refused(TeamAlreadyEnrolledError)


def test_two_teams_do_not_share_a_name() -> None:
    body = {"team": "dog", "name": {"en": "ANT", "ko": "dog (ko)"}}
    given(*charters.enrolled()[:2]).when("enrol-team", body).refused(InvalidCommandError, "/name")


def test_a_full_programme_has_no_seat() -> None:
    given(*charters.enrolled()).when("enrol-team", DOG).refused(NoSeatError)


def test_an_eliminated_team_leaves_its_seat_but_not_its_id() -> None:
    gone = TeamEliminated(stage="heat", team="cow", basis="rank", reason=Names(en="x", ko="x"))
    given(*charters.enrolled(), gone).when("enrol-team", DOG).then(charters.enrolment("dog"))
    given(*charters.enrolled(), gone).when("enrol-team", {**DOG, "team": "cow"}).refused(TeamAlreadyEnrolledError)


def test_a_former_team_is_not_enrolled_again_under_the_id_of_a_reentry() -> None:
    gone = TeamEliminated(stage="heat", team="cow", basis="rank", reason=Names(en="x", ko="x"))
    refusal = given(*charters.enrolled(), gone).when("enrol-team", {**DOG, "team": "cow-2"})
    assert "call" in refusal.refused(ReentryOutsideCallError, "/team").rule
    for own in ("dog-2", "cow-two"):
        assert given(*charters.enrolled(), gone).when("enrol-team", {**DOG, "team": own}).decide()
