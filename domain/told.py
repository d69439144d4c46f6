"""What a fact is about: two facts of one kind that were told the same are the same fact."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from domain.boundary import QueryItem
from domain.decision import Fact
from domain.grant_course import GrantCourse
from domain.record import Course
from domain.teams import Roster

_PLAIN: Final = {str, int, bool, bytes, tuple, QueryItem, type(None)}
_FOLDED: Final = (Course, GrantCourse, Roster)
_FOLDED_EMPTY: Final = (dict, list, set)
"""What facts begin with, and fold events into."""


def told(fact: Fact) -> Hashable:
    """What a fact that is not folded yet was told; `None` of one that was told anything else, and is its own."""
    found: list[Hashable] = [type(fact)]
    for each in vars(fact).values():
        if type(each) in _PLAIN:
            found.append(each)
        elif not isinstance(each, _FOLDED) and (each or not isinstance(each, _FOLDED_EMPTY)):
            return None
    return tuple(found)
