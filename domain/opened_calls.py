"""Which additional calls were opened, and the seats that they still offer: what stages and rules depend on, too."""

from __future__ import annotations

from domain.boundary import QueryItem, tag
from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection, CallTeamSelected
from domain.event import Event


class OpenedCalls:
    """A fact: how many seats each call that was opened still offers; none once it is filled or closed."""

    def __init__(self, programme: str) -> None:
        self._tag = tag("programme", programme)
        self.offered: dict[str, int] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (AdditionalCallOpened.TYPE, CallTeamSelected.TYPE, CallClosedWithoutSelection.TYPE)
        return (QueryItem(types=types, tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case AdditionalCallOpened(call=call, seats=seats):
                self.offered[call] = int(seats)
            case CallTeamSelected(call=call):
                self.offered[call] -= 1
            case CallClosedWithoutSelection(call=call):
                self.offered[call] = 0
            case _:
                pass

    @property
    def seats(self) -> int:
        return sum(self.offered.values())

    @property
    def open(self) -> list[str]:
        return [call for call, seats in self.offered.items() if seats]
