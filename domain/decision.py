"""How a decision is made: a command, the facts that it depends on, and a function from both to events.

A decision is declared beside its topic:

    @decision("enrol-team", EnrolTeam, comes_to=(TeamEnrolled,), needs=lambda command, p: (Roster(p),))
    def enrol_team(command, case, roster): ...

Its *boundary* is the union of what its facts select; it is read once, folded, decided upon, and appended under the
condition that nothing in it has changed.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from domain.boundary import Query, QueryItem
from domain.charter_document import Charter
from domain.checkpoint import Checkpoint
from domain.envelope import Actor, Attribution, DataSet
from domain.event import Event
from domain.foreseen import Foreseen
from domain.legible import illegible_fields
from domain.refusal import FieldError, InvalidCommandError, NotMandatedError, Refusal
from domain.scalars import Identifier, Text
from domain.system import may_by_itself


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What an agency asks for. A *reported* command enters what others decided (`decided_by`), and cites its source."""

    attribution: Attribution = "decided"
    source: Text | None = None
    decided_by: Identifier | None = None

    @property
    def reported(self) -> bool:
        return self.attribution == "reported"


class Fact(Protocol):
    """Something that a decision depends on: the events that say it, and what they add up to."""

    @property
    def selects(self) -> tuple[QueryItem, ...]: ...

    def apply(self, position: int, event: Event) -> None:
        """Take one of the selected events into account; positions only grow."""


class CharterFact(Fact, Protocol):
    """The fact that every decision but the first has: the charter in force."""

    @property
    def charter(self) -> Charter: ...

    @property
    def rules_hash(self) -> str: ...


def nothing_sealed(_size: int) -> Checkpoint | None:
    """Of a log that signed nothing yet."""
    return None


