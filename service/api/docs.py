"""The specification and its pages: plain HTML, nothing loaded from anywhere."""

from __future__ import annotations

import functools
import json
from html import escape
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest
from service.api.answers import answer
from service.api.openapi import document
from service.api.problems import ApiProblem, catalogue

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c1b19;--paper:#fdfcf9;--faint:#6b675f;--line:#dcd7cc;--code:#f3f0e8}
@media(prefers-color-scheme:dark){:root{--ink:#ece9e2;--paper:#191816;--faint:#a49e92;--line:#3b3832;--code:#24221e}}
body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);
font:1rem/1.6 "Noto Serif","Noto Serif CJK KR",Georgia,serif}
h1{font-size:1.8rem;margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}p{margin:.25rem 0 .75rem}
code,pre{font:.875rem/1.5 "Noto Sans Mono",ui-monospace,monospace;background:var(--code)}
pre{padding:.75rem 1rem;overflow-x:auto;border:1px solid var(--line)}summary{cursor:pointer;color:var(--faint)}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;vertical-align:top;padding:.3rem .75rem
.3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{color:var(--faint);font-weight:normal}
a{color:inherit}.method{text-transform:uppercase;font-weight:bold}
"""


@functools.cache
def openapi_json() -> bytes:
    """The document as it is checked in: two spaces, a final newline."""
    return json.dumps(document(), indent=2, ensure_ascii=False).encode() + b"\n"


@get(["/openapi.json", "/docs/openapi.json"])
async def get_openapi(request: AnyRequest) -> Response[bytes]:
    """The OpenAPI document."""
    return answer(request, openapi_json())


@get("/docs")
async def get_docs(request: AnyRequest) -> Response[bytes]:
    """The specification as a page."""
    return answer(request, docs_page(), media_type="text/html")


@get("/problems")
async def list_problems(request: AnyRequest) -> Response[bytes]:
    """Every problem type."""
    rows = "".join(
        f'<tr><td><a href="/problems/{slug}">{slug}</a></td><td>{status}</td><td>{escape(title)}</td></tr>'
        for slug, (status, title) in catalogue().items()
    )
    body = f"<h1>Problem types</h1><table><tr><th>type</th><th>status</th><th>meaning</th></tr>{rows}</table>"
    return answer(request, _page("Problem types", body), media_type="text/html")


@get("/problems/{slug:str}")
async def get_problem(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """One problem type: what its address, the `type` of an error, stands for."""
    if slug not in catalogue():
        raise ApiProblem("not-found", f"there is no problem type {slug[:80]!r}")
    status, title = catalogue()[slug]
    body = f"<h1>{slug}</h1><p>{escape(title)}</p><p>Status {status}. <a href='/problems'>All problem types</a></p>"
    return answer(request, _page(slug, body), media_type="text/html")


HANDLERS = [get_openapi, get_docs, list_problems, get_problem]


@functools.cache
def docs_page() -> bytes:
    spec = document()
    parts = [
        f"<h1>{escape(spec['info']['title'])} API</h1><p>{escape(spec['info']['description'])}</p>",
        '<p><a href="/openapi.json">openapi.json</a> · <a href="/problems">problem types</a></p>',
    ]
    groups: dict[str, list[str]] = {}
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, spec))
    for group, operations in groups.items():
        parts.append(f"<h2>{escape(group)}</h2>{''.join(operations)}")
    parts.append("<h2>schemas</h2>")
    for name, schema in spec["components"]["schemas"].items():
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3>{_described(schema)}{_source(schema)}')
    return _page("Sillok API", "".join(parts))


def _operation(path: str, method: str, operation: dict[str, Any], spec: dict[str, Any]) -> str:
    shared = spec["components"]["responses"]
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}"
        f"{', required' if each['required'] else ''}</td><td>{escape(each['description'])}</td></tr>"
        for each in operation.get("parameters", [])
    )
    table = (
        f"<table><tr><th>parameter</th><th>where</th><th>meaning</th></tr>{parameters}</table>" if parameters else ""
    )
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    sent = f"<p>Body: {_link(body)}</p>" if body else ""
    responses = "".join(
        f"<tr><td>{status}</td><td>{escape(_resolved(response, shared)['description'])}</td></tr>"
        for status, response in operation["responses"].items()
    )
    return (
        f'<h3 id="{escape(operation["operationId"])}"><span class="method">{method}</span> <code>{escape(path)}</code>'
        f"</h3><p>{escape(operation['summary'])}</p>{sent}<details><summary>parameters and answers</summary>{table}"
        f"<table><tr><th>status</th><th>meaning</th></tr>{responses}</table></details>"
    )


def _resolved(answer: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shared[str(answer["$ref"]).rpartition("/")[2]] if "$ref" in answer else answer
    return found


def _link(schema: dict[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'


def _described(schema: dict[str, Any]) -> str:
    return f"<p>{escape(schema['description'])}</p>" if "description" in schema else ""


def _source(schema: dict[str, Any]) -> str:
    return (
        "<details><summary>JSON Schema</summary>"
        f"<pre>{escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())}</pre></details>"
    )


def _page(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    ).encode()
