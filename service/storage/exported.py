"""Events of the ledger as lines of a bundle."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import psycopg

from domain.deadlines import instant
from domain.exported import ExportedEvent
from service.storage.stream import recorded_at, select_pieces

Connection = psycopg.Connection[tuple[Any, ...]]

PIECE: Final = 200
"""Events of half a megabyte."""

_PRIVATE: Final = ("event_id::text", "tags", "salt", "envelope", "data")
_LINES: Final = f"""
    SELECT position, programme, type, version, {recorded_at("e")}, entry,
        {", ".join(f"CASE WHEN programme = $4 THEN {each} END" for each in _PRIVATE)}
    FROM ledger.event e WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"""
_TYPES: Final = ("int8", "int8", "int8", "text")


def exported(
    programme: str | None, *, after: int, upto: int, limit: int
) -> Callable[[Connection], Iterator[list[ExportedEvent]]]:
    """As `Ledger.exported`, with a connection."""
    of = b"" if programme is None else programme.encode()  # no programme has an empty name
    values = [*(struct.pack(">q", each) for each in (after, upto, limit)), of]
    return lambda connection: select_pieces(connection, _LINES, _TYPES, values, _line, PIECE)


def _line(
    position: int,
    programme: str,
    type_: str,
    version: int,
    recorded: datetime,
    entry: bytes,
    event_id: str | None,
    tags: tuple[str, ...],
    salt: bytes,
    envelope: bytes,
    data: bytes,
) -> ExportedEvent:
    if event_id is None:
        return ExportedEvent(
            position=position,
            programme=programme,
            type=type_,
            version=version,
            recorded_at=instant(recorded),
            entry=entry,
        )
    return ExportedEvent(
        position=position,
        programme=programme,
        type=type_,
        version=version,
        recorded_at=instant(recorded),
        entry=entry,
        event_id=event_id,
        tags=tags,
        salt=salt,
        envelope=envelope.decode("utf-8", "replace"),
        data=data.decode("utf-8", "replace"),
    )
