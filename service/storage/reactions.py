"""Reactions in PostgreSQL: one row a programme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from service.application.reaction_ports import Held, Standing
from service.storage.connections import answering, open_pool

Connection = psycopg.Connection[tuple[Any, ...]]

_STANDING: Final = "SELECT position, due_at, held::text FROM reaction.progress WHERE programme = %s"
_TAKE: Final = f"{_STANDING} FOR UPDATE SKIP LOCKED"
_MAKE: Final = "INSERT INTO reaction.progress (programme) VALUES (%s) ON CONFLICT DO NOTHING"
_KEEP: Final = """
    UPDATE reaction.progress SET position = %s, due_at = %s, held = %s::jsonb, updated_at = now()
    WHERE programme = %s"""
_BEHIND: Final = """
    SELECT wanted.programme FROM unnest(%s::text[]) WITH ORDINALITY AS wanted(programme, nth)
    LEFT JOIN reaction.progress p USING (programme)
    WHERE coalesce(p.position, 0) < %s OR p.due_at <= %s ORDER BY wanted.nth"""


class PostgresReactionTurn:
    """See `ReactionTurn`."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing


class PostgresReactions:
    """`ReactionStore` in PostgreSQL."""

    def __init__(self, database_url: str, *, pool_size: int = 1) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)

    @contextmanager
    def turn(self, programme: str) -> Iterator[PostgresReactionTurn | None]:
        """See `ReactionStore.turn`."""
        with self._connection() as connection:
            connection.execute(_MAKE, (programme,))
            with connection.transaction():
                found = connection.execute(_TAKE, (programme,)).fetchone()
                if found is None:
                    yield None
                    return
                turn = PostgresReactionTurn(_standing(*found))
                yield turn
                kept = turn.standing
                held = msgspec.json.encode(kept.held).decode()
                connection.execute(_KEEP, (kept.position, kept.due_at, held, programme))

    def behind(self, programmes: Sequence[str], head: int, now: datetime) -> Sequence[str]:
        """See `ReactionStore.behind`."""
        with self._connection() as connection:
            return [each for (each,) in connection.execute(_BEHIND, (list(programmes), head, now)).fetchall()]

    def standing(self, programme: str) -> Standing:
        """See `ReactionStore.standing`."""
        with self._connection() as connection:
            found = connection.execute(_STANDING, (programme,)).fetchone()
        return Standing() if found is None else _standing(*found)

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    def _connection(self) -> AbstractContextManager[Connection]:
        return answering(self._pool, "reactions do not answer")


def _standing(position: int, due_at: datetime | None, held: str) -> Standing:
    return Standing(position=position, due_at=due_at, held=msgspec.json.decode(held, type=tuple[Held, ...]))
