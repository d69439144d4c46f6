"""The eventsourcing library's `ProjectionRunner`: a view with a row for each score and each entry of an audit trail."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from eventsourcing.dcb.application import DCBApplication
from eventsourcing.dcb.domain import Tagged
from eventsourcing.dcb.msgpack import Decision, MessagePackMapper
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.setting import Server, place_of
from ops.bench.systems.eventsourcing import datastore
from ops.bench.workload import ENVELOPE, PROGRAMME

BATCH: Final = 2_000
PATIENCE: Final = 3600.0
TABLES: Final = (
    "CREATE TABLE score (team text, criterion text, evaluator text, points text,"
    " PRIMARY KEY (team, criterion, evaluator))",
    "CREATE TABLE entry (position bigint PRIMARY KEY, type text, envelope bytea)",
)


class ScoreGiven(Decision):
    """A score as the library's decisions are written, with the same bytes beside it."""

    stage: str
    team: str
    criterion: str
    evaluator: str
    points: str
    envelope: bytes


class Competition(DCBApplication):
    """The application whose events are projected."""

    name = "competition"


class ScoresView(PostgresTrackingRecorder):
    """What is projected, and how far, changed in one transaction an event, as the library's own examples have it."""

    def take(self, score: ScoreGiven, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO score VALUES (%s, %s, %s, %s) ON CONFLICT (team, criterion, evaluator)"
                " DO UPDATE SET points = excluded.points",
                (score.team, score.criterion, score.evaluator, score.points),
                prepare=True,
            )
            cursor.execute(
                "INSERT INTO entry VALUES (%s, %s, %s)",
                (tracking.notification_id, type(score).__name__, score.envelope),
                prepare=True,
            )


class ScoresProjection(Projection[ScoresView]):
    """Hands every score to the view."""

    name = "scores"
    topics = (get_topic(ScoreGiven),)

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.take(domain_event.decision, tracking)


@contextmanager
def filled(server: Server, scores: int) -> Iterator[str]:
    """A database in which the library's recorder has so many scores."""
    url = server.database("projected")
    mapper = MessagePackMapper()
    with datastore(url) as store:
        recorder = PostgresDCBRecorderTT(store, events_table_name="competition_events")
        recorder.create_table()
        new = (mapper.to_dcb_event(_tagged(each)) for each in competition.sheets(scores))
        while batch := list(itertools.islice(new, BATCH)):
            recorder.append(batch)
    yield url


def project(url: str, scores: int) -> None:
    """Run the projection from the first event to the last one, into empty tables."""
    place = place_of(url)
    with datastore(url) as store, store.transaction(commit=True) as cursor:
        cursor.execute("DROP TABLE IF EXISTS score, entry, scores_tracking")
        for table in TABLES:
            cursor.execute(table)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.dcb.postgres_tt",
        "SCORES_PERSISTENCE_MODULE": "eventsourcing.postgres",
        "MAPPER_TOPIC": get_topic(MessagePackMapper),
        "POSTGRES_HOST": place["host"],
        "POSTGRES_PORT": place["port"],
        "POSTGRES_USER": place["user"],
        "POSTGRES_DBNAME": place["dbname"],
        "POSTGRES_PASSWORD": "",
    }
    with ProjectionRunner(
        application_class=Competition, projection_class=ScoresProjection, view_class=ScoresView, env=environment
    ) as runner:
        runner.wait(scores, timeout=PATIENCE)


def _tagged(score: ScoreSubmitted) -> Tagged[ScoreGiven]:
    given = ScoreGiven(score.stage, score.team, score.criterion, score.evaluator, score.points, ENVELOPE)
    return Tagged(tags=list(score.tags(PROGRAMME)), decision=given)
