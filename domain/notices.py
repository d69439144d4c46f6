"""Notices: what a consortium is told officially, by the charter's templates, and its acknowledgement."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from domain.boundary import QueryItem, tag
from domain.charter_document import NoticeTemplate, ServedBy, Service
from domain.deadlines import day_of, days_after
from domain.decision import Case, Command, decision, refuse_if
from domain.entitlements import require_published
from domain.envelope import Actor
from domain.event import Event, encode_data, event
from domain.machines import machine
from domain.refusal import Refusal
from domain.scalars import Identifier, Text
from domain.sentences import Says, Words
from domain.system import SERVING, reaction_of
from domain.teams import Roster


class NoticeAlreadyServedError(Refusal):
    """A notice is served once; a correction is another notice."""


class NoticeAcknowledgedError(Refusal):
    """The addressee has acknowledged the notice."""


class NotAddresseeError(Refusal):
    """No notice of that id was served to the team: one is acknowledged by its addressee."""

    KIND = "forbidden"


class NotRecipientError(Refusal):
    """The template is for teams of another status."""


COUNTS_FROM: Final = "counts-from"
EVIDENCE: Final = frozenset({"at", "by", COUNTS_FROM, "sha256"})
"""What is said in `values` of the service of a notice that was sent by itself: by what (`ServedBy`) and when, of which
content (SHA-256), and the day on which it is put on record, from which deadlines count."""
_AMOUNTS: Final[Mapping[ServedBy, tuple[str, ...]]] = {
    "inbox": ("inbox",),
    "delivered": ("delivered", "opened"),
    "opened": ("opened",),
}
"""What amounts to service, by the rule of the charter."""


_REMINDER: Final = "reminder-"
_BY_ITSELF: Final = re.compile(f"(?:{_REMINDER})?[0-9]+-[0-9a-f]{{16}}")
_KNEW_NO_IDS: Final = "serve-notice/1"
"""The decider under which anybody could take such an id; what it recorded stands."""


def notice_id(position: int, recipient: str, template: str) -> str:
    """Of a notice that is sent by itself, of the event at a position."""
    return f"{position}-{hashlib.sha256(f'{recipient}/{template}'.encode()).hexdigest()[:16]}"


def reminder_id(position: int, recipient: str) -> str:
    """Of a reminder of what the event at a position began."""
    return f"{_REMINDER}{position}-{hashlib.sha256(recipient.encode()).hexdigest()[:16]}"


def is_reminder(notice: str) -> bool:
    """Whether it is the id of a reminder."""
    return notice.startswith(_REMINDER) and _BY_ITSELF.fullmatch(notice) is not None


def is_taken_from_others(served: NoticeServed, actor: Actor, follows: int | None, decider: str | None) -> bool:
    """Whether a notice has an id that is not its own: one of what follows by itself, or another than what follows.

    `actor`, `follows`, `decider`: who served it, from which position it followed, and by which logic.
    """
    if decider == _KNEW_NO_IDS:
        return False
    if actor.party != "system":
        return _BY_ITSELF.fullmatch(served.notice) is not None
    own = None if follows is None else notice_id(follows, served.team, served.template)
    return reaction_of(actor)[0] == SERVING and served.notice != own


NOTICE = machine(
    "notice",
    initial="unserved",
    transitions=[("unserved", "serve-notice", "served"), ("served", "acknowledge-notice", "acknowledged")],
    refusals={
        "unserved": NotAddresseeError,
        "served": NoticeAlreadyServedError,
        "acknowledged": NoticeAcknowledgedError,
    },
)


class _OfNotice(Event, frozen=True, kw_only=True):
    notice: str
    team: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("notice", programme, self.notice), tag("team", programme, self.team))


@event(
    "NoticeServed",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Notice served", "통지 송달"),
        en="{actor} served {team} the notice “{template}” about {subject:stage}, to be "
        "acknowledged by the end of {deadline:deadline}",
        ko="{actor}이(가) {subject:stage}에 관한 통지 “{template}”을(를) {team}에 송달하였다. 확인 기한: "
        "{deadline:deadline}",
    ),
)
class NoticeServed(_OfNotice, frozen=True, kw_only=True):
    """A consortium is told. `values`: of the template's variables; of what was sent by itself, its `EVIDENCE`.
    `deadline`: until when it is to be acknowledged.
    """

    template: str
    subject: str
    values: dict[str, str]
    deadline: str

    def tags(self, programme: str) -> tuple[str, ...]:
        """What deadlines count from is found for all teams together, too."""
        of_programme = (tag("programme", programme),) if COUNTS_FROM in self.values else ()
        return (*super().tags(programme), *of_programme)

    def substance(self) -> bytes:
        return encode_data(msgspec.structs.replace(self, deadline=""))


@event(
    "NoticeAcknowledged",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Notice acknowledged", "통지 확인"),
        en="{team} acknowledged the notice {notice}",
        ko="{team}이(가) 통지 {notice}을(를) 확인하였다",
    ),
)
class NoticeAcknowledged(_OfNotice, frozen=True, kw_only=True):
    """The addressee has read it; late or not is told by when it was decided."""


class Notice:
    """A fact: one notice, its addressee and how far it came."""

    def __init__(self, programme: str, notice: str) -> None:
        types = (NoticeServed.TYPE, NoticeAcknowledged.TYPE)
        self.selects = (QueryItem(types=types, tags=(tag("notice", programme, notice),)),)
        self.state = NOTICE.initial
        self.addressee: str | None = None

    def apply(self, position: int, event: Event) -> None:
        match event:
            case NoticeServed(team=team):
                self.state, self.addressee = "served", team
            case NoticeAcknowledged():
                self.state = "acknowledged"
            case _:
                pass


class Unacknowledged:
    """A fact: what was served to one team and waits for its acknowledgement, by position."""

    def __init__(self, programme: str, team: str) -> None:
        self.team = team
        self.selects = (
            QueryItem(types=(NoticeServed.TYPE, NoticeAcknowledged.TYPE), tags=(tag("team", programme, team),)),
        )
        self.waiting: dict[int, NoticeServed] = {}

    def apply(self, position: int, event: Event) -> None:
        match event:
            case NoticeServed():
                self.waiting[position] = event
            case NoticeAcknowledged(notice=notice):
                self.waiting = {at: each for at, each in self.waiting.items() if each.notice != notice}
            case _:
                pass


class ServeNotice(Command, frozen=True, kw_only=True):
    """`notice`: its id, once in the programme. `subject`: what it is about. `values`: one for each variable."""

    notice: Identifier
    team: Identifier
    template: Identifier
    subject: Text
    values: dict[Identifier, Text] = msgspec.field(default_factory=dict)


def _template(command: ServeNotice, case: Case, *_facts: Any) -> bytes:
    """What the notice would say: an amendment may have changed that."""
    return msgspec.json.encode(case.charter.notice_template(command.template))


def _needs(command: ServeNotice, p: str) -> tuple[Roster, Notice]:
    return Roster(p), Notice(p, command.notice)


_OF_SERVICE: Final[Any] = {"comes_to": (NoticeServed,), "needs": _needs, "rests_on": _template}


@decision("serve-notice", ServeNotice, earlier=True, **_OF_SERVICE)
def serve_notice_1(command: ServeNotice, case: Case, roster: Roster, notice: Notice) -> Iterator[Event]:
    """Under any id, also one of those under which the system serves."""
    if (service := case.charter.service_of(command.template)) is not None:
        yield _on_record(command, case, roster, notice, service)
    else:
        yield _by_hand(command, case, roster, notice)


@decision("serve-notice", ServeNotice, version=2, **_OF_SERVICE)
def serve_notice(command: ServeNotice, case: Case, roster: Roster, notice: Notice) -> Iterator[Event]:
    """Tell a consortium officially, by a template of the charter; what was sent by itself the system puts on record."""
    if (service := case.charter.service_of(command.template)) is not None:
        yield _on_record(command, case, roster, notice, service)
        return
    refuse_if(_id_faults(command, case.actor), rule="What is served by itself has ids and templates of its own.")
    yield _by_hand(command, case, roster, notice)


def _id_faults(command: ServeNotice, actor: Actor) -> Iterator[tuple[str, str]]:
    """Whoever took the id of a notice that is still to be served would have it taken for served."""
    if actor.party == "system":
        if reaction_of(actor)[0] == SERVING:
            yield "/template", f"{command.template!r} is of no notice that is sent by itself"
    elif _BY_ITSELF.fullmatch(command.notice):
        yield "/notice", f"notice: {command.notice!r} is an id of what is served by itself: a position, 16 hex digits"


def _by_hand(command: ServeNotice, case: Case, roster: Roster, notice: Notice) -> Event:
    """By a template that asks for values, and for teams of some status."""
    template = case.charter.notice_template(command.template)
    refuse_if(_faults(command, template), rule="A notice follows a template of the charter, with all its variables.")
    assert template is not None, "refused above"
    roster.require(command.team)
    require_published(roster, command.team)
    if roster.status[command.team] not in template.recipients:
        raise NotRecipientError(
            f"team: {command.team} is {roster.status[command.team]}",
            rule=f"{template.id} is for teams that are {' or '.join(template.recipients)}.",
            pointer="/team",
        )
    NOTICE.require(notice.state, "serve-notice", subject=command.notice)
    return NoticeServed(
        notice=command.notice,
        team=command.team,
        template=template.id,
        subject=command.subject,
        values=command.values,
        deadline=days_after(case.decided_at, int(template.acknowledge_days), case.charter.zone),
    )


def _faults(command: ServeNotice, template: NoticeTemplate | None) -> Iterator[tuple[str, str]]:
    if template is None:
        yield "/template", f"{command.template!r} is no notice of the charter"
        return
    for variable in template.variables:
        if variable not in command.values:
            yield "/values", f"{variable} has no value"
    for name in command.values:
        if name not in template.variables:
            yield f"/values/{name}", f"{name!r} is no variable of {template.id}"


def _on_record(command: ServeNotice, case: Case, roster: Roster, notice: Notice, service: Service) -> Event:
    """Of a notice that was sent: its id says of which event, to whom and by which template."""
    today = day_of(case.decided_at, case.charter.zone)
    sent = case.actor.party == "system" and command.notice == notice_id(
        case.follows or 0, command.team, command.template
    )
    faults = {
        "/template": sent,
        "/values": command.values.keys() == EVIDENCE
        and command.values[COUNTS_FROM] == today.isoformat()
        and command.values["by"] in _AMOUNTS[service.by],
    }
    refuse_if(
        (
            (each, "it is not of what was sent, no service by the charter's rule, or not of today")
            for each, holds in faults.items()
            if not holds
        ),
        rule="What is sent by itself the system puts on record, on the day from which deadlines count.",
    )
    roster.require(command.team)
    NOTICE.require(notice.state, "serve-notice", subject=command.notice)
    return NoticeServed(
        notice=command.notice,
        team=command.team,
        template=command.template,
        subject=command.subject,
        values=command.values,
        deadline=days_after(case.decided_at, int(service.acknowledge_days), case.charter.zone),
    )


class AcknowledgeNotice(Command, frozen=True, kw_only=True):
    """`team`: the addressee."""

    notice: Identifier
    team: Identifier


@decision(
    "acknowledge-notice",
    AcknowledgeNotice,
    comes_to=(NoticeAcknowledged,),
    needs=lambda command, p: (Notice(p, command.notice),),
    own="team",
    in_person=True,
)
def acknowledge_notice(command: AcknowledgeNotice, _case: Case, notice: Notice) -> Iterator[Event]:
    """Acknowledge a notice, as its addressee.

    Another team's notice is answered as one that was never served.
    """
    state = notice.state if notice.addressee == command.team else NOTICE.initial
    NOTICE.require(state, "acknowledge-notice", subject=f"{command.notice} to {command.team}", pointer="/notice")
    yield NoticeAcknowledged(notice=command.notice, team=command.team)
