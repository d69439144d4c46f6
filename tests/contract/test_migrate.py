"""Migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from psycopg import conninfo as libpq

from service.embedded import EmbeddedPostgres
from service.storage import migrate as migrations
from service.storage.lane import ConditionFailedError
from service.storage.ledger import PostgresLedger
from service.storage.migrate import MigrationError, migrate
from tests.contract.test_ledger import new_event, request, unless


def test_each_migration_has_a_number_of_its_own() -> None:
    """Of two with one number, only one would be applied."""
    numbers = [name[:4] for name, _sql in migrations._files()]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_a_migration_is_applied_once(database: str) -> None:
    assert migrate(database) == []


def test_a_database_of_a_later_release_is_refused(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO sillok_migration (version, name, sha256) VALUES (9999, '9999_later.sql', 'x')")
    with pytest.raises(MigrationError, match=r"9999_later.*upgrade Sillok"):
        migrate(database)


def test_a_file_changed_after_it_was_applied_is_refused(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE sillok_migration SET sha256 = 'x' WHERE version = 1")
    with pytest.raises(MigrationError, match=r"0001_ledger\.sql was changed"):
        migrate(database)


@pytest.fixture
def fresh_server(server_home: Path) -> Iterator[str]:
    """A server on which no migration ever ran: without the service's role."""
    embedded = EmbeddedPostgres(server_home / "postgres", server_home / "postgres.log")
    try:
        yield embedded.start()
    finally:
        embedded.stop()


def database_of(server: str, user: str, *, options: str = "", role: str = "LOGIN") -> str:
    """The address of a new database for a new role."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{user}" {role}')
        connection.execute(f'CREATE DATABASE "{user}" {options}')
    return libpq.make_conninfo(server, dbname=user, user=user)


def administer(server: str, database: str, said: str) -> None:
    """Run what a sentence tells the administrator to run."""
    with psycopg.connect(libpq.make_conninfo(server, dbname=database), autocommit=True) as connection:
        connection.execute(said.partition(" run ")[2])


def works(conninfo: str) -> bool:
    """A process of the service can use the database."""
    ledger = PostgresLedger(conninfo)
    try:
        return ledger.head() == 0
    finally:
        ledger.close()


def test_privileges_that_are_missing_are_said_as_what_to_run(fresh_server: str) -> None:
    """Nothing is changed before; what is said is enough, on a server without the service's role and on one with it."""
    for user, role in (("first-user", "LOGIN"), ("second-user", "LOGIN"), ("third-user", "LOGIN CREATEROLE")):
        conninfo = database_of(fresh_server, user, role=role)
        with pytest.raises(MigrationError, match=f"{user} lacks privileges") as refused:
            migrate(conninfo)
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("SELECT to_regclass('public.sillok_migration')").fetchone() == (None,)
        said = str(refused.value)
        assert ("CREATEROLE" in said) == (role == "LOGIN")
        assert ("GRANT sillok_service" in said or 'GRANT "sillok_service"' in said) == (user != "first-user")
        administer(fresh_server, user, said)
        assert migrate(conninfo)
        assert works(conninfo)


def test_a_role_that_may_not_be_the_service_s_is_told_so_though_all_is_migrated(fresh_server: str) -> None:
    migrate(libpq.make_conninfo(database_of(fresh_server, "owner-of-it"), user="postgres"))
    with psycopg.connect(fresh_server, autocommit=True) as connection:
        connection.execute("CREATE ROLE another LOGIN")
    conninfo = libpq.make_conninfo(fresh_server, dbname="owner-of-it", user="another")
    with pytest.raises(MigrationError, match="lacks privileges") as refused:
        migrate(conninfo)
    administer(fresh_server, "owner-of-it", str(refused.value))
    with pytest.raises(MigrationError, match="refused the migration"):
        migrate(conninfo)  # its tables belong to another
    assert works(conninfo)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_korean_is_refused(server: str, encoding: str) -> None:
    name = f"in-{encoding.lower()}-{os.getpid()}"
    options = f"ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER libc"
    conninfo = database_of(server, name, options=options, role="LOGIN SUPERUSER")
    with pytest.raises(MigrationError, match=rf"encoding {encoding}.*ENCODING 'UTF8'"):
        migrate(conninfo)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}"')


def test_the_boundary_index_of_an_earlier_release_is_made_anew(
    fresh_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migration 0005 changed its keys: what was recorded before is found, and breaks conditions, as before."""
    with psycopg.connect(fresh_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE earlier")
    database = libpq.make_conninfo(fresh_server, dbname="earlier")
    every = migrations._files()
    monkeypatch.setattr(migrations, "_files", lambda: every[:4])
    migrate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        for position, (type_, tags) in enumerate([("Scored", ["sheet:p/1", "stage:p/s"]), ("Untagged", [])], start=1):
            connection.execute(
                "INSERT INTO ledger.event VALUES (%s, %s, 'p', %s, 1, %s, now(), %s, '', '', '')",
                (position, UUID(int=position), type_, tags, bytes(16)),
            )
        connection.execute("UPDATE ledger.head SET position = 2, recorded_at = now()")
    monkeypatch.undo()
    assert migrate(database)[0] == "0005_append.sql"
    ledger = PostgresLedger(database)
    for item, position in [
        (DCBQueryItem(types=["Scored"], tags=["sheet:p/1"]), 1),
        (DCBQueryItem(tags=["stage:p/s"]), 1),
        (DCBQueryItem(types=["Untagged"]), 2),
    ]:
        assert [each.position for each in ledger.read(DCBQuery(items=[item]))] == [position]
        with pytest.raises(ConditionFailedError) as caught:
            ledger.append(request(new_event(), condition=unless(item, after=0)))
        assert caught.value.position == position
    ledger.close()
