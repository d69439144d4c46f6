"""The audit trail as each reader sees it."""

from __future__ import annotations

import msgspec
import pytest

from domain.disclosure import PUBLIC, Reader
from domain.envelope import Attribution
from domain.event import Disclosed
from domain.outcome_events import TeamEliminated
from domain.scalars import Names
from domain.views import MemoryRows
from domain.views.audit_trail import Entry, Kept, fold, key, shown
from tests.domain.charters import publications
from tests.domain.occurrences import AT, occurrence

ENTRY = Entry(
    position=7,
    type="TeamEliminated",
    version=1,
    recorded_at="2026-01-01T00:00:00.000000Z",
    stage="heat",
    decision="eliminate-team",
    agency="owner",
    principal="slk_0123456789abcdef",
    data=msgspec.Raw(b'{"team":"ant"}'),
)


def seen(reader: Reader, *, published: bool, public: Disclosed = "with-results") -> dict[str, object]:
    stored = msgspec.json.encode(Kept(public, ENTRY))
    entry = shown(stored, publications("heat") if published else publications(), reader)
    return msgspec.json.decode(msgspec.json.encode(entry), type=dict[str, object])


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "ant")])
def test_the_public_never_sees_which_key_decided(reader: Reader) -> None:
    after = seen(reader, published=True)
    assert (after["agency"], after["data"]) == ("owner", {"team": "ant"})
    assert "principal" not in after
    assert "principal" not in seen(reader, published=False)
    assert "principal" not in seen(reader, published=False, public="at-once")


def test_an_entry_says_what_its_event_means() -> None:
    assert seen(PUBLIC, published=True)["says"] == "A team leaves the programme, on the named basis."


@pytest.mark.parametrize("reader", [Reader("agency", "owner"), Reader("auditor", "auditor")])
def test_agencies_and_auditors_see_which_key_decided(reader: Reader) -> None:
    assert seen(reader, published=False)["principal"] == ENTRY.principal


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "ant")])
def test_of_what_is_withheld_only_position_type_and_time_are_shown(reader: Reader) -> None:
    assert seen(reader, published=False) == {
        "position": 7,
        "type": "TeamEliminated",
        "version": 1,
        "recorded_at": ENTRY.recorded_at,
        "withheld": "with-results",
    }


def test_a_team_reads_at_once_what_is_its_own() -> None:
    stored = msgspec.json.encode(Kept("agencies", ENTRY, "consortium/ant"))
    readers = (Reader("consortium", "ant"), Reader("consortium", "bee"), PUBLIC)
    assert [shown(stored, publications(), each).withheld for each in readers] == [None, "agencies", "agencies"]
    assert shown(stored, publications(), readers[0]).principal is None


@pytest.mark.parametrize(("attribution", "known"), [("decided", True), ("reported", False)])
def test_when_something_was_decided_is_said_of_what_was_decided_here_only(
    attribution: Attribution, known: bool
) -> None:
    """Of a reported decision the clock tells when it was recorded."""
    event = TeamEliminated(stage="heat", team="ant", basis="rank", reason=Names(en="Why", ko="왜"))
    rows, recorded = MemoryRows(), "2026-01-16T00:00:00.000000Z"
    fold(rows, [occurrence(7, event, recorded_at=recorded, attribution=attribution)])
    entry = shown(rows.get(key(7)) or b"", publications(), Reader("auditor", "auditor"))
    assert entry.decided_at == (AT if known else None)
    assert entry.recorded_at == recorded
