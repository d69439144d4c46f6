"""Request headers that decide something: each stands once, so that nobody on the way reads another one than we do."""

from __future__ import annotations

from typing import Final

from litestar.datastructures import Headers

from service.api.problems import ApiProblem

ASKED_HEAD: Final = "sillok.head"
"""The key of a request's scope that says HEAD was asked: such an answer has no body to wait for."""


def only_header(headers: Headers, name: str) -> str | None:
    """The header's value; `None` without it. Raises 400 where it stands twice."""
    values = headers.getall(name, [])
    if len(values) > 1:
        raise ApiProblem("invalid-parameter", f"{name}: given once at most")
    return values[0] if values else None
