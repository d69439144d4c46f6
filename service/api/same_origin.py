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
    """Raise 403 unless the browser says that one of our own pages asks. `origin`: where browsers reach the service.

    Both `Origin` and `Sec-Fetch-Site` are looked at, where given; one is.
    """
    said = request.headers.getall("origin", []), request.headers.getall("sec-fetch-site", [])
    good = all(each == origin for each in said[0]) and all(each == "same-origin" for each in said[1])
    if not (good and any(said)):
        _refuse(f"a change by a session is asked for by a page at {origin}")


def require_csrf(secret: str, given: str | None) -> None:
    """Raise 403 unless the token of the session was given."""
    if not hmac.compare_digest(csrf_token(secret).encode(), (given or "").encode()):
        _refuse("a change by a session carries X-CSRF-Token, as GET /v1/session gives it")


def _refuse(reason: str) -> Never:
    audit("cross-site request refused", reason=reason)
    raise ApiProblem("cross-site-request", reason)
