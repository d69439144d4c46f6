"""Where the ledger and the live views of a programme stand, which each read asks first."""

from __future__ import annotations

import struct
import threading
from typing import Final

import psycopg

from service.application.ports import LedgerUnavailableError
from service.storage.connections import service_conninfo
from service.storage.prepared_call import KeptCall

_SQL: Final = """
    SELECT h.position, (
        SELECT string_agg(concat_ws(' ', build, position, stale), ',' ORDER BY build) FROM views.build
        WHERE partition = $1 AND state = 'live'
    ) FROM ledger.head h"""
_POSITION: Final = struct.Struct(">q")


class Stands:
    """On a connection of its own. Safe to call from many threads, which take turns."""

    def __init__(self, database_url: str) -> None:
        text = psycopg.postgres.types["text"].oid
        self._call = KeptCall(service_conninfo(database_url), "sillok_stand", _SQL, [text], binary=True)
        self._one = threading.Lock()

    def __call__(self, partition: str | None) -> tuple[int, str]:
        """Position of the ledger, and builds and positions of a partition's live views, from one snapshot: while they
        are the same, so is everything that is read of both. Raises `LedgerUnavailableError`.
        """
        try:
            with self._one:
                row = self._call([None if partition is None else partition.encode()])
        except psycopg.Error as error:
            raise LedgerUnavailableError("the views do not answer", outcome_unknown=False, because=error) from error
        position, live = row.get_value(0, 0), row.get_value(0, 1)
        assert position is not None
        return _POSITION.unpack(position)[0], (live or b"").decode()

    def close(self) -> None:
        """Let go of the connection."""
        with self._one:
            self._call.close()
