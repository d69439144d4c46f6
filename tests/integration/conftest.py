"""The service over real PostgreSQL, called through HTTP in this process; projections advanced when a test says so."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from litestar import Litestar
from litestar.testing import TestClient
from psycopg import conninfo as libpq

from service import secret_rings
from service.application import access
from service.application.identity import Role
from service.application.projecting import AdvanceProjection
from service.bootstrap import Service, open_service
from service.cli import main
from service.cli.demonstration import ensure_keys
from service.cli.play import Keys
from service.cli.programme_files import Line
from service.embedded import EmbeddedRedis
from service.settings import Settings
from tests.integration.api_process import ApiProcess
from tests.integration.applications import application_over
from tests.integration.issuer import Key, LocalIssuer, make_keys, serve
from tests.integration.lines import play_together
from tests.integration.sealing import SignerProcess
from tests.integration.working import Workers, kill
from tests.playing import EVERY, REHEARSAL, lines_of

Headers = dict[str, str]
Run = Callable[..., str]


def as_url(conninfo: str) -> str:
    """The address of a database as a URL, which is what the environment takes."""
    parts = libpq.conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"


@dataclass
class Running:
    """A service, its keys, a client of it, and a way to bring its views up to the head."""

    service: Service
    keys: Keys
    client: TestClient[Litestar]
    database: str
    settings: Settings

    @property
    def url(self) -> str:
        """The address of its database as a URL."""
        return as_url(self.database)

    def project(self) -> None:
        advance = AdvanceProjection(self.service.ledger, self.service.store)
        for programme in advance.programmes():
            advance.catch_up(programme)

    def issue(self, role: Role, subject: str) -> str:
        """A new key."""
        return self.service.parts.administration.keys.issue(role, subject, operator="tests")

    def head(self) -> int:
        return self.service.ledger.head()

    def as_agency(self, agency: str, key: str = "test-1") -> Headers:
        return {
            "Authorization": f"Bearer {self.keys.agencies[agency]}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }

    def submit(
        self, programme: str, decision: str, body: Any, *, agency: str = "msit", key: str = "test-1"
    ) -> httpx.Response:
        return self.client.post(
            f"/v1/programmes/{programme}/decisions/{decision}", json=body, headers=self.as_agency(agency, key)
        )

    def play(self, programme: str, lines: list[Line]) -> None:
        play_together(self.client, programme, lines, self.keys)


def run_service(database: str, home: Path, **settings_: Any) -> Iterator[Running]:
    """A service over a database. `settings_`: those that are others."""
    settings = Settings(home=home, host="127.0.0.1", port=8000, database_url=database, redis_url=None, **settings_)
    keys = ensure_keys(settings, [line for programme in EVERY for line in lines_of(programme)])
    service = open_service(settings)
    with (
        application_over(service.parts) as application,
        TestClient(application, raise_server_exceptions=False) as client,
    ):
        yield Running(service, keys, client, database, settings)
    service.close()


@pytest.fixture
def running(database: str, tmp_path: Path) -> Iterator[Running]:
    """A service over an empty ledger."""
    yield from run_service(database, tmp_path)


@pytest.fixture
def api(running: Running, tmp_path: Path) -> Iterator[ApiProcess]:
    """An API process of its own over the ledger of `running`."""
    api = ApiProcess(running, tmp_path)
    yield api
    api.stop()


def running_signer(home: Path) -> Iterator[SignerProcess]:
    found = SignerProcess(home)
    assert found.start() == ""
    yield found
    found.kill()


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[SignerProcess]:
    """A signer of its own, running."""
    yield from running_signer(tmp_path)


def run_shared(server: str, template: str, home: Path, **settings_: Any) -> Iterator[Running]:
    """A service that many tests share, over a database named by the folder. `settings_`: those that are others."""
    name = f"{template}_{home.name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield from run_service(libpq.make_conninfo(server, dbname=name), home, **settings_)


@pytest.fixture(scope="module")
def shared(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that the tests of a module share, over a ledger that is empty at first."""
    yield from run_shared(server, template, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def process_of_all(shared: Running) -> Iterator[ApiProcess]:
    api = ApiProcess(shared, shared.settings.home)
    yield api
    api.stop()


@pytest.fixture
def shared_api(process_of_all: ApiProcess) -> ApiProcess:
    """An API process over the ledger of `shared`, for all tests of a module; it runs again if one before stopped it."""
    if process_of_all.process.poll() is not None:
        process_of_all.start()
    return process_of_all


@pytest.fixture(scope="session")
def issuer_keys() -> dict[str, Key]:
    """What each issuer of a test's own begins with."""
    return make_keys()


@pytest.fixture
def issuer(issuer_keys: dict[str, Key]) -> Iterator[LocalIssuer]:
    """An issuer of its own, running."""
    with serve(LocalIssuer(issuer_keys)) as found:
        yield found


@pytest.fixture(scope="session")
def kept_rehearsal(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], str]:
    """Play so many lines of the rehearsal, once: the name of a database to copy, to which nobody is connected.

    A service over a copy has keys of its own.
    """

    @functools.cache
    def keep(lines: int) -> str:
        database = ""
        for running in run_shared(server, template, tmp_path_factory.mktemp(f"rehearsal-{lines}-")):
            running.play(REHEARSAL, lines_of(REHEARSAL)[:lines])
            running.project()
            database = running.database
        return str(libpq.conninfo_to_dict(database)["dbname"])

    return keep


