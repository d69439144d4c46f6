"""Countersignature: a decision that the charter gives to two is proposed by one and approved by another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from domain.deadlines import days_after, passed
from domain.decision import (
    DECISIONS,
    Case,
    Command,
    CountersignatureRequiredError,
    Decision,
    Fact,
    Ruling,
    decision,
    require_mandate,
    require_signed,
    rule_on,
)
from domain.effects import as_proposed, command_of, countersigned, decided_anew, effects, has_effects
from domain.event import Event
from domain.foreseen import Foreseen
from domain.proposal_events import (
    DecisionApproved,
    DecisionProposed,
    DecisionRejected,
    Proposal,
    ProposalId,
    ProposalWithdrawn,
)
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Sha256, Text
from domain.shape_faults import misshapen


class ProposalExpiredError(Refusal):
    """The time in which the proposal could be approved is over."""


class ProposalStaleError(Refusal):
    """The facts have changed so that the proposal would now come to something else than was proposed or looked at."""


class NotCountersignerError(Refusal):
    """A proposal is approved or rejected by another agency, which the charter names."""

    KIND = "forbidden"


class NotProposerError(Refusal):
    """A proposal is withdrawn by the agency that made it."""

    KIND = "forbidden"


class NotProposableError(Refusal):
    """The charter names nobody who could approve the decision."""


def propose(decision: Decision, command: Command, body: str, facts: tuple[Fact, ...], *, case: Case) -> Ruling:
    """What a decision that waits for a second agency comes to now: its proposal.

    Raises whatever refuses the decision itself, and `NotProposableError`.
    """
    awaiting = _awaited(case, decision.type)
    if not awaiting:
        raise NotProposableError(
            f"nobody countersigns {decision.type} of {case.actor.agency}",
            rule="The charter names who approves the decisions that wait for a second agency.",
        )
    lawful, ruling = _assumed(decision, command, facts, case, awaiting)
    proposed = DecisionProposed(
        proposal=f"{case.programme}:{case.decision_id}",
        decision=decision.type,
        command=body,
        command_hash=hashlib.sha256(body.encode()).hexdigest(),
        proposer=case.actor,
        awaiting=lawful,
        expires_at=days_after(case.decided_at, int(case.charter.proposal_days), case.charter.zone),
        events=tuple(each.TYPE for each in ruling.events),
        effects=effects(decision, command, facts, ruling.events, case=case),
        signed_by=case.signed_by,
    )
    return msgspec.structs.replace(ruling, events=(proposed,))


def _awaited(case: Case, decision: str) -> tuple[str, ...]:
    """Whom the charter names; the proposer's own agency only if a person proposes."""
    named = case.charter.countersigners(decision, case.actor.agency)
    return tuple(each for each in named if each != case.actor.agency or case.actor.is_person)


def _assumed(
    decision: Decision, command: Command, facts: tuple[Fact, ...], case: Case, awaiting: tuple[str, ...]
) -> tuple[tuple[str, ...], Ruling]:
    """Who of those awaited may approve, and what the decision comes to; raises as it does if nobody may."""
    lawful, rulings, refusals = [], [], []
    for each in awaiting:
        try:
            rulings.append(rule_on(decision, command, facts, case=countersigned(case, each)))
            lawful.append(each)
        except Refusal as refusal:
            refusals.append(refusal)
    if not rulings:
        raise refusals[0]
    return tuple(lawful), rulings[0]


def ruled(decision: Decision, command: Command, body: str, facts: tuple[Fact, ...], *, case: Case) -> Ruling:
    """What a submitted decision comes to: its events or, if it waits for a second agency, its proposal.

    `body`: the command as it was sent. Raises a `Refusal`.
    """
    try:
        return rule_on(decision, command, facts, case=case)
    except CountersignatureRequiredError:
        return propose(decision, command, body, facts, case=case)


class Propose(Command, frozen=True, kw_only=True):
    """`decision` and `command` as they would be submitted."""

    decision: Identifier
    command: dict[str, Any]

    def inner(self) -> tuple[Decision, Command]:
        """The decision that is proposed. Raises `InvalidCommandError`."""
        found = DECISIONS.get(self.decision)
        if found is None or found.prior is not None or found.command is Propose or not found.mandated:
            raise InvalidCommandError(
                f"decision: {self.decision!r} cannot be proposed",
                rule="What the charter gives to two agencies can be proposed.",
                pointer="/decision",
            )
        try:
            return found, msgspec.convert(self.command, type=found.command)
        except msgspec.ValidationError as error:
            raise misshapen(self.command, found.command, of=self.decision, within="/command") from error


def _needs_of_inner(command: Propose, programme: str) -> tuple[Fact, ...]:
    inner, its_command = command.inner()
    return inner.needs(its_command, programme)


@decision("propose", Propose, comes_to=(), needs=_needs_of_inner, mandated=False, version=2)
def propose_decision(command: Propose, case: Case, *facts: Fact) -> Iterator[Event]:
    """Propose a decision that waits for another agency's approval."""
    inner, its_command = command.inner()
    require_mandate(inner, its_command, case.actor, case.charter)
    body = msgspec.json.encode(command.command, order="deterministic").decode()
    yield from propose(inner, its_command, body, facts, case=case).events


class OfProposal(Command, frozen=True, kw_only=True):
    """`proposal`: as the answer to the proposing decision named it."""

    proposal: ProposalId


def _proposal(command: OfProposal, programme: str) -> Proposal:
    return Proposal(programme, command.proposal)


def _needs_of_proposed(command: OfProposal, programme: str, prior: Proposal) -> tuple[Fact, ...]:
    inner = DECISIONS[prior.proposed.decision]
    return (_proposal(command, programme), *inner.needs(command_of(prior.proposed), programme))


