"""Keys and clients, for operators."""

from __future__ import annotations

import re
from functools import partial
from typing import Final, TypeVar

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from service.api.access import AnyRequest, operator_of
from service.api.answers import only_parameters
from service.api.decisions import require_json
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.administration import ClientRecord, KeyRecord, NewClient, NewKey, PublicJwk
from service.application.bodies import parse_body

BODY_LIMIT: Final = 64 * 1024
_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_UNSTORED: Final = {"Cache-Control": "no-store"}

T = TypeVar("T")


class KeyList(msgspec.Struct, frozen=True):
    keys: list[KeyRecord]


class KeyIssued(msgspec.Struct, frozen=True, kw_only=True):
    """`key`: shown this once; nobody can read it back."""

    key_id: str
    key: str


class ClientList(msgspec.Struct, frozen=True):
    clients: list[ClientRecord]


@get("/v1/keys")
async def list_keys(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every key, without its secret."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(KeyList(list(await parts.run(parts.administration.keys.every))))


@post("/v1/keys", request_max_body_size=BODY_LIMIT, status_code=201)
async def issue_key(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Issue a key."""
    operator = await operator_of(request, parts)
    asked = await asked_for(request, NewKey, "a key")
    key = await parts.run(partial(parts.administration.issue_key, asked, operator))
    return unstored(KeyIssued(key_id=key.partition(".")[0], key=key), 201)


@delete("/v1/keys/{key_id:str}", status_code=204)
async def revoke_key(request: AnyRequest, key_id: FromPath[str], parts: Wired) -> None:
    """Revoke a key."""
    operator = await operator_of(request, parts)
    await parts.run(partial(parts.administration.revoke_key, _id(key_id), operator))


@get("/v1/clients")
async def list_clients(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every client, with its public keys."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(ClientList(list(await parts.run(parts.administration.clients.every))))


@post("/v1/clients", request_max_body_size=BODY_LIMIT, status_code=201)
async def register_client(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Register a client by its public keys."""
    operator = await operator_of(request, parts)
    asked = await asked_for(request, NewClient, "a client")
    return unstored(await parts.run(partial(parts.administration.register_client, asked, operator)), 201)


@get("/v1/clients/{client_id:str}")
async def get_client(request: AnyRequest, client_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """One client."""
    only_parameters(request)
    await operator_of(request, parts)
    return unstored(await parts.run(partial(parts.administration.client, _id(client_id))))


@delete("/v1/clients/{client_id:str}", status_code=204)
async def revoke_client(request: AnyRequest, client_id: FromPath[str], parts: Wired) -> None:
    """Revoke a client, and its tokens."""
    operator = await operator_of(request, parts)
    await parts.run(partial(parts.administration.revoke_client, _id(client_id), operator))


@post("/v1/clients/{client_id:str}/keys", request_max_body_size=BODY_LIMIT, status_code=201)
async def add_client_key(request: AnyRequest, client_id: FromPath[str], parts: Wired) -> Response[bytes]:
    """Add a public key to a client."""
    operator = await operator_of(request, parts)
    jwk = await asked_for(request, PublicJwk, "a public key")
    return unstored(await parts.run(partial(parts.administration.add_client_key, _id(client_id), jwk, operator)), 201)


@delete("/v1/clients/{client_id:str}/keys/{kid:str}", status_code=204)
async def revoke_client_key(request: AnyRequest, client_id: FromPath[str], kid: FromPath[str], parts: Wired) -> None:
    """Revoke a client's key, and the tokens that were got with it."""
    operator = await operator_of(request, parts)
    await parts.run(partial(parts.administration.revoke_client_key, _id(client_id), _id(kid), operator))


async def asked_for(request: AnyRequest, type_: type[T], of: str) -> T:
    """The JSON of a request. Raises 415, and as `parse_body`."""
    require_json(request)
    return parse_body(type_, await request.body(), of=of)


def _id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise ApiProblem("not-found", "no key or client has such an id")
    return text


def unstored(content: object, status: int = 200) -> Response[bytes]:
    """JSON that nobody keeps."""
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json", headers=_UNSTORED)


HANDLERS = [
    list_keys,
    issue_key,
    revoke_key,
    list_clients,
    register_client,
    get_client,
    revoke_client,
    add_client_key,
    revoke_client_key,
]
