"""Amendments: another charter in force, within what was decided under the one before; and what teams say to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.amendments import (
    AmendmentAssented,
    CharterUnchangedError,
    DeviationWithoutReasonError,
    RulesInUseError,
    StanceTakenError,
    UnknownAmendmentError,
)
from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection
from domain.charter import CharterAmended, CharterFaultyError
from domain.event import Event
from domain.outcome_events import TeamWithdrawn
from domain.proposal_events import DecisionApproved, DecisionProposed, DecisionRejected
from domain.proposals import NotProposableError, ProposalStaleError
from domain.refusal import NotMandatedError, UnknownProgrammeError
from domain.scalars import Names
from domain.score_events import FigureCertified, PointsOf
from domain.stage_events import ScoringReopened, StageFinalised
from domain.teams import TeamNotEnrolledError
from domain.views import MemoryRows
from domain.views.standings import STANDINGS, as_of, compute
from tests.domain import charters, hearings
from tests.domain.charters import charter, document
from tests.domain.objecting import ruled
from tests.domain.occurrences import occurrence
from tests.given import DECIDED_AT, Given, given

WHY = {"en": "why", "ko": "왜"}
ARRAY = list[dict[str, Any]]


def amended(*, deviation: bool = False, reason: bool = False, **changes: Any) -> CharterAmended:
    """From the small charter to the changed one."""
    made = charter(**changes)
    return CharterAmended(
        rules_hash=made.rules_hash,
        document=made.document,
        replaces=charter().rules_hash,
        deviation=deviation,
        reason=Names(**WHY) if reason else None,
    )


def proposing(before: list[Event], **changes: Any) -> tuple[Event, ...]:
    """What amending the charter after a stage was opened comes to, where another agency may countersign."""
    body = {"charter": document(**changes), "reason": WHY}
    return given(before[0], background=before[1:]).when("amend-charter", body).decide()


def refused_places(before: list[Event], **changes: Any) -> set[str]:
    body = {"charter": document(**changes), "reason": WHY}
    refusal = given(before[0], background=before[1:]).when("amend-charter", body).refused(RulesInUseError)
    return {error.pointer for error in refusal.errors}


def changed(stage: int, **changes: Any) -> dict[str, Any]:
    stages: ARRAY = document()["stages"]
    stages[stage].update(changes)
    return {"stages": stages}


def test_before_a_stage_is_opened_the_charter_is_amended_without_more() -> None:
    body = {"charter": document(seats="4")}
    given(charter()).when("amend-charter", body).then(amended(seats="4"))
    given(charter()).when("amend-charter", {**body, "reason": WHY}).then(amended(seats="4", reason=True))


def test_the_new_charter_governs_what_is_decided_next() -> None:
    """A fourth seat, and no mandate of the owner's any more."""
    four = [*charters.enrolled(), amended(seats="4")]
    body = {"team": "dog", "name": {"en": "D", "ko": "D"}}
    assert given(*four).when("enrol-team", body).decide()
    mandates = [{"decisions": charters.DECISIONS, "agencies": ["other"]}]
    given(charter(), amended(mandates=mandates)).when("enrol-team", body).refused(NotMandatedError)


def test_an_amendment_is_decided_under_the_charter_in_force_and_names_it() -> None:
    first = amended(seats="4")
    second = given(charter(), first).when("amend-charter", {"charter": document(seats="5")}).decide()[0]
    assert isinstance(second, CharterAmended)
    assert second.replaces == first.rules_hash
    given(charter(), first).when("amend-charter", {"charter": document()}).then(
        CharterAmended(
            rules_hash=charter().rules_hash,
            document=charter().document,
            replaces=first.rules_hash,
            deviation=False,
        )
    )


def test_an_amended_charter_may_not_contradict_itself() -> None:
    refusal = (
        given()
        .when("amend-charter", {"charter": document(owner="nobody", seats="0")})
        .refused(CharterFaultyError, "/owner")
    )
    assert len(refusal.errors) > 1
    given().when("amend-charter", {"charter": document(programme="else")}).refused(CharterFaultyError, "/programme")


