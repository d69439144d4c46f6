"""Where consortiums want their notices besides their inbox, and what came of each that went there."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from litestar import Response, delete, get, post
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of, refuse, require_told
from service.api.administration import BODY_LIMIT, asked_for, unstored
from service.api.answers import PAGE, PAGE_LIMIT, answer, choice, next_link, only_parameters, whole_number
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.endpoints import Confirmation, NewEndpoint, NewState
from service.application.identity import Principal

ENDPOINTS: Final = "/v1/programmes/{programme:str}/endpoints"
DELIVERIES: Final = "/v1/programmes/{programme:str}/deliveries"
STATES: Final = ("any", "pending", "delivered", "dead")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


@get(ENDPOINTS)
async def list_endpoints(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The endpoints of the consortium that asks; for agencies of the programme and auditors those of all."""
    only_parameters(request, "recipient")
    principal = await _told(request, parts)
    recipient = request.query_params.get("recipient")
    return unstored(await parts.run(partial(parts.endpoints.every, programme, reader_of(principal), recipient)))


@post(ENDPOINTS, request_max_body_size=BODY_LIMIT, status_code=201)
async def register_endpoint(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Register an endpoint; its secret is shown this once."""
    principal = await _consortium(request, parts)
    asked = await asked_for(request, NewEndpoint, "an endpoint")
    register = partial(parts.endpoints.register, programme, asked, reader_of(principal), principal.id)
    return unstored(await parts.run(register), 201)


@delete(f"{ENDPOINTS}/{{endpoint:str}}", status_code=204)
async def remove_endpoint(request: AnyRequest, programme: FromPath[str], endpoint: FromPath[str], parts: Wired) -> None:
    """Remove an endpoint, for ever."""
    principal = await _consortium(request, parts)
    await parts.run(partial(parts.endpoints.remove, programme, endpoint, reader_of(principal), principal.id))


@post(f"{ENDPOINTS}/{{endpoint:str}}/state", request_max_body_size=BODY_LIMIT, status_code=200)
async def set_endpoint_state(
    request: AnyRequest, programme: FromPath[str], endpoint: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Pause an endpoint, or make it active again."""
    principal = await _consortium(request, parts)
    asked = await asked_for(request, NewState, "a state")
    change = partial(parts.endpoints.set_state, programme, endpoint, asked, reader_of(principal), principal.id)
    return unstored(await parts.run(change))


@post(f"{ENDPOINTS}/{{endpoint:str}}/secrets", status_code=201)
async def rotate_endpoint(
    request: AnyRequest, programme: FromPath[str], endpoint: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Give an endpoint a new secret and key; those before it go on signing for a day."""
    principal = await _consortium(request, parts)
    rotate = partial(parts.endpoints.rotate, programme, endpoint, reader_of(principal), principal.id)
    return unstored(await parts.run(rotate), 201)


@post(f"{ENDPOINTS}/{{endpoint:str}}/tests", status_code=201)
async def test_endpoint(
    request: AnyRequest, programme: FromPath[str], endpoint: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Send a test to an endpoint, with a challenge that confirms it once it is given back."""
    principal = await _consortium(request, parts)
    test = partial(parts.endpoints.test, programme, endpoint, reader_of(principal))
    return unstored(await parts.run(test), 201)


@post(f"{ENDPOINTS}/{{endpoint:str}}/confirmation", request_max_body_size=BODY_LIMIT, status_code=200)
async def confirm_endpoint(
    request: AnyRequest, programme: FromPath[str], endpoint: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Confirm an endpoint by the challenge that it was sent."""
    principal = await _consortium(request, parts)
    given = await asked_for(request, Confirmation, "a challenge")
    confirm = partial(parts.endpoints.confirm, programme, endpoint, given, reader_of(principal), principal.id)
    return unstored(await parts.run(confirm))


@get(DELIVERIES)
async def list_deliveries(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Evidence: who was sent what, when, by which channel, with which answer."""
    only_parameters(request, "recipient", "endpoint", "state", "after", "limit")
    principal = await _told(request, parts)
    limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
    state = choice(request, "state", STATES)
    found = await parts.run(
        partial(
            parts.endpoints.deliveries,
            programme,
            reader_of(principal),
            recipient=request.query_params.get("recipient"),
            endpoint=request.query_params.get("endpoint"),
            state=None if state == "any" else state,  # type: ignore[arg-type]  # `choice` has checked it
            after=whole_number(request, "after", 0),
            limit=limit,
        )
    )
    more = next_link(request, found.deliveries[-1].delivery, limit) if len(found.deliveries) == limit else {}
    return answer(request, found, headers=more)


@post(f"{DELIVERIES}/{{delivery:str}}/resend", status_code=200)
async def resend_delivery(
    request: AnyRequest, programme: FromPath[str], delivery: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Try again what was given up."""
    principal = await _told(request, parts)
    if _NUMBER.fullmatch(delivery) is None:
        raise ApiProblem("not-found", "a delivery is named by its number")
    resend = partial(parts.endpoints.resend, programme, int(delivery), reader_of(principal), principal.id)
    return unstored(await parts.run(resend))


async def _told(request: AnyRequest, parts: Wired) -> Principal:
    """Raises 401, 403."""
    principal = await principal_of(request, parts)
    require_told(principal)
    assert principal is not None, "refused above"
    return principal


async def _consortium(request: AnyRequest, parts: Wired) -> Principal:
    """A change, by a consortium. Raises 401, 403."""
    only_parameters(request)
    principal = await _told(request, parts)
    if principal.role != "consortium":
        refuse(principal, f"a consortium says itself where its notices go, not whoever acts as {principal.role}")
    return principal


HANDLERS = [
    list_endpoints,
    register_endpoint,
    remove_endpoint,
    set_endpoint_state,
    rotate_endpoint,
    test_endpoint,
    confirm_endpoint,
    list_deliveries,
    resend_delivery,
]
