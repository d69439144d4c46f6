"""The ledger and the views, opened without a service: for commands that run where the database is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from service.embedded import postgres_of
from service.settings import Settings, read_settings
from service.worker_bootstrap import Projecting, open_projecting


def settings_here() -> Settings:
    """Settings with the database at DATABASE_URL or, without, the server that `sillok up` runs for SILLOK_HOME."""
    settings = read_settings()
    found = settings.database_url or postgres_of(settings.home / "postgres")
    return msgspec.structs.replace(settings, database_url=found)


@contextmanager
def opened() -> Iterator[Projecting]:
    """Where `settings_here` says. Raises `SettingsError`."""
    projecting = open_projecting(settings_here())
    try:
        yield projecting
    finally:
        projecting.close()
