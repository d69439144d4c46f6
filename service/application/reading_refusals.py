"""What readers are told who ask for what there is not, not yet, or not any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domain.refusal import Refusal
from domain.views import PoisonEventError


class UnknownStageError(Refusal):
    """The charter has no stage of that name, or it was not opened."""

    KIND = "unknown"


class UnknownRulesError(Refusal):
    """No charter of that hash was ever in force in the programme."""

    KIND = "unknown"


class UnknownPositionError(Refusal):
    """The ledger does not reach that position yet."""

    KIND = "unknown"


class NotYetProjectedError(Exception):
    """The view did not reach the asked position in time. `position`: where it stands; `stale`: why, if it halted."""

    def __init__(self, position: int, stale: str | None) -> None:
        super().__init__(f"the view stands at position {position}" + (f", stale because {stale}" if stale else ""))


@contextmanager
def poison_told() -> Iterator[None]:
    """Rows that an event keeps from being folded are refused as those of a view that halted there."""
    try:
        yield
    except PoisonEventError as poison:
        raise NotYetProjectedError(poison.position - 1, str(poison)) from poison


def require_reached(position: int, head: int) -> None:
    """Raises `UnknownPositionError` unless the ledger has the position."""
    if not 0 < position <= head:
        raise UnknownPositionError(f"the ledger ends at {head}", rule="Positions run from 1 to the head.")


def until_published(stage: str) -> str:
    """How long an embargo lasts."""
    return f"until the results of {stage} are published"


def unknown_stage(programme: str, stage: str) -> UnknownStageError:
    """The refusal of a stage that the charter does not have."""
    return UnknownStageError(f"{stage[:80]!r} is no stage of {programme}", rule="The charter names the stages.")


def not_opened(programme: str, stage: str, position: int) -> UnknownStageError:
    """The refusal of a stage that no team competed in by then."""
    return UnknownStageError(
        f"{stage!r} was not opened in {programme} by position {position}",
        rule="Standings are of a stage that was opened.",
    )
