"""Where the parts of each kind of worker process are wired; none of them needs what answers requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from domain.decision import nothing_sealed
from domain.note import VerifierKey
from service.application.cosigning import Cosign
from service.application.deciding import Deciding, Sources
from service.application.delivering import Deliver
from service.application.delivery_receipts import Receipts
from service.application.erasing import Erase
from service.application.in_flight import InFlight
from service.application.noticing import SendNotices
from service.application.ports import LedgerUnavailableError
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.reacting import React
from service.application.rebuilding import RebuildProjection
from service.application.sealing import Seal
from service.application.serving import ServeNotices
from service.application.submitting import SubmitDecision
from service.application.summarising import Summarise
from service.application.witness_ports import WitnessFigures
from service.delivery.channels import Channels
from service.ed25519 import verify_ed25519
from service.logs import configure_logs
from service.real_parts import NoWakeUps, prove_of, real_sources, witnesses_of
from service.settings import Settings
from service.signer_socket import SocketSigner
from service.storage.access_database import AccessDatabase
from service.storage.builds import PostgresBuilds
from service.storage.cosignatures import PostgresCosignatures
from service.storage.deliveries import PostgresDeliveries
from service.storage.erasures import PostgresErasures
from service.storage.ledger import PostgresLedger
from service.storage.notices import PostgresNotices
from service.storage.reactions import PostgresReactions
from service.storage.sealing import PostgresSeals
from service.storage.subject_keys import SubjectKeys
from service.storage.views import PostgresViewStore
from service.storage.wake_ups import CeleryWakeUps
from service.struct_types import make_ready
from service.witness_calls import HttpWitness

DELIVERY_SLOTS = 64
"""Endpoints that one process sends to at once; half of them at most where nothing gets through."""


@dataclass(frozen=True)
class Projecting:
    """Everything that a worker process works with."""

    advance: AdvanceProjection
    rebuild: RebuildProjection
    erase: Erase
    builds: PostgresBuilds
    ledger: PostgresLedger
    store: PostgresViewStore
    access: AccessDatabase

    def behind(self) -> Sequence[str]:
        """Programmes of which a view can be advanced."""
        return self.builds.behind(VIEWS, self.advance.programmes(), self.ledger.head())

    def close(self) -> None:
        self.ledger.close()
        self.store.close()
        self.access.close()


def open_projecting(settings: Settings) -> Projecting:
    """A worker process's parts; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    make_ready()
    database = settings.require_database()
    ledger = PostgresLedger(database, pool_size=2)
    store = PostgresViewStore(database, pool_size=2)
    builds = PostgresBuilds(store)
    advance = AdvanceProjection(ledger, store)
    access = AccessDatabase(database, size=1)
    erase = Erase(ledger, PostgresErasures(access, SubjectKeys(settings.subject_keys_folder)))
    return Projecting(advance, RebuildProjection(advance, store, builds), erase, builds, ledger, store, access)


@dataclass(frozen=True)
class Noticing:
    """Everything that a worker process works with that sends notices."""

    send: SendNotices
    summarise: Summarise
    notices: PostgresNotices
    ledger: PostgresLedger

    def behind(self, programmes: Sequence[str]) -> Sequence[str]:
        """Those in which something may have to be told."""
        return self.notices.behind(programmes, self.ledger.head())

    def close(self) -> None:
        self.ledger.close()
        self.notices.close()


