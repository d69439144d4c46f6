"""Notices in PostgreSQL: what was sent, and up to where events were looked at, change in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from domain.charter_document import ServedBy
from domain.noticing import Notice, content_of
from service.application.notice_ports import Sent, Unserved
from service.storage.connections import answering, open_pool

Connection = psycopg.Connection[tuple[Any, ...]]

_TAKE: Final = "SELECT position, halted FROM notice.progress WHERE programme = %s FOR UPDATE SKIP LOCKED"
_MAKE: Final = "INSERT INTO notice.progress (programme) VALUES (%s) ON CONFLICT DO NOTHING"
_KEEP: Final = "UPDATE notice.progress SET position = %s, halted = %s, updated_at = now() WHERE programme = %s"

_SEND: Final = """
    WITH sent AS (
        INSERT INTO notice.outbox (programme, position, recipient, template, notice, content, sha256, service)
        VALUES (%(programme)s, %(position)s, %(recipient)s, %(template)s, %(notice)s, %(content)s, sha256(%(content)s),
            %(service)s)
        ON CONFLICT (position, recipient, template) DO NOTHING RETURNING number),
    queued AS (
        INSERT INTO notice.delivery (endpoint, number)
        SELECT e.endpoint, sent.number FROM sent, notice.endpoint e
        WHERE e.programme = %(programme)s AND e.team = %(recipient)s AND e.state IN ('active', 'paused')
            AND NOT e.daily
        RETURNING endpoint)
    UPDATE notice.endpoint e SET due_at = coalesce(e.due_at, 'epoch') FROM queued WHERE e.endpoint = queued.endpoint"""
"""Into its recipient's inbox, and what is to go to their endpoints with it."""

_BEHIND: Final = """
    SELECT wanted.programme FROM unnest(%s::text[]) WITH ORDINALITY AS wanted(programme, nth)
    LEFT JOIN notice.progress p USING (programme)
    WHERE coalesce(p.position, 0) < %s AND p.halted IS NULL ORDER BY wanted.nth"""

_SENT: Final = "number, content, sha256, delivered_at, opened_at, held"
_TO: Final = "programme = %(programme)s AND (%(recipient)s::text IS NULL OR recipient = %(recipient)s)"
_OF: Final = f"{_TO} AND notice = %(notice)s"

# In one statement, however many ask at once: the first of them opens it.
_OPEN: Final = f"UPDATE notice.outbox SET opened_at = clock_timestamp() WHERE {_OF} AND opened_at IS NULL"

# What went to an endpoint, and what was opened, is evidence by itself; of both, the first.
_EVIDENCE: Final = """
    notice.outbox o LEFT JOIN LATERAL (
        SELECT min(d.settled_at) AS went_at FROM notice.delivery d
        WHERE o.service = 'delivered' AND d.number = o.number AND d.state = 'delivered') went ON true
    WHERE o.service IS NOT NULL AND NOT o.served AND coalesce(o.serve_after, 'epoch') <= %(now)s
        AND (o.service = 'inbox' OR coalesce(o.opened_at, went_at) IS NOT NULL)"""
_UNSERVED: Final = f"""
    SELECT number, notice, position, recipient, template, sha256,
        CASE WHEN service = 'inbox' THEN delivered_at ELSE least(opened_at, went_at) END AS at,
        CASE WHEN service = 'inbox' THEN 'inbox' WHEN least(opened_at, went_at) = opened_at THEN 'opened'
            ELSE 'delivered' END AS by
    FROM {_EVIDENCE} AND programme = %(programme)s ORDER BY number LIMIT %(limit)s"""
_TO_SERVE: Final = f"SELECT DISTINCT programme FROM {_EVIDENCE} ORDER BY programme"
_SERVED: Final = """
    UPDATE notice.outbox SET served = %(held)s::text IS NULL, held = %(held)s, serve_after = %(again_at)s
    WHERE number = %(number)s AND NOT served"""

_DISABLED: Final = """
    SELECT endpoint FROM notice.endpoint
    WHERE programme = %s AND (%s::text IS NULL OR team = %s) AND state = 'disabled' ORDER BY registered_at, endpoint"""

_TO_SUMMARISE: Final = """
    SELECT DISTINCT programme FROM notice.endpoint WHERE daily AND state = 'active' AND summary_at <= %s"""
# Whoever has just chosen it has the first at the end of the day.
# A day that there is a summary of already, because a clock was turned back, is passed over: the next one tells of all.
_SUMMARISE: Final = """
    WITH due AS (
        SELECT endpoint, summarised, summary_at, (
            SELECT max(number) FROM notice.outbox o WHERE o.programme = e.programme AND o.recipient = e.team) AS last
        FROM notice.endpoint e
        WHERE programme = %(programme)s AND daily AND state = 'active' AND summary_at <= %(now)s
        FOR NO KEY UPDATE SKIP LOCKED),
    queued AS (
        INSERT INTO notice.delivery (endpoint, day, past, upto, queued_at)
        SELECT endpoint, %(day)s, summarised, last, %(now)s FROM due
        WHERE last > summarised AND summary_at > 'epoch'
        ON CONFLICT DO NOTHING RETURNING endpoint, upto)
    UPDATE notice.endpoint e SET summary_at = %(next_at)s, summarised = coalesce(q.upto, e.summarised),
        due_at = CASE WHEN q.endpoint IS NULL THEN e.due_at ELSE 'epoch' END
    FROM due LEFT JOIN queued q USING (endpoint) WHERE e.endpoint = due.endpoint"""

