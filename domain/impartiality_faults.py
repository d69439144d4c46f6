"""Objections that nobody could decide, since whoever decides one took part in what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.charter_document import SCORING, Charter
from domain.fault import Fault
from domain.soundness import as_far_as_sound, numbered

_SUBJECTS: Final = {
    "scores": (*SCORING, "certify-figure", "consolidate-stage", "reopen-scoring", "reconsolidate-stage"),
    "an elimination": ("eliminate-team",),
    "an advancement": ("advance-team",),
    "a ruling": ("rule-independence",),
    "an elimination by ruling": ("eliminate-team", "rule-independence"),
}
"""What an objection may be about, and what was decided for it."""


@as_far_as_sound
def impartiality_faults(charter: Charter) -> Iterator[Fault]:
    windows = [i for i, stage in numbered(charter.stages) if stage.objections is not None]
    deciding = _ways(charter, "decide-objection")
    if charter.data_set == "public-record" or not windows or not deciding:
        return
    giving = {each.id for each in charter.agencies if charter.gives_scores(each.id)}
    for subject, decisions in _SUBJECTS.items():
        if "rule-independence" in decisions and not charter.independence.perspectives:
            continue  # there is nothing to rule upon
        about = [found for found in (_ways(charter, each) for each in decisions) if found]
        barred = giving if subject == "scores" else set()
        if not any(who.isdisjoint(barred) and all(_apart(who, ways) for ways in about) for who in deciding):
            for i in windows:
                yield Fault(
                    f"/stages/{i}/objections",
                    f"nobody could decide an objection to {subject}: whoever may, or countersigns it, took part",
                )


def _apart(who: set[str], ways: list[set[str]]) -> bool:
    """Whether a decision may be made without any of them."""
    return any(who.isdisjoint(way) for way in ways)


def _ways(charter: Charter, decision: str) -> list[set[str]]:
    """Those who may make the decision, each with whoever may approve it where it always waits for a second one."""
    making = [each.id for each in charter.agencies if charter.may(each.id, decision)]
    if not charter.countersigned(decision):
        return [{each} for each in making]
    return [{each, second} for each in making for second in charter.countersigners(decision, each)]
