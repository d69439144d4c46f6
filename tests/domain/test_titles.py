"""Titles by status."""

from __future__ import annotations

from domain.entitlements import NotEntitledError, OutcomeUnpublishedError
from domain.refusal import InvalidCommandError
from domain.teams import TeamNotEnrolledError
from domain.titles import TitleConferred, TitleHeldError, TitleNotHeldError, TitleWithdrawn
from tests.domain.granting import REASON, WHY, advanced, decided

BODY = {"team": "ant", "title": "Champion"}
HELD = TitleConferred(team="ant", title="Champion")
WITHDRAWN = TitleWithdrawn(team="ant", title="Champion", reason=WHY)


def test_a_title_is_conferred_on_a_team_whose_status_entitles_it() -> None:
    advanced().when("confer-title", BODY).then(HELD)


def test_a_title_is_refused_to_a_team_that_left_or_was_never_there() -> None:
    advanced().when("confer-title", {**BODY, "team": "cow"}).refused(NotEntitledError)
    advanced().when("confer-title", {**BODY, "team": "dog"}).refused(TeamNotEnrolledError, "/team")


def test_a_resource_is_no_title() -> None:
    advanced().when("confer-title", {**BODY, "title": "gpu"}).refused(InvalidCommandError, "/title")


def test_a_title_waits_for_the_publication_of_the_outcome_that_it_would_give_away() -> None:
    decided().when("confer-title", BODY).refused(OutcomeUnpublishedError)
    decided(HELD).when("withdraw-title", {**BODY, "reason": REASON}).refused(OutcomeUnpublishedError)


def test_a_title_is_conferred_once_and_may_be_conferred_anew_after_it_was_withdrawn() -> None:
    advanced(HELD).when("confer-title", BODY).refused(TitleHeldError)
    advanced(TitleConferred(team="bee", title="Champion")).when("confer-title", BODY).then(HELD)
    advanced(HELD, WITHDRAWN).when("confer-title", BODY).then(HELD)


def test_a_title_that_is_borne_is_withdrawn_for_a_reason() -> None:
    body = {**BODY, "reason": REASON}
    advanced(HELD).when("withdraw-title", body).then(WITHDRAWN)
    advanced().when("withdraw-title", body).refused(TitleNotHeldError)
    advanced(HELD, WITHDRAWN).when("withdraw-title", body).refused(TitleNotHeldError)
    advanced(HELD).when("withdraw-title", {**body, "team": "bee"}).refused(TitleNotHeldError)
    advanced(HELD).when("withdraw-title", {**body, "team": "dog"}).refused(TeamNotEnrolledError, "/team")


def test_a_title_outlasts_the_status_that_it_rested_on_until_it_is_withdrawn() -> None:
    held = TitleConferred(team="cow", title="Champion")
    advanced(held).when("confer-title", {**BODY, "team": "cow"}).refused(TitleHeldError)
    withdrawn = TitleWithdrawn(team="cow", title="Champion", reason=WHY)
    advanced(held).when("withdraw-title", {**BODY, "team": "cow", "reason": REASON}).then(withdrawn)