def open_noticing(settings: Settings, *, now: Callable[[], datetime] | None = None) -> Noticing:
    """Such a worker process's parts; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    make_ready()
    database = settings.require_database()
    ledger = PostgresLedger(database, pool_size=2)
    notices = PostgresNotices(database, pool_size=2)  # one has the turn, and asks who is registered
    summarise = Summarise(ledger, notices, now or real_sources().now)
    return Noticing(SendNotices(ledger, notices, notices.registered), summarise, notices, ledger)


@dataclass(frozen=True)
class Reacting:
    """Everything that a worker process works with that decides what follows by itself."""

    react: React
    serve: ServeNotices
    reactions: PostgresReactions
    notices: PostgresNotices
    ledger: PostgresLedger
    wake_ups: CeleryWakeUps | None
    now: Callable[[], datetime]

    def behind(self, programmes: Sequence[str]) -> Sequence[str]:
        """Those in which something may follow by now."""
        return list(
            dict.fromkeys((*self.reactions.behind(programmes, self.ledger.head(), self.now()), *self.serve.behind()))
        )

    def close(self) -> None:
        self.ledger.close()
        self.reactions.close()
        self.notices.close()
        if self.wake_ups is not None:
            self.wake_ups.close()


def open_reacting(settings: Settings, *, sources: Sources | None = None) -> Reacting:
    """Such a worker process's parts; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    make_ready()
    database, sources = settings.require_database(), sources or real_sources()
    ledger = PostgresLedger(database, pool_size=2)
    reactions, notices = PostgresReactions(database), PostgresNotices(database, pool_size=1)
    wake_ups = CeleryWakeUps(settings.redis_url, database) if settings.redis_url else None
    deciding = Deciding(ledger, sources, verify_ed25519, nothing_sealed)
    submit = SubmitDecision(ledger, wake_ups or NoWakeUps(), deciding, InFlight(), lambda considered: considered)
    return Reacting(
        React(ledger, reactions, submit, sources.now),
        ServeNotices(ledger, notices, submit, sources.now),
        reactions,
        notices,
        ledger,
        wake_ups,
        sources.now,
    )


@dataclass(frozen=True)
class Delivering:
    """Everything that the worker works with that sends notices out."""

    deliver: Deliver
    deliveries: PostgresDeliveries
    seals: PostgresSeals
    threads: ThreadPoolExecutor

    def close(self) -> None:
        """Once what is being sent was answered, and that was kept."""
        self.threads.shutdown(wait=True)
        with suppress(LedgerUnavailableError):
            self.deliver.settle()
        self.deliveries.close()
        self.seals.close()


def open_delivering(settings: Settings, *, now: Callable[[], datetime] | None = None) -> Delivering:
    """The parts of the worker that sends notices out; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    database = settings.require_database()
    deliveries = PostgresDeliveries(database, SubjectKeys(settings.subject_keys_folder), pool_size=4)
    seals = PostgresSeals(database, pool_size=2)
    threads = ThreadPoolExecutor(DELIVERY_SLOTS, thread_name_prefix="delivery")
    deliver = Deliver(
        deliveries,
        Channels(settings).by_name,
        Receipts(prove_of(settings, seals).receipt),
        threads,
        slots=DELIVERY_SLOTS,
        now=now or real_sources().now,
        jitter=random.random,
    )
    return Delivering(deliver, deliveries, seals, threads)


@dataclass(frozen=True)
class Sealing:
    """Everything that the sealer works with. `witnesses`: who is to cosign checkpoints."""

    seal: Seal
    seals: PostgresSeals
    witnesses: Sequence[VerifierKey]

    def figures_of_witnesses(self) -> Sequence[WitnessFigures]:
        """How asking each of them goes. Raises `LedgerUnavailableError`."""
        return PostgresCosignatures(self.seals).figures(self.witnesses)

    def close(self) -> None:
        self.seals.close()


def open_sealing(settings: Settings) -> Sealing:
    """The sealer's parts; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    seals = PostgresSeals(settings.require_database(), pool_size=1)
    return Sealing(Seal(seals, SocketSigner(settings.signer_folder)), seals, witnesses_of(settings.witness_policy()))


@dataclass(frozen=True)
class Cosigning:
    """Everything that the worker works with that asks witnesses."""

    cosign: Cosign
    seals: PostgresSeals
    servers: Sequence[HttpWitness]
    threads: ThreadPoolExecutor

    def close(self) -> None:
        self.threads.shutdown(wait=True)
        for each in self.servers:
            each.close()
        self.seals.close()


def open_cosigning(settings: Settings) -> Cosigning:
    """The parts of the worker that asks witnesses; to be opened after it was forked. Raises `SettingsError`."""
    configure_logs()
    policy = settings.require_witness_policy()
    servers = {each.key: HttpWitness(each.url) for each in policy.witnesses if each.url is not None}
    seals = PostgresSeals(settings.require_database(), pool_size=len(servers) + 1)
    threads = ThreadPoolExecutor(max(len(servers), 1), thread_name_prefix="witness")
    cosign = Cosign(seals, PostgresCosignatures(seals), policy, servers, threads, verify=verify_ed25519)
    return Cosigning(cosign, seals, list(servers.values()), threads)
