"""The one place where parts are wired: storage, use cases, clock and randomness."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.decision import nothing_sealed
from domain.note import VerifierKey
from domain.witness_policy import NONE, WitnessPolicy
from service.api.event_feed import EventFeed
from service.api.gathering import Gather
from service.api.origins import Origins
from service.api.parts import Parts
from service.api.remembered import Remembered
from service.api.turns import Turns
from service.application.cloud_events import ReadEvents
from service.application.cosigning import Cosign
from service.application.deciding import Deciding, Sources
from service.application.delivering import Deliver
from service.application.delivery_receipts import Receipts
from service.application.endpoints import Endpoints
from service.application.erasing import Erase, ErasedFirst
from service.application.exporting import Export
from service.application.following import ReadReactions
from service.application.foreseeing import Foreseeing
from service.application.in_flight import InFlight
from service.application.inbox import ReadNotices
from service.application.notice_evidence import ReadEvidence
from service.application.noticing import SendNotices
from service.application.ports import LedgerUnavailableError, WakeUps
from service.application.previewing import Previews
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.proving import Prove
from service.application.reacting import React
from service.application.reading import Queries
from service.application.rebuilding import RebuildProjection
from service.application.revealed import ReadRevealed
from service.application.revealing import CheckDisclosure
from service.application.sealed_fields import PersonalData
from service.application.sealing import Seal
from service.application.serving import ServeNotices
from service.application.submitting import SubmitDecision
from service.application.submitting_lines import SubmitLines
from service.application.submitting_together import SubmitTogether
from service.application.summarising import Summarise
from service.application.view_reading import ReadViews
from service.application.witness_ports import WitnessFigures
from service.delivery.channels import Channels
from service.ed25519 import verify_ed25519
from service.entrance import Entrance, open_entrance
from service.logs import configure_logs
from service.random_pieces import random_piece
from service.settings import Settings
from service.signer_socket import SocketSigner
from service.storage.access_database import AccessDatabase
from service.storage.builds import PostgresBuilds
from service.storage.cosignatures import PostgresCosignatures
from service.storage.deliveries import PostgresDeliveries
from service.storage.endpoints import PostgresEndpoints
from service.storage.erasures import PostgresErasures
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger
from service.storage.notices import PostgresNotices
from service.storage.reactions import PostgresReactions
from service.storage.sealing import PostgresSeals
from service.storage.standing import Stands
from service.storage.subject_keys import SubjectKeys
from service.storage.views import PostgresViewStore
from service.storage.wake_ups import CeleryWakeUps
from service.struct_types import make_ready
from service.witness_calls import HttpWitness

ERASED_SECONDS = 2.0
"""So long an API process waits at its start for erasures to be carried out; after that it answers that they are not."""
API_THREADS = 64
"""Requests of one API process that may wait for the database at once."""
DELIVERY_SLOTS = 64
"""Endpoints that one process sends to at once; half of them at most where nothing gets through."""


@dataclass(frozen=True)
class Service:
    """Everything that an API process works with. `close` drains the ledger's writer first."""

    parts: Parts
    ledger: PostgresLedger
    store: PostgresViewStore
    stands: Stands
    seals: PostgresSeals
    notices: PostgresNotices
    reactions: PostgresReactions
    deliveries: PostgresDeliveries
    entrance: Entrance
    erased: ErasedFirst
    threads: ThreadPoolExecutor
    wake_ups: CeleryWakeUps | None

    def close(self) -> None:
        self.erased.close()
        self.threads.shutdown(wait=True)
        self.parts.turns.close()
        self.ledger.close()
        self.store.close()
        self.stands.close()
        self.seals.close()
        self.notices.close()
        self.reactions.close()
        self.deliveries.close()
        self.entrance.close()
        if self.wake_ups is not None:
            self.wake_ups.close()


def real_sources() -> Sources:
    """The machine's clock and randomness."""
    return Sources(
        now=lambda: datetime.now(UTC),
        identifier=uuid7,
        salt=random_piece,
    )


class NoWakeUps:
    """Nobody is woken; the workers' schedule finds what is new."""

    def wake(self, programme: str) -> None:
        """Nothing."""


