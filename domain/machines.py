"""State machines as data: which decisions are lawful in which state. Deciders consult them; diagrams are drawn of them.

    LAMP = machine(
        "lamp",
        initial="dark",
        transitions=[("dark", "light-lamp", "lit"), ("lit", "snuff-lamp", "dark")],
        refusals={"dark": LampDarkError, "lit": LampLitError},
    )

`LAMP.require("lit", "light-lamp", subject="lamp 7")` then raises LampLitError: lamp 7 is lit.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping

import msgspec

from domain.refusal import Refusal


class Transition(msgspec.Struct, frozen=True):
    """In state `source`, a decision of that type leads to state `target`.

    `only`: when it may, in words, if not always; a machine allows what may be always, and shows the rest.
    """

    source: str
    decision: str
    target: str
    only: str | None = None

    @property
    def label(self) -> str:
        return self.decision if self.only is None else f"{self.decision} ({self.only})"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The states of one kind of subject (`name`, as in a sentence). `initial`: before anything was decided about it.

    `refusals`: the error that each state answers with to a decision that it does not allow, named by the state's fact.
    A state that allows every decision of the machine needs none. One decision may lead to one of several targets.
    """

    name: str
    initial: str
    transitions: tuple[Transition, ...]
    refusals: Mapping[str, builtins.type[Refusal]]

    @property
    def one(self) -> str:
        """The name with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, the initial one first, then as the transitions name them."""
        named = (state for each in self.transitions for state in (each.source, each.target))
        return tuple(dict.fromkeys((self.initial, *named)))

    @property
    def decisions(self) -> tuple[str, ...]:
        """Every decision that moves the machine."""
        return tuple(dict.fromkeys(each.decision for each in self.transitions))

    def targets(self, state: str, decision: str) -> tuple[str, ...]:
        """The states that a decision may lead to; none where it is not allowed."""
        return tuple(each.target for each in self._always if (each.source, each.decision) == (state, decision))

    @property
    def _always(self) -> tuple[Transition, ...]:
        return tuple(each for each in self.transitions if each.only is None)

    def allows(self, state: str, decision: str) -> bool:
        return bool(self.targets(state, decision))

    def require(self, state: str, decision: str, *, subject: str, pointer: str | None = None) -> None:
        """Raise the refusal of `state` unless it allows the decision.

        `subject`: who or what, for the sentence. `pointer`: the command's field at fault.
        """
        if not self.allows(state, decision):
            sources = tuple(dict.fromkeys(each.source for each in self._always if each.decision == decision))
            raise self.refusals[state](
                f"{subject} is {state}",
                rule=f"{decision} is for {self.one} that is {' or '.join(sources)}.",
                pointer=pointer,
            )


MACHINES: dict[str, Machine] = {}
"""Every state machine of this release, by its name."""


def machine(
    name: str,
    *,
    initial: str,
    transitions: Iterable[tuple[str, str, str] | tuple[str, str, str, str]],
    refusals: Mapping[str, type[Refusal]],
) -> Machine:
    """Register a machine; `transitions` are (source, decision, target), or with `only` as well.

    Raises `ValueError` for a name given twice, and for a state that would have no refusal to answer with.
    """
    if name in MACHINES:
        raise ValueError(f"machine {name} is registered twice")
    made = Machine(
        name=name, initial=initial, transitions=tuple(Transition(*each) for each in transitions), refusals=refusals
    )
    for state in made.states:
        if state not in refusals and not all(made.allows(state, each) for each in made.decisions):
            raise ValueError(f"machine {name}: state {state} has no refusal")
    MACHINES[name] = made
    return made
