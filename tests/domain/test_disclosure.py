"""Who may read what, and when."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from domain.boundary import tag
from domain.charter_document import Charter
from domain.disclosure import PUBLIC, Disclosure, Reader, disclosed, owner_of, readable, stage_of_event
from domain.event import Disclosed, decode_data
from domain.hearing_course import IndependenceOpinionGiven, StatementGiven, StatementRequested
from domain.scalars import Names
from domain.stage_events import ResultsPublished, ScoringReopened
from service.application.shown_by_tag import WITHOUT_STAGE_TAG
from tests.domain import charters
from tests.domain.charters import publications


def charter_with(*disclosure: dict[str, object]) -> Charter:
    return msgspec.convert(charters.document(disclosure=list(disclosure)), type=Charter)


def test_a_charter_may_hold_back_more_but_never_less_than_the_type_does() -> None:
    tighter = charter_with({"events": ["TeamEnrolled"], "public": "with-results"})
    assert disclosed(tighter, "TeamEnrolled") == "with-results"
    looser = charter_with({"events": ["ScoreSubmitted", "TeamEliminated"], "public": "at-once"})
    assert disclosed(looser, "ScoreSubmitted") == "agencies"
    assert disclosed(looser, "TeamEliminated") == "with-results"


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "ant")])
@pytest.mark.parametrize(
    ("disclosure", "published", "shown"),
    [
        ("at-once", [], True),
        ("with-results", [], False),
        ("with-results", ["other"], False),
        ("with-results", ["heat"], True),
        ("agencies", ["heat"], False),
    ],
)
def test_the_public_reads_from_the_named_moment_on(
    reader: Reader, disclosure: Disclosed, published: list[str], shown: bool
) -> None:
    assert readable(disclosure, "heat", 3, publications(*published), reader) is shown


def test_what_belongs_to_no_stage_is_never_published_with_one() -> None:
    assert not readable("with-results", None, 3, publications("heat"), PUBLIC)


def test_what_comes_after_reopening_waits_for_the_next_publication() -> None:
    made = publications("heat")
    made.take(5, ScoringReopened(stage="heat", reason=Names(en="why", ko="why")))
    shown = [position for position in range(1, 8) if readable("with-results", "heat", position, made, PUBLIC)]
    assert shown == [1, 2, 3, 4, 5]
    made.take(6, ScoringReopened(stage="heat", reason=Names(en="why", ko="why")))
    assert not readable("with-results", "heat", 6, made, PUBLIC)
    made.take(7, ResultsPublished(stage="heat", publishers=()))
    assert readable("with-results", "heat", 6, made, PUBLIC)
    assert readable("with-results", "heat", 9, made, PUBLIC)


def test_reopening_what_was_not_published_publishes_nothing() -> None:
    made = publications()
    made.take(5, ScoringReopened(stage="heat", reason=Names(en="why", ko="why")))
    assert not readable("with-results", "heat", 4, made, PUBLIC)


def test_what_is_past_stays_under_the_charter_that_it_was_recorded_under() -> None:
    """An amendment neither uncovers nor hides it."""
    held, open_ = charter_with({"events": ["TeamEnrolled"], "public": "agencies"}), charter_with()
    enrolled = charters.enrolment("ant")
    for earlier, later, shown in [(held, open_, [False, True]), (open_, held, [True, False])]:
        disclosure = Disclosure(((1, earlier), (5, later)), publications(), PUBLIC)
        assert [disclosure.shows(position, enrolled) for position in (4, 5)] == shown


@pytest.mark.parametrize("reader", [Reader("agency", "owner"), Reader("auditor", "auditor")])
def test_agencies_and_auditors_read_everything(reader: Reader) -> None:
    assert readable("agencies", "heat", 3, publications(), reader)


def test_what_is_asked_of_a_team_and_what_it_answers_is_read_by_itself_at_once_and_by_no_other() -> None:
    answered = StatementGiven(stage="heat", team="ant", statement="Our own.")
    asked = StatementRequested(stage="heat", team="ant", question="Whose?", until="2026-01-22T15:00:00.000000Z")
    opinion = IndependenceOpinionGiven(stage="heat", team="ant", evaluator="ev-0", opinion="met", reason="The logs.")
    for event in (asked, answered):
        shown = [
            readable(event.PUBLIC, "heat", 3, publications("heat"), reader, owner_of(event))
            for reader in (Reader("consortium", "ant"), Reader("consortium", "bee"), Reader("agency", "ant"), PUBLIC)
        ]
        assert shown == [True, False, True, False]
    for reader in (Reader("consortium", "ant"), Reader("consortium", "ev-0"), Reader("evaluator", "ev-1"), PUBLIC):
        assert not readable(opinion.PUBLIC, "heat", 3, publications("heat"), reader, owner_of(opinion))
    assert readable(opinion.PUBLIC, "heat", 3, publications("heat"), Reader("evaluator", "ev-0"), owner_of(opinion))


def test_an_agency_reads_under_embargo_only_where_the_charter_names_it() -> None:
    charter = charter_with()
    owner, stranger = Reader("agency", "owner"), Reader("agency", "stranger")
    assert owner.within(charter) == owner
    assert stranger.within(charter) == PUBLIC
    assert Reader("auditor", "stranger").within(charter).reads_embargoed
    assert not Reader("consortium", "owner").within(charter).reads_embargoed


def test_what_is_public_with_results_carries_the_tag_of_its_stage_but_for_a_few() -> None:
    vectors = Path(__file__).parent / "vectors" / "events.json"
    events = [
        decode_data(e["type"], e["version"], e["data"].encode()) for e in msgspec.json.decode(vectors.read_bytes())
    ]
    bare = {
        each.TYPE
        for each in events
        if each.PUBLIC == "with-results" and tag("stage", "p", str(stage_of_event(each))) not in each.tags("p")
    }
    assert bare == WITHOUT_STAGE_TAG
