"""Given–when–then for decisions: no I/O, no clock.

    given(*events).when("enrol-team", body).then(TeamEnrolled(...))
    given(*events).when("enrol-team", body).refused(TeamAlreadyEnrolledError, "/team")

Given events are numbered from 1. Those that the decision needs are folded; a *given* event outside its boundary fails
the test unless it was given as `background`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest

from domain import decision as deciding
from domain.boundary import Query, QueryItem
from domain.checkpoint import Checkpoint
from domain.envelope import Acting, Actor
from domain.event import EVENTS, Event
from domain.proposal_events import DecisionProposed
from domain.proposals import ruled
from domain.reactions import by_itself
from domain.refusal import Refusal
from domain.rulebook import DECISIONS, prepare
from domain.system import system

DECIDED_AT = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
DECISION_ID = "01936f2e-0000-7000-8000-000000000001"


def checkpoint(size: int) -> Checkpoint:
    """What the log of these histories signed: whatever their events, the same of each size."""
    return Checkpoint(origin="log", size=size, root=hashlib.sha256(str(size).encode()).digest())


@dataclass
class Given:
    """A history of one programme, and who asks: the owner unless said, or the team of what is said in person."""

    events: list[Event]
    programme: str = "programme"
    agency: str | None = None
    background: list[Event] = field(default_factory=list)
    party: Acting = "agency"
    decided_at: datetime = DECIDED_AT
    decision_id: str = DECISION_ID
    signed_by: str | None = None
    principal: str | None = None
    follows: int | None = None

    def by(self, agency: str, principal: str | None = None) -> Given:
        """`principal`: who acts for the agency; a key of its own unless said."""
        return replace(self, agency=agency, principal=principal)

    def by_consortium(self, team: str) -> Given:
        return replace(self, agency=team, party="consortium")

    def by_itself(self, reaction: str, follows: int, version: int = 1) -> Given:
        """The same, decided by the system: what a reaction has follow from the event at a position."""
        actor = system(reaction, version)
        return replace(self, agency=actor.agency, principal=actor.principal, party=actor.party, follows=follows)

    def signed(self, key: str) -> Given:
        """The same, by a request that carries a right signature of that key."""
        return replace(self, signed_by=key)

    def at(self, decided_at: datetime) -> Given:
        return replace(self, decided_at=decided_at)

    def when(self, decision_type: str, body: dict[str, Any]) -> Outcome:
        return Outcome(self, decision_type, body)


@dataclass
class Outcome:
    given: Given
    decision_type: str
    body: dict[str, Any]

    def decide(self) -> tuple[Event, ...]:
        """The events that the decision comes to. Raises its refusal."""
        return decide(self.given, self.decision_type, self.body)

    def then(self, *expected: Event) -> None:
        assert self.decide() == expected

    def approved(self, by: str = "other") -> tuple[Event, ...]:
        """What the decision comes to once `by` has approved the proposal of it."""
        (proposed,) = self.decide()
        assert isinstance(proposed, DecisionProposed)
        history = [*self.given.background, *self.given.events, proposed]
        approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
        _approved, *events = (
            replace(self.given, events=[], background=history, agency=by, principal=None, party="agency", follows=None)
            .when("approve", approval)
            .decide()
        )
        return tuple(events)

    def refused(self, error: type[Refusal], pointer: str | None = None) -> Refusal:
        with pytest.raises(error) as caught:
            self.decide()
        assert caught.value.rule
        if pointer is not None:
            assert pointer in [each.pointer for each in caught.value.errors]
        return caught.value


def given(*events: Event, programme: str = "programme", background: Iterable[Event] = ()) -> Given:
    """A history: `background` first, of which the decision may or may not depend, then `events`, on which it must."""
    return Given(list(events), programme, background=list(background))


class Considered(NamedTuple):
    """A decision in memory: what it was made on, and what it came to. `body`: as it was sent."""

    decision: deciding.Decision
    command: deciding.Command
    body: str
    query: Query
    case: deciding.Case
    ruling: deciding.Ruling


def decide(given: Given, decision_type: str, body: dict[str, Any]) -> tuple[Event, ...]:
    """The events that a decision comes to on a history."""
    return considered(given, decision_type, body).ruling.events


_tags: dict[int, tuple[Event, str, frozenset[str]]] = {}
"""By an event's identity: what it was asked for last. It is kept, so that nothing else takes its identity."""


def _with_tags(history: list[Event], programme: str) -> list[tuple[Event, frozenset[str]]]:
    """Each with its tags, which a long history is not asked for once more at each decision."""
    if len(_tags) > 100_000:
        _tags.clear()
    found = []
    for each in history:
        known = _tags.get(id(each))
        if known is None or known[0] is not each or known[1] != programme:
            known = _tags[id(each)] = (each, programme, frozenset(each.tags(programme)))
        found.append((each, known[2]))
    return found


def considered(given: Given, decision_type: str, body: dict[str, Any]) -> Considered:
    """Run one decision on a history, as the service does, in memory."""
    actor = Actor(agency=given.agency or "owner", principal=given.principal or "", party=given.party)
    decision = by_itself(DECISIONS[decision_type], actor)
    command = msgspec.convert(body, type=decision.command)
    agency, party = given.agency or "owner", given.party
    if given.agency is None and decision.in_person and decision.own is not None and not command.reported:
        agency, party = getattr(command, decision.own), "consortium"
    history = _with_tags([*given.background, *given.events], given.programme)
    prior = None if decision.prior is None else decision.prior(command, given.programme)
    if prior is not None:
        give = deciding.folding((prior,))
        for position, (each, tags) in enumerate(history, start=1):
            give(each.TYPE, tags, position, each)
    charter_fact, facts = prepare(decision, command, given.programme, prior)
    query = deciding.boundary((charter_fact, *facts))
    give = deciding.folding((charter_fact, *(fact for fact in facts if fact is not charter_fact)))
    types = {type_ for item in query.items or (QueryItem(),) for type_ in item.types or EVENTS}
    for position, (each, tags) in enumerate(history, start=1):
        if each.TYPE in types and query.matches(each.TYPE, tags):
            give(each.TYPE, tags, position, each)
        else:
            assert position <= len(given.background), f"{each.TYPE} lies outside the boundary of {decision_type}"
    case = deciding.Case(
        programme=given.programme,
        actor=Actor(agency=agency, principal=given.principal or f"key of {agency}", party=party),
        decided_at=given.decided_at,
        position=len(history),
        decision_id=given.decision_id,
        charter=charter_fact.charter,
        rules_hash=charter_fact.rules_hash,
        signed_by=given.signed_by,
        follows=given.follows,
        sealed=lambda size: checkpoint(size) if size <= len(history) else None,
    )
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    ruling = ruled(decision, command, sent, facts, case=case)
    return Considered(decision, command, sent, query, case, ruling)
