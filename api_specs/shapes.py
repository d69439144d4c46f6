"""The shapes of events, commands, charters and envelopes, in the stand-alone verifier's words; and events' tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect

from domain.charter_document import Charter
from domain.envelope import PrivateEnvelope
from domain.event import EVENTS, upcast_fields
from domain.rulebook import DECISIONS

PROGRAMME: Final = "\0"


def shapes(texts: dict[str, str]) -> dict[str, str]:
    """Every line by its name. `texts`: regular expressions by the name that shapes have for them."""
    named = {regex: name for name, regex in texts.items()}
    roots: dict[str, type] = {name: each.command for name, each in DECISIONS.items()}
    roots |= EVENTS | {"Envelope": PrivateEnvelope, "Charter": Charter}
    names = {of: name for name, of in roots.items()}
    assert len(names) == len(roots)
    found: dict[str, str] = {}

    def line(of: type) -> str:
        name = names.setdefault(of, of.__name__)
        if name not in found:
            found[name] = ""  # it may hold itself
            info = inspect.type_info(of)
            assert isinstance(info, inspect.StructType)
            fields = [
                f"{each.encode_name}{'' if each.required else '?'}:{shape(each.type)}"
                for each in sorted(info.fields, key=lambda field: field.encode_name)
            ]
            fields += [] if info.tag_field is None else [f"{info.tag_field}:={info.tag}"]
            found[name] = " ".join([*fields, *([] if info.forbid_unknown_fields else ["*"])])
        return name

    def shape(of: inspect.Type) -> str:
        match of:
            case inspect.Metadata():
                return shape(of.type)
            case inspect.StrType():
                regex = _regex(of)
                assert regex in named, f"{regex} wants a name in TEXTS of the stand-alone verifier"
                return named[regex]
            case inspect.IntType():
                return "number"
            case inspect.BoolType():
                return "truth"
            case inspect.AnyType():
                return "any"
            case inspect.LiteralType():
                return f"={'|'.join(map(str, of.values))}"
            case inspect.VarTupleType() | inspect.ListType():
                return f"[{shape(of.item_type)}]"
            case inspect.DictType():
                return f"{{{shape(of.value_type)}}}"
            case inspect.StructType():
                return line(of.cls)
            case inspect.UnionType():
                return ";".join(shape(each) for each in of.types if not isinstance(each, inspect.NoneType)) + (
                    "?" if any(isinstance(each, inspect.NoneType) for each in of.types) else ""
                )
        raise TypeError(f"no shape is written for {of}")

    for each in roots.values():
        line(each)
    assert len(found) == len(names), "two of a name"
    return found


def _regex(of: inspect.StrType) -> str:
    if of.pattern is not None:
        return of.pattern.removeprefix("^(?:").removesuffix(r")$(?!\n)")
    if of.max_length is None and of.min_length is None:
        return "(?s:.*)"
    return f"(?s:.{{{of.min_length or 0},{of.max_length}}})"


def tag_fields() -> dict[str, str]:
    """The tags of each event, each by its kind and the fields that it is made of."""
    return {name: " ".join(_tags(of)) for name, of in EVENTS.items()}


def former() -> dict[str, Mapping[str, Any]]:
    """What events of an earlier version did not say, by type: there was one such version of each."""
    assert max(each.VERSION for each in EVENTS.values()) == 2
    return {name: upcast_fields(name, 1, {}) for name, of in EVENTS.items() if of.VERSION == 2}


def _tags(of: type[Any]) -> Iterator[str]:
    event = of(**{each.name: each.name for each in msgspec.structs.fields(of)})
    for each in event.tags(PROGRAMME):
        kind, programme, fields = each.partition(f":{PROGRAMME}")
        assert programme, each
        yield f"{kind}:{fields.removeprefix('/')}"
