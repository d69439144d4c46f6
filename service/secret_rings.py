"""Secrets that are changed without downtime: a file of several, each from a time on.

The one whose time came last is current; those before it are former, those after it are next. Whoever shares the file
changes over at the same time. Writers of the file replace it whole; readers notice within a second.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec
import structlog

from domain import base64url
from service.private_files import write_private

SECRET_BYTES: Final = 32
RAW: Final = "raw"
"""The id of the one secret of a file that holds nothing but its bytes."""
_LOOK_SECONDS: Final = 1.0
_ALWAYS: Final = datetime.fromtimestamp(0, UTC)

_log = structlog.get_logger()

State = Literal["next", "current", "former"]


class SecretFileError(Exception):
    """A file of secrets cannot be used; the sentence names it and says what to do."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """`secret`: bytes of it, in base64url without padding. `since`: from when on it is the current one."""

    id: str
    secret: str
    since: datetime

    @property
    def value(self) -> bytes:
        return base64url.read(self.secret)

    def __repr__(self) -> str:
        return f"Secret({self.id})"


class _File(msgspec.Struct, frozen=True):
    secrets: tuple[Secret, ...]


class SecretRing:
    """The secrets in `file`. `make`: make the first one if there is no file. Safe to use from many threads."""

    def __init__(self, file: Path, *, make: bool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.file = file
        self._make = make
        self.clock = clock
        self._lock = threading.Lock()
        self._looked = -_LOOK_SECONDS
        self._seen: tuple[int, int, int] | None = None
        self._secrets: tuple[Secret, ...] = ()

    def current(self) -> Secret:
        """The one to make things with. Raises `SecretFileError`."""
        return next(secret for secret, state in self.every() if state == "current")

    def find(self, id_: str) -> Secret | None:
        """The one of this id, whatever its state. Raises `SecretFileError`."""
        return next((secret for secret, _state in self.every() if secret.id == id_), None)

    def every(self) -> list[tuple[Secret, State]]:
        """All of them, the latest first. Raises `SecretFileError`."""
        kept, now = self._read(), self.clock()
        found: list[tuple[Secret, State]] = []
        state: State = "current"
        for secret in kept:
            if secret.since > now:
                found.append((secret, "next"))
            else:
                found.append((secret, state))
                state = "former"
        return found

    def superseded(self, id_: str) -> datetime | None:
        """Since when another one is current in its place, if so. Raises `SecretFileError`."""
        later: datetime | None = None
        for secret, state in self.every():
            if secret.id == id_:
                return later
            if state != "next":
                later = secret.since
        return None

    def add(self, *, after: timedelta) -> Secret:
        """A new one, to be current `after` now. Raises `SecretFileError`."""
        fresh = _fresh(self.clock() + after)
        self._write((fresh, *self._read(anew=True)))
        return fresh

    def drop(self, *ids: str) -> None:
        """Forget some. Raises `SecretFileError` if one of them is current."""
        if self.current().id in ids:
            raise SecretFileError(f"{self.file}: what is in use cannot be dropped: rotate first.")
        self._write(tuple(each for each in self._read(anew=True) if each.id not in ids))

    def _read(self, *, anew: bool = False) -> tuple[Secret, ...]:
        with self._lock:
            if anew or time.monotonic() - self._looked >= _LOOK_SECONDS:
                self._look()
                self._looked = time.monotonic()
            return self._secrets

    def _look(self) -> None:
        try:
            self._load()
        except SecretFileError as error:
            # What is known goes on being used: a file that was damaged ends no service that runs.
            if not self._secrets:
                raise
            _log.warning("secrets cannot be read anew", fault=str(error))

    def _load(self) -> None:
        try:
            if self._make and self._seen is None and not self.file.exists():
                write_private(self.file, _encoded((_fresh(_ALWAYS),)), replace=False)
            stat = self.file.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._secrets = self._checked(self.file.read_bytes())
                self._seen = seen
        except OSError as error:
            raise SecretFileError(f"The secrets in {self.file} cannot be used ({error.strerror}).") from None

    def _checked(self, content: bytes) -> tuple[Secret, ...]:
        try:
            found = _decoded(content)
            if any(len(each.value) < SECRET_BYTES for each in found):
                fault = f"one is shorter than {SECRET_BYTES} bytes"
            else:
                fault = "" if any(each.since <= self.clock() for each in found) else "none is in use yet"
        except ValueError:
            fault = "they are not as they were written"
        if fault:
            raise SecretFileError(
                f"The secrets in {self.file} cannot be used ({fault}): restore the file from a backup, since what was"
                " made with other ones does not work."
            )
        return tuple(sorted(found, key=lambda each: each.since, reverse=True))

    def _write(self, content: tuple[Secret, ...]) -> None:
        try:
            write_private(self.file, _encoded(content), replace=True)
        except OSError as error:
            raise SecretFileError(f"{self.file} cannot be written ({error.strerror}).") from None
        self._read(anew=True)


def _fresh(since: datetime) -> Secret:
    return Secret(id=secrets.token_hex(8), secret=secrets.token_urlsafe(SECRET_BYTES), since=since)


def _decoded(content: bytes) -> tuple[Secret, ...]:
    """Raises `ValueError`."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        text = base64url.written(content)
        return (Secret(id=RAW, secret=text, since=_ALWAYS),)
    return msgspec.convert(document, _File).secrets


def _encoded(content: tuple[Secret, ...]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_File(content)), indent=2) + b"\n"
