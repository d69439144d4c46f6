"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import sql as statement

from service.storage.connections import ROLE

_LOCK: Final = 7310050
OLDEST_SERVER: Final = 170000
"""PostgreSQL 17 brought `transaction_timeout`, which bounds whoever holds the ledger's lock."""

Connection = psycopg.Connection[tuple[Any, ...]]


class MigrationError(Exception):
    """The database and this release do not fit; the sentence says what to do."""


def migrate(conninfo: str) -> list[str]:
    """Bring a database to this release; the names of what was applied. Safe to call from several processes at once.

    Raises `MigrationError`, also if the server does not answer; `psycopg.OperationalError` if it goes meanwhile.
    """
    with _connected(conninfo) as connection:
        _require_fit(connection)
        try:
            return _apply(connection)
        except psycopg.OperationalError:
            raise
        except psycopg.DatabaseError as error:
            said = error.diag.message_primary or str(error)
            raise MigrationError(
                f"The database refused the migration ({said}): see what it needs in the README, Operating."
            ) from error


def _connected(conninfo: str) -> Connection:
    try:
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise MigrationError(
            f"No connection to PostgreSQL at DATABASE_URL ({' '.join(str(error).split()).rstrip('.')}): start it there,"
            " correct the address, or leave DATABASE_URL unset to have `sillok up` start one."
        ) from error


def _apply(connection: Connection) -> list[str]:
    available = {int(name[:4]): (name, sql) for name, sql in _files()}
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


def _require_fit(connection: Connection) -> None:
    """Raise `MigrationError` if the server, the database or the role cannot do, before anything is changed."""
    if connection.info.server_version < OLDEST_SERVER:
        raise MigrationError(
            f"PostgreSQL {connection.info.server_version // 10000} is too old: use version 17 or later."
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise MigrationError(
            f"The database {connection.info.dbname} has the encoding {encoding}, and Sillok writes Korean: create one"
            " with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )
    if missing := _missing_privileges(connection):
        raise MigrationError(
            f"The database role {connection.info.user} lacks privileges: let an administrator of the server run"
            f" {'; '.join(missing)};"
        )


def _missing_privileges(connection: Connection) -> list[str]:
    """What an administrator has to run, in the database, so that its role can migrate and run the service."""
    row = connection.execute(
        "SELECT u.rolsuper, u.rolcreaterole, has_database_privilege(current_database(), 'CREATE'),"
        " has_schema_privilege('public', 'CREATE'), to_regclass('public.sillok_migration') IS NOT NULL,"
        " to_regnamespace('ledger') IS NOT NULL, r.oid IS NOT NULL, pg_has_role(r.oid, 'SET'),"
        " pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')"
        " FROM pg_roles u LEFT JOIN pg_roles r ON r.rolname = %s WHERE u.rolname = current_user",
        (ROLE,),
    ).fetchone()
    assert row is not None
    superuser, creates_roles, creates_schemas, creates_tables, begun, migrated, exists, may_be, admin = row
    if superuser:
        return []
    wanted = [
        (migrated or creates_roles, "ALTER ROLE {user} CREATEROLE"),
        (migrated or creates_schemas, "GRANT CREATE ON DATABASE {database} TO {user}"),
        (begun or creates_tables, "GRANT CREATE ON SCHEMA public TO {user}"),
        (may_be if migrated else admin or not exists, "GRANT {role} TO {user} WITH ADMIN OPTION"),
    ]
    names = {"user": connection.info.user, "database": connection.info.dbname, "role": ROLE}
    quoted = {name: statement.Identifier(value).as_string(connection) for name, value in names.items()}
    return [text.format(**quoted) for granted, text in wanted if not granted]


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
