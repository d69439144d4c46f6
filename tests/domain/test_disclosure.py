"""Who may read what, and when."""

from __future__ import annotations

import msgspec
import pytest

from domain.charter_document import Charter
from domain.disclosure import PUBLIC, Reader, disclosed, readable
from domain.event import Disclosed
from tests.domain import charters


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
        ("at-once", frozenset(), True),
        ("with-results", frozenset(), False),
        ("with-results", frozenset({"other"}), False),
        ("with-results", frozenset({"heat"}), True),
        ("agencies", frozenset({"heat"}), False),
    ],
)
def test_the_public_reads_from_the_named_moment_on(
    reader: Reader, disclosure: Disclosed, published: frozenset[str], shown: bool
) -> None:
    assert readable(disclosure, "heat", published, reader) is shown


def test_what_belongs_to_no_stage_is_never_published_with_one() -> None:
    assert not readable("with-results", None, frozenset({"heat"}), PUBLIC)


@pytest.mark.parametrize("reader", [Reader("agency", "owner"), Reader("auditor", "auditor")])
def test_agencies_and_auditors_read_everything(reader: Reader) -> None:
    assert readable("agencies", "heat", frozenset(), reader)


def test_an_agency_reads_under_embargo_only_where_the_charter_names_it() -> None:
    charter = charter_with()
    owner, stranger = Reader("agency", "owner"), Reader("agency", "stranger")
    assert owner.within(charter) == owner
    assert stranger.within(charter) == PUBLIC
    assert Reader("auditor", "stranger").within(charter).reads_embargoed
    assert not Reader("consortium", "owner").within(charter).reads_embargoed