def test_a_programme_without_charter_has_none_to_amend() -> None:
    given().when("amend-charter", {"charter": document()}).refused(UnknownProgrammeError)


def test_an_amendment_changes_something() -> None:
    given(charter()).when("amend-charter", {"charter": document()}).refused(CharterUnchangedError, "/charter")
    same = given(charter(), amended(seats="4")).when("amend-charter", {"charter": document(seats="4")})
    same.refused(CharterUnchangedError, "/charter")


def test_a_rehearsal_never_becomes_live() -> None:
    body = {"charter": document(data_set="live")}
    given(charter()).when("amend-charter", body).refused(RulesInUseError, "/data_set")


def test_amending_needs_a_mandate() -> None:
    given(charter()).by("other").when("amend-charter", {"charter": document(seats="4")}).refused(NotMandatedError)


def test_once_a_stage_was_opened_an_amendment_has_a_reason() -> None:
    before = given(charter(), background=charters.opened()[1:])
    body = {"charter": document(seats="4")}
    before.when("amend-charter", body).refused(DeviationWithoutReasonError, "/reason")


def test_once_a_stage_was_opened_somebody_must_be_there_to_countersign() -> None:
    body = {"charter": document(seats="4"), "reason": WHY}
    alone = charter(countersignatures=[])
    given(background=[alone, *charters.opened()[1:]]).when("amend-charter", body).refused(NotProposableError)


def test_once_a_stage_was_opened_an_amendment_waits_for_another_agency() -> None:
    (proposed,) = proposing(charters.opened(), seats="4")
    assert isinstance(proposed, DecisionProposed)
    assert (proposed.awaiting, proposed.events) == (("other", "clerk"), ("CharterAmended",))
    history = [charter(), *charters.opened()[1:]]
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    approved, made = given(proposed, background=history).by("other").when("approve", approval).decide()
    assert isinstance(approved, DecisionApproved)
    assert isinstance(made, CharterAmended)
    assert (made.deviation, made.reason) == (True, Names(**WHY))
    assert made.replaces == charter().rules_hash
    assert made.rules_hash == charter(seats="4").rules_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"countersignatures": [*document()["countersignatures"], {"decisions": ["open-stage"], "agencies": ["other"]}]},
        {"joint_publishers": ["owner"]},
        {"signed": ["enrol-team"]},
    ],
)
def test_what_is_given_to_two_or_signed_is_amended_by_two_even_before_a_stage_is_opened(changes: Any) -> None:
    (event,) = given(charter()).when("amend-charter", {"charter": document(**changes)}).decide()
    assert isinstance(event, DecisionProposed)
    if "signed" not in changes:
        (event,) = given(charter(**changes)).when("amend-charter", {"charter": document()}).decide()
        assert isinstance(event, DecisionProposed)


def test_an_amendment_between_makes_a_proposed_one_stale() -> None:
    (proposed,) = proposing(charters.opened(), seats="4")
    assert isinstance(proposed, DecisionProposed)
    between = charter(seats="5")
    other = amended(deviation=True, reason=True, seats="5")
    assert other.rules_hash == between.rules_hash
    history = [charter(), *charters.opened()[1:], proposed, other]
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    given(background=history).by("other").when("approve", approval).refused(ProposalStaleError)


def test_a_public_record_holds_an_amendment_of_which_reason_and_approver_were_not_reported() -> None:
    reported = {"data_set": "public-record", "recorder": "owner"}
    before = [charters.reported_charter(), *charters.opened()[1:]]
    body = {"charter": document(**reported, seats="4"), "attribution": "reported", "source": "report"}
    (made,) = given(background=before).when("amend-charter", body).decide()
    assert isinstance(made, CharterAmended)
    assert (made.deviation, made.reason) == (True, None)


