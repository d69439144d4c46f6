"""What the service answers, as far as callers read it: what else there is by then is passed over."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.envelope import DataSet
from domain.sentences import Words
from service.client.problems import Problem


class RecordedEvent(msgspec.Struct, frozen=True):
    """An event of a decision."""

    position: int
    type: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in the ledger. `receipt`: where its proof of inclusion will be. `replayed`: it was recorded before.

    `projected`: every view has it; `sealed`: its receipt is there; told only to who asked for that.
    """

    decision_id: str
    events: tuple[RecordedEvent, ...]
    receipt: str
    replayed: bool = False
    projected: bool = False
    sealed: bool = False

    @property
    def position(self) -> int:
        """Of its last event: with it as `min_position` views answer with the decision in them."""
        return self.events[-1].position


class Proposed(Recorded, frozen=True, kw_only=True):
    """A decision that waits until one of `awaiting` approves it, by its id and `command_hash`."""

    proposal: str
    awaiting: tuple[str, ...]
    command_hash: str
    expires_at: str


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one decision of many, by its number from 1: `content` if it is recorded, else `problem`."""

    line: int
    key: str | None
    status: int
    replayed: bool
    body: msgspec.Raw

    @property
    def content(self) -> Recorded | Proposed | None:
        """The answer of a single call, if it is recorded."""
        if self.status >= 300:
            return None
        kind = Proposed if self.status == 202 else Recorded
        return msgspec.structs.replace(msgspec.json.decode(self.body, type=kind), replayed=self.replayed)

    @property
    def problem(self) -> Problem | None:
        """Why it is not recorded, if it is not."""
        return msgspec.json.decode(self.body, type=Problem) if self.status >= 300 else None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CloudEvent of the ledger, and encoded one again; of one that is withheld there is no more than programme, type,
    position and time. `revealedby`: where a stream sends one that was withheld before, what made it public.
    """

    specversion: str
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str | None = None
    position: int
    programme: str
    eventversion: int
    dataset: DataSet
    attribution: str | None = None
    agency: str | None = None
    tagged: str = msgspec.field(default="", name="tags")
    withheld: bool = False
    revealedby: int | None = None
    data: dict[str, Any] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        """What it is about; `tagged` is the same as it was sent."""
        return tuple(self.tagged.split())


class ForeseenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a decision would come to, and what it says to a person."""

    type: str
    data: dict[str, Any]
    says: Words


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a stage whose results are not published: how many events of each type."""

    programme: str
    stage: str
    position: int
    data_set: DataSet
    embargo: str
    events: dict[str, int]
