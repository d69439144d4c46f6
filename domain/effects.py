"""What a proposal comes to: when it is made, and on the facts of its approval."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.decision import DECISIONS, Case, Command, Decision, Fact, Ruling, rule_on
from domain.envelope import Actor
from domain.event import Event
from domain.foreseen import effects_of
from domain.proposal_events import DecisionProposed
from domain.refusal import Refusal


class ProposalNotSignedError(Refusal):
    """The charter by now has the decision signed, and it was proposed unsigned."""


def countersigned(case: Case, agency: str) -> Case:
    """The case as though that agency had approved."""
    return msgspec.structs.replace(case, countersigned_by=Actor(agency=agency, principal="proposed"))


def command_of(proposed: DecisionProposed) -> Command:
    return msgspec.json.decode(proposed.command, type=DECISIONS[proposed.decision].command)


def effects(decision: Decision, command: Command, facts: Sequence[Fact], events: Sequence[Event], *, case: Case) -> str:
    """SHA-256 (hex) of what an approval is held to: the events that the decision came to, and what it rests on."""
    rests_on = b"" if decision.rests_on is None else decision.rests_on(command, case, *facts)
    return effects_of(events, rests_on)


def as_proposed(proposed: DecisionProposed, case: Case) -> Case:
    """The case of an approval as that of whoever proposed, with the signature that they made."""
    return msgspec.structs.replace(case, actor=proposed.proposer, signed_by=proposed.signed_by)


def decided_anew(proposed: DecisionProposed, facts: tuple[Fact, ...], *, case: Case) -> Ruling:
    """What the proposed decision comes to on the facts of now, once it is approved. Raises whatever refuses it.

    It is decided with the countersigner that was assumed, so that nothing but changed facts can make a difference.
    """
    if case.charter.wants_signed(proposed.decision) and proposed.signed_by is None:
        raise ProposalNotSignedError(
            f"{proposed.proposal} was not signed by {proposed.proposer.agency}",
            rule="What has to be signed by now takes effect only as its proposer signed it: propose it again, signed.",
        )
    assumed = countersigned(as_proposed(proposed, case), proposed.awaiting[0])
    return rule_on(DECISIONS[proposed.decision], command_of(proposed), facts, case=assumed)


def has_effects(proposed: DecisionProposed, facts: tuple[Fact, ...], events: tuple[Event, ...], *, case: Case) -> bool:
    """Whether `events`, on the facts of now, are what the proposal was to come to."""
    return effects(DECISIONS[proposed.decision], command_of(proposed), facts, events, case=case) == proposed.effects
