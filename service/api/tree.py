"""The log as C2SP has it: checkpoints, tiles and receipts, and proofs as JSON. For anybody; no key is looked at."""

from __future__ import annotations

import base64
from functools import partial
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from domain.refusal import FieldError
from domain.tiles import Tile, tile_at
from service.api.access import AnyRequest
from service.api.answers import only_parameters, whole_number
from service.api.parts import Wired
from service.api.problems import ApiProblem

TEXT: Final = "text/plain"
"""The framework adds the encoding."""
BYTES: Final = "application/octet-stream"
FOR_EVER: Final = "public, max-age=31536000, immutable"
FOR_NOW: Final = "public, max-age=1"
"""Of what a later checkpoint or a further signature changes."""
LOGS: Final = "/v1/ledger/logs"
"""By number, 1 for the first one: where each stays."""
LEAVES_LIMIT: Final = 65_536
_NUMBER: Final = 19
"""Digits of a position or size."""


class InclusionProof(msgspec.Struct, frozen=True):
    """That `position` is in the tree of `size`: hashes in base64, from the leaf's sibling on (RFC 9162, 2.1.3)."""

    size: int
    position: int
    hashes: tuple[str, ...]


class ConsistencyProof(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """That the tree of `size` begins with the one of `from`: hashes in base64 (RFC 9162, 2.1.4)."""

    size: int
    from_: int
    hashes: tuple[str, ...]


class ClosedLog(msgspec.Struct, frozen=True):
    """A log that ended, and the verifier keys that its checkpoints were ever signed with. `prefix`: as of `LogKeys`."""

    origin: str
    keys: tuple[str, ...]
    prefix: str


class LogKeys(msgspec.Struct, frozen=True):
    """The log's name and the verifier keys (C2SP signed-note) that its checkpoints were ever signed with.

    `closed`: logs that it came after, the last one first; each checkpoint cites that one's last. `prefix`: the address
    under which its checkpoint and tiles stay, also once it is closed (C2SP tlog-tiles).
    """

    origin: str
    keys: tuple[str, ...]
    closed: tuple[ClosedLog, ...]
    prefix: str


@get("/v1/ledger/log")
async def get_log(parts: Wired) -> Response[bytes]:
    """The log's name and its keys."""
    current, *before = found = await parts.run(parts.prove.logs)
    first, *others = (f"{LOGS}/{number}" for number in range(len(found), 0, -1))
    closed = tuple(ClosedLog(each.origin, each.keys, prefix) for each, prefix in zip(before, others, strict=True))
    return _kept(msgspec.json.encode(LogKeys(current.origin, current.keys, closed, first)), "application/json", FOR_NOW)


@get("/v1/ledger/checkpoint")
async def get_checkpoint(parts: Wired) -> Response[bytes]:
    """The last checkpoint; with a policy of witnesses, the last that meets it."""
    found = await parts.run(parts.prove.checkpoint)
    return _kept(found.cosigned.encode(), TEXT, FOR_NOW)


@get("/v1/ledger/checkpoint/{size:str}")
async def get_checkpoint_of(size: FromPath[str], parts: Wired) -> Response[bytes]:
    """The checkpoint of a size, if one was signed."""
    found = await parts.run(partial(parts.prove.checkpoint, _number("size", size)))
    return _kept(found.cosigned.encode(), TEXT, FOR_NOW)


@get("/v1/ledger/tile/{path:path}")
async def get_tile(path: FromPath[str], parts: Wired) -> Response[bytes]:
    """A tile of hashes, `<level>/<index>[.p/<width>]`, or of entries, `entries/<index>[.p/<width>]`."""
    tile, of_entries = _tile_at(path)
    found = await parts.run(partial(parts.prove.entries if of_entries else parts.prove.tile, tile))
    return _kept(found, BYTES, FOR_EVER)


@get(f"{LOGS}/{{number:str}}/checkpoint")
async def get_checkpoint_of_log(number: FromPath[str], parts: Wired) -> Response[bytes]:
    """The last checkpoint of a log, also of one that was closed."""
    found = await parts.run(partial(parts.prove.checkpoint_of_log, _number("number", number)))
    return _kept(found.cosigned.encode(), TEXT, FOR_NOW)


@get(f"{LOGS}/{{number:str}}/tile/{{path:path}}")
async def get_tile_of_log(number: FromPath[str], path: FromPath[str], parts: Wired) -> Response[bytes]:
    """A tile of the tree that a log came to, as `get_tile` has those of the log that runs."""
    tile, of_entries = _tile_at(path)
    ask = parts.prove.entries_of_log if of_entries else parts.prove.tile_of_log
    return _kept(await parts.run(partial(ask, _number("number", number), tile)), BYTES, FOR_EVER)


@get("/v1/ledger/leaves")
async def get_leaves(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """The leaf hashes of a stretch: many tiles of the lowest level at once."""
    only_parameters(request, "after", "upto")
    after = whole_number(request, "after", 0)
    upto = _given(request, "upto", low=after + 1, high=after + LEAVES_LIMIT)
    return _kept(await parts.run(partial(parts.prove.leaves, after, upto)), BYTES, FOR_EVER)


@get("/v1/ledger/proofs/inclusion")
async def get_inclusion_proof(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """That a position is in the tree of a size."""
    only_parameters(request, "position", "size")
    position = _given(request, "position")
    size = _given(request, "size", low=position)
    found = await parts.run(partial(parts.prove.inclusion, position, size))
    return _kept(msgspec.json.encode(InclusionProof(size, position, _texts(found))), "application/json", FOR_EVER)


@get("/v1/ledger/proofs/consistency")
async def get_consistency_proof(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """That the tree of one size begins with that of another."""
    only_parameters(request, "from", "to")
    old = _given(request, "from")
    new = _given(request, "to", low=old)
    found = await parts.run(partial(parts.prove.consistency, old, new))
    return _kept(msgspec.json.encode(ConsistencyProof(new, old, _texts(found))), "application/json", FOR_EVER)


@get("/v1/ledger/receipts/{position:str}")
async def get_receipt(position: FromPath[str], parts: Wired) -> Response[bytes]:
    """The receipt of a position: entry, proof of inclusion and checkpoint in one file (C2SP tlog-proof)."""
    at = _number("position", position.removesuffix(".tlog-proof"))
    found = await parts.run(partial(parts.prove.receipt, at))
    return _kept(found.encode(), TEXT, FOR_NOW)


HANDLERS = [
    get_log,
    get_checkpoint,
    get_checkpoint_of,
    get_tile,
    get_checkpoint_of_log,
    get_tile_of_log,
    get_leaves,
    get_inclusion_proof,
    get_consistency_proof,
    get_receipt,
]


def _tile_at(path: str) -> tuple[Tile, bool]:
    """The tile that a path names, and whether it is one of entries."""
    level, _, rest = path.removeprefix("/").partition("/")
    of_entries = level == "entries"
    tile = tile_at(f"{0 if of_entries else level}/{rest}")
    if tile is None:
        raise ApiProblem("not-found", "a tile is at <level>/<index>[.p/<width>], or at entries/<index>[.p/<width>]")
    return tile, of_entries


def _kept(body: bytes, media_type: str, cache: str) -> Response[bytes]:
    return Response(body, media_type=media_type, headers={"Cache-Control": cache})


def _texts(hashes: list[bytes]) -> tuple[str, ...]:
    return tuple(base64.b64encode(each).decode() for each in hashes)


def _given(request: AnyRequest, name: str, *, low: int = 1, high: int = 2**62) -> int:
    """A query parameter that has to be there. Raises 400."""
    if name not in request.query_params:
        raise _wrong(name, f"a whole number from {low}")
    return whole_number(request, name, low, low=low, high=high)


def _number(name: str, text: str) -> int:
    """A position or size in a path, written in one way only. Raises 404."""
    if not (text.isascii() and text.isdecimal() and len(text) < _NUMBER and text[0] != "0"):
        raise ApiProblem("not-found", f"{name}: a whole number from 1")
    return int(text)


def _wrong(name: str, rule: str) -> ApiProblem:
    return ApiProblem("invalid-parameter", f"{name}: {rule}", errors=(FieldError(f"/{name}", f"{name}: {rule}"),))
