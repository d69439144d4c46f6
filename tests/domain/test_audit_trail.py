"""The audit trail as each reader sees it."""

from __future__ import annotations

import msgspec
import pytest

from domain.charter_document import parse
from domain.disclosure import PUBLIC, Reader
from domain.envelope import Actor, Attribution
from domain.event import Disclosed, Event, encode_data
from domain.naming import Naming
from domain.outcome_events import TeamEliminated
from domain.proposal_events import DecisionApproved
from domain.scalars import Names
from domain.views import MemoryRows, Occurrence
from domain.views.audit_trail import Entry, Kept, fold, key, shown
from tests.domain.charters import PROGRAMME, charter, enrolled, publications
from tests.domain.occurrences import AT, occurrence

ELIMINATED = TeamEliminated(
    stage="heat", team="ant", basis="rank", reason=Names(en="Third of three.", ko="셋 중 셋째.")
)
ENTRY = Entry(
    position=7,
    type="TeamEliminated",
    version=1,
    recorded_at="2026-01-01T00:00:00.000000Z",
    stage="heat",
    decision="eliminate-team",
    decided_at="2026-01-01T00:00:00.000000Z",
    agency="owner",
    principal="slk_0123456789abcdef",
    data=msgspec.Raw(encode_data(ELIMINATED)),
)

NAMING = Naming.of(((1, parse(charter().document.encode())),), enumerate(enrolled()))


def seen(reader: Reader, *, published: bool, public: Disclosed = "with-results") -> dict[str, object]:
    stored = msgspec.json.encode(Kept(public, ENTRY))
    entry = shown(stored, publications("heat") if published else publications(), reader, NAMING)
    return msgspec.json.decode(msgspec.json.encode(entry), type=dict[str, object])


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "ant")])
def test_the_public_never_sees_which_key_decided(reader: Reader) -> None:
    after = seen(reader, published=True)
    assert (after["agency"], after["data"]) == ("owner", msgspec.json.decode(encode_data(ELIMINATED)))
    assert "principal" not in after
    assert "principal" not in seen(reader, published=False)
    assert "principal" not in seen(reader, published=False, public="at-once")


def test_an_entry_says_who_decided_what_when_and_why_in_the_names_of_then() -> None:
    assert seen(PUBLIC, published=True)["says"] == {
        "en": "On 1 January 2026, Owner eliminated ANT from heat on the ground of its rank. "
        "Reason: “Third of three”. Rules: the charter in force since position 1.",
        "ko": "2026년 1월 1일 Owner (ko)가 순위를 근거로 ant (ko)를 heat (ko)에서 탈락시켰다. "
        "사유: “셋 중 셋째”. 적용 규정: 기록 1번부터 시행된 헌장.",
    }


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
    assert [shown(stored, publications(), each, NAMING).withheld for each in readers] == [None, "agencies", "agencies"]
    assert shown(stored, publications(), readers[0], NAMING).principal is None


def approved(position: int, event: Event, decision_id: str) -> Occurrence:
    return occurrence(position, event, agency="other", decision_id=decision_id, command_type="approve")


def test_what_was_proposed_is_told_of_who_proposed_it_and_who_approved() -> None:
    approval = DecisionApproved(
        proposal=f"{PROGRAMME}:01936f2e-0000-7000-8000-000000000001",
        decision="eliminate-team",
        command_hash="0" * 64,
        proposer=Actor(agency="owner", principal="proposed"),
    )
    rows = MemoryRows()
    events = (charter(), approval, ELIMINATED)
    fold(rows, [approved(at, each, "d") for at, each in enumerate(events, 1)])
    fold(rows, [approved(4, ELIMINATED, "another")])
    told = [shown(rows.get(key(at)) or b"", publications(), Reader("auditor", "auditor"), NAMING) for at in (2, 3, 4)]
    assert [each.proposer for each in told] == [None, "owner", None]
    assert [each.says and each.says.en.partition(" on the ground")[0] for each in told] == [
        "On 15 January 2026, Other approved what Owner had proposed. Rules: the charter in force since position 1.",
        "On 15 January 2026, Owner eliminated ANT from heat",
        "On 15 January 2026, Other eliminated ANT from heat",
    ]
    assert "Countersigned by Other." in str(told[1].says)
    assert "Countersigned" not in str(told[2].says)


@pytest.mark.parametrize(("attribution", "known"), [("decided", True), ("reported", False)])
def test_when_something_was_decided_is_said_of_what_was_decided_here_only(
    attribution: Attribution, known: bool
) -> None:
    """Of a reported decision the clock tells when it was recorded."""
    event = TeamEliminated(stage="heat", team="ant", basis="rank", reason=Names(en="Why", ko="왜"))
    rows, recorded = MemoryRows(), "2026-01-16T00:00:00.000000Z"
    fold(rows, [occurrence(7, event, recorded_at=recorded, attribution=attribution)])
    entry = shown(rows.get(key(7)) or b"", publications(), Reader("auditor", "auditor"), NAMING)
    assert entry.decided_at == (AT if known else None)
    assert entry.recorded_at == recorded
