"""The additional call: opened, applied to, screened, selected from, closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.call_applications import (
    ApplicantSelectedError,
    ApplicationAdmittedError,
    ApplicationPendingError,
    ApplicationRefusedError,
    ApplicationUnknownError,
    CallDeadlinePassedError,
    ClassNotEligibleError,
)
from domain.call_events import (
    AdditionalCallOpened,
    ApplicationScreened,
    CallApplicationReceived,
    CallClosedWithoutSelection,
    CallTeamSelected,
)
from domain.call_selection import IndependenceNotReviewedError, StageNotFinalError
from domain.calls import (
    ApplicationsOpenError,
    CallAlreadyOpenError,
    CallClosedError,
    CallFilledError,
    CallNotOpenError,
    NoVacancyError,
)
from domain.charter import CharterPublished
from domain.charter_document import parse
from domain.consortiums import ConsortiumChanged, LeadInTwoConsortiumsError
from domain.decision import boundary
from domain.disclosure import PUBLIC, Reader, disclosed, readable, stage_of_event
from domain.event import Event
from domain.grant_events import ResourceGranted, ResourcePoolSet
from domain.opened_stages import LaterStageOpenError
from domain.outcome_events import TeamAdvanced, TeamEliminated
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.stage_events import ResultsPublished, StageFinalised, StageOpened
from domain.stages import OutcomeMissingError
from domain.teams import TeamAlreadyEnrolledError, TeamEnrolled
from domain.views.calls import CallSummary, call_summaries
from tests.domain import charters
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
OPEN = {"call": "refill", "after": "heat"}
CLASSES = [
    {"id": "anyone", "title": charters.names("Anyone")},
    {"id": "back", "title": charters.names("Back again"), "requires": "former-team"},
    {"id": "fresh", "title": charters.names("Fresh"), "requires": "not-former-team"},
]
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))
OPENED = AdditionalCallOpened(
    call="refill", stage="heat", seats="1", classes=("anyone", "back", "fresh"), closes="undisclosed"
)
CLOSED = CallClosedWithoutSelection(call="refill", stage="heat", reason=WHY)
HASH = "a" * 64


def rules(entitled: bool = False, window: bool = False, record: bool = False, **changes: Any) -> CharterPublished:
    call = {"id": "refill", "title": charters.names("Refill"), "after": "heat", "seats": "1"}
    more: dict[str, Any] = {"entitlements": [{"status": "selected", "resources": ["gpu"]}]} if entitled else {}
    more |= {"data_set": "public-record", "recorder": "owner"} if record else {}
    stages = charters.document()["stages"]
    if window:
        stages[0]["objections"] = {"days": "3"}
    return charters.charter(
        calls=[{**call, "closes": "undisclosed", "classes": CLASSES, **changes}],
        consortium_decisions=["apply-to-call"],
        **more,
        stages=stages,
    )


def eliminated(team: str = "cow", stage: str = "heat") -> TeamEliminated:
    return TeamEliminated(stage=stage, team=team, basis="rank", reason=WHY)


def decided(*more: Event, charter: Event | None = None) -> Given:
    """ant and bee advanced, cow left; nothing is public."""
    outcomes = [eliminated(), *(TeamAdvanced(stage="heat", team=team, reason=WHY) for team in ("ant", "bee"))]
    return given(background=[charter or rules(), *charters.consolidated()[1:], *outcomes, *more])


def announced(*more: Event, charter: Event | None = None) -> Given:
    """The same, published and final, and the call opened."""
    return decided(PUBLISHED, OPENED, StageFinalised(stage="heat"), *more, charter=charter)


def name_of(team: str) -> Names:
    return Names(en=team.upper(), ko=f"{team} (ko)")


def application(team: str = "dog", *, called: str | None = None, **changes: Any) -> dict[str, Any]:
    name = {"en": (called or team).upper(), "ko": f"{called or team} (ko)"}
    members = [f"{team} Labs"]
    return {"call": "refill", "team": team, "name": name, "eligible_class": "anyone", "members": members, **changes}


def received(team: str = "dog", *, name: str | None = None, **changes: Any) -> CallApplicationReceived:
    fields = {"eligible_class": "anyone", "name": name_of(name or team), **changes}
    return CallApplicationReceived(call="refill", team=team, **fields)


def screened(team: str = "dog", screening: Any = "admitted", independence: Any = "not_reviewed") -> ApplicationScreened:
    return ApplicationScreened(call="refill", team=team, screening=screening, reason=WHY, independence=independence)


def selected(team: str = "dog", **changes: Any) -> CallTeamSelected:
    return CallTeamSelected(call="refill", stage="heat", team=team, name=name_of(team), reason=WHY, **changes)


def screen(**changes: Any) -> dict[str, Any]:
    return {"call": "refill", "team": "dog", "screening": "admitted", "reason": REASON, **changes}


def select(team: str = "dog") -> dict[str, Any]:
    return {"call": "refill", "team": team, "reason": REASON}


# Opening


def test_a_call_opens_for_a_vacant_seat_once_outcomes_are_recorded() -> None:
    decided().when("open-additional-call", OPEN).then(OPENED)


def test_a_call_waits_for_every_outcome() -> None:
    given(background=charters.closed()).when("open-additional-call", OPEN).refused(OutcomeMissingError)
    given(background=charters.consolidated()).when("open-additional-call", OPEN).refused(OutcomeMissingError)


def test_a_call_opens_once() -> None:
    decided(OPENED).when("open-additional-call", OPEN).refused(CallAlreadyOpenError)
    decided(OPENED, CLOSED).when("open-additional-call", OPEN).refused(CallClosedError)


def test_a_call_offers_no_more_seats_than_are_vacant() -> None:
    everyone = [TeamAdvanced(stage="heat", team=team, reason=WHY) for team in charters.TEAMS]
    history = given(background=[*charters.consolidated(), *everyone])
    history.when("open-additional-call", OPEN).refused(NoVacancyError)


def test_two_calls_do_not_offer_the_same_seat() -> None:
    """One is vacant: the second call waits until the first is closed; a seat that was filled is vacant no more."""
    calls = charters.document()["calls"]
    charter = charters.charter(calls=[*calls, {**calls[0], "id": "another"}])
    another = {**OPEN, "call": "another"}
    refusal = decided(OPENED, charter=charter).when("open-additional-call", another).refused(NoVacancyError)
    assert refusal.detail == "1 seats are offered, 0 are vacant and not offered by another call"
    assert decided(OPENED, CLOSED, charter=charter).when("open-additional-call", another).decide()
    decided(OPENED, selected(), charter=charter).when("open-additional-call", another).refused(NoVacancyError)
    assert (
        decided(OPENED, selected(), eliminated("bee"), charter=charter).when("open-additional-call", another).decide()
    )


@pytest.mark.parametrize(("change", "pointer"), [({"call": "x"}, "/call"), ({"after": "final"}, "/after")])
def test_a_call_that_the_charter_does_not_name_is_refused(change: dict[str, str], pointer: str) -> None:
    decided().when("open-additional-call", {**OPEN, **change}).refused(InvalidCommandError, pointer)


# Applications


def test_a_consortium_applies_for_itself_or_an_agency_for_it() -> None:
    applied = received(members=("dog Labs",))
    announced().by_consortium("dog").when("apply-to-call", application()).then(applied)
    announced().when("apply-to-call", application()).then(applied)
    announced().by_consortium("elk").when("apply-to-call", application()).refused(NotMandatedError, "/team")


def test_a_call_takes_applications_only_while_it_is_open() -> None:
    decided(PUBLISHED).when("apply-to-call", application()).refused(CallNotOpenError)
    announced(CLOSED).when("apply-to-call", application()).refused(CallClosedError)
    announced(received("elk"), selected("elk")).when("apply-to-call", application()).refused(CallFilledError)
    announced().when("apply-to-call", application(call="x")).refused(InvalidCommandError, "/call")


def test_before_the_results_are_public_no_answer_tells_whether_the_call_was_opened() -> None:
    said = [
        (found.detail, found.rule)
        for history in (decided(), decided(OPENED), decided(OPENED, CLOSED))
        for found in [history.when("apply-to-call", application()).refused(CallNotOpenError)]
    ]
    assert len(set(said)) == 1


def test_a_consortium_applies_once() -> None:
    announced(received()).when("apply-to-call", application()).refused(ApplicationPendingError)
    announced(received(), screened(screening="refused")).when("apply-to-call", application()).refused(
        ApplicationRefusedError
    )
    assert announced(received("elk")).when("apply-to-call", application()).decide()


def test_the_deadline_is_the_end_of_its_day_on_the_programme_s_clock() -> None:
    history = announced(charter=rules(closes="2026-01-15"))
    last = datetime(2026, 1, 15, 14, 59, 59, tzinfo=UTC)
    assert history.at(last).when("apply-to-call", application()).decide()
    after = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)
    history.at(after).when("apply-to-call", application()).refused(CallDeadlinePassedError)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"eligible_class": "x"}, "/eligible_class"),
        ({"eligible_class": "back"}, "/reenters"),
        ({"team": "cow-2", "eligible_class": "fresh", "reenters": "cow"}, "/reenters"),
        ({"team": "cow-2", "reenters": "yak"}, "/reenters"),
        ({"team": "ant-2", "reenters": "ant"}, "/reenters"),
    ],
)
def test_an_applicant_belongs_to_its_class(change: dict[str, str], pointer: str) -> None:
    announced().when("apply-to-call", application(**change)).refused(ClassNotEligibleError, pointer)


def test_a_re_entry_has_an_id_of_its_own_and_may_keep_its_name() -> None:
    body = application("cow-2", called="cow", eligible_class="back", reenters="cow")
    applied = received("cow-2", name="cow", eligible_class="back", reenters="cow", members=("cow-2 Labs",))
    announced().when("apply-to-call", body).then(applied)
    announced().when("apply-to-call", {**body, "team": "cow"}).refused(TeamAlreadyEnrolledError)
    announced().when("apply-to-call", {**body, "team": "cow-3"}).refused(InvalidCommandError, "/team")
    announced().when("apply-to-call", application("cow-2")).refused(InvalidCommandError, "/reenters")
    announced().when("apply-to-call", application(called="cow")).refused(InvalidCommandError, "/name")


def test_who_left_twice_enters_a_third_time_as_number_three() -> None:
    again = CallTeamSelected(
        call="earlier", stage="heat", team="cow-2", name=name_of("cow"), reason=WHY, reenters="cow"
    )
    history = announced(again, eliminated("cow-2"))
    body = application("cow-3", called="cow", reenters="cow-2")
    history.when("apply-to-call", body).then(received("cow-3", name="cow", reenters="cow-2", members=("cow-3 Labs",)))


def test_an_elimination_that_is_not_public_makes_nobody_a_former_team() -> None:
    history = announced(eliminated("ant", "final"))
    body = application("ant-2", called="ant", reenters="ant")
    history.when("apply-to-call", body).refused(ClassNotEligibleError, "/reenters")


# Screening


def test_an_application_is_screened_once() -> None:
    announced(received()).when("screen-application", screen()).then(screened())
    announced(received(), screened()).when("screen-application", screen()).refused(ApplicationAdmittedError)
    announced(received(), screened(screening="refused")).when("screen-application", screen()).refused(
        ApplicationRefusedError
    )
    announced(received("elk")).when("screen-application", screen()).refused(ApplicationUnknownError)
    announced(received(), CLOSED).when("screen-application", screen()).refused(CallClosedError)


def test_a_finding_on_independence_has_its_reason_and_evidence() -> None:
    full = {"independence": "met", "independence_reason": REASON, "evidence": [HASH]}
    (found,) = announced(received()).when("screen-application", screen(**full)).decide()
    assert isinstance(found, ApplicationScreened)
    assert (found.independence, found.independence_reason, found.evidence) == ("met", WHY, (HASH,))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"independence": "met", "evidence": [HASH]}, "/independence_reason"),
        ({"independence": "not_met", "independence_reason": REASON}, "/evidence"),
        ({"independence": "met", "independence_reason": REASON, "evidence": [HASH, HASH]}, "/evidence"),
        ({"evidence": [HASH]}, "/independence"),
        ({"independence_reason": REASON}, "/independence"),
    ],
)
def test_a_review_without_its_parts_is_refused(change: dict[str, Any], pointer: str) -> None:
    announced(received()).when("screen-application", screen(**change)).refused(InvalidCommandError, pointer)


# Selection


def test_an_admitted_applicant_takes_the_vacant_seat() -> None:
    announced(received(), screened()).when("select-team", select()).then(selected())


def test_only_an_admitted_application_is_selected_and_once() -> None:
    announced(received("elk")).when("select-team", select()).refused(ApplicationUnknownError)
    announced(received()).when("select-team", select()).refused(ApplicationPendingError)
    announced(received(), screened(screening="refused")).when("select-team", select()).refused(ApplicationRefusedError)
    two_seats = AdditionalCallOpened(call="refill", stage="heat", seats="2", classes=("anyone",), closes="undisclosed")
    history = decided(PUBLISHED, two_seats, received(), screened(), selected())
    history.when("select-team", select()).refused(ApplicantSelectedError)


def test_nobody_is_selected_before_the_results_are_public() -> None:
    decided(OPENED, received(), screened()).when("select-team", select()).refused(StageNotFinalError)


@pytest.mark.parametrize("window", [True, False])
def test_nobody_is_selected_before_the_stage_is_finalised(window: bool) -> None:
    waiting = decided(PUBLISHED, OPENED, received(), screened(), charter=rules(window=window))
    waiting.when("select-team", select()).refused(StageNotFinalError)
    final = announced(received(), screened(), charter=rules(window=window))
    final.when("select-team", select()).then(selected())


def test_a_call_fills_no_more_than_its_seats_and_is_over_with_the_last() -> None:
    history = announced(received("elk"), screened("elk"), received(), screened(), selected("elk"))
    history.when("select-team", select()).refused(CallFilledError)
    history.when("close-call", {"call": "refill", "reason": REASON}).refused(CallFilledError)


def test_a_seat_that_was_taken_otherwise_is_not_filled_again() -> None:
    history = announced(received(), screened(), charters.enrolment("elk"))
    history.when("select-team", select()).refused(NoVacancyError)


def test_who_leads_a_team_is_selected_in_no_other() -> None:
    members = ("Lead", "Lab")
    asked = application(members=list(members))
    announced().when("apply-to-call", asked).then(received(members=members))
    announced().when("apply-to-call", application(members=["A", "A"])).refused(InvalidCommandError, "/members/1")
    ready = (received(members=members), screened())
    announced(*ready).when("select-team", select()).then(selected(members=members))
    for joined in ("Lead", "Other"):
        change = ConsortiumChanged(team="ant", joined=(joined,), left=(), effective="2026-01-15")
        outcome = announced(*ready, change).when("select-team", select())
        if joined == "Lead":
            outcome.refused(LeadInTwoConsortiumsError, "/team")
        else:
            assert outcome.decide()
    once = announced(*ready, selected(members=members))
    joining = {"team": "ant", "joined": ["Lead"], "effective": "2026-01-15"}
    once.when("change-consortium", joining).refused(LeadInTwoConsortiumsError, "/joined/0")


def test_two_selections_for_one_seat_meet_in_their_boundaries() -> None:
    """Of the same call, and of another call of the programme: the seat is the roster's."""
    decision = DECISIONS["select-team"]
    for call in ("refill", "another"):
        command = msgspec.convert({"call": call, "team": "elk", "reason": REASON}, decision.command)
        query = boundary(decision.needs(command, "programme"))
        assert query.matches(CallTeamSelected.TYPE, selected().tags("programme"))


