"""Real servers for the tests: one embedded PostgreSQL a session, a fresh migrated database a test."""

from __future__ import annotations

import itertools
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from psycopg import conninfo as libpq
from xdist.scheduler.loadfile import LoadFileScheduling

from service.embedded import EmbeddedPostgres
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate
from tests.in_memory import write_in_memory

# However busy the machine is, no test fails for it: what is timed stands in ops/bench.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A line for each of a hundred thousand requests says nothing, and takes longer than some of them.
logging.getLogger("httpx").setLevel(logging.WARNING)

_TOGETHER = {
    "test_readme.py": "up",
    "test_up.py": "up",
    "test_pages.py": "pages",
    "test_pages_in_chromium.py": "pages",
}
"""Files → what they share, and is made once if one process runs them."""

_FIRST = ("e2e", "contracts", "integration", "contract")
"""Folders of what takes long, longest first: what is left when the others are done is short, and no core idles."""

_TEMPLATE = "sillok_template"
_numbers = itertools.count(1)


class FilesTogether(LoadFileScheduling):  # type: ignore[misc]  # it ships no types
    """One process runs all tests of a file, and of files that share what takes long to make."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _TOGETHER.get(Path(file).name, file)


def pytest_configure() -> None:
    write_in_memory()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    """For every way of distributing tests: there is no other that makes what a file shares once."""
    return FilesTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order in which they are begun."""
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(root).parts[0]
        return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)

    items.sort(key=rank)


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sillok-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A folder for a server of one's own: pytest's are closed to its account by any other run of pytest that starts."""
    with _home() as home:
        yield home


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Connection string of a PostgreSQL server: an embedded one, or that of SILLOK_TEST_DATABASE_URL."""
    given = os.environ.get("SILLOK_TEST_DATABASE_URL")
    if given is not None:
        yield given
        return
    with _home() as home:
        embedded = EmbeddedPostgres(home / "postgres", home / "postgres.log")
        try:
            url = embedded.start()
            # The machine itself is not cut off here, and whoever kills a server has one of their own.
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            yield url
        finally:
            embedded.stop()


@pytest.fixture(scope="session")
def template(server: str) -> str:
    """The name of a migrated database to copy."""
    name = f"{_TEMPLATE}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(libpq.make_conninfo(server, dbname=name))
    return name


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """Connection string of a fresh database with every migration applied."""
    name = f"sillok_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield libpq.make_conninfo(server, dbname=name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def ledger(database: str) -> Iterator[PostgresLedger]:
    """A ledger over a fresh database."""
    opened = PostgresLedger(database)
    yield opened
    opened.close()
