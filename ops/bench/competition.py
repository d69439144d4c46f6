"""A programme with as many sheets as wanted: teams, each judged by fifty evaluators on thirty criteria."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.decision import nothing_sealed
from domain.entry import SALT_BYTES
from domain.envelope import Actor
from domain.event import Event, encode_data
from domain.score_events import ScoreSubmitted
from ops.bench import filling
from ops.bench.workload import ENVELOPE, PROGRAMME, STAGE
from service.application.deciding import Deciding, Submission
from service.application.in_flight import InFlight
from service.application.ports import NewEvent
from service.application.submitting import SubmitDecision
from service.cli.programme_files import read_charter
from service.ed25519 import verify_ed25519
from service.real_parts import NoWakeUps, real_sources
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate

EVALUATORS: Final = [f"ev-{n:016x}" for n in range(50)]
ASSESSMENTS: Final = 3
CRITERIA: Final = 10
"""In each assessment."""
PER_TEAM: Final = len(EVALUATORS) * ASSESSMENTS * CRITERIA
PANEL: Final = "jury"
Decide = Callable[[str, str, dict[str, Any]], None]

NAME: Final = {"en": "Illustrative", "ko": "예시"}


def document(scoring: dict[str, str]) -> dict[str, Any]:
    """The rehearsal's charter, its stage given that many criteria, each judged alike."""
    folder = Path(__file__).parent.parent / "programmes" / "independent-ai-foundation-model-rehearsal"
    found: dict[str, Any] = read_charter(folder / "charter.yaml")
    size = str(len(EVALUATORS))
    criterion = {
        "title": NAME,
        "maximum": "10",
        "index": "undisclosed",
        "scoring": {"type": "judged", "panel": PANEL, **scoring},
    }
    found["stages"][0].update(
        maximum=str(10 * CRITERIA * ASSESSMENTS),
        assessments=[
            {
                "id": f"assessment-{n}",
                "title": NAME,
                "maximum": str(10 * CRITERIA),
                "criteria": [{"id": f"criterion-{m}", **criterion} for m in range(CRITERIA)],
            }
            for n in range(ASSESSMENTS)
        ],
        panels=[{"id": PANEL, "title": NAME, "size": size, "quorum": size}],
        gates=[],
        indices=[],
        tie_break=["assessment-0"],
    )
    return found


def rules(scores: int) -> dict[str, Any]:
    """The charter of the programme with so many sheets."""
    return {**document({"aggregate": "mean"}), "programme": PROGRAMME, "seats": str(len(teams_for(scores)))}


def teams_for(scores: int) -> list[str]:
    """As many teams as so many sheets need, and enough to eliminate one."""
    return [f"team-{n:04d}" for n in range(max(3, -(-scores // PER_TEAM)))]


def sheets(scores: int) -> Iterator[ScoreSubmitted]:
    """So many, team by team, evaluator by evaluator: no two of the same."""
    every = itertools.product(teams_for(scores), EVALUATORS, range(ASSESSMENTS), range(CRITERIA))
    for number, (team, evaluator, n, m) in enumerate(itertools.islice(every, scores)):
        yield ScoreSubmitted(
            stage=STAGE,
            team=team,
            criterion=f"assessment-{n}/criterion-{m}",
            evaluator=evaluator,
            points=f"{number % 10}.5",
        )


def deciding(ledger: PostgresLedger) -> Decide:
    """Makes decisions in the programme: of an agency, of a type, with a body."""
    made = Deciding(ledger, real_sources(), verify_ed25519, nothing_sealed)
    submit = SubmitDecision(ledger, NoWakeUps(), made, InFlight(), lambda considered: considered)

    def decide(agency: str, decision: str, body: dict[str, Any]) -> None:
        submit(
            Submission(
                programme=PROGRAMME,
                decision_type=decision,
                body=msgspec.json.encode(body),
                actor=Actor(agency=agency, principal="bench"),
                idempotency_key=uuid7().hex,
            )
        )

    return decide


def open_stage(url: str, scores: int) -> PostgresLedger:
    """A migrated database in which the stage takes scores, decided by the use case."""
    migrate(url)
    ledger = PostgresLedger(url)
    decide = deciding(ledger)
    decide("msit", "publish-charter", {"charter": rules(scores)})
    for team in teams_for(scores):
        decide("msit", "enrol-team", {"team": team, "name": {"en": team, "ko": team}})
    decide("msit", "open-stage", {"stage": STAGE})
    for one in EVALUATORS:
        decide("nipa", "appoint-evaluator", {"stage": STAGE, "panel": PANEL, "evaluator": one})
    return ledger


def fill(url: str, scores: int, made: Callable[[ScoreSubmitted], NewEvent] | None = None) -> int:
    """Open the stage and record so many sheets, as `made` makes events of them: the ledger's head."""
    open_stage(url, scores).close()
    return filling.fill(url, map(made or new_event, sheets(scores)))


def new_event(event: Event, programme: str = PROGRAMME) -> NewEvent:
    """To append it to a programme."""
    return NewEvent(
        programme=programme,
        type=event.TYPE,
        version=event.VERSION,
        event_id=uuid7(),
        tags=event.tags(programme),
        salt=os.urandom(SALT_BYTES),
        envelope=ENVELOPE,
        data=encode_data(event),
    )
