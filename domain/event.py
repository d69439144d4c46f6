"""Events: subject + past participle, under a stable name and version that outlive the Python class."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Final, Literal, TypeVar

import msgspec

from domain.boundary import tag
from domain.sentences import Says

Disclosed = Literal["at-once", "with-results", "agencies"]
"""From when the public may read an event's data: at once, with the results of its stage, or never."""
STRICTNESS: Final[dict[Disclosed, int]] = {"at-once": 0, "with-results": 1, "agencies": 2}
Own = Literal["team", "evaluator"]
"""The field of an event that names whoever may read it whatever the public may."""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A fact. `TYPE` and `VERSION` name its shape in the ledger; `PUBLIC` is when the public may read it.

    `SAYS`: what it says to a person, in both languages.
    `OWN`: who may read it at once beside agencies and auditors: the consortium that is its `team`, or its `evaluator`.
    """

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]
    PUBLIC: ClassVar[Disclosed]
    OWN: ClassVar[Own | None]
    SAYS: ClassVar[Says]

    def tags(self, programme: str) -> tuple[str, ...]:
        """The programme-scoped tags that decisions find this event by; by default the programme as a whole."""
        return (tag("programme", programme),)

    def substance(self) -> bytes:
        """What an approval approves: the data, but for what only says when and by whom it was decided."""
        return encode_data(msgspec.structs.replace(self, deciders=()) if hasattr(self, "deciders") else self)


class UnknownEventError(LookupError):
    """An event type, or a version of it, that this release does not know."""


EVENTS: dict[str, type[Event]] = {}
"""The current class of each event type."""

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
_UPCASTS: dict[tuple[str, int], Upcast] = {}

E = TypeVar("E", bound=type[Event])

_NOTHING: Final = Says()


def event(
    type_: str, *, says: Says = _NOTHING, version: int = 1, public: Disclosed = "at-once", own: Own | None = None
) -> Callable[[E], E]:
    """Register an event class under its stable name and current version; `says`, `public` and `own` as in `Event`."""

    def register(cls: E) -> E:
        if type_ in EVENTS:
            raise ValueError(f"event type {type_} is registered twice")
        cls.TYPE, cls.VERSION, cls.PUBLIC, cls.OWN, cls.SAYS = type_, version, public, own, says
        EVENTS[type_] = cls
        return cls

    return register


def upcast(type_: str, *, from_version: int) -> Callable[[Upcast], Upcast]:
    """Register how data of `from_version` becomes data of the next version."""

    def register(function: Upcast) -> Upcast:
        _UPCASTS[type_, from_version] = function
        return function

    return register


_encoder = msgspec.json.Encoder(order="deterministic")


_as_object = msgspec.json.Decoder(dict[str, Any]).decode


def encode_data(of: Event) -> bytes:
    """Deterministic JSON bytes, no floats."""
    return _encoder.encode(of)


@functools.cache
def decoder(type_: str, version: int) -> Callable[[bytes], Event]:
    """Decodes data of a type and version as `decode_data` does. Kept: to look the class up each time takes longer than
    to decode a score. Raises `UnknownEventError`.
    """
    cls = EVENTS.get(type_)
    if cls is None or version > cls.VERSION or version < 1:
        raise UnknownEventError(f"{type_} version {version} is not known to this release")
    if version == cls.VERSION:
        return msgspec.json.Decoder(cls).decode
    return lambda data: msgspec.convert(upcast_fields(type_, version, _as_object(data)), type=cls)


def decode_data(type_: str, version: int, data: bytes) -> Event:
    """The event in its current version. Raises `UnknownEventError`, `msgspec.DecodeError`."""
    return decoder(type_, version)(data)


def upcast_fields(type_: str, version: int, fields: dict[str, Any]) -> dict[str, Any]:
    """The data of a version as that of the current one. Raises `UnknownEventError`."""
    for step in range(version, EVENTS[type_].VERSION):
        if (type_, step) not in _UPCASTS:
            raise UnknownEventError(f"{type_} version {step} has no upcast")
        fields = _UPCASTS[type_, step](fields)
    return fields
