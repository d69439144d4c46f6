"""What is wrong with who may decide what: mandates, what consortiums decide about themselves, countersignatures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain.charter_document import Charter
from domain.decision import Decision
from domain.fault import Fault, unknown

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
    for i, mandate in enumerate(charter.mandates):
        place = f"/mandates/{i}"
        yield from _given_faults(f"{place}/decisions", mandate.decisions, decisions)
        if not mandate.agencies or not mandate.decisions:
            yield Fault(place, "a mandate names at least one agency and one decision")


def in_person_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    """Mandates that are a dead letter; a public record holds what was reported, by its recorder's mandate."""
    for i, mandate in enumerate(charter.mandates if charter.data_set != "public-record" else ()):
        for name in mandate.decisions:
            if name in decisions and decisions[name].in_person:
                yield Fault(f"/mandates/{i}/decisions", f"{name!r} is what a team says itself: no agency may say it")


def consortium_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    yield from unknown("/consortium_decisions", charter.consortium_decisions, decisions, "decision")
    for name in charter.consortium_decisions:
        if name in decisions and decisions[name].own is None:
            yield Fault("/consortium_decisions", f"{name!r} is nothing that a consortium decides about itself")


def countersignature_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    for i, each in enumerate(charter.countersignatures):
        place = f"/countersignatures/{i}"
        yield from _given_faults(f"{place}/decisions", each.decisions, decisions)
        if not each.agencies or not each.decisions:
            yield Fault(place, "a countersignature names at least one agency and one decision")
        if "publish-charter" in each.decisions:
            yield Fault(f"{place}/decisions", "nobody can countersign 'publish-charter' before there is a charter")
        for decision in each.decisions:
            if each.when == "after-close" and decision in decisions and decision not in ASKS_AT_TIMES:
                yield Fault(f"{place}/when", f"{decision} never asks for a countersignature after close: say always")


def signed_faults(charter: Charter, decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    yield from unknown("/signed", charter.signed, decisions, "decision")
    if "publish-charter" in charter.signed:
        yield Fault("/signed", "nobody has registered a key to sign 'publish-charter' with before there is a charter")


def countersigner_faults(charter: Charter) -> Iterator[Fault]:
    """Agencies whose decision waits for another's approval that nobody may give."""
    listed = {decision for each in charter.countersignatures for decision in each.decisions}
    for i, each in enumerate(charter.countersignatures):
        for decision in each.decisions:
            for agency in sorted(agency.id for agency in charter.agencies):
                if charter.may(agency, decision) and not _approvers(charter, decision, agency):
                    yield Fault(f"/countersignatures/{i}/agencies", f"nobody may approve {decision} of {agency}")
    for i, mandate in enumerate(charter.mandates):
        for decision in (name for name in mandate.decisions if name not in listed and _waits(charter, name)):
            detail = f"nobody may approve {decision}, which waits at times for a second agency"
            yield Fault(f"/mandates/{i}/decisions", detail)


def _waits(charter: Charter, decision: str) -> bool:
    """Whether the decision may ever wait for a second agency without being listed among the countersignatures.

    What is reported waits for nobody.
    """
    if charter.data_set == "public-record":
        return False
    reopens = any("reopen-scoring" in each.decisions for each in charter.mandates)
    return decision in ASKS_AT_TIMES and (reopens or decision not in ASKS_ONCE_REOPENED)


def _approvers(charter: Charter, decision: str, agency: str) -> set[str]:
    """Who may approve what the agency decides; a deviation takes two agencies, whatever the charter says."""
    own = {agency} if decision == "record-deviation" else set()
    return set(charter.countersigners(decision, agency)) - own


def _given_faults(pointer: str, named: Iterable[str], decisions: Mapping[str, Decision]) -> Iterator[Fault]:
    """Where a charter gives what is no decision, or one that says itself who may make it."""
    yield from unknown(pointer, named, decisions, "decision")
    for name in named:
        if name in decisions and not decisions[name].mandated:
            yield Fault(pointer, f"{name!r} says itself who may make it")
