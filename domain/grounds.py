"""Grounds: what rank, gates and rulings of a stage say for and against each team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from domain.outcome_events import Basis
from domain.record import StageRecord
from domain.rubric import Stage
from domain.stages import planned_eliminations
from domain.tally import Outcome, Tally, gate_outcome, tally


class Grounds:
    """Of every team of the stage, as its facts are now.

    `found`: their tally, if it is at hand. `left`: how many teams did not withdraw.
    """

    def __init__(self, stage: Stage, record: StageRecord, found: Tally | None = None) -> None:
        self._stage = stage
        self._course = record.course
        self._planned = planned_eliminations(stage, record)
        self._found = tally(stage, record.course, record.cells) if found is None else found
        self._withdrawn = [team for team in self._found.ranks if self._course.withdrew(team)]
        self.left = len(self._found.ranks) - len(self._withdrawn)

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
        if self.room(team) is None:
            return f"{team} ranks {self._found.ranks[team].best}, within the cut of {self.advancing_cut}"
        return None

    @property
    def advancing_cut(self) -> int | None:
        """How many leave by rank where it is asked who goes on; `None` where no cut is planned."""
        if self._stage.cut is None or self._planned is None:
            return None
        return min(self._stage.cut, self._planned)

    def room(self, team: str) -> Literal["before-cut", "others-out"] | None:
        """Why there is a place for the team by its rank: it ranks before the cut, or others are out; `None` if not."""
        cut = self.advancing_cut
        if not self._in_cut(team, cut):
            return "before-cut"
        return None if self._in_cut(team, cut, without=self.out) else "others-out"

    def against_elimination(self, basis: Basis, team: str) -> str | None:
        """Why the basis does not bear an elimination, or `None`."""
        if basis == "ruling":
            if self._course.rulings.get(team) != "not_met":
                return f"no ruling says that {team} is not independent"
        elif basis == "gate":
            if not self._failed(team):
                return f"{team} failed no gate"
        elif basis == "rank" and not self._in_cut(team, cut := self.rank_cut):
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
    def rank_cut(self) -> int | None:
        """How many leave by rank; where all that are left leave, those only that are within the planned cut."""
        return self._stage.cut if self._planned is not None and self._planned >= self.left else self._planned

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
        return cut is not None and best - before > self.left - cut