_REGISTERED: Final = """
    SELECT subject FROM access.api_key WHERE role = 'consortium' AND revoked_at IS NULL
    UNION SELECT subject FROM access.client WHERE role = 'consortium' AND revoked_at IS NULL
    UNION SELECT m.subject FROM access.membership m JOIN access.person p USING (person_id)
        WHERE m.role = 'consortium' AND m.withdrawn_at IS NULL AND p.revoked_at IS NULL
    ORDER BY subject"""


class PostgresNotices:
    """`NoticeStore`, `ServiceStore`, `SummaryStore` and `RegisteredConsortiums` in PostgreSQL."""

    def __init__(self, database_url: str, *, pool_size: int = 4) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)

    @contextmanager
    def turn(self, programme: str) -> Iterator[PostgresNoticeTurn | None]:
        """See `NoticeStore.turn`."""
        with self._connection() as connection:
            # Committed at once: nobody waits for whoever takes the first turn.
            connection.execute(_MAKE, (programme,))
            with connection.transaction():
                found = connection.execute(_TAKE, (programme,)).fetchone()
                if found is None:
                    yield None
                    return
                turn = PostgresNoticeTurn(connection, *found)
                yield turn
                connection.execute(_KEEP, (turn.position, turn.halted, programme))

    def behind(self, programmes: Sequence[str], head: int) -> Sequence[str]:
        """See `NoticeStore.behind`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_BEHIND, (list(programmes), head)).fetchall()]

    def retry(self) -> int:
        """See `NoticeStore.retry`."""
        with self._connection() as connection:
            return connection.execute("UPDATE notice.progress SET halted = NULL WHERE halted IS NOT NULL").rowcount

    def sent(
        self, programme: str, recipient: str | None, *, notice: str | None = None, after: int, limit: int
    ) -> Sequence[Sent]:
        """See `NoticeStore.sent`."""
        of = f"{_TO} AND (%(notice)s::text IS NULL OR notice = %(notice)s)"
        return self._sent(
            f"SELECT {_SENT} FROM notice.outbox WHERE {of} AND number > %(after)s ORDER BY number LIMIT %(limit)s",
            {"programme": programme, "recipient": recipient, "notice": notice, "after": after, "limit": limit},
        )

    def unopened(self, programme: str, recipient: str | None) -> int:
        """See `NoticeStore.unopened`."""
        with self._connection() as connection:
            found = connection.execute(
                f"SELECT count(*) FROM notice.outbox WHERE {_TO} AND opened_at IS NULL",
                {"programme": programme, "recipient": recipient},
            ).fetchone()
        assert found is not None
        return int(found[0])

    def one(self, programme: str, notice: str, recipient: str | None, *, opening: bool) -> Sent | None:
        """See `NoticeStore.one`."""
        of = {"programme": programme, "recipient": recipient, "notice": notice}
        if opening:
            with self._connection() as connection:
                connection.execute(_OPEN, of)
        return next(iter(self._sent(f"SELECT {_SENT} FROM notice.outbox WHERE {_OF}", of)), None)

    def disabled(self, programme: str, recipient: str | None) -> Sequence[str]:
        """See `NoticeStore.disabled`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_DISABLED, (programme, recipient, recipient)).fetchall()]

    def halted(self, programme: str) -> str | None:
        """See `NoticeStore.halted`."""
        with self._connection() as connection:
            found = connection.execute(
                "SELECT halted FROM notice.progress WHERE programme = %s", (programme,)
            ).fetchone()
        return None if found is None else found[0]

    def unserved(self, programme: str, now: datetime, *, limit: int) -> Sequence[Unserved]:
        """See `ServiceStore.unserved`."""
        with self._connection() as connection, connection.cursor(row_factory=class_row(Unserved)) as cursor:
            return cursor.execute(_UNSERVED, {"programme": programme, "now": now, "limit": limit}).fetchall()

    def to_serve(self, now: datetime) -> Sequence[str]:
        """See `ServiceStore.to_serve`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_TO_SERVE, {"now": now}).fetchall()]

    def settle(self, number: int, *, held: str | None, again_at: datetime) -> None:
        """See `ServiceStore.settle`."""
        with self._connection() as connection:
            connection.execute(_SERVED, {"number": number, "held": held, "again_at": again_at})

    def to_summarise(self, now: datetime) -> Sequence[str]:
        """See `SummaryStore.to_summarise`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_TO_SUMMARISE, (now,)).fetchall()]

    def summarise(self, programme: str, day: date, now: datetime, *, next_at: datetime) -> None:
        """See `SummaryStore.summarise`."""
        with self._connection() as connection:
            connection.execute(_SUMMARISE, {"programme": programme, "day": day, "now": now, "next_at": next_at})

    def registered(self) -> Sequence[str]:
        """See `RegisteredConsortiums`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_REGISTERED).fetchall()]

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    def _sent(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sent]:
        with self._connection() as connection, connection.cursor(row_factory=class_row(Sent)) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def _connection(self) -> AbstractContextManager[Connection]:
        return answering(self._pool, "notices do not answer")


class PostgresNoticeTurn:
    """`NoticeTurn` in PostgreSQL; everything is in the transaction of `connection`, which whoever made this ends."""

    def __init__(self, connection: Connection, position: int, halted: str | None) -> None:
        self._connection = connection
        self.position = position
        self.halted = halted

    def send(self, notices: Sequence[Notice], service: Mapping[str, ServedBy]) -> None:
        """See `NoticeTurn.send`."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                _SEND,
                [
                    {
                        "programme": each.programme,
                        "position": each.position,
                        "recipient": each.recipient,
                        "template": each.template,
                        "notice": each.id,
                        "content": content_of(each),
                        "service": service.get(each.template),
                    }
                    for each in notices
                ],
            )
