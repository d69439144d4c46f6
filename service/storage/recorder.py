"""The library's recorder interface over the ledger: one programme, seen as a plain DCB event store.

Plain events have neither envelope nor scoped tags; here they get both. The library's own suite runs against it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
)
from eventsourcing.dcb.persistence import DCBListenNotifySubscription
from eventsourcing.persistence import ProgrammingError

from domain.boundary import Boundary, Query, QueryItem, tag
from domain.deadlines import instant
from domain.entry import SALT_BYTES
from domain.envelope import Actor, DataSet, PrivateEnvelope, encode_envelope
from service.application.ports import AppendRequest, NewEvent, RecordedEvent
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger

_KIND: Final = "tag"
_POLL_SECONDS: Final = 0.05


class ProgrammeRecorder(DCBRecorder):
    """`DCBRecorder` for one programme of the ledger; positions are those of the whole ledger."""

    def __init__(self, ledger: PostgresLedger, programme: str, *, data_set: DataSet, actor: Actor) -> None:
        self._ledger = ledger
        self._programme = programme
        self._data_set = data_set
        self._actor = actor

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """See `DCBRecorder.read`. The head is that of the ledger, or with a limit the last position returned."""
        found = self._ledger.read(self._scoped(query), after=after or 0, limit=limit)
        events = [self._sequenced(each) for each in found]
        if limit is None:
            return _Response(events, found.head or None)
        return _Response(events, events[-1].position if events else None)

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """See `DCBRecorder.append`. Raises `IntegrityError` if the condition fails."""
        if not events:
            raise ProgrammingError("events: at least one")
        appended = self._ledger.append(
            AppendRequest(
                events=[self._new(event) for event in events],
                decision_id=uuid7(),
                condition=None if condition is None else self._boundary(condition),
            )
        )
        return appended.last_position

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> _Subscription:
        """See `DCBRecorder.subscribe`."""
        return _Subscription(self, query, after)

    def head(self) -> int:
        """The ledger's last position."""
        return self._ledger.head()

    def _new(self, event: DCBEvent) -> NewEvent:
        event_id = uuid7()
        tags = tuple(self._scope(each) for each in event.tags)
        envelope = PrivateEnvelope(
            event_id=str(event_id),
            tags=tags,
            data_set=self._data_set,
            decided_at=instant(datetime.now(UTC)),
            actor=self._actor,
            attribution="decided",
        )
        return NewEvent(
            programme=self._programme,
            type=event.type,
            version=1,
            event_id=event_id,
            tags=tags,
            salt=os.urandom(SALT_BYTES),
            envelope=encode_envelope(envelope),
            data=event.data,
        )

    def _sequenced(self, recorded: RecordedEvent) -> DCBSequencedEvent:
        tags = [self._unscope(each) for each in recorded.tags]
        return DCBSequencedEvent(DCBEvent(type=recorded.type, data=recorded.data, tags=tags), recorded.position)

    def _boundary(self, condition: DCBAppendCondition) -> Boundary:
        scoped = self._scoped(condition.fail_if_events_match) or DCBQuery()
        items = tuple(QueryItem(tuple(item.types), tuple(item.tags)) for item in scoped.items)
        return Boundary(Query(items), condition.after or 0)

    def _scoped(self, query: DCBQuery | None) -> DCBQuery | None:
        if query is None:
            return None
        return DCBQuery([DCBQueryItem(item.types, [self._scope(each) for each in item.tags]) for item in query.items])

    def _scope(self, plain: str) -> str:
        """A plain tag as one of the programme's, reversibly."""
        return tag(_KIND, self._programme, escape(plain))

    def _unscope(self, scoped: str) -> str:
        prefix = tag(_KIND, self._programme, "")
        return unescape(scoped.removeprefix(prefix)) if scoped.startswith(prefix) else scoped


class _Response(DCBReadResponse):
    def __init__(self, events: list[DCBSequencedEvent], head: int | None) -> None:
        self._events: Iterator[DCBSequencedEvent] = iter(events)
        self._head = head

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return next(self._events)


class _Subscription(DCBListenNotifySubscription[ProgrammeRecorder]):
    """The library's subscription, woken when the head has moved. Asking for the head costs the writer nothing; a
    notification inside the append would lengthen the time that the head is locked."""

    def __init__(self, recorder: ProgrammeRecorder, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder=recorder, query=query, after=after)
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="ledger-subscription", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        super().stop()
        self._stopping.set()

    def __exit__(self, *args: object, **kwargs: object) -> None:
        super().__exit__(*args, **kwargs)
        self._watcher.join()

    def _watch(self) -> None:
        seen = -1
        while not self._stopping.wait(_POLL_SECONDS):
            head = self._recorder.head()
            if head != seen:
                seen = head
                self._has_been_notified.set()


def escape(plain: str) -> str:
    """Text as an identifier of a tag: lower case letters and digits stand for themselves, all else as `-hex-`."""
    inner = "".join(c if c.isascii() and (c.isdigit() or c.islower()) else f"-{ord(c):x}-" for c in plain)
    return f"x{inner}x"


def unescape(escaped: str) -> str:
    """The inverse of `escape`."""
    parts = escaped[1:-1].split("-")
    return "".join(part if i % 2 == 0 else chr(int(part, 16)) for i, part in enumerate(parts))
