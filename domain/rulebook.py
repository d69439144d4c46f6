"""The whole rulebook: importing it registers every event and decision of this release."""

from __future__ import annotations

from domain import (  # noqa: F401 — imported for what they register
    amendments,
    call_applications,
    call_selection,
    calls,
    certificates,
    certification,
    consolidation,
    consortiums,
    corrections,
    deviations,
    enrolment,
    evidence,
    exclusions,
    finalisation,
    grants,
    hearing,
    independence,
    keys,
    notices,
    objections,
    outcomes,
    panels,
    pools,
    privacy,
    proposals,
    publishing,
    reactions,
    reopening,
    scoring,
    sealed_fields,
    stages,
    supersession,
    titles,
    usage,
    waivers,
    withdrawal,
)
from domain.charter import CharterInForce, ProposedCharter, PublishCharter
from domain.decision import DECISION_OF, DECISIONS, CharterFact, Command, Decision, Fact
from domain.event import EVENTS

__all__ = ["DECISIONS", "DECISION_OF", "EVENTS", "prepare"]


def prepare(
    decision: Decision, command: Command, programme: str, prior: Fact | None = None
) -> tuple[CharterFact, tuple[Fact, ...]]:
    """The charter that governs a command, and the facts that its decision takes. Raises a `Refusal`.

    `prior`: the decision's prior fact, folded, if it has one.
    """
    if isinstance(command, PublishCharter):
        proposed = ProposedCharter(programme, command.charter)
        return proposed, (proposed,)
    known = () if prior is None else (prior,)
    return CharterInForce(programme), decision.needs(command, programme, *known)
