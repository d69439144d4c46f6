"""One call of `ledger.append_batch`: what it is given, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

import msgspec
import psycopg

from domain.boundary import QueryItem
from domain.entry import commitment
from service.application.ports import AppendRequest
from service.storage.binary_arrays import array_oid, byte_strings, instants, integers, long_integers, texts, uuids
from service.storage.boundary_keys import event_keys, hashed, probe_keys, probe_tag, tag_key, type_keys
from service.storage.prepared_call import Connection, PreparedCall

_NUMBER: Final = psycopg.postgres.types["int8"].oid
_TYPES: Final = (
    *map(array_oid, ("int4", "int4", "timestamptz", "uuid", "text", "text", "text", "bytea")),
    *(_NUMBER, *map(array_oid, ("int4", "int8", "int4", "int8", "int8"))),
    *map(array_oid, ("int4", "int8", "int8", "text", "text", "int4", "int8", "int8", "text")),
    *map(array_oid, ("text", "int8")),
    *map(array_oid, ("int4", "int4", "uuid", "text", "text", "int4", "text", "bytea", "bytea", "bytea", "bytea")),
    *map(array_oid, ("int4", "int4", "int8")),
)
_NO_PROBES: Final[tuple[None, ...]] = (None,) * 6
_NO_CONDITIONS: Final[tuple[None, ...]] = (None,) * 9
_PLACES: Final = ", ".join(f"${n}" for n in range(1, len(_TYPES) + 1))
_SQL: Final = f"SELECT head_position, refused FROM ledger.append_batch({_PLACES})"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not recorded; `position`: of the event that breaks its condition."""

    status: str
    position: int = 0
    decision_id: str = ""
    first_position: int = 0
    last_position: int = 0


_refused = msgspec.json.Decoder(dict[int, Refused]).decode


class Answer(msgspec.Struct, frozen=True):
    """`head`: before the batch. `refused`: by number of the request, from 1; the others follow the head, in order."""

    head: int
    refused: dict[int, Refused]


class Prepared:
    """A request, with the keys of its index rows and the items of its condition."""

    __slots__ = ("after", "event_keys", "items", "request")

    def __init__(self, request: AppendRequest) -> None:
        self.request = request
        self.event_keys = [event_keys(event.type, event.tags) for event in request.events]
        condition = request.condition
        self.after = 0 if condition is None else condition.after
        self.items = () if condition is None else condition.query.items or (QueryItem(),)

    def matches(self, other: Prepared) -> bool:
        """Whether an event of the other request matches the condition of this one."""
        return any(item.matches(event.type, event.tags) for item in self.items for event in other.request.events)


