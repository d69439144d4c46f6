"""What there is to read and to be refused by: every kind of event, and every type of problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Response
from litestar.params import FromPath

from domain.event import EVENTS
from domain.rulebook import DECISIONS
from domain.sentences import Choice, Part, Place, Words, parse
from service.api.access import AnyRequest
from service.api.answers import only_parameters, sent
from service.api.problems import ApiProblem
from service.web.common import page
from service.web.problem_types import problem_types
from service.web.rendering import html


def pattern(template: str) -> str:
    """A sentence with its places shown as ⟨field⟩: `[a|b]` is "(a / b)", since only one of them is said."""
    return _pattern(parse(template))


def _pattern(parts: Sequence[Part]) -> str:
    return "".join(_shown(each) for each in parts)


def _shown(part: Part) -> str:
    match part:
        case Place(path=path, closing=closing, pair=pair):
            return f"⟨{path}⟩{closing}{pair}"
        case Choice(first=first, otherwise=otherwise):
            either = [text for text in (_pattern(first), _pattern(otherwise)) if text.strip()]
            return f"({' / '.join(either)})" if either else ""
        case str():
            return part


class Field(msgspec.Struct, frozen=True):
    """A field of an event: `holds`, by the names of its JSON Schema; whether it is always there."""

    name: str
    holds: str
    required: bool


def fields_of(schema: dict[str, Any]) -> list[Field]:
    """What the schema of an event names first, in its order."""
    (shape,) = (each for name, each in schema["$defs"].items() if schema["$ref"].endswith(f"/{name}"))
    required = shape.get("required", ())
    return [Field(name, _held(each), name in required) for name, each in shape.get("properties", {}).items()]


def _held(shape: dict[str, Any]) -> str:
    match shape:
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"anyOf": alternatives}:
            return " | ".join(_held(each) for each in alternatives)
        case {"enum": values}:
            return " | ".join(str(each) for each in values)
        case {"type": "array", "items": dict(items)}:
            return f"{_held(items)}[]"
    return str(shape.get("type", "any"))


def _decided_by(type_: str) -> list[str]:
    """Which decisions are recorded as such an event."""
    return sorted(each.type for each in DECISIONS.values() if EVENTS[type_] in each.comes_to)


@page("/catalogue/problems")
async def list_problem_types(request: AnyRequest) -> Response[bytes]:
    """Every type of problem."""
    only_parameters(request)
    return sent(request, html(request, "problem_types.html", types=list(problem_types().values())))


@page("/catalogue/problems/{slug:str}")
async def show_problem_type(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """One type of problem."""
    only_parameters(request)
    if slug not in problem_types():
        raise ApiProblem("not-found", f"there is no problem type {slug[:80]!r}")
    return sent(request, html(request, "problem_type.html", type=problem_types()[slug]))


@page("/catalogue/events")
async def list_event_types(request: AnyRequest) -> Response[bytes]:
    """Every kind of event."""
    only_parameters(request)
    types = sorted(EVENTS.values(), key=lambda each: each.TYPE)
    return sent(request, html(request, "event_types.html", types=types))


@page("/catalogue/events/{type_:str}")
async def show_event_type(request: AnyRequest, type_: FromPath[str]) -> Response[bytes]:
    """One kind of event: what it says, who may read it when, and what it holds."""
    only_parameters(request)
    if type_ not in EVENTS:
        raise ApiProblem("not-found", f"there is no event of type {type_[:80]!r}")
    cls = EVENTS[type_]
    schema = msgspec.json.schema(cls)
    shown = html(
        request,
        "event_type.html",
        type=cls,
        says=Words(en=pattern(cls.SAYS.en), ko=pattern(cls.SAYS.ko)),
        decisions=_decided_by(type_),
        fields=fields_of(schema),
        schema=schema,
    )
    return sent(request, shown)


HANDLERS: Final = [list_problem_types, show_problem_type, list_event_types, show_event_type]
