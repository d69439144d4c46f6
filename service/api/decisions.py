"""Submitting decisions."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from domain.envelope import Actor
from domain.rulebook import DECISIONS
from service.api.access import AnyRequest, principal_of, require_agency
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.submitting import Accepted, Submission, UnknownDecisionError

BODY_LIMIT: Final = 1024 * 1024
"""Bytes of one decision's body."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class RecordedEvent(msgspec.Struct, frozen=True):
    position: int
    type: str


class DecisionRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in the ledger. `receipt`: where its proof of inclusion will be."""

    decision_id: str
    events: tuple[RecordedEvent, ...]
    receipt: str


@post(
    "/v1/programmes/{programme:str}/decisions/{decision_type:str}",
    request_max_body_size=BODY_LIMIT,
    status_code=201,
)
async def submit_decision(
    request: AnyRequest, programme: FromPath[str], decision_type: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Submit one decision."""
    principal = await parts.run(partial(principal_of, request, parts.keys))
    agency, key_id = require_agency(principal)
    if decision_type not in DECISIONS:
        raise UnknownDecisionError(decision_type)
    require_json(request)
    submission = Submission(
        programme=programme,
        decision_type=decision_type,
        body=await request.body(),
        actor=Actor(agency=agency, principal=key_id),
        idempotency_key=idempotency_key(request),
    )
    accepted = await parts.run(partial(parts.submit, submission))
    return Response(
        msgspec.json.encode(recorded(accepted)),
        status_code=201,
        media_type="application/json",
        headers={"Idempotency-Replayed": "true"} if accepted.replayed else {},
    )


def recorded(accepted: Accepted) -> DecisionRecorded:
    """The answer to an accepted decision."""
    return DecisionRecorded(
        decision_id=str(accepted.decision_id),
        events=tuple(RecordedEvent(each.position, each.type) for each in accepted.events),
        receipt=f"/v1/ledger/receipts/{accepted.events[-1].position}",
    )


def require_json(request: AnyRequest) -> None:
    """Raise 415 unless the body is declared as JSON."""
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != "application/json":
        raise ApiProblem("unsupported-media-type", f"Content-Type: application/json, not {declared[:80]!r}")


def idempotency_key(request: AnyRequest) -> str:
    """The client's own name for its request. Raises 400."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise ApiProblem("idempotency-key-missing", "Idempotency-Key: your own name for this request, once each")
    if _KEY.fullmatch(key) is None:
        raise ApiProblem("invalid-parameter", "Idempotency-Key: 1 to 200 printable ASCII characters without spaces")
    return key