def open_service(settings: Settings) -> Service:
    """An API process's parts, over real servers. Raises `SettingsError`, `SecretFileError`."""
    configure_logs()
    make_ready()
    database = settings.require_database()
    ledger = PostgresLedger(database)
    store = PostgresViewStore(database)
    stands = Stands(database)
    seals = PostgresSeals(database)
    notices, reactions = PostgresNotices(database), PostgresReactions(database)
    keys = SubjectKeys(settings.subject_keys_folder)
    deliveries = PostgresDeliveries(database, keys)
    witnesses = _witnesses_of(settings.witness_policy())
    wake_ups = CeleryWakeUps(settings.require_redis(), database) if settings.redis_url else None
    waking: WakeUps = wake_ups or NoWakeUps()
    threads = ThreadPoolExecutor(API_THREADS, thread_name_prefix="api")
    sources = real_sources()
    entrance = open_entrance(settings, later=threads.submit)
    erase = Erase(ledger, entrance.erasures)

    def erase_first() -> None:
        entrance.seal_what_is_in_clear()
        erase()

    erased = ErasedFirst(erase_first)
    erased.done(within=ERASED_SECONDS)
    queries = Queries(ledger, ReadViews(ledger, store), now=sources.now)
    prove = _prove(settings, seals)
    deciding = Deciding(ledger, sources, verify_ed25519, prove.signed)
    in_flight = InFlight()
    foreseeing = Foreseeing(ledger, queries, SendNotices(ledger, notices, notices.registered).foreseen)
    submit = SubmitDecision(ledger, waking, deciding, in_flight, foreseeing.compared)
    submit_lines = SubmitLines(ledger, waking, deciding, in_flight, submit)
    events = ReadEvents(ledger, queries.disclosure)
    builds = PostgresBuilds(store)
    endpoints = PostgresEndpoints(deliveries, keys)
    parts = Parts(
        submit=submit,
        gather=Gather(submit_lines.gathered, submit, threads),
        submit_lines=submit_lines,
        submit_together=SubmitTogether(ledger, waking, deciding, in_flight),
        previews=Previews(ledger, deciding, queries, foreseeing, now=sources.now),
        queries=queries,
        events=events,
        feed=EventFeed(events, ReadRevealed(ledger, queries.disclosure), ledger.head, threads),
        check_disclosure=CheckDisclosure(ledger),
        access=entrance.access,
        tokens=entrance.tokens,
        administration=entrance.administration,
        people=entrance.people,
        personal_data=PersonalData(ledger, queries, entrance.fields),
        sessions=entrance.sessions,
        signing_in=entrance.signing_in,
        notices=ReadNotices(ledger, queries, notices),
        notice_evidence=ReadEvidence(ledger, queries, notices, endpoints),
        reactions=ReadReactions(queries, reactions, React(ledger, reactions, submit, sources.now).coming),
        endpoints=Endpoints(
            queries,
            endpoints,
            check=Channels(settings).require_reachable,
            now=sources.now,
            wake=(lambda: None) if wake_ups is None else wake_ups.deliver,
        ),
        prove=prove,
        export=Export(ledger, prove),
        builds=builds,
        remembered=Remembered(stands, threads),
        sealing=seals.figures,
        witnesses=lambda: PostgresCosignatures(seals).figures(witnesses),
        ready=ledger.head,
        erased=erased.done,
        turns=Turns(),
        threads=threads,
        origins=Origins(settings.trusted_proxies),
        public_origin=settings.issuer_url,
    )
    return Service(
        parts, ledger, store, stands, seals, notices, reactions, deliveries, entrance, erased, threads, wake_ups
    )


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
        Receipts(_prove(settings, seals).receipt),
        threads,
        slots=DELIVERY_SLOTS,
        now=now or real_sources().now,
        jitter=random.random,
    )
    return Delivering(deliver, deliveries, seals, threads)


def _prove(settings: Settings, seals: PostgresSeals) -> Prove:
    policy = settings.witness_policy()
    return Prove(seals, policy=None if policy is None or policy.quorum == NONE else policy.id)


def _witnesses_of(policy: WitnessPolicy | None) -> Sequence[VerifierKey]:
    return [] if policy is None else [each.key for each in policy.witnesses]


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
    return Sealing(Seal(seals, SocketSigner(settings.signer_folder)), seals, _witnesses_of(settings.witness_policy()))


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
