"""What follows by itself: due on what is recorded and at what time, as the charter has it, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.call_events import AdditionalCallOpened, ApplicationScreened, CallApplicationReceived, CallTeamSelected
from domain.charter import CharterAmended, CharterInForce, CharterPublished
from domain.decision import Fact, fold
from domain.due import Due, Known, common
from domain.event import Event
from domain.grant_events import GrantResumed, GrantRevoked, GrantSuspended, ResourceGranted, UsageReported
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.proposal_events import DecisionProposed
from domain.reactions import FOLLOWING, NotFollowingError, following, is_due
from domain.refusal import NotMandatedError, Refusal
from domain.stage_events import ResultsPublished, ScoringReopened, StageFinalised, StageOpened
from domain.system import REACTIONS, REMINDING, WITH_GRACE
from domain.titles import TitleConferred, TitleWithdrawn
from tests.domain import charters
from tests.domain.granting import PERIOD, WHY, pool
from tests.domain.objecting import ruled
from tests.given import DECIDED_AT, Given, given

UNTIL = "2026-01-20T15:00:00.000000Z"
BEFORE, AFTER = DECIDED_AT, datetime(2026, 1, 20, 15, 0, tzinfo=UTC)
FINAL = StageFinalised(stage="heat")
TODAY = "2026-01-15"


SOON = {
    "id": "soon",
    "title": charters.names("Until {deadline}"),
    "body": charters.names("Only until {deadline}."),
    "variables": ["deadline"],
    "recipients": ["enrolled", "advanced", "eliminated"],
    "acknowledge_days": "7",
}


def rules(*reactions: str, grace: str = "0", **changes: Any) -> CharterPublished:
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "3"}
    entitled = [
        {"status": "enrolled", "resources": ["gpu"]},
        {"status": "advanced", "resources": ["gpu"], "titles": ["Champion"]},
    ]
    reminding = {"days": "2", "template": "soon"}
    more = {
        each: reminding if each in REMINDING else {"days": grace} if each in WITH_GRACE else {} for each in reactions
    }
    named = [{"id": each, **fields} for each, fields in more.items()]
    call = {**charters.document()["calls"][0], "closes": "2026-01-20"}
    return charters.charter(
        reactions=named, stages=stages, **{"entitlements": entitled, "calls": [call], "notices": [SOON], **changes}
    )


def ended(charter: CharterPublished, *more: Event, until: str | None = UNTIL) -> Given:
    """cow has 4 of 10 GPUs until July, and is eliminated; ant and bee advance; that is public."""
    outcomes = [
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY),
        *(TeamAdvanced(stage="heat", team=team, reason=WHY) for team in ("ant", "bee")),
    ]
    granted = ResourceGranted(grant="g", team="cow", resource="gpu", quantity="4", **PERIOD)
    published = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=until)
    return given(
        background=[
            charter,
            pool(),
            *charters.consolidated()[1:],
            granted,
            *map(ruled, charters.TEAMS),
            *outcomes,
            published,
            *more,
        ]
    )


def found(history: Given) -> list[Due]:
    """All that follows on a history, by now or later."""
    events = list(enumerate(history.background, start=1))

    def read(facts: Sequence[Fact]) -> None:
        for position, each in events:
            fold(facts, each.TYPE, each.tags(history.programme), position, each)

    charter, facts = CharterInForce(history.programme), common(history.programme)
    read((charter, *facts))
    return list(following(Known(charter.charter, *facts, history.decided_at), read))


def due(history: Given) -> list[Due]:
    return [each for each in found(history) if is_due(each, history.decided_at)]


def decide(history: Given, each: Due) -> tuple[Event, ...]:
    return history.by_itself(each.reaction, each.follows).when(each.decision, each.body).decide()


def reacted(history: Given) -> Given:
    """The history once all that is due has followed."""
    done: set[str] = set()
    for _round in range(20):
        every = [each for each in due(history) if each.key not in done]
        if not every:
            return history
        done.add(every[0].key)
        history = replace(history, background=[*history.background, *decide(history, every[0])])
    raise AssertionError("there is no end to it")


def news(history: Given) -> list[Event]:
    """What follows by itself, all in all."""
    return reacted(history).background[len(history.background) :]


def position(history: Given, type_: type[Event]) -> int:
    return max(n for n, each in enumerate(history.background, start=1) if isinstance(each, type_))


def test_a_final_elimination_suspends_the_grants_of_the_team_and_nobody_elses() -> None:
    others = ResourceGranted(grant="h", team="ant", resource="gpu", quantity="2", **PERIOD)
    history = ended(rules("suspend-grants"), others, FINAL)
    (suspended,) = news(history)
    assert isinstance(suspended, GrantSuspended)
    assert (suspended.grant, suspended.starts) == ("g", TODAY)
    assert (suspended.reason.en, suspended.reason.ko) == ("Eliminated, finally: heat", "탈락 확정: heat (ko)")
    assert [each.follows for each in due(history)] == [position(history, StageFinalised)]


def test_an_elimination_suspends_nothing_before_it_is_final() -> None:
    assert news(ended(rules("suspend-grants"))) == []


def test_an_elimination_from_a_later_stage_suspends_nothing_before_it_is_public() -> None:
    """The stage before is final, and the team's outcome in it was another."""
    granted = ResourceGranted(grant="h", team="ant", resource="gpu", quantity="2", **PERIOD)
    again = [
        StageOpened(stage="final", teams=("ant", "bee")),
        TeamEliminated(stage="final", team="ant", basis="rank", reason=WHY),
    ]
    assert [each.subject for each in due(ended(rules("suspend-grants"), granted, FINAL, *again))] == ["g"]


