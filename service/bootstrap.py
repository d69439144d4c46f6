"""Where the parts of an API process are wired: storage, use cases, clock and randomness."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from service.api.event_feed import EventFeed
from service.api.gathering import Gather
from service.api.origins import Origins
from service.api.parts import Parts
from service.api.remembered import Remembered
from service.api.turns import Turns
from service.application.cloud_events import ReadEvents
from service.application.deciding import Deciding
from service.application.endpoints import Endpoints
from service.application.erasing import Erase, ErasedFirst
from service.application.exporting import Export
from service.application.following import ReadReactions
from service.application.foreseeing import Foreseeing
from service.application.in_flight import InFlight
from service.application.inbox import ReadNotices
from service.application.notice_evidence import ReadEvidence
from service.application.noticing import SendNotices
from service.application.ports import WakeUps
from service.application.previewing import Previews
from service.application.reacting import React
from service.application.reading import Queries
from service.application.revealed import ReadRevealed
from service.application.revealing import CheckDisclosure
from service.application.sealed_fields import PersonalData
from service.application.submitting import SubmitDecision
from service.application.submitting_lines import SubmitLines
from service.application.submitting_together import SubmitTogether
from service.application.view_reading import ReadViews
from service.delivery.channels import Channels
from service.ed25519 import verify_ed25519
from service.entrance import Entrance, open_entrance
from service.logs import configure_logs
from service.real_parts import NoWakeUps, prove_of, real_sources, witnesses_of
from service.settings import Settings
from service.storage.builds import PostgresBuilds
from service.storage.cosignatures import PostgresCosignatures
from service.storage.deliveries import PostgresDeliveries
from service.storage.endpoints import PostgresEndpoints
from service.storage.ledger import PostgresLedger
from service.storage.notices import PostgresNotices
from service.storage.reactions import PostgresReactions
from service.storage.sealing import PostgresSeals
from service.storage.standing import Stands
from service.storage.subject_keys import SubjectKeys
from service.storage.views import PostgresViewStore
from service.storage.wake_ups import CeleryWakeUps
from service.struct_types import make_ready

ERASED_SECONDS = 2.0
"""So long an API process waits at its start for erasures to be carried out; after that it answers that they are not."""
API_THREADS = 64
"""Requests of one API process that may wait for the database at once."""


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
    witnesses = witnesses_of(settings.witness_policy())
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
    prove = prove_of(settings, seals)
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