def test_an_opened_stage_stays_in_its_place() -> None:
    heat, final = document()["stages"]
    assert refused_places(charters.opened(), stages=[final, heat]) == {"/stages"}
    call = {**document()["calls"][0], "after": "final"}
    assert refused_places(charters.opened(), stages=[final], calls=[call]) == {"/stages"}
    assert refused_places(charters.opened(), stages=[{**heat, "id": "run"}, heat, final]) == {"/stages"}


def test_a_stage_that_was_not_opened_may_go() -> None:
    assert proposing(charters.opened(), stages=document()["stages"][:1])


PLACE = "/stages/0/assessments"
IDEA, SPEED = "paper/idea", "field/speed"
HIDDEN = {"type": "undisclosed"}
JURIES = [*document()["stages"][0]["panels"], {**document()["stages"][0]["panels"][0], "id": "court"}]


def lowered(stages: ARRAY) -> ARRAY:
    """Eight points for the idea, twenty-two for speed."""
    for assessment, points in zip(stages[0]["assessments"], ("8", "22"), strict=True):
        assessment["maximum"] = assessment["criteria"][0]["maximum"] = points
    return stages


def renamed(stages: ARRAY) -> ARRAY:
    stages[0]["assessments"][0]["criteria"][0]["id"] = "thought"
    return stages


def panels(stages: ARRAY) -> ARRAY:
    stages[0]["panels"] = JURIES
    return stages


@pytest.mark.parametrize(
    ("stages", "says"),
    [
        (lowered(document()["stages"]), "under its maximum, 10"),
        (charters.with_criterion(IDEA, maximum="undisclosed"), "under its maximum, 10"),
        (renamed(document()["stages"]), "paper/idea may have been scored"),
        (charters.with_criterion(IDEA, items=charters.ITEMS), "items"),
        (panels(charters.with_criterion(IDEA, scoring={"panel": "court"})), "scored as it is"),
        (charters.with_criterion(SPEED, scoring={"benchmarks": [{"id": "track", "version": "1"}]}), "road"),
    ],
)
def test_what_may_have_been_scored_keeps_its_place(stages: ARRAY, says: str) -> None:
    assert refused_places(charters.opened(), stages=stages) == {PLACE}
    refusal = given(charter(), background=charters.opened()[1:])
    body = {"charter": document(stages=stages), "reason": WHY}
    assert says in refusal.when("amend-charter", body).refused(RulesInUseError).detail
    assert given(charter()).when("amend-charter", {"charter": document(stages=stages)}).decide()


def test_a_sheets_lines_keep_their_points() -> None:
    items = charters.with_criterion(IDEA, items=charters.ITEMS)
    turned = [{**charters.ITEMS[0], "maximum": "5"}, {**charters.ITEMS[1], "maximum": "5"}]
    body = {"charter": document(stages=charters.with_criterion(IDEA, items=turned))}
    outcome = given(charter(stages=items), background=charters.opened()[1:]).when(
        "amend-charter", {**body, "reason": WHY}
    )
    assert "novelty: points may have been given under its maximum, 6" in outcome.refused(RulesInUseError, PLACE).detail


def test_scores_keep_their_decimals() -> None:
    before = given(charter(**changed(0, precision="1")), background=charters.opened()[1:])
    body = {"charter": document(), "reason": WHY}
    before.when("amend-charter", body).refused(RulesInUseError, "/stages/0/precision")
    assert proposing(charters.opened(), **changed(0, precision="1"))


def test_how_scores_count_may_change_while_the_stage_is_open() -> None:
    mean = charters.with_criterion(IDEA, scoring={"aggregate": "mean"})
    assert proposing(charters.scored(), stages=mean)
    assert proposing(charters.closed(), stages=mean)
    assert proposing(charters.closed(), stages=doubled())
    assert proposing(charters.closed(), **changed(0, eliminate="2", tie_break=["field"]))


def test_the_rules_of_a_consolidated_stage_stay() -> None:
    assert refused_places(charters.consolidated(), **changed(0, eliminate="2")) == {"/stages/0"}
    assert proposing(charters.consolidated(), **changed(1, eliminate="1"))
    reopened = [*charters.consolidated(), ScoringReopened(stage="heat", reason=Names(**WHY))]
    assert proposing(reopened, **changed(0, eliminate="2"))