class Approve(OfProposal, frozen=True, kw_only=True):
    """`command_hash`: SHA-256 (hex) of the proposed command's bytes, which the approver has read. `effects`: what the
    preview that they looked at had as `foreseen`; then the approval is refused if anything of it is another by now."""

    command_hash: Sha256
    effects: Foreseen | None = None


@decision(
    "approve",
    Approve,
    comes_to=(DecisionApproved,),
    needs=_needs_of_proposed,
    prior=_proposal,
    mandated=False,
    version=3,
)
def approve(command: Approve, case: Case, proposal: Proposal, *facts: Fact) -> Iterator[Event]:
    """Approve a proposal: it is decided again on the facts of now, and takes effect."""
    proposed = proposal.proposed
    require_approvable(command, case, proposal)
    now = decided_anew(proposed, facts, case=case).events
    if not has_effects(proposed, facts, now, case=case):
        raise ProposalStaleError(
            f"{command.proposal} would now come to another {', '.join(each.TYPE for each in now)}",
            rule="What is approved is what was proposed; propose it again on the facts of now.",
        )
    if command.effects is not None:
        _require_foreseen(command.effects, case, command.proposal)
    yield DecisionApproved(
        proposal=command.proposal,
        decision=proposed.decision,
        command_hash=proposed.command_hash,
        proposer=proposed.proposer,
    )
    approved = msgspec.structs.replace(as_proposed(proposed, case), countersigned_by=case.actor)
    yield from rule_on(DECISIONS[proposed.decision], command_of(proposed), facts, case=approved).events


def require_approvable(command: Approve, case: Case, proposal: Proposal) -> None:
    """Raise unless it still waits, for this approval of this very command, whatever it would come to."""
    proposed = proposal.proposed
    _require_countersigner(case, proposed)
    require_signed(proposed.decision, case)
    proposal.require_open()
    if command.command_hash != proposed.command_hash:
        raise InvalidCommandError(
            f"command_hash: not that of {command.proposal}",
            rule="Whoever approves names the very command that was proposed.",
            pointer="/command_hash",
        )
    if passed(proposed.expires_at, case.decided_at):
        raise ProposalExpiredError(
            f"{command.proposal} could be approved until {proposed.expires_at}",
            rule=f"A proposal can be approved for {case.charter.proposal_days} days.",
        )


def _require_foreseen(looked_at: Foreseen, case: Case, proposal: str) -> None:
    if case.foreseen is None:
        raise InvalidCommandError(
            "effects: not compared with those of now among decisions that are recorded together",
            rule="An approval that names what was looked at is submitted by itself.",
            pointer="/effects",
        )
    differing = looked_at.differing(case.foreseen)
    if differing:
        raise ProposalStaleError(
            f"{proposal} would not have the effects that were looked at: other {', '.join(differing)}",
            rule="Who names what they looked at approves that; look at the proposal again.",
            pointer="/effects",
        )


def _require_countersigner(case: Case, proposed: DecisionProposed) -> None:
    if case.actor.agency not in proposed.awaiting or case.actor.party != "agency":
        raise NotCountersignerError(
            f"{case.actor.agency} does not countersign {proposed.proposal}",
            rule=f"{', '.join(proposed.awaiting)} may approve or reject it.",
        )
    if case.actor.agency not in case.charter.countersigners(proposed.decision, proposed.proposer.agency):
        raise NotCountersignerError(
            f"{case.actor.agency} does not countersign {proposed.decision} any more",
            rule="Whoever approves is named by the charter in force.",
        )
    if case.actor.principal == proposed.proposer.principal:
        raise NotCountersignerError(
            f"{case.actor.principal} proposed it", rule="Nobody approves what they proposed themselves."
        )
    if case.actor.agency == proposed.proposer.agency and not (case.actor.is_person and proposed.proposer.is_person):
        raise NotCountersignerError(
            f"{case.actor.agency} proposed it, and a key or client is nobody in particular",
            rule="Within one agency a person who signed in approves what another such person proposed.",
        )


class Reject(OfProposal, frozen=True, kw_only=True):
    reason: Text


def _needs_proposal(command: OfProposal, programme: str) -> tuple[Fact, ...]:
    return (_proposal(command, programme),)


@decision("reject", Reject, comes_to=(DecisionRejected,), needs=_needs_proposal, mandated=False, version=2)
def reject(command: Reject, case: Case, proposal: Proposal) -> Iterator[Event]:
    """Refuse one's approval of a proposal; it is settled by that."""
    _require_countersigner(case, proposal.proposed)
    require_signed(proposal.proposed.decision, case)
    proposal.require_open()
    yield DecisionRejected(proposal=command.proposal, reason=command.reason)


class WithdrawProposal(OfProposal, frozen=True, kw_only=True):
    reason: Text


@decision(
    "withdraw-proposal",
    WithdrawProposal,
    comes_to=(ProposalWithdrawn,),
    needs=_needs_proposal,
    mandated=False,
    version=2,
)
def withdraw_proposal(command: WithdrawProposal, case: Case, proposal: Proposal) -> Iterator[Event]:
    """Take a proposal back before it is settled."""
    proposed = proposal.proposed
    if case.actor.agency != proposed.proposer.agency or case.actor.party != proposed.proposer.party:
        raise NotProposerError(
            f"{case.actor.agency} did not propose {command.proposal}", rule="A proposal is withdrawn by its proposer."
        )
    require_signed(proposed.decision, case)
    proposal.require_open()
    yield ProposalWithdrawn(proposal=command.proposal, reason=command.reason)
