"""How long what was open: stages with scoring and the window to object, calls with the window to apply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection, CallTeamSelected
from domain.calls import deadline_of
from domain.charter_document import Charter
from domain.stage_events import (
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageFinalised,
    StageOpened,
)
from domain.views.audit_trail import Entry, event_of

Phase = Literal["stage", "scoring", "objections", "call", "applications"]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """From the event at `since` to the one at `ended`, if anything ended it yet. `subject`: id of a stage or a call.

    `until`: the instant at which a window closes by itself, if it is known; it may have been ended before.
    """

    phase: Phase
    subject: str
    since: int
    ended: int | None = None
    until: str | None = None


BOUNDS: Final = frozenset(
    each.TYPE
    for each in (
        *(StageOpened, ScoringClosed, ScoringReopened, StageConsolidated, ResultsPublished, StageFinalised),
        *(AdditionalCallOpened, CallTeamSelected, CallClosedWithoutSelection),
    )
)
"""The types of events that begin or end a stretch."""


def stretches(charter: Charter, entries: Iterable[Entry]) -> tuple[Stretch, ...]:
    """In the order in which they began, by what the reader may see of the story; `charter`: in force, which may have
    moved the deadline of a call since it was opened."""
    found: dict[tuple[Phase, str, int], Stretch] = {}

    def begin(at: int, phase: Phase, subject: str, until: str | None = None) -> None:
        end(at, subject, phase)
        found[phase, subject, at] = Stretch(phase=phase, subject=subject, since=at, until=until)

    def end(at: int, subject: str, *phases: Phase) -> None:
        for key, each in found.items():
            if each.subject == subject and each.phase in phases and each.ended is None:
                found[key] = msgspec.structs.replace(each, ended=at)

    for entry in entries:
        at = entry.position
        match event_of(entry):
            case StageOpened(stage=stage):
                begin(at, "stage", stage)
                begin(at, "scoring", stage)
            case ScoringReopened(stage=stage):
                end(at, stage, "objections")
                begin(at, "scoring", stage)
            case ScoringClosed(stage=stage) | StageConsolidated(stage=stage):
                end(at, stage, "scoring")
            case ResultsPublished(stage=stage, objections_until=until):
                end(at, stage, "objections")
                if until is not None:
                    begin(at, "objections", stage, until)
            case StageFinalised(stage=stage):
                end(at, stage, "stage", "scoring", "objections")
            case AdditionalCallOpened(call=call):
                rules = charter.call(call)
                begin(at, "call", call)
                if rules is not None and (closes := deadline_of(rules, charter)) is not None:
                    begin(at, "applications", call, closes)
            case CallTeamSelected(call=call) | CallClosedWithoutSelection(call=call):
                end(at, call, "call", "applications")
            case _:
                pass
    return tuple(found.values())
