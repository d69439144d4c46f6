"""What can be told of a document whose shape is not sound everywhere: all that needs nothing of what is not."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Whole = TypeVar("Whole")
Found = TypeVar("Found")


class UnsoundError(Exception):
    """A check came to read what is of another shape."""


class _Unsound:
    """What is of another shape, and every part of it. It can be handed on; whoever reads it stops."""

    def __getattr__(self, _name: str) -> _Unsound:
        return self

    def _stop(self, *_: object) -> NoReturn:
        raise UnsoundError

    __call__ = __bool__ = __eq__ = __ne__ = __hash__ = __lt__ = __le__ = __gt__ = __ge__ = _stop
    __contains__ = __iter__ = __len__ = __int__ = __str__ = __format__ = _stop


UNSOUND: Final[Any] = _Unsound()
"""Stands in the place of every part of a document that is of another shape."""


def as_far_as_sound(check: Callable[P, Iterator[Found]]) -> Callable[P, Iterator[Found]]:
    """The check, which ends where it would have to read what is unsound."""

    @functools.wraps(check)
    def told(*args: P.args, **kwargs: P.kwargs) -> Iterator[Found]:
        with contextlib.suppress(UnsoundError):
            yield from check(*args, **kwargs)

    return told


def sound(parts: Iterable[T]) -> Iterator[T]:
    return (each for each in parts if each is not UNSOUND)


@as_far_as_sound
def numbered(parts: Iterable[T]) -> Iterator[tuple[int, T]]:
    """The sound parts of a list, each with its place in it; none of a list that is unsound."""
    yield from ((i, each) for i, each in enumerate(parts) if each is not UNSOUND)


def in_each(
    place: str, parts: Iterable[T], whole: Whole, *checks: Callable[[str, T, Whole], Iterator[Found]]
) -> Iterator[Found]:
    """What every check finds in every part of a list at `place`, each as far as sound.

    A check takes the place of the part, the part, and what it belongs to.
    """
    for i, part in numbered(parts):
        for check in checks:
            yield from as_far_as_sound(check)(f"{place}/{i}", part, whole)
