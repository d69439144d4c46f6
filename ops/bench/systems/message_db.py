"""message-db: `write_message` with an expected version, one stream a sheet, all in one category.

Its functions are read from its npm package and run as they are, in the order of its `install.sh`; without the extension
pgcrypto, whose one function PostgreSQL has had itself since 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import psycopg

from ops.bench.peers import node_packages
from ops.bench.rounds import Append, by_threads
from ops.bench.setting import Server, Setting
from ops.bench.systems import Rate
from ops.bench.workload import ENVELOPE, TYPE, Sheet, made
from service.storage.identifiers import uuid7

FILES: Final = (
    *("roles/message-store", "schema/message-store", "tables/messages", "types/message"),
    *(f"functions/{name}" for name in ("message-store-version", "hash-64", "acquire-lock", "category", "is-category")),
    *(f"functions/{name}" for name in ("id", "cardinal-id", "stream-version", "write-message")),
    *("indexes/messages-id", "indexes/messages-stream", "indexes/messages-category"),
)
PATH: Final = "SET search_path = message_store, public"
WRITE: Final = "SELECT write_message(%b::varchar, %b::varchar, %b::varchar, %b::text::jsonb, %b::text::jsonb, -1)"


@contextmanager
def appends(setting: Setting, server: Server) -> Iterator[Rate]:
    """Each thread on a connection of its own, prepared."""
    package = node_packages(setting.home) / "node_modules" / "@eventide" / "message-db" / "database"
    url = server.database("message_db")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in FILES:
            connection.execute((package / f"{name}.sql").read_bytes())
    envelope = ENVELOPE.decode()

    def written(of: Sheet) -> tuple[str, ...]:
        return (str(uuid7()), f"sheet-{uuid7().hex}", TYPE, of.data.decode(), envelope)

    @contextmanager
    def client(clients: int) -> Iterator[Append]:
        new = made(written, clients)
        with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection, connection.cursor() as cursor:
            cursor.execute(PATH)
            yield lambda: cursor.execute(WRITE, next(new))

    yield lambda clients, seconds: by_threads(clients, partial(client, clients), seconds=seconds)
