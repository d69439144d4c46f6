"""How clients come in, wired: credentials, tokens, limits, and those who administer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from service.application.access import Access
from service.application.administration import Administration
from service.application.rotation import Rotation
from service.application.tokens import Tokens
from service.logs import configure_logs
from service.secret_rings import SecretRing
from service.settings import Settings
from service.storage.access_database import AccessDatabase
from service.storage.clients import PostgresClients
from service.storage.keys import ApiKeys
from service.storage.rate_limits import MinuteLimit, NoCounter, RedisCounter
from service.storage.wake_ups import queue_of


@dataclass(frozen=True)
class Entrance:
    """What an API process lets clients in with."""

    access: Access
    tokens: Tokens
    administration: Administration
    clients: PostgresClients
    token_keys: SecretRing
    database: AccessDatabase
    counter: RedisCounter | None

    def close(self) -> None:
        self.database.close()
        if self.counter is not None:
            self.counter.close()


def open_entrance(settings: Settings, *, later: Callable[[Callable[[], None]], object]) -> Entrance:
    """`later`: does something off the path of the request. Raises `SettingsError`, `SecretFileError`."""
    database = AccessDatabase(settings.require_database())
    keys, clients = ApiKeys(database, settings.peppers()), PostgresClients(database)
    token_keys = settings.token_keys()
    tokens = Tokens(clients, token_keys, settings.issuer, now=_now)
    prefix = f"{queue_of(settings.database_url)}:limit"
    counter = None if settings.redis_url is None else RedisCounter(settings.redis_url, prefix)
    access = Access(
        [keys, tokens],
        tokens,
        requests=MinuteLimit("requests", settings.requests_a_minute, counter or NoCounter()),
        failures=MinuteLimit("failures", settings.failures_a_minute, counter or NoCounter()),
        later=later,
    )
    administration = Administration(keys, clients, forget=access.forget)
    return Entrance(access, tokens, administration, clients, token_keys, database, counter)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Administering:
    """What giving and taking away credentials works with, beside a service that runs."""

    administration: Administration
    keys: ApiKeys
    rotation: Rotation


@contextmanager
def open_administering(settings: Settings) -> Iterator[Administering]:
    """The parts, closed afterwards. Raises `SettingsError`, `SecretFileError`."""
    configure_logs()
    database = AccessDatabase(settings.require_database())
    try:
        keys = ApiKeys(database, settings.peppers())
        administration = Administration(keys, PostgresClients(database))
        rotation = Rotation(settings.peppers(), settings.token_keys(), keys, database, now=_now)
        yield Administering(administration, keys, rotation)
    finally:
        database.close()