def test_a_grant_is_revoked_from_the_end_of_the_grace_period() -> None:
    (revoked,) = news(ended(rules("revoke-grants", grace="30"), FINAL))
    assert isinstance(revoked, GrantRevoked)
    assert revoked.starts == "2026-02-14"
    both = news(ended(rules("revoke-grants", "suspend-grants", grace="0"), FINAL))
    assert [type(each) for each in both] == [GrantRevoked]


def test_a_grant_that_ends_within_the_grace_period_is_not_revoked_and_one_that_comes_later_from_its_first_day() -> None:
    assert news(ended(rules("revoke-grants", grace="3650"), FINAL)) == []
    later = ResourceGranted(grant="h", team="cow", resource="gpu", quantity="1", starts="2026-03-01", ends="2026-04-01")
    found = news(ended(rules("suspend-grants"), later, FINAL))
    starts = {each.grant: each.starts for each in found if isinstance(each, GrantSuspended)}
    assert starts == {"g": TODAY, "h": "2026-03-01"}


def test_what_an_agency_decides_of_a_grant_afterwards_stands() -> None:
    """A reaction follows once: whoever resumes the grant is not overruled by the same elimination."""
    history = reacted(ended(rules("suspend-grants"), FINAL))
    resumed = GrantResumed(grant="g", team="cow", resource="gpu", starts="2026-01-16", reason=WHY)
    assert news(replace(history, background=[*history.background, resumed], decided_at=AFTER)) == []


def test_a_day_from_which_an_agency_has_revoked_a_grant_stands() -> None:
    revoked = GrantRevoked(grant="g", team="cow", resource="gpu", starts="2026-06-01", reason=WHY)
    assert news(ended(rules("revoke-grants"), revoked, FINAL)) == []


def test_usage_that_was_reported_holds_a_suspension_in_the_open() -> None:
    """Until the day up to which it was, whether or not anything is recorded by then."""
    used = UsageReported(grant="g", team="cow", resource="gpu", quantity="4", starts=TODAY, ends="2026-02-01")
    history = ended(rules("suspend-grants"), used, FINAL)
    (each,) = due(history)
    with pytest.raises(Refusal, match="in use"):
        decide(history, each)
    later = replace(history, decided_at=datetime(2026, 2, 1, 12, tzinfo=UTC))
    (each,) = due(later)
    assert [type(event) for event in decide(later, each)] == [GrantSuspended]


