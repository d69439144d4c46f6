"""What a build was at the end of each epoch: by what two builds are compared, in whatever batches they were folded."""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Final

from service.storage.view_rows import Connection

_PAGE: Final = 10_000

Change = tuple[str, int, bytes]
"""Key, the epoch in which the row came to be so, value."""


def history(connection: Connection, build: int) -> Iterator[Change]:
    """By key and epoch; within a transaction. A row that was written again as it was has not changed."""
    before: Change | None = None
    with _written(connection, build, "past") as past, _written(connection, build, "row") as rows:
        for change in heapq.merge(past, rows, key=itemgetter(0, 1)):
            if before is None or before[0] != change[0] or before[2] != change[2]:
                yield change
            before = change


@contextmanager
def _written(connection: Connection, build: int, table: str) -> Iterator[Iterator[Change]]:
    with connection.cursor(name=f"{table}_{build}", binary=True) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(f"SELECT key, epoch, value FROM views.{table} WHERE build = %s ORDER BY key, epoch", (build,))
        yield iter(cursor)


def digest_of(connection: Connection, build: int) -> str:
    """See `Turn.digest`; within a transaction."""
    hashed = hashlib.sha256()
    for key, epoch, value in history(connection, build):
        name = key.encode()
        hashed.update(b"%d %d %d:" % (len(name), epoch, len(value)) + name + value)
    return hashed.hexdigest()


def differing(connection: Connection, one: int, other: int) -> Iterator[str]:
    """Keys of rows that are not the same in both builds, or were not; within a transaction."""
    both = heapq.merge(history(connection, one), history(connection, other))
    for key, found in itertools.groupby(both, key=itemgetter(0)):
        changes = list(found)  # in order: where all is the same, each stands twice
        if changes[::2] != changes[1::2]:
            yield key
