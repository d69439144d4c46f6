"""What the environment says: the only settings there are."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec


class SettingsError(Exception):
    """A variable breaks its rule; the sentence names both."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`home`: where data lives. `database_url`, `redis_url`: of real servers; without, embedded ones."""

    home: Path
    host: str
    port: int
    database_url: str | None
    redis_url: str | None

    @property
    def pepper_file(self) -> Path:
        return self.home / "pepper"

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
        """The secret that keys are hashed with; made once, readable by its owner only."""
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self.pepper_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self.pepper_file.read_bytes()
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        return self.pepper_file.read_bytes()


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from SILLOK_HOME, HOST, PORT, DATABASE_URL and REDIS_URL. Raises `SettingsError`."""
    found = os.environ if environment is None else environment
    return Settings(
        home=Path(found.get("SILLOK_HOME") or ".sillok").expanduser().absolute(),
        host=found.get("HOST") or "127.0.0.1",
        port=_port(found.get("PORT") or "8000"),
        database_url=_url(found, "DATABASE_URL", ("postgresql://", "postgres://")),
        redis_url=_url(found, "REDIS_URL", ("redis://", "rediss://", "unix://", "redis+socket://")),
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise SettingsError(f"PORT={text!r} is no port: give a whole number from 1 to 65535.")
    return int(text)


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    text = environment.get(name) or None
    if text is not None and not text.startswith(schemes):
        raise SettingsError(f"{name} must begin with one of {', '.join(schemes)}.")
    return text