def test_a_team_that_advances_finally_is_conferred_the_titles_that_its_status_entitles_it_to() -> None:
    charter = rules("confer-titles")
    assert news(ended(charter)) == []
    conferred = [TitleConferred(team=team, title="Champion") for team in ("ant", "bee")]
    assert news(ended(charter, FINAL)) == conferred
    assert news(ended(charter, conferred[0], FINAL)) == conferred[1:]
    withdrawn = TitleWithdrawn(team="ant", title="Champion", reason=WHY)
    assert news(ended(charter, FINAL, conferred[0], withdrawn)) == conferred[1:]


def test_a_team_that_is_selected_is_conferred_its_titles_unless_it_is_gone() -> None:
    entitled = [{"status": "selected", "titles": ["Champion"]}]
    selected = CallTeamSelected(call="refill", stage="heat", team="dog", name=WHY, reason=WHY)
    history = ended(rules("confer-titles", entitlements=entitled), FINAL, OPENED, selected)
    assert news(history) == [TitleConferred(team="dog", title="Champion")]
    gone = replace(history, background=[*history.background, TeamWithdrawn(stage=None, team="dog", reason=WHY)])
    assert news(gone) == []


def test_a_vacancy_opens_the_additional_call_once_it_is_public() -> None:
    charter = rules("open-calls")
    history = ended(charter)
    (opened,) = news(history)
    assert isinstance(opened, AdditionalCallOpened)
    assert (opened.call, opened.stage) == ("refill", "heat")
    unpublished = given(background=history.background[:-1])
    assert news(unpublished) == []
    assert news(ended(charter, ScoringReopened(stage="heat", reason=WHY))) == []
    assert news(ended(charter, FINAL, StageOpened(stage="final", teams=("ant", "bee")))) == []


def test_a_vacancy_that_a_withdrawal_leaves_is_followed_from_there() -> None:
    """Also where the results were public before the charter had the call follow."""
    history = ended(rules(), amended("open-calls"), TeamWithdrawn(stage=None, team="ant", reason=WHY))
    assert [each.follows for each in due(history)] == [position(history, TeamWithdrawn)]


def test_a_seat_that_is_not_vacant_opens_no_call() -> None:
    assert news(ended(rules("open-calls", seats="2"))) == []


def test_the_end_of_the_objection_window_makes_a_stage_final_and_what_rests_on_it_follows() -> None:
    history = ended(rules("finalise-stages", "suspend-grants", "confer-titles"))
    assert [(each.at, each.follows) for each in found(history)] == [(UNTIL, position(history, ResultsPublished))]
    assert news(history) == []
    assert news(history.at(AFTER - timedelta(microseconds=1))) == []
    types = [each.TYPE for each in news(history.at(AFTER))]
    assert types == ["StageFinalised", "GrantSuspended", "TitleConferred", "TitleConferred"]


def test_an_open_objection_holds_the_stage_and_all_that_rests_on_it() -> None:
    filed = ObjectionFiled(objection="o", stage="heat", team="cow", subject="outcome", grounds="why")
    held = ended(rules("finalise-stages", "suspend-grants", "revoke-grants", "confer-titles"), filed).at(AFTER)
    assert news(held) == []
    decided = ObjectionDecided(
        objection="o", stage="heat", team="cow", subject="outcome", outcome="dismissed", reason="why"
    )
    free = replace(held, background=[*held.background, decided])
    assert "StageFinalised" in [each.TYPE for each in news(free)]


def test_without_a_window_nothing_is_missed_and_the_agency_makes_the_stage_final() -> None:
    assert found(ended(rules("finalise-stages"), until=None)) == []


def received(team: str) -> CallApplicationReceived:
    return CallApplicationReceived(call="refill", team=team, name=WHY, eligible_class="anyone")


def screened(screening: Any) -> ApplicationScreened:
    return ApplicationScreened(call="refill", team="dog", screening=screening, reason=WHY, independence="not_reviewed")


OPENED = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="2026-01-20")


