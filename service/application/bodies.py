"""The bodies of requests: JSON that is one thing to everybody, or every field at fault."""

from __future__ import annotations

import functools
from typing import Any, TypeVar, cast

import msgspec

from domain.decision import Command, Decision
from domain.json_text import RepeatedKey, repeated_key
from domain.refusal import InvalidCommandError
from domain.shape_faults import misshapen

T = TypeVar("T")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class MalformedBodyError(ValueError):
    """The body is not JSON at all, or not in UTF-8."""


def parse_command(decision: Decision, body: bytes) -> Command:
    """The command in a body. Raises as `parse_body`."""
    return parse_body(decision.command, body, of=decision.type)


def parse_body(type_: type[T], body: bytes, *, of: str) -> T:
    """The JSON of a body; `of`: what the specification calls it.

    Raises `MalformedBodyError`, or `InvalidCommandError` with every field at fault.
    """
    repeated = read_json(body)
    if repeated is not None:
        raise twice(repeated.key, repeated.pointer)
    return shaped(type_, body, of=of)


def read_json(body: bytes) -> RepeatedKey | None:
    """The first key that stands twice in a body. Raises `MalformedBodyError` if it is not JSON."""
    try:
        # What is written again as it was sent holds each key once. Most bodies are; the rest takes five times that.
        if _encode(_decode(body)) == body:
            return None
        return repeated_key(body.decode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedBodyError("the body is nested too deeply") from error


def twice(key: str, pointer: str) -> InvalidCommandError:
    """The refusal of a body in which a key stands twice in one object."""
    return InvalidCommandError(
        f"{pointer}: {key[:80]!r} stands twice",
        rule="Each field is given once: the bytes are kept as they were sent, and must say the same to everybody.",
        pointer=pointer,
    )


def shaped(type_: type[T], body: bytes | msgspec.Raw, *, of: str) -> T:
    """What JSON says, as that type. Raises `InvalidCommandError` with every field at fault."""
    try:
        found: T = _decoder(cast("Any", type_)).decode(body)
    except msgspec.ValidationError as error:
        raise misshapen(msgspec.json.decode(body), type_, of=of) from error
    return found


@functools.cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """Kept: to look a type up takes as long as to decode a score."""
    return msgspec.json.Decoder(type_)
