"""Which notices follow from what was recorded: to whom, by which template of the charter, and what each says.

Pure: the same events give the same notices, to the byte, on any machine. Nobody is told what they may not read: each
notice is of an entry of the audit trail as its recipient may see it by then (`domain.views.audit_trail.shown`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from domain.call_events import AdditionalCallOpened, CallApplicationReceived, CallEvent
from domain.charter import CHARTER_EVENTS, CharterAmended
from domain.charter_document import Charter, Recipient, ServedBy
from domain.disclosure import Disclosure, Reader, owner_of
from domain.envelope import DataSet
from domain.event import EVENTS, Event
from domain.naming import NAMING_EVENTS, NamesThen, Naming, filled
from domain.notice_variables import DEADLINES, Given, written_out
from domain.notices import NoticeServed, notice_id
from domain.reasons import RECEIPT
from domain.sentences import Words
from domain.teams import ROSTER_EVENTS, Roster
from domain.views.amendments import Charters
from domain.views.audit_trail import Entry, event_of, shown

WHAT_IT_IS: Final[dict[DataSet, Words]] = {
    "rehearsal": Words("REHEARSAL", "연습용"),
    "public-record": Words("PUBLIC RECORD", "공개 기록"),
}
"""What stands before every title in a programme that is not live."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a consortium is told of the event at `position`. Unique by (position, recipient, template), as is `id`."""

    id: str
    programme: str
    data_set: DataSet
    position: int
    recipient: str
    template: str
    title: Words
    body: Words


content_of: Final = msgspec.json.Encoder(order="deterministic").encode
"""The bytes of a notice that its hash is over."""


class NoticeFacts:
    """What notices depend on beside the event itself, folded from `FACT_EVENTS` in order, that event included.

    `registered`: asked, where it matters, for every consortium that somebody may act for here; no event says so.
    """

    def __init__(self, programme: str, registered: Callable[[], Iterable[str]]) -> None:
        self.programme = programme
        self._registered = registered
        self.roster = Roster(programme)
        self._charters = Charters(programme)
        self._named: list[tuple[int, Event]] = []
        self._applied: dict[str, list[str]] = {}

    def apply(self, position: int, event: Event) -> None:
        self._charters.apply(position, event)
        self.roster.apply(position, event)
        if isinstance(event, NAMING_EVENTS):
            self._named.append((position, event))
        if isinstance(event, CallApplicationReceived):
            self._applied.setdefault(event.call, []).append(event.team)

    @property
    def charter(self) -> Charter:
        """The one in force. Raises `UnknownProgrammeError` before there is any."""
        return self._charters.charter

    @property
    def told_of(self) -> frozenset[str]:
        """The types of events that somebody is told of, by the charter in force."""
        if not self._charters.position:
            return frozenset()
        return frozenset(
            (NoticeServed.TYPE, *(each for notice in self.charter.automatic_notices for each in notice.events))
        )

    @property
    def service(self) -> dict[str, ServedBy]:
        """By which evidence notices are served on record, by the template of each that is."""
        if not any(each.id == "serve-notices" for each in self.charter.reactions):
            return {}
        return {each.id: each.service.by for each in self.charter.automatic_notices if each.service is not None}

    @property
    def naming(self) -> Naming:
        return Naming.of(self._charters.in_order, self._named)

    def disclosure(self, reader: Reader) -> Disclosure:
        """What a reader may see."""
        return Disclosure(self._charters.in_order, self.roster.publications, reader)

    def recipients(self, event: Event) -> Iterator[str]:
        """Every consortium that an event concerns."""
        if isinstance(event, CallEvent):
            yield from self._of_call(event)
        elif (team := getattr(event, "team", None)) is not None:
            yield team
        elif (stage := getattr(event, "stage", None)) is not None:
            yield from dict.fromkeys((*self.roster.with_outcome(stage), *self._not_known_to_have_left()))
        elif isinstance(event, CharterAmended):
            yield from self._not_known_to_have_left()

    def _not_known_to_have_left(self) -> list[str]:
        """Not those that hold a seat, which before results are public would tell who does not."""
        return [team for team in self.roster.status if not self.roster.known_to_have_left(team)]

    def _of_call(self, event: CallEvent) -> Iterator[str]:
        """The applicant; once a call opens whoever may apply, and once it closes whoever did."""
        if (team := getattr(event, "team", None)) is not None:
            yield team
        elif isinstance(event, AdditionalCallOpened):
            call = self.charter.call(event.call)
            classes = () if call is None else [each for each in call.classes if each.id in event.classes]
            if any(each.requires != "not-former-team" for each in classes):
                yield from (team for team in self.roster.status if self.roster.known_to_have_left(team))
            if any(each.requires != "former-team" for each in classes):
                yield from (each for each in self._registered() if each not in self.roster.status)
        else:
            yield from dict.fromkeys(self._applied.get(event.call, ()))

    def status(self, consortium: str) -> Recipient:
        """As far as is public, so that who is told tells nothing else."""
        if consortium not in self.roster.status:
            return "registered"
        found = self.roster.public_status(consortium)
        return "enrolled" if found == "evaluating" else found


