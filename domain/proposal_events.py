"""Proposals of decisions that wait for a second agency: their events, and what became of one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from domain.boundary import IDENTIFIER, QueryItem, tag, whole
from domain.envelope import Actor
from domain.event import Event, event, upcast
from domain.refusal import Refusal
from domain.scalars import Sha256
from domain.sentences import Says, Words

ProposalId = Annotated[
    str,
    whole(f"{IDENTIFIER}:[0-9a-f-]{{36}}", "the name of a proposal, as the answer to it said", max_length=128),
]
"""`programme:decision_id`, of the decision that proposed."""


class UnknownProposalError(Refusal):
    """No such proposal was made in the programme."""

    KIND = "unknown"


class ProposalClosedError(Refusal):
    """The proposal was approved, rejected or withdrawn before."""


class _OfProposal(Event, frozen=True, kw_only=True):
    proposal: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (proposal_tag(programme, self.proposal), tag("programme", programme))


def proposal_tag(programme: str, proposal: str) -> str:
    return tag("proposal", programme, proposal.rpartition(":")[2])


@event(
    "DecisionProposed",
    version=2,
    public="agencies",
    says=Says(
        title=Words("Decision proposed", "결정안 상정"),
        en="{actor} proposed a decision ({events:event}[; {of_team:team}][; {of_stage:stage}]) that waits for "
        "the approval of {awaiting:agency}, until the end of {expires_at:deadline}",
        ko="{actor}이(가) 결정안({events:event}[; {of_team:team}][; {of_stage:stage}])을 상정하였다. "
        "승인 대기 기관: {awaiting:agency}. 승인 기한: "
        "{expires_at:deadline}",
    ),
)
class DecisionProposed(_OfProposal, frozen=True, kw_only=True):
    """A decision that waits for one of `awaiting`.

    `command`: the exact body; `command_hash`: its SHA-256, which an approver names. `effects`: SHA-256 over the events
    that it would come to now; `events` their types. `proposer`: who asked, whose mandate counts; `signed_by`: the
    registered key that they signed with, if they did.
    """

    decision: str
    command: str
    command_hash: Sha256
    proposer: Actor
    awaiting: tuple[str, ...]
    expires_at: str
    events: tuple[str, ...]
    effects: Sha256
    signed_by: str | None = None

    @property
    def of_team(self) -> str | None:
        """The team that the decision is about, if it is about one."""
        return self._of("team")

    @property
    def of_stage(self) -> str | None:
        """The stage that the decision is about, if it is about one."""
        return self._of("stage")

    def _of(self, field: str) -> str | None:
        found: str | None = msgspec.json.decode(self.command, type=dict[str, Any]).get(field)
        return found


@upcast("DecisionProposed", from_version=1)
def _not_signed(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say who signed; such a proposal counts as unsigned."""
    return {**fields, "signed_by": None}


@event(
    "DecisionApproved",
    public="agencies",
    says=Says(
        title=Words("Decision approved", "결정안 승인"),
        en="{actor} approved what {proposer.agency:party} had proposed",
        ko="{actor}이(가) {proposer.agency:party}의 결정안을 승인하였다",
    ),
)
class DecisionApproved(_OfProposal, frozen=True, kw_only=True):
    """Another agency approved; the events that follow in the same decision are what was proposed."""

    decision: str
    command_hash: Sha256
    proposer: Actor


@event(
    "DecisionRejected",
    public="agencies",
    says=Says(
        title=Words("Decision rejected", "결정안 부결"),
        en="{actor} rejected the proposal {proposal}",
        ko="{actor}이(가) 결정안({proposal})을 승인하지 않았다",
    ),
)
class DecisionRejected(_OfProposal, frozen=True, kw_only=True):
    """Another agency refused its approval."""

    reason: str


@event(
    "ProposalWithdrawn",
    public="agencies",
    says=Says(
        title=Words("Proposal withdrawn", "결정안 철회"),
        en="{actor} took back the proposal {proposal}",
        ko="{actor}이(가) 결정안({proposal})을 철회하였다",
    ),
)
class ProposalWithdrawn(_OfProposal, frozen=True, kw_only=True):
    """The proposer takes it back."""

    reason: str


PROPOSAL_EVENTS = (DecisionProposed, DecisionApproved, DecisionRejected, ProposalWithdrawn)


class Proposal:
    """A fact: one proposal, and whether it still waits."""

    def __init__(self, programme: str, proposal: str) -> None:
        self.programme = programme
        self.id = proposal
        self.closed_at = 0
        self.closed_by: Event | None = None
        self._proposed: DecisionProposed | None = None

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = tuple(cls.TYPE for cls in PROPOSAL_EVENTS)
        return (QueryItem(types=types, tags=(proposal_tag(self.programme, self.id),)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, DecisionProposed):
            self._proposed = event
        else:
            self.closed_at, self.closed_by = position, event

    @property
    def proposed(self) -> DecisionProposed:
        """What was proposed. Raises `UnknownProposalError`."""
        if self._proposed is None or self._proposed.proposal != self.id:
            raise self.unknown()
        return self._proposed

    def unknown(self) -> UnknownProposalError:
        """That there is none, for whoever asks."""
        return UnknownProposalError(
            f"proposal: {self.id!r} was not made in {self.programme}",
            rule="A proposal is named as the answer to it said.",
            pointer="/proposal",
        )

    def require_open(self) -> None:
        """Raise unless it still waits."""
        if self.closed_at:
            raise ProposalClosedError(
                f"{self.id} was settled at position {self.closed_at}",
                rule="A proposal is approved, rejected or withdrawn once.",
            )
