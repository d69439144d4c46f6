"""What is appended: one score, as `submit-score` appends it, with the envelope and the condition of that decision.

Each system gets the same bytes, and those that take conditions the same one. The tests hold both to the rulebook.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Boundary, Query, QueryItem
from domain.envelope import Actor, PrivateEnvelope, encode_envelope
from domain.event import encode_data
from domain.score_events import ScoreSubmitted
from service.storage.identifiers import uuid7

T = TypeVar("T")

PROGRAMME: Final = "bench"
STAGE: Final = "stage-1"
CRITERION: Final = "user/applicability"
TYPE: Final = ScoreSubmitted.TYPE
POINTS: Final = "9.5"
STOCK: Final = 24_000
"""Of all clients together."""
COMMAND: Final = ("stage", "team", "criterion", "evaluator", "points")

CHARTER_TYPES: Final = ("CharterPublished", "CharterAmended")
COURSE_TYPES: Final = (
    *("StageOpened", "ScoringClosed", "ScoringReopened", "FigureCertified", "TeamWithdrawn"),
    *("StageConsolidated", "StageReconsolidated", "StageFinalised"),
)
EVALUATOR_TYPES: Final = (
    *("EvaluatorAppointed", "ConflictDeclared", "EvaluatorRecused", "EvaluatorReplaced", "ExclusionRecorded"),
)


class Sheet(NamedTuple):
    """A score that nobody gave before: its tags, its data, and what the decision depends on."""

    tags: tuple[str, ...]
    data: bytes
    items: tuple[QueryItem, ...]

    @property
    def query(self) -> DCBQuery:
        """As the eventsourcing library writes it."""
        return DCBQuery([DCBQueryItem(list(item.types), list(item.tags)) for item in self.items])


def sheet(team: str, evaluator: str) -> Sheet:
    """The sheet of an evaluator for a team."""
    place = f"sheet:{PROGRAMME}/{STAGE}/{team}/{CRITERION}/{evaluator}"
    return Sheet(
        tags=(f"stage:{PROGRAMME}/{STAGE}", f"team:{PROGRAMME}/{team}", place),
        data=encode_data(
            ScoreSubmitted(stage=STAGE, team=team, criterion=CRITERION, evaluator=evaluator, points=POINTS)
        ),
        items=(
            QueryItem(CHARTER_TYPES, (f"programme:{PROGRAMME}",)),
            QueryItem(COURSE_TYPES, (f"stage:{PROGRAMME}/{STAGE}",)),
            QueryItem(EVALUATOR_TYPES, (f"evaluator:{PROGRAMME}/{STAGE}/{evaluator}",)),
            QueryItem((TYPE,), (place,)),
        ),
    )


def sheets() -> Iterator[Sheet]:
    """Sheets without end, none of which another call gives. Not for several threads at once."""
    run = uuid7().hex[-10:]
    for number in itertools.count():
        yield sheet(f"team-{number % 100:02d}", f"ev-{run}{number:06x}")


def made(make: Callable[[Sheet], T], clients: int) -> Iterator[T]:
    """What `make` makes of new sheets, for one of so many clients: those of a turn ahead, before its clock starts.

    Making them is work of whoever decides. A client that needs more than its stock makes the rest as it goes.
    """
    new = sheets()
    stock = [make(each) for each in itertools.islice(new, STOCK // clients)]
    return itertools.chain(stock, map(make, new))


def command(of: Sheet) -> str:
    """The body that the agency sends."""
    event = msgspec.json.decode(of.data)
    return msgspec.json.encode({name: event[name] for name in COMMAND}).decode()


def envelope(
    of: Sheet, event_id: UUID, *, rules: str = "0" * 64, decided_at: str = "2026-01-01T00:00:00.000000Z"
) -> bytes:
    """The envelope of that event. `rules`: their hash."""
    return encode_envelope(
        PrivateEnvelope(
            event_id=str(event_id),
            tags=of.tags,
            data_set="rehearsal",
            decided_at=decided_at,
            actor=Actor(agency="nipa", principal="bench"),
            attribution="decided",
            decision_id=str(uuid7()),
            command_type="submit-score",
            command=command(of),
            boundary=Boundary(Query(of.items), 51),
            rules_hash=rules,
            decider="submit-score/1",
        )
    )


ENVELOPE: Final = envelope(sheet("team-00", f"ev-{0:016x}"), uuid7())
"""Made once: encoding it is work of whoever decides, not of a ledger."""
