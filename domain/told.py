"""What a fact is about: two facts of one kind that were told the same are the same fact."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from domain.boundary import QueryItem
from domain.decision import Fact
from domain.grant_course import GrantCourse
from domain.record import Course
from domain.teams import Roster

_PLAIN: Final = {str, int, bool, bytes, tuple, QueryItem, type(None)}
_FOLDED: Final = (Course, GrantCourse, Roster)
_FOLDED_EMPTY: Final = (dict, list, set)
"""What facts begin with, and fold events into."""


class _Plan(NamedTuple):
    """Which attributes of a fact say what it is about, and which are empty in one that is not folded yet.
    `whole`: all of them say it."""

    plain: tuple[int, ...]
    empty: tuple[int, ...]
    own: bool
    whole: bool


_PLANS: Final[dict[tuple[type, ...], _Plan]] = {}
"""By the type of a fact, and those of its attributes: what to look at is the same for all of these."""


def told(fact: Fact) -> Hashable:
    """What a fact that is not folded yet was told; `None` of one that was told anything else, and is its own."""
    values = tuple(vars(fact).values())
    kinds = (type(fact), *map(type, values))
    plan = _PLANS.get(kinds)
    if plan is None:
        plan = _PLANS[kinds] = _planned(values)
    if plan.whole:
        return (kinds[0], *values)
    if plan.own:
        return None
    for at in plan.empty:
        if values[at]:
            return None
    return (kinds[0], *[values[at] for at in plan.plain])


def _planned(values: tuple[object, ...]) -> _Plan:
    plain = tuple(at for at, each in enumerate(values) if type(each) in _PLAIN)
    left = [at for at, each in enumerate(values) if at not in plain and not isinstance(each, _FOLDED)]
    own = any(not isinstance(values[at], _FOLDED_EMPTY) for at in left)
    return _Plan(plain, tuple(left), own=own, whole=len(plain) == len(values))
