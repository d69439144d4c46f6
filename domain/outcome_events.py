"""What was ruled and decided about a team: the events, apart from the decisions so that every topic may read them."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Identifier, Names, Sha256

Verdict = Literal["met", "not_met"]
Basis = Literal["rank", "gate", "ruling", "withdrawal"]
Outcome = Literal["advanced", "eliminated"]
Undisclosed = Literal["undisclosed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The verdict on one condition of one perspective; `undisclosed` only in what is reported."""

    perspective: Identifier
    condition: Identifier
    verdict: Literal["met", "not_met", "undisclosed"]
    reason: Names | None = None


def review_tag(programme: str, stage: str, team: str) -> str:
    """What a ruling on a team's independence in a stage rests on: evidence, hearing and opinions."""
    return tag("review", programme, stage, team)


@event("EvidenceRegistered", public="with-results")
class EvidenceRegistered(Event, frozen=True, kw_only=True):
    """A document about a team, by its hash."""

    stage: str
    team: str
    kind: str
    sha256: str
    title: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            tag("team", programme, self.team),
            tag("evidence", programme, self.sha256),
            review_tag(programme, self.stage, self.team),
        )


class _OfTeam(Event, frozen=True, kw_only=True):
    stage: str
    team: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            tag("programme", programme),
            tag("stage", programme, self.stage),
            tag("team", programme, self.team),
        )


class _Decided(_OfTeam, frozen=True, kw_only=True):
    """`deciders`: the agencies that took part, none of which decides an objection to it.

    They are in the event because facts are folded from events alone, without their envelopes.
    """

    deciders: tuple[str, ...] = ()


@event("IndependenceRuled", public="with-results")
class IndependenceRuled(_Decided, frozen=True, kw_only=True):
    """The owner's ruling on a team's independence. Findings and evidence that were not reported are `undisclosed`.

    `supersedes`: the position of the ruling that an upheld objection overturned.
    """

    verdict: Verdict
    perspectives: tuple[str, ...]
    findings: tuple[Finding, ...] | Undisclosed
    evidence: tuple[Sha256, ...] | Undisclosed
    reason: Names
    supersedes: int | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (*super().tags(programme), review_tag(programme, self.stage, self.team))


@event("DeviationRecorded", public="with-results")
class DeviationRecorded(Event, frozen=True, kw_only=True):
    """The plan is left, for a reason: so many eliminations instead of the charter's number."""

    stage: str
    subject: Literal["eliminations"]
    planned: str
    actual: str
    reason: Names
    approver: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("stage", programme, self.stage),)


@event("TeamAdvanced", public="with-results")
class TeamAdvanced(_Decided, frozen=True, kw_only=True):
    """A team goes on to the next stage."""

    reason: Names


@event("TeamEliminated", public="with-results")
class TeamEliminated(_Decided, frozen=True, kw_only=True):
    """A team leaves the programme, on the named basis."""

    basis: Basis
    reason: Names


@event("TeamWithdrawn")
class TeamWithdrawn(Event, frozen=True, kw_only=True):
    """A team leaves the programme of its own accord. `stage`: the one that it leaves, if one was open to it.

    It is public at once: no team withdraws while an outcome of it is under embargo, so it gives none away.
    """

    team: str
    reason: Names
    stage: str | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        of_team = (tag("programme", programme), tag("team", programme, self.team))
        return of_team if self.stage is None else (*of_team, tag("stage", programme, self.stage))


@event("OutcomeSuperseded", public="with-results")
class OutcomeSuperseded(_Decided, frozen=True, kw_only=True):
    """Another outcome takes the place of a team's earlier one. `objection`: the upheld one that it follows."""

    was: Outcome
    to: Outcome
    basis: Literal["rank", "gate", "ruling", "objection"]
    reason: Names
    objection: str | None = None
