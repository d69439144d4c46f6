"""Migrations."""

from __future__ import annotations

import psycopg
import pytest

from service.storage.migrate import MigrationError, migrate


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
