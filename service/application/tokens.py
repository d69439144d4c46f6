"""Access tokens: a client's signed assertion is good for one (RFC 7523), which is good for five minutes (RFC 9068)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from domain.boundary import whole
from service.application.identity import ClientKey, Clients, Person, Principal, Secrets, WrongCredentialError
from service.application.jose import Kid, public_half, public_jwk, read_unverified, require_signature, signed

LIFETIME: Final = timedelta(minutes=5)
ASSERTION_LIFETIME: Final = timedelta(minutes=2)
"""How far ahead an assertion may expire."""
CLOCKS_DIFFER: Final = timedelta(seconds=10)
"""How far a client's clock, or another machine's, may be ahead of ours, or behind."""

ACCESS: Final = "at+jwt"
ENDPOINT: Final = "/oauth/token"

ClientId = Annotated[str, whole("slc_[0-9a-f]{16}", "the id of a client")]
_Jti = Annotated[str, whole("[!-~]{1,200}", "1 to 200 printable ASCII characters without spaces")]
Time = int | float


class Assertion(msgspec.Struct, frozen=True):
    """What a client says of itself. `jti`: its own name for it, once each."""

    iss: ClientId
    sub: ClientId
    aud: str | list[str]
    exp: Time
    jti: _Jti
    iat: Time | None = None
    nbf: Time | None = None


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True):
    """`client_key`: the key that the client asked with: the token ends with it."""

    iss: str
    aud: str
    sub: ClientId
    client_id: ClientId
    client_key: Kid
    iat: int
    exp: int
    jti: str


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A token and whose it is. `expires_in`: seconds."""

    principal: Principal
    token: str
    expires_in: int


_assertions = msgspec.json.Decoder(Assertion)
_accesses = msgspec.json.Decoder(AccessClaims)


class Tokens:
    """Gives tokens out and knows them again. `issuer`: the service's address, without a path."""

    def __init__(self, clients: Clients, keys: Secrets, issuer: str, *, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self._keys = keys
        self.issuer = issuer
        self._now = now

    def issue(self, assertion: str, client: str | None = None) -> Issued:
        """A token for the client that signed the assertion; it is used up. Raises `WrongCredentialError`.

        `client`: whom the request names beside it (RFC 7521 4.2).
        """
        header, claims = read_unverified(assertion, _assertions, "jwt", "client-authentication+jwt", "")
        with _claimed_by(claims.iss):
            if client not in (None, claims.iss):
                raise WrongCredentialError("client_id names another client than the assertion")
            key = self._registered(claims.iss, header.kid)
            require_signature(assertion, key.public_key)
            self._require_meant_for_us(claims)
            if not self._clients.use_assertion(claims.iss, claims.jti, _moment(claims.exp) + 2 * CLOCKS_DIFFER):
                raise WrongCredentialError("the assertion was used before: its jti is good once")
        secret, now = self._keys.current(), self._now()
        access = AccessClaims(
            iss=self.issuer,
            aud=self.issuer,
            sub=claims.iss,
            client_id=claims.iss,
            client_key=header.kid,
            iat=int(now.timestamp()),
            exp=int((now + LIFETIME).timestamp()),
            jti=secrets.token_urlsafe(16),
        )
        token = signed(access, secret.value, kid=secret.id, typ=ACCESS)
        return Issued(principal=key.principal, token=token, expires_in=int(LIFETIME.total_seconds()))

    def authenticate(self, credential: str) -> Principal | None:
        """See `Authenticator.authenticate`."""
        if credential.count(".") != 2:
            return None
        header, claims = read_unverified(credential, _accesses, ACCESS)
        with _claimed_by(claims.client_id):
            self._require_own(credential, header.kid, claims)
            return self._registered(claims.client_id, claims.client_key).principal

    def note_use(self, credential: str, holder: Principal | Person) -> None:
        """See `Authenticator.note_use`."""
        self._clients.note_use(holder.id)

    def published(self) -> list[dict[str, Any]]:
        """Public keys as JWKs: of the one in use, of the next, and of former ones while a token of theirs may live."""
        ended = self._now() - LIFETIME - CLOCKS_DIFFER
        return [
            public_jwk(public_half(secret.value), secret.id)
            for secret, _state in self._keys.every()
            if (until := self._keys.superseded(secret.id)) is None or until > ended
        ]

    def _require_own(self, token: str, kid: str, claims: AccessClaims) -> None:
        secret = self._keys.find(kid)
        if secret is None:
            raise WrongCredentialError("the token was signed with none of the service's keys")
        require_signature(token, public_half(secret.value))
        if claims.iss != self.issuer or claims.aud != self.issuer:
            raise WrongCredentialError(f"the token is not from and for {self.issuer}")
        if _moment(claims.iat) > self._now() + CLOCKS_DIFFER:
            raise WrongCredentialError("the token is not valid yet")
        if _moment(claims.exp) <= self._now():
            raise WrongCredentialError("the token has expired")

    def _registered(self, client_id: str, kid: str) -> ClientKey:
        key = self._clients.find(client_id, kid)
        if key is None:
            raise WrongCredentialError("the client or its key is unknown or revoked")
        return key

    def _require_meant_for_us(self, claims: Assertion) -> None:
        now = self._now()
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.sub != claims.iss:
            raise WrongCredentialError("an assertion's iss and sub are both the client_id")
        if len(audience) != 1 or audience[0] not in (self.issuer, self.issuer + ENDPOINT):
            raise WrongCredentialError(f"an assertion's aud is {self.issuer} or {self.issuer}{ENDPOINT}")
        for name, since in (("iat", claims.iat), ("nbf", claims.nbf)):
            if since is not None and since > (now + CLOCKS_DIFFER).timestamp():
                raise WrongCredentialError(f"the assertion is not valid yet: its {name} is ahead")
        if claims.exp <= (now - CLOCKS_DIFFER).timestamp():
            raise WrongCredentialError("the assertion has expired")
        if claims.exp > (now + ASSERTION_LIFETIME).timestamp():
            raise WrongCredentialError(
                f"an assertion expires within {ASSERTION_LIFETIME.seconds} seconds: its exp is too far ahead"
            )


@contextmanager
def _claimed_by(client_id: str) -> Iterator[None]:
    try:
        yield
    except WrongCredentialError as error:
        error.claimed = client_id
        raise


def _moment(timestamp: Time) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
