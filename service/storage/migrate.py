"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

import psycopg

_LOCK: Final = 7310050
OLDEST_SERVER: Final = 170000
"""PostgreSQL 17 brought `transaction_timeout`, which bounds whoever holds the ledger's lock."""


class MigrationError(Exception):
    """The database and this release do not fit; the sentence says what to do."""


def migrate(conninfo: str) -> list[str]:
    """Bring a database to this release; the names of what was applied. Safe to call from several processes at once.

    Raises `MigrationError`; `psycopg.OperationalError` if the server cannot be reached.
    """
    available = {int(name[:4]): (name, sql) for name, sql in _files()}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise MigrationError(
                f"PostgreSQL {connection.info.server_version // 10000} is too old: use version 17 or later."
            )
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.sillok_migration ("
            " version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = {
            version: (name, sha256)
            for version, name, sha256 in connection.execute("SELECT version, name, sha256 FROM public.sillok_migration")
        }
        _check(applied, available)
        done = []
        for version in sorted(available.keys() - applied.keys()):
            name, sql = available[version]
            with connection.transaction():
                connection.execute(sql)
                connection.execute(
                    "INSERT INTO public.sillok_migration (version, name, sha256) VALUES (%s, %s, %s)",
                    (version, name, _sha256(sql)),
                )
            done.append(name)
        connection.execute("SELECT ledger.ensure_partitions(2)")
        return done


def _check(applied: dict[int, tuple[str, str]], available: dict[int, tuple[str, bytes]]) -> None:
    for version, (name, sha256) in applied.items():
        if version not in available:
            raise MigrationError(
                f"The database has migration {name}, which this release does not know: upgrade Sillok."
            )
        if _sha256(available[version][1]) != sha256:
            raise MigrationError(f"Migration {name} was changed after it was applied: restore the released file.")


def _files() -> list[tuple[str, bytes]]:
    folder = resources.files("service.storage") / "migrations"
    return sorted((file.name, file.read_bytes()) for file in folder.iterdir() if file.name.endswith(".sql"))


def _sha256(sql: bytes) -> str:
    return hashlib.sha256(sql).hexdigest()