FACT_EVENTS: Final = frozenset(each.TYPE for each in (*CHARTER_EVENTS, *ROSTER_EVENTS, *NAMING_EVENTS))


def notices_of(stored: bytes, facts: NoticeFacts) -> Iterator[Notice]:
    """What is due of an event, by its stored entry of the audit trail; nothing to whom it is withheld from yet."""
    naming, charter = facts.naming, facts.charter
    whole = shown(stored, facts.roster.publications, Reader("auditor"), naming)
    event = event_of(whole)
    if isinstance(event, NoticeServed):
        yield from _served(event, whole, charter)
        return
    templates = [each for each in charter.automatic_notices if event.TYPE in each.events]
    if not templates:
        return
    owner, names = owner_of(event), naming.at(whole.position)
    # A call has ten thousand recipients: what is the same for many of them is made once.
    entries: dict[bool, Entry] = {}
    texts: dict[tuple[str, bool, str | None], tuple[Words, Words]] = {}
    for recipient in facts.recipients(event):
        reader = Reader("consortium", recipient)
        own = reader.owns == owner
        if own not in entries:
            entries[own] = shown(stored, facts.roster.publications, reader, naming)
        entry = entries[own]
        if entry.withheld is not None:
            continue
        status = facts.status(recipient)
        for template in templates:
            if status not in template.recipients:
                continue
            text = (template.id, own, recipient if "team" in template.variables else None)
            if text not in texts:
                given = _given(entry, event, recipient, charter, names)
                texts[text] = written_out(template.title, given), written_out(template.body, given)
            id_ = notice_id(entry.position, recipient, template.id)
            yield _notice(id_, entry, recipient, template.id, *texts[text], charter)


def last_of_each(notices: Iterable[Notice]) -> Iterator[Notice]:
    """Of what became due together only the last to each recipient by each template: what holds by then."""
    found = {(each.recipient, each.template): each for each in notices}
    return iter(sorted(found.values(), key=lambda each: each.position))


def _served(event: NoticeServed, entry: Entry, charter: Charter) -> Iterator[Notice]:
    """What an agency served, its team's own at once, if the charter still has the text."""
    template = charter.notice_template(event.template)
    if template is not None:
        title, body = filled(template.title, event.values), filled(template.body, event.values)
        yield _notice(event.notice, entry, event.team, template.id, title, body, charter)


def _notice(
    notice: str, entry: Entry, recipient: str, template: str, title: Words, body: Words, charter: Charter
) -> Notice:
    """With what a programme that is not live says of itself."""
    if (what := WHAT_IT_IS.get(charter.data_set)) is not None:
        title = Words(f"[{what.en}] {title.en}", f"[{what.ko}] {title.ko}")
        body = Words(f"{body.en}\n\n{charter.notice.en}", f"{body.ko}\n\n{charter.notice.ko}")
    return Notice(
        id=notice,
        programme=charter.programme,
        data_set=charter.data_set,
        position=entry.position,
        recipient=recipient,
        template=template,
        title=title,
        body=body,
    )


def _given(entry: Entry, event: Event, recipient: str, charter: Charter, names: NamesThen) -> Given:
    position = str(entry.position)
    receipt = RECEIPT.format(position)
    return Given(
        programme=charter.title,
        team=names.team(recipient) or Words(recipient, recipient),
        event=EVENTS[entry.type].SAYS.title,
        what=entry.says or Words("", ""),
        position=Words(position, position),
        receipt=Words(receipt, receipt),
        stage=_named(names, event, "stage", "stage"),
        call=_named(names, event, "call", "call"),
        until=_named(names, event, *DEADLINES[entry.type]) if entry.type in DEADLINES else None,
    )


def _named(names: NamesThen, event: Event, field: str, kind: str) -> Words | None:
    value = getattr(event, field, None)
    if value is None:
        return None
    return names.name(kind, value, (event,)) or Words(value, value)
