"""Who asks: keys in requests, and what their holders may read."""

from __future__ import annotations

from litestar import Request
from litestar.datastructures import State

from domain.disclosure import PUBLIC, Reader
from domain.envelope import Actor
from service.api.problems import ApiProblem
from service.application.identity import Authenticator, Principal

AnyRequest = Request[object, object, State]


def principal_of(request: AnyRequest, keys: Authenticator) -> Principal | None:
    """The holder of the request's key; `None` without a key. Raises 401 for a wrong one."""
    authorization = request.headers.get("authorization")
    key = request.headers.get("x-api-key")
    if authorization is not None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise ApiProblem("unauthenticated", "Authorization: the scheme is Bearer")
        key = credentials.strip()
    if key is None:
        return None
    principal = keys.authenticate(key)
    if principal is None:
        raise ApiProblem("unauthenticated", "the key is unknown, wrong or revoked")
    return principal


def decider_of(principal: Principal | None) -> Actor:
    """The agency, or the consortium deciding about itself, that holds the key. Raises 401, 403."""
    if principal is None:
        raise ApiProblem("unauthenticated", "decisions are submitted with a key, as Authorization: Bearer …")
    if principal.role not in ("agency", "consortium"):
        raise ApiProblem("wrong-role", f"a key of role {principal.role} submits no decisions")
    return Actor(agency=principal.subject, principal=principal.key_id, party=principal.role)


def require_insider(principal: Principal | None) -> None:
    """Raise 401, 403 unless an agency or an auditor asks."""
    if principal is None:
        raise ApiProblem("unauthenticated", "this is for agencies and auditors, with their key")
    if principal.role not in ("agency", "auditor"):
        raise ApiProblem("wrong-role", f"this is for agencies and auditors, not for a key of role {principal.role}")


def reader_of(principal: Principal | None) -> Reader:
    """Who reads; nobody is the public."""
    return PUBLIC if principal is None else Reader(principal.role, principal.subject)
