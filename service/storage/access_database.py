"""The schema `access`: one pool for keys, clients and what administrators did."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool

from service.storage.connections import answering, open_pool

RECORD: Final = "INSERT INTO access.audit (operator, act, object) VALUES (%s, %s, %s)"


class AccessDatabase:
    """Connections to `access`. Every method raises `LedgerUnavailableError` if the database does not answer."""

    def __init__(self, database_url: str, *, size: int = 4) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=size)

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """An autocommit connection."""
        return answering(self._pool, "the key store does not answer")

    def rows(self, sql: str, parameters: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What a statement gives; nothing if it gives no rows."""
        with self.connection() as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description is not None else []

    def act(
        self, operator: str, act: str, object_: str, *statements: tuple[str, Mapping[str, Any] | tuple[Any, ...]]
    ) -> bool:
        """Do something, and record who did it, or neither. False, and nothing done, if the first one finds no row."""
        with self.connection() as connection, connection.transaction():
            for number, (sql, parameters) in enumerate(statements):
                if connection.execute(sql, parameters).rowcount == 0 and number == 0:
                    return False
            connection.execute(RECORD, (operator, act, object_))
            return True

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()
