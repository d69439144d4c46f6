"""Which notices follow from what was recorded, to whom, and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from domain.call_events import AdditionalCallOpened
from domain.charter_faults import faults
from domain.event import EVENTS, Event
from domain.hearing_course import StatementRequested
from domain.notices import NoticeServed
from domain.noticing import FACT_EVENTS, Notice, NoticeFacts, last_of_each, notices_of
from domain.outcome_events import OutcomeSuperseded, TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.stage_events import ResultsPublished, StageOpened
from domain.views import MemoryRows
from domain.views.audit_trail import AUDIT_TRAIL, key
from tests.domain import charters
from tests.domain.charters import names
from tests.domain.occurrences import occurrence
from tests.playing import EVERY, lines_of, play

WHY = Names(en="why", ko="왜")
EVERYBODY = ["enrolled", "advanced", "selected", "eliminated", "withdrawn"]
AFTER = {
    "id": "outcome",
    "title": names("{event}"),
    "body": names("{what} See {receipt}."),
    "variables": ["event", "what", "receipt"],
    "events": ["TeamAdvanced", "TeamEliminated", "OutcomeSuperseded"],
    "recipients": EVERYBODY,
}
RESULTS = {
    "id": "results",
    "title": names("{stage}"),
    "body": names("{team}[ may object until {until}| may not object]."),
    "variables": ["stage", "team", "until"],
    "events": ["ResultsPublished"],
    "recipients": EVERYBODY,
}
CALL = {
    "id": "call",
    "title": names("{call}"),
    "body": names("until {until}"),
    "variables": ["call", "until"],
    "events": ["AdditionalCallOpened"],
    "recipients": ["registered", "eliminated", "withdrawn"],
}
DEADLINE = "2026-01-22T15:00:00.000000Z"
ADVANCED, ELIMINATED = (
    TeamAdvanced(stage="heat", team="ant", reason=WHY),
    TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY),
)
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))


def told(*events: Event, templates: Iterable[dict[str, Any]] = (AFTER, RESULTS, CALL)) -> Told:
    charter = charters.charter(automatic_notices=list(templates))
    return Told(charters.PROGRAMME, [charter, *charters.enrolled()[1:], *events])


class Told:
    """Events as they come: `facts` as of the last of them, `stored` the entry of each, `sent` what was due at once."""

    def __init__(self, programme: str, events: list[Event]) -> None:
        self.facts = NoticeFacts(programme, lambda: ("dog", "ant"))
        self.events = events
        rows = MemoryRows()
        AUDIT_TRAIL.fold(rows, [occurrence(at, event) for at, event in enumerate(events, 1)])
        self.stored = {at: value for at in range(1, len(events) + 1) if (value := rows.get(key(at))) is not None}
        self.sent: list[Notice] = []
        for at, event in enumerate(events, 1):
            if event.TYPE in FACT_EVENTS:
                self.facts.apply(at, event)
            self.sent += notices_of(self.stored[at], self.facts)

    def released(self) -> list[Notice]:
        """What is due of all that was recorded, now."""
        return list(last_of_each(each for stored in self.stored.values() for each in notices_of(stored, self.facts)))


def to(found: Iterable[Notice]) -> list[tuple[str, str]]:
    return [(each.recipient, each.template) for each in found]


def test_an_outcome_is_told_with_the_results_and_not_before() -> None:
    before = told(ADVANCED, ELIMINATED)
    assert before.sent == before.released() == []
    after = told(ADVANCED, ELIMINATED, PUBLISHED)
    assert set(to(after.sent)) == {("ant", "results"), ("bee", "results"), ("cow", "results")}
    assert to(after.released())[:2] == [("ant", "outcome"), ("cow", "outcome")]


def test_of_what_is_released_together_the_last_holds() -> None:
    changed = OutcomeSuperseded(
        stage="heat", team="ant", was="advanced", to="eliminated", basis="objection", objection="one", reason=WHY
    )
    (outcome, *_others) = [each for each in told(ADVANCED, changed, PUBLISHED).released() if each.recipient == "ant"]
    assert outcome.title.en == EVENTS["OutcomeSuperseded"].SAYS.title.en.join(("[REHEARSAL] ", ""))


def test_who_is_told_does_not_tell_who_was_eliminated() -> None:
    """While it is not public who left, all are told what concerns all, and by their status of before."""
    opened = StageOpened(stage="final", teams=("ant", "bee"))
    of_stage = {**RESULTS, "events": ["StageOpened"], "body": names("{team}"), "variables": ["stage", "team"]}
    everybody = [{**of_stage, "recipients": ["enrolled"]}]
    assert [each.recipient for each in told(ELIMINATED, opened, templates=everybody).sent] == ["ant", "bee", "cow"]
    published = told(ELIMINATED, PUBLISHED, opened, templates=[of_stage])
    assert [each.recipient for each in published.sent] == ["ant", "bee"]


def test_a_team_reads_what_is_its_own_at_once_and_nobody_else_does() -> None:
    asked = StatementRequested(stage="heat", team="bee", question="whose?", until=DEADLINE)
    template = {**RESULTS, "events": ["StatementRequested"], "body": names("{team} until {until}")}
    (notice,) = told(asked, templates=[template]).sent
    assert (notice.recipient, notice.position) == ("bee", 5)
    assert notice.body.ko == "bee (ko) until 22 January 2026 (ko)\n\nMade up for tests (ko)".replace(
        "22 January 2026", "2026년 1월 22일"
    )


def test_a_part_without_a_value_is_left_out() -> None:
    until = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=DEADLINE)
    assert told(PUBLISHED).sent[0].body.en.startswith("ANT may not object.")
    assert told(until).sent[0].body.en.startswith("ANT may object until 22 January 2026.")


def test_a_call_is_told_to_whoever_may_apply() -> None:
    """Teams that are known to have left, and who is registered and no team; not those that hold a seat."""
    every = tuple(each["id"] for each in charters.document()["calls"][0]["classes"])
    call = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=every, closes="2026-03-01")
    withdrawn = TeamWithdrawn(stage=None, team="bee", reason=WHY)
    found = told(ADVANCED, ELIMINATED, withdrawn, PUBLISHED, call)
    assert set(to(found.sent)) >= {("cow", "call"), ("bee", "call"), ("dog", "call")}
    assert ("ant", "call") not in to(found.sent)


def test_what_an_agency_serves_says_what_it_was_served_with() -> None:
    served = NoticeServed(
        notice="notice-1",
        team="ant",
        template="hearing",
        subject="heat",
        values={"question": "{what}"},
        deadline=DEADLINE,
    )
    (notice,) = told(served).sent
    assert (notice.id, notice.recipient, notice.template) == ("notice-1", "ant", "hearing")
    assert notice.body.en.startswith("Answer {what} until then.")


def test_the_same_events_give_the_same_bytes_and_ids_are_unique() -> None:
    for programme in EVERY:
        one, again = (Told(programme, play(programme, lines_of(programme))) for _ in range(2))
        assert one.released() == again.released()
        ids = [each.id for each in one.released()]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("programme", EVERY)
def test_every_template_of_a_programme_reads_well_in_both_languages(programme: str) -> None:
    """And says what it is, as none of them is live."""
    found = Told(programme, play(programme, lines_of(programme))).released()
    assert len({each.template for each in found}) > 4
    for each in found:
        assert each.title.en.startswith(("[REHEARSAL] ", "[PUBLIC RECORD] "))
        assert each.title.ko.startswith(("[연습용] ", "[공개 기록] "))
        for text in (each.title.en, each.title.ko, each.body.en, each.body.ko):
            for mark in ("{", "}", "[ ", " ]", "()", "(은)", "(가)", "  "):
                assert mark not in text, text


@pytest.mark.parametrize(
    ("changes", "place", "says"),
    [
        ({"events": ["Nothing"]}, "/automatic_notices/0/events", "no event"),
        ({"events": ["ScoreSubmitted"]}, "/automatic_notices/0/events", "no consortium is told of ScoreSubmitted"),
        ({"events": ["NoticeServed"]}, "/automatic_notices/0/events", "no consortium is told of NoticeServed"),
        ({"events": ["ResourcePoolSet"]}, "/automatic_notices/0/events", "no consortium is told of ResourcePoolSet"),
        ({"events": ["TitleConferred"]}, "/automatic_notices/0/variables/0", "TitleConferred gives no 'stage'"),
        ({"body": names("{until}")}, "/automatic_notices/0/body/en", "{until} has no value at times"),
        ({"body": names("[{team}|{until}]")}, "/automatic_notices/0/body/en", "{until} has no value at times"),
        ({"body": names("[{team}, {until}")}, "/automatic_notices/0/body/en", "bracket"),
        ({"body": names("{team.en} [{until}]")}, "/automatic_notices/0/body/en", "'team.en' is no declared variable"),
        ({"recipients": ["registered"]}, "/automatic_notices/0/recipients", "told of calls only"),
        ({"events": []}, "/automatic_notices/0/events", "at least one"),
        ({"id": "hearing"}, "/automatic_notices/0/id", "an agency serves"),
        ({"recipients": []}, "/automatic_notices/0/recipients", "nobody"),
    ],
)
def test_a_template_that_could_not_be_filled_is_a_fault_of_the_charter(
    changes: dict[str, Any], place: str, says: str
) -> None:
    assert list(faults(charters.document(automatic_notices=[RESULTS]), DECISIONS, EVENTS)) == []
    found = list(faults(charters.document(automatic_notices=[{**RESULTS, **changes}]), DECISIONS, EVENTS))
    assert [each for each in found if each.pointer == place and says in each.detail], found
