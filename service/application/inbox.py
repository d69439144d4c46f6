"""What consortiums were told: for each its inbox; for agencies and auditors all of it, as evidence."""

from __future__ import annotations

from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import tag
from domain.deadlines import instant
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.notices import NoticeAcknowledged, NoticeServed
from domain.reasons import RECEIPT
from domain.refusal import Refusal
from domain.sentences import Words
from service.application.notice_ports import NoticeStore, Sent
from service.application.ports import Ledger
from service.application.projecting import occurrences
from service.application.reading import Queries


class NoticesNotYoursToReadError(Refusal):
    """Notices are read by the consortiums that they are for, by the agencies of the programme and by auditors."""

    KIND = "forbidden"


class UnknownNoticeError(Refusal):
    """No notice of that id is for whoever asks."""

    KIND = "unknown"


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A notice, and what became of it. `number`: counts on within the programme. `position`: of the event it is about.

    `delivered_at`: when it came into the recipient's inbox. `opened_at`: when the recipient first asked for it by its
    id. `served`, `acknowledged`: the positions at which the ledger says so, if it does; `acknowledge_by`: until when.
    `sha256`: of what was delivered, which never changes. `receipt`: of the event.
    """

    number: int
    notice: str
    position: int
    recipient: str
    template: str
    title: Words
    delivered_at: str
    opened_at: str | None
    served: int | None
    acknowledge_by: str | None
    acknowledged: int | None
    sha256: str
    receipt: str


class NoticeAnswer(NoticeRow, frozen=True, kw_only=True):
    """The same with all that it says. `content`: the very text whose SHA-256 is `sha256`."""

    programme: str
    data_set: DataSet
    body: Words
    content: str


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """A page of notices. `recipient`: whose; null for all. `unread`: how many they have not opened, of all pages.

    `disabled`: endpoints to which nothing goes any more, until their consortium takes them up again. `halted`: why no
    more notices follow, if that is so.
    """

    programme: str
    data_set: DataSet
    recipient: str | None
    unread: int
    disabled: tuple[str, ...]
    halted: str | None
    notices: tuple[NoticeRow, ...]


class ReadNotices:
    """The use cases. Safe to call from many threads."""

    def __init__(self, ledger: Ledger, queries: Queries, store: NoticeStore) -> None:
        self._ledger = ledger
        self._queries = queries
        self._store = store

    def page(
        self, programme: str, reader: Reader, *, recipient: str | None = None, after: int = 0, limit: int = 100
    ) -> Inbox:
        """Notices to the consortium that asks; others may ask for those to a `recipient`, or for all.

        Raises `UnknownProgrammeError`, `NoticesNotYoursToReadError`.
        """
        data_set, whose = read_by(self._queries, programme, reader, recipient)
        sent = self._store.sent(programme, whose, after=after, limit=limit)
        course = self._course(programme, {each.notice.recipient for each in sent})
        return Inbox(
            programme=programme,
            data_set=data_set,
            recipient=whose,
            unread=self._store.unopened(programme, whose),
            disabled=tuple(self._store.disabled(programme, whose)),
            halted=None if reader.consortium else self._store.halted(programme),
            notices=tuple(NoticeRow(**_row(each, course)) for each in sent),
        )

    def one(self, programme: str, notice: str, reader: Reader) -> NoticeAnswer:
        """A notice by its id; that its recipient asked for it is kept. Raises as `page`, and `UnknownNoticeError`."""
        _data_set, whose = read_by(self._queries, programme, reader)
        sent = self._store.one(programme, notice, whose, opening=reader.consortium is not None)
        if sent is None:
            raise UnknownNoticeError(
                f"no notice {notice[:80]!r} is for whoever asks", rule="A notice is read by its recipient."
            )
        found = sent.notice
        return NoticeAnswer(
            **_row(sent, self._course(programme, {found.recipient})),
            programme=programme,
            data_set=found.data_set,
            body=found.body,
            content=sent.content.decode(),
        )

    def _course(self, programme: str, recipients: set[str]) -> dict[str, _Course]:
        """What the ledger says of notices, by their ids."""
        types = [NoticeServed.TYPE, NoticeAcknowledged.TYPE]
        items = [DCBQueryItem(types=types, tags=[tag("team", programme, each)]) for each in sorted(recipients)]
        found: dict[str, _Course] = {}
        for each in occurrences(self._ledger.read(DCBQuery(items=items)) if items else ()):
            if isinstance(each.event, NoticeServed | NoticeAcknowledged):
                found.setdefault(each.event.notice, _Course()).take(each.position, each.event)
        return found


def read_by(
    queries: Queries, programme: str, reader: Reader, recipient: str | None = None
) -> tuple[DataSet, str | None]:
    """The data set, and whose notices the reader may read; `None` for everybody's.

    Raises `UnknownProgrammeError`, `NoticesNotYoursToReadError`.
    """
    disclosure = queries.disclosure(programme, reader)
    own = disclosure.reader.consortium
    whose = own if recipient is None else recipient
    if not disclosure.reader.reads_embargoed and (own is None or whose != own):
        raise NoticesNotYoursToReadError(
            f"notices of {programme} are not for everybody",
            rule="Consortiums read what they were told; agencies of the programme and auditors read all of it.",
        )
    return disclosure.charter.data_set, whose


class _Course(msgspec.Struct):
    served: int | None = None
    deadline: str | None = None
    acknowledged: int | None = None

    def take(self, position: int, event: NoticeServed | NoticeAcknowledged) -> None:
        if isinstance(event, NoticeServed):
            self.served, self.deadline = position, event.deadline
        else:
            self.acknowledged = position


def _row(sent: Sent, course: dict[str, _Course]) -> dict[str, Any]:
    notice = sent.notice
    known = course.get(notice.id, _Course())
    return {
        "number": sent.number,
        "notice": notice.id,
        "position": notice.position,
        "recipient": notice.recipient,
        "template": notice.template,
        "title": notice.title,
        "delivered_at": instant(sent.delivered_at),
        "opened_at": None if sent.opened_at is None else instant(sent.opened_at),
        "served": known.served,
        "acknowledge_by": known.deadline,
        "acknowledged": known.acknowledged,
        "sha256": sent.sha256.hex(),
        "receipt": RECEIPT.format(notice.position),
    }