def test_the_rules_that_a_figure_was_certified_under_stay() -> None:
    figure = FigureCertified(stage="heat", figure=PointsOf(node="paper", team="ant", value="9"), source="them")
    assert refused_places([*charters.opened(), figure], **changed(0, tie_break=[])) == {"/stages/0"}


def test_of_an_opened_call_only_the_deadline_changes() -> None:
    call = document()["calls"][0]
    opened = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
    before = given(charter(), opened)
    for calls in ([], [{**call, "seats": "2"}]):
        before.when("amend-charter", {"charter": document(calls=calls)}).refused(RulesInUseError, "/calls")
        assert given(charter()).when("amend-charter", {"charter": document(calls=calls)}).decide()
    assert before.when("amend-charter", {"charter": document(calls=[{**call, "closes": "2026-12-31"}])}).decide()


def test_the_deadline_of_an_open_call_moves_to_no_day_that_is_over() -> None:
    """It is 15 January, 12:00 in Seoul."""
    call = document()["calls"][0]
    opened = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
    closed = CallClosedWithoutSelection(call="refill", stage="heat", reason=Names(**WHY))
    over, today = ({"charter": document(calls=[{**call, "closes": f"2026-01-{day}"}])} for day in (14, 15))
    given(charter(), opened).when("amend-charter", over).refused(RulesInUseError, "/calls")
    assert given(charter(), opened).when("amend-charter", today).decide()
    assert given(charter(), opened, closed).when("amend-charter", over).decide()
    assert given(charter()).when("amend-charter", over).decide()
    past = charter(calls=[{**call, "closes": "2026-01-14"}])
    other = {**over["charter"], "title": charters.names("Another race")}
    assert given(past, opened).when("amend-charter", {"charter": other}).decide()


def test_seats_that_are_held_or_offered_stay() -> None:
    """Three are enrolled; of three that are left, and one that a call offers, one may go."""
    enrolled = given(charter(), *(charters.enrolment(team) for team in charters.TEAMS))
    fewer = {"charter": document(seats="2")}
    refusal = enrolled.when("amend-charter", fewer).refused(RulesInUseError, "/seats")
    assert "3 seats are held, and 0 more are offered" in refusal.detail
    assert given(*enrolled.events[:3]).when("amend-charter", fewer).decide()
    opened = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
    five = given(charter(seats="5"), *enrolled.events[1:], opened)
    five.when("amend-charter", {"charter": document(seats="3")}).refused(RulesInUseError, "/seats")
    assert five.when("amend-charter", {"charter": document(seats="4")}).decide()


def test_where_more_seats_are_held_than_the_charter_gives_they_may_become_more_and_no_fewer() -> None:
    """As calls could offer too many once: what does not lower the number is no breach."""
    crowded = given(charter(), *charters.enrolled()[1:], charters.enrolment("dog"))
    other_title = document(title=charters.names("Another race"))
    assert crowded.when("amend-charter", {"charter": other_title}).decide()
    opened = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
    more = given(*crowded.events, opened)
    assert more.when("amend-charter", {"charter": document(seats="4")}).decide()
    more.when("amend-charter", {"charter": document(seats="2")}).refused(RulesInUseError, "/seats")


