"""What a decision costs beside 10⁴, 10⁵ and 10⁶ events that it does not depend on.

Half of those events are of other programmes; half are sheets of the very stage in which the measured scores are given,
of other evaluators. The decisions are read, decided and recorded by the use case; the ledgers, on one server, take
turns decision by decision. Figures are medians of the rounds' medians; the ratio is to the smallest ledger in the same
round.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from domain.score_events import ScoreSubmitted
from ops.bench.competition import deciding, new_event
from ops.bench.filling import fill
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, rows_of
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME
from service.application.ports import NewEvent
from service.cli.programme_files import read_charter
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate

SIZES: Final = (10_000, 100_000, 1_000_000)
ROUNDS: Final = 9
DECISIONS: Final = 20
"""Of each type, in each ledger, in each round."""
OTHERS: Final = 100
"""Other programmes, and other teams of the stage."""
TEAMS: Final = [f"team-{n:02d}" for n in range(20)]
EVALUATORS: Final = [f"ev-{n:016x}" for n in range(20)]
CRITERION: Final = "user/applicability"

Bodies = Iterator[dict[str, Any]]


class Competition:
    """A programme whose first stage takes scores, in a ledger that is filled with `size` events of others."""

    def __init__(self, url: str, size: int) -> None:
        migrate(url)
        self.size = size
        self.ledger = PostgresLedger(url)
        self._decide = deciding(self.ledger)
        self._open()
        fill(url, map(_sheet, range(size)))
        pairs = itertools.product(TEAMS, EVALUATORS)
        self._bodies: dict[str, Bodies] = {
            "submit-score": (
                {"stage": "stage-1", "team": team, "criterion": CRITERION, "evaluator": one, "points": "9.5"}
                for team, one in pairs
            ),
            "register-evidence": (
                {"stage": "stage-1", "team": TEAMS[0], "kind": "technical-report", "sha256": f"{n:064x}", "title": "T"}
                for n in itertools.count()
            ),
        }

    def take(self, decision: str) -> float:
        """Seconds of the next decision of that type."""
        body = next(self._bodies[decision])
        started = time.perf_counter()
        self._decide("nipa", decision, body)
        return time.perf_counter() - started

    def _open(self) -> None:
        folder = Path(__file__).parent.parent / "programmes" / "independent-ai-foundation-model-rehearsal"
        charter = {**read_charter(folder / "charter.yaml"), "programme": PROGRAMME, "seats": str(len(TEAMS))}
        self._decide("msit", "publish-charter", {"charter": charter})
        for team in TEAMS:
            self._decide("msit", "enrol-team", {"team": team, "name": {"en": team, "ko": team}})
        self._decide("msit", "open-stage", {"stage": "stage-1"})
        for one in EVALUATORS:
            self._decide("nipa", "appoint-evaluator", {"stage": "stage-1", "panel": "expert-users", "evaluator": one})


def _sheet(number: int) -> NewEvent:
    """A score of another programme, or of another team in the stage that is measured."""
    programme = PROGRAMME if number % 2 else f"other-{number % OTHERS}"
    event = ScoreSubmitted(
        stage="stage-1",
        team=f"other-{number % OTHERS}",
        criterion=CRITERION,
        evaluator=f"ev-{number + 2**32:016x}",
        points="5.0",
    )
    return new_event(event, programme)


def measure(setting: Setting) -> list[Row]:
    """One row for each type of decision and size of ledger."""
    with setting.server() as server:
        sizes = [setting.events(size) for size in SIZES]
        competitions = [Competition(server.database(f"decisions_{size}"), size) for size in sizes]
        seconds: dict[Case, list[float]] = {}
        for decision in ("submit-score", "register-evidence"):
            in_turn(competitions, decision)  # connections and plans are made
            for _number in range(setting.rounds(ROUNDS)):
                for size, median in in_turn(competitions, decision).items():
                    seconds.setdefault(Case(f"sillok {decision}", size), []).append(1000 * median)
        for competition in competitions:
            competition.ledger.close()
    return rows_of(Figures(seconds), "decision", "ms", reference=lambda case: case._replace(size=sizes[0]))


def in_turn(competitions: list[Competition], decision: str) -> dict[int, float]:
    """Median seconds by size of ledger; the ledgers take turns decision by decision."""
    taken: dict[int, list[float]] = {}
    for _turn in range(DECISIONS):
        for competition in competitions:
            taken.setdefault(competition.size, []).append(competition.take(decision))
    return {size: statistics.median(own) for size, own in taken.items()}
