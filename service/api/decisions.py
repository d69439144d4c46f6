"""Submitting decisions."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from domain.proposal_events import DecisionProposed
from domain.refusal import FieldError
from domain.rulebook import DECISIONS
from service.api.access import AnyRequest, decider_of, principal_of
from service.api.headers import only_header
from service.api.parts import Wired
from service.api.preferences import PROJECTED, SEALED, unchanged_since, waits_for
from service.api.problems import ApiProblem
from service.api.slow_clients import HOLD
from service.application.bodies import parse_body
from service.application.deciding import Submission
from service.application.lines import KEY_PATTERN
from service.application.recording import Accepted
from service.application.submitting import UnknownDecisionError

BODY_LIMIT: Final = 1024 * 1024
"""Bytes of one decision's body."""

SETTLEMENTS: Final = {"approval": "approve", "rejection": "reject"}
_TWICE: Final = FieldError("/proposal", "the address names it")
_JSON = re.compile(r'application/json\s*(;\s*charset=(utf-8|"utf-8")\s*)?', re.IGNORECASE)
_KEY = re.compile(KEY_PATTERN)


class RecordedEvent(msgspec.Struct, frozen=True):
    position: int
    type: str


class DecisionRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in the ledger. `events`: what it came to, by type. `receipt`: where its proof of inclusion will be."""

    decision_id: str
    events: tuple[RecordedEvent, ...]
    receipt: str


class DecisionWaits(DecisionRecorded, frozen=True, kw_only=True):
    """A proposal in the ledger: one of `awaiting` approves it by its id and `command_hash`, until `expires_at`."""

    proposal: str
    awaiting: tuple[str, ...]
    command_hash: str
    expires_at: str


@post(
    "/v1/programmes/{programme:str}/decisions/{decision_type:str}",
    request_max_body_size=BODY_LIMIT,
    status_code=201,
)
async def submit_decision(
    request: AnyRequest, programme: FromPath[str], decision_type: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Submit one decision."""
    principal = await principal_of(request, parts)
    actor = decider_of(principal)
    if decision_type not in DECISIONS:
        raise UnknownDecisionError(decision_type)
    require_json(request)
    submission = Submission(
        programme=programme,
        decision_type=decision_type,
        body=await request.body(),
        actor=actor,
        idempotency_key=idempotency_key(request),
        signature=only_header(request.headers, "JWS-Signature"),
        unchanged_since=unchanged_since(request.headers),
    )
    return await _submitted(request, submission, parts)


@post("/v1/proposals/{proposal:str}/{step:str}", request_max_body_size=BODY_LIMIT, status_code=201)
async def settle_proposal(
    request: AnyRequest, proposal: FromPath[str], step: FromPath[str], parts: Wired
) -> Response[bytes]:
    """Approve or reject a proposal: the decisions `approve` and `reject`, by the proposal's own address."""
    actor = decider_of(await principal_of(request, parts))
    if step not in SETTLEMENTS:
        raise ApiProblem("not-found", f"a proposal has {' and '.join(SETTLEMENTS)}, no {step[:80]!r}")
    require_json(request)
    submission = Submission(
        programme=proposal.rpartition(":")[0],
        decision_type=SETTLEMENTS[step],
        body=with_proposal(await request.body(), proposal),
        actor=actor,
        idempotency_key=idempotency_key(request),
        signature=only_header(request.headers, "JWS-Signature"),
        unchanged_since=unchanged_since(request.headers),
    )
    return await _submitted(request, submission, parts)


async def _submitted(request: AnyRequest, submission: Submission, parts: Wired) -> Response[bytes]:
    accepted = await parts.gather.take(submission, request.state[HOLD].require_known)
    response = answer_to(accepted)
    position = accepted.events[-1].position
    waits = {
        PROJECTED: partial(parts.queries.views.until_projected, submission.programme, position),
        SEALED: partial(parts.prove.until_sealed, position),
    }
    preference = waits_for(request.headers)
    wait = None if preference is None else waits.get(preference)
    if wait is not None and await parts.run_at_once(wait):
        response.headers["Preference-Applied"] = f"wait={preference}"
    return response


def with_proposal(body: bytes, proposal: str) -> bytes:
    """The command that a body at a proposal's address stands for. Raises as `parse_body`."""
    fields = parse_body(dict[str, msgspec.Raw], body, of="a proposal's settlement")
    if "proposal" in fields:
        raise ApiProblem("invalid-parameter", "proposal: the address names it", errors=(_TWICE,))
    return msgspec.json.encode({**fields, "proposal": proposal}, order="deterministic")


def answer_to(accepted: Accepted) -> Response[bytes]:
    """201 for what is recorded and in effect, 202 for what waits for another agency."""
    status, body = answered(accepted)
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Idempotency-Replayed": "true"} if accepted.replayed else {},
    )


def answered(accepted: Accepted) -> tuple[int, DecisionRecorded | DecisionWaits]:
    """Status and body of the answer."""
    if accepted.proposed is None:
        return 201, recorded(accepted)
    return 202, waiting(accepted, accepted.proposed)


def recorded(accepted: Accepted) -> DecisionRecorded:
    """The answer to an accepted decision."""
    return DecisionRecorded(
        decision_id=str(accepted.decision_id),
        events=tuple(RecordedEvent(each.position, each.type) for each in accepted.events),
        receipt=f"/v1/ledger/receipts/{accepted.events[-1].position}",
    )


def waiting(accepted: Accepted, proposed: DecisionProposed) -> DecisionWaits:
    """The answer to a decision that became a proposal."""
    return DecisionWaits(
        proposal=proposed.proposal,
        awaiting=proposed.awaiting,
        command_hash=proposed.command_hash,
        expires_at=proposed.expires_at,
        **msgspec.structs.asdict(recorded(accepted)),
    )


def require_json(request: AnyRequest) -> None:
    """Raise 415 unless the body is declared as JSON, and as UTF-8 if an encoding is named."""
    declared = only_header(request.headers, "Content-Type") or ""
    if _JSON.fullmatch(declared) is None:
        raise ApiProblem("unsupported-media-type", f"Content-Type: application/json in UTF-8, not {declared[:80]!r}")


def idempotency_key(request: AnyRequest) -> str:
    """The client's own name for its request. Raises 400."""
    key = only_header(request.headers, "Idempotency-Key")
    if key is None:
        raise ApiProblem("idempotency-key-missing", "Idempotency-Key: your own name for this request, once each")
    if _KEY.fullmatch(key) is None:
        raise ApiProblem("invalid-parameter", "Idempotency-Key: 1 to 200 printable ASCII characters without spaces")
    return key
