"""What is wrong with who may decide what: mandates, what consortiums decide about themselves, countersignatures."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Final

from domain.charter_document import Charter, Countersignature, Mandate
from domain.decision import Decision
from domain.fault import Fault, ids, unknown
from domain.soundness import as_far_as_sound, in_each, sound

ASKS_ONCE_REOPENED: Final = frozenset(
    {
        "appoint-evaluator",
        "declare-conflict",
        "record-exclusion",
        "record-measurement",
        "recuse-evaluator",
        "replace-evaluator",
        "submit-score",
    }
)
"""Decisions that ask for a countersignature in a reopened stage, and at no other time."""
ASKS_AT_TIMES: Final = ASKS_ONCE_REOPENED | {
    "amend-charter",
    "correct-measurement",
    "correct-score",
    "record-deviation",
}
"""Decisions that ask for a countersignature by themselves (`domain.decision.require_countersignature`): in a reopened
stage, after close, once a stage was opened, or always. Of any other decision a countersignature `after-close` asks
nothing."""


def mandate_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    """`decisions`: those that this release knows."""
    yield from in_each("/mandates", charter.mandates, decisions, _given_faults, _named_faults)
    yield from _in_person_faults(charter, decisions)
    yield from _consortium_faults(charter, decisions)
    yield from _signed_faults(charter, decisions)
    yield from in_each(
        "/countersignatures",
        charter.countersignatures,
        decisions,
        _given_faults,
        _named_faults,
        _first_faults,
        _after_close_faults,
    )
    yield from in_each("/mandates", charter.mandates, charter, _agency_faults)
    yield from in_each(
        "/countersignatures",
        charter.countersignatures,
        charter,
        _agency_faults,
        _countersigner_faults,
        _tried_out_faults,
    )
    yield from _approver_faults(charter)


def _given_faults(place: str, given: Mandate | Countersignature, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    """Where a charter gives what is no decision, or one that says itself who may make it."""
    yield from unknown(f"{place}/decisions", given.decisions, decisions, "decision")
    for name in sound(given.decisions):
        if name in decisions and not decisions[name].mandated:
            yield Fault(f"{place}/decisions", f"{name!r} says itself who may make it")


def _named_faults(place: str, given: Mandate | Countersignature, _: object) -> Iterator[Fault]:
    if not given.agencies or not given.decisions:
        what = "mandate" if isinstance(given, Mandate) else "countersignature"
        yield Fault(place, f"a {what} names at least one agency and one decision")


def _agency_faults(place: str, given: Mandate | Countersignature, charter: Charter) -> Iterator[Fault]:
    yield from unknown(f"{place}/agencies", given.agencies, ids(charter.agencies), "agency")


@as_far_as_sound
def _in_person_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    """Mandates that are a dead letter; a public record holds what was reported, by its recorder's mandate."""
    if charter.data_set != "public-record":
        yield from in_each("/mandates", charter.mandates, decisions, _dead_letter_faults)


def _dead_letter_faults(place: str, mandate: Mandate, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    for name in sound(mandate.decisions):
        if name in decisions and decisions[name].in_person:
            yield Fault(f"{place}/decisions", f"{name!r} is what a team says itself: no agency may say it")


@as_far_as_sound
def _consortium_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    yield from unknown("/consortium_decisions", charter.consortium_decisions, decisions, "decision")
    for name in sound(charter.consortium_decisions):
        if name in decisions and decisions[name].own is None:
            yield Fault("/consortium_decisions", f"{name!r} is nothing that a consortium decides about itself")


@as_far_as_sound
def _signed_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    yield from unknown("/signed", charter.signed, decisions, "decision")
    if "publish-charter" in sound(charter.signed):
        yield Fault("/signed", "nobody has registered a key to sign 'publish-charter' with before there is a charter")
    if "apply-to-call" in {*sound(charter.signed)} & {*sound(charter.consortium_decisions)}:
        yield Fault("/signed", "a consortium that applies is no team yet, and has no key to sign 'apply-to-call' with")


def _first_faults(place: str, each: Countersignature, _: object) -> Iterator[Fault]:
    if "publish-charter" in sound(each.decisions):
        yield Fault(f"{place}/decisions", "nobody can countersign 'publish-charter' before there is a charter")


def _after_close_faults(place: str, each: Countersignature, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    for decision in sound(each.decisions):
        if each.when == "after-close" and decision in decisions and decision not in ASKS_AT_TIMES:
            yield Fault(f"{place}/when", f"{decision} never asks for a countersignature after close: say always")


@as_far_as_sound
def _tried_out_faults(place: str, each: Countersignature, charter: Charter) -> Iterator[Fault]:
    """It is refused while the team's outcome is under embargo, and must cost whoever asks for it their place."""
    if "withdraw-team" in {*sound(each.decisions)} & {*sound(charter.consortium_decisions)}:
        detail = "a consortium's 'withdraw-team' waits for nobody: proposed and taken back, it would tell of an outcome"
        yield Fault(f"{place}/decisions", detail)


def _countersigner_faults(place: str, each: Countersignature, charter: Charter) -> Iterator[Fault]:
    """Agencies whose decision waits for another's approval that nobody may give."""
    for decision in sound(each.decisions):
        for agency in sorted(agency.id for agency in charter.agencies):
            if charter.may(agency, decision) and not _approvers(charter, decision, agency):
                yield Fault(f"{place}/agencies", f"nobody may approve {decision} of {agency}")


@as_far_as_sound
def _approver_faults(charter: Charter) -> Iterator[Fault]:
    """Decisions that wait at times for an approval of which the charter says nothing; what is reported waits never."""
    listed = {decision for each in charter.countersignatures for decision in each.decisions}
    if charter.data_set != "public-record":
        yield from in_each("/mandates", charter.mandates, asking(charter) - listed, _waiting_faults)


def asking(charter: Charter) -> frozenset[str]:
    """Decisions that may ask for a countersignature under the charter."""
    reopens = any("reopen-scoring" in sound(each.decisions) for each in sound(charter.mandates))
    return ASKS_AT_TIMES if reopens else ASKS_AT_TIMES - ASKS_ONCE_REOPENED


def _waiting_faults(place: str, mandate: Mandate, waiting: Container[str]) -> Iterator[Fault]:
    for decision in sound(mandate.decisions):
        if decision in waiting:
            detail = f"nobody may approve {decision}, which waits at times for a second agency"
            yield Fault(f"{place}/decisions", detail)


def _approvers(charter: Charter, decision: str, agency: str) -> set[str]:
    """Who may approve what the agency decides; a deviation takes two agencies, whatever the charter says."""
    own = {agency} if decision == "record-deviation" else set()
    return set(charter.countersigners(decision, agency)) - own
