"""Ports of deliveries: where endpoints and what goes to them are kept, and the channels by which it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from domain.envelope import DataSet
from domain.noticing import Notice
from service.application.webhook_signing import EndpointSecrets

ChannelName = Literal["email", "webhook"]
Language = Literal["en", "ko"]
EndpointState = Literal["unconfirmed", "active", "paused", "disabled", "removed"]
"""`unconfirmed`: whoever reads there has not said so yet, and is sent tests only. `paused`: by its team; notices wait.
`disabled`: after days of failure, or because it said that it is gone; nothing waits for it."""
DeliveryState = Literal["pending", "delivered", "dead"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is sent to. `address`: a URL, or of a mailbox. `data_set`: of its programme."""

    endpoint: str
    programme: str
    team: str
    data_set: DataSet
    channel: ChannelName
    language: Language
    state: EndpointState
    address: str
    secrets: EndpointSecrets


class Claim(msgspec.Struct, frozen=True):
    """An endpoint that one worker has, until the claim runs out. `number`: of the claim."""

    endpoint: str
    number: int


class Disabled(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint to which nothing goes any more, and why."""

    endpoint: str
    because: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What came into an inbox since the summary before. `day`: on which it was due, YYYY-MM-DD."""

    day: str
    notices: tuple[Notice, ...]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is next for an endpoint. `content`, `sha256`: of the notice; none for a test. `attempts`: those that failed.
    `disabled`: the endpoint that it tells of instead; `summary`: what it sums up.

    `queued_at`: when the notice came into the inbox, or the test was asked for.
    """

    delivery: int
    target: Target
    attempts: int
    queued_at: datetime
    content: bytes | None
    sha256: bytes | None
    disabled: Disabled | None = None
    summary: Summary | None = None

    @property
    def notice(self) -> Notice | None:
        return None if self.content is None else msgspec.json.decode(self.content, type=Notice)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to an endpoint. `id`: the same however often it is. `at`: since when it is there to be sent.

    `receipt`: of the notice's event, once it is sealed. `challenge`: of a test. `disabled`: another endpoint.
    `summary`: of many notices.
    """

    id: str
    programme: str
    data_set: DataSet
    at: datetime
    notice: Notice | None = None
    sha256: str | None = None
    receipt: str | None = None
    challenge: str | None = None
    disabled: Disabled | None = None
    summary: Summary | None = None


Result = Literal["delivered", "failed", "refused", "gone", "held"]
"""`failed`: to be tried again. `refused`: this one for good. `gone`: whatever is sent there. `held`: nothing is known
to be wrong with the endpoint, which is tried again; this does not count."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt. `says`: in words, without secrets. `wait`: not before so long from now.

    `confirmed`: a challenge was given back.
    """

    result: Result
    says: str
    wait: timedelta | None = None
    confirmed: bool = False


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery after an attempt. `next_attempt_at`: while it is pending.

    `counts`: whether it was an attempt. `disabled`: why nothing is sent to the endpoint any more, if so.
    """

    state: DeliveryState
    answer: str
    counts: bool = True
    next_attempt_at: datetime | None = None
    confirmed: bool = False
    disabled: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is over, and what becomes of its delivery. `at`: when it was answered."""

    claim: Claim
    delivery: int
    settled: Settled
    at: datetime


class Channel(Protocol):
    """A way out. Safe to call from many threads."""

    def send(self, target: Target, message: Message, now: datetime) -> Answer:
        """Send it, once, within `SEND_SECONDS`. Whatever happens on the way is an answer."""
        ...

    def require_reachable(self, address: str, data_set: DataSet) -> None:
        """Raise `ValueError` if nothing is ever sent there for a programme of that kind. Looks no name up."""
        ...


SEND_SECONDS: Final = 20.0


class DeliveryStore(Protocol):
    """Deliveries. Every method raises `LedgerUnavailableError` if the database does not answer.

    What is sent to one endpoint is in the order of its notices, one at a time; tests go first.
    """

    def take(self, now: datetime, *, until: datetime, limit: int, failing: bool) -> Sequence[tuple[Claim, Waiting]]:
        """Take endpoints for which there is something to do, and what is next for each; `failing`: such where nothing
        gets through, or the others."""
        ...

    def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """Keep what came of attempts, all or none, and let go of the claims.

        Where a claim ran out meanwhile, another worker may have sent the same: only what was tried, and that it was
        delivered, is kept then.
        """
        ...

    def due(self, by: datetime) -> bool:
        """Whether there is, or will be by then, something to do for an endpoint that nobody has."""
        ...
