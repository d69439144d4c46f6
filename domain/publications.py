"""Up to which position what belongs to a stage is public: published results, until scoring is reopened."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.event import Event
from domain.stage_events import ResultsPublished, ScoringReopened

PUBLICATION_EVENTS: Final = (ResultsPublished, ScoringReopened)

_OPEN_ENDED: Final = 2**63 - 1


class Publications(msgspec.Struct):
    """Folded from `PUBLICATION_EVENTS`. `upto`: by stage, the last position that its published results cover."""

    upto: dict[str, int] = msgspec.field(default_factory=dict)

    def take(self, position: int, event: Event) -> None:
        match event:
            case ResultsPublished(stage=stage):
                self.upto[stage] = _OPEN_ENDED
            case ScoringReopened(stage=stage) if self.current(stage):
                self.upto[stage] = position
            case _:
                pass

    def current(self, stage: str) -> bool:
        """Whether the results of the stage are public as they stand."""
        return self.upto.get(stage) == _OPEN_ENDED

    def covers(self, stage: str | None, position: int) -> bool:
        """Whether what happened in the stage at that position is public."""
        return stage is not None and position <= self.upto.get(stage, 0)