def test_what_waits_for_an_approval_can_still_be_approved() -> None:
    """Whoever could approve is named still; what is settled, or can be approved no more, keeps nothing."""
    agencies = [*document()["agencies"], {"id": "third", "name": charters.names("Third")}]

    def named(*approving: str) -> dict[str, Any]:
        openings = {"decisions": ["open-stage"], "agencies": list(approving)}
        return {"agencies": agencies, "countersignatures": [*document()["countersignatures"], openings]}

    before = [charter(**named("other")), charters.enrolment("ant")]
    (proposed,) = given(*before).when("open-stage", {"stage": "heat"}).decide()
    assert isinstance(proposed, DecisionProposed)
    waiting = given(*before, proposed)
    body = {"charter": document(**named("third"))}
    refusal = waiting.when("amend-charter", body).refused(RulesInUseError, "/countersignatures")
    assert proposed.proposal in refusal.detail
    waiting.when("amend-charter", {"charter": document(agencies=agencies)}).refused(RulesInUseError)
    assert waiting.when("amend-charter", {"charter": document(**named("other", "third"))}).decide()
    rejected = DecisionRejected(proposal=proposed.proposal, reason="not yet")
    assert given(*before, proposed, rejected).when("amend-charter", body).decide()
    assert waiting.at(DECIDED_AT + timedelta(days=40)).when("amend-charter", body).decide()


def test_an_amendment_may_name_others_who_approve_amendments_after_it() -> None:
    """Its own proposal does not stand in its way, nor another, which it makes stale."""
    agencies = [*document()["agencies"], {"id": "third", "name": charters.names("Third")}]
    others = document()["countersignatures"]
    others[1]["decisions"].remove("amend-charter")
    others.append({"decisions": ["amend-charter"], "agencies": ["third"]})
    body = {"charter": document(agencies=agencies, countersignatures=others), "reason": WHY}
    (made,) = given(background=charters.opened()).when("amend-charter", body).approved()
    assert isinstance(made, CharterAmended)


def test_resources_stay_as_what_they_are() -> None:
    gpu, data = document()["resources"]
    entitlements = [{"status": "advanced", "titles": ["Champion"]}]
    for resources in ([gpu], [gpu, {**data, "kind": "count"}]):
        body = {"charter": document(resources=resources, entitlements=entitlements)}
        given(charter()).when("amend-charter", body).refused(RulesInUseError, "/resources")


AMENDED = amended(seats="4")


def saying(stance: str, **changes: Any) -> dict[str, Any]:
    return {"team": "ant", "rules_hash": AMENDED.rules_hash, "stance": stance, **changes}


def said(stance: Any, amendment: int, statement: str | None = None) -> AmendmentAssented:
    return AmendmentAssented(
        team="ant", rules_hash=AMENDED.rules_hash, amendment=amendment, stance=stance, statement=statement
    )


def of_ant(*events: Event) -> Given:
    return given(charter(), charters.enrolment("ant"), AMENDED, *events)


@pytest.mark.parametrize("stance", ["assent", "dissent"])
def test_a_team_assents_to_an_amendment_or_dissents(stance: str) -> None:
    of_ant().by_consortium("ant").when("assent-amendment", saying(stance)).then(said(stance, 3))
    words = saying(stance, statement="So be it.")
    of_ant().by_consortium("ant").when("assent-amendment", words).then(said(stance, 3, "So be it."))


def test_no_agency_assents_or_dissents_in_the_name_of_a_team() -> None:
    for agency in ("owner", "other"):
        of_ant().by(agency).when("assent-amendment", saying("dissent")).refused(NotMandatedError, "/team")


def test_no_team_speaks_for_another() -> None:
    of_ant().by_consortium("bee").when("assent-amendment", saying("assent")).refused(NotMandatedError, "/team")


def test_a_team_says_it_once() -> None:
    again = of_ant(said("dissent", 3)).when("assent-amendment", saying("assent"))
    again.refused(StanceTakenError)


def test_the_same_rules_in_force_anew_are_another_amendment() -> None:
    back = CharterAmended(
        rules_hash=charter().rules_hash, document=charter().document, replaces=AMENDED.rules_hash, deviation=False
    )
    history = of_ant(said("dissent", 3), back, AMENDED)
    history.when("assent-amendment", saying("assent")).then(said("assent", 6))


def test_only_what_was_amended_is_assented_to() -> None:
    for rules_hash in ("0" * 64, charter().rules_hash):
        body = saying("assent", rules_hash=rules_hash)
        of_ant().when("assent-amendment", body).refused(UnknownAmendmentError, "/rules_hash")


