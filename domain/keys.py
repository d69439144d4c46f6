"""The keys that decisions are signed with: registered and revoked by each agency, and each team, for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from domain import base64url
from domain.boundary import QueryItem, tag
from domain.decision import Case, Command, Fact, decision
from domain.ed25519 import KEY_BYTES, is_weak
from domain.envelope import Actor, Party
from domain.event import Event, event, upcast
from domain.machines import machine
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Text
from domain.sentences import Says, Words
from domain.teams import Roster


class KeyUnknownError(Refusal):
    """No key of that id is registered."""


class KeyAlreadyRegisteredError(Refusal):
    """A key, and its id, is registered once in a programme."""


class KeyRevokedError(Refusal):
    """The key is revoked, for good."""


class KeyNotVouchedForError(Refusal):
    """Who has a live key registers another with its signature only."""

    KIND = "forbidden"


class NotOwnAgencyError(Refusal):
    """The keys of an agency, or of a team, are registered and revoked by itself."""

    KIND = "forbidden"


KEY = machine(
    "key",
    initial="unregistered",
    transitions=[("unregistered", "register-key", "registered"), ("registered", "revoke-key", "revoked")],
    refusals={"unregistered": KeyUnknownError, "registered": KeyAlreadyRegisteredError, "revoked": KeyRevokedError},
)


class PublicKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public JWK of RFC 8037; `x`: the key's 32 bytes, base64url without padding."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Text


class _OfKey(Event, frozen=True, kw_only=True):
    agency: str
    key: str


@event(
    "KeyRegistered",
    version=2,
    says=Says(
        title=Words("Key registered", "서명 키 등록"),
        en="{actor} registered the key {key} of {agency:party}",
        ko="{actor}이(가) {agency:party}의 서명 키 {key}을(를) 등록하였다",
    ),
)
class KeyRegistered(_OfKey, frozen=True, kw_only=True):
    """From here on, the agency may sign with the key; with `party` "consortium", the consortium of that id."""

    jwk: PublicKey
    party: Party = "agency"


@upcast("KeyRegistered", from_version=1)
def _of_agency(fields: dict[str, Any]) -> dict[str, Any]:
    """In version 1 only agencies had keys."""
    return {**fields, "party": "agency"}


@event(
    "KeyRevoked",
    says=Says(
        title=Words("Key revoked", "서명 키 폐기"),
        en="{actor} revoked the key {key} of {agency:party}",
        ko="{actor}이(가) {agency:party}의 서명 키 {key}을(를) 폐기하였다",
    ),
)
class KeyRevoked(_OfKey, frozen=True, kw_only=True):
    """From here on, a signature of the key counts for nothing; earlier ones stand."""

    reason: str


class Keys:
    """A fact: every key that is signed with in the programme; they are few and seldom change."""

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.registered: dict[str, KeyRegistered] = {}
        self.revoked: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(KeyRegistered.TYPE, KeyRevoked.TYPE), tags=(tag("programme", self.programme),)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case KeyRegistered(key=key):
                self.registered[key] = event
            case KeyRevoked(key=key):
                self.revoked.add(key)
            case _:
                pass

    def state(self, key: str) -> str:
        if key in self.revoked:
            return "revoked"
        return "registered" if key in self.registered else "unregistered"

    def live_of(self, actor: Actor) -> list[str]:
        """The keys that the agency, or consortium, may sign with."""
        return [key for key, each in self.registered.items() if key not in self.revoked and is_of(each, actor)]

    def require_live(self, key: str) -> None:
        """Raise unless a key that was registered may be signed with."""
        if key in self.revoked:
            raise KeyRevokedError(f"{key} is revoked", rule="A signature of a revoked key counts for nothing.")


def is_of(key: KeyRegistered, actor: Actor) -> bool:
    """Whether it is the actor's key. An agency and a consortium of the same id are two."""
    return (key.agency, key.party) == (actor.agency, actor.party)


def _require_own(agency: str, case: Case, roster: Roster) -> None:
    known = roster.status if case.actor.party == "consortium" else {each.id for each in case.charter.agencies}
    if agency != case.actor.agency or agency not in known:
        raise _not_own(agency, case)


