"""Redis comes and goes with all that it holds; what waits to be delivered is in PostgreSQL, and goes out once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg
from redis import Redis

from domain.noticing import Notice
from domain.sentences import Words
from service.application.endpoints import NewEndpoint
from service.application.webhook_signing import fresh_secrets
from service.storage.deliveries import PostgresDeliveries
from service.storage.endpoints import PostgresEndpoints
from service.storage.notices import PostgresNotices
from service.storage.subject_keys import SubjectKeys
from service.supervisor import BEAT, CELERY, DELIVERIES
from tests.integration.conftest import Running
from tests.integration.receiving import receiving
from tests.integration.working import Workers, eventually

PROGRAMME, EACH = "p", 30


def _queued(serving: Running, url: str) -> None:
    """Notices that wait for two endpoints, long enough to go without a receipt."""
    database = serving.settings.require_database()
    keys = SubjectKeys(serving.settings.subject_keys_folder)
    with closing(PostgresDeliveries(database, keys)) as deliveries, closing(PostgresNotices(database)) as notices:
        endpoints = PostgresEndpoints(deliveries, keys)
        for n, team in enumerate(("ant", "bee")):
            named, asked = f"endpoint-{n:016x}", NewEndpoint(channel="webhook", address=f"{url}/{team}")
            endpoints.add(named, PROGRAMME, team, "rehearsal", asked, fresh_secrets(), by="tests")
            endpoints.confirm(named, datetime.now(UTC), by="tests")
        with notices.turn(PROGRAMME) as turn:
            assert turn is not None
            turn.send([_notice(at, team) for at in range(1, EACH + 1) for team in ("ant", "bee")], {})
    with psycopg.connect(serving.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE notice.outbox DISABLE TRIGGER only_opened")
        connection.execute("UPDATE notice.outbox SET delivered_at = delivered_at - interval '1 minute'")
        connection.execute("ALTER TABLE notice.outbox ENABLE TRIGGER only_opened")


def _notice(at: int, team: str) -> Notice:
    of: dict[str, Any] = {"programme": PROGRAMME, "data_set": "rehearsal", "template": "t", "recipient": team}
    return Notice(id=f"{at}-{team}", position=at, title=Words("T", "제"), body=Words("B", "문"), **of)


def test_redis_that_is_flushed_loses_no_delivery_and_doubles_none(serving: Running, workers: Workers) -> None:
    """Before a worker has what it was woken for, and in the midst of its work."""
    redis = Redis.from_url(workers.environment["REDIS_URL"].replace("redis+socket://", "unix://"))
    workers.environment["SILLOK_LOOPBACK_ENDPOINTS"] = "1"
    with receiving() as receiver:
        _queued(serving, receiver.url)
        assert serving.service.wake_ups is not None
        serving.service.wake_ups.deliver()
        eventually(lambda: bool(redis.dbsize()), 30, workers.log)
        redis.flushall()
        workers.start(*DELIVERIES)
        workers.start(*CELERY, *BEAT, "--schedule", str(workers.log.parent / "beat"))
        eventually(lambda: len(receiver.posted) >= 4, 30, workers.log)
        redis.flushall()
        eventually(lambda: len(receiver.posted) >= 2 * EACH, 30, workers.log)
        eventually(lambda: _states(serving) == {"delivered": 2 * EACH}, 30, workers.log)
        for team in ("ant", "bee"):
            told = [each.event["data"]["notice"]["position"] for each in receiver.posted if each.path.endswith(team)]
            assert told == list(range(1, EACH + 1))


def _states(serving: Running) -> dict[str, int]:
    with psycopg.connect(serving.database) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM notice.delivery GROUP BY state").fetchall())
