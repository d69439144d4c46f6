"""The part of the OpenAPI document about the tree: checkpoints, tiles, proofs, receipts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import Json, Operation, content, problems
from service.api.tree import BYTES, LEAVES_LIMIT, LOGS, TEXT, ConsistencyProof, InclusionProof, LogKeys

ANSWERS: Final = (LogKeys, InclusionProof, ConsistencyProof)

_NUMBER: Final[Json] = {"type": "integer", "minimum": 1}
_TEXT: Final[Json] = {"type": "string"}
_SIZE: Final = "How many entries: up to the last checkpoint's."


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""

    def reading(
        name: str, summary: str, schema: Json, media_type: str, *parameters: tuple[str, str, str, Json]
    ) -> Json:
        statuses = [400, 404, 503] if any(where == "query" for _name, where, *_rest in parameters) else [404, 503]
        return {
            "operationId": name,
            "tags": ["tree"],
            "summary": summary,
            "security": [],
            "parameters": [
                {"name": each, "in": where, "required": True, "description": meaning, "schema": of}
                for each, where, meaning, of in parameters
            ],
            "responses": {"200": content(summary, schema, media_type), **problems(statuses)},
        }

    size = ("size", "path", _SIZE, _NUMBER)
    position = ("position", "path", "The position of an event.", _NUMBER)
    place = ("path", "path", "<level>/<index>[.p/<width>] or entries/<index>[.p/<width>].", _TEXT)
    root = "/v1/ledger"
    yield f"{root}/log", "get", reading("get-log", "Its name and keys.", named[LogKeys], "application/json")
    latest = reading(
        "get-checkpoint",
        "The last checkpoint that witnesses cosigned as the policy asks; without one, the last (C2SP tlog-checkpoint).",
        _TEXT,
        TEXT,
    )
    yield f"{root}/checkpoint", "get", latest
    one = reading("get-checkpoint-of", "The checkpoint of a size, if one was signed.", _TEXT, TEXT, size)
    yield f"{root}/checkpoint/{{size}}", "get", one
    tile = reading("get-tile", "Hashes of the tree, or entries (C2SP tlog-tiles).", {"format": "binary"}, BYTES, place)
    yield f"{root}/tile/{{path}}", "get", tile
    number = ("number", "path", "Which log: 1 is the first, see `prefix` of the log.", _NUMBER)
    last = reading("get-checkpoint-of-log", "The last checkpoint of a log, also of a closed one.", _TEXT, TEXT, number)
    yield f"{LOGS}/{{number}}/checkpoint", "get", last
    its = reading(
        "get-tile-of-log",
        "Hashes of the tree that a log came to, or entries (C2SP tlog-tiles).",
        {"format": "binary"},
        BYTES,
        number,
        place,
    )
    yield f"{LOGS}/{{number}}/tile/{{path}}", "get", its
    leaves = reading(
        "get-leaves",
        "The leaf hashes of a stretch, 32 bytes each: many tiles of the lowest level at once.",
        {"format": "binary"},
        BYTES,
        ("after", "query", "The position before the first.", {"type": "integer", "minimum": 0}),
        ("upto", "query", f"The last position, at most {LEAVES_LIMIT:,} after that.", _NUMBER),
    )
    yield f"{root}/leaves", "get", leaves
    inclusion = reading(
        "get-inclusion-proof",
        "That a position is in the tree of a size.",
        named[InclusionProof],
        "application/json",
        ("position", "query", "The position of an event.", _NUMBER),
        ("size", "query", _SIZE, _NUMBER),
    )
    yield f"{root}/proofs/inclusion", "get", inclusion
    consistency = reading(
        "get-consistency-proof",
        "That the tree of one size begins with that of another.",
        named[ConsistencyProof],
        "application/json",
        ("from", "query", "The smaller size.", _NUMBER),
        ("to", "query", _SIZE, _NUMBER),
    )
    yield f"{root}/proofs/consistency", "get", consistency
    receipt = reading("get-receipt", "Entry, proof and checkpoint (C2SP tlog-proof).", _TEXT, TEXT, position)
    yield f"{root}/receipts/{{position}}", "get", receipt
