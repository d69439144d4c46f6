"""Who took part in what a team may object to: its scores, a ruling on it, its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.event import Event
from domain.outcome_events import IndependenceRuled, OutcomeSuperseded, TeamAdvanced, TeamEliminated
from domain.score_events import (
    ExclusionRecorded,
    FigureCertified,
    MeasurementCorrected,
    MeasurementRecorded,
    ScoreCorrected,
    ScoreSubmitted,
)
from domain.stage_events import ScoringReopened, StageConsolidated, StageReconsolidated

Subject = Literal["outcome", "score", "ruling"]


class Part(msgspec.Struct, frozen=True):
    """By which decision an event comes, and what it is part of.

    `later`: that it takes the place of another of the same subject; who took part in that one still did.
    """

    subject: Subject
    decision: str
    later: bool = False


PARTS: Final[Mapping[type[Event], Part]] = {
    ScoreSubmitted: Part("score", "submit-score"),
    ScoreCorrected: Part("score", "correct-score"),
    MeasurementRecorded: Part("score", "record-measurement"),
    MeasurementCorrected: Part("score", "correct-measurement"),
    ExclusionRecorded: Part("score", "record-exclusion"),
    FigureCertified: Part("score", "certify-figure"),
    StageConsolidated: Part("score", "consolidate-stage"),
    ScoringReopened: Part("score", "reopen-scoring"),
    StageReconsolidated: Part("score", "reconsolidate-stage"),
    IndependenceRuled: Part("ruling", "rule-independence"),
    TeamAdvanced: Part("outcome", "advance-team"),
    TeamEliminated: Part("outcome", "eliminate-team"),
    OutcomeSuperseded: Part("outcome", "supersede-outcome", later=True),
}
"""Every event that names its `deciders`. Who may decide an objection, and whether a charter leaves anybody who may,
both follow from it."""


class Participants:
    """A fact: the agencies that took part in the scores of a stage, and in rulings and outcomes of its teams."""

    def __init__(self, programme: str, stage: str) -> None:
        self._tag = tag("stage", programme, stage)
        self._found: dict[tuple[Subject, str | None], set[str]] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in PARTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Any) -> None:
        subject = PARTS[type(event)].subject
        of = None if subject == "score" else event.team
        self._found.setdefault((subject, of), set()).update(event.deciders)

    def of(self, subject: Subject, team: str) -> set[str]:
        """Who took part in that of the team; in the scores of any, since each counts in the ranks of all."""
        return self._found.get((subject, None if subject == "score" else team), set())
