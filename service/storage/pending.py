"""A request on its way to the ledger: what it conflicts with, and what becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from service.application.ports import Appended, AppendRequest, LedgerUnavailableError
from service.storage.append_call import Prepared
from service.storage.boundary_keys import probe_keys

PATIENCE_SECONDS: Final = 20.0
"""How long a caller waits for its answer, and how long a request is worth recording."""


class Pending(Prepared):
    """A request on its way, and what became of it."""

    __slots__ = ("_outcome", "_settled", "expires")

    def __init__(self, request: AppendRequest) -> None:
        super().__init__(request)
        self.expires = time.monotonic() + PATIENCE_SECONDS
        self._outcome: Appended | Exception | None = None
        # A bare lock: a future would cost more than all else that a request takes here.
        self._settled = threading.Lock()
        self._settled.acquire()

    def settle(self, outcome: Appended | Exception) -> None:
        """Once: let the caller go on, with a result or an error."""
        self._outcome = outcome
        self._settled.release()

    def result(self) -> Appended:
        """Wait for what became of it. Raises its error; `LedgerUnavailableError` when patience ends first."""
        if not self._settled.acquire(timeout=max(0.0, self.expires - time.monotonic()) + 1):
            raise LedgerUnavailableError(
                f"no answer within {PATIENCE_SECONDS:.0f} seconds; retry with the same key", outcome_unknown=True
            )
        self._settled.release()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome

    def conflicts_with(
        self, earlier: Sequence[Pending], types: set[str], keys: set[int], idempotency: set[tuple[str, str, str]]
    ) -> bool:
        """Whether requests that are recorded just before this one, with such types and keys, could change its outcome.

        Most types are rare, so they are looked at before keys.
        """
        if not earlier:
            return False
        named = self.request.idempotency
        if named is not None and (named.client, named.programme, named.key) in idempotency:
            return True
        # An item without types has no key of its own.
        if all(
            item.types and (types.isdisjoint(item.types) or keys.isdisjoint(probe_keys(item))) for item in self.items
        ):
            return False
        return any(self.matches(each) for each in earlier)
