"""Struct types, made ready before there are threads.

msgspec works a type out when something is first decoded as it, and keeps what it has at once: another thread that
decodes the same type meanwhile meets it half done, and the process dies (msgspec 0.22).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

_OWN: Final = ("domain", "service", "workers")


def make_ready() -> None:
    """Work out every struct of this code that was imported."""
    for cls in _structs(msgspec.Struct):
        if cls.__module__.partition(".")[0] in _OWN:
            msgspec.json.Decoder(cls)


def _structs(of: type[Any]) -> Iterator[type[Any]]:
    for cls in of.__subclasses__():
        yield cls
        yield from _structs(cls)
