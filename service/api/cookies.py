"""The two cookies: of a session, and of a sign-in that was begun. No page's script can read either."""

from __future__ import annotations

from typing import Final

from litestar import Request
from litestar.datastructures import Cookie, State

from service.application.identity import WrongCredentialError

SESSION: Final = "sillok-session"
SIGN_IN: Final = "sillok-sign-in"
SIGN_IN_SECONDS: Final = 600
"""How long a sign-in may take that was begun."""
_LIMIT: Final = 2048
"""More than what a sign-in keeps: where the browser was, of 501 characters that each take three."""


def is_secure(origin: str) -> bool:
    """Whether browsers reach the service, at this origin, by HTTPS."""
    return origin.startswith("https://")


def cookie(name: str, value: str, origin: str, *, seconds: int | None = None) -> Cookie:
    """A cookie for this host alone. Without HTTPS, on this machine, it can be neither `Secure` nor `__Host-`."""
    return Cookie(
        key=_full(name, origin),
        value=value,
        path="/",
        secure=is_secure(origin),
        httponly=True,
        samesite="lax",
        max_age=seconds,
    )


def expired(name: str, origin: str) -> Cookie:
    """What makes the browser forget the cookie."""
    return cookie(name, "", origin, seconds=0)


def read_cookie(request: Request[object, object, State], name: str, origin: str) -> str | None:
    """The cookie's value, if there is one. Raises `WrongCredentialError` if there are several, or it is too long."""
    pairs = [each.strip().partition("=") for value in request.headers.getall("cookie", []) for each in value.split(";")]
    values = [value for key, _, value in pairs if key == _full(name, origin)]
    if not values:
        return None
    if len(values) > 1 or len(values[0]) > _LIMIT:
        raise WrongCredentialError(f"a request carries the cookie {_full(name, origin)} once, in {_LIMIT} characters")
    return values[0]


def _full(name: str, origin: str) -> str:
    return f"__Host-{name}" if is_secure(origin) else name
