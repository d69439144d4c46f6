"""The envelope of an event ❄: all that is recorded beside its data.

Position, programme, type, version and `recorded_at` are given out in clear by the ledger entry
(`domain.entry`); everything else is *private*: it is encoded here, hashed with a salt into the entry and shown
only to those who may see the event. Nothing that is hashed leaves defaults out: msgspec takes a value for the default
only where it is the very same object, so that equal values would have unequal bytes.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from domain.boundary import Boundary

DataSet = Literal["public-record", "rehearsal", "live"]
Attribution = Literal["decided", "reported"]


Party = Literal["agency", "consortium"]
"""Who asks for decisions: what a credential may stand for."""
Acting = Literal["agency", "consortium", "system"]
PERSON: Final = "person-"
"""How the principal of a person begins, and no other."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who submitted: an agency, and the principal (a key or an opaque person id) that acted for it.

    `party`: with `consortium`, `agency` is the id of a consortium that decides about itself; with `system`, nobody
    asks, and the principal is what the charter has follow by itself (`domain.system`).
    """

    agency: str
    principal: str
    party: Acting = "agency"

    @property
    def is_person(self) -> bool:
        """Whether a person who signed in acts; of a key or a client nobody knows whose hand it is in."""
        return self.principal.startswith(PERSON)


class PrivateEnvelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All of the envelope that proofs cover but that is not in clear.

    `event_id`, `decision_id`: UUIDv7 in canonical text. Times: RFC 3339, UTC, microseconds. `tags`: scoped to the
    programme. `command`: the exact body that the agency sent, on the first event of its decision only, and
    `command_type` its type. `decided_by`: the agency that is reported to have decided, where that is not the actor.
    `boundary`: what the decision read. `rules_hash`: SHA-256 (hex) of the charter in force. `decider`: name
    and version of the decision logic. `signature`: the agency's own, if any. `causation`: the position (decimal) of
    the event that a decision of the system follows from.
    """

    event_id: str
    tags: tuple[str, ...]
    data_set: DataSet
    decided_at: str
    effective_at: str | None = None
    actor: Actor
    attribution: Attribution
    source: str | None = None
    decided_by: str | None = None
    decision_id: str | None = None
    command_type: str | None = None
    command: str | None = None
    causation: str | None = None
    boundary: Boundary | None = None
    rules_hash: str | None = None
    decider: str | None = None
    signature: str | None = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who decided, when and on which rules: what views look at of a `PrivateEnvelope`, decoded at a fraction of it."""

    decided_at: str
    effective_at: str | None = None
    actor: Actor
    attribution: Attribution
    source: str | None = None
    decided_by: str | None = None
    decision_id: str | None = None
    command_type: str | None = None
    causation: str | None = None
    rules_hash: str | None = None
    decider: str | None = None
    signature: str | None = None


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(PrivateEnvelope)
_provenance = msgspec.json.Decoder(Provenance)
_POSITION = re.compile("[1-9][0-9]{0,18}")


def followed(causation: str | None) -> int | None:
    """The position that a decision follows from, as its envelope's `causation` says it; of another text none."""
    return None if causation is None or _POSITION.fullmatch(causation) is None else int(causation)


def encode_envelope(envelope: PrivateEnvelope) -> bytes:
    """Deterministic JSON; these bytes, not a re-encoding of them, are what the entry commits to."""
    return _encoder.encode(envelope)


def decode_envelope(stored: bytes) -> PrivateEnvelope:
    """The inverse of `encode_envelope`; fields of a later release are ignored. Raises `msgspec.DecodeError`."""
    return _decoder.decode(stored)


def decode_provenance(stored: bytes) -> Provenance:
    """As `decode_envelope`, of what views look at. Raises `msgspec.DecodeError`."""
    return _provenance.decode(stored)
