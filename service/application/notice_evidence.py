"""Evidence for a dispute: who was told what, when, by which channel, with which answer, and what is on record of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import tag
from domain.deadlines import instant
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.notices import NoticeAcknowledged, NoticeServed
from domain.reasons import RECEIPT
from domain.sentences import Words
from service.application.endpoints import DeliveryRecord, EndpointStore
from service.application.inbox import read_by
from service.application.notice_ports import NoticeStore, Sent
from service.application.ports import Ledger
from service.application.projecting import occurrences
from service.application.reading import Queries

EvidenceKind = Literal["arrived", "opened", "delivered", "failed", "served", "acknowledged"]


class EvidenceStep(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a notice. `channel`: `inbox`, that of the `endpoint`, or `ledger`, where it is at `position`.

    `answer`: of whoever it was sent to.
    """

    at: str
    what: EvidenceKind
    channel: Literal["inbox", "email", "webhook", "ledger"]
    endpoint: str | None = None
    answer: str | None = None
    position: int | None = None


class NoticeEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One notice: what was said to whom, of the event at `position`, and all that came of it, in order of time.

    `held`: why it is not on record that it was served, if that was refused.
    """

    number: int
    notice: str
    recipient: str
    position: int
    template: str
    title: Words
    sha256: str
    receipt: str
    held: str | None
    steps: tuple[EvidenceStep, ...]


class EvidenceTable(msgspec.Struct, frozen=True, kw_only=True):
    """A page of notices, in the order in which they were sent."""

    programme: str
    data_set: DataSet
    told: tuple[NoticeEvidence, ...]


class ReadEvidence:
    """The use case. Safe to call from many threads."""

    def __init__(self, ledger: Ledger, queries: Queries, notices: NoticeStore, endpoints: EndpointStore) -> None:
        self._ledger = ledger
        self._queries = queries
        self._notices = notices
        self._endpoints = endpoints

    def __call__(
        self,
        programme: str,
        reader: Reader,
        *,
        recipient: str | None = None,
        notice: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> EvidenceTable:
        """Of notices to the consortium that asks; others may ask for those to a `recipient`, or for all.

        Raises `UnknownProgrammeError`, `NoticesNotYoursToReadError`.
        """
        data_set, whose = read_by(self._queries, programme, reader, recipient)
        sent = self._notices.sent(programme, whose, notice=notice, after=after, limit=limit)
        named = [each.notice.id for each in sent]
        went = self._endpoints.deliveries(programme, whose, notices=named, limit=None) if named else ()
        said = self._said(programme, named)
        told = []
        for each in sent:
            of_notice = [delivery for delivery in went if delivery.notice == each.notice.id]
            steps = [*_in_inbox(each), *_out(of_notice), *said.get(each.notice.id, ())]
            told.append(_told(each, sorted(steps, key=lambda step: step.at)))
        return EvidenceTable(programme=programme, data_set=data_set, told=tuple(told))

    def _said(self, programme: str, notices: Sequence[str]) -> dict[str, list[EvidenceStep]]:
        """What the ledger says of notices, by their ids."""
        types = [NoticeServed.TYPE, NoticeAcknowledged.TYPE]
        items = [DCBQueryItem(types=types, tags=[tag("notice", programme, each)]) for each in notices]
        found: dict[str, list[EvidenceStep]] = {}
        for each in occurrences(self._ledger.read(DCBQuery(items=items)) if items else ()):
            if isinstance(each.event, NoticeServed | NoticeAcknowledged):
                what: EvidenceKind = "served" if isinstance(each.event, NoticeServed) else "acknowledged"
                step = EvidenceStep(at=each.recorded_at, what=what, channel="ledger", position=each.position)
                found.setdefault(each.event.notice, []).append(step)
        return found


def _in_inbox(sent: Sent) -> Iterator[EvidenceStep]:
    yield EvidenceStep(at=instant(sent.delivered_at), what="arrived", channel="inbox")
    if sent.opened_at is not None:
        yield EvidenceStep(at=instant(sent.opened_at), what="opened", channel="inbox")


def _out(deliveries: Sequence[DeliveryRecord]) -> Iterator[EvidenceStep]:
    for each in deliveries:
        for tried in each.attempts:
            yield EvidenceStep(
                at=instant(tried.attempted_at),
                what="delivered" if tried.delivered else "failed",
                channel=each.channel,
                endpoint=each.endpoint,
                answer=tried.answer,
            )


def _told(sent: Sent, steps: Sequence[EvidenceStep]) -> NoticeEvidence:
    notice = sent.notice
    return NoticeEvidence(
        number=sent.number,
        notice=notice.id,
        recipient=notice.recipient,
        position=notice.position,
        template=notice.template,
        title=notice.title,
        sha256=sent.sha256.hex(),
        receipt=RECEIPT.format(notice.position),
        held=sent.held,
        steps=tuple(steps),
    )
