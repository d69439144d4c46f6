"""What the environment says: the only settings there are."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

_PEPPER_BYTES: Final = 32


class SettingsError(Exception):
    """A variable breaks its rule; the sentence names both."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`home`: where data lives. `database_url`, `redis_url`: of real servers; without, embedded ones.

    `pepper_path`: a pepper that several machines share; without, one is made in `home`.
    """

    home: Path
    host: str
    port: int
    database_url: str | None
    redis_url: str | None
    pepper_path: Path | None = None

    @property
    def pepper_file(self) -> Path:
        return self.pepper_path or self.home / "pepper"

    @property
    def keys_file(self) -> Path:
        return self.home / "keys.json"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def require_database(self) -> str:
        """The database's address. Raises `SettingsError`."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is not set: give postgresql://user@host/database, or use `sillok up`.")
        return self.database_url

    def require_redis(self) -> str:
        """The broker's address, as Celery writes it. Raises `SettingsError`."""
        if self.redis_url is None:
            raise SettingsError("REDIS_URL is not set: give redis://host:6379/0, or use `sillok up`.")
        return self.redis_url.replace("unix://", "redis+socket://", 1)

    def pepper(self) -> bytes:
        """The secret that keys are hashed with; made once, readable by its owner only. Raises `SettingsError`."""
        try:
            if self.pepper_path is None and not self.pepper_file.exists():
                _make_secret(self.pepper_file)
            pepper = self.pepper_file.read_bytes()
        except OSError as error:
            raise SettingsError(f"The pepper {self.pepper_file} cannot be used ({error.strerror}).") from None
        if len(pepper) < _PEPPER_BYTES:
            raise SettingsError(
                f"The pepper {self.pepper_file} has {len(pepper)} bytes, at least {_PEPPER_BYTES} are needed:"
                " restore it from a backup, since keys made with another one do not work."
            )
        return pepper


def _make_secret(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(secrets.token_bytes(_PEPPER_BYTES))
        output.flush()
        os.fsync(output.fileno())
    # It appears whole or not at all, and the first one stays.
    with contextlib.suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from SILLOK_HOME, HOST, PORT, DATABASE_URL, REDIS_URL and SILLOK_PEPPER_FILE. Raises `SettingsError`."""
    found = os.environ if environment is None else environment
    pepper = found.get("SILLOK_PEPPER_FILE")
    return Settings(
        home=_path("SILLOK_HOME", found.get("SILLOK_HOME") or ".sillok"),
        host=found.get("HOST") or "127.0.0.1",
        port=_port(found.get("PORT") or "8000"),
        database_url=_database_url(found),
        redis_url=_url(found, "REDIS_URL", ("redis://", "rediss://", "unix://", "redis+socket://")),
        pepper_path=_path("SILLOK_PEPPER_FILE", pepper) if pepper else None,
    )


def _path(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise SettingsError(f"{name}={text!r} names the home of a user that does not exist.") from None
    except FileNotFoundError:
        raise SettingsError(f"{name}={text!r} is relative to a folder that is gone: give an absolute path.") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise SettingsError(f"PORT={text!r} is no port: give a whole number from 1 to 65535.")
    return int(text)


def _database_url(environment: Mapping[str, str]) -> str | None:
    text = _url(environment, "DATABASE_URL", ("postgresql://", "postgres://"))
    if text is not None:
        try:
            conninfo_to_dict(text)
        except ProgrammingError:
            # Not repeated: it may hold a password.
            raise SettingsError("DATABASE_URL is no address of PostgreSQL: give postgresql://user@host/db.") from None
    return text


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    text = environment.get(name) or None
    if text is not None and not text.startswith(schemes):
        raise SettingsError(f"{name} must begin with one of {', '.join(schemes)}.")
    return text
