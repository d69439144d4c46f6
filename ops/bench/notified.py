"""From the commit of a decision until the webhook of its notice was taken, on loopback, at fifty decisions a second.

On the whole service, with Celery and Redis: each decision serves a notice to a team that has an endpoint, and its
webhook carries the receipt, so that it waits until the decision is sealed. The time of the commit is the event's
`recorded_at`, taken just before; a webhook was taken when its answer was there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Final

import psycopg

from ops.bench import competition, steady
from ops.bench.receivers import receivers
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rows_of
from ops.bench.service import head_of, key_of, run_service
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME, STAGE
from service.application.delivering import UNSEALED
from service.application.endpoints import NewEndpoint
from service.application.webhook_signing import fresh_secrets
from service.settings import Settings
from service.storage.deliveries import PostgresDeliveries
from service.storage.endpoints import PostgresEndpoints
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate
from service.storage.subject_keys import SubjectKeys

RATE: Final = 50
"""Decisions a second."""
SECONDS: Final = 5.0
TEAMS: Final = 20
PATIENCE: Final = 60.0
SERVED: Final = {
    "id": "question",
    "title": {"en": "A question", "ko": "질의"},
    "body": {"en": "{question} Answer it within a week.", "ko": "{question} 한 주 안에 답할 것."},
    "variables": ["question"],
    "recipients": ["enrolled"],
    "acknowledge_days": "7",
}
TAKEN: Final = """
    SELECT 1000 * extract(epoch FROM a.attempted_at - v.recorded_at)::float8
    FROM notice.attempt a JOIN notice.delivery d USING (delivery) JOIN notice.outbox o USING (number)
        JOIN ledger.event v ON v.position = o.position
    WHERE a.delivered AND o.position > %s
"""


def load(url: str, key: str, begins: int, number: int) -> None:
    """Serve so many notices, one team after the other."""
    of = {"template": SERVED["id"], "subject": STAGE, "values": {"question": "Whose weights are these?" * 10}}
    every = range(begins, begins + number)
    bodies = ({**of, "team": _team(n % TEAMS), "notice": f"question-{n}"} for n in every)
    steady.send(url, key, "serve-notice", RATE, bodies)


def measure(setting: Setting, times: int) -> list[Row]:
    """Rows for p50 and p99, each the median of the rounds."""
    number, figures = int(RATE * setting.seconds(SECONDS)), Figures()
    with setting.server() as server, setting.folder() as home, receivers() as (taking, _hanging, _end):
        url = server.database("notified")
        _open(url)

        def work(settings: Settings) -> None:
            _endpoints(url, settings, taking)
            key = key_of(settings, "agency", "nipa")
            for each in range(times + 1):
                found = _round(url, [settings.address, key, str(each * number), str(number)])
                for percent in (50, 99) if each else ():  # the first one warms up
                    case = Case(f"sillok, p{percent}", size=number, clients=steady.CLIENTS)
                    figures.values.setdefault(case, []).append(percentile(found, percent))

        before = os.environ.get("SILLOK_LOOPBACK_ENDPOINTS")
        os.environ["SILLOK_LOOPBACK_ENDPOINTS"] = "1"
        try:
            run_service(url, home, work)
        finally:
            os.environ.pop("SILLOK_LOOPBACK_ENDPOINTS")
            if before is not None:
                os.environ["SILLOK_LOOPBACK_ENDPOINTS"] = before
    return rows_of(figures, "notices, decision to webhook", "ms")


def _open(url: str) -> None:
    """A programme with its teams, to which an agency serves notices."""
    migrate(url)
    rules = competition.rules(competition.PER_TEAM * TEAMS)
    charter = {
        **rules,
        "notices": [SERVED],
        "mandates": [*rules["mandates"], {"decisions": ["serve-notice"], "agencies": ["nipa"]}],
        "consortium_decisions": [*dict.fromkeys((*rules["consortium_decisions"], "acknowledge-notice"))],
    }
    ledger = PostgresLedger(url)
    try:
        decide = competition.deciding(ledger)
        decide("msit", "publish-charter", {"charter": charter})
        for team in map(_team, range(TEAMS)):
            decide("msit", "enrol-team", {"team": team, "name": {"en": team, "ko": team}})
    finally:
        ledger.close()


def _team(number: int) -> str:
    return f"team-{number:04d}"


def _endpoints(url: str, settings: Settings, port: int) -> None:
    """One of each team, confirmed."""
    keys = SubjectKeys(settings.subject_keys_folder)
    deliveries = PostgresDeliveries(url, keys)
    endpoints = PostgresEndpoints(deliveries, keys)
    try:
        for n in range(TEAMS):
            named = f"endpoint-{n:016x}"
            asked = NewEndpoint(channel="webhook", address=f"http://127.0.0.1:{port}/")
            endpoints.add(named, PROGRAMME, _team(n), "rehearsal", asked, fresh_secrets(), by="bench")
            endpoints.confirm(named, datetime.now(UTC), by="bench")
    finally:
        deliveries.close()


def _round(url: str, load_arguments: list[str]) -> list[float]:
    """Milliseconds of each decision of a load."""
    with psycopg.connect(url, autocommit=True) as connection:
        head = head_of(connection)
        sending = subprocess.run([sys.executable, "-m", __name__, *load_arguments], check=False)
        if sending.returncode:
            raise NotMeasuredError("the load was not taken whole")
        deadline, wanted = time.monotonic() + PATIENCE, int(load_arguments[-1])
        while len(found := [each for (each,) in connection.execute(TAKEN, (head,))]) < wanted:
            if time.monotonic() > deadline:
                raise NotMeasuredError(f"{len(found)} of {wanted} webhooks were taken in {PATIENCE:.0f} s")
            time.sleep(0.1)
    if max(found) > UNSEALED.total_seconds() * 1000:
        raise NotMeasuredError("some went without a receipt")
    return found


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
