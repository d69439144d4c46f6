"""Every call of the service, as an exchange; `Sillok` and `AsyncSillok` have each of them as a method."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from domain.standings import Standings
from domain.tiles import Tile
from domain.views.audit_trail import Entry
from domain.views.grants import ResourceUse
from service.client.answers import Counted, Event, LineAnswer, Proposed, Recorded
from service.client.credentials import Credential
from service.client.exchange import Answer, Exchange, Patience, Pause, Request, patiently, problem_of, read
from service.client.lines import NDJSON, Line, Portion, encode_lines
from service.client.problems import ServiceProblemError
from service.client.signing import SigningKey

T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
JSON: Final = "application/json"
PAGE: Final = 1_000
EXPORT_PAGE: Final = 2_500
LEAVES: Final = 65_536

Command = Mapping[str, Any] | bytes
"""A decision's body: its fields, or the exact bytes."""


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order. `text`: as the service sends them, a CloudEvent a line. `head`: the ledger's last position.

    `after`: where the next page begins, if there may be one.
    """

    text: str
    after: int | None
    head: int

    @property
    def events(self) -> tuple[Event, ...]:
        """What the lines say."""
        return tuple(msgspec.json.decode(line, type=Event) for line in self.text.encode().splitlines())


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the audit trail, which is complete up to `position`."""

    programme: str
    position: int
    data_set: str
    entries: tuple[Entry, ...]


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """Every pool of a programme, and what is granted of it."""

    programme: str
    position: int
    data_set: str
    resources: tuple[ResourceUse, ...]


