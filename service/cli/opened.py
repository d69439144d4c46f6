"""The ledger and the views, opened without a service: for commands that run where the database is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from service.bootstrap import Projecting, open_projecting
from service.embedded import postgres_of
from service.settings import read_settings


@contextmanager
def opened() -> Iterator[Projecting]:
    """At DATABASE_URL or, without, at the server that `sillok up` runs for SILLOK_HOME. Raises `SettingsError`."""
    settings = read_settings()
    found = settings.database_url or postgres_of(settings.home / "postgres")
    projecting = open_projecting(msgspec.structs.replace(settings, database_url=found))
    try:
        yield projecting
    finally:
        projecting.close()
