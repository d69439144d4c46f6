"""Decisions a second that are made again, by one process: scores of a stage, each with its command and its boundary.

Beside it, in the same rounds, what it takes to decode their envelopes and data. The ledger is in memory: nothing but
making decisions again is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Final

import msgspec

from domain.boundary import Boundary
from domain.charter import CharterInForce
from domain.decision import DECISIONS, Case, Ruling, boundary, fold
from domain.envelope import Actor, decode_envelope, encode_envelope
from domain.event import decode_data, encode_data
from domain.recorded import envelope_of
from domain.reexecution import Reexecution
from domain.rulebook import prepare
from ops.bench import competition
from ops.bench.results import Row
from ops.bench.rounds import Case as Of
from ops.bench.rounds import rounds, rows_of, timed
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME
from service.application.ports import StreamedEvent
from service.collecting import uncollected
from service.ed25519 import verify_ed25519

SCORES: Final = 50_000
ROUNDS: Final = 5
REFERENCE: Final = "envelopes and data decoded from JSON"
SILLOK: Final = "sillok, each decision made again"
AT: Final = datetime(2026, 1, 15, 3, tzinfo=UTC)


def recorded(url: str, scores: int) -> list[StreamedEvent]:
    """What opens the stage, as the use case recorded it, and so many scores as it would record them."""
    with closing(competition.open_stage(url, scores)) as ledger:
        opening = list(chain.from_iterable(ledger.stream(PROGRAMME)))
    return [*opening, *_scores(opening, scores)]


def _scores(opening: list[StreamedEvent], scores: int) -> Iterator[StreamedEvent]:
    rules = CharterInForce(PROGRAMME)
    for each in opening:
        event = decode_data(each.type, each.version, each.data)
        fold((rules,), each.type, event.tags(PROGRAMME), each.position, event)
    decision, after = DECISIONS["submit-score"], opening[-1].position
    for number, event in enumerate(competition.sheets(scores), start=1):
        said = {field: getattr(event, field) for field in ("stage", "team", "criterion", "evaluator", "points")}
        body = msgspec.json.encode(said).decode()
        command = msgspec.json.decode(body, type=decision.command)
        case = Case(
            programme=PROGRAMME,
            actor=Actor(agency="nipa", principal="bench"),
            decided_at=AT,
            position=after,
            decision_id=f"01936f2e-0000-7000-8000-{number:012x}",
            charter=rules.charter,
            rules_hash=rules.rules_hash,
        )
        of_event = msgspec.structs.replace(event, deciders=case.deciders(command))
        charter, facts = prepare(decision, command, PROGRAMME)
        envelope = envelope_of(
            of_event,
            Ruling(events=(of_event,), data_set=rules.charter.data_set, rules_hash=rules.rules_hash),
            case,
            decision=decision,
            command=command,
            body=body,
            boundary=Boundary(boundary((charter, *facts)), after),
            signature=None,
            event_id=f"01936f2e-0000-7000-9000-{number:012x}",
        )
        yield StreamedEvent(
            position=after + number,
            recorded_at=AT,
            programme=PROGRAMME,
            type=event.TYPE,
            version=event.VERSION,
            envelope=encode_envelope(envelope),
            data=encode_data(of_event),
        )


def again(events: list[StreamedEvent]) -> None:
    """What is measured."""
    with uncollected():
        for proof in Reexecution(PROGRAMME, verify_ed25519).proofs(events):
            if proof.why is not None:
                raise RuntimeError(f"{proof.position}: {proof.why}")


def decoded(events: list[StreamedEvent]) -> None:
    for each in events:
        decode_envelope(each.envelope)
        decode_data(each.type, each.version, each.data)


def measure(setting: Setting) -> list[Row]:
    """One row, its ratio to decoding the same events."""
    with setting.server() as server:
        events = recorded(server.database("reexecute"), setting.events(SCORES))
    systems = {SILLOK: partial(again, events), REFERENCE: partial(decoded, events)}
    turns = {
        Of(name, len(events)): partial(lambda work: len(events) / timed(work), work) for name, work in systems.items()
    }
    figures = rounds(turns, setting.rounds(ROUNDS))
    return rows_of(figures, "re-execution", "decisions/s", reference=lambda case: case._replace(system=REFERENCE))
