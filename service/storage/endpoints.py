"""Endpoints of consortiums in PostgreSQL, and the evidence of what went to them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg.rows import dict_row

from domain.envelope import DataSet
from service.application.delivery_ports import DeliveryState
from service.application.endpoints import MOST, AttemptRecord, DeliveryRecord, EndpointRecord, NewEndpoint, NewState
from service.application.erasing import Subject, SubjectErasedError
from service.application.webhook_signing import EndpointSecrets
from service.storage.access_database import RECORD
from service.storage.deliveries import CONFIRM, GIVE_UP, LOOK_AGAIN, PostgresDeliveries, SealedEndpoint
from service.storage.subject_keys import SubjectKeys

# One consortium at a time: two that come together do not both find room.
_ROOM: Final = "SELECT pg_advisory_xact_lock(7310052, hashtext(%(programme)s || '/' || %(team)s))"
_HAS: Final = """
    SELECT count(*) FROM notice.endpoint WHERE programme = %(programme)s AND team = %(team)s AND state <> 'removed'"""
_ADD: Final = """
    INSERT INTO notice.endpoint (endpoint, programme, team, data_set, channel, language, sealed, daily, summarised)
    SELECT %(endpoint)s, %(programme)s, %(team)s, %(data_set)s, %(channel)s, %(language)s, %(sealed)s, %(daily)s,
        coalesce(max(number), 0) FROM notice.outbox WHERE programme = %(programme)s AND recipient = %(team)s"""

_EVERY: Final = """
    SELECT endpoint, programme, team, channel, language, daily, state, because, registered_at, confirmed_at,
        failing_since, sealed,
        (SELECT count(*) FROM notice.delivery d WHERE d.endpoint = e.endpoint AND d.state = 'pending') AS waiting,
        (SELECT count(*) FROM notice.delivery d WHERE d.endpoint = e.endpoint AND d.state = 'dead') AS dead
    FROM notice.endpoint e
    WHERE programme = %(programme)s AND (%(team)s::text IS NULL OR team = %(team)s) AND state <> 'removed'
    ORDER BY registered_at, endpoint"""
_SECRETS: Final = """
    SELECT sealed FROM notice.endpoint
    WHERE programme = %(programme)s AND team = %(team)s AND endpoint = %(endpoint)s AND sealed IS NOT NULL"""
_SEALED: Final = "SELECT sealed FROM notice.endpoint WHERE endpoint = %s AND sealed IS NOT NULL FOR NO KEY UPDATE"
_KEEP: Final = "UPDATE notice.endpoint SET sealed = %s WHERE endpoint = %s"
_STATE: Final = """
    UPDATE notice.endpoint SET state = %(state)s, because = NULL
    WHERE endpoint = %(endpoint)s AND state IN ('active', 'paused', 'disabled') AND confirmed_at IS NOT NULL"""
# Nobody sends notices meanwhile: one that is on its way into the inbox would go by neither.
_NO_TURN: Final = """
    SELECT FROM notice.progress JOIN notice.endpoint USING (programme) WHERE endpoint = %(endpoint)s
    FOR UPDATE OF progress"""
# From now on one mail a day, which tells of what comes from now on.
_DAILY: Final = """
    UPDATE notice.endpoint e SET daily = true, summary_at = 'epoch', summarised = coalesce((
        SELECT max(number) FROM notice.outbox o WHERE o.programme = e.programme AND o.recipient = e.team), 0)
    WHERE endpoint = %(endpoint)s AND channel = 'email' AND NOT daily"""
# From now on each notice; what no summary told of yet goes so, too.
_EACH: Final = """
    WITH changed AS (
        UPDATE notice.endpoint SET daily = false WHERE endpoint = %(endpoint)s AND daily
        RETURNING endpoint, programme, team, summarised)
    INSERT INTO notice.delivery (endpoint, number)
    SELECT c.endpoint, o.number FROM changed c JOIN notice.outbox o
        ON o.programme = c.programme AND o.recipient = c.team AND o.number > c.summarised
    ON CONFLICT DO NOTHING"""
_REMOVE: Final = "UPDATE notice.endpoint SET state = 'removed', sealed = NULL WHERE endpoint = %(endpoint)s"
# Whoever removes it waits until the test is there, and gives it up.
_TEST: Final = """
    INSERT INTO notice.delivery (endpoint, queued_at)
    SELECT endpoint, %(now)s FROM notice.endpoint WHERE endpoint = %(endpoint)s AND sealed IS NOT NULL FOR NO KEY UPDATE
    RETURNING delivery"""
_OF_STRANGERS: Final = """
    SELECT count(*) FROM notice.endpoint e JOIN notice.delivery d USING (endpoint)
    WHERE e.programme = %(programme)s AND e.team = %(team)s AND e.channel = 'email' AND e.confirmed_at IS NULL
        AND coalesce(d.number, d.upto) IS NULL AND d.about IS NULL AND d.queued_at > %(since)s"""
_RESEND: Final = """
    UPDATE notice.delivery d SET state = 'pending', attempts = 0, next_attempt_at = NULL, settled_at = NULL
    FROM notice.endpoint e
    WHERE d.delivery = %(delivery)s AND d.state = 'dead' AND coalesce(d.number, d.upto) IS NOT NULL
        AND e.endpoint = d.endpoint AND e.state IN ('active', 'paused') RETURNING d.endpoint"""

_DELIVERIES: Final = """
    SELECT d.delivery, e.team AS recipient, d.endpoint, e.channel, o.notice, o.position,
        encode(o.sha256, 'hex') AS sha256, d.about, d.day, d.state,
        coalesce(o.delivered_at, d.queued_at) AS queued_at, d.next_attempt_at, d.settled_at, d.answer
    FROM notice.endpoint e JOIN notice.delivery d USING (endpoint) LEFT JOIN notice.outbox o ON o.number = d.number
    WHERE e.programme = %(programme)s AND (%(team)s::text IS NULL OR e.team = %(team)s)
        AND (%(endpoint)s::text IS NULL OR e.endpoint = %(endpoint)s)
        AND (%(state)s::text IS NULL OR d.state = %(state)s)
        AND (%(delivery)s::bigint IS NULL OR d.delivery = %(delivery)s) AND d.delivery > %(after)s
        AND (%(notices)s::text[] IS NULL OR o.notice = ANY(%(notices)s))
    ORDER BY d.delivery LIMIT %(limit)s"""
_ATTEMPTS: Final = """
    SELECT delivery, attempted_at, delivered, answer FROM notice.attempt WHERE delivery = ANY(%s)
    ORDER BY delivery, attempt"""


class PostgresEndpoints:
    """`EndpointStore` beside `PostgresDeliveries`."""

    def __init__(self, database: PostgresDeliveries, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def add(
        self,
        endpoint: str,
        programme: str,
        team: str,
        data_set: DataSet,
        asked: NewEndpoint,
        kept: EndpointSecrets,
        *,
        by: str,
    ) -> bool:
        """See `EndpointStore.add`."""
        content = SealedEndpoint(address=asked.address, secrets=kept)
        of: dict[str, Any] = {"endpoint": endpoint, "programme": programme, "team": team, "data_set": data_set}
        of |= {"channel": asked.channel, "language": asked.language, "daily": asked.daily}
        with self._database.connection() as connection, connection.transaction():
            connection.execute(_ROOM, of)
            found = connection.execute(_HAS, of).fetchone()
            if found is None or found[0] >= MOST:
                return False
            connection.execute(_ADD, {**of, "sealed": self._database.seal(endpoint, programme, content)})
            connection.execute(RECORD, (by, "endpoint registered", endpoint))
            return True

    def every(self, programme: str, team: str | None) -> Sequence[EndpointRecord]:
        """See `EndpointStore.every`."""
        found = []
        for row in self._rows(_EVERY, {"programme": programme, "team": team}):
            try:
                opened = self._database.opened(row["endpoint"], programme, row.pop("sealed"))
            except SubjectErasedError:
                continue  # its removal was cut off, and is gone on with when the service starts
            keys = tuple(each.public_key for each in opened.secrets)
            found.append(EndpointRecord(**row, address=opened.address, public_keys=keys))
        return found

    def secrets(self, programme: str, team: str, endpoint: str) -> EndpointSecrets | None:
        """See `EndpointStore.secrets`."""
        of = {"programme": programme, "team": team, "endpoint": endpoint}
        for row in self._rows(_SECRETS, of):
            with suppress(SubjectErasedError):
                return self._database.opened(endpoint, programme, row["sealed"]).secrets
        return None

    def keep_secrets(self, endpoint: str, programme: str, kept: EndpointSecrets, *, by: str) -> bool:
        """See `EndpointStore.keep_secrets`."""
        with self._database.connection() as connection, connection.transaction():
            found = connection.execute(_SEALED, (endpoint,)).fetchone()
            if found is None:
                return False
            try:
                content = msgspec.structs.replace(self._database.opened(endpoint, programme, found[0]), secrets=kept)
                sealed = self._database.seal(endpoint, programme, content)
            except SubjectErasedError:
                return False
            connection.execute(_KEEP, (sealed, endpoint))
            connection.execute(RECORD, (by, "endpoint's secret rotated", endpoint))
            return True

    def confirm(self, endpoint: str, at: datetime, *, by: str) -> bool:
        """See `EndpointStore.confirm`."""
        return self._change(by, "endpoint confirmed", endpoint, at, (CONFIRM,))

    def set_state(self, endpoint: str, asked: NewState, at: datetime, *, by: str) -> bool:
        """See `EndpointStore.set_state`."""
        said = {None: "", True: ", by a summary a day", False: ", by each notice"}[asked.daily]
        act = f"endpoint {asked.state}{said}"
        before: Sequence[str] = ()
        statements: Sequence[str] = (_STATE,)
        if asked.daily is not None:
            before, statements = (_NO_TURN,), (_STATE, _DAILY if asked.daily else _EACH)
        return self._change(by, act, endpoint, at, statements, before=before, state=asked.state)

    def remove(self, endpoint: str, programme: str, at: datetime, *, by: str) -> None:
        """See `EndpointStore.remove`."""
        # The key first: what is left of it in copies of the database is not to be read any more.
        self._keys.erase(Subject(endpoint, programme))
        self._change(by, "endpoint removed", endpoint, at, (_REMOVE, GIVE_UP), because="its endpoint was removed")

    def test(self, endpoint: str, at: datetime) -> int | None:
        """See `EndpointStore.test`."""
        of = {"endpoint": endpoint, "now": at}
        with self._database.connection() as connection, connection.transaction():
            found = connection.execute(_TEST, of).fetchone()
            connection.execute(LOOK_AGAIN, of)
        return None if found is None else int(found[0])

    def tests_of_strangers(self, programme: str, team: str, since: datetime) -> int:
        """See `EndpointStore.tests_of_strangers`."""
        (row,) = self._rows(_OF_STRANGERS, {"programme": programme, "team": team, "since": since})
        return int(row["count"])

    def resend(self, delivery: int, at: datetime, *, by: str) -> bool:
        """See `EndpointStore.resend`."""
        with self._database.connection() as connection, connection.transaction():
            found = connection.execute(_RESEND, {"delivery": delivery}).fetchone()
            if found is None:
                return False
            connection.execute(LOOK_AGAIN, {"endpoint": found[0], "now": at})
            connection.execute(RECORD, (by, "notice sent again", str(delivery)))
            return True

    def deliveries(
        self,
        programme: str,
        team: str | None,
        *,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        delivery: int | None = None,
        notices: Sequence[str] | None = None,
        after: int = 0,
        limit: int | None = 1,
    ) -> Sequence[DeliveryRecord]:
        """See `EndpointStore.deliveries`."""
        of: dict[str, Any] = {"programme": programme, "team": team, "endpoint": endpoint, "state": state}
        of |= {"delivery": delivery}
        of |= {"notices": None if notices is None else list(notices), "after": after, "limit": limit}
        found = self._rows(_DELIVERIES, of)
        tried: dict[int, list[AttemptRecord]] = {}
        for row in self._rows(_ATTEMPTS, ([each["delivery"] for each in found],)):
            tried.setdefault(row.pop("delivery"), []).append(AttemptRecord(**row))
        return [DeliveryRecord(**row, attempts=tuple(tried.get(row["delivery"], ()))) for row in found]

    def _change(
        self,
        by: str,
        act: str,
        endpoint: str,
        at: datetime,
        statements: Sequence[str],
        *,
        before: Sequence[str] = (),
        **more: str,
    ) -> bool:
        """Whether the first of the statements found it."""
        of = {"endpoint": endpoint, "now": at, **more}
        with self._database.connection() as connection, connection.transaction():
            for each in before:
                connection.execute(each, of)
            first, *others = statements
            if found := connection.execute(first, of).rowcount == 1:
                for each in others:
                    connection.execute(each, of)
                connection.execute(RECORD, (by, act, endpoint))
            connection.execute(LOOK_AGAIN, of)
        return found

    def _rows(self, sql: str, parameters: Any) -> list[dict[str, Any]]:
        with self._database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql, parameters).fetchall()
