"""What is wrong with what a charter has follow by itself."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter, Reaction
from domain.fault import Fault, ids, unknown
from domain.soundness import as_far_as_sound, in_each
from domain.system import DEADLINE, REACTIONS, REMINDING, WITH_GRACE


def reaction_faults(charter: Charter) -> Iterator[Fault]:
    yield from unknown("/reactions", ids(charter.reactions), REACTIONS, "reaction")
    yield from _reported_faults(charter)
    yield from in_each(
        "/reactions", charter.reactions, charter, _signed_faults, _days_faults, _template_faults, _idle_faults
    )


@as_far_as_sound
def _reported_faults(charter: Charter) -> Iterator[Fault]:
    if charter.data_set == "public-record" and charter.reactions:
        yield Fault("/reactions", "a public record holds what was reported: nothing follows in it by itself")


def _signed_faults(place: str, reaction: Reaction, charter: Charter) -> Iterator[Fault]:
    decision = REACTIONS.get(reaction.id)
    if decision is not None and charter.wants_signed(decision):
        yield Fault(place, f"{decision!r} is signed by whoever decides it, and the system signs nothing")


def _days_faults(place: str, reaction: Reaction, _charter: Charter) -> Iterator[Fault]:
    if reaction.id in REMINDING and reaction.days == "0":
        yield Fault(f"{place}/days", "a reminder comes at least one day before the deadline")
    if reaction.days != "0" and reaction.id not in WITH_GRACE | REMINDING:
        yield Fault(f"{place}/days", f"{reaction.id!r} has no days")


def _template_faults(place: str, reaction: Reaction, charter: Charter) -> Iterator[Fault]:
    if reaction.id not in REMINDING:
        if reaction.template is not None:
            yield Fault(f"{place}/template", f"{reaction.id!r} serves no notice")
        return
    if reaction.template is None:
        yield Fault(place, "a reminder is served by a template of 'notices'")
        return
    yield from unknown(f"{place}/template", [reaction.template], ids(charter.notices), "notice")
    notice = charter.notice_template(reaction.template)
    for each in () if notice is None else notice.variables:
        if each != DEADLINE:
            yield Fault(f"{place}/template", f"a reminder has no value for {each!r}")


def _idle_faults(place: str, reaction: Reaction, charter: Charter) -> Iterator[Fault]:
    if reaction.id == "remind-of-calls" and not charter.calls:
        yield Fault(place, "there is no call to remind anybody of")
    if reaction.id == "remind-of-acknowledgements" and "acknowledge-notice" not in charter.consortium_decisions:
        yield Fault(place, "no team may acknowledge-notice, so that none is reminded of it")
