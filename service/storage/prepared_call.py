"""A statement prepared on a connection, called by libpq directly: the driver's cursor takes longer than the call."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import pq

from service.storage.connections import require_open

ANSWER_SECONDS: Final = 21.0
"""By then whoever asked has given up; the server's own bounds are shorter, unless it hangs itself."""

Connection = psycopg.Connection[tuple[Any, ...]]


class Waiting:
    """For the socket of a connection, while other threads go on."""

    def __init__(self, connection: Connection) -> None:
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(connection.pgconn.socket, select.POLLIN)
        self._writable.register(connection.pgconn.socket, select.POLLIN | select.POLLOUT)

    def to_read(self, deadline: float) -> None:
        """Until something came. Raises `psycopg.OperationalError` once it is too late."""
        _until(self._readable, deadline)

    def to_write(self, deadline: float) -> None:
        """The same, or until something can be sent."""
        _until(self._writable, deadline)


def _until(ready: select.poll, deadline: float) -> None:
    if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise psycopg.OperationalError(f"the server did not answer within {ANSWER_SECONDS:.0f} seconds")


def results(connection: Connection, waiting: Waiting) -> Iterator[pq.abc.PGresult]:
    """Each result of what was sent, as it comes.

    As libpq's own blocking call, but that other threads go on, and a server that hangs is given up: raises
    `psycopg.OperationalError`.
    """
    pgconn = connection.pgconn
    deadline = time.monotonic() + ANSWER_SECONDS
    while pgconn.flush():
        waiting.to_write(deadline)
        pgconn.consume_input()
    while True:
        while pgconn.is_busy():
            waiting.to_read(deadline)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return
        yield result


class PreparedCall:
    """`types`: of the parameters, by number; all are given in PostgreSQL's binary format. For one thread at a time."""

    def __init__(self, connection: Connection, name: str, sql: str, types: Sequence[int], *, binary: bool) -> None:
        self.connection = connection
        self._name = name.encode()
        self._formats = [pq.Format.BINARY] * len(types)
        self._result_format = pq.Format.BINARY if binary else pq.Format.TEXT
        self._waiting = Waiting(connection)
        result = connection.pgconn.prepare(self._name, sql.encode(), types)
        raise_unless(result, pq.ExecStatus.COMMAND_OK)

    def __call__(
        self, parameters: Sequence[bytes | None], meanwhile: Callable[[], None] = lambda: None
    ) -> pq.abc.PGresult:
        """The rows. `meanwhile` is done before they are waited for.

        Raises `psycopg.Error`. The connection is closed if there is no answer in time.
        """
        try:
            self.connection.pgconn.send_query_prepared(self._name, parameters, self._formats, self._result_format)
            meanwhile()
            result = self._answer()
        except BaseException:
            # Its answer, should it still come, would be taken for that of the next call.
            self.connection.close()
            raise
        raise_unless(result, pq.ExecStatus.TUPLES_OK)
        return result

    def _answer(self) -> pq.abc.PGresult:
        """The last result of what was sent: an error of the commit comes after that of the call."""
        *_, last = results(self.connection, self._waiting)
        return last


class KeptCall:
    """The same on a connection of its own, opened when it is called, and again once the server has ended it. For one
    thread at a time.
    """

    def __init__(self, conninfo: str, name: str, sql: str, types: Sequence[int], *, binary: bool) -> None:
        self._conninfo = conninfo
        self._prepare = partial(PreparedCall, name=name, sql=sql, types=types, binary=binary)
        self._call: PreparedCall | None = None

    def __call__(self, parameters: Sequence[bytes | None]) -> pq.abc.PGresult:
        """The rows. Raises `psycopg.Error`."""
        return self._connected()(parameters)

    def close(self) -> None:
        """Let go of the connection."""
        if self._call is not None:
            self._call.connection.close()

    def _connected(self) -> PreparedCall:
        if self._call is not None and not self._call.connection.closed:
            try:
                require_open(self._call.connection)
            except psycopg.OperationalError:
                self._call.connection.close()
            else:
                return self._call
        self._call = self._prepare(psycopg.connect(self._conninfo, autocommit=True))
        return self._call


def raise_unless(result: pq.abc.PGresult, wanted: pq.ExecStatus) -> None:
    """Raise the `psycopg.Error` that a result stands for, unless it is what was wanted."""
    if result.status != wanted:
        raise psycopg.errors.error_from_result(result)