class Case(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What surrounds a command: programme, who asks, when (`decided_at`, UTC), what was read up to `position`.

    `decision_id`: of the decision being made. `countersigned_by`: who approved it, if it was proposed to another.
    `signed_by`: the registered key of the actor's agency, or consortium, that the command was signed with, if it was.
    `foreseen`: what is foreseen now of the proposal that is approved, where the approval names what was looked at.
    `sealed`: the checkpoint of a size, if the log signed one; once signed it is the same for ever.
    `follows`: the position of the event that a decision of the system follows from.
    """

    programme: str
    actor: Actor
    decided_at: datetime
    position: int
    decision_id: str
    charter: Charter
    rules_hash: str
    countersigned_by: Actor | None = None
    signed_by: str | None = None
    foreseen: Foreseen | None = None
    sealed: Callable[[int], Checkpoint | None] = nothing_sealed
    follows: int | None = None

    def deciders(self, command: Command) -> tuple[str, ...]:
        """The agencies that take part in the decision: who makes it, or is reported to have, and who countersigns.

        Of what is reported without saying who decided it nobody is named: its recorder decided nothing.
        """
        if command.reported:
            return () if command.decided_by is None else (command.decided_by,)
        first = self.actor.agency
        return (first,) if self.countersigned_by is None else (first, self.countersigned_by.agency)


class SignatureRequiredError(Refusal):
    """The charter asks for a signature over the decision by whoever makes or settles it."""

    KIND = "forbidden"


class CountersignatureRequiredError(Refusal):
    """The decision takes effect only with a second agency's approval."""

    KIND = "forbidden"


Needs = Callable[..., tuple[Fact, ...]]
Prior = Callable[[Any, str], Fact]
Decide = Callable[..., Iterable[Event]]
RestsOn = Callable[..., bytes]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the rulebook. `version` changes whenever the same facts could lead to other events.

    `comes_to`: what it may be recorded as; an approval is one more event, of the decision that was proposed. A proposal
    is of what it proposes, so `propose` comes to nothing of its own.
    `own`: the field of the command that names the consortium which may decide this about itself. `in_person`: nobody
    says it for the consortium, but a record that reports it. `mandated`: false where the decision itself says who may
    make it, instead of the charter's mandates. `prior`: a fact that never changes once it is there, read before
    `needs` can say what else the decision depends on. `rests_on`: of command, case and facts, what the decision settles
    and its events do not say; where it is proposed, an approval is held to that, too (`domain.effects`).
    """

    type: str
    version: int
    command: builtins.type[Command]
    comes_to: tuple[builtins.type[Event], ...]
    needs: Needs
    decide: Decide
    summary: str
    own: str | None = None
    in_person: bool = False
    mandated: bool = True
    prior: Prior | None = None
    rests_on: RestsOn | None = None


class Ruling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a decision came to."""

    events: tuple[Event, ...]
    data_set: DataSet
    rules_hash: str


DECISIONS: dict[str, Decision] = {}
"""Every decision of this release, by its name in the API."""
EARLIER: dict[tuple[str, int], Decision] = {}
"""What an earlier release decided with, by name and version: nobody decides so any more, and it is re-executed so."""
DECISION_OF: dict[str, str] = {}
"""Which decision comes to an event, by the event's type."""

D = TypeVar("D", bound=Decide)


def decision(
    type_: str,
    command: type[Command],
    *,
    comes_to: tuple[type[Event], ...],
    needs: Needs,
    version: int = 1,
    own: str | None = None,
    in_person: bool = False,
    mandated: bool = True,
    prior: Prior | None = None,
    rests_on: RestsOn | None = None,
    earlier: bool = False,
) -> Callable[[D], D]:
    """Register a decision; `needs` names the facts beyond the charter, in the order the function takes them.

    It is given command and programme, and the fact of `prior`, folded, if there is one. `earlier`: of an earlier
    release, with the version that it had there (`EARLIER`). The rest: see `Decision`.
    """

    def register(function: D) -> D:
        if (type_, version) in EARLIER if earlier else type_ in DECISIONS:
            raise ValueError(f"decision {type_} is registered twice")
        summary = (function.__doc__ or "").strip().splitlines()[0]
        registered = Decision(
            type=type_,
            version=version,
            command=command,
            comes_to=comes_to,
            needs=needs,
            decide=function,
            summary=summary,
            own=own,
            in_person=in_person,
            mandated=mandated,
            prior=prior,
            rests_on=rests_on,
        )
        if earlier:
            EARLIER[type_, version] = registered
        else:
            DECISIONS[type_] = registered
        DECISION_OF.update((each.TYPE, type_) for each in comes_to)
        return function

    return register


def decider_of(type_: str, version: int) -> Decision | None:
    """The decision as it was made in that version, if this release still knows it."""
    current = DECISIONS.get(type_)
    return current if current is not None and current.version == version else EARLIER.get((type_, version))


def boundary(facts: Sequence[Fact]) -> Query:
    """The query that reads every event the facts depend on."""
    return Query(items=tuple(dict.fromkeys(item for fact in facts for item in fact.selects)))


def folding(facts: Sequence[Fact]) -> Callable[[str, Iterable[str], int, Event], None]:
    """What gives an event that was read within the boundary to each fact that selects it."""
    selected = [(fact, fact.selects) for fact in facts]

    def take(type_: str, tags: Iterable[str], position: int, event: Event) -> None:
        carried = frozenset(tags)
        for fact, items in selected:
            if any(item.matches(type_, carried) for item in items):
                fact.apply(position, event)

    return take


def fold(facts: Sequence[Fact], type_: str, tags: Iterable[str], position: int, event: Event) -> None:
    """Give one event to each fact that selects it."""
    folding(facts)(type_, tags, position, event)


def rule_on(decision: Decision, command: Command, facts: Sequence[Fact], *, case: Case) -> Ruling:
    """Decide. `facts` are folded and left as they are. Raises a `Refusal`; otherwise at least one event."""
    charter = case.charter
    refuse_if(illegible_fields(command), rule="What is recorded can be seen, and is written in one way.")
    if decision.mandated or case.actor.party == "system":
        require_mandate(decision, command, case.actor, charter)
    require_attribution(command, charter)
    require_signed(decision.type, case)
    if charter.countersigned(decision.type) and not command.reported:
        require_countersignature(case, f"{decision.type} of {case.actor.agency}")
    events = tuple(decision.decide(command, case, *facts))
    return Ruling(events=events, data_set=charter.data_set, rules_hash=case.rules_hash)


def require_signed(decision: str, case: Case) -> None:
    """Raise unless the request of the case is signed, or the charter asks for no signature over the decision."""
    if case.charter.wants_signed(decision) and case.signed_by is None:
        raise SignatureRequiredError(
            f"{decision} is submitted with JWS-Signature",
            rule="What the charter names is signed by whoever decides it; and so are changes of keys and charter then.",
        )


def require_countersignature(case: Case, what: str) -> None:
    """Raise unless a second one has approved `what`; the service then makes it a proposal."""
    if case.countersigned_by is None:
        raise CountersignatureRequiredError(
            f"{what} waits for a second agency", rule="No single person takes a decision that the charter gives to two."
        )


def require_mandate(decision: Decision, command: Command, actor: Actor, charter: Charter) -> None:
    """Raise `NotMandatedError` unless the charter lets the actor make the decision."""
    if actor.party == "system":
        if not may_by_itself(charter, actor, decision.type):
            raise NotMandatedError(
                f"{decision.type} does not follow by itself in {charter.programme}",
                rule="The charter says what follows by itself.",
            )
    elif actor.party == "consortium":
        if decision.own is None or decision.type not in charter.consortium_decisions:
            raise NotMandatedError(
                f"a consortium may not {decision.type} in {charter.programme}",
                rule="The charter says what a consortium may decide about itself.",
            )
        if getattr(command, decision.own) != actor.agency:
            raise NotMandatedError(
                f"{decision.own}: {actor.agency} decides about itself only",
                rule="A consortium decides about itself, never about another.",
                pointer=f"/{decision.own}",
            )
    elif decision.in_person and not command.reported:
        raise NotMandatedError(
            f"{decision.own}: {actor.agency} does not speak for a consortium",
            rule="What a team says for itself no agency says in its name.",
            pointer=f"/{decision.own}",
        )
    elif not charter.may(actor.agency, decision.type):
        raise NotMandatedError(
            f"{actor.agency} may not {decision.type} in {charter.programme}",
            rule="The charter's mandates say which agency may make which decision.",
        )


def require_attribution(command: Command, charter: Charter) -> None:
    """Raise `InvalidCommandError` unless it is said to be decided, or reported, as the charter's data set has it."""
    wanted: Attribution = "reported" if charter.data_set == "public-record" else "decided"
    if command.attribution != wanted:
        raise InvalidCommandError(
            f"attribution: {wanted!r} in a {charter.data_set} programme, not {command.attribution!r}",
            rule="A public record holds what was reported; any other programme what was decided in it.",
            pointer="/attribution",
        )
    if command.decided_by is not None and (
        not command.reported or command.decided_by not in {agency.id for agency in charter.agencies}
    ):
        raise InvalidCommandError(
            f"decided_by: {command.decided_by!r} must be an agency of the charter, in a reported decision",
            rule="Only a reported decision was taken by another than its actor.",
            pointer="/decided_by",
        )
    if command.reported and command.source is None:
        raise InvalidCommandError(
            "source: a reported decision cites where it was reported",
            rule="What is reported carries its source.",
            pointer="/source",
        )


def refuse_if(faults: Iterator[tuple[str, str]], *, rule: str, error: type[Refusal] = InvalidCommandError) -> None:
    """Raise one refusal that lists every fault (JSON pointer, sentence)."""
    found = tuple(FieldError(pointer, detail) for pointer, detail in faults)
    if found:
        raise error("; ".join(each.detail for each in found), rule=rule, errors=found)
