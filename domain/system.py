"""The system as an actor: it decides what the charter has follow by itself, and nothing else; nobody asks as it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.charter_document import Charter
from domain.envelope import Actor

SYSTEM: Final = "system:sillok"
"""Of a shape that no agency and no consortium can have."""

REACTIONS: Final[Mapping[str, str]] = {
    "close-calls": "close-call",
    "confer-titles": "confer-title",
    "finalise-stages": "finalise-stage",
    "open-calls": "open-additional-call",
    "remind-of-acknowledgements": "serve-notice",
    "remind-of-calls": "serve-notice",
    "remind-of-objections": "serve-notice",
    "remind-of-statements": "serve-notice",
    "revoke-grants": "revoke-grant",
    "serve-notices": "serve-notice",
    "suspend-grants": "suspend-grant",
}
"""What a charter may mandate the system with, by the name that it gives it in `reactions`, and the decision of each."""
SERVING: Final = "serve-notices"
"""It puts on record what was sent by itself."""
WITH_GRACE: Final = frozenset({"revoke-grants", "suspend-grants"})
"""Those that hold so many days after they are decided."""
DEADLINE: Final = "deadline"
"""What a reminder's template may name: the last day, as YYYY-MM-DD."""
REMINDING: Final = frozenset(each for each in REACTIONS if each.startswith("remind-of-"))
"""Those that serve a notice so many days before a deadline."""


def system(reaction: str, version: int = 1) -> Actor:
    """The system, deciding what a reaction has follow, by that version of its logic."""
    return Actor(agency=SYSTEM, principal=f"{reaction}/{version}", party="system")


def reaction_of(actor: Actor) -> tuple[str, str]:
    """The reaction that the system acts by, and the version of its logic."""
    name, _slash, version = actor.principal.partition("/")
    return name, version


def may_by_itself(charter: Charter, actor: Actor, decision: str) -> bool:
    """Whether the charter has the system make the decision by the reaction that it acts by."""
    name, _version = reaction_of(actor)
    mandated = any(each.id == name for each in charter.reactions)
    return mandated and actor.agency == SYSTEM and REACTIONS.get(name) == decision
