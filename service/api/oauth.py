"""Tokens for clients that sign for themselves: RFC 6749 4.4, 7523, 9068; the service's public keys; RFC 8414."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, get, post

from service.api.access import AnyRequest, address_of, origin_of
from service.api.parts import Wired
from service.api.same_origin import from_elsewhere
from service.application.audit import audit
from service.application.identity import WrongCredentialError
from service.application.jose import ALGORITHMS
from service.application.tokens import ENDPOINT

BODY_LIMIT: Final = 16 * 1024
FORM: Final = "application/x-www-form-urlencoded"
GRANT: Final = "client_credentials"
BY_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWKS_SECONDS: Final = 300
"""How long others may keep the public keys."""

Fault = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749 5.1. `expires_in`: seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class TokenFault(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6749 5.2."""

    error: Fault
    error_description: str


class KeySet(msgspec.Struct, frozen=True):
    """RFC 7517."""

    keys: list[dict[str, Any]]


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: tuple[str, ...] = (GRANT,)
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("private_key_jwt",)
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] = ALGORITHMS
    service_documentation: str


class _FaultError(Exception):
    def __init__(self, error: Fault, detail: str) -> None:
        super().__init__(detail)
        self.error = error


@post(ENDPOINT, request_max_body_size=BODY_LIMIT, status_code=200)
async def issue_token(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """A token for a client's signed assertion."""
    if from_elsewhere(request, origin_of(request, parts)):
        # Not counted, or any page could have whoever opens it lock out those who share their address.
        audit("cross-site request refused", reason="a token is asked for by a page of another site")
        return _fault("invalid_request", "a token is asked for by programs, not by pages of other sites")
    try:
        assertion, client = _assertion(request, await request.body())
        issued = await parts.run_at_once(
            partial(parts.access.issue_token, assertion, client, address_of(request, parts))
        )
    except _FaultError as fault:
        return _fault(fault.error, str(fault))
    except WrongCredentialError as error:
        return _fault("invalid_client", str(error))
    return _unstored(TokenAnswer(access_token=issued.token, expires_in=issued.expires_in), 200)


def _assertion(request: AnyRequest, body: bytes) -> tuple[str, str | None]:
    """The client's assertion, and whom the request names beside it. Raises `_FaultError`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise _FaultError("invalid_request", f"the body is {FORM}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except ValueError:
        raise _FaultError("invalid_request", "the body cannot be read as a form") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise _FaultError("invalid_request", "a parameter is given twice")
    if "authorization" in request.headers or "client_secret" in form:
        raise _FaultError("invalid_request", "a client authenticates in one way: by its assertion")
    if "grant_type" not in form:
        raise _FaultError("invalid_request", "grant_type is missing")
    if form["grant_type"] != GRANT:
        raise _FaultError("unsupported_grant_type", f"grant_type is {GRANT}")
    if form.get("scope"):
        raise _FaultError("invalid_scope", "there are no scopes: what a client may do, its role says")
    if form.get("client_assertion_type") != BY_ASSERTION:
        raise _FaultError("invalid_request", f"client_assertion_type is {BY_ASSERTION}")
    if not form.get("client_assertion"):
        raise _FaultError("invalid_request", "client_assertion is missing")
    return form["client_assertion"], form.get("client_id")


def _fault(error: Fault, detail: str) -> Response[bytes]:
    response = _unstored(TokenFault(error=error, error_description=detail), 401 if error == "invalid_client" else 400)
    if error == "invalid_client":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _unstored(content: object, status: int) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


@get("/.well-known/jwks.json")
async def get_jwks(parts: Wired) -> Response[bytes]:
    """The public keys that tokens are signed with: of the next, of the current, of those whose tokens may live."""
    keys = await parts.run_at_once(parts.tokens.published)
    return Response(
        msgspec.json.encode(KeySet(keys)),
        media_type="application/jwk-set+json",
        headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"},
    )


@get("/.well-known/oauth-authorization-server")
async def get_metadata(parts: Wired) -> Response[bytes]:
    """What the token endpoint can."""
    issuer = parts.tokens.issuer
    metadata = ServerMetadata(
        issuer=issuer,
        token_endpoint=issuer + ENDPOINT,
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        service_documentation=f"{issuer}/docs",
    )
    return Response(
        msgspec.json.encode(metadata),
        media_type="application/json",
        headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"},
    )


HANDLERS = [issue_token, get_jwks, get_metadata]
