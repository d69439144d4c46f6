"""What of an outcome somebody chose: where the rules leave one outcome only, it had to come out so.

A command's fields are of four kinds, told apart by what they do. Those that an event is found by say *what it is about*
(another one is another decision). A *reason* explains. Of the rest, a field with few values is *bound* where the rules
refuse every other value on the same facts; any other is the decider's *choice*. What a command does not hold was worked
out from facts and charter, and had to be so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain.decision import DECISIONS, Command, Decision
from domain.event import Event
from domain.refusal import Refusal

INSTEAD: Final[Mapping[str, str]] = {"advance-team": "eliminate-team", "eliminate-team": "advance-team"}
"""What else could be decided of the same thing: where the rules refuse that, too, a reason only explains."""
REPEATS: Final[Mapping[str, tuple[str, ...]]] = {
    "assent-amendment": ("rules_hash",),
    "decide-objection": ("team",),
    "issue-certificate": ("digest",),
    "open-additional-call": ("after",),
    "publish-results": ("publishers",),
}
"""Fields that only say again what facts or charter say, to show that it was known: any other value is refused."""
REASON: Final = "reason"
OUTCOME: Final = "outcome"
"""What was chosen where the rules would have had the decision that stands in `INSTEAD`."""

Make = Callable[[Decision, Command], Sequence[Event]]
"""What a decision comes to on the facts of another. Raises a `Refusal`."""


class Instead(msgspec.Struct, frozen=True):
    """Another outcome that was tried. `refused`: why the rules do not have it, or `None` if they do."""

    decision: str
    values: Mapping[str, Any]
    refused: str | None


class Discretion(msgspec.Struct, frozen=True, kw_only=True):
    """`chosen`: the fields that the decider chose within the rules; none where the outcome had to be so."""

    chosen: tuple[str, ...]
    instead: tuple[Instead, ...] = ()


class _Kinds(NamedTuple):
    """Fields of a command: with few values, of any value, and whether there is a reason."""

    few: Mapping[str, tuple[Any, ...]]
    open: tuple[str, ...]
    reason: bool


_ALWAYS: Final = frozenset(Command.__struct_fields__)


def discretion(decision: Decision, command: Command, events: Sequence[Event], programme: str, make: Make) -> Discretion:
    """What of the events, which the command came to, was chosen. `make` is asked for what else could have been."""
    kinds = _kinds(decision, _about(events, programme))
    if kinds.open:
        return Discretion(chosen=(*kinds.open, *kinds.few))
    instead = list(_tried(decision, command, kinds.few, make))
    if decision.type in INSTEAD:
        instead += _opposite(DECISIONS[INSTEAD[decision.type]], command, make)
    lawful = [each for each in instead if each.refused is None]
    if lawful:
        varied = {each for tried in lawful for each in (tried.values if tried.decision == decision.type else [OUTCOME])}
        return Discretion(chosen=tuple(sorted(varied)), instead=tuple(instead))
    if kinds.reason and decision.type not in INSTEAD:
        return Discretion(chosen=(REASON,), instead=tuple(instead))
    return Discretion(chosen=(), instead=tuple(instead))


_FOUND_BY: dict[tuple[type[Event], tuple[str, ...]], frozenset[str]] = {}
"""By type of event, and which of its fields hold a text or nothing: those that, as another text, give other tags."""
_TEXT: Final = (str, type(None))


def _about(events: Sequence[Event], programme: str) -> frozenset[str]:
    """The fields that events are found by."""
    found: frozenset[str] = frozenset()
    for event in events:
        texts = tuple([each for each in event.__struct_fields__ if isinstance(getattr(event, each), _TEXT)])
        known = _FOUND_BY.get((type(event), texts))
        if known is None:
            tags = event.tags(programme)
            others = {each: msgspec.structs.replace(event, **{each: f"{getattr(event, each)}x"}) for each in texts}
            known = frozenset(each for each, other in others.items() if other.tags(programme) != tags)
            _FOUND_BY[type(event), texts] = known
        found |= known
    return found


_KINDS: dict[tuple[str, int, frozenset[str]], _Kinds] = {}


def _kinds(decision: Decision, about: frozenset[str]) -> _Kinds:
    """Kept by the decision's name and version: its fields are looked at once."""
    found = _KINDS.get((decision.type, decision.version, about))
    if found is None:
        found = _KINDS[decision.type, decision.version, about] = _kinds_of(decision, about)
    return found


def _kinds_of(decision: Decision, about: frozenset[str]) -> _Kinds:
    few, any_ = dict[str, tuple[Any, ...]](), list[str]()
    left = _ALWAYS | about | {REASON, decision.own} | set(REPEATS.get(decision.type, ()))
    for field in msgspec.structs.fields(decision.command):
        if field.name in left:
            continue
        values = _values(msgspec.inspect.type_info(field.type))
        if values is None:
            any_.append(field.name)
        else:
            few[field.name] = values
    return _Kinds(few, tuple(any_), REASON in decision.command.__struct_fields__)


def _values(of: msgspec.inspect.Type) -> tuple[Any, ...] | None:
    """Every value of a type that has few."""
    match of:
        case msgspec.inspect.LiteralType(values=values):
            return tuple(values)
        case msgspec.inspect.BoolType():
            return (False, True)
        case msgspec.inspect.NoneType():
            return (None,)
        case msgspec.inspect.Metadata(type=inner):
            return _values(inner)
        case msgspec.inspect.UnionType(types=types):
            found = [_values(each) for each in types]
            return None if None in found else tuple(itertools.chain.from_iterable(each or () for each in found))
        case _:
            return None


def _tried(decision: Decision, command: Command, few: Mapping[str, tuple[Any, ...]], make: Make) -> Iterator[Instead]:
    """Every other combination of the values that fields with few may have."""
    own = tuple(getattr(command, each) for each in few)
    for values in itertools.product(*few.values()):
        if values != own:
            other = msgspec.structs.replace(command, **dict(zip(few, values, strict=True)))
            said = {field: value for field, value, was in zip(few, values, own, strict=True) if value != was}
            yield _asked(decision, other, said, make)


def _opposite(decision: Decision, command: Command, make: Make) -> Iterator[Instead]:
    """The other decision about the same thing, with each of the values that its fields with few may have."""
    fields = {each.name: each for each in msgspec.structs.fields(decision.command)}
    same = {name: getattr(command, name) for name in fields if name in command.__struct_fields__}
    few = {
        name: _values(msgspec.inspect.type_info(field.type)) or () for name, field in fields.items() if name not in same
    }
    for values in itertools.product(*few.values()):
        said = dict(zip(few, values, strict=True))
        yield _asked(decision, decision.command(**same, **said), said, make)


def _asked(decision: Decision, command: Command, said: Mapping[str, Any], make: Make) -> Instead:
    try:
        make(decision, command)
    except Refusal as refusal:
        return Instead(decision.type, said, refusal.detail)
    return Instead(decision.type, said, None)
