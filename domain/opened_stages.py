"""Which stages were opened: what many decisions depend on, about teams, outcomes and rules."""

from __future__ import annotations

from domain.boundary import QueryItem, tag
from domain.charter_document import Charter
from domain.event import Event
from domain.refusal import Refusal
from domain.stage_events import StageOpened


class LaterStageOpenError(Refusal):
    """A later stage was opened on the outcomes of this one."""


class OpenedStages:
    """A fact: which stages were opened, and for which teams, in order."""

    def __init__(self, programme: str) -> None:
        self._programme = tag("programme", programme)
        self.fields: dict[str, tuple[str, ...]] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(StageOpened.TYPE,), tags=(self._programme,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, StageOpened):
            self.fields[event.stage] = event.teams

    def latest_of(self, team: str) -> str | None:
        """The stage that was opened last with the team in its field."""
        return next((stage for stage, field in reversed(self.fields.items()) if team in field), None)

    def require_none_after(self, stage: str, charter: Charter) -> None:
        """Raise once a later stage was opened on the outcomes of `stage`."""
        order = [each.id for each in charter.stages]
        if later := [each for each in self.fields if order.index(each) > order.index(stage)]:
            raise LaterStageOpenError(
                f"{later[0]} was opened on the outcomes of {stage}",
                rule="Results and outcomes stand once another stage was opened on them.",
            )
