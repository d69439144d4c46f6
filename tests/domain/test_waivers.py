"""A team says that it will not object."""

from __future__ import annotations

import pytest

from domain.event import Event
from domain.finalisation import ObjectionUndecidedError, ObjectionWindowOpenError
from domain.objections import (
    NoStandingError,
    ObjectionsWaivedError,
    ObjectionWindowClosedError,
    ResultsNotPublishedError,
)
from domain.outcome_events import OutcomeSuperseded
from domain.refusal import NotMandatedError
from domain.stage_events import ObjectionsWaived, StageFinalised
from tests.domain import charters
from tests.domain.objecting import AFTER, FILED, FILING, HEAT, PUBLISHED, WHY, charter, published, ruled, settled
from tests.given import given

WAIVING = {"stage": "heat", "team": "cow"}
WAIVED = ObjectionsWaived(stage="heat", team="cow")


def test_a_team_waives_for_itself_where_it_may_object() -> None:
    history = [charter(consortium_decisions=["waive-objections"]), *settled()[1:]]
    theirs = given(background=[*history, PUBLISHED]).by_consortium("cow")
    theirs.when("waive-objections", WAIVING).then(WAIVED)
    theirs.when("waive-objections", {**WAIVING, "team": "ant"}).refused(NotMandatedError, "/team")
    published().at(AFTER).when("waive-objections", WAIVING).refused(ObjectionWindowClosedError)
    published().when("waive-objections", {**WAIVING, "team": "dog"}).refused(NoStandingError, "/team")
    given(background=history).when("waive-objections", WAIVING).refused(ResultsNotPublishedError)


def test_whoever_waived_objects_no_more() -> None:
    published(WAIVED).when("file-objection", FILING).refused(ObjectionsWaivedError, "/team")
    published(WAIVED).when("waive-objections", WAIVING).refused(ObjectionsWaivedError, "/team")
    assert published(WAIVED).when("file-objection", {**FILING, "team": "ant"}).decide()


@pytest.mark.parametrize(
    "change",
    [
        ruled("cow", "not_met"),
        PUBLISHED,
        OutcomeSuperseded(stage="heat", team="cow", was="eliminated", to="advanced", basis="rank", reason=WHY),
    ],
)
def test_a_waiver_lapses_when_what_it_was_about_changes(change: Event) -> None:
    assert published(WAIVED, change).when("file-objection", FILING).decide()


def test_a_stage_is_finalised_early_once_every_team_has_waived() -> None:
    waivers = [ObjectionsWaived(stage="heat", team=team) for team in charters.TEAMS]
    published(*waivers).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))
    refusal = published(*waivers[:2]).when("finalise-stage", HEAT).refused(ObjectionWindowOpenError)
    assert refusal.detail.startswith("cow may object until")
    published(FILED, *waivers).when("finalise-stage", HEAT).refused(ObjectionUndecidedError)


def test_no_agency_waives_in_the_name_of_a_team_unless_it_reports_that_the_team_did() -> None:
    published().by("owner").when("waive-objections", WAIVING).refused(NotMandatedError, "/team")
    public = [charter(data_set="public-record", recorder="owner"), *settled()[1:], PUBLISHED]
    reported = {**WAIVING, "attribution": "reported", "source": "a newspaper"}
    given(background=public).by("owner").when("waive-objections", reported).then(WAIVED)
