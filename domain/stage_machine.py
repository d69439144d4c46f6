"""The states of a stage, and the decisions that lead from one to another."""

from __future__ import annotations

from typing import Literal

from domain.machines import machine
from domain.objections import ResultsNotPublishedError
from domain.record import Course
from domain.stages import (
    ResultsAlreadyPublishedError,
    ScoringOpenError,
    StageFinalError,
    StageNotConsolidatedError,
    StageNotOpenError,
)

StageState = Literal["unopened", "scoring", "closed", "consolidated", "published", "final", "reopened", "closed-again"]

STAGE = machine(
    "stage",
    initial="unopened",
    transitions=[
        ("unopened", "open-stage", "scoring"),
        ("scoring", "close-scoring", "closed"),
        ("closed", "consolidate-stage", "consolidated"),
        ("scoring", "consolidate-stage", "consolidated", "reported"),
        ("consolidated", "publish-results", "consolidated"),
        ("consolidated", "publish-results", "published"),
        ("published", "file-objection", "published"),
        ("published", "waive-objections", "published"),
        ("published", "finalise-stage", "final"),
        ("closed", "reopen-scoring", "scoring"),
        ("consolidated", "reopen-scoring", "reopened"),
        ("published", "reopen-scoring", "reopened"),
        ("closed-again", "reopen-scoring", "reopened"),
        ("reopened", "close-scoring", "closed-again"),
        ("closed-again", "reconsolidate-stage", "consolidated"),
        ("reopened", "reconsolidate-stage", "consolidated", "reported"),
    ],
    refusals={
        "unopened": StageNotOpenError,
        "scoring": ScoringOpenError,
        "closed": StageNotConsolidatedError,
        "consolidated": ResultsNotPublishedError,
        "published": ResultsAlreadyPublishedError,
        "final": StageFinalError,
        "reopened": ScoringOpenError,
        "closed-again": StageNotConsolidatedError,
    },
)


def stage_state(course: Course) -> StageState:
    """How far a stage is; `reopened` and `closed-again` once its standings were settled before."""
    reached: tuple[tuple[int, StageState], ...] = (
        (course.finalised, "final"),
        (course.published, "published"),
        (course.consolidated, "consolidated"),
        (course.closed, "closed-again" if course.settled else "closed"),
        (course.opened, "reopened" if course.settled else "scoring"),
    )
    return next((state for position, state in reached if position), "unopened")