def test_applications_of_two_consortiums_do_not_meet() -> None:
    decision = DECISIONS["apply-to-call"]
    command = decision.command(**{**application(), "name": name_of("dog")})
    query = boundary(decision.needs(command, "programme"))
    assert query.matches(CallApplicationReceived.TYPE, received().tags("programme"))
    assert not query.matches(CallApplicationReceived.TYPE, received("elk").tags("programme"))


def test_a_re_entrant_is_selected_only_after_a_fresh_review() -> None:
    back = received("cow-2", name="cow", reenters="cow")
    for independence in ("not_reviewed", "not_met"):
        history = announced(back, screened("cow-2", independence=independence))
        history.when("select-team", select("cow-2")).refused(IndependenceNotReviewedError)
    expected = CallTeamSelected(
        call="refill", stage="heat", team="cow-2", name=name_of("cow"), reason=WHY, reenters="cow"
    )
    announced(back, screened("cow-2", independence="met")).when("select-team", select("cow-2")).then(expected)


def test_a_charter_may_ask_for_a_review_of_every_applicant_and_nobody_found_dependent_is_selected() -> None:
    strict = rules(review="required")
    announced(received(), screened(), charter=strict).when("select-team", select()).refused(
        IndependenceNotReviewedError
    )
    assert announced(received(), screened(independence="met"), charter=strict).when("select-team", select()).decide()
    announced(received(), screened(independence="not_met")).when("select-team", select()).refused(
        IndependenceNotReviewedError
    )


