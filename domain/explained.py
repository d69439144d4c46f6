"""What an explanation is made from: the facts of a stage as of a position, and the entries that the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Final, TypeVar

import msgspec

from domain.bounds import Bounds
from domain.charter_document import Charter
from domain.event import Event
from domain.naming import NamesThen
from domain.reasons import AppliedRule, Kind, Naming, Reason, capital, reason, say
from domain.record import Course, Statement
from domain.rubric import Stage
from domain.score_events import FigureCertified
from domain.sentences import Says, Words, told
from domain.sufficient import sufficient
from domain.tally import Cells, Points, Tally, computed_points, tally_of
from domain.views.audit_trail import Entry, event_of

_FIGURES: Final = 60_000
"""So many figures are worked out anew at most, about, to find out which certified ones suffice: some two seconds."""
_FEWEST_TRIES: Final = 30

E = TypeVar("E", bound=Event)


class Explained:
    """One team in one stage. `entries`: of the audit trail, as the reader may see them, in order."""

    def __init__(
        self,
        charter: Charter,
        rules_hash: str,
        stage: Stage,
        course: Course,
        cells: Cells,
        entries: list[Entry],
        names: NamesThen,
        team: str,
    ) -> None:
        self.charter = charter
        self.stage = stage
        self.course = course
        self.cells = cells
        self.names = names
        self.team = team
        self.named = Naming(names, stage.id)
        self._rules_hash = rules_hash
        self._tallies: dict[frozenset[int], Tally] = {}
        self.entries = {each.position: each for each in entries if each.withheld is None}
        self._events = [(position, event_of(each)) for position, each in self.entries.items()]

    @cached_property
    def computed(self) -> Points:
        return computed_points(self.stage, self.course, self.cells)

    @cached_property
    def found(self) -> Tally:
        return self.tally(self.course.statements)

    def tally(self, statements: list[Statement]) -> Tally:
        """As it would be with these statements only."""
        key = frozenset(each.position for each in statements)
        if key not in self._tallies:
            course = msgspec.structs.replace(self.course, statements=statements)
            self._tallies[key] = tally_of(self.stage, course, self.computed)
        return self._tallies[key]

    @property
    def reported(self) -> bool:
        return self.charter.data_set == "public-record"

    @property
    def decimals(self) -> int | None:
        return self.stage.decimals

    def bounds(self, node: str, team: str | None = None) -> Bounds:
        return self.found.figures[team or self.team, node]

    def events(self, *types: type[E]) -> Iterator[tuple[int, E]]:
        """Those that the reader may see, with their positions."""
        for position, event in self._events:
            if isinstance(event, types):
                yield position, event

    def seen(self, *positions: int) -> tuple[int, ...]:
        """Those of events that the reader may see."""
        return tuple(each for each in positions if each in self.entries)

    def rule(self, en: str, ko: str, **places: Words | str | int) -> AppliedRule:
        return AppliedRule(text=say(en, ko, **places), rules_hash=self._rules_hash)

    def recounted(
        self,
        kind: Kind,
        position: int,
        *,
        value: str | None = None,
        rule: AppliedRule | None = None,
        children: Iterable[Reason] = (),
    ) -> Reason:
        """An event as the audit trail tells it."""
        entry = self.entries[position]
        what = entry.says or Words(entry.type, entry.type)
        return reason(kind, what, value=value, rule=rule, positions=(position,), children=children)

    def statement(self, statement: Statement) -> Reason:
        """A certified figure in words, with its source."""
        event = FigureCertified(stage=self.stage.id, figure=statement.figure, source=statement.source)
        says = Says(en="{figure}", ko="{figure}", terms=FigureCertified.SAYS.terms)
        what = told(says, event, {}, self.names)
        sentence = capital(Words(f"{what.en}.", f"{what.ko}."))
        return reason("statement", sentence, source=statement.source, positions=(statement.position,))

    def enough(self, holds: Callable[[Tally], bool], what: Words) -> Reason | None:
        """Certified figures from which something follows; none if it follows without any."""
        if not self.course.statements:
            return None
        figures = len(self.course.teams) * len(self.stage.nodes())
        tries = max(_FEWEST_TRIES, _FIGURES // max(figures, 1))
        found = sufficient(self.course.statements, self.team, lambda some: holds(self.tally(some)), tries=tries)
        if not found.statements:
            return None
        number = len(found.statements)
        if number == 1:
            en = "{what} follows from this one certified figure alone. {needed}"
            ko = "{what}은(는) 확인된 다음 수치 하나만으로 도출된다. {needed}"
            needed = say("Without it, it would not follow.", "이것이 없으면 도출되지 않는다.")
        else:
            en = "{what} follows from these {number} certified figures alone. {needed}"
            ko = "{what}은(는) 확인된 다음 수치 {number}건만으로 도출된다. {needed}"
            needed = say(
                "Leave any one of them out and it no longer follows.", "이 가운데 하나라도 빠지면 도출되지 않는다."
            )
        if not found.minimal:
            needed = say("Not each of them may be needed.", "모두가 필요한 것은 아닐 수 있다.")
        sentence = say(en, ko, what=what, number=number, needed=needed)
        return reason("suffices", sentence, children=[self.statement(each) for each in found.statements])
