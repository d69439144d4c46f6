"""All builds of all views in PostgreSQL, for operators and for the workers' schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import class_row

from domain.views import View
from service.application.view_ports import EVERY_PARTITION, Build, Certificate, Purpose
from service.storage.build_history import digest_of
from service.storage.build_turn import remove
from service.storage.views import PAUSED, PostgresViewStore

_LIST: Final = f"""
    SELECT b.view, b.version, b.partition, b.build, b.state, b.purpose, b.position,
        greatest(h.position - b.position, 0) AS positions_behind,
        coalesce(extract(epoch FROM clock_timestamp() - next.recorded_at), 0)::float8 AS seconds_behind,
        b.stale, {PAUSED} AS paused, b.batches, b.events, b.halts, b.updated_at
    FROM views.build b CROSS JOIN ledger.head h LEFT JOIN LATERAL (
        SELECT e.recorded_at FROM ledger.event e WHERE e.programme = b.partition AND e.position > b.position
        ORDER BY e.position LIMIT 1
    ) next ON true ORDER BY b.view, b.version, b.partition, b.state DESC"""

_BEHIND: Final = """
    SELECT wanted.partition FROM unnest(%(partitions)s::text[]) WITH ORDINALITY AS wanted(partition, nth)
    WHERE EXISTS (
        SELECT FROM unnest(%(views)s::text[], %(versions)s::int4[]) AS v(view, version)
        LEFT JOIN views.build b
            ON (b.view, b.version, b.partition, b.state) = (v.view, v.version, wanted.partition, 'live')
        WHERE coalesce(b.position, 0) < %(head)s AND b.stale IS NULL AND NOT EXISTS (
            SELECT FROM views.pause p WHERE p.view = v.view AND (p.partition = wanted.partition OR p.partition = '*')
        )
    ) ORDER BY wanted.nth"""


class PostgresBuilds:
    """`Builds` in PostgreSQL, over the connections of the store."""

    def __init__(self, store: PostgresViewStore) -> None:
        self._store = store

    def every(self) -> Sequence[Build]:
        """See `Builds.every`."""
        with self._store.connection() as connection, connection.cursor(row_factory=class_row(Build)) as cursor:
            return cursor.execute(_LIST).fetchall()

    def behind(self, views: Sequence[View], partitions: Sequence[str], head: int) -> Sequence[str]:
        """See `Builds.behind`."""
        wanted = {
            "views": [view.name for view in views],
            "versions": [view.version for view in views],
            "partitions": list(partitions),
            "head": head,
        }
        return [partition for (partition,) in self._all(_BEHIND, wanted)]

    def unfinished(self) -> Sequence[tuple[str, int, str]]:
        """See `Builds.unfinished`."""
        return self._all(
            "SELECT b.view, b.version, b.partition FROM views.build b WHERE b.state = 'building' AND b.stale IS NULL"
            f" AND NOT {PAUSED} ORDER BY b.build",
            {},
        )

    def request(self, view: View, partition: str, purpose: Purpose) -> int | None:
        """See `Builds.request`."""
        found = self._all(
            "INSERT INTO views.build (view, version, partition, state, purpose)"
            " VALUES (%(view)s, %(version)s, %(partition)s, 'building', %(purpose)s)"
            " ON CONFLICT DO NOTHING RETURNING build",
            {"view": view.name, "version": view.version, "partition": partition, "purpose": purpose},
        )
        return found[0][0] if found else None

    def digest(self, view: View, partition: str) -> tuple[str, int]:
        """See `Builds.digest`."""
        with self._store.live(view, partition) as (connection, build, position):
            return digest_of(connection, build), position

    def certificate(self, build: int) -> Certificate | None:
        """See `Builds.certificate`."""
        found = self._all(
            "SELECT purpose, position, live_digest, digest, differing, swapped FROM views.certificate"
            " WHERE build = %(build)s ORDER BY certificate DESC LIMIT 1",
            {"build": build},
        )
        if not found:
            return None
        purpose, position, live_digest, digest, differing, swapped = found[0]
        return Certificate(
            purpose=purpose,
            position=position,
            live_digest=live_digest,
            digest=digest,
            differing=tuple(differing),
            swapped=swapped,
        )

    def withdraw(self, view: View, partition: str) -> bool:
        """See `Builds.withdraw`."""
        with self._store.connection() as connection, connection.transaction():
            return remove(connection, view.name, view.version, partition, "building")

    def retry(self, views: Sequence[View]) -> int:
        """See `Builds.retry`."""
        with self._store.connection() as connection:
            return connection.execute(
                "UPDATE views.build b SET stale = NULL FROM unnest(%s::text[], %s::int4[]) AS v(view, version)"
                " WHERE (b.view, b.version) = (v.view, v.version) AND b.stale IS NOT NULL",
                ([view.name for view in views], [view.version for view in views]),
            ).rowcount

    def prune(self, views: Sequence[View]) -> int:
        """See `Builds.prune`."""
        with self._store.connection() as connection, connection.transaction():
            found = connection.execute(
                "SELECT view, version, partition, state FROM views.build"
                " WHERE state = 'kept' OR (view, version) NOT IN (SELECT * FROM unnest(%s::text[], %s::int4[]))",
                ([view.name for view in views], [view.version for view in views]),
            ).fetchall()
            return sum(remove(connection, *each) for each in found)

    def pause(self, view: str, partition: str) -> None:
        """See `Builds.pause`."""
        with self._store.connection() as connection:
            connection.execute(
                "INSERT INTO views.pause (view, partition) VALUES (%s, %s) ON CONFLICT DO NOTHING", (view, partition)
            )

    def resume(self, view: str, partition: str) -> int:
        """See `Builds.resume`."""
        of = {"view": view, "partition": partition, "every": partition == EVERY_PARTITION}
        with self._store.connection() as connection, connection.transaction():
            paused = connection.execute(
                "DELETE FROM views.pause WHERE view = %(view)s AND (%(every)s OR partition = %(partition)s)", of
            )
            halted = connection.execute(
                "UPDATE views.build SET stale = NULL WHERE view = %(view)s AND (%(every)s OR partition = %(partition)s)"
                " AND stale IS NOT NULL",
                of,
            )
            return paused.rowcount + halted.rowcount

    def _all(self, sql: str, parameters: dict[str, Any]) -> list[Any]:
        with self._store.connection() as connection:
            return connection.execute(sql, parameters).fetchall()
