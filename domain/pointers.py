"""JSON pointers (RFC 6901): the places in a document."""

from __future__ import annotations


def place(parent: str, step: str | int) -> str:
    """The pointer of a field or an element."""
    return f"{parent}/{str(step).replace('~', '~0').replace('/', '~1')}"
