"""Reading a long stretch of the ledger: in pages, the next of which are made while the caller works on one."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import starmap
from typing import Any, Final, TypeVar

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg_pool import ConnectionPool, PoolTimeout

from service.application.ports import LedgerUnavailableError, StreamedEvent
from service.storage.prepared_call import Waiting, raise_unless, results

Connection = psycopg.Connection[tuple[Any, ...]]
Read = Callable[[Connection], list[StreamedEvent]]
T = TypeVar("T")

AHEAD: Final = 2
"""Pages that are asked for: while one waits to be taken, the server makes another."""


def stream(
    pool: ConnectionPool, programme: str | None, *, after: int, upto: int, page: int, envelopes: bool, times: bool
) -> Generator[list[StreamedEvent], None, None]:
    """As `Ledger.stream`, up to a position that was reached. No connection is held while the caller works."""
    ahead = ThreadPoolExecutor(1, thread_name_prefix="ledger-stream")
    asked: deque[Future[list[StreamedEvent]]] = deque()
    last = after

    def read() -> list[StreamedEvent]:
        nonlocal last
        if last >= upto:
            return []
        found = with_connection(pool, _page(programme, last, upto, page, envelopes=envelopes, times=times))
        last = found[-1].position if len(found) == page else upto
        return found

    try:
        asked.append(ahead.submit(read))
        while len(events := asked.popleft().result()) == page:
            asked.extend(ahead.submit(read) for _each in range(AHEAD - len(asked)))
            yield events
        if events:
            yield events
    finally:
        ahead.shutdown(cancel_futures=True)


def with_connection(pool: ConnectionPool, read: Callable[[Connection], T]) -> T:
    """What is read with a connection of the pool. Raises `LedgerUnavailableError`."""
    with _connection(pool) as connection:
        return read(connection)


def each_with_connection(pool: ConnectionPool, read: Callable[[Connection], Iterator[T]]) -> Generator[T, None, None]:
    """The same of what is read piece by piece; the connection is held until the last one is."""
    with _connection(pool) as connection:
        yield from read(connection)


@contextmanager
def _connection(pool: ConnectionPool) -> Iterator[Connection]:
    try:
        with pool.connection() as connection:
            try:
                yield connection
            except psycopg.Error as error:
                if connection.closed:
                    raise psycopg.OperationalError(str(error)) from error
                raise
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise LedgerUnavailableError("the ledger does not answer", outcome_unknown=False, because=error) from error


def recorded_at(of: str) -> str:
    """The time of a row as this language can say it. Nobody but who rules the database can have written another, which
    is for verifiers to find: nothing is to stop at it.
    """
    return f"greatest(least({of}.recorded_at, '9999-12-31 23:59:59.999999Z'), '0001-01-01Z')"


def select(
    connection: Connection,
    sql: str,
    types: Sequence[str],
    values: Sequence[bytes],
    make: Callable[..., T],
) -> list[T]:
    """What `make` makes of the columns of each row; parameters are in PostgreSQL's binary format.

    One call of libpq, so that other threads go on while the server works. Raises `psycopg.Error`.
    """
    oids, formats = _binary(types)
    result = connection.pgconn.exec_params(sql.encode(), values, oids, formats, pq.Format.BINARY)
    raise_unless(result, pq.ExecStatus.TUPLES_OK)
    return _made(connection, result, make)


def select_pieces(
    connection: Connection, sql: str, types: Sequence[str], values: Sequence[bytes], make: Callable[..., T], size: int
) -> Iterator[list[T]]:
    """The same in pieces of so many rows, each while the server makes the next; none is empty.

    Small ones stay in the processor's own memory from the socket to what is made of them. Whoever stops before the last
    one loses the connection.
    """
    oids, formats = _binary(types)
    try:
        connection.pgconn.send_query_params(sql.encode(), values, oids, formats, pq.Format.BINARY)
        connection.pgconn.set_chunked_rows_mode(size)
        for result in results(connection, Waiting(connection)):
            if result.status != pq.ExecStatus.TUPLES_CHUNK:
                raise_unless(result, pq.ExecStatus.TUPLES_OK)
            if result.ntuples:
                yield _made(connection, result, make)
    except BaseException:
        connection.close()  # the rest of its answer would be taken for that of the next call
        raise


def _binary(types: Sequence[str]) -> tuple[list[int], list[pq.Format]]:
    return [psycopg.postgres.types[each].oid for each in types], [pq.Format.BINARY] * len(types)


def _made(connection: Connection, result: pq.abc.PGresult, make: Callable[..., T]) -> list[T]:
    rows = Transformer(connection)
    rows.set_pgresult(result)
    return list(starmap(make, rows.load_rows(0, result.ntuples, tuple)))


def _page(programme: str | None, after: int, upto: int, size: int, *, envelopes: bool, times: bool) -> Read:
    """The events that follow a position."""
    envelope = "envelope" if envelopes else "''::bytea"
    time = recorded_at("e") if times else "NULL::timestamptz"
    where = "" if programme is None else "programme = $4 AND "
    sql = (
        f"SELECT position, {time}, programme, type, version, {envelope}, data FROM ledger.event e"
        f" WHERE {where}position > $1 AND position <= $2 ORDER BY position LIMIT $3"
    )
    values, types = [struct.pack(">q", each) for each in (after, upto, size)], ["int8"] * 3
    if programme is not None:
        values.append(programme.encode())
        types.append("text")
    return lambda connection: select(connection, sql, types, values, StreamedEvent)