class Calls:
    """What a caller says. `patience`: for so many seconds a busy service is asked again.

    Each raises `ServiceProblemError` with what the service refuses, and `UnreachableError`.
    """

    def __init__(
        self, service: str, credential: Credential, signing: SigningKey | None, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.service = service
        self.credential = credential
        self.patience = patience
        self._signing = signing

    # Decisions

    def decide(
        self,
        programme: str,
        decision: str,
        command: Command,
        *,
        key: str | None = None,
        unchanged_since: int | None = None,
        projected: bool = False,
        sealed: bool = False,
    ) -> Exchange[Recorded | Proposed]:
        """Make a decision, once. It is signed if the client has a signing key.

        `key`: your own name for it; the same decision sent again under it is recorded once. `unchanged_since`: a
        position; refused as `changed-since` if what the decision depends on has changed after it. `projected`: answer
        once every view has it; `sealed`: once its receipt is there; one of the two.
        """
        body = command if isinstance(command, bytes) else msgspec.json.encode(command)
        name = key or uuid.uuid4().hex
        headers = {"Content-Type": JSON, "Idempotency-Key": name}
        if unchanged_since is not None:
            headers["If-Match"] = f'"{unchanged_since}"'
        if projected or sealed:
            headers["Prefer"] = "wait=sealed" if sealed else "wait=projected"
        if self._signing is not None:
            headers["JWS-Signature"] = self._signing.sign(body, programme=programme, decision=decision, request=name)
        path = f"/v1/programmes/{_part(programme)}/decisions/{_part(decision)}"
        answer = yield from self.send(Request("POST", path, headers=headers, content=body))
        found: Recorded | Proposed = read(answer, Proposed if answer.status == 202 else Recorded)
        return msgspec.structs.replace(
            found,
            replayed=answer.headers.get("idempotency-replayed") == "true",
            projected=answer.headers.get("preference-applied") == "wait=projected",
            sealed=answer.headers.get("preference-applied") == "wait=sealed",
        )

    def approve(
        self,
        proposal: str,
        command_hash: str,
        *,
        effects: dict[str, str] | None = None,
        key: str | None = None,
        projected: bool = False,
    ) -> Exchange[Recorded | Proposed]:
        """Approve a proposal, whose command has that SHA-256 (hex): it is decided again, and takes effect.

        `effects`: what `proposal` answered as `effects.foreseen`, to be refused if it would have others by then.
        """
        command: dict[str, Any] = {"proposal": proposal, "command_hash": command_hash}
        if effects is not None:
            command["effects"] = effects
        return (yield from self.decide(_programme_of(proposal), "approve", command, key=key, projected=projected))

    def reject(self, proposal: str, reason: str, *, key: str | None = None) -> Exchange[Recorded | Proposed]:
        """Refuse one's approval."""
        command = {"proposal": proposal, "reason": reason}
        return (yield from self.decide(_programme_of(proposal), "reject", command, key=key))

    def withdraw(self, proposal: str, reason: str, *, key: str | None = None) -> Exchange[Recorded | Proposed]:
        """Take one's own proposal back."""
        command = {"proposal": proposal, "reason": reason}
        return (yield from self.decide(_programme_of(proposal), "withdraw-proposal", command, key=key))

    def check_disclosure(self, programme: str, figures: Command) -> Exchange[dict[str, Any]]:
        """What figures would give away before they are published; nothing is recorded."""
        return (yield from self._ask(f"/v1/programmes/{_part(programme)}/disclosure-check", figures))

    def what_if(self, /, programme: str, question: Command, **parameters: str | int | None) -> Exchange[dict[str, Any]]:
        """What would follow from other scores or rules; unofficial, nothing is recorded."""
        return (yield from self._ask(f"/v1/programmes/{_part(programme)}/what-if", question, **parameters))

    def preview(self, programme: str, decision: str, command: Command) -> Exchange[dict[str, Any]]:
        """What the decision would come to if it were made now; nothing is recorded."""
        return (yield from self._ask(f"/v1/programmes/{_part(programme)}/decisions/{_part(decision)}/preview", command))

    def proposal(self, proposal: str) -> Exchange[dict[str, Any]]:
        """A proposal and, while it waits, what it would come to now."""
        return (yield from self._get(f"/v1/proposals/{_part(proposal)}", dict[str, Any]))

    def submit_some(self, programme: str, lines: Sequence[Line]) -> Exchange[list[LineAnswer]]:
        """Decisions in one request, each for itself, as many as the service reads ahead: see `lines.portions`.

        A line that is refused for what passes is sent again, as a single decision is, with those refused after it.
        """
        path = f"/v1/programmes/{_part(programme)}/decisions"
        portion, patience = Portion(lines), Patience(self.patience)
        while portion.left:
            body = encode_lines(portion.left, programme, self._signing)
            answer = yield from self.send(Request("POST", path, headers={"Content-Type": NDJSON}, content=body))
            if portion.take(_lines(answer)):
                patience = Patience(self.patience)
            if portion.left:
                pause = patience.pause()
                if pause is None:
                    break
                yield pause
        return portion.answers()

    def submit_together(
        self, programme: str, lines: Sequence[Line], *, key: str | None = None
    ) -> Exchange[list[LineAnswer]]:
        """All decisions or none; each sees those before it. `key`: your own name for all of them."""
        path = f"/v1/programmes/{_part(programme)}/decisions"
        name = key or uuid.uuid4().hex
        headers = {"Content-Type": NDJSON, "Idempotency-Key": name}
        body = encode_lines(lines, programme, self._signing, together=name)
        answer = yield from self.send(Request("POST", path, {"atomic": "true"}, headers, body))
        return _lines(answer)

    # Views

    def programmes(self) -> Exchange[list[dict[str, Any]]]:
        """Every programme."""
        found = yield from self._get("/v1/programmes", dict[str, list[dict[str, Any]]])
        return found["programmes"]

    def view(
        self, /, programme: str, name: str | None = None, **parameters: str | int | None
    ) -> Exchange[dict[str, Any]]:
        """Any view of a programme by its name in the API (`teams`, `timeline`, `calls` …), or the programme itself."""
        path = f"/v1/programmes/{_part(programme)}{'' if name is None else f'/{_part(name)}'}"
        return (yield from self._get(path, dict[str, Any], **parameters))

    def notice(self, programme: str, notice: str) -> Exchange[dict[str, Any]]:
        """What a consortium was told, by the notice's id; the service keeps when its recipient first asked for it."""
        return (yield from self._get(f"/v1/programmes/{_part(programme)}/notices/{_part(notice)}", dict[str, Any]))

    def register_endpoint(
        self, programme: str, channel: str, address: str, language: str = "ko", *, daily: bool = False
    ) -> Exchange[dict[str, Any]]:
        """A webhook or mailbox more for the notices of whoever asks; its secret is in the answer, this once.

        `daily`: a mailbox has one summary a day, instead of each notice.
        """
        asked = {"channel": channel, "address": address, "language": language, "daily": daily}
        return (yield from self._ask(_endpoint(programme), msgspec.json.encode(asked)))

    def change_endpoint(
        self, programme: str, endpoint: str, change: str, asked: Mapping[str, str | bool] | None = None
    ) -> Exchange[dict[str, Any]]:
        """`change`: `state`, `secrets`, `tests` or `confirmation`, as in the API."""
        body = b"" if asked is None else msgspec.json.encode(asked)
        return (yield from self._ask(f"{_endpoint(programme, endpoint)}/{_part(change)}", body))

    def remove_endpoint(self, programme: str, endpoint: str) -> Exchange[None]:
        """For ever."""
        answer = yield from self.send(Request("DELETE", _endpoint(programme, endpoint)))
        if answer.status != 204:
            raise ServiceProblemError(problem_of(answer))

    def resend(self, programme: str, delivery: int) -> Exchange[dict[str, Any]]:
        """Have a notice sent again that was given up."""
        return (yield from self._ask(f"/v1/programmes/{_part(programme)}/deliveries/{delivery}/resend", b""))

    def body(self, /, programme: str, name: str, **parameters: str | int | None) -> Exchange[bytes]:
        """A view's bytes as they are sent; with `format` csv or xlsx a file, of the views that have it."""
        path = f"/v1/programmes/{_part(programme)}/{_part(name)}"
        answer = yield from self.send(Request("GET", path, _given(parameters)))
        if answer.status != 200:
            raise ServiceProblemError(problem_of(answer))
        return answer.content

    def standings(
        self,
        programme: str,
        *,
        stage: str | None = None,
        as_of_position: int | None = None,
        as_of: str | None = None,
        min_position: int | None = None,
    ) -> Exchange[Standings | Counted]:
        """The standings of a stage, the first one if none is named; counts while its results are under embargo."""
        path = f"/v1/programmes/{_part(programme)}/standings"
        asked = {"stage": stage, "as_of_position": as_of_position, "as_of": as_of, "min_position": min_position}
        answer = yield from self.send(Request("GET", path, _given(asked)))
        fields: dict[str, msgspec.Raw] = read(answer, dict[str, msgspec.Raw])
        found: Standings | Counted = read(answer, Counted if "embargo" in fields else Standings)
        return found

    def grants(
        self, programme: str, *, as_of_position: int | None = None, min_position: int | None = None
    ) -> Exchange[Grants]:
        """Pools and grants."""
        path = f"/v1/programmes/{_part(programme)}/grants"
        return (yield from self._get(path, Grants, as_of_position=as_of_position, min_position=min_position))

    def audit_trail(
        self, programme: str, *, after: int = 0, limit: int = PAGE, min_position: int | None = None
    ) -> Exchange[Trail]:
        """Who decided what, after a position."""
        path = f"/v1/programmes/{_part(programme)}/audit-trail"
        return (yield from self._get(path, Trail, after=after, limit=limit, min_position=min_position))

    # The ledger

    def events_page(
        self,
        *,
        after: int = 0,
        limit: int = PAGE,
        type: str | None = None,
        tag: str | None = None,
        programme: str | None = None,
    ) -> Exchange[EventPage]:
        """Events after a position, at most so many."""
        asked = {"after": after, "limit": limit, "type": type, "tag": tag, "programme": programme}
        answer = yield from self.send(Request("GET", "/v1/ledger/events", _given(asked)))
        if answer.status != 200:
            read(answer, Any)
        return EventPage(text=answer.content.decode(), after=_next(answer), head=int(answer.headers["ledger-head"]))

    def receipt(self, position: int, *, seconds: float | None = None) -> Exchange[str]:
        """The proof that an event is in the ledger, a C2SP tlog-proof; waited for so long while it is not sealed."""
        until = time.monotonic() + (self.patience if seconds is None else seconds)
        while True:
            answer = yield from self.send(Request("GET", f"/v1/ledger/receipts/{position}"))
            if answer.status == 200:
                return answer.content.decode()
            if answer.status != 404 or time.monotonic() >= until:
                read(answer, Any)
            yield Pause(0.2)

    def checkpoint(self) -> Exchange[str]:
        """The latest signed checkpoint, a C2SP signed note."""
        return (yield from self._content("/v1/ledger/checkpoint")).decode()

    def tile(self, tile: Tile) -> Exchange[bytes]:
        """Hashes of the tree (C2SP tlog-tiles)."""
        return (yield from self._content(f"/v1/ledger/tile/{tile.path}"))

    def leaves(self, *, after: int, upto: int) -> Exchange[bytes]:
        """Leaf hashes of the tree from the position after one up to another, `LEAVES` at most: 32 bytes each."""
        return (yield from self._content("/v1/ledger/leaves", download=True, after=after, upto=upto))

    def export_page(
        self, *, programme: str | None = None, after: int = 0, limit: int = EXPORT_PAGE, size: int | None = None
    ) -> Exchange[bytes]:
        """Lines of a bundle after a position, up to `size`; for auditors in full, of a programme."""
        asked = {"programme": programme, "after": after, "limit": limit, "size": size}
        return (yield from self._content("/v1/ledger/export", download=True, **asked))

    # What all of them go through

    def send(self, request: Request) -> Exchange[Answer]:
        """A request with the credential; once more with a new one, if there is a new one to have."""
        for again in (True, False):
            authorization = yield from self.authorization()
            shown = {} if authorization is None else {"Authorization": authorization}
            answer = yield from patiently(request._replace(headers={**request.headers, **shown}), self.patience)
            if answer.status != 401 or not again:
                break
            self.credential.forget()
        return answer

    def authorization(self) -> Exchange[str | None]:
        """The `Authorization` to show."""
        return (yield from self.credential.authorization(self.service, self.patience))

    def _content(self, path: str, *, download: bool = False, **parameters: str | int | None) -> Exchange[bytes]:
        answer = yield from self.send(Request("GET", path, _given(parameters), download=download))
        if answer.status != 200:
            read(answer, Any)
        return answer.content

    def _ask(self, path: str, question: Command, **parameters: str | int | None) -> Exchange[dict[str, Any]]:
        """What is asked with a body, and recorded by nobody."""
        body = question if isinstance(question, bytes) else msgspec.json.encode(question)
        answer = yield from self.send(
            Request("POST", path, _given(parameters), headers={"Content-Type": JSON}, content=body)
        )
        found: dict[str, Any] = read(answer, dict[str, Any])
        return found

    def _get(self, path: str, type_: type[T], **parameters: str | int | None) -> Exchange[T]:
        answer = yield from self.send(Request("GET", path, _given(parameters)))
        found: T = read(answer, type_)
        return found


def _lines(answer: Answer) -> list[LineAnswer]:
    if not 200 <= answer.status < 300:
        read(answer, Any)
    return [msgspec.json.decode(line, type=LineAnswer) for line in answer.content.splitlines()]


def _given(parameters: Mapping[str, str | int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value is not None}


def _next(answer: Answer) -> int | None:
    """The `after` of the page that `Link` names."""
    link = answer.headers.get("link", "")
    _, found, rest = link.partition("after=")
    digits = rest.partition("&")[0].partition(">")[0]
    return int(digits) if found and digits.isdecimal() else None


def _part(text: str) -> str:
    return quote(text, safe=":")


def _endpoint(programme: str, endpoint: str | None = None) -> str:
    return f"/v1/programmes/{_part(programme)}/endpoints{'' if endpoint is None else f'/{_part(endpoint)}'}"


def _programme_of(proposal: str) -> str:
    return proposal.rpartition(":")[0]
