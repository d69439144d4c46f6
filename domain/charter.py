"""Publishing a charter, and the charter in force as a fact; amending it is in `domain.amendments`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from domain import charter_document
from domain.boundary import IDENTIFIER, QueryItem, tag
from domain.charter_document import Charter
from domain.charter_faults import faults
from domain.decision import DECISIONS, Case, Command, decision
from domain.event import EVENTS, Event, event
from domain.refusal import FieldError, Refusal, UnknownProgrammeError
from domain.scalars import Names
from domain.sentences import Says, Words


class CharterAlreadyPublishedError(Refusal):
    """The programme has a charter; it can be amended, not published again."""


class CharterFaultyError(Refusal):
    """The charter contradicts itself."""

    KIND = "invalid"


class _OfCharter(Event, frozen=True, kw_only=True):
    """The rules of the programme: the whole document, canonical (RFC 8785) as text, and its SHA-256 (hex)."""

    rules_hash: str
    document: str


@event(
    "CharterPublished",
    says=Says(
        title=Words("Charter published", "헌장 공표"),
        en="{actor} published the charter of the programme",
        ko="{actor}이(가) 사업 헌장을 공표하였다",
    ),
)
class CharterPublished(_OfCharter, frozen=True, kw_only=True):
    """The rules that the programme begins with."""


@event(
    "CharterAmended",
    says=Says(
        title=Words("Charter amended", "헌장 개정"),
        en="{actor} amended the charter of the programme[{deviation}, after a stage had been opened]",
        ko="{actor}이(가) [{deviation}단계가 개시된 뒤에 ]사업 헌장을 개정하였다",
    ),
)
class CharterAmended(_OfCharter, frozen=True, kw_only=True):
    """The rules from here on, in the place of those named `replaces`.

    `deviation`: whether a stage had been opened. `reason`: why, which a deviation says unless it was not reported.
    """

    replaces: str
    deviation: bool
    reason: Names | None = None


CHARTER_EVENTS: Final = (CharterPublished, CharterAmended)
"""What brings a charter into force."""


class CharterInForce:
    """The charter that governs the programme: the published one as last amended.

    `position`: of the event that brought it into force; 0 before one is published.
    """

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.position = 0
        self._document = b""
        self._rules_hash = ""
        self._charter: Charter | None = None

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = tuple(cls.TYPE for cls in CHARTER_EVENTS)
        return (QueryItem(types=types, tags=(tag("programme", self.programme),)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, CHARTER_EVENTS):
            self.position = position
            self._document = event.document.encode()
            self._rules_hash = event.rules_hash
            self._charter = None

    @property
    def charter(self) -> Charter:
        """Raises `UnknownProgrammeError` before a charter is published."""
        if not self.position:
            raise UnknownProgrammeError(
                f"programme {self.programme!r} has no charter", rule="A programme begins with its charter."
            )
        if self._charter is None:
            self._charter = charter_document.parse(self._document)
        return self._charter

    @property
    def rules_hash(self) -> str:
        return self._rules_hash

    @property
    def document(self) -> str:
        """The canonical document; empty before a charter is published."""
        return self._document.decode()


def require_programme_id(programme: str) -> None:
    """Raise `UnknownProgrammeError` for a name that no programme can have."""
    if re.fullmatch(IDENTIFIER, programme) is None:
        raise UnknownProgrammeError(
            f"{programme[:80]!r} is no name of a programme",
            rule="A programme's name is 1 to 64 lower-case letters, digits, dots and hyphens.",
        )


class PublishCharter(Command, frozen=True, kw_only=True):
    """`charter`: the document (`domain.charter_document`), as JSON."""

    charter: dict[str, Any]


class ProposedCharter(CharterInForce):
    """While the first charter is being published, the proposed document is the one whose mandates count."""

    def __init__(self, programme: str, document: object) -> None:
        super().__init__(programme)
        self.published = False
        self._document, self._proposed = checked(programme, document)
        self._rules_hash = charter_document.rules_hash(self._document)

    def apply(self, position: int, event: Event) -> None:
        self.published = self.published or isinstance(event, CharterPublished)

    @property
    def charter(self) -> Charter:
        return self._proposed


def checked(programme: str | None, document: object) -> tuple[bytes, Charter]:
    """Canonical bytes and charter of a document. Raises `CharterFaultyError` that lists every fault."""
    if found := list(document_faults(programme, document)):
        raise CharterFaultyError(
            "; ".join(f"{fault.pointer}: {fault.detail}" for fault in found),
            rule="A charter must not contradict itself.",
            errors=tuple(found),
        )
    canonical = charter_document.canonical(document)
    return canonical, charter_document.parse(canonical)


def document_faults(programme: str | None, document: object) -> Iterator[FieldError]:
    """Every fault of a document by its place; `programme`: the one it is published for, if known."""
    for fault in faults(document, DECISIONS, EVENTS):
        yield FieldError(fault.pointer, fault.detail)
    named = document.get("programme") if isinstance(document, dict) else None
    if programme is not None and isinstance(named, str) and named != programme:
        yield FieldError("/programme", f"{named!r} is published for {programme!r}")


class PublisherNotOwnerError(Refusal):
    """The first charter is published by the agency that it names as owner, or as recorder of a public record."""

    KIND = "forbidden"


@decision("publish-charter", PublishCharter, comes_to=(CharterPublished,), needs=lambda _command, _programme: ())
def publish_charter(_command: PublishCharter, case: Case, proposed: ProposedCharter) -> Iterator[Event]:
    """Publish the rules of a programme, before anything else is decided in it."""
    charter = proposed.charter
    if proposed.published:
        raise CharterAlreadyPublishedError(
            f"{case.programme} has a charter",
            rule="A programme has one charter; it is amended, not replaced.",
        )
    if case.actor.agency not in (charter.owner, charter.recorder):
        raise PublisherNotOwnerError(
            f"{case.actor.agency} is neither owner nor recorder of {case.programme}",
            rule="A charter is published by its owner, or by the recorder of a public record.",
        )
    yield CharterPublished(rules_hash=proposed.rules_hash, document=proposed.document)
