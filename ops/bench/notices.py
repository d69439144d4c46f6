"""Notices: a call that ten thousand are told of, until all is rendered and queued; webhooks a second from one worker,
on loopback, while one in ten endpoints hangs; and from a decision until its webhook was taken."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from domain.call_events import AdditionalCallOpened
from domain.noticing import Notice
from domain.sentences import Words
from domain.stage_events import ResultsPublished
from ops.bench import competition, notified
from ops.bench.receivers import receivers
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, rows_of, timed
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME
from service.application.endpoints import NewEndpoint
from service.application.noticing import SendNotices
from service.application.ports import AppendRequest
from service.application.webhook_signing import fresh_secrets
from service.settings import Settings
from service.storage.deliveries import PostgresDeliveries
from service.storage.endpoints import PostgresEndpoints
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate
from service.storage.notices import PostgresNotices
from service.storage.subject_keys import SubjectKeys
from service.worker_bootstrap import open_delivering

RECIPIENTS: Final = 10_000
ENDPOINTS: Final = 100
HANGING: Final = 10
"""One in so many."""
EACH: Final = 80
"""Notices that wait for each endpoint."""
SECONDS: Final = 10.0
ROUNDS: Final = 3
CALL: Final = {
    "id": "call",
    "title": {"en": "{call}", "ko": "{call}"},
    "body": {"en": "{what} Until {until}. See {receipt}.", "ko": "{what} 기한: {until}. {receipt}"},
    "variables": ["call", "what", "until", "receipt"],
    "events": ["AdditionalCallOpened"],
    "recipients": ["registered"],
}
OPENED: Final = AdditionalCallOpened(
    call="additional-call", stage="stage-1", seats="1", classes=("first-call-applicants",), closes="2099-01-01"
)
OF_EVERY: Final = """
    INSERT INTO notice.endpoint (endpoint, programme, team, data_set, channel, language, sealed, state)
    SELECT 'endpoint-' || n, %s, 'consortium-' || n, 'rehearsal', 'webhook', 'ko', 'x', 'paused'
    FROM generate_series(0, %s) n
"""


def measure(setting: Setting) -> list[Row]:
    """Rows for all three, each the median of the rounds."""
    times = setting.rounds(ROUNDS)
    call, webhooks = Figures(), Figures()
    for _each in range(times):
        with setting.server() as server, setting.folder() as home:
            recipients = max(setting.events(RECIPIENTS), 1)
            call.values.setdefault(Case("sillok", recipients), []).append(told(server.database("call"), recipients))
            sent = _webhooks(server.database("webhooks"), home, setting.seconds(SECONDS))
            webhooks.values.setdefault(Case("sillok", ENDPOINTS), []).append(sent)
    told_of = notified.measure(setting, times)
    return [*rows_of(call, "notices, a call", "s"), *rows_of(webhooks, "notices, webhooks", "1/s"), *told_of]


def told(url: str, recipients: int) -> float:
    """Seconds until so many are told of a call: each has it in the inbox, and at an endpoint."""
    migrate(url)
    ledger, notices = PostgresLedger(url), PostgresNotices(url)
    try:
        charter = {**competition.rules(1), "automatic_notices": [CALL]}
        charter["calls"][0]["closes"] = OPENED.closes
        competition.deciding(ledger)("msit", "publish-charter", {"charter": charter})
        send = SendNotices(ledger, notices, lambda: [f"consortium-{n}" for n in range(recipients)])
        public = ResultsPublished(stage=OPENED.stage, publishers=("msit",))
        ledger.append(AppendRequest(events=[competition.new_event(public)], decision_id=uuid7()))
        _all(send)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(OF_EVERY, (PROGRAMME, recipients - 1))
        ledger.append(AppendRequest(events=[competition.new_event(OPENED)], decision_id=uuid7()))
        seconds = timed(lambda: _all(send))
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT count(*) FROM notice.delivery").fetchone()
        if found != (recipients,):
            raise NotMeasuredError(f"{found} were told, not {recipients}")
        return seconds
    finally:
        ledger.close()
        notices.close()


def _all(send: SendNotices) -> None:
    while send(PROGRAMME) == "more":
        pass


def _webhooks(url: str, home: Path, seconds: float) -> float:
    """Webhooks a second that were taken, from when the first one was."""
    migrate(url)
    settings = Settings(home=home, host="127.0.0.1", port=1, database_url=url, redis_url=None, loopback_endpoints=True)
    with receivers() as (taking, hanging, end):
        _queued(url, settings, lambda n: hanging if n % HANGING == 0 else taking)
        ahead = timedelta(minutes=1)  # no notice waits for a receipt: nothing is sealed here
        delivering = open_delivering(settings, now=lambda: datetime.now(UTC) + ahead)
        with psycopg.connect(url, autocommit=True) as connection:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                if not delivering.deliver.start():
                    time.sleep(0.01)
            delivering.deliver.settle()
            found = connection.execute(
                "SELECT count(*), extract(epoch FROM max(settled_at) - min(settled_at))::float8"
                " FROM notice.delivery WHERE state = 'delivered'"
            ).fetchone()
        assert found is not None
        end()  # what hangs, too
        delivering.close()
        if not found[0]:
            raise NotMeasuredError("nothing was delivered")
        return float(found[0] / max(found[1], 0.001))


def _queued(url: str, settings: Settings, port: Callable[[int], int]) -> None:
    """Notices that wait for every endpoint."""
    keys = SubjectKeys(settings.subject_keys_folder)
    deliveries, notices = PostgresDeliveries(url, keys), PostgresNotices(url)
    endpoints, now = PostgresEndpoints(deliveries, keys), datetime.now(UTC)
    try:
        for n in range(ENDPOINTS):
            named, asked = f"endpoint-{n:016x}", NewEndpoint(channel="webhook", address=f"http://127.0.0.1:{port(n)}/")
            endpoints.add(named, PROGRAMME, f"team-{n}", "rehearsal", asked, fresh_secrets(), by="bench")
            endpoints.confirm(named, now, by="bench")
        with notices.turn(PROGRAMME) as turn:
            assert turn is not None
            every = itertools.product(range(EACH), range(ENDPOINTS))
            turn.send([_notice(at, f"team-{n}") for at, (_nth, n) in enumerate(every, 1)], {})
    finally:
        deliveries.close()
        notices.close()


def _notice(position: int, team: str) -> Notice:
    text = Words("Of a notice's length. " * 20, "통지의 길이. " * 20)
    of: dict[str, Any] = {"programme": PROGRAMME, "data_set": "rehearsal", "template": "bench"}
    return Notice(id=str(position), position=position, recipient=team, title=Words("A notice", "통지"), body=text, **of)