def test_who_is_selected_is_a_team_of_the_programme() -> None:
    """It takes part in the next stage, its id and seat are taken, and its status entitles it."""
    history = announced(received(), screened(), selected(), charter=rules(entitled=True))
    history.when("open-stage", {"stage": "final"}).then(StageOpened(stage="final", teams=("ant", "bee", "dog")))
    dog = {"team": "dog", "name": REASON}
    history.when("enrol-team", dog).refused(TeamAlreadyEnrolledError)
    period: dict[str, Any] = {"starts": "2026-01-01", "ends": "2026-07-01"}
    pool = ResourcePoolSet(resource="gpu", quantity="10", **period)
    funded = announced(selected(), pool, charter=rules(entitled=True))
    body = {"grant": "g", "team": "dog", "resource": "gpu", "quantity": "4", **period}
    funded.when("grant-resource", body).then(
        ResourceGranted(grant="g", team="dog", resource="gpu", quantity="4", **period)
    )


def test_a_name_taken_since_the_application_is_refused_at_selection() -> None:
    taken = TeamEnrolled(team="elk", name=name_of("dog"))
    history = announced(received(), screened(), taken, eliminated("bee"))
    history.when("select-team", select()).refused(InvalidCommandError, "/name")


def test_an_id_taken_since_the_application_is_refused_at_selection() -> None:
    came_and_went = (TeamEnrolled(team="dog", name=name_of("elk")), eliminated("dog"))
    history = announced(received(), screened(), *came_and_went)
    history.when("select-team", select()).refused(TeamAlreadyEnrolledError)


