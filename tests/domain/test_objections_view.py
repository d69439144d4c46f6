"""Objections as each reader may see them."""

from __future__ import annotations

import pytest

from domain.charter_document import parse
from domain.disclosure import PUBLIC, Disclosure, Reader
from domain.event import Event
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.publications import Publications
from domain.scalars import Names
from domain.stage_events import ResultsPublished, ScoringReopened
from domain.views.objections import ObjectionRow, objection_rows
from tests.domain import charters

RULES = parse(charters.charter().document.encode())
AGENCY, AUDITOR = Reader("agency", "owner"), Reader("auditor", "auditor")
OWN, OTHER = Reader("consortium", "cow"), Reader("consortium", "bee")
EVIDENCE = "a" * 64


def filed(objection: str = "o", team: str = "cow") -> ObjectionFiled:
    return ObjectionFiled(
        objection=objection, stage="heat", team=team, subject="score", grounds="miscounted", evidence=(EVIDENCE,)
    )


def decided(objection: str = "o", team: str = "cow") -> ObjectionDecided:
    return ObjectionDecided(
        objection=objection, stage="heat", team=team, subject="score", outcome="upheld", reason="so it was"
    )


PUBLISHED = ResultsPublished(stage="heat", publishers=())
REOPENED = ScoringReopened(stage="heat", reason=Names(en="x", ko="x"))


def disclosure(reader: Reader, *events: Event) -> Disclosure:
    publications = Publications()
    for position, each in enumerate(events, 1):
        publications.take(position, each)
    return Disclosure(((0, RULES),), publications, reader)


def seen(reader: Reader, *events: Event) -> list[ObjectionRow]:
    """What a reader sees; event n was recorded at position and second n."""
    found = [(n, f"2026-01-01T00:00:{n:02}.000000Z", each) for n, each in enumerate(events, 1)]
    return objection_rows(found, disclosure(reader, *events).shows)


def test_a_row_says_what_was_filed_and_what_became_of_it() -> None:
    (row,) = seen(AGENCY, PUBLISHED, filed(), decided())
    assert row == ObjectionRow(
        objection="o",
        stage="heat",
        team="cow",
        subject="score",
        state="upheld",
        filed=2,
        filed_at="2026-01-01T00:00:02.000000Z",
        grounds="miscounted",
        evidence=(EVIDENCE,),
        decided=3,
        decided_at="2026-01-01T00:00:03.000000Z",
        reason="so it was",
    )


@pytest.mark.parametrize("reader", [AGENCY, AUDITOR, OWN])
def test_an_undecided_objection_is_for_agencies_auditors_and_the_team_itself(reader: Reader) -> None:
    (row,) = seen(reader, PUBLISHED, filed())
    assert (row.state, row.grounds, row.decided, row.decided_at, row.reason) == (
        "undecided",
        "miscounted",
        None,
        None,
        None,
    )


@pytest.mark.parametrize("reader", [PUBLIC, OTHER])
def test_others_know_of_an_objection_once_it_is_decided_and_never_its_grounds(reader: Reader) -> None:
    assert seen(reader, PUBLISHED, filed()) == []
    rows = seen(reader, PUBLISHED, filed("o"), filed("p", "ant"), decided("p", "ant"))
    assert [(row.objection, row.state, row.reason) for row in rows] == [("p", "upheld", "so it was")]
    assert (rows[0].grounds, rows[0].evidence) == (None, None)


def test_what_was_decided_after_reopening_waits_for_the_next_publication_but_not_for_the_team_itself() -> None:
    history = (PUBLISHED, filed(), REOPENED, decided())
    assert seen(PUBLIC, *history) == []
    assert [row.state for row in seen(OWN, *history)] == ["upheld"]
    readers = (PUBLIC, OTHER, OWN, AGENCY)
    assert [disclosure(each, *history).shows(4, decided()) for each in readers] == [False, False, True, True]
    assert [row.state for row in seen(PUBLIC, *history, PUBLISHED)] == ["upheld"]


def test_objections_of_the_same_id_are_each_of_their_team() -> None:
    rows = seen(AGENCY, PUBLISHED, filed("o"), filed("o", "ant"), decided("o", "ant"))
    assert [(row.team, row.state) for row in rows] == [("cow", "undecided"), ("ant", "upheld")]


def test_rows_are_in_order_of_filing() -> None:
    rows = seen(AGENCY, PUBLISHED, filed("b"), filed("a"), decided("a"))
    assert [row.objection for row in rows] == ["b", "a"]
