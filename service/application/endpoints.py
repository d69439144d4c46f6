"""Endpoints: where a consortium wants its notices besides its inbox, and what came of each that went there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from hmac import compare_digest
from typing import Annotated, Final, Literal, Protocol

import msgspec

from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.refusal import InvalidCommandError, Refusal
from service.application.audit import audit
from service.application.delivery_ports import ChannelName, DeliveryState, EndpointState, Language
from service.application.inbox import NoticesNotYoursToReadError, read_by
from service.application.reading import Queries
from service.application.webhook_signing import EndpointSecrets, fresh_secrets, rotated

MOST: Final = 10
"""So many endpoints a consortium has in a programme."""
STRANGERS: Final = 20
"""So many tests a consortium sends an hour to mailboxes that nobody confirmed: they may be anybody's."""
_HOUR: Final = timedelta(hours=1)
_ID: Final = re.compile("endpoint-[0-9a-f]{16}")


class UnknownEndpointError(Refusal):
    """The consortium has no endpoint of that id."""

    KIND = "unknown"


class UnknownDeliveryError(Refusal):
    """Nothing of that number was to be delivered to whoever asks."""

    KIND = "unknown"


class EndpointStateError(Refusal):
    """The endpoint is in a state in which this is not done."""


class ChallengeNotGivenBackError(Refusal):
    """It is not what was sent to the endpoint."""

    KIND = "invalid"


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint that is to be registered. `address`: a URL that begins with https://, or of a mailbox.

    `language`: of e-mail; a webhook is told in both. `daily`: a mailbox has one summary a day, instead of each notice.
    """

    channel: ChannelName
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=2000)]
    language: Language = "ko"
    daily: bool = False


class NewState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`paused`: notices wait; `active`: they go there, those that waited first.

    `daily`: whether a mailbox has one summary a day instead of each notice; null: as before.
    """

    state: Literal["active", "paused"]
    daily: bool | None = None


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`challenge`: as a test said it that was sent to the endpoint."""

    challenge: Annotated[str, msgspec.Meta(max_length=100)]


class EndpointRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `because`: why it is disabled. `failing_since`: since when nothing was delivered, if so.

    `daily`: it has one summary a day instead of each notice. `waiting`, `dead`: how many deliveries wait, or were
    given up. `public_keys`: what verifies `v1a` signatures, the current one first.
    `address` is null once it was removed.
    """

    endpoint: str
    programme: str
    team: str
    channel: ChannelName
    address: str | None
    language: Language
    daily: bool
    state: EndpointState
    because: str | None
    registered_at: datetime
    confirmed_at: datetime | None
    failing_since: datetime | None
    waiting: int
    dead: int
    public_keys: tuple[str, ...]


class EndpointIssued(msgspec.Struct, frozen=True, kw_only=True):
    """`secret`: what `v1` signatures are verified with; shown this once."""

    endpoint: EndpointRecord
    secret: str


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried, and with which answer."""

    attempted_at: datetime
    delivered: bool
    answer: str


class DeliveryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was to go to an endpoint, as evidence. `notice`, `position`, `sha256`: null for a test, and for what tells
    of another endpoint that was disabled, `about`, or sums up a `day`.

    `answer`: what came of the last attempt. `settled_at`: when it was delivered, or given up.
    """

    delivery: int
    recipient: str
    endpoint: str
    channel: ChannelName
    notice: str | None
    position: int | None
    sha256: str | None
    about: str | None
    day: date | None
    state: DeliveryState
    queued_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    answer: str | None
    attempts: tuple[AttemptRecord, ...]


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    programme: str
    data_set: DataSet
    endpoints: tuple[EndpointRecord, ...]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of deliveries, in the order in which they were queued."""

    programme: str
    data_set: DataSet
    deliveries: tuple[DeliveryRecord, ...]


class EndpointStore(Protocol):
    """Endpoints of consortiums. Every method raises `LedgerUnavailableError` if the database does not answer.

    Those that give a bool: whether the endpoint, or delivery, was in a state for it. What is changed is kept with `by`
    whom, or neither.
    """

    def add(
        self,
        endpoint: str,
        programme: str,
        team: str,
        data_set: DataSet,
        asked: NewEndpoint,
        kept: EndpointSecrets,
        *,
        by: str,
    ) -> bool:
        """An endpoint more, unless there are `MOST`."""
        ...

    def every(self, programme: str, team: str | None) -> Sequence[EndpointRecord]:
        """Those of a team, or of all, that were not removed, in the order of their registration."""
        ...

    def secrets(self, programme: str, team: str, endpoint: str) -> EndpointSecrets | None:
        """The secrets of a team's endpoint, if there is one."""
        ...

    def keep_secrets(self, endpoint: str, programme: str, kept: EndpointSecrets, *, by: str) -> bool:
        """Other ones in their place."""
        ...

    def confirm(self, endpoint: str, at: datetime, *, by: str) -> bool:
        """Whoever reads there has said so."""
        ...

    def set_state(self, endpoint: str, asked: NewState, at: datetime, *, by: str) -> bool:
        """Of one that was confirmed; `daily`: of a mailbox."""
        ...

    def remove(self, endpoint: str, programme: str, at: datetime, *, by: str) -> None:
        """For ever; address and secrets are gone, what was delivered stays as evidence."""
        ...

    def test(self, endpoint: str, at: datetime) -> int | None:
        """Queue a test; its number as a delivery, or none if the endpoint was removed."""
        ...

    def tests_of_strangers(self, programme: str, team: str, since: datetime) -> int:
        """How many tests were sent to mailboxes that nobody confirmed, those of removed endpoints, too."""
        ...

    def resend(self, delivery: int, at: datetime, *, by: str) -> bool:
        """Queue again what was given up, if its endpoint is active or paused."""
        ...

    def deliveries(
        self,
        programme: str,
        team: str | None,
        *,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        delivery: int | None = None,
        notices: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = 1,
    ) -> Sequence[DeliveryRecord]:
        """Those of a team, or of all, of notices of those ids if any are given, with a number after that, in order."""
        ...