# Closing


def test_a_call_ends_without_selection() -> None:
    body = {"call": "refill", "reason": REASON}
    announced().when("close-call", body).then(CLOSED)
    announced(CLOSED).when("close-call", body).refused(CallClosedError)
    decided().when("close-call", body).refused(CallNotOpenError)
    announced().when("close-call", {**body, "call": "x"}).refused(InvalidCommandError, "/call")


def test_a_call_does_not_end_before_its_deadline() -> None:
    dated = rules(closes="2026-02-01")
    body = {"call": "refill", "reason": REASON}
    announced(charter=dated).when("close-call", body).refused(ApplicationsOpenError)
    announced(charter=dated).at(datetime(2026, 2, 1, 15, 0, tzinfo=UTC)).when("close-call", body).then(CLOSED)
    reported = {"attribution": "reported", "source": "a newspaper"}
    record = rules(closes="2026-02-01", record=True)
    announced(charter=record).when("close-call", {**body, **reported}).then(CLOSED)


def test_after_the_end_nobody_is_selected() -> None:
    announced(received(), screened(), CLOSED).when("select-team", select()).refused(CallClosedError)


# Who sees what


def seen_by(reader: Reader, *events: Event) -> list[CallSummary]:
    """The calls as a reader sees them once the results of `heat` are public."""
    charter = parse(rules().document.encode())

    def shows(position: int, event: Event) -> bool:
        kind = disclosed(charter, event.TYPE)
        return readable(kind, stage_of_event(event), position, charters.publications("heat"), reader)

    return call_summaries(charter, enumerate(events, start=7), shows, reader.consortium)


