"""The audit trail: who decided what, when and under which rules, one row an event. Key: the position, 16 digits."""

from __future__ import annotations

from collections.abc import Container, Iterable

import msgspec

from domain import charter_document
from domain.charter import CHARTER_EVENTS
from domain.disclosure import Reader, disclosed, owner_of, readable, stage_of_event
from domain.envelope import Actor, Attribution, followed
from domain.event import EVENTS, Disclosed, Event, encode_data
from domain.naming import NamesThen, Naming
from domain.proposal_events import DecisionApproved
from domain.publications import Publications
from domain.recounting import Circumstances, recounted
from domain.sentences import Words
from domain.signatures import read_signature
from domain.views import Occurrence, Rows, View, encode_row, one_by_one


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event. What the reader may not see yet is left out, and `withheld` says until when.

    `proposer`: who proposed what `agency` approved. `says`: all that in a person's words, in the names of then.
    `follows`: the position of what a decision of the system follows from.
    `signed_by`: the agency's key that the decision was signed with, on its first event.
    `decided_at` is left out of what was reported: when it was decided is not known, only when it was recorded.
    """

    position: int
    type: str
    version: int
    recorded_at: str
    stage: str | None = None
    decision: str | None = None
    decision_id: str | None = None
    decided_at: str | None = None
    agency: str | None = None
    proposer: str | None = None
    principal: str | None = None
    signed_by: str | None = None
    follows: int | None = None
    attribution: Attribution | None = None
    source: str | None = None
    decided_by: str | None = None
    rules_hash: str | None = None
    decider: str | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    withheld: Disclosed | None = None
    says: Words | None = None


class Kept(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The whole entry, and from when the public may read it. `owner`: see `owner_of`."""

    public: Disclosed
    entry: Entry
    owner: str | None = None


class Approved(msgspec.Struct, frozen=True):
    """The decision that began with an approval: what follows in it is what `proposer` had proposed."""

    decision_id: str
    proposer: str


def key(position: int) -> str:
    return f"{position:016d}"


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """One row an event; `charter` keeps the rules that say who may read it, `approval` the last `Approved`."""
    keep_entries(rows, occurrences, EVENTS)


def keep_entries(rows: Rows, occurrences: Iterable[Occurrence], types: Container[str]) -> None:
    """As `fold`, of events of some types."""
    public: dict[str, Disclosed] = {}

    def take(occurrence: Occurrence) -> None:
        event = occurrence.event
        if isinstance(event, CHARTER_EVENTS):
            rows.put("charter", event.document.encode())
            public.clear()
        if isinstance(event, DecisionApproved) and (decision := occurrence.provenance.decision_id) is not None:
            rows.put("approval", encode_row(Approved(decision, event.proposer.agency)))
        if event.TYPE in types:
            if event.TYPE not in public:
                public[event.TYPE] = _public(rows, event)
            kept = Kept(public[event.TYPE], _entry(occurrence, rows), owner_of(event))
            rows.put(key(occurrence.position), encode_row(kept))

    one_by_one(occurrences, take)


def _public(rows: Rows, event: Event) -> Disclosed:
    """From when the public may read events of a type, under the charter in force."""
    document = rows.get("charter")
    return event.PUBLIC if document is None else disclosed(charter_document.parse(document), event.TYPE)


def _entry(occurrence: Occurrence, rows: Rows) -> Entry:
    event, made = occurrence.event, occurrence.provenance
    actor: Actor = made.actor
    return Entry(
        position=occurrence.position,
        type=event.TYPE,
        version=occurrence.version,
        recorded_at=occurrence.recorded_at,
        stage=stage_of_event(event),
        decision=made.command_type,
        decision_id=made.decision_id,
        decided_at=made.decided_at if made.attribution == "decided" else None,
        agency=actor.agency,
        principal=actor.principal,
        signed_by=None if made.signature is None else read_signature(made.signature).header.kid,
        follows=followed(made.causation),
        proposer=_proposer(rows, occurrence) if made.command_type == "approve" else None,
        attribution=made.attribution,
        source=made.source,
        decided_by=made.decided_by,
        rules_hash=made.rules_hash,
        decider=made.decider,
        data=msgspec.Raw(encode_data(event)),
    )


def _proposer(rows: Rows, occurrence: Occurrence) -> str | None:
    """Who proposed what an approval brought about; `None` of the approval itself."""
    if isinstance(occurrence.event, DecisionApproved):
        return None
    stored = rows.get("approval")
    approved = None if stored is None else msgspec.json.decode(stored, type=Approved)
    return approved.proposer if approved and approved.decision_id == occurrence.provenance.decision_id else None


def shown(stored: bytes, publications: Publications, reader: Reader, naming: Naming) -> Entry:
    """An entry as `reader`, as the programme knows them, may see it; the public never sees the principal's key id."""
    kept = msgspec.json.decode(stored, type=Kept)
    entry = kept.entry
    if not readable(kept.public, entry.stage, entry.position, publications, reader, kept.owner):
        return Entry(
            position=entry.position,
            type=entry.type,
            version=entry.version,
            recorded_at=entry.recorded_at,
            withheld=kept.public,
        )
    principal = entry.principal if reader.reads_embargoed else None
    return msgspec.structs.replace(entry, principal=principal, says=_said(entry, naming.at(entry.position)))


def _said(entry: Entry, names: NamesThen) -> Words:
    around = Circumstances(
        actor=entry.agency or "",
        proposer=entry.proposer,
        decided_at=entry.decided_at,
        reported=entry.attribution == "reported",
        source=entry.source,
        decided_by=entry.decided_by,
        follows=entry.follows,
    )
    return recounted(event_of(entry), around, names)


def event_of(entry: Entry) -> Event:
    """The event of an entry that is not withheld."""
    data = b"" if isinstance(entry.data, msgspec.UnsetType) else entry.data
    return msgspec.json.decode(data, type=EVENTS[entry.type])


AUDIT_TRAIL = View(name="audit-trail", version=4, fold=fold, envelopes=True)
