"""Submitting many decisions in one request: NDJSON in, NDJSON out."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from functools import partial
from typing import Final

import msgspec
from litestar import post
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from domain.charter import require_programme_id
from domain.envelope import Actor
from service.api.access import AnyRequest, decider_of, principal_of
from service.api.answers import choice, only_parameters
from service.api.decisions import answered, idempotency_key
from service.api.headers import only_header
from service.api.line_stream import Incoming, Numbered
from service.api.parts import Parts, Wired
from service.api.problems import ApiProblem, response_to
from service.api.slow_clients import HOLD
from service.application.recording import Accepted
from service.application.submitting_lines import LINES as LINES_AT_ONCE
from service.application.submitting_lines import Outcome
from service.application.submitting_together import LINES as LINES_TOGETHER

MEDIA_TYPE: Final = "application/x-ndjson"
TOGETHER_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of decisions that are recorded together."""

_NDJSON = re.compile(rf'{re.escape(MEDIA_TYPE)}\s*(;\s*charset=(utf-8|"utf-8")\s*)?', re.IGNORECASE)


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a line of the request, by its number, from 1; `key`: the line's own.

    `status` and `body`: those of the answer to a single call. `replayed`: it was recorded before this request.
    """

    line: int
    key: str | None
    status: int
    replayed: bool
    body: msgspec.Raw


_encode = msgspec.json.Encoder().encode


@post("/v1/programmes/{programme:str}/decisions", request_max_body_size=None, status_code=200)
async def submit_decisions(request: AnyRequest, programme: FromPath[str], parts: Wired) -> ASGIApp:
    """Submit many decisions: line by line, each for itself, or all together."""
    only_parameters(request, "atomic")
    together = choice(request, "atomic", ("false", "true")) == "true"
    actor = decider_of(await principal_of(request, parts))
    _require_ndjson(request)
    require_programme_id(programme)
    for header in ("JWS-Signature", "If-Match"):
        if only_header(request.headers, header) is not None:
            raise ApiProblem("invalid-parameter", f"{header}: for a single decision; a line may have a signature")
    if together:
        return await _together(request, programme, actor, parts)
    if only_header(request.headers, "Idempotency-Key") is not None:
        raise ApiProblem("invalid-parameter", "Idempotency-Key: each line has its own key unless atomic=true")
    return _line_by_line(request, programme, actor, parts)


def _line_by_line(request: AnyRequest, programme: str, actor: Actor, parts: Parts) -> ASGIApp:
    """Each line is answered once it is recorded; what is not read of the answers stops the reading of lines."""

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming(receive, request.state[HOLD].require_known)
        reading = asyncio.create_task(incoming.read())
        numbers: deque[int] = deque()
        try:
            await _start(send, 200)
            with parts.submit_lines.begin(programme, actor) as submitting:
                # What is recorded is answered before more is waited for.
                while (lines := await incoming.take(LINES_AT_ONCE, wait=not submitting.busy)) or submitting.busy:
                    numbers.extend(number for number, _text in lines)
                    texts = [text for _number, text in lines]
                    answers = await parts.run_at_once(partial(submitting.take, texts) if texts else submitting.settle)
                    body = b"".join(_answer(request, numbers.popleft(), each.key, each.outcome) for each in answers)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            last = b"" if incoming.refused is None else _answer(request, incoming.next_number, None, incoming.refused)
            await send({"type": "http.response.body", "body": last, "more_body": False})
        finally:
            reading.cancel()

    return stream


async def _together(request: AnyRequest, programme: str, actor: Actor, parts: Parts) -> ASGIApp:
    """All lines are recorded, and answered, or none."""
    key = idempotency_key(request)
    lines = await _whole(request)
    texts = [text for _number, text in lines if isinstance(text, bytes)]
    taken = await parts.run_at_once(partial(parts.submit_together, programme, actor, key, texts))
    told = zip(lines, taken, strict=True)
    body = b"".join(_answer(request, number, None, each) for (number, _text), each in told)

    async def send_whole(_scope: Scope, _receive: Receive, send: Send) -> None:
        await _start(send, 201)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return send_whole


async def _whole(request: AnyRequest) -> list[Numbered]:
    """Every line. Raises 400 without any or where the end is missing, 408 for a slow client, 413 for too many."""
    incoming = Incoming(request.receive, request.state[HOLD].require_known)
    reading = asyncio.create_task(incoming.read())
    found: list[Numbered] = []
    size = 0
    try:
        while lines := await incoming.take(LINES_AT_ONCE):
            found += lines
            for number, text in lines:
                if not isinstance(text, bytes):
                    raise ApiProblem("body-too-large", f"line {number} is too long")
                size += len(text)
            if len(found) > LINES_TOGETHER or size > TOGETHER_LIMIT:
                detail = f"together: at most {LINES_TOGETHER} lines, of {TOGETHER_LIMIT} bytes"
                raise ApiProblem("body-too-large", detail)
    finally:
        reading.cancel()
    if incoming.refused is not None:
        raise incoming.refused
    if incoming.gone:
        raise ApiProblem("malformed-body", "the body was cut off")
    if not found:
        raise ApiProblem("malformed-body", "there is no line")
    return found


def _answer(request: AnyRequest, line: int, key: str | None, outcome: Outcome) -> bytes:
    replayed = isinstance(outcome, Accepted) and outcome.replayed
    if isinstance(outcome, Accepted):
        status, content = answered(outcome)
        body = _encode(content)
    else:
        problem = response_to(request, outcome)
        status, body = problem.status_code or 500, problem.content
    return _encode(LineAnswer(line=line, key=key, status=status, replayed=replayed, body=msgspec.Raw(body))) + b"\n"


async def _start(send: Send, status: int) -> None:
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


def _require_ndjson(request: AnyRequest) -> None:
    declared = only_header(request.headers, "Content-Type") or ""
    if _NDJSON.fullmatch(declared) is None:
        raise ApiProblem("unsupported-media-type", f"Content-Type: {MEDIA_TYPE} in UTF-8, not {declared[:80]!r}")
