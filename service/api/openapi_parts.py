"""What every part of the OpenAPI document is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.spreadsheets.writing import XLSX

Json = dict[str, Any]
Operation = tuple[str, str, Json]
"""Path, method, and what is said of it."""

SESSION: Final[Json] = {"session": []}
CREDENTIALS: Final[list[Json]] = [{"bearer": []}, {"apiKey": []}, {"clientCredentials": []}, SESSION]
"""Any of them is taken wherever one is."""

PROGRAMME: Final = {
    "name": "programme",
    "in": "path",
    "required": True,
    "description": "The id of a programme.",
    "schema": {"type": "string", "maxLength": 64},
}
Parameter = tuple[str, str, Json]
"""Of a query: name, meaning, schema."""
AFTER: Final = ("after", "Only what comes after this position.", {"type": "integer", "minimum": 0})
FORMAT: Final = (
    "format",
    "The same as a table. Each row says of which data set and position it is, and the digest: of standings theirs, "
    "else the SHA-256 of the answer in JSON. Nothing in it is a formula.",
    {"enum": ["json", "csv", "xlsx"], "default": "json"},
)
LIMIT: Final = ("limit", "So many at most.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
STAGE: Final = ("stage", "A stage of the charter; the first one if none is named.", {"type": "string"})
AS_OF: Final = (
    ("as_of_position", "The answer as it was at this position.", {"type": "integer", "minimum": 1}),
    (
        "as_of",
        "The answer as it was at this time (RFC 3339), which is past; not beside as_of_position.",
        {"type": "string", "format": "date-time"},
    ),
)
EFFECTIVE_AT: Final = (
    "effective_at",
    "Only what holds on this day, of what was recorded by the position: never another order of facts.",
    {"type": "string", "format": "date"},
)
MINIMUM: Final = ("min_position", "Wait until the view has reached this position.", {"type": "integer", "minimum": 0})


HEADERS: Final[Json] = {
    "ETag": ("Of this answer, for If-None-Match: 304 while it is still true.", {"type": "string"}),
    "Link": (
        'Where the next page is, with rel="next"; without it, this is the last one. Of an answer as of a position or '
        'time, with rel="https://c2sp.org/tlog-proof", the receipt of that position: in it is the checkpoint that '
        "covers it.",
        {"type": "string"},
    ),
    "Ledger-Head": ("The last position of the ledger.", {"type": "integer"}),
    "Rules-Hash": ("The SHA-256 (hex) of the charter.", {"type": "string"}),
    "Content-Disposition": (
        "Of CSV and XLSX: a file name with data set, position and digest.",
        {"type": "string"},
    ),
    "Idempotency-Replayed": ("It was recorded by an earlier request under the same key.", {"const": "true"}),
    "Preference-Applied": ("What the answer waited for, as Prefer asked.", {"type": "string"}),
    "Retry-After": ("In so many seconds, ask again.", {"type": "integer"}),
    "Accept-Encoding": ("Of a body in a content coding: that none is taken.", {"const": "identity"}),
    "WWW-Authenticate": ("How to authenticate (RFC 6750).", {"type": "string"}),
    "Location": ("Where the browser goes.", {"type": "string"}),
}
"""Of answers, by name: meaning and schema."""


_CONDITIONS: Final = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": f"The ETag of an earlier answer, or several, or `*`: {meaning}.",
        "schema": {"type": "string"},
    }
    for name, meaning in (
        ("If-None-Match", "304 if one of them is still true, whether strong or weak"),
        ("If-Match", "412 unless one of them is true"),
    )
]


def header_parts() -> Json:
    """Every header, as a component."""
    return {name: {"description": meaning, "schema": schema} for name, (meaning, schema) in HEADERS.items()}


def with_headers(*names: str) -> Json:
    """What an answer says of its headers."""
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}} if names else {}


def _links(parameters: Sequence[Parameter]) -> list[str]:
    """`Link`, of what has pages, or is asked as of a position."""
    return ["Link"] if {LIMIT[0], AS_OF[0][0]} & {each[0] for each in parameters} else []


def read(
    name: str,
    summary: str,
    schema: Json,
    *parameters: Parameter,
    of_programme: bool = False,
    with_key: bool = False,
    media_type: str = "application/json",
    headers: tuple[str, ...] = (),
) -> Json:
    names_one = of_programme or any(each == "programme" for each, _meaning, _type in parameters)
    statuses = [400, 401, 412, 429, 503] + ([404] if names_one else []) + ([403] if with_key else [])
    return {
        "operationId": name,
        "tags": ["views" if of_programme else "ledger"],
        "summary": summary,
        "security": [*([] if with_key else [{}]), *CREDENTIALS],
        "parameters": [*([PROGRAMME] if of_programme else []), *queries(*parameters), *_CONDITIONS],
        "responses": {
            "200": {
                **content("As of the position that it states.", schema, media_type),
                **with_headers("ETag", *_links(parameters), *headers),
            },
            "304": {"description": "What If-None-Match names is still true.", **with_headers("ETag")},
            **problems(sorted(statuses)),
        },
    }


def asks(name: str, summary: str, question: Json, schema: Json, *parameters: Parameter) -> Json:
    """An operation of a programme that is asked with a body, and records nothing."""
    return {
        "operationId": name,
        "tags": ["views"],
        "summary": summary,
        "security": CREDENTIALS,
        "parameters": [PROGRAMME, *queries(*parameters)],
        "requestBody": {"required": True, "content": {"application/json": {"schema": question}}},
        "responses": {
            "200": {**content("All that follows.", schema, "application/json"), **with_headers(*_links(parameters))},
            **problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503]),
        },
    }


def as_spreadsheet(operation: Json) -> Json:
    """The operation of a view that is to be had as CSV and XLSX too."""
    files = {"text/csv": {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string", "format": "binary"}}}
    operation["parameters"].append(*queries(FORMAT))
    operation["responses"]["200"]["content"].update(files)
    operation["responses"]["200"]["headers"].update(with_headers("Content-Disposition")["headers"])
    return operation


def queries(*parameters: Parameter) -> list[Json]:
    """Optional parameters of a query."""
    return [
        {"name": each, "in": "query", "required": False, "description": meaning, "schema": type_}
        for each, meaning, type_ in parameters
    ]


def problems(statuses: list[int]) -> Json:
    """What an operation may answer instead."""
    return {str(status): {"$ref": f"#/components/responses/{problem_name(status)}"} for status in statuses}


def problem_name(status: int) -> str:
    """Of the component."""
    return f"problem-{status}"


def content(description: str, schema: Json, media_type: str) -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}
