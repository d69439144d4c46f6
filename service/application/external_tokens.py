"""Access tokens of an OIDC issuer (RFC 9068). They say who asks; what that one may do is registered here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from service.application.identity import Account, Person, Principal, WrongCredentialError, account_mark
from service.application.issuer_jws import IssuerKeys, claims_of, verified
from service.application.tokens import ACCESS, CLOCKS_DIFFER, Time


class ExternalClaims(msgspec.Struct, frozen=True):
    """What is looked at of a token: no role, scope or group that it claims."""

    iss: str
    sub: Account
    aud: str | list[str]
    exp: Time
    iat: Time | None = None
    nbf: Time | None = None


class Identities(Protocol):
    """Whose accounts at issuers are known here."""

    def holder_of(self, issuer: str, subject: str) -> Person | Principal | None:
        """The person or client whose account it is, unless there is none, or they are revoked."""
        ...


class Noted(Protocol):
    """Remembers when clients asked."""

    def note_use(self, client_id: str) -> None:
        """See `Authenticator.note_use`."""
        ...


class ExternalTokens:
    """An `Authenticator` of tokens by one issuer. `audience`: by what name the issuer knows this service."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: IssuerKeys,
        identities: Identities,
        clients: Noted,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._identities = identities
        self._clients = clients
        self._now = now

    def authenticate(self, credential: str) -> Person | Principal | None:
        """See `Authenticator.authenticate`; raises `IssuerUnavailableError` besides."""
        if credential.count(".") != 2 or claims_of(credential).get("iss") != self._issuer:
            return None
        _header, content = verified(credential, self._keys, ACCESS)
        claims = self._checked(content)
        holder = self._identities.holder_of(claims.iss, claims.sub)
        if holder is None:
            mark = account_mark(claims.iss, claims.sub)
            raise WrongCredentialError("nobody who may come in has the token's subject", mark)
        return holder

    def note_use(self, credential: str, holder: Principal | Person) -> None:
        """See `Authenticator.note_use`."""
        if isinstance(holder, Principal):
            self._clients.note_use(holder.id)

    def _checked(self, content: dict[str, Any]) -> ExternalClaims:
        try:
            claims = msgspec.convert(content, ExternalClaims)
        except msgspec.ValidationError:
            raise WrongCredentialError("the token's claims are incomplete or not as they should be") from None
        now = self._now()
        if self._audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
            raise WrongCredentialError(f"the token is not for {self._audience}")
        if claims.exp <= (now - CLOCKS_DIFFER).timestamp():
            raise WrongCredentialError("the token has expired")
        for since in (claims.iat, claims.nbf):
            if since is not None and since > (now + CLOCKS_DIFFER).timestamp():
                raise WrongCredentialError("the token is not valid yet")
        return claims
