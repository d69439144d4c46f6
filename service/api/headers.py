"""Request headers that decide something: each stands once, so that nobody on the way reads another one than we do."""

from __future__ import annotations

from typing import Final

from litestar import Request
from litestar.datastructures import Headers, State
from litestar.enums import HttpMethod

from service.api.problems import ApiProblem

WITH_BODY: Final = (HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH)
ASKED_HEAD: Final = "sillok.head"
"""The key of a request's scope that says HEAD was asked: such an answer has no body to wait for."""


def only_header(headers: Headers, name: str) -> str | None:
    """The header's value; `None` without it. Raises 400 where it stands twice."""
    values = headers.getall(name, [])
    if len(values) > 1:
        raise ApiProblem("invalid-parameter", f"{name}: given once at most")
    return values[0] if values else None


async def require_plain(request: Request[object, object, State]) -> None:
    """Raise 400 for a second `Host` (RFC 9112, 3.2), 415 for a body in a content coding: none is undone here (RFC 9110,
    8.4); 404 for a path with a NUL, which no name that is stored has.
    """
    if "\0" in request.scope["path"]:
        raise ApiProblem("not-found", "no address holds a NUL")
    only_header(request.headers, "Host")
    codings = [each.strip().lower() for each in ",".join(request.headers.getall("content-encoding", [])).split(",")]
    if request.method in WITH_BODY and set(codings) - {"", "identity"}:
        detail = f"Content-Encoding: none, not {', '.join(codings)[:80]!r}; the body is sent as it is"
        raise ApiProblem("content-coded", detail, headers={"Accept-Encoding": "identity"})