def _not_own(agency: str, case: Case) -> NotOwnAgencyError:
    return NotOwnAgencyError(
        f"agency: {case.actor.agency} has no say in the keys of {agency}",
        rule="An agency of the charter, or a team, decides about its own keys, and nobody else does.",
        pointer="/agency",
    )


def _require_ed25519(x: str) -> None:
    try:
        raw = base64url.read(x)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InvalidCommandError(
            "jwk/x: not 32 bytes in base64url without padding",
            rule="A key is an Ed25519 public JWK (RFC 8037).",
            pointer="/jwk/x",
        )


def _require_owners(x: str) -> None:
    if is_weak(base64url.read(x)):
        raise InvalidCommandError(
            "jwk/x: a key of small order, or written in another way than RFC 8032 has it",
            rule="Nobody but the owner of a key can sign for it.",
            pointer="/jwk/x",
        )


class RegisterKey(Command, frozen=True, kw_only=True):
    """`agency`: whose it is, an agency or a consortium. `key`: its id, of its owner's choice, once in the programme."""

    agency: Identifier
    key: Identifier
    jwk: PublicKey


def _needs(_command: Command, programme: str) -> tuple[Fact, ...]:
    return (Keys(programme), Roster(programme))


@decision("register-key", RegisterKey, comes_to=(KeyRegistered,), needs=_needs, mandated=False, version=5, earlier=True)
def _register_key_5(command: RegisterKey, case: Case, keys: Keys, roster: Roster) -> Iterator[Event]:
    """Register a public key, whatever point it is."""
    _require_own(command.agency, case, roster)
    _require_ed25519(command.jwk.x)
    KEY.require(keys.state(command.key), "register-key", subject=command.key)
    same = next((each for each in keys.registered.values() if each.jwk.x == command.jwk.x), None)
    if same is not None:
        raise KeyAlreadyRegisteredError(
            f"jwk: this is {same.key} of {same.agency}",
            rule="A public key is registered once in a programme, and never again once revoked.",
            pointer="/jwk",
        )
    live = keys.live_of(case.actor)
    if live and case.signed_by not in live:
        raise KeyNotVouchedForError(
            f"register-key is not signed by {' or '.join(live)}",
            rule="Who has a live key registers another with a signature by it.",
        )
    yield KeyRegistered(
        agency=command.agency,
        key=command.key,
        jwk=command.jwk,
        party="consortium" if case.actor.party == "consortium" else "agency",
    )


@decision("register-key", RegisterKey, comes_to=(KeyRegistered,), needs=_needs, mandated=False, version=6)
def register_key(command: RegisterKey, case: Case, keys: Keys, roster: Roster) -> Iterator[Event]:
    """Register a public key that the agency, or the team, signs with.

    The first is taken on the word of whoever holds its credentials, and so is the next of who has revoked every key;
    each other one is vouched for by a signature of a live one. Where anything is signed the last live key stays.
    """
    registered = tuple(_register_key_5(command, case, keys, roster))
    _require_owners(command.jwk.x)
    yield from registered


class LastKeyError(Refusal):
    """The only key that its owner signs with would be revoked, and none could be vouched for after it."""

    KIND = "state"


class RevokeKey(Command, frozen=True, kw_only=True):
    """`reason`: such as its loss, or the end of its time."""

    agency: Identifier
    key: Identifier
    reason: Text


@decision("revoke-key", RevokeKey, comes_to=(KeyRevoked,), needs=_needs, mandated=False, version=3)
def revoke_key(command: RevokeKey, case: Case, keys: Keys, roster: Roster) -> Iterator[Event]:
    """Revoke a key of the agency, or of the team, for good."""
    _require_own(command.agency, case, roster)
    KEY.require(keys.state(command.key), "revoke-key", subject=command.key)
    if not is_of(keys.registered[command.key], case.actor):
        raise _not_own(keys.registered[command.key].agency, case)
    if case.charter.signed and set(keys.live_of(case.actor)) == {command.key}:
        raise LastKeyError(
            f"{command.key} is the only key of {case.actor.agency}",
            rule="Where decisions are signed, the next key is registered, vouched for by the last, before that goes.",
        )
    yield KeyRevoked(agency=command.agency, key=command.key, reason=command.reason)
