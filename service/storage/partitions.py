"""Partitions of the ledger, made long before they are needed."""

from __future__ import annotations

import threading
from typing import Final

import psycopg
import structlog

from service.storage.prepared_call import Connection

EVERY: Final = 1_000_000
"""Positions after which to look again; a partition holds ten times as many."""


class PartitionsAhead:
    """For all connections of a process that append: one of them looks, once."""

    def __init__(self) -> None:
        self._next = 0
        self._looking = threading.Lock()
        self._log = structlog.get_logger()

    def make(self, connection: Connection, head: int) -> None:
        """See that two partitions lie beyond the head, unless that was seen to, or is by another thread."""
        if head < self._next or not self._looking.acquire(blocking=False):
            return
        try:
            connection.execute("SELECT ledger.ensure_partitions(2)")
        except psycopg.Error as error:
            self._log.warning("partitions could not be made ahead", error=str(error))
        else:
            self._next = (head // EVERY + 1) * EVERY
        finally:
            self._looking.release()
