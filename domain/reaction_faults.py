"""What is wrong with what a charter has follow by itself."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter, Reaction
from domain.fault import Fault, ids, unknown
from domain.soundness import as_far_as_sound, in_each
from domain.system import REACTIONS, WITH_GRACE


def reaction_faults(charter: Charter) -> Iterator[Fault]:
    yield from unknown("/reactions", ids(charter.reactions), REACTIONS, "reaction")
    yield from _reported_faults(charter)
    yield from in_each("/reactions", charter.reactions, charter, _signed_faults, _grace_faults)


@as_far_as_sound
def _reported_faults(charter: Charter) -> Iterator[Fault]:
    if charter.data_set == "public-record" and charter.reactions:
        yield Fault("/reactions", "a public record holds what was reported: nothing follows in it by itself")


def _signed_faults(place: str, reaction: Reaction, charter: Charter) -> Iterator[Fault]:
    decision = REACTIONS.get(reaction.id)
    if decision is not None and charter.wants_signed(decision):
        yield Fault(place, f"{decision!r} is signed by whoever decides it, and the system signs nothing")


def _grace_faults(place: str, reaction: Reaction, _charter: Charter) -> Iterator[Fault]:
    if reaction.days != "0" and reaction.id not in WITH_GRACE:
        yield Fault(f"{place}/days", f"there is no grace period in {reaction.id!r}")
