"""What is wrong with the shape of a document: every field apart, by its place, in a person's words.

The types are the contract: a scalar's (`domain.scalars`) `description` says what is expected of it. What is left
once all that is faulty is set apart can be checked further (`domain.soundness`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from msgspec import inspect

from domain.fault import Fault
from domain.pointers import place
from domain.refusal import FieldError, InvalidCommandError
from domain.soundness import UNSOUND

LISTED: Final = 100
"""So many faults of one command are listed: enough to mend it, and fewer than a body could be made to cause."""


_type_info = functools.cache(inspect.type_info)
"""Worked out once a type: it costs more than what is done with it."""


def misshapen(document: object, type_: type, *, of: str, within: str = "") -> InvalidCommandError:
    """The refusal of a document that is not of the struct `type_`, with every fault by its place.

    `of`: what the specification calls it. `within`: the JSON pointer of the document in what was sent.
    """
    found = islice(shape_faults(document, type_), LISTED)
    errors = tuple(FieldError(within + fault.pointer, fault.detail) for fault in found)
    return InvalidCommandError(
        "; ".join(f"{each.pointer or 'body'}: {each.detail}" for each in errors),
        rule=f"What is sent as {of} has the shape that the API's specification says.",
        errors=errors,
    )


def shape_faults(document: object, type_: type) -> Iterator[Fault]:
    """Every place where `document`, as JSON or YAML gives it, is not of the struct `type_`."""
    return _faults("", document, _type_info(type_))


def sound_parts(document: object, type_: type) -> Any:
    """The struct `type_` with `UNSOUND` for every part that is of another shape or missing, if need be for all of it.

    Fields that are not known are left out.
    """
    return _sound(document, _type_info(type_))


def _faults(pointer: str, value: object, expected: inspect.Type) -> Iterator[Fault]:
    match expected:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            if list(_faults(pointer, value, inner)):
                said = (schema or {}).get("description", "of the kind that belongs here")
                yield Fault(pointer, f"{shown(value)} is not {said}")
        case inspect.UnionType(types=types):
            yield from _union_faults(pointer, value, types)
        case inspect.StructType():
            yield from _struct_faults(pointer, value, expected)
        case inspect.VarTupleType(item_type=item):
            if not isinstance(value, list | tuple):
                yield Fault(pointer, f"{shown(value)} is not a list")
                return
            for i, each in enumerate(value):
                yield from _faults(place(pointer, i), each, item)
        case inspect.LiteralType(values=values):
            if value not in values:
                allowed = ", ".join(sorted(map(str, values)))
                yield Fault(pointer, f"{shown(value)} is not {'one of ' if len(values) > 1 else ''}{allowed}")
        case inspect.StrType():
            if not isinstance(value, str) or not _fits(value, expected):
                yield Fault(pointer, f"{shown(value)} is not a text that belongs here")
        case inspect.DictType(key_type=key, value_type=inner):
            if not isinstance(value, dict):
                yield Fault(pointer, f"{shown(value)} is not a mapping of fields")
                return
            for name, each in value.items():
                yield from _faults(place(pointer, name), name, key)
                yield from _faults(place(pointer, name), each, inner)
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield Fault(pointer, f"{shown(value)} is not true or false")
        case inspect.AnyType() | inspect.RawType() | inspect.NoneType():
            return
        case _:
            raise TypeError(f"{expected} is no type of a document")


def _fits(text: str, expected: inspect.StrType) -> bool:
    return (
        (expected.pattern is None or re.search(expected.pattern, text) is not None)
        and (expected.min_length or 0) <= len(text)
        and (expected.max_length is None or len(text) <= expected.max_length)
    )


def _union_faults(pointer: str, value: object, types: tuple[inspect.Type, ...]) -> Iterator[Fault]:
    expected = _alternative(value, types)
    if expected is not None:
        yield from _faults(pointer, value, expected)
        return
    field, tagged = _tagged(types)
    if not isinstance(value, dict) or field not in value:
        yield Fault(place(pointer, field), "is missing")
    else:
        allowed = ", ".join(sorted(map(str, tagged)))
        yield Fault(place(pointer, field), f"{shown(value[field])} is not one of {allowed}")


def _alternative(value: object, types: tuple[inspect.Type, ...]) -> inspect.Type | None:
    """Which of the types the value is held against: of nothing, a list, structs that a tag tells apart, and others.

    `None` where no struct has the tag of a mapping.
    """
    nothing = [each for each in types if isinstance(each, inspect.NoneType)]
    listed = [each for each in types if isinstance(each, inspect.VarTupleType)]
    others = [each for each in types if not isinstance(each, inspect.NoneType | inspect.VarTupleType)]
    if nothing and value is None:
        return nothing[0]
    if listed and (isinstance(value, list | tuple) or not others):
        return listed[0]
    field, tagged = _tagged(types)
    if len(others) == 1 or not tagged or not isinstance(value, dict):
        return others[0]
    tag = value.get(field)
    return tagged.get(tag) if isinstance(tag, str) else None


def _tagged(types: tuple[inspect.Type, ...]) -> tuple[str, dict[str | int | None, inspect.StructType]]:
    """The structs by their tag, and the field that it stands in."""
    tagged = {each.tag: each for each in types if isinstance(each, inspect.StructType)}
    return next((each.tag_field for each in tagged.values() if each.tag_field is not None), ""), tagged


def _struct_faults(pointer: str, value: object, expected: inspect.StructType) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(pointer, f"{shown(value)} is not a mapping of fields")
        return
    fields = {each.encode_name: each for each in expected.fields}
    for name in value:
        if name not in fields and name != expected.tag_field:
            yield Fault(place(pointer, name), "is no field that is known here")
    for name, field in fields.items():
        if name in value:
            yield from _faults(place(pointer, name), value[name], field.type)
        elif field.required:
            yield Fault(place(pointer, name), "is missing")


def _sound(value: Any, expected: inspect.Type | None) -> Any:
    match expected:
        case inspect.UnionType(types=types):
            return _sound(value, _alternative(value, types))
        case inspect.StructType(cls=cls, fields=fields) if isinstance(value, dict):
            given = {f.name: _sound(value[f.encode_name], f.type) for f in fields if f.encode_name in value}
            missing = {f.name: UNSOUND for f in fields if f.required}
            return cls(**missing | given)
        case inspect.VarTupleType(item_type=item) if isinstance(value, list | tuple):
            return tuple(_sound(each, item) for each in value)
        case None:
            return UNSOUND
        case _:
            return UNSOUND if any(_faults("", value, expected)) else value


def shown(value: Any) -> str:
    """A value as a person reads it, cut short; what is no text is named by its kind."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…") if value else "an empty text"
    if isinstance(value, bool):
        return f"{'true' if value else 'false'} (not a text)"
    if value is None:
        return "nothing (null)"
    if isinstance(value, dict):
        return "a mapping of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return f"{str(value)[:40]} (a number; write it as a text, in quotes)"
