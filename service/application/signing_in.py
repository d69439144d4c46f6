"""Signing in: by an OIDC issuer, or where there is none by a link that an operator makes; both come to a session.

Between the two halves of a sign-in at an issuer nothing is kept here: the browser has a secret in a cookie, from which
state, nonce and code verifier are derived, so that one browser's sign-in can be ended by no other.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import Protocol

import msgspec

from service.application.administration import UnknownCredentialError
from service.application.audit import audit
from service.application.external_tokens import Identities
from service.application.identity import ExternalIdentity, Person, WrongCredentialError, account_mark
from service.application.sessions import Sessions, derived, hash_of

LINK_LIFETIME = timedelta(minutes=15)


class NoSuchWayError(Exception):
    """People do not sign in like this here."""


class SignInIssuer(Protocol):
    """An OIDC issuer at which people sign in: authorization code flow with PKCE, state and nonce.

    Every method raises `IssuerUnavailableError`.
    """

    @property
    def issuer(self) -> str:
        """Its `iss`."""
        ...

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent."""
        ...

    def identity(self, code: str, *, nonce: str, verifier: str) -> ExternalIdentity:
        """Who signed in. Raises `WrongCredentialError` if code or ID token is not as it should be."""
        ...

    def require_named(self, issuer: str | None) -> None:
        """Raise `WrongCredentialError` unless an answer names this issuer, where it says that it does (RFC 9207)."""
        ...


class LinkStore(Protocol):
    """Links that are good for one sign-in."""

    def add_link(self, secret_hash: bytes, person_id: str, *, lifetime: timedelta, operator: str) -> bool:
        """False if the person is unknown or revoked."""
        ...

    def use_link(self, secret_hash: bytes) -> str | None:
        """Whose it is; it is used up. `None` if it was, has expired, or there is none. Of many at once, one wins."""
        ...


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an issuer sends the browser back with."""

    state: str | None = None
    code: str | None = None
    iss: str | None = None
    error: str | None = None


class SigningIn:
    """`issuer`: where people sign in; without, they do by links."""

    def __init__(
        self, issuer: SignInIssuer | None, identities: Identities, sessions: Sessions, links: LinkStore
    ) -> None:
        self.issuer = issuer
        self._identities = identities
        self._sessions = sessions
        self._links = links

    def begin(self, secret: str) -> str:
        """Where the browser that keeps the secret is sent. Raises `NoSuchWayError`, `IssuerUnavailableError`."""
        issuer = self._required()
        return issuer.address(
            state=derived(secret, "state", issuer.issuer),
            nonce=derived(secret, "nonce", issuer.issuer),
            verifier=derived(secret, "verifier", issuer.issuer),
        )

    def require_begun(self, secret: str, state: str | None) -> None:
        """Raise `WrongCredentialError` unless the browser that keeps the secret began the sign-in that comes back.

        Raises `NoSuchWayError`.
        """
        if not hmac.compare_digest(derived(secret, "state", self._required().issuer), state or ""):
            raise WrongCredentialError("the sign-in was not begun by this browser: its state is another")

    def complete(self, secret: str, answer: Answer) -> str:
        """The secret of a new session, for the browser that began.

        Raises `NoSuchWayError`, `WrongCredentialError`, `IssuerUnavailableError`.
        """
        issuer = self._required()
        self.require_begun(secret, answer.state)
        issuer.require_named(answer.iss)
        if answer.error is not None or not answer.code:
            raise WrongCredentialError("the issuer refused the sign-in")
        identity = issuer.identity(
            answer.code,
            nonce=derived(secret, "nonce", issuer.issuer),
            verifier=derived(secret, "verifier", issuer.issuer),
        )
        holder = self._identities.holder_of(identity.issuer, identity.subject)
        if not isinstance(holder, Person):
            mark = account_mark(identity.issuer, identity.subject)
            raise WrongCredentialError("no person who may come in has this account", mark)
        return self._sessions.start(holder.id, "issuer")

    def make_link(self, person_id: str, operator: str) -> str:
        """The secret of a link that is good once, for a quarter of an hour.

        Raises `NoSuchWayError` where there is an issuer, `UnknownCredentialError`.
        """
        self._require_links()
        secret = secrets.token_urlsafe(32)
        if not self._links.add_link(hash_of(secret), person_id, lifetime=LINK_LIFETIME, operator=operator):
            raise UnknownCredentialError("there is no such person, or they are revoked")
        audit("sign-in link made", operator=operator, object=person_id)
        return secret

    def use_link(self, secret: str) -> str:
        """The secret of a new session. Raises `NoSuchWayError`, `WrongCredentialError`."""
        self._require_links()
        person_id = self._links.use_link(hash_of(secret))
        if person_id is None:
            raise WrongCredentialError("the link was used before, has expired, or is none: ask for another")
        return self._sessions.start(person_id, "link")

    def _required(self) -> SignInIssuer:
        if self.issuer is None:
            raise NoSuchWayError("people sign in here by links: ask an operator for one")
        return self.issuer

    def _require_links(self) -> None:
        if self.issuer is not None:
            raise NoSuchWayError(f"people sign in here at {self.issuer.issuer}, not by links")