class AppendCall:
    """The append function on a connection, ready to be called. Raises `psycopg.Error`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._seen: set[str] = set()
        self._call = PreparedCall(connection, "sillok_append", _SQL, _TYPES, binary=False)

    def __call__(self, batch: Sequence[Prepared], meanwhile: Callable[[], None] = lambda: None) -> Answer:
        """Record a batch in one transaction, or within the one that is open. Raises `psycopg.Error`.

        `meanwhile` is done before the answer is waited for. The connection is closed if there is none in time.
        """
        new_types = {event.type for prepared in batch for event in prepared.request.events} - self._seen
        requests, rest = _requests(batch), [*_types(sorted(new_types)), *_events(batch)]
        answer = None
        if all(item.types for prepared in batch for item in prepared.items):
            answer = self._called([*requests, *_probes(batch), *_NO_CONDITIONS, *rest], meanwhile)
        if answer is None:
            answer = self._called([*requests, *_NO_PROBES, *_conditions(batch), *_untyped(batch), *rest], meanwhile)
            assert answer is not None
        self._seen |= new_types
        return answer

    def _called(self, parameters: list[bytes | None], meanwhile: Callable[[], None]) -> Answer | None:
        """Call the function. `None`: a request may have to be refused, and they have to be looked at one by one."""
        result = self._call(parameters, meanwhile)
        head, refused = result.get_value(0, 0), result.get_value(0, 1)
        if head is None:
            return None
        return Answer(int(head), {} if refused is None else _refused(refused))


def _requests(batch: Sequence[Prepared]) -> list[bytes | None]:
    """The parameters r_…"""
    requests = [prepared.request for prepared in batch]
    sizes = [len(request.events) for request in requests]
    named = [request.idempotency for request in requests]
    return [
        integers(sizes),
        integers(list(accumulate(sizes[:-1], initial=0))),
        instants([request.decided_at for request in requests]),
        uuids([request.decision_id for request in requests]),
        texts([None if each is None else each.client for each in named]),
        texts([None if each is None else each.programme for each in named]),
        texts([None if each is None else each.key for each in named]),
        byte_strings([None if each is None else each.fingerprint for each in named]),
    ]


def _probes(batch: Sequence[Prepared]) -> list[bytes | None]:
    """The parameters k_… and p_…: what requests share, as charter and course of a stage, is probed once for all.

    Every item names a type.
    """
    sets: dict[tuple[str, ...], dict[str, int]] = {}
    for prepared in batch:
        after = prepared.after
        for item in prepared.items:
            afters, tag = sets.setdefault(item.types, {}), probe_tag(item)
            afters[tag] = min(after, afters.get(tag, after))
    if not sets:
        return [*_NO_PROBES]
    typed = [(n, key) for n, types in enumerate(sets) for key in type_keys(types)]
    tagged = [(n, tag_key(tag), after) for n, afters in enumerate(sets.values()) for tag, after in afters.items()]
    type_set, type_key = zip(*typed, strict=True)
    tag_set, tag_key_, tag_after = zip(*tagged, strict=True)
    return [
        min(tag_after).to_bytes(8, "big", signed=True),
        integers(type_set),
        long_integers(type_key),
        integers(tag_set),
        long_integers(tag_key_),
        long_integers(tag_after),
    ]


def _conditions(batch: Sequence[Prepared]) -> list[bytes | None]:
    """The parameters c_…"""
    typed = [
        (n, prepared.after, key, type_, " ".join(item.tags))
        for n, prepared in enumerate(batch, start=1)
        for item in prepared.items
        for type_, key in zip(item.types, probe_keys(item), strict=True)
    ]
    n_, after, key_, type__, tags = zip(*typed, strict=True) if typed else ((),) * 5
    return [integers(n_), long_integers(after), long_integers(key_), texts(type__), texts(tags)]


def _untyped(batch: Sequence[Prepared]) -> list[bytes | None]:
    """The parameters a_…"""
    found = [
        (n, prepared.after, hashed(probe_tag(item)), " ".join(item.tags))
        for n, prepared in enumerate(batch, start=1)
        for item in prepared.items
        if not item.types
    ]
    n_, after, key_, tags = zip(*found, strict=True) if found else ((),) * 4
    return [integers(n_), long_integers(after), long_integers(key_), texts(tags)]


def _types(new_types: Sequence[str]) -> list[bytes | None]:
    """The parameters t_…"""
    return [texts(new_types), long_integers([hashed(each) for each in new_types])] if new_types else [None, None]


def _events(batch: Sequence[Prepared]) -> list[bytes | None]:
    """The parameters e_… and i_…"""
    events = [event for prepared in batch for event in prepared.request.events]
    places = [(n, at) for n, each in enumerate(batch, start=1) for at in range(1, len(each.request.events) + 1)]
    keys = [each for prepared in batch for each in prepared.event_keys]
    keyed = [place for place, each in zip(places, keys, strict=True) for _key in each]
    return [
        integers([n for n, _at in places]),
        integers([at for _n, at in places]),
        uuids([event.event_id for event in events]),
        texts([event.programme for event in events]),
        texts([event.type for event in events]),
        integers([event.version for event in events]),
        texts([" ".join(event.tags) for event in events]),
        byte_strings([event.salt for event in events]),
        byte_strings([event.envelope for event in events]),
        byte_strings([event.data for event in events]),
        byte_strings([commitment(event.salt, event.envelope, event.data) for event in events]),
        integers([n for n, _at in keyed]),
        integers([at for _n, at in keyed]),
        long_integers([key for each in keys for key in each]),
    ]
