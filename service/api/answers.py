"""Answers with a strong ETag, paging links, and the checks of query parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from litestar import Response
from litestar.enums import HttpMethod
from msgspec.structs import replace

from domain.reasons import RECEIPT
from domain.refusal import FieldError
from service.api.access import AnyRequest
from service.api.compression import COMPRESSED_FROM, gzipped, takes_gzip
from service.api.conditions import is_known, require_match
from service.api.prepared import Prepared, prepared
from service.api.problems import ApiProblem

PAGE: Final = 100
PAGE_LIMIT: Final = 1000
TLOG_PROOF: Final = "https://c2sp.org/tlog-proof"


def sent(request: AnyRequest, answer: Prepared) -> Response[bytes]:
    """With a strong ETag, in gzip for who takes it; 304 when the client has it. What is seen depends on who asks.

    Raises 412 where `If-Match` names another answer.
    """
    compressed = len(answer.body) >= COMPRESSED_FROM and takes_gzip(request.headers.get("accept-encoding", ""))
    etag = f"{answer.etag}{'-gzip' if compressed else ''}"
    headers = {
        "ETag": f'"{etag}"',
        "Cache-Control": "no-cache",
        "Vary": "Authorization, X-API-Key, Cookie, Sillok-Acting-For, Accept-Encoding",
        **answer.headers,
    }
    if request.method == HttpMethod.GET:
        require_match(request.headers, etag)
    if request.method == HttpMethod.GET and is_known(request.headers, etag):
        return Response(b"", status_code=304, headers=headers, media_type=answer.media_type)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    body = gzipped(answer.body) if compressed else answer.body
    return Response(body, status_code=200, headers=headers, media_type=answer.media_type)


def answer(
    request: AnyRequest,
    content: object,
    *,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """What is made for this request alone."""
    return sent(request, cited(request, prepared(content, media_type=media_type, headers=headers)))


def cited(request: AnyRequest, answer: Prepared) -> Prepared:
    """With a link to the receipt of the position that was asked as of, which holds the checkpoint that covers it.

    Not in the body, whose bytes are the same for ever: a position is sealed a moment after it is recorded.
    """
    position = request.state.get("as_of")
    if position is None:
        return answer
    receipt = f'<{RECEIPT.format(position)}>; rel="{TLOG_PROOF}"'
    link = ", ".join((*([answer.headers["Link"]] if "Link" in answer.headers else []), receipt))
    return replace(answer, headers={**answer.headers, "Link": link})


def whole_number(request: AnyRequest, name: str, default: int, *, low: int = 0, high: int = 2**62) -> int:
    """A query parameter that is a whole number. Raises 400 naming it and its rule."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
        detail = f"{name}: a whole number from {low} to {high}"
        raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))
    return int(text)


def given(request: AnyRequest, name: str, meaning: str) -> str:
    """A query parameter that must be given. Raises 400."""
    text: str | None = request.query_params.get(name)
    if not text:
        detail = f"{name}: {meaning}"
        raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))
    return text


def choice(request: AnyRequest, name: str, choices: Sequence[str]) -> str:
    """A query parameter that is one of a few; the first without it. Raises 400."""
    given = request.query_params.get(name, choices[0])
    if given not in choices:
        detail = f"{name}: {' or '.join(choices)}"
        raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))
    return given


def only_parameters(request: AnyRequest, *names: str) -> None:
    """Raise 400 for a query parameter that the operation does not know, that is given twice, or that holds a NUL, which
    no text of the database does."""
    items = list(request.query_params.multi_items())
    given = [name for name, _value in items]
    for name, value in items:
        if name in names and given.count(name) > 1:
            detail = f"{name}: given once at most"
            raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))
        if name not in names:
            detail = f"{name[:80]}: unknown parameter; known: {', '.join(names) or 'none'}"
            raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name[:80]}", detail),))
        if "\0" in value:
            detail = f"{name}: text without NUL"
            raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))


def next_link(request: AnyRequest, after: int, limit: int) -> dict[str, str]:
    """The `Link` header to the page that follows."""
    kept = {name: value for name, value in request.query_params.items() if name not in ("after", "limit")}
    query = urlencode({**kept, "after": after, "limit": limit})
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
