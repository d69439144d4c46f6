"""Connections to PostgreSQL: as the service's role, with every wait bounded."""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection, OperationalError
from psycopg import conninfo as libpq
from psycopg_pool import ConnectionPool, PoolTimeout

from service.application.ports import LedgerUnavailableError

ROLE: Final = "sillok_service"

_SETTINGS: Final = {
    "role": ROLE,
    "timezone": "UTC",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "transaction_timeout": "60s",
    "idle_in_transaction_session_timeout": "10s",
    # A head lock whose client vanished is given up as soon as the server notices.
    "client_connection_check_interval": "2s",
    # Every query of the service is a range of an index. Plans are kept, and made while tables may still be empty, when
    # any plan looks cheap: leave the planner no other.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_memoize": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # Arrays let the planner guess a better plan each time, so it would plan each time: longer than the plan takes.
    "plan_cache_mode": "force_generic_plan",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

NO_OTHERS: Final[Mapping[str, str]] = {}

_CLIENT: Final[dict[str, str | int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10000,
    "application_name": "sillok",
}


def service_conninfo(database_url: str, bounds: Mapping[str, str] = NO_OTHERS) -> str:
    """The same database, with the service's role and timeouts; `bounds`: those that are others."""
    options = " ".join(f"-c {name}={value}" for name, value in {**_SETTINGS, **bounds}.items())
    given = libpq.conninfo_to_dict(database_url).get("options")
    return libpq.make_conninfo(database_url, options=f"{given} {options}" if given else options, **_CLIENT)


def open_pool(database_url: str, *, size: int, bounds: Mapping[str, str] = NO_OTHERS) -> ConnectionPool:
    """A pool of autocommit connections; to be opened after any fork, and closed by whoever opened it."""
    return ConnectionPool(
        service_conninfo(database_url, bounds),
        min_size=1,
        max_size=size,
        timeout=10,
        kwargs={"autocommit": True},
        open=True,
        check=require_open,
    )


@contextmanager
def answering(pool: ConnectionPool, what: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection of the pool; `what` the error says, such as "notices do not answer".

    Raises `LedgerUnavailableError`, also for what is done with it.
    """
    try:
        with pool.connection() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise LedgerUnavailableError(what, outcome_unknown=False, because=error) from error


def require_open(connection: Connection[Any]) -> None:
    """Raise `psycopg.OperationalError` if the server has ended an idle connection.

    Its end would be there to read; only if something is does this take a round trip, which each read would pay for.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
