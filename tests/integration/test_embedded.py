"""The embedded servers: they come back with their data, survive what killed their parent, and let nobody else in."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from celery import Celery

from service.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServerError, only_one
from service.settings import Settings
from service.system_access import let_pass


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder closed to everybody else, with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="sillok-"))
    yield folder
    shutil.rmtree(folder)


@contextmanager
def postgres(home: Path) -> Iterator[tuple[EmbeddedPostgres, str]]:
    server = EmbeddedPostgres(home / "postgres", home / "postgres.log")
    try:
        yield server, server.start()
    finally:
        server.stop()


def ask(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(sql)
        row = found.fetchone() if found.description is not None else None
        return None if row is None else row[0]


def pid_of(server: EmbeddedPostgres | EmbeddedRedis) -> int:
    assert server.process is not None
    return server.process.pid


def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_data_survives_a_stop_and_a_kill(home: Path) -> None:
    with postgres(home) as (_, url):
        ask(url, "CREATE TABLE kept AS SELECT 1 AS n")
    with postgres(home) as (server, url):
        ask(url, "INSERT INTO kept VALUES (2)")
        os.kill(pid_of(server), signal.SIGKILL)
    with postgres(home) as (_, url):
        assert ask(url, "SELECT sum(n) FROM kept") == 3


def test_a_commit_is_durable_and_the_server_is_private(home: Path) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "TimeZone": "UTC",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "server_encoding": "UTF8",
    }
    with postgres(home) as (_, url):
        assert {each: ask(url, f"SHOW {each}") for each in expected} == expected


def test_nobody_else_reaches_sockets_and_data(home: Path) -> None:
    with postgres(home):
        for folder in ("sockets", "postgres"):
            assert stat.S_IMODE((home / folder).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["with space", "기록", "a,b", 'quo"te', "per%20cent", "long" * 40])
def test_any_path_will_do(home: Path, name: str) -> None:
    """Spaces, Korean, what addresses and lists treat specially, and longer than a socket's path may be."""
    place = home / name
    with postgres(place) as (_, url):
        assert ask(url, "SELECT 1") == 1
    redis = EmbeddedRedis(place / "redis", place / "redis.log")
    try:
        url = redis.start()
        settings = Settings(home=place, host="", port=1, database_url=None, redis_url=url)
        with Celery(broker=settings.require_redis(), set_as_current=False) as app:
            app.connection().ensure_connection(max_retries=1, timeout=5)
    finally:
        redis.stop()


def test_a_server_that_was_left_running_is_stopped_first(home: Path) -> None:
    with postgres(home) as (left, url):
        ask(url, "CREATE TABLE kept AS SELECT 1 AS n")
        with postgres(home) as (_, url):
            assert ask(url, "SELECT n FROM kept") == 1
            assert left.process is not None
            assert left.process.wait(10) == 0


def test_a_pid_file_with_another_process_s_number_stops_nothing(home: Path) -> None:
    """As after a crash of the machine or a restart of a container, where numbers are given out again."""
    with postgres(home) as (server, url):
        ask(url, "SELECT 1")
        kept = (home / "postgres" / "postmaster.pid").read_text()
        os.kill(pid_of(server), signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        pid_file = home / "postgres" / "postmaster.pid"
        pid_file.write_text("\n".join([str(innocent.pid), *kept.splitlines()[1:]]) + "\n")
        with postgres(home) as (_, url):
            assert ask(url, "SELECT 1") == 1
        assert innocent.poll() is None
        innocent.kill()


def test_data_that_was_cut_off_in_the_making_is_made_anew(home: Path) -> None:
    half = home / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with postgres(home) as (_, url):
        assert ask(url, "SELECT 1") == 1
    assert not half.exists()


def test_another_major_version_is_one_sentence(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    with (
        pytest.raises(EmbeddedServerError, match=r"PostgreSQL 17, this release runs 18: .*SILLOK_HOME"),
        postgres(home),
    ):
        pass


def test_files_of_something_else_are_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(EmbeddedServerError, match="holds files, but no PostgreSQL data"), postgres(home):
        pass
    assert (home / "postgres" / "thesis.txt").read_text() == "irreplaceable"


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with postgres(home):
        pass
    (home / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL did not start: see .*postgres\.log"), postgres(home):
        pass


def test_a_folder_has_one_supervisor(home: Path) -> None:
    with only_one(home), pytest.raises(EmbeddedServerError, match=r"runs on .* already"), only_one(home):
        pass
    with only_one(home):
        pass


def test_a_folder_that_cannot_be_written_is_one_sentence(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="SILLOK_HOME"), only_one(home / "file" / "below"):
        pass


_STARTS_BOTH = """
import sys, time
from pathlib import Path
from service.embedded import EmbeddedPostgres, EmbeddedRedis, only_one

home = Path(sys.argv[1])
with only_one(home) as lock:
    postgres = EmbeddedPostgres(home / "postgres", home / "postgres.log", lock)
    redis = EmbeddedRedis(home / "redis", home / "redis.log", lock)
    print(postgres.start(), flush=True)
    redis.start()
    print("both", flush=True)
    time.sleep(600)
"""


def test_servers_die_with_a_killed_parent_and_the_next_waits_for_them(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS_BOTH, str(home)], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        ask(supervisor.stdout.readline().strip(), "CREATE TABLE kept AS SELECT 1 AS n")
        assert supervisor.stdout.readline() == "both\n"
        family = psutil.Process(supervisor.pid).children(recursive=True)
        assert {"postgres", "redis-server"} == {process.name() for process in family}
        supervisor.kill()
    with only_one(home):
        servers = [process for process in family if process.is_running()]
        assert [process for process in servers if process.status() != psutil.STATUS_ZOMBIE] == []
        with postgres(home) as (_, url):
            assert ask(url, "SELECT n FROM kept") == 1


def test_a_socket_folder_of_somebody_else_is_not_used(home: Path) -> None:
    """A link to a folder that another user may have put where sockets are expected."""
    (home / "elsewhere").mkdir()
    (home / "sockets").symlink_to(home / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="belongs to another user"), postgres(home):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_passage_is_given_to_one_user_only(home: Path) -> None:
    """Root's closed folders are opened to the server's user, to nobody else, and for nothing but passing."""
    inner = home / "inner"
    inner.mkdir(mode=0o755)
    (inner / "readable").write_text("x")
    let_pass(1234, inner)
    let_pass(1234, inner)

    def can(uid: int, command: list[str | Path]) -> bool:
        return subprocess.run(command, check=False, capture_output=True, user=uid, group=uid, cwd="/").returncode == 0

    assert can(1234, ["cat", inner / "readable"])
    assert not can(1234, ["ls", home])
    assert not can(4321, ["cat", inner / "readable"])
    assert home.stat().st_mode & 0o007 == 0