def test_applications_are_counted_for_the_public_listed_for_agencies_and_one_s_own_for_the_applicant() -> None:
    history = (OPENED, received("elk"), screened("elk", screening="refused"), received())
    for reader in (PUBLIC, Reader("consortium", "ant")):
        (call,) = seen_by(reader, *history)
        assert (call.position, call.state, call.received, call.screened) == (7, "open", 2, 1)
        assert (call.selected, call.applications) == ((), ())
    for reader in (Reader("agency", "owner"), Reader("auditor", "auditor")):
        (call,) = seen_by(reader, *history)
        assert [(each.team, each.state) for each in call.applications] == [("elk", "refused"), ("dog", "received")]
    (call,) = seen_by(Reader("consortium", "elk"), *history)
    (mine,) = call.applications
    assert (mine.team, mine.state, mine.reason, mine.independence) == ("elk", "refused", WHY, "not_reviewed")


def test_the_public_sees_who_was_selected_and_that_the_call_is_over() -> None:
    (call,) = seen_by(PUBLIC, OPENED, received(), screened(), selected())
    assert (call.state, call.selected, call.applications) == ("filled", ("dog",), ())
    (call,) = seen_by(PUBLIC, OPENED, received(), CLOSED)
    assert (call.state, call.selected) == ("closed", ())


def test_a_call_that_was_not_opened_is_not_listed() -> None:
    assert seen_by(Reader("auditor", "auditor")) == []


def test_nobody_is_selected_while_the_call_takes_applications() -> None:
    dated = rules(closes="2026-02-01")
    history = announced(received(), screened(), charter=dated)
    history.when("select-team", select()).refused(ApplicationsOpenError)
    over = datetime(2026, 2, 1, 15, 0, tzinfo=UTC)
    assert history.at(over).when("select-team", select()).decide()


def test_a_call_opens_before_the_next_stage_does() -> None:
    """Whoever were selected later would be in no stage's field."""
    later = StageOpened(stage="final", teams=("ant", "bee"))
    history = decided(PUBLISHED, StageFinalised(stage="heat"), later)
    history.when("open-additional-call", OPEN).refused(LaterStageOpenError)
    record = decided(PUBLISHED, later, charter=rules(record=True))
    assert record.when("open-additional-call", {**OPEN, "attribution": "reported", "source": "a newspaper"}).decide()
