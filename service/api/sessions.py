"""The session of whoever is signed in, and their others."""

from __future__ import annotations

from functools import partial

import msgspec
from litestar import Response, delete, get
from litestar.params import FromPath

from service.api.access import AnyRequest, session_of
from service.api.administration import unstored
from service.api.answers import only_parameters
from service.api.parts import Parts, Wired
from service.api.people import SessionList, known_form
from service.api.problems import ApiProblem
from service.application.identity import Membership, Person
from service.application.sessions import csrf_token


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in. `csrf_token`: to be sent with each change, as X-CSRF-Token."""

    person_id: str
    name: str | None
    memberships: tuple[Membership, ...]
    session_id: str
    csrf_token: str


@get("/v1/session")
async def get_session(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Who is signed in, and for whom they act."""
    only_parameters(request)
    secret, person = await signed_in(request, parts)
    assert person.session is not None
    record = await parts.run(partial(parts.people.person, person.id))
    return unstored(
        SessionState(
            person_id=person.id,
            name=record.name,
            memberships=person.memberships,
            session_id=person.session,
            csrf_token=csrf_token(secret),
        )
    )


@get("/v1/sessions")
async def list_sessions(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """One's own sessions that last."""
    only_parameters(request)
    _secret, person = await signed_in(request, parts)
    return unstored(SessionList(list(await parts.run(partial(parts.sessions.every, person.id)))))


@delete("/v1/sessions/{session_id:str}", status_code=204)
async def end_session(request: AnyRequest, session_id: FromPath[str], parts: Wired) -> None:
    """End one of one's own sessions."""
    _secret, person = await signed_in(request, parts)
    await parts.run(partial(parts.sessions.end, person.id, known_form(session_id), by=person.id))


async def signed_in(request: AnyRequest, parts: Parts) -> tuple[str, Person]:
    """The secret of the request's session, and whose it is. Raises 401 without one, 403, 429."""
    found = await session_of(request, parts)
    if found is None:
        raise ApiProblem("session-ended", "nobody is signed in")
    return found


HANDLERS = [get_session, list_sessions, end_session]
