"""Previews: what a decision, or a proposal, would come to if it were made now. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from domain.charter import require_programme_id
from domain.deadlines import instant, passed
from domain.decision import Case, Ruling
from domain.disclosure import Disclosure, Reader
from domain.effects import decided_anew, has_effects
from domain.envelope import Actor, DataSet
from domain.event import Event, encode_data
from domain.foreseen import Foreseen
from domain.keys import Keys
from domain.proposal_events import (
    DecisionApproved,
    DecisionProposed,
    DecisionRejected,
    Proposal,
    ProposalWithdrawn,
)
from domain.proposals import Approve
from domain.recounting import Circumstances, recounted
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from domain.sentences import Words
from domain.views.effects import Changes
from service.application.bodies import parse_command
from service.application.deciding import Considered, Deciding, Submission
from service.application.facts import read_facts
from service.application.foreseeing import Foreseeing
from service.application.ports import Ledger
from service.application.reading import Queries
from service.application.submitting import UnknownDecisionError

_PREVIEWED = "preview"
"""Stands for a signature: a preview is of the decision as it would be submitted, signed if it has to be. Where keys are
decided about, a live one of whoever decides stands for it."""


class PreviewNotYoursToReadError(Refusal):
    """What decisions would change is read by the agencies of the programme and its auditors."""

    KIND = "forbidden"


class ForeseenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that would be recorded. `says`: the same in a person's words."""

    type: str
    data: msgspec.Raw
    says: Words


class ForeseenNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that a consortium would be sent, by a template of the charter."""

    recipient: str
    template: str
    title: Words


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What the decision would come to on the ledger up to `position`. An approval may name `foreseen` as `effects`.

    `notices`: those that would be sent at once; they follow from the events.
    """

    position: int
    events: tuple[ForeseenEvent, ...]
    changes: Changes
    notices: tuple[ForeseenNotice, ...]
    foreseen: Foreseen


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it would be if it were submitted now. `awaiting`: one of these agencies would have to approve."""

    programme: str
    data_set: DataSet
    decision: str
    awaiting: tuple[str, ...]
    effects: Effects


ProposalState = Literal["waiting", "approved", "rejected", "withdrawn", "expired"]
_CLOSED: Mapping[type[Event], ProposalState] = {
    DecisionApproved: "approved",
    DecisionRejected: "rejected",
    ProposalWithdrawn: "withdrawn",
}


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why an approval would be refused now. `type`: the problem's."""

    type: str
    detail: str
    rule: str


class ProposalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal, as whoever is to approve it reads it, or the team that made it.

    `command`: the very text whose SHA-256 an approval names. `closed_at`: the position that settled it; `reason`: why
    it was rejected or taken back. While it waits, `effects` are those of now, and if they are not what was proposed it
    is `stale`; if the decision would be refused now, `refused` says why instead. A team reads none of these.
    """

    proposal: str
    programme: str
    data_set: DataSet
    decision: str
    command: str
    command_hash: str
    proposer: str
    awaiting: tuple[str, ...]
    expires_at: str
    state: ProposalState
    closed_at: int | None
    reason: str | None
    stale: bool
    effects: Effects | None
    refused: Refused | None


class Previews:
    """The use cases. Safe to call from many threads."""

    def __init__(
        self,
        ledger: Ledger,
        deciding: Deciding,
        queries: Queries,
        foreseeing: Foreseeing,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._deciding = deciding
        self._queries = queries
        self._foreseeing = foreseeing
        self._now = now

    def decision(self, programme: str, decision_type: str, body: bytes, actor: Actor, reader: Reader) -> Preview:
        """A decision that `actor` might submit. Raises what submitting it would, `UnknownProgrammeError` and
        `PreviewNotYoursToReadError`."""
        decision = DECISIONS.get(decision_type)
        if decision is None:
            raise UnknownDecisionError(decision_type)
        require_programme_id(programme)
        disclosure = self._disclosure(programme, reader)
        command = parse_command(decision, body)
        submission = Submission(
            programme=programme, decision_type=decision_type, body=body, actor=actor, idempotency_key=""
        )
        with self._deciding.considered(submission, decision, command) as considered:
            ruling, awaiting = _if_approved(considered)
            case = considered.case
        return Preview(
            programme=programme,
            data_set=disclosure.charter.data_set,
            decision=decision_type,
            awaiting=awaiting,
            effects=self._effects(disclosure, ruling.events, case, actor.agency),
        )

    def proposal(self, proposal: str, reader: Reader) -> ProposalAnswer:
        """A proposal by its id; a team reads its own, and what it would come to is not for it.

        Raises `UnknownProgrammeError`, `UnknownProposalError`, `PreviewNotYoursToReadError`.
        """
        programme = proposal.rpartition(":")[0]
        require_programme_id(programme)
        team = reader.consortium
        disclosure = (
            self._disclosure(programme, reader) if team is None else self._queries.disclosure(programme, reader)
        )
        found = Proposal(programme, proposal)
        read_facts(self._ledger, (found,))
        proposed = found.proposed
        if team is not None and (proposed.proposer.party, proposed.proposer.agency) != ("consortium", team):
            raise found.unknown()
        effects, stale, refused = None, False, None
        state = _state(found, self._now())
        if state == "waiting" and team is None:
            try:
                effects, stale = self._of_proposal(proposed, disclosure)
            except Refusal as refusal:
                refused = Refused(type=f"/problems/{type(refusal).slug()}", detail=refusal.detail, rule=refusal.rule)
        return ProposalAnswer(
            proposal=proposal,
            programme=programme,
            data_set=disclosure.charter.data_set,
            decision=proposed.decision,
            command=proposed.command,
            command_hash=proposed.command_hash,
            proposer=proposed.proposer.agency,
            awaiting=proposed.awaiting,
            expires_at=proposed.expires_at,
            state=state,
            closed_at=found.closed_at or None,
            reason=found.closed_by.reason
            if isinstance(found.closed_by, DecisionRejected | ProposalWithdrawn)
            else None,
            stale=stale,
            effects=effects,
            refused=refused,
        )

    def _of_proposal(self, proposed: DecisionProposed, disclosure: Disclosure) -> tuple[Effects, bool]:
        approval = Approve(proposal=proposed.proposal, command_hash=proposed.command_hash)
        submission = Submission(
            programme=disclosure.charter.programme,
            decision_type="approve",
            body=msgspec.json.encode(approval),
            actor=Actor(agency=proposed.awaiting[0], principal=_PREVIEWED),
            idempotency_key="",
        )
        with self._deciding.considered(submission, DECISIONS["approve"], approval) as considered:
            case = msgspec.structs.replace(considered.case, signed_by=_PREVIEWED)
            _proposal, *facts = considered.facts
            events = decided_anew(proposed, tuple(facts), case=case).events
            stale = not has_effects(proposed, tuple(facts), events, case=case)
        effects = self._effects(disclosure, events, case, proposed.proposer.agency)
        return effects, stale

    def _disclosure(self, programme: str, reader: Reader) -> Disclosure:
        """Raises `PreviewNotYoursToReadError`, `UnknownProgrammeError`."""
        disclosure = self._queries.disclosure(programme, reader)
        if not disclosure.reader.reads_embargoed:
            raise PreviewNotYoursToReadError(
                f"what decisions would change in {programme} is not for everybody",
                rule="Agencies of the programme and auditors read what decisions would change.",
            )
        return disclosure

    def _effects(self, disclosure: Disclosure, events: tuple[Event, ...], case: Case, decided_by: str) -> Effects:
        """`decided_by`: the agency whose decision it is."""
        programme, head = case.programme, case.position
        naming = self._queries.naming(programme, disclosure).at(head)
        around = Circumstances(
            actor=decided_by,
            proposer=None,
            decided_at=instant(case.decided_at),
            reported=False,
            source=None,
            decided_by=None,
        )
        told = tuple(
            ForeseenEvent(type=each.TYPE, data=msgspec.Raw(encode_data(each)), says=recounted(each, around, naming))
            for each in events
        )
        changes = self._foreseeing.changes(case, events)
        notices = tuple(
            ForeseenNotice(recipient=each.recipient, template=each.template, title=each.title)
            for each in self._foreseeing.notices(case, events)
        )
        foreseen = changes.foreseen(events)
        return Effects(position=head, events=told, changes=changes, notices=notices, foreseen=foreseen)


def _if_approved(considered: Considered) -> tuple[Ruling, tuple[str, ...]]:
    """What the decision comes to once nothing is awaited any more, and who is awaited. Raises a `Refusal`."""
    live = [key for fact in considered.facts if isinstance(fact, Keys) for key in fact.live_of(considered.case.actor)]
    case = msgspec.structs.replace(considered.case, signed_by=live[0] if live else _PREVIEWED)
    ruling = msgspec.structs.replace(considered, case=case).ruling()
    (first, *_rest) = ruling.events
    if not isinstance(first, DecisionProposed):
        return ruling, ()
    return decided_anew(first, considered.facts, case=case), first.awaiting


def _state(found: Proposal, now: datetime) -> ProposalState:
    if found.closed_by is not None:
        return _CLOSED[type(found.closed_by)]
    return "expired" if passed(found.proposed.expires_at, now) else "waiting"
