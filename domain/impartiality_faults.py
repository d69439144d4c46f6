"""Objections that nobody could decide, since whoever decides one took part in what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.charter_document import Charter
from domain.fault import Fault
from domain.mandate_faults import asking
from domain.soundness import as_far_as_sound, numbered
from domain.taking_part import PARTS, Subject

_CALLED: Final = {"advance-team": "an advancement", "eliminate-team": "an elimination"}


@as_far_as_sound
def impartiality_faults(charter: Charter) -> Iterator[Fault]:
    windows = [i for i, stage in numbered(charter.stages) if stage.objections is not None]
    deciding = _ways(charter, "decide-objection")
    if charter.data_set == "public-record" or not windows or not deciding:
        return
    giving = {each.id for each in charter.agencies if charter.gives_scores(each.id)}
    found: list[set[str]] = []
    for subject, decisions in _subjects(charter):
        about = [ways for decision in decisions for ways in _each_time(charter, decision)]
        barred = giving if subject == "scores" else set()
        if any(who.isdisjoint(barred) and all(_apart(who, ways) for ways in about) for who in deciding):
            continue
        if any(each <= decisions for each in found):
            continue  # it is said of a part of that already
        found.append(decisions)
        for i in windows:
            yield Fault(
                f"/stages/{i}/objections",
                f"nobody could decide an objection to {subject}: whoever may, or countersigns it, took part",
            )


def _subjects(charter: Charter) -> Iterator[tuple[str, set[str]]]:
    """What an objection may be about, and what was decided for it; what rests on more comes after it."""
    ruling = _decisions("ruling") if charter.independence.perspectives else set()
    yield "scores", _decisions("score")
    if ruling:
        yield "a ruling", ruling
    later = _decisions("outcome", later=True)
    for first in sorted(_decisions("outcome") - later):
        yield _CALLED[first], {first}
    for first in sorted(_decisions("outcome") - later):
        yield f"what takes the place of {_CALLED[first]}", {first, *later}
        if ruling and first == "eliminate-team":
            yield "an elimination by ruling", {first, *ruling}
        if ruling:
            yield f"an elimination by ruling in the place of {_CALLED[first]}", {first, *later, *ruling}


def _decisions(subject: Subject, *, later: bool = False) -> set[str]:
    return {each.decision for each in PARTS.values() if each.subject == subject and each.later >= later}


def _apart(who: set[str], ways: list[set[str]]) -> bool:
    """Whether a decision may be made without any of them."""
    return any(who.isdisjoint(way) for way in ways)


def _each_time(charter: Charter, decision: str) -> Iterator[list[set[str]]]:
    """The ways to make the decision whenever it is made: as it is at most times, and where it asks for a second one."""
    if ways := _ways(charter, decision):
        yield ways
    if decision in asking(charter) and (ways := _with_second(charter, decision)):
        yield ways


def _ways(charter: Charter, decision: str) -> list[set[str]]:
    """Those who may make the decision, each with whoever may approve it where it always waits for a second one."""
    if charter.countersigned(decision):
        return _with_second(charter, decision)
    return [{each.id} for each in charter.agencies if charter.may(each.id, decision)]


def _with_second(charter: Charter, decision: str) -> list[set[str]]:
    making = [each.id for each in charter.agencies if charter.may(each.id, decision)]
    return [{each, second} for each in making for second in charter.countersigners(decision, each)]
