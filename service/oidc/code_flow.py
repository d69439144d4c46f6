"""Signing in at the issuer: authorization code flow with PKCE, state, nonce (RFC 6749, 7636; OpenID Connect Core)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import httpx
import msgspec
import structlog
from authlib.oauth2 import OAuth2Client, OAuth2Error
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from service.application.identity import ExternalIdentity, WrongCredentialError
from service.application.issuer_jws import IssuerUnavailableError, verified
from service.application.tokens import CLOCKS_DIFFER
from service.oidc.discovery import Issuer, Metadata, http_client
from service.secret_rings import SecretFileError

_log = structlog.get_logger()


class CodeFlow:
    """`SignInIssuer`. `client_id`, `client_secret`: as the issuer knows this service; `callback`: where it sends
    browsers back to. The secret is asked for at each use; where it cannot be read that raises `SecretFileError`."""

    def __init__(self, issuer: Issuer, client_id: str, client_secret: Callable[[], str | None], callback: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._callback = callback

    @property
    def issuer(self) -> str:
        """See `SignInIssuer.issuer`."""
        return self._issuer.url

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """See `SignInIssuer.address`."""
        endpoint = self._issuer.metadata().authorization_endpoint
        if endpoint is None:
            raise IssuerUnavailableError(f"{self.issuer} names no authorization_endpoint")
        with http_client() as http:
            url, _state = self._client(http).create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url)

    def require_named(self, issuer: str | None) -> None:
        """See `SignInIssuer.require_named`."""
        names_itself = self._issuer.metadata().authorization_response_iss_parameter_supported
        if issuer != self.issuer and (issuer is not None or names_itself):
            raise WrongCredentialError("the answer is of another issuer")

    def identity(self, code: str, *, nonce: str, verifier: str) -> ExternalIdentity:
        """See `SignInIssuer.identity`."""
        answer = self._redeemed(code, verifier)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise WrongCredentialError("the issuer gave no ID token")
        header, content = verified(id_token, self._issuer, "jwt", "")
        claims = CodeIDToken(
            content,
            {"alg": header.alg},
            {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self._client_id}},
            {"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
        )
        try:
            claims.validate(leeway=CLOCKS_DIFFER.seconds)
            return msgspec.convert({"issuer": self.issuer, "subject": content["sub"]}, ExternalIdentity)
        except JoseError as error:
            raise WrongCredentialError(f"the ID token is not as it should be: {error.error}") from None
        except (msgspec.ValidationError, TypeError, ValueError):
            raise WrongCredentialError("the ID token's claims are not as they should be") from None

    def _redeemed(self, code: str, verifier: str) -> dict[str, object]:
        metadata = self._issuer.metadata()
        if metadata.token_endpoint is None:
            raise IssuerUnavailableError(f"{self.issuer} names no token_endpoint")
        auth, form = self._authentication(metadata)
        try:
            with http_client() as http:
                return dict(
                    self._client(http).fetch_token(
                        metadata.token_endpoint,
                        code=code,
                        code_verifier=verifier,
                        grant_type="authorization_code",
                        headers={"Accept": "application/json"},
                        auth=auth,
                        **form,
                    )
                )
        except OAuth2Error as error:
            raise WrongCredentialError(f"the issuer refused the code: {str(error.error)[:80]}") from None
        except (httpx.HTTPError, ValueError) as error:
            raise IssuerUnavailableError(f"{self.issuer} gave no token ({type(error).__name__})") from None

    def _authentication(self, metadata: Metadata) -> tuple[httpx.Auth, dict[str, str]]:
        """How this service shows the issuer who it is: in the header where the issuer takes it, else in the form."""
        try:
            secret = self._client_secret()
        except SecretFileError as error:
            _log.error("sign-ins fail: the issuer's client secret cannot be read", error=str(error))
            raise IssuerUnavailableError("this service cannot show the issuer who it is") from None
        if secret is None:
            return httpx.Auth(), {"client_id": self._client_id}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            return httpx.BasicAuth(quote(self._client_id, safe=""), quote(secret, safe="")), {}
        return httpx.Auth(), {"client_id": self._client_id, "client_secret": secret}

    def _client(self, http: httpx.Client) -> OAuth2Client:
        return OAuth2Client(
            http, self._client_id, scope="openid", redirect_uri=self._callback, code_challenge_method="S256"
        )
