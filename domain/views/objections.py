"""Objections as a reader may see them. They are few, so they are folded from the ledger whenever one asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from domain.event import Event
from domain.objections import OBJECTION_EVENTS, Objection, ObjectionFiled, ObjectionState
from domain.taking_part import Subject


class ObjectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One objection. `filed`, `decided`: positions, each with the time of its recording; null until it is decided.

    `reason`: of the decision. `grounds`, `evidence`: for agencies, auditors and the team itself, null for others.
    """

    objection: str
    stage: str
    team: str
    subject: Subject
    state: ObjectionState
    filed: int
    filed_at: str
    grounds: str | None
    evidence: tuple[str, ...] | None
    decided: int | None
    decided_at: str | None
    reason: str | None


def objection_rows(found: Iterable[tuple[int, str, Event]], shows: Callable[[int, Event], bool]) -> list[ObjectionRow]:
    """The objections that the reader may know of, in order of filing. The public knows of those that were decided.

    `found`: every event of the objections, with its position and the time of its recording. `shows`: whether the
    reader may read one of them; a team reads those of its own objections, whatever else is under embargo.
    """
    objections: dict[tuple[str, str], Objection] = {}
    times: dict[int, str] = {}
    for position, recorded_at, event in found:
        if isinstance(event, OBJECTION_EVENTS):
            objections.setdefault((event.team, event.objection), Objection()).take(position, event)
            times[position] = recorded_at
    rows = []
    for each in objections.values():
        if each.as_filed is None:
            continue
        whole = shows(each.filed, each.as_filed)
        if whole or (each.as_decided is not None and shows(each.decided, each.as_decided)):
            rows.append(_row(each, each.as_filed, times, whole=whole))
    return rows


def _row(objection: Objection, filed: ObjectionFiled, times: dict[int, str], *, whole: bool) -> ObjectionRow:
    return ObjectionRow(
        objection=filed.objection,
        stage=filed.stage,
        team=filed.team,
        subject=filed.subject,
        state=objection.state,
        filed=objection.filed,
        filed_at=times[objection.filed],
        grounds=filed.grounds if whole else None,
        evidence=filed.evidence if whole else None,
        decided=objection.decided or None,
        decided_at=times.get(objection.decided),
        reason=None if objection.as_decided is None else objection.as_decided.reason,
    )
