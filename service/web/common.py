"""What handlers of pages have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from litestar import get

from domain import charter_document
from domain.charter_document import Charter
from domain.disclosure import PUBLIC
from domain.scalars import Names
from domain.sentences import LANGUAGES
from service.api.parts import Parts
from service.web.rendering import Label

DEADLINES_SECONDS: Final = 15.0
"""How long a page goes on to show which deadlines run; everything else on it is as of the request."""


def page(path: str) -> Callable[[Any], Any]:
    """A handler of the page in each language."""
    return get([f"/{each}{path}" for each in LANGUAGES])


async def charter_of(parts: Parts, programme: str) -> Charter:
    """The charter in force. Raises `UnknownProgrammeError`."""
    document, _rules_hash = await parts.run(partial(parts.queries.charter, programme))
    return charter_document.parse(document)


async def names_of(parts: Parts, programme: str, position: int | None = None) -> dict[str, Names]:
    """What every team is called. Raises as `Queries.teams`."""
    asked = partial(parts.queries.teams, programme, PUBLIC, as_of_position=position)
    teams, _position = await parts.run(asked)
    return {each.team: each.names for each in teams}


def of_programme(charter: Charter) -> dict[str, Any]:
    """What every page of a programme is given: its charter, and the label that says what its figures are."""
    label = Label(charter.data_set, charter.notice, charter.zone)
    return {"label": label, "programme": charter.programme, "charter": charter}