def test_only_teams_of_the_programme_assent() -> None:
    given(charter(), AMENDED).when("assent-amendment", saying("assent")).refused(TeamNotEnrolledError, "/team")


def test_two_teams_may_speak_at_once() -> None:
    """What bee says is outside the boundary of what ant says."""
    bee = AmendmentAssented(team="bee", rules_hash=AMENDED.rules_hash, amendment=3, stance="assent")
    with pytest.raises(AssertionError, match="outside the boundary"):
        of_ant(bee).when("assent-amendment", saying("assent")).decide()


def view(events: list[Event]) -> MemoryRows:
    rows = MemoryRows()
    STANDINGS.fold(rows, [occurrence(n, event) for n, event in enumerate(events, start=1)])
    return rows


def doubled() -> ARRAY:
    """Forty points for speed instead of twenty: ant's sixteen become thirty-two."""
    stages: ARRAY = document()["stages"]
    stages[0]["maximum"] = "50"
    stages[0]["assessments"][1]["maximum"] = stages[0]["assessments"][1]["criteria"][0]["maximum"] = "40"
    return stages


def test_a_closed_stage_is_computed_anew_under_the_amended_charter() -> None:
    amendment = amended(deviation=True, reason=True, stages=doubled())
    for events, total in ((charters.closed(), "25"), ([*charters.closed(), amendment], "41")):
        stored = view(events).get("standings/heat")
        assert stored
        found = as_of(stored, 99)
        assert (found.rows[0].team, found.rows[0].total.exact) == ("ant", total)
    assert found.rules_hash == amendment.rules_hash


def test_a_consolidated_stage_keeps_the_rules_that_it_was_consolidated_under() -> None:
    amendment = amended(deviation=True, reason=True, **changed(1, eliminate="1"))
    before, after = view(charters.consolidated()), view([*charters.consolidated(), amendment])
    assert after.get("standings/heat") == before.get("standings/heat")
    later = compute(after, "heat", 99)
    assert later is not None
    assert later.rules_hash == charter().rules_hash
    reopened = view([*charters.consolidated(), amendment, ScoringReopened(stage="heat", reason=Names(**WHY))])
    again = compute(reopened, "heat", 99)
    assert again is not None
    assert again.rules_hash == amendment.rules_hash


def test_rows_do_not_depend_on_whether_an_amendment_shares_a_batch() -> None:
    events = [*charters.closed(), amended(deviation=True, reason=True, stages=doubled())]
    apart = MemoryRows()
    for position, event in enumerate(events, start=1):
        STANDINGS.fold(apart, [occurrence(position, event)])
    assert apart.rows == view(events).rows


def test_while_a_review_waits_for_its_ruling_the_rules_of_independence_stay() -> None:
    rules = charters.document()["independence"]
    changed_rules = {**rules, "review": {"statement_days": "1"}}
    under_review = [*charters.opened(), hearings.OPENED]
    assert refused_places(under_review, independence=changed_rules) == {"/independence"}
    assert proposing(under_review, seats="4")
    assert proposing([*under_review, hearings.RULED], independence=changed_rules)
    left = TeamWithdrawn(team="ant", reason=Names(**WHY), stage="heat")
    assert proposing([*under_review, left], independence=changed_rules)


def test_whom_a_ruling_keeps_out_can_be_ruled_upon_until_the_stage_is_final() -> None:
    """Without a perspective an upheld objection to the ruling would lead nowhere."""
    none: dict[str, Any] = {"perspectives": []}
    ruled_out = [*charters.opened(), ruled("ant", "not_met")]
    assert refused_places(ruled_out, independence=none) == {"/independence/perspectives"}
    kept = charters.document()["independence"]["perspectives"]
    assert proposing(ruled_out, independence={"perspectives": [{**kept[0], "requires": "any"}]})
    for end in (
        ruled("ant"),
        TeamWithdrawn(team="ant", reason=Names(**WHY), stage="heat"),
        StageFinalised(stage="heat"),
    ):
        assert proposing([*ruled_out, end], independence=none)
