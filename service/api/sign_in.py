"""Signing in and out, in a browser: at the OIDC issuer, or by a link that an operator made."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from litestar import Response, get, post

from service.api.access import AnyRequest, address_of, origin_of
from service.api.cookies import SESSION, SIGN_IN, SIGN_IN_SECONDS, cookie, expired, read_cookie
from service.api.oauth import FORM
from service.api.parts import Parts, Wired
from service.api.problems import ApiProblem
from service.api.same_origin import HEADER, require_csrf, require_same_origin
from service.api.sign_in_pages import HEADERS, by_link_page, link_page, refused_page, signed_out_page
from service.application.administration import UnknownCredentialError
from service.application.audit import audit
from service.application.identity import WrongCredentialError
from service.application.issuer_jws import IssuerUnavailableError
from service.application.sessions import SessionEndedError
from service.application.signing_in import Answer
from service.application.transport import is_private

BODY_LIMIT: Final = 16 * 1024
AFTERWARDS: Final = "/v1/session"
"""Where a browser goes that named nothing else."""
# A path of this service: no address, no `//`, no backslash, which browsers take for a slash.
RETURN_TO: Final = r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500}"
_PATH: Final = re.compile(RETURN_TO)
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@get("/sign-in")
async def sign_in(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Send the browser to the issuer; where there is none, say how to get a link."""
    origin = _safe_origin(request, parts)
    return_to = _path(request.query_params.get("return_to"))
    if parts.signing_in.issuer is None:
        return by_link_page()
    secret = secrets.token_urlsafe(32)
    try:
        address = await parts.run(partial(parts.signing_in.begin, secret))
    except IssuerUnavailableError as error:
        return refused_page(str(error), 503)
    begun = cookie(SIGN_IN, f"{secret}.{quote(return_to or '', safe='')}", origin, seconds=SIGN_IN_SECONDS)
    return Response(b"", status_code=303, headers={**HEADERS, "Location": address}, cookies=[begun])


@get("/sign-in/callback")
async def complete_sign_in(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Where the issuer sends the browser back to."""
    origin = _safe_origin(request, parts)
    answer = Answer(**{name: _once(request, name) for name in ("state", "code", "iss", "error")})

    try:
        secret, return_to = _begun(request, parts, origin, answer.state)
    except WrongCredentialError as error:
        # Not counted: nothing is guessed by it, and any page can send browsers here, of whoever shares their address.
        audit("sign-in refused", address=address_of(request, parts), reason=str(error))
        return refused_page(str(error), 403)

    def complete() -> tuple[str, str | None]:
        return parts.signing_in.complete(secret, answer), return_to

    response = await _signed_in(request, parts, origin, complete)
    response.set_cookie(expired(SIGN_IN, origin))
    return response


def _begun(request: AnyRequest, parts: Parts, origin: str, state: str | None) -> tuple[str, str | None]:
    """The secret of the browser that began, and where it was. Raises `WrongCredentialError` if it did not."""
    secret, _, return_to = (read_cookie(request, SIGN_IN, origin) or "").partition(".")
    if _SECRET.fullmatch(secret) is None:
        raise WrongCredentialError("the sign-in was not begun by this browser, or too long ago")
    parts.signing_in.require_begun(secret, state)
    return secret, unquote(return_to) or None


@get("/sign-in/link")
async def show_link(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """A page with a button. It says nothing of whether the link is good, and does not use it up."""
    _safe_origin(request, parts)
    secret = request.query_params.get("secret", "")
    if _SECRET.fullmatch(secret) is None:
        return refused_page("this is no sign-in link", 403)
    return link_page(secret, _path(request.query_params.get("return_to")))


@post("/sign-in/link", request_max_body_size=BODY_LIMIT, status_code=303)
async def use_link(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Sign in by a link, which is used up."""
    origin = _safe_origin(request, parts)
    require_same_origin(request, origin)
    form = _form(request, await request.body())
    return_to = _path(form.get("return_to"))

    def complete() -> tuple[str, str | None]:
        return parts.signing_in.use_link(form.get("secret", "")), return_to

    return await _signed_in(request, parts, origin, complete)


@post("/sign-out", request_max_body_size=BODY_LIMIT, status_code=200)
async def sign_out(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """End the session of the request; its CSRF token is in a header, or in a form's field `csrf_token`."""
    origin = origin_of(request, parts)
    require_same_origin(request, origin)
    body = await request.body()
    try:
        secret = read_cookie(request, SESSION, origin)
        if secret is not None:
            require_csrf(secret, request.headers.get(HEADER) or _form(request, body).get("csrf_token"))
            person = await parts.run(partial(parts.access.enter_session, secret, address_of(request, parts)))
            assert person.session is not None
            await parts.run(partial(parts.sessions.end, person.id, person.session, by=person.id))
    except (SessionEndedError, UnknownCredentialError):
        pass
    return signed_out_page(expired(SESSION, origin))


async def _signed_in(
    request: AnyRequest, parts: Parts, origin: str, complete: Callable[[], tuple[str, str | None]]
) -> Response[bytes]:
    """A fresh session's cookie and the way to where the browser was; the session that it had is ended."""
    try:
        guarded = partial(parts.access.guarded, address_of(request, parts), complete)
        secret, return_to = await parts.run(guarded)
    except WrongCredentialError as error:
        return refused_page(str(error), 403)
    except IssuerUnavailableError as error:
        return refused_page(str(error), 503)
    before = _former(request, origin)
    if before is not None:
        await parts.run(partial(parts.sessions.end_former, before))
    headers = {**HEADERS, "Location": _path(return_to) or AFTERWARDS}
    return Response(b"", status_code=303, headers=headers, cookies=[cookie(SESSION, secret, origin)])


def _former(request: AnyRequest, origin: str) -> str | None:
    try:
        return read_cookie(request, SESSION, origin)
    except WrongCredentialError:
        return None


def _safe_origin(request: AnyRequest, parts: Parts) -> str:
    """Where browsers reach the service, by HTTPS or on this machine. Raises 403 otherwise."""
    origin = origin_of(request, parts)
    if not is_private(origin):
        audit("sign-in refused", address=address_of(request, parts), reason="neither by HTTPS nor on this machine")
        raise ApiProblem("sign-in-refused", "people sign in by HTTPS, or on the machine of the service itself")
    return origin


def _path(text: str | None) -> str | None:
    """Raises 400 unless it is a path of this service."""
    if text is not None and _PATH.fullmatch(text) is None:
        raise ApiProblem("invalid-parameter", "return_to: a path of this service, such as /v1/session")
    return text


def _once(request: AnyRequest, name: str) -> str | None:
    found = request.query_params.getall(name, [])
    if len(found) > 1:
        raise ApiProblem("invalid-parameter", f"{name}: given once at most")
    return found[0] if found else None


def _form(request: AnyRequest, body: bytes) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return {}
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=20))
    except ValueError:
        raise ApiProblem("malformed-body", "the body cannot be read as a form") from None


HANDLERS = [sign_in, complete_sign_in, show_link, use_link, sign_out]
