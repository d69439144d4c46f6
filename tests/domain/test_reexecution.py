"""Recorded decisions made again: what follows from its command, and what does not, by name and position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from domain import decision as deciding
from domain.boundary import Boundary, Query
from domain.decision import DECISIONS, EARLIER, Case
from domain.envelope import Actor
from domain.event import Event
from domain.notices import reminder_id
from domain.panel_events import EvaluatorAppointed
from domain.panels import AppointEvaluator, appoint_evaluator
from domain.record import StageCourse
from domain.reexecution import Reexecution
from service.ed25519 import verify_ed25519
from tests.domain.recorded import Line, faults, life, proofs
from tests.playing import HARBOUR
from tests.releases import KEPT, proved, recorded

LIVED = ("rules", "not approved", "taken back", "certified by publishers", "published anew", "replaced", "corrected")
"""Lives with what no programme that is shipped has."""


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_every_decision_of_every_release_is_made_again_by_this_one(file: Path) -> None:
    found = [proof for each in proved(file).values() for proof in each]
    assert [each for each in found if each.verdict not in ("forced", "discretion")] == []
    assert sum(len(each.events) for each in found) == sum(map(len, recorded(file).values())) > 1000


@pytest.mark.parametrize("name", LIVED)
def test_each_decision_of_a_life_is_made_again(name: str) -> None:
    assert [each.why for each in proofs(life(name)) if each.why] == []


def test_every_decision_there_is_is_made_again_somewhere() -> None:
    made = {proof.decision for file in KEPT for each in proved(file).values() for proof in each}
    made |= {each.decision for name in (*LIVED, "granted") for each in proofs(life(name))}
    assert set(DECISIONS) - made == {"propose"}  # what it comes to is what submitting the decision itself does


def test_what_others_have_read_serves_as_well_as_reading_the_boundary_alone() -> None:
    for name in LIVED:
        assert proofs(life(name), exact=True) == proofs(life(name))
    ledger = recorded(KEPT[-1])[HARBOUR]
    assert list(Reexecution(HARBOUR, verify_ed25519, exact=True).proofs(ledger)) == proved(KEPT[-1])[HARBOUR]


def test_a_notice_that_took_an_id_before_ids_were_kept_apart_was_lawful_then() -> None:
    def proved_as(decider: str) -> list[str | None]:
        taken = reminder_id(7, "ant").encode()
        ledger = [
            replace(
                each,
                envelope=each.envelope.replace(b"n-1", taken).replace(b"serve-notice/2", decider.encode()),
                data=each.data.replace(b"n-1", taken),
            )
            for each in life("told")
        ]
        return [each.why for each in proofs(ledger) if each.decision == "serve-notice"]

    (refused,) = proved_as("serve-notice/2")
    assert refused is not None
    assert "is an id of what is served by itself" in refused
    assert proved_as("serve-notice/1") == [None]


LEDGER = "consolidated"
"""Charter, teams, scores, the close of scoring and the settlement."""


def at(type_: str) -> int:
    """Where the first event of a type stands."""
    return next(each.position for each in life(LEDGER) if each.type == type_)


def with_line(position: int, line: Line) -> list[Line]:
    ledger = list(life(LEDGER))
    ledger[position - 1] = line
    return ledger


def without(position: int) -> list[Line]:
    """The event is not there, and all that come after it have another place, as though it never was."""
    earlier, later = life(LEDGER)[: position - 1], life(LEDGER)[position:]
    moved = []
    for each in later:
        boundary = each.said.boundary
        assert boundary is not None
        after = boundary.after - (boundary.after >= position)
        moved.append(replace(each, position=each.position - 1).saying(boundary=Boundary(boundary.query, after)))
    return [*earlier, *moved]


def line(type_: str) -> Line:
    return life(LEDGER)[at(type_) - 1]


def test_a_value_that_was_altered_is_named() -> None:
    measured = at("MeasurementRecorded")
    altered = faults(with_line(measured, line("MeasurementRecorded").holding(value="1")))
    assert altered == [
        (measured, "the MeasurementRecorded has value, which the decision does not come to"),
        (at("StageConsolidated"), "the StageConsolidated has digest, which the decision does not come to"),
    ]


def test_a_value_that_was_altered_in_its_command_too_is_found_where_it_counts() -> None:
    """Nobody signed the metric: that it was another one shows in what was settled on it."""
    measured = line("MeasurementRecorded")
    command = measured.said.command
    assert command is not None
    assert '"80"' in command
    altered = measured.holding(value="1").saying(command=command.replace('"80"', '"1"'))
    settled = (at("StageConsolidated"), "the StageConsolidated has digest, which the decision does not come to")
    assert faults(with_line(measured.position, altered)) == [settled]


def test_a_decision_that_the_rules_refuse_is_named_with_the_rule() -> None:
    score = line("ScoreSubmitted")
    command = score.said.command
    assert command is not None
    ledger = with_line(score.position, score.holding(points="99").saying(command=command.replace('"9"', '"99"')))
    position, why = faults(ledger)[0]
    assert position == score.position
    assert why.startswith("the rules refuse it: points: 99 is above")


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("TeamEnrolled", "the StageOpened has teams, which the decision does not come to"),
        ("EvaluatorAppointed", "the rules refuse it: ev-0000000000000000 does not sit on jury"),
        ("ScoreSubmitted", "the rules refuse it: "),
        ("ScoringClosed", "the rules refuse it: scoring of heat is open"),
    ],
)
def test_an_event_that_was_taken_out_of_the_record_is_missed_by_what_depends_on_it(gone: str, why: str) -> None:
    _position, found = faults(without(at(gone)))[0]
    assert found[: len(why)] == why


def test_a_boundary_that_lacks_what_the_decider_needs_is_named() -> None:
    settled = line("StageConsolidated")
    boundary = settled.said.boundary
    assert boundary is not None
    items = tuple(each for each in boundary.query.items if "ScoreSubmitted" not in each.types)
    ledger = with_line(settled.position, settled.saying(boundary=Boundary(Query(items), boundary.after)))
    (found,) = faults(ledger)
    assert found == (
        settled.position,
        f"its boundary lacks the StageOpened at position {at('StageOpened')}, on which it depends",
    )


def test_a_decision_that_missed_what_came_before_it_is_named() -> None:
    settled = line("StageConsolidated")
    boundary = settled.said.boundary
    assert boundary is not None
    early = Boundary(boundary.query, at("ScoringClosed") - 1)
    (found,) = faults(with_line(settled.position, settled.saying(boundary=early)))
    closed = at("ScoringClosed")
    assert found == (
        settled.position,
        f"it was decided as of position {closed - 1}, and missed the ScoringClosed at {closed}",
    )


def test_a_decision_that_missed_something_is_named_though_it_would_have_come_out_the_same() -> None:
    score = line("ScoreSubmitted")
    boundary = score.said.boundary
    assert boundary is not None
    early = Boundary(boundary.query, at("StageOpened") - 1)
    (found,) = faults(with_line(score.position, score.saying(boundary=early)))
    opened = at("StageOpened")
    assert found == (
        score.position,
        f"it was decided as of position {opened - 1}, and missed the StageOpened at {opened}",
    )


@pytest.mark.parametrize("after", [-1, 10_000])
def test_a_boundary_is_read_before_its_decision(after: int) -> None:
    settled = line("StageConsolidated")
    boundary = settled.said.boundary
    assert boundary is not None
    (found,) = faults(with_line(settled.position, settled.saying(boundary=Boundary(boundary.query, after))))
    assert found[1].endswith("which is not before it")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"causation": "1"}, "its envelope has another causation than the decision"),
        ({"rules_hash": "0" * 64}, "its envelope has another rules_hash than the decision"),
        ({"tags": ("programme:programme",)}, "its envelope has another tags than the decision"),
        ({"data_set": "live"}, "its envelope has another data_set than the decision"),
        ({"actor": Actor(agency="other", principal="a key")}, "the rules refuse it: other may not close-scoring"),
        ({"decider": "open-stage/1"}, "open-stage/1 is no decider of close-scoring"),
        ({"command": "{}"}, "its command: Object missing required field `stage`"),
        ({"command": None}, "an event of no decision"),
        ({"boundary": None}, "an event of no decision"),
        ({"signature": "x..y"}, "the rules refuse it: JWS-Signature"),
        ({"decided_at": "now"}, "it cannot be made again on what stands before it: ValueError"),
    ],
)
def test_an_envelope_that_says_something_else_is_named(changes: dict[str, object], why: str) -> None:
    closed = at("ScoringClosed")
    position, found = faults(with_line(closed, line("ScoringClosed").saying(**changes)))[0]
    assert (position, found[: len(why)]) == (closed, why)


def test_an_event_too_many_or_too_few_is_named() -> None:
    ledger = life("deviating")
    approved = next(each for each in ledger if each.type == "DecisionApproved")
    short = [each for each in ledger if each.position != approved.position + 1]
    assert faults(short)[0] == (approved.position, "the decision comes to DeviationRecorded after it, too")
    last = ledger[-1]
    more = replace(last, position=last.position + 1).saying(command=None)
    assert faults([*ledger, more]) == [(more.position, "the decision comes to no DeviationRecorded")]
    assert proofs(ledger[: approved.position + 1])[-1].verdict == "discretion"


def test_events_that_cannot_be_read_are_named() -> None:
    score = at("ScoreSubmitted")
    broken = replace(line("ScoreSubmitted"), data=b"{}")
    assert faults(with_line(score, broken))[0][1].startswith("the ScoreSubmitted cannot be read")
    assert faults(with_line(score, replace(broken, envelope=b"{")))[0][1].startswith("its envelope: ")


@pytest.fixture
def earlier() -> Iterator[list[Case]]:
    """A decider of an earlier release, and what it was asked."""
    asked: list[Case] = []

    @deciding.decision(
        "appoint-evaluator",
        AppointEvaluator,
        comes_to=(EvaluatorAppointed,),
        needs=lambda command, p: (StageCourse(p, command.stage),),
        version=99,
        earlier=True,
    )
    def as_it_was(command: AppointEvaluator, case: Case, course: StageCourse) -> Iterator[Event]:
        """As today."""
        asked.append(case)
        yield from appoint_evaluator(command, case, course)

    yield asked
    del EARLIER["appoint-evaluator", 99]


def of_version(version: int) -> Sequence[Line]:
    appointed = line("EvaluatorAppointed")
    return with_line(appointed.position, appointed.saying(decider=f"appoint-evaluator/{version}"))


def test_a_decider_that_is_not_in_this_release_is_said() -> None:
    (found,) = [each for each in proofs(of_version(98)) if each.why]
    assert (found.verdict, found.why) == ("not-re-executable", "appoint-evaluator/98 is not in this release")


def test_a_decision_is_made_again_by_the_decider_that_made_it(earlier: list[Case]) -> None:
    assert [each.why for each in proofs(of_version(99)) if each.why] == []
    assert {each.position for each in earlier} == {at("EvaluatorAppointed") - 1}


def test_a_version_of_an_event_that_this_release_does_not_know_is_said() -> None:
    closed = at("ScoringClosed")
    found = proofs(with_line(closed, replace(line("ScoringClosed"), version=9)))[closed - 1]
    assert (found.verdict, found.why) == ("not-re-executable", "ScoringClosed version 9 is not known to this release")
    assert msgspec.json.encode(found)
