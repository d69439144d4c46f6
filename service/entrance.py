"""How clients come in, wired: credentials, tokens, limits, and those who administer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from service.application.access import Access
from service.application.administration import Administration
from service.application.external_tokens import ExternalTokens
from service.application.identity import Authenticator
from service.application.people import People
from service.application.rotation import Rotation
from service.application.sessions import Sessions
from service.application.signing_in import SigningIn
from service.application.tokens import Tokens
from service.logs import configure_logs
from service.oidc.code_flow import CodeFlow
from service.oidc.discovery import Issuer
from service.secret_rings import SecretRing
from service.settings import Settings
from service.storage.access_database import AccessDatabase
from service.storage.clients import PostgresClients
from service.storage.erasures import PostgresErasures
from service.storage.keys import ApiKeys
from service.storage.people import PostgresPeople
from service.storage.rate_limits import MinuteLimit, NoCounter, RedisCounter
from service.storage.resealing import Resealing
from service.storage.sealed_fields import PostgresFields
from service.storage.sessions import PostgresSessions
from service.storage.subject_keys import SubjectKeys
from service.storage.wake_ups import queue_of


@dataclass(frozen=True)
class Entrance:
    """What an API process lets clients in with."""

    access: Access
    tokens: Tokens
    administration: Administration
    people: People
    sessions: Sessions
    signing_in: SigningIn
    clients: PostgresClients
    token_keys: SecretRing
    database: AccessDatabase
    erasures: PostgresErasures
    fields: PostgresFields
    seal_what_is_in_clear: Callable[[], None]
    counter: RedisCounter | None

    def close(self) -> None:
        self.database.close()
        if self.counter is not None:
            self.counter.close()


def open_entrance(settings: Settings, *, later: Callable[[Callable[[], None]], object]) -> Entrance:
    """`later`: does something off the path of the request. Raises `SettingsError`, `SecretFileError`."""
    database = AccessDatabase(settings.require_database())
    subject_keys = SubjectKeys(settings.subject_keys_folder)
    keys, clients = ApiKeys(database, settings.peppers()), PostgresClients(database, subject_keys)
    token_keys = settings.token_keys()
    tokens = Tokens(clients, token_keys, settings.issuer, now=_now)
    prefix = f"{queue_of(settings.database_url)}:limit"
    counter = None if settings.redis_url is None else RedisCounter(settings.redis_url, prefix)
    people, stored_sessions = PostgresPeople(database, subject_keys), PostgresSessions(database)
    issuer = None if settings.oidc is None else Issuer(settings.oidc.issuer)
    authenticators: list[Authenticator] = [keys, tokens]
    if issuer is not None and settings.oidc is not None and settings.oidc.audience is not None:
        audience = settings.oidc.audience
        # Before our own tokens: it lets pass what is not of its issuer.
        authenticators.insert(0, ExternalTokens(issuer.url, audience, issuer, people, clients, now=_now))
    access = Access(
        authenticators,
        Sessions(stored_sessions),
        tokens,
        requests=MinuteLimit("requests", settings.requests_a_minute, counter or NoCounter()),
        failures=MinuteLimit("failures", settings.failures_a_minute, counter or NoCounter()),
        later=later,
    )
    sessions = Sessions(stored_sessions, forget=access.forget)
    return Entrance(
        access=access,
        tokens=tokens,
        administration=Administration(keys, clients, forget=access.forget),
        people=People(people, forget=access.forget),
        sessions=sessions,
        signing_in=SigningIn(_code_flow(settings, issuer), people, sessions, stored_sessions),
        clients=clients,
        token_keys=token_keys,
        database=database,
        erasures=PostgresErasures(database, subject_keys),
        fields=PostgresFields(database, subject_keys),
        seal_what_is_in_clear=people.seal_what_is_in_clear,
        counter=counter,
    )


def _code_flow(settings: Settings, issuer: Issuer | None) -> CodeFlow | None:
    if issuer is None or settings.oidc is None or settings.oidc.client_id is None:
        return None
    settings.oidc.client_secret()  # now, rather than when somebody signs in, the file is found to be missing
    return CodeFlow(issuer, settings.oidc.client_id, settings.oidc.client_secret, f"{settings.issuer}/sign-in/callback")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Administering:
    """What giving and taking away credentials works with, beside a service that runs."""

    administration: Administration
    people: People
    signing_in: SigningIn
    keys: ApiKeys
    rotation: Rotation
    reseal: Resealing


@contextmanager
def open_administering(settings: Settings) -> Iterator[Administering]:
    """The parts, closed afterwards. Raises `SettingsError`, `SecretFileError`."""
    configure_logs()
    database = AccessDatabase(settings.require_database())
    try:
        keys = ApiKeys(database, settings.peppers())
        subject_keys = SubjectKeys(settings.subject_keys_folder)
        people = PostgresPeople(database, subject_keys)
        sessions = PostgresSessions(database)
        issuer = None if settings.oidc is None else Issuer(settings.oidc.issuer)
        signing_in = SigningIn(_code_flow(settings, issuer), people, Sessions(sessions), sessions)
        administration = Administration(keys, PostgresClients(database, subject_keys))
        rings = settings.peppers(), settings.token_keys()
        rotation = Rotation(*rings, keys, database, log=settings.log_keys(), now=_now)
        reseal = Resealing(database, subject_keys)
        yield Administering(administration, People(people), signing_in, keys, rotation, reseal)
    finally:
        database.close()
