"""The record as it leaves for whoever verifies it: every entry, and for auditors all that an entry commits to."""

from __future__ import annotations

import msgspec

from domain.deadlines import instant
from domain.disclosure import Reader
from domain.exported import ExportedEvent
from service.application.ports import Ledger, RecordedEvent
from service.application.proving import NotSealedError, Prove


class Export:
    """The use case; safe to call from many threads."""

    def __init__(self, ledger: Ledger, prove: Prove) -> None:
        self._ledger = ledger
        self._prove = prove

    def __call__(
        self, reader: Reader, programme: str | None, *, after: int, limit: int, size: int | None
    ) -> list[ExportedEvent]:
        """Events after a position, up to `size`, by default that of the last checkpoint, whoever cosigned it.

        Raises `NotSealedError` for a size that no checkpoint covers, `LedgerUnavailableError`.
        """
        sealed = self._prove.covered()
        upto = sealed if size is None else size
        if upto > sealed:
            raise NotSealedError(f"position {upto} is not sealed yet: the last checkpoint covers {sealed}")
        of = programme if reader.role == "auditor" else None
        return [exported(each, of) for each in self._ledger.read(after=after, upto=upto, limit=limit)]


def exported(event: RecordedEvent, programme: str | None) -> ExportedEvent:
    """The event as a line of a bundle; in full if it is of the programme."""
    clear = ExportedEvent(
        position=event.position,
        programme=event.programme,
        type=event.type,
        version=event.version,
        recorded_at=instant(event.recorded_at),
        entry=event.entry,
    )
    if event.programme != programme:
        return clear
    return msgspec.structs.replace(
        clear,
        event_id=str(event.event_id),
        tags=event.tags,
        salt=event.salt,
        envelope=event.envelope.decode("utf-8", "replace"),
        data=event.data.decode("utf-8", "replace"),
    )
