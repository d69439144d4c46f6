"""The bodies of requests: JSON that is one thing to everybody, or every field at fault."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from domain.decision import Command, Decision
from domain.json_text import repeated_key
from domain.refusal import InvalidCommandError
from domain.shape_faults import misshapen

T = TypeVar("T")


class MalformedBodyError(ValueError):
    """The body is not JSON at all, or not in UTF-8."""


def parse_command(decision: Decision, body: bytes) -> Command:
    """The command in a body. Raises as `parse_body`."""
    return parse_body(decision.command, body, of=decision.type)


def parse_body(type_: type[T], body: bytes, *, of: str) -> T:
    """The JSON of a body; `of`: what the specification calls it.

    Raises `MalformedBodyError`, or `InvalidCommandError` with every field at fault.
    """
    try:
        document = msgspec.json.decode(body)
        repeated = repeated_key(body.decode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedBodyError("the body is nested too deeply") from error
    if repeated is not None:
        raise InvalidCommandError(
            f"{repeated.pointer}: {repeated.key[:80]!r} stands twice",
            rule="Each field is given once: the bytes are kept as they were sent, and must say the same to everybody.",
            pointer=repeated.pointer,
        )
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise misshapen(document, type_, of=of) from error
