"""People, for operators."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from service.api.access import AnyRequest, operator_of
from service.api.administration import BODY_LIMIT, asked_for, unstored
from service.api.answers import only_parameters
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.identity import ExternalIdentity, Membership
from service.application.people import NewPerson, PersonRecord
from service.application.sessions import SessionRecord

_ID: Final = re.compile(r"(person|session)-[0-9a-f]{16}")


class PersonList(msgspec.Struct, frozen=True):
    people: list[PersonRecord]


class SessionList(msgspec.Struct, frozen=True):
    sessions: list[SessionRecord]


@get("/v1/people")
async def list_people(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every person."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(PersonList(list(await parts.run(parts.people.every))))


@post("/v1/people", request_max_body_size=BODY_LIMIT, status_code=201)
async def add_person(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Add a person."""
    operator = await operator_of(request, parts)
    asked = await asked_for(request, NewPerson, "a person")
    return unstored(await parts.run(partial(parts.people.add, asked, operator)), 201)


@get("/v1/people/{person_id:str}")
async def get_person(request: AnyRequest, person_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """One person."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(await parts.run(partial(parts.people.person, known_form(person_id))))


@delete("/v1/people/{person_id:str}", status_code=204)
async def revoke_person(request: AnyRequest, person_id: FromPath[str], parts: Wired) -> None:
    """Revoke a person, for ever, and end their sessions."""
    operator = await operator_of(request, parts)
    await parts.run(partial(parts.people.revoke, known_form(person_id), operator))


@post("/v1/people/{person_id:str}/memberships", request_max_body_size=BODY_LIMIT, status_code=201)
async def grant_membership(request: AnyRequest, person_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """Let a person act for somebody."""
    operator = await operator_of(request, parts)
    membership = await asked_for(request, Membership, "a membership")
    return unstored(await parts.run(partial(parts.people.grant, known_form(person_id), membership, operator)), 201)


@delete("/v1/people/{person_id:str}/memberships/{membership:str}", status_code=204)
async def withdraw_membership(
    request: AnyRequest, person_id: FromPath[str], membership: FromPath[str], parts: Wired
) -> None:
    """Let a person act for somebody no longer."""
    operator = await operator_of(request, parts)
    role, _, subject = membership.partition(":")
    try:
        named = msgspec.convert({"role": role, "subject": subject}, Membership)
    except msgspec.ValidationError:
        raise ApiProblem("not-found", "a membership is named role:subject") from None
    await parts.run(partial(parts.people.withdraw, known_form(person_id), named, operator))


@post("/v1/people/{person_id:str}/identities", request_max_body_size=BODY_LIMIT, status_code=201)
async def link_identity(request: AnyRequest, person_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """Say that an account at an issuer is a person's."""
    operator = await operator_of(request, parts)
    identity = await asked_for(request, ExternalIdentity, "an account")
    return unstored(await parts.run(partial(parts.people.link, known_form(person_id), identity, operator)), 201)


@get("/v1/people/{person_id:str}/sessions")
async def list_sessions_of(request: AnyRequest, person_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """A person's sessions."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(SessionList(list(await parts.run(partial(parts.sessions.every, known_form(person_id))))))


@delete("/v1/people/{person_id:str}/sessions/{session_id:str}", status_code=204)
async def end_session_of(
    request: AnyRequest, person_id: FromPath[str], session_id: FromPath[str], parts: Wired
) -> None:
    """End a person's session."""
    operator = await operator_of(request, parts)
    end = partial(parts.sessions.end, known_form(person_id), known_form(session_id), by=operator)
    await parts.run(end)


def known_form(id_: str) -> str:
    """The id of a person or session. Raises 404 if it can be none."""
    if _ID.fullmatch(id_) is None:
        raise ApiProblem("not-found", "no person or session has such an id")
    return id_


HANDLERS = [
    list_people,
    add_person,
    get_person,
    revoke_person,
    grant_membership,
    withdraw_membership,
    link_identity,
    list_sessions_of,
    end_session_of,
]
