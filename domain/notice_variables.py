"""What the template of a notice may name, by the event that it is sent after, and how its text is written out.

Texts are written in the language of `domain.sentences`: places, and parts that are left out where they have nothing to
say. There is nothing in it that could be run.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain.charter_document import Charter
from domain.disclosure import disclosed
from domain.event import EVENTS
from domain.scalars import Names
from domain.sentences import Nameless, Says, Words, told

DEADLINES: Final = {
    "AdditionalCallOpened": ("closes", "day"),
    "ResultsPublished": ("objections_until", "deadline"),
    "StatementRequested": ("until", "deadline"),
}
"""Where an event says until when something can be done, and what kind of name that is."""
OF_EVERY: Final = ("programme", "team", "event", "what", "position", "receipt")
_OF_PROGRAMME: Final = frozenset({"CharterAmended"})
"""Events that name neither team nor stage nor call, and concern every team."""
_OF_NOTICES: Final = frozenset({"NoticeServed", "NoticeAcknowledged"})
"""Nobody is told of being told."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The value of each variable. `event`: what it is called. `what`: all that it says. `until`: the last day.

    What an event has nothing to say of is null.
    """

    programme: Names
    team: Words
    event: Words
    what: Words
    position: Words
    receipt: Words
    stage: Words | None = None
    call: Words | None = None
    until: Words | None = None


def variables_of(type_: str) -> dict[str, bool]:
    """The variables that a template for events of the type may declare, and whether each has a value every time."""
    fields = {each.name: each.required for each in msgspec.structs.fields(EVENTS[type_])}
    found = dict.fromkeys(OF_EVERY, True)
    found.update((name, fields[name]) for name in ("stage", "call") if name in fields)
    if type_ in DEADLINES:
        found["until"] = fields[DEADLINES[type_][0]]
    return found


def concerns_consortiums(charter: Charter, type_: str) -> bool:
    """Whether an event of the type is about a team, a stage or a call, and a consortium may ever read it."""
    cls = EVENTS[type_]
    named = {"team", "stage", "call"}.intersection(cls.__struct_fields__)
    if not (named or type_ in _OF_PROGRAMME) or type_ in _OF_NOTICES:
        return False
    return cls.OWN == "team" or disclosed(charter, type_) != "agencies"


def written_out(text: Names, given: Given) -> Words:
    """The text with the values in it. Raises `ValueError` where it is not of the language.

    A place that has nothing to say has to stand in a part that may be left out.
    """
    return told(Says(en=text.en, ko=text.ko), given, {}, Nameless())
