"""Who may read what, and when: the embargo before the results of a stage are published."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.charter_document import Charter
from domain.event import EVENTS, STRICTNESS, Disclosed, Event, Own
from domain.publications import Publications

Role = Literal["public", "consortium", "evaluator", "agency", "auditor"]


class Reader(msgspec.Struct, frozen=True):
    """Who reads. `subject`: the id of the agency, consortium, evaluator or auditor; the public has none."""

    role: Role
    subject: str = ""

    def within(self, charter: Charter) -> Reader:
        """The reader as a programme knows them: an agency that its charter does not name reads as the public."""
        named = self.role != "agency" or any(agency.id == self.subject for agency in charter.agencies)
        return self if named else PUBLIC

    @property
    def reads_embargoed(self) -> bool:
        """Whether they read what the public may not read yet, or never; ask it of a reader `within` the programme."""
        return self.role in ("agency", "auditor")

    @property
    def consortium(self) -> str | None:
        """The consortium that reads, if it is one."""
        return self.subject if self.role == "consortium" else None

    @property
    def owns(self) -> str:
        """What `owner_of` says of the events that are the reader's own."""
        return f"{self.role}/{self.subject}"


PUBLIC = Reader("public")

_OWNERS: dict[Own, Role] = {"team": "consortium", "evaluator": "evaluator"}


def disclosed(charter: Charter, type_: str) -> Disclosed:
    """When the public may read events of a type: as the charter has it, never earlier than the type itself allows."""
    allowed = EVENTS[type_].PUBLIC
    for each in charter.disclosure:
        if type_ in each.events and STRICTNESS[each.public] > STRICTNESS[allowed]:
            return each.public
    return allowed


def readable(
    disclosure: Disclosed,
    stage: str | None,
    position: int,
    publications: Publications,
    reader: Reader,
    owner: str | None = None,
) -> bool:
    """Whether `reader`, as the programme knows them, may read the data of an event of `stage` at `position`.

    `owner`: who may read the event whatever the public may, if anybody: see `owner_of`.
    """
    if reader.reads_embargoed or disclosure == "at-once" or reader.owns == owner:
        return True
    return disclosure == "with-results" and publications.covers(stage, position)


def stage_of_event(event: Event) -> str | None:
    """The stage that an event belongs to, if any."""
    return getattr(event, "stage", None)


def owner_of(event: Event) -> str | None:
    """`role/subject` of the consortium or the evaluator that may read an event at once, if it is anybody's own."""
    return None if event.OWN is None else f"{_OWNERS[event.OWN]}/{getattr(event, event.OWN)}"


def _may_own(reader: Reader, own: Own | None) -> bool:
    return own is not None and _OWNERS[own] == reader.role


class Disclosure(msgspec.Struct, frozen=True):
    """What a reader may see of a programme; `reader`: as the programme knows them.

    `charters`: each that was ever in force, and from which position. What was recorded under one stays under what it
    says: an amendment neither uncovers nor hides what is past.
    """

    charters: tuple[tuple[int, Charter], ...]
    publications: Publications
    reader: Reader

    @property
    def charter(self) -> Charter:
        """The one in force."""
        return self.charters[-1][1]

    def charter_at(self, position: int | None) -> Charter:
        """The one in force at a position, or now; the first one before there was any."""
        upto = [each for since, each in self.charters if position is None or since <= position]
        return upto[-1] if upto else self.charters[0][1]

    @property
    def calls(self) -> tuple[str, ...]:
        """Every call that a charter ever had."""
        return tuple(dict.fromkeys(call.id for _from, charter in self.charters for call in charter.calls))

    def shows_type(self, type_: str) -> bool:
        """Whether events of a type that belongs to no stage are shown, under the charter in force."""
        return readable(disclosed(self.charter, type_), None, 0, self.publications, self.reader)

    def kinds(self, type_: str) -> set[Disclosed]:
        """When the public may, or might, read events of a type: as each charter has it that ever was in force."""
        return {disclosed(charter, type_) for _from, charter in self.charters}

    def types(self) -> set[str]:
        """The types of events of which the reader may read some."""
        stages = (None, *self.publications.upto)
        return {
            type_
            for type_ in EVENTS
            if _may_own(self.reader, EVENTS[type_].OWN)
            or any(readable(k, s, 0, self.publications, self.reader) for k in self.kinds(type_) for s in stages)
        }

    def shows(self, position: int, event: Event) -> bool:
        charter = next((each for start, each in reversed(self.charters) if start <= position), self.charter)
        disclosure = disclosed(charter, event.TYPE)
        return readable(disclosure, stage_of_event(event), position, self.publications, self.reader, owner_of(event))
