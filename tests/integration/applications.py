"""Applications in this process, used again: to make one costs more than what most tests do with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from litestar import Litestar

from service.api.application import create_application
from service.api.parts import Parts
from service.web.site import SITE

_free: list[tuple[Parts, Litestar]] = []
"""Those that nobody uses, and the parts that each was made over, which are no longer anybody's."""


@contextmanager
def application_over(parts: Parts) -> Iterator[Litestar]:
    """An application that works with these parts until the end of the block: a free one, or a new one."""
    held, application = _free.pop() if _free else _made(parts)
    vars(held).update(vars(parts))
    yield application
    _free.append((held, application))


def _made(parts: Parts) -> tuple[Parts, Litestar]:
    held = replace(parts)
    return held, create_application(held, pages=SITE)
