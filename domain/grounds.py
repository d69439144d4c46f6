"""Grounds: what rank, gates and rulings of a stage say for and against each team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from domain.outcome_events import Basis
from domain.record import StageRecord
from domain.rubric import Stage
from domain.stages import planned_eliminations
from domain.tally import Outcome, Tally, gate_outcome, tally


class Grounds:
    """Of every team of the stage, as its facts are now. `found`: their tally, where it is known."""

    def __init__(self, stage: Stage, record: StageRecord, found: Tally | None = None) -> None:
        self._stage = stage
        self._course = record.course
        self._planned = planned_eliminations(stage, record)
        self._found = tally(stage, record.course, record.cells) if found is None else found
        self._withdrawn = [team for team in self._found.ranks if self._course.withdrew(team)]
        self._left = len(self._found.ranks) - len(self._withdrawn)

    def gates(self, team: str) -> Iterator[tuple[str, Outcome | None]]:
        """Each gate, and whether the team passed it, if that is known."""
        for gate in self._stage.gates:
            yield gate.id, gate_outcome(self._stage, gate.id, team, self._found, self._course)

    def against_advancement(self, team: str) -> str | None:
        """What rank or gates say against a team that goes on, or `None`.

        As many go on as the plan leaves. Whoever is out by a gate or a ruling, before them by rank, takes no place of
        theirs; and where more leave than planned, those before the planned cut go on nevertheless.
        """
        if failed := self._failed(team):
            return f"{team} failed {', '.join(failed)}"
        if self._stage.cut is None or self._planned is None:
            return None
        cut = min(self._stage.cut, self._planned)
        if self._in_cut(team, cut) and self._in_cut(team, cut, without=self.out):
            return f"{team} ranks {self._found.ranks[team].best}, within the cut of {cut}"
        return None

    def against_elimination(self, basis: Basis, team: str) -> str | None:
        """Why the basis does not bear an elimination, or `None`."""
        if basis == "ruling":
            if self._course.rulings.get(team) != "not_met":
                return f"no ruling says that {team} is not independent"
        elif basis == "gate":
            if not self._failed(team):
                return f"{team} failed no gate"
        elif basis == "rank" and not self._in_cut(team, cut := self._rank_cut):
            rank = self._found.ranks[team]
            planned = f"{self._stage.id} plans no cut" if cut is None else f"the cut is {cut}"
            return f"{team} ranks {rank.best} to {rank.worst} of {len(self._found.ranks)}; {planned}"
        return None

    def may_go_on(self) -> list[str]:
        """Teams that are left, rank before the planned cut, failed no gate and were not ruled out."""
        return [
            team
            for team in self._found.ranks
            if team not in self._withdrawn
            and team not in self.out
            and (team in self._course.by_objection or not self._in_cut(team, self._stage.cut))
        ]

    @property
    def _rank_cut(self) -> int | None:
        """How many leave by rank; where all that are left leave, those only that are within the planned cut."""
        return self._stage.cut if self._planned is not None and self._planned >= self._left else self._planned

    @cached_property
    def out(self) -> list[str]:
        """By a ruling, or by a gate unless an upheld objection brought the team past it."""
        ruled = [team for team in self._found.ranks if self._course.rulings.get(team) == "not_met"]
        past = {*ruled, *self._course.by_objection}
        return [*ruled, *(team for team in self._found.ranks if team not in past and self._failed(team))]

    def _failed(self, team: str) -> list[str]:
        return [gate for gate, outcome in self.gates(team) if outcome == "failed"]

    def _in_cut(self, team: str, cut: int | None, *, without: Iterable[str] = ()) -> bool:
        """The team surely ranks among the last `cut` of those that did not withdraw; `without` take no rank."""
        ranks = self._found.ranks
        best = ranks[team].best
        before = sum(ranks[each].best < best for each in {*self._withdrawn, *without})
        return cut is not None and best - before > self._left - cut