class Endpoints:
    """The use cases. `check`: raises `ValueError` for an address of a channel to which nothing can go.

    Every method raises `UnknownProgrammeError`, and `NoticesNotYoursToReadError` unless a consortium asks for itself;
    agencies of the programme and auditors may read.
    """

    def __init__(
        self,
        queries: Queries,
        store: EndpointStore,
        *,
        check: Callable[[ChannelName, str, DataSet], None],
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._queries = queries
        self._store = store
        self._check = check
        self._now = now
        self._wake = wake

    def every(self, programme: str, reader: Reader, recipient: str | None = None) -> EndpointList:
        """Those of whoever asks, or of a recipient, or of all."""
        data_set, whose = read_by(self._queries, programme, reader, recipient)
        return EndpointList(
            programme=programme, data_set=data_set, endpoints=tuple(self._store.every(programme, whose))
        )

    def register(self, programme: str, asked: NewEndpoint, reader: Reader, by: str) -> EndpointIssued:
        """Raises `InvalidCommandError`."""
        data_set, team = self._own(programme, reader)
        _require_mailbox(asked.channel, daily=asked.daily)
        try:
            self._check(asked.channel, asked.address, data_set)
        except ValueError as error:
            rule = "Notices go to addresses that anybody can reach; those of programmes that are not live stay here."
            raise InvalidCommandError(str(error), rule=rule, pointer="/address") from None
        endpoint, kept = f"endpoint-{secrets.token_hex(8)}", fresh_secrets()
        if not self._store.add(endpoint, programme, team, data_set, asked, kept, by=by):
            rule = f"A consortium has {MOST} endpoints in a programme at most."
            raise EndpointStateError(f"{team} has {MOST} endpoints", rule=rule)
        audit("endpoint registered", operator=by, object=endpoint, acts_for=team)
        return EndpointIssued(endpoint=self._one(programme, team, endpoint), secret=kept[0].text)

    def rotate(self, programme: str, endpoint: str, reader: Reader, by: str) -> EndpointIssued:
        """A new secret and key; those before it sign as well for a day. Raises `UnknownEndpointError`."""
        team, kept = self._known(programme, endpoint, reader)
        fresh = rotated(kept, self._now())
        if not self._store.keep_secrets(endpoint, programme, fresh, by=by):
            raise _unknown(team, endpoint)
        audit("endpoint's secret rotated", operator=by, object=endpoint, acts_for=team)
        return EndpointIssued(endpoint=self._one(programme, team, endpoint), secret=fresh[0].text)

    def test(self, programme: str, endpoint: str, reader: Reader) -> DeliveryRecord:
        """Send a test, with a challenge; whoever gives it back confirms the endpoint.

        Raises `UnknownEndpointError`, `EndpointStateError`.
        """
        team, _kept = self._known(programme, endpoint, reader)
        found = self._one(programme, team, endpoint)
        if found.channel == "email" and found.confirmed_at is None:
            self._require_few_tests(programme, team)
        delivery = self._store.test(endpoint, self._now())
        if delivery is None:
            raise _unknown(team, endpoint)
        self._wake()
        return self._delivery(programme, team, delivery)

    def confirm(self, programme: str, endpoint: str, given: Confirmation, reader: Reader, by: str) -> EndpointRecord:
        """Raises `UnknownEndpointError`, `ChallengeNotGivenBackError`."""
        team, kept = self._known(programme, endpoint, reader)
        if not any(compare_digest(each.challenge().encode(), given.challenge.encode()) for each in kept):
            raise ChallengeNotGivenBackError(
                "challenge: it is none that was sent to the endpoint",
                rule="Whoever reads what is sent to an endpoint confirms it.",
                pointer="/challenge",
            )
        if self._store.confirm(endpoint, self._now(), by=by):
            audit("endpoint confirmed", operator=by, object=endpoint, acts_for=team)
        return self._one(programme, team, endpoint)

    def set_state(self, programme: str, endpoint: str, asked: NewState, reader: Reader, by: str) -> EndpointRecord:
        """Raises `UnknownEndpointError`, `EndpointStateError`, `InvalidCommandError`."""
        team, _kept = self._known(programme, endpoint, reader)
        _require_mailbox(self._one(programme, team, endpoint).channel, daily=bool(asked.daily))
        if not self._store.set_state(endpoint, asked, self._now(), by=by):
            rule = "An endpoint that was confirmed is paused, and made active again."
            raise EndpointStateError(f"{endpoint} was not confirmed", rule=rule)
        audit(f"endpoint {asked.state}", operator=by, object=endpoint, acts_for=team)
        self._wake()
        return self._one(programme, team, endpoint)

    def remove(self, programme: str, endpoint: str, reader: Reader, by: str) -> None:
        """Raises `UnknownEndpointError`."""
        team, _kept = self._known(programme, endpoint, reader)
        self._store.remove(endpoint, programme, self._now(), by=by)
        audit("endpoint removed", operator=by, object=endpoint, acts_for=team)

    def deliveries(
        self,
        programme: str,
        reader: Reader,
        *,
        recipient: str | None = None,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> DeliveryPage:
        """What went to the endpoints of whoever asks, or of a recipient, or of all."""
        data_set, whose = read_by(self._queries, programme, reader, recipient)
        found = self._store.deliveries(programme, whose, endpoint=endpoint, state=state, after=after, limit=limit)
        return DeliveryPage(programme=programme, data_set=data_set, deliveries=tuple(found))

    def resend(self, programme: str, delivery: int, reader: Reader, by: str) -> DeliveryRecord:
        """Try again what was given up; agencies of the programme may, too. Raises `UnknownDeliveryError`,
        `EndpointStateError`."""
        _data_set, whose = read_by(self._queries, programme, reader)
        if reader.role == "auditor":
            raise _not_theirs(programme)
        found = self._delivery(programme, whose, delivery)
        if found.state != "dead" or not self._store.resend(delivery, self._now(), by=by):
            raise EndpointStateError(
                f"delivery {delivery} is {found.state}, or its endpoint takes nothing",
                rule="What was given up is sent again, to an endpoint that is active or paused.",
            )
        audit("notice sent again", operator=by, object=str(delivery), acts_for=found.recipient)
        self._wake()
        return self._delivery(programme, whose, delivery)

    def _require_few_tests(self, programme: str, team: str) -> None:
        if self._store.tests_of_strangers(programme, team, self._now() - _HOUR) >= STRANGERS:
            raise EndpointStateError(
                f"{team} has sent {STRANGERS} tests within an hour to mailboxes that nobody confirmed",
                rule=f"A consortium sends {STRANGERS} an hour at most to mailboxes that may be anybody's.",
            )

    def _own(self, programme: str, reader: Reader) -> tuple[DataSet, str]:
        data_set, whose = read_by(self._queries, programme, reader)
        if reader.consortium is None or whose is None:
            raise _not_theirs(programme)
        return data_set, whose

    def _known(self, programme: str, endpoint: str, reader: Reader) -> tuple[str, EndpointSecrets]:
        _data_set, team = self._own(programme, reader)
        kept = self._store.secrets(programme, team, endpoint) if _ID.fullmatch(endpoint) else None
        if kept is None:
            raise _unknown(team, endpoint)
        return team, kept

    def _one(self, programme: str, team: str, endpoint: str) -> EndpointRecord:
        """Raises `UnknownEndpointError`, also where it was removed meanwhile."""
        for each in self._store.every(programme, team):
            if each.endpoint == endpoint:
                return each
        raise _unknown(team, endpoint)

    def _delivery(self, programme: str, team: str | None, delivery: int) -> DeliveryRecord:
        found = self._store.deliveries(programme, team, delivery=delivery)
        if not found:
            raise UnknownDeliveryError(
                f"there is no delivery {delivery} to whoever asks", rule="A delivery is read by its recipient."
            )
        return found[0]


def _require_mailbox(channel: ChannelName, *, daily: bool) -> None:
    if daily and channel != "email":
        raise InvalidCommandError(
            f"daily: a {channel} is told of each notice",
            rule="A summary of the day is mailed; whatever reads webhooks is told of each notice as it comes.",
            pointer="/daily",
        )


def _unknown(team: str, endpoint: str) -> UnknownEndpointError:
    return UnknownEndpointError(
        f"{team} has no endpoint {endpoint[:80]!r}", rule="An endpoint is its consortium's own."
    )


def _not_theirs(programme: str) -> NoticesNotYoursToReadError:
    return NoticesNotYoursToReadError(
        f"endpoints of {programme} are of its consortiums", rule="A consortium says itself where its notices go."
    )
