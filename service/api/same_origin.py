"""Whether a request that a browser sends by itself, with its cookies, was asked for by a page of this service."""

from __future__ import annotations

import hmac
from typing import Final, Never

from litestar import Request
from litestar.datastructures import State

from service.api.problems import ApiProblem
from service.application.audit import audit
from service.application.sessions import csrf_token

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER: Final = "x-csrf-token"
_Request = Request[object, object, State]


def require_same_origin(request: _Request, origin: str) -> None:
    """Raise 403 unless the browser says that one of our own pages asks. `origin`: where browsers reach the service."""
    if from_elsewhere(request, origin) or not any(_said(request)):
        _refuse(f"a change by a session is asked for by a page at {origin}")


def from_elsewhere(request: _Request, origin: str) -> bool:
    """Whether a browser says that it is not one of our own pages that asks; programs say nothing of it."""
    origins, sites = _said(request)
    return any(each != origin for each in origins) or any(each != "same-origin" for each in sites)


def _said(request: _Request) -> tuple[list[str], list[str]]:
    """Both are looked at, where given."""
    return request.headers.getall("origin", []), request.headers.getall("sec-fetch-site", [])


def require_csrf(secret: str, given: str | None) -> None:
    """Raise 403 unless the token of the session was given."""
    if not hmac.compare_digest(csrf_token(secret).encode(), (given or "").encode()):
        _refuse("a change by a session carries X-CSRF-Token, as GET /v1/session gives it")


def _refuse(reason: str) -> Never:
    audit("cross-site request refused", reason=reason)
    raise ApiProblem("cross-site-request", reason)
