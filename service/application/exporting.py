"""The record as it leaves for whoever verifies it: every entry, and for auditors all that an entry commits to."""

from __future__ import annotations

from collections.abc import Iterator

from domain.disclosure import Reader
from domain.exported import ExportedEvent
from service.application.ports import Ledger
from service.application.proving import NotSealedError, Prove


class Export:
    """The use case; safe to call from many threads."""

    def __init__(self, ledger: Ledger, prove: Prove) -> None:
        self._ledger = ledger
        self._prove = prove

    def __call__(
        self, reader: Reader, programme: str | None, *, after: int, limit: int, size: int | None
    ) -> Iterator[list[ExportedEvent]]:
        """Events after a position, up to `size`, by default that of the last checkpoint, in pieces; whoever
        cosigned that.

        Raises `NotSealedError` for a size that no checkpoint covers, `LedgerUnavailableError`, also between pieces.
        """
        sealed = self._prove.covered()
        upto = sealed if size is None else size
        if upto > sealed:
            raise NotSealedError(f"position {upto} is not sealed yet: the last checkpoint covers {sealed}")
        of = programme if reader.role == "auditor" else None
        return self._ledger.exported(of, after=after, upto=upto, limit=limit)
