"""Who asks: credentials in requests, where they come from, and what their holders may do."""

from __future__ import annotations

from functools import partial
from typing import Final, Never

from litestar import Request
from litestar.datastructures import State

from domain.disclosure import PUBLIC, Reader
from domain.envelope import Actor
from service.api.cookies import SESSION, expired, read_cookie
from service.api.parts import Parts
from service.api.problems import PRINCIPAL, ApiProblem
from service.api.repeats import Shown
from service.api.same_origin import HEADER, SAFE, require_csrf, require_same_origin
from service.api.slow_clients import HOLD
from service.application.access import mark
from service.application.audit import audit
from service.application.identity import NotMemberError, Person, Principal, WrongCredentialError
from service.application.jose import LIMIT
from service.application.sessions import SessionEndedError

AnyRequest = Request[object, object, State]


ACTING_FOR: Final = "sillok-acting-for"
"""The header in which a person with several memberships says for whom: `role:subject`."""
SHOWN: Final = "shown"
"""Under which name a request's state has the credential that it shows, if it was looked at."""


async def principal_of(request: AnyRequest, parts: Parts) -> Principal | None:
    """The holder of the request's credential, or whose session its cookie is if it has none; `None` without either.

    Raises 401 for a wrong one, 429 for too many, 403 if a session is used by another site's page, or for a person who
    does not act for whom they say, 400 if it is not said.
    """
    principal = await _principal_of(request, parts)
    if principal is not None:
        credential = _credential(request)
        request.state[SHOWN] = (
            None if credential is None else Shown(mark(credential), request.headers.get(ACTING_FOR), principal)
        )
        request.state[PRINCIPAL] = principal.id
        request.state[HOLD].know(partial(_require_still, request, parts, principal))
    return principal


async def _require_still(request: AnyRequest, parts: Parts, principal: Principal) -> None:
    """Raise as `principal_of` if the request's credential is that of the principal no more."""
    if await _principal_of(request, parts) != principal:
        raise NotMemberError(f"{principal.id} acts for {principal.role}:{principal.subject} no more")


async def _principal_of(request: AnyRequest, parts: Parts) -> Principal | None:
    acting_for = request.headers.getall(ACTING_FOR, [])
    if len(acting_for) > 1:
        raise ApiProblem("invalid-parameter", "Sillok-Acting-For: given once at most")
    said = acting_for[0] if acting_for else None
    try:
        credential = _credential(request)
    except WrongCredentialError as error:
        return await parts.run_at_once(partial(parts.access.refuse, address_of(request, parts), error))
    if credential is not None:
        known = parts.access.enter_at_once(credential, said)
        return known or await parts.run_at_once(
            partial(parts.access.enter, credential, address_of(request, parts), said)
        )
    found = await session_of(request, parts)
    return None if found is None else found[1].acting(said)


async def session_of(request: AnyRequest, parts: Parts) -> tuple[str, Person] | None:
    """The secret of the request's session and whose it is; `None` without one. Raises 401, 403, 429."""
    if "cookie" not in request.headers:
        return None
    address, origin = address_of(request, parts), origin_of(request, parts)
    try:
        secret = read_cookie(request, SESSION, origin)
    except WrongCredentialError as error:
        return await parts.run_at_once(partial(parts.access.refuse, address, error))
    if secret is None:
        return None
    if request.method not in SAFE:
        require_same_origin(request, origin)
        require_csrf(secret, request.headers.get(HEADER))
    try:
        return secret, await parts.run_at_once(partial(parts.access.enter_session, secret, address))
    except SessionEndedError as error:
        forget = expired(SESSION, origin).to_header(header="")
        raise ApiProblem("session-ended", str(error), headers={"Set-Cookie": forget.strip()}) from None


def origin_of(request: AnyRequest, parts: Parts) -> str:
    """Where browsers reach the service: as the settings have it; without, on this machine, as the browser says."""
    return parts.public_origin or f"http://{request.headers.get('host', '')}"


def address_of(request: AnyRequest, parts: Parts) -> str:
    """Where the request comes from, as failures are counted."""
    peer = "" if request.client is None else request.client.host
    return parts.origins.of(peer, request.headers.getall("x-forwarded-for", []))


def _credential(request: AnyRequest) -> str | None:
    given = [("authorization", each) for each in request.headers.getall("authorization", [])]
    given += [("x-api-key", each) for each in request.headers.getall("x-api-key", [])]
    if not given:
        return None
    if len(given) > 1:
        raise WrongCredentialError("a request carries one credential: Authorization or X-API-Key, once")
    ((header, credential),) = given
    if header == "authorization":
        scheme, _, credential = credential.partition(" ")
        if scheme.lower() != "bearer":
            raise WrongCredentialError("Authorization: the scheme is Bearer")
    credential = credential.strip(" ")
    if len(credential) > LIMIT:
        raise WrongCredentialError(f"a credential has {LIMIT} characters at most")
    return credential


def decider_of(principal: Principal | None) -> Actor:
    """The agency, or the consortium deciding about itself, that asks. Raises 401, 403."""
    if principal is None:
        raise ApiProblem(
            "unauthenticated", "decisions are submitted with a key or token, as Authorization: Bearer …, or signed in"
        )
    if principal.role not in ("agency", "consortium"):
        refuse(principal, f"whoever acts as {principal.role} submits no decisions")
    return Actor(agency=principal.subject, principal=principal.id, party=principal.role)


def require_insider(principal: Principal | None) -> None:
    """Raise 401, 403 unless an agency or an auditor asks."""
    if principal is None:
        raise ApiProblem("unauthenticated", "this is for agencies and auditors, with their key")
    if principal.role not in ("agency", "auditor"):
        refuse(principal, f"this is for agencies and auditors, not for whoever acts as {principal.role}")


def require_told(principal: Principal | None) -> None:
    """Raise 401, 403 unless a consortium, an agency or an auditor asks."""
    if principal is None:
        raise ApiProblem("unauthenticated", "notices are for consortiums, agencies and auditors, with their key")
    if principal.role not in ("consortium", "agency", "auditor"):
        refuse(principal, f"notices are not for whoever acts as {principal.role}")


async def operator_of(request: AnyRequest, parts: Parts) -> str:
    """Who administers: the operator and their key, as it is recorded. Raises 401, 403."""
    principal = await principal_of(request, parts)
    if principal is None:
        raise ApiProblem("unauthenticated", "this is for operators, with their key")
    if principal.role != "operator":
        refuse(principal, f"this is for operators, not for whoever acts as {principal.role}")
    return f"{principal.subject} {principal.id}"


def refuse(principal: Principal, reason: str) -> Never:
    """Raise 403, and tell the operator."""
    audit("role refused", principal=principal.id, reason=reason)
    raise ApiProblem("wrong-role", reason)


def reader_of(principal: Principal | None) -> Reader:
    """Who reads; nobody is the public, and so is an operator."""
    if principal is None or principal.role == "operator":
        return PUBLIC
    return Reader(principal.role, principal.subject)
