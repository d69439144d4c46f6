"""Looking keys up in the boundary index, for many readers in one statement."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

import psycopg

from service.application.ports import LedgerUnavailableError, Probed
from service.storage.binary_arrays import array_oid, long_integers
from service.storage.connections import service_conninfo
from service.storage.prepared_call import KeptCall
from service.storage.turns import Awaited, Turns

# Keys with their positions, packed: one value costs less to take in than a row for each. One statement, one snapshot.
_SQL: Final = """
    SELECT h.position, (
        SELECT string_agg(int8send(found.key) || int8send(found.position), '')
        FROM unnest($1::int8[]) AS probe(key) CROSS JOIN LATERAL (
            SELECT b.key, b.position FROM ledger.boundary_index b WHERE b.key = probe.key OFFSET 0
        ) found
    ) FROM ledger.head h"""
_HEAD: Final = struct.Struct(">q")
_FOUND: Final = struct.Struct(">qq")
KEYS: Final = 4096
"""Keys of one statement; a reader with more has one of their own."""


class _Asked:
    __slots__ = ("keys", "outcome")

    def __init__(self, keys: Sequence[int]) -> None:
        self.keys = keys
        self.outcome: Awaited[Probed] = Awaited()


class BoundaryProbes:
    """`probe` may be called from many threads; each answer is of a snapshot that was taken after the call."""

    def __init__(self, database_url: str) -> None:
        types = [array_oid("int8")]
        self._call = KeptCall(service_conninfo(database_url), "sillok_probe", _SQL, types, binary=True)
        self._turns: Turns[_Asked] = Turns("ledger-probes", self._look)

    def probe(self, keys: Sequence[int]) -> Probed:
        """The head, and the positions that stand under any of the keys. Raises `LedgerUnavailableError`."""
        asked = _Asked(keys)
        self._turns.take([asked])
        return asked.outcome.result(outcome_unknown=False)

    def close(self) -> None:
        """Answer whoever waits, and let go of the connection."""
        self._turns.close()
        self._call.close()

    def _look(self, queue: deque[_Asked]) -> None:
        while queue:
            batch, size = [queue.popleft()], 0
            while queue and (size := size + len(batch[-1].keys)) < KEYS:
                batch.append(queue.popleft())
            try:
                head, found = self._found(sorted({key for asked in batch for key in asked.keys}))
            except Exception as error:  # noqa: BLE001 — whoever waits is told, and others go on
                for asked in batch:
                    asked.outcome.settle(_unavailable(error) if isinstance(error, psycopg.Error) else error)
                continue
            for asked in batch:
                positions = {position for key in asked.keys for position in found.get(key, ())}
                asked.outcome.settle(Probed(head, sorted(positions)))

    def _found(self, keys: list[int]) -> tuple[int, dict[int, list[int]]]:
        """The head, and the positions of each key that has any."""
        result = self._call([long_integers(keys)])
        head, packed = result.get_value(0, 0), result.get_value(0, 1)
        assert head is not None
        found: dict[int, list[int]] = {}
        for key, position in _FOUND.iter_unpack(packed or b""):
            found.setdefault(key, []).append(position)
        return _HEAD.unpack(head)[0], found


def _unavailable(error: psycopg.Error) -> LedgerUnavailableError:
    return LedgerUnavailableError("the ledger does not answer", outcome_unknown=False, because=error)
