"""What has happened so far, as plain values, and the rules by the type of event that they are about."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]
Rule = Callable[["Lawful", int, Data], None]
RULES: dict[str, list[Rule]] = {}
"""By type of event: what must hold before it, and what it changes."""

AFTER_THE_END = {
    *("EvidenceRegistered", "CertificateIssued"),
    *("AdditionalCallOpened", "CallTeamSelected", "CallClosedWithoutSelection"),
}
"""What names a stage and changes nothing of it."""


def rule(*types: str) -> Callable[[Rule], Rule]:
    def declare(function: Rule) -> Rule:
        for each in types:
            RULES.setdefault(each, []).append(function)
        return function

    return declare


@dataclass
class Review:
    """Of one team in one stage. Positions; 0: not yet."""

    opened: int = 0
    asked: int = 0
    answered: int = 0
    ruled: int = 0
    verdict: str | None = None
    cited: set[str] = field(default_factory=set)
    opinions: set[str] = field(default_factory=set)


@dataclass
class Stage:
    """One stage so far. `live`: sheets and metrics that count, with the position at which each was given."""

    teams: list[str] = field(default_factory=list)
    opened: bool = False
    closed: bool = False
    certified: bool = False
    settled: int = 0
    reopened: bool = False
    consolidated: bool = False
    agreed: set[str] = field(default_factory=set)
    published: bool = False
    public_upto: float = 0
    final: bool = False
    deviation: str | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    grounds: dict[str, str] = field(default_factory=dict)
    waived: set[str] = field(default_factory=set)
    live: dict[tuple[str, ...], int] = field(default_factory=dict)
    panels: dict[str, str] = field(default_factory=dict)
    barred: set[tuple[str, str]] = field(default_factory=set)
    instead: dict[str, set[str]] = field(default_factory=dict)
    excluded: set[tuple[str, str, str]] = field(default_factory=set)
    below_quorum: set[tuple[str, str]] = field(default_factory=set)
    reviews: dict[str, Review] = field(default_factory=dict)

    @property
    def takes_scores(self) -> bool:
        return self.opened and not (self.closed or self.certified or self.consolidated or self.final)

    def may_judge(self, evaluator: str, team: str) -> bool:
        """Of a member of a panel."""
        if {(evaluator, team), (evaluator, "*")} & self.barred:
            return False
        return evaluator not in self.instead or team in self.instead[evaluator]

    def review(self, team: str) -> Review:
        return self.reviews.setdefault(team, Review())


@dataclass
class Lawful:
    """The history of one programme.

    `seated`: teams that hold a seat. `status` and `decided`: of every team, what it is, and where that was decided.
    `announced`: the stage and the outcome that was published last of a team.
    """

    charter: Data = field(default_factory=dict)
    rules_hash: str = ""
    amendments: dict[str, int] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    names: dict[str, Data] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)
    decided: dict[str, tuple[str, int]] = field(default_factory=dict)
    announced: dict[str, tuple[str, str]] = field(default_factory=dict)
    reenters: dict[str, str | None] = field(default_factory=dict)
    evidence: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    objections: dict[tuple[str, str], Data] = field(default_factory=dict)
    calls: dict[str, Data] = field(default_factory=dict)
    proposals: dict[str, Data] = field(default_factory=dict)
    once: set[tuple[str, ...]] = field(default_factory=set)
    titles: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[str, Data] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    pools: dict[str, dict[int, int]] = field(default_factory=dict)
    grants: dict[str, Any] = field(default_factory=dict)

    def take(self, position: int, type_: str, data: Data) -> None:
        """Hold one event against what was before it, and take it in."""
        assert self.charter or type_ == "CharterPublished"
        stage = data.get("stage")
        if stage is not None and type_ not in AFTER_THE_END:
            assert not self.stage(stage).final, f"{type_} of {stage}, which is final"
        for each in RULES[type_]:
            each(self, position, data)

    def stage(self, stage: str) -> Stage:
        return self.stages.setdefault(stage, Stage())

    @property
    def reported(self) -> bool:
        """Whether the programme is a public record of what others decided."""
        return bool(self.charter["data_set"] == "public-record")

    @property
    def seated(self) -> list[str]:
        return [team for team, status in self.status.items() if status in ("enrolled", "advanced", "selected")]

    def embargoed(self, team: str) -> bool:
        """Whether the outcome of the team that was decided last is not public."""
        if team not in self.decided:
            return False
        stage, position = self.decided[team]
        return position > self.stages[stage].public_upto

    def plan(self, stage: str) -> Data:
        """The charter's stage."""
        found: Data = next(each for each in self.charter["stages"] if each["id"] == stage)
        return found

    def require_once(self, *key: str) -> None:
        assert key not in self.once, f"{' '.join(key)} a second time"
        self.once.add(key)

    def require_seats(self) -> None:
        assert len(self.seated) <= int(self.charter["seats"]), f"{self.seated} hold {self.charter['seats']} seats"

    def require_independent(self, stage: str, team: str) -> None:
        """Ruled so where the charter has conditions of independence; a record may not say that it was ruled."""
        verdict = self.stage(stage).review(team).verdict
        unsaid = self.reported or not self.charter["independence"]["perspectives"]
        assert verdict == "met" or (verdict is None and unsaid), f"{team}: {verdict}"

    def require_no_later_stage(self, stage: str) -> None:
        order = [each["id"] for each in self.charter["stages"]]
        later = order[order.index(stage) + 1 :]
        assert not [each for each in later if each in self.stages and self.stages[each].opened]

    def upheld(self, team: str | None, subject: str, *, since: int = 0) -> bool:
        return any(
            each.get("outcome") == "upheld"
            and each["decided"] > since
            and team in (None, each["team"])
            and subject == each["subject"]
            for each in self.objections.values()
        )


FOR_EVER = math.inf