@pytest.fixture(scope="session")
def played(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service into which every programme was played. For tests that only read."""
    for running in run_shared(server, template, tmp_path_factory.mktemp("played")):
        for programme in EVERY:
            running.play(programme, lines_of(programme))
        running.project()
        yield running


@pytest.fixture
def until(running: Running) -> Callable[[str], None]:
    """Play the rehearsal up to, not including, the first decision of a type."""

    def play_until(decision: str) -> None:
        lines = lines_of(REHEARSAL)
        running.play(REHEARSAL, lines[: [line.decision for line in lines].index(decision)])

    return play_until


@pytest.fixture
def run(running: Running, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in the service's own home; what it prints. The service notices at once."""
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)
    monkeypatch.setattr(secret_rings, "_LOOK_SECONDS", 0.0)

    def invoke(*arguments: str, status: int = 0) -> str:
        environment = {"DATABASE_URL": as_url(running.database), "SILLOK_HOME": str(running.settings.home)}
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    return invoke


@pytest.fixture
def workers(database: str, tmp_path: Path) -> Iterator[Workers]:
    redis = EmbeddedRedis(tmp_path / "redis", tmp_path / "redis.log")
    url = redis.start()
    environment = {**os.environ, "DATABASE_URL": as_url(database), "REDIS_URL": url, "SILLOK_HOME": str(tmp_path)}
    found = Workers(environment, tmp_path / "celery.log", redis, [])
    yield found
    for child in found.children:
        kill(child)
    redis.stop()


@pytest.fixture
def serving(database: str, tmp_path: Path, workers: Workers) -> Iterator[Running]:
    """The API beside the workers, waking them through Redis."""
    settings = Settings(
        home=tmp_path,
        host="127.0.0.1",
        port=8000,
        database_url=database,
        redis_url=workers.environment["REDIS_URL"],
    )
    keys = ensure_keys(settings, lines_of(REHEARSAL))
    service = open_service(settings)
    with (
        application_over(service.parts) as application,
        TestClient(application, raise_server_exceptions=False) as client,
    ):
        yield Running(service, keys, client, database, settings)
    service.close()


@pytest.fixture(scope="session")
def address(played: Running) -> Iterator[str]:
    """Where an API process over `played` answers, for commands."""
    api = ApiProcess(played, played.settings.home)
    yield api.url
    api.stop()