def test_a_call_closes_after_its_deadline_if_nobody_is_left_to_be_selected() -> None:
    opened = OPENED
    history = ended(rules("close-calls"), opened)
    assert news(history) == []
    assert [each.TYPE for each in news(history.at(AFTER))] == ["CallClosedWithoutSelection"]
    for applied in ([received("dog")], [received("dog"), screened("admitted")]):
        assert news(ended(rules("close-calls"), opened, *applied).at(AFTER)) == []
    refused = ended(rules("close-calls"), opened, received("dog"), screened("refused")).at(AFTER)
    assert [each.TYPE for each in news(refused)] == ["CallClosedWithoutSelection"]


def test_every_reaction_is_tried_here() -> None:
    assert set(FOLLOWING) == set(REACTIONS) - {"serve-notices"}


EVERY = tuple(FOLLOWING)


def full() -> Given:
    """All that can follow does."""
    return ended(rules(*EVERY), OPENED, FINAL).at(AFTER)


def test_nothing_follows_that_the_charter_does_not_have() -> None:
    history = full()
    without = replace(history, background=[rules(), *history.background[1:]])
    assert due(history)
    assert due(without) == []
    for each in due(history):
        with pytest.raises(NotMandatedError):
            decide(without, each)


def test_nothing_follows_from_what_was_before_the_charter_had_it() -> None:
    history = full()
    assert due(replace(history, background=[rules(), *history.background[1:], amended(*EVERY)])) == []


def test_what_the_charter_has_follow_still_does_after_an_amendment() -> None:
    history = full()
    again = replace(history, background=[*history.background, amended(*EVERY)])
    assert [each.key for each in due(again)] == [each.key for each in due(history)] != []


def amended(*reactions: str) -> CharterAmended:
    now = rules(*reactions)
    return CharterAmended(rules_hash=now.rules_hash, document=now.document, replaces="a" * 64, deviation=False)


def test_what_another_release_had_follow_is_not_decided_by_this_one() -> None:
    history = full()
    each = due(history)[0]
    with pytest.raises(LookupError, match="not in this release"):
        history.by_itself(each.reaction, each.follows, version=2).when(each.decision, each.body).decide()


CHANGES: dict[str, dict[str, Any]] = {
    "suspend-grants": {"starts": "2026-01-22"},
    "revoke-grants": {"starts": "2026-01-22"},
    "confer-titles": {"team": "cow"},
    "close-calls": {"reason": {"en": "because", "ko": "왜"}},
}


@pytest.mark.parametrize("reaction", CHANGES)
def test_the_system_decides_what_follows_and_nothing_like_it(reaction: str) -> None:
    """Also whoever runs the service cannot have it decide another thing, or from another event, or too early."""
    history = full()
    each = next(each for each in due(history) if each.reaction == reaction)
    decide(history, each)
    other = {**each.body, **CHANGES[reaction]}
    history.by_itself(reaction, each.follows).when(each.decision, other).refused(NotFollowingError)
    for follows in (each.follows - 1, each.follows + 1):
        history.by_itself(reaction, follows).when(each.decision, each.body).refused(NotFollowingError)
    again = replace(history, background=[*history.background, *decide(history, each)])
    assert each.key not in [same.key for same in due(again)]
    again.by_itself(reaction, each.follows).when(each.decision, each.body).refused(NotFollowingError)


def test_what_is_due_later_is_refused_until_then() -> None:
    history = ended(rules("finalise-stages"))
    (each,) = found(history)
    history.by_itself(each.reaction, each.follows).when(each.decision, each.body).refused(NotFollowingError)
    decide(history.at(AFTER), each)


def test_what_takes_two_agencies_is_proposed_by_the_system_and_waits() -> None:
    named = [*charters.document()["countersignatures"], {"decisions": ["confer-title"], "agencies": ["other"]}]
    history = ended(rules("confer-titles", countersignatures=named), FINAL)
    each = due(history)[0]
    (proposed,) = decide(history, each)
    assert isinstance(proposed, DecisionProposed)
    assert proposed.awaiting == ("other",)
    approved = history.by_itself(each.reaction, each.follows).when(each.decision, each.body).approved()
    assert approved == (TitleConferred(team="ant", title="Champion"),)
