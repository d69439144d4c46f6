"""The eventsourcing library's own recorders for PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from ops.bench.rounds import Append, by_threads, timed
from ops.bench.setting import Server, Setting, place_of
from ops.bench.systems import BatchRate, Rate
from ops.bench.workload import ENVELOPE, TYPE, Sheet, made, sheets
from service.storage.identifiers import uuid7


@contextmanager
def datastore(url: str, clients: int = 1) -> Iterator[PostgresDatastore]:
    """The library's pool, with a connection for each client."""
    opened = PostgresDatastore(**place_of(url), password="", pool_size=clients, max_overflow=2)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def dcb_appends(_setting: Setting, server: Server) -> Iterator[Rate]:
    """`PostgresDCBRecorderTT`, with the same condition."""
    url = server.database("dcb")
    with datastore(url) as store:
        PostgresDCBRecorderTT(store).create_table()

    def rate(clients: int, seconds: float) -> float:
        with datastore(url, clients) as store:
            recorder = PostgresDCBRecorderTT(store)
            return by_threads(clients, lambda: nullcontext(_dcb_appender(recorder, clients)), seconds=seconds)

    yield rate


def _dcb_appender(recorder: PostgresDCBRecorderTT, clients: int) -> Append:
    new, after = made(lambda sheet: ([dcb_event(sheet)], sheet.query), clients), recorder.read(limit=1).head or 0

    def append() -> None:
        nonlocal after
        events, query = next(new)
        after = recorder.append(events, DCBAppendCondition(query, after=after))

    return append


@contextmanager
def dcb_batches(_setting: Setting, server: Server) -> Iterator[BatchRate]:
    """`PostgresDCBRecorderTT`: many events under one condition."""
    with datastore(server.database("dcb_batches")) as store:
        recorder = PostgresDCBRecorderTT(store)
        recorder.create_table()

        def rate(size: int, number: int) -> float:
            new, after = sheets(), 0
            given = [list(itertools.islice(new, size)) for _each in range(number)]
            requests = [([dcb_event(one) for one in each], each[-1].query) for each in given]

            def work() -> None:
                nonlocal after
                for events, query in requests:
                    after = recorder.append(events, DCBAppendCondition(query, after=after))

            after = recorder.append([dcb_event(next(new))])
            return size * number / timed(work)

        yield rate


@contextmanager
def application_appends(_setting: Setting, server: Server) -> Iterator[Rate]:
    """`PostgresApplicationRecorder`: the condition is that the version of the stream is free."""
    url = server.database("application")
    with datastore(url) as store:
        PostgresApplicationRecorder(store).create_table()

    def rate(clients: int, seconds: float) -> float:
        with datastore(url, clients) as store:
            recorder = PostgresApplicationRecorder(store)
            return by_threads(clients, lambda: nullcontext(_application_appender(recorder, clients)), seconds=seconds)

    yield rate


def _application_appender(recorder: PostgresApplicationRecorder, clients: int) -> Append:
    new = made(lambda sheet: [stored_event(sheet)], clients)
    return lambda: recorder.insert_events(next(new))


def dcb_event(of: Sheet) -> DCBEvent:
    return DCBEvent(TYPE, ENVELOPE + of.data, list(of.tags))


def stored_event(of: Sheet) -> StoredEvent:
    """The first event of a stream of its own."""
    return StoredEvent(uuid7(), 1, TYPE, ENVELOPE + of.data)
