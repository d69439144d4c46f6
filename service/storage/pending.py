"""A request on its way to the ledger: what it conflicts with, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from service.application.ports import Appended, AppendRequest
from service.storage.append_call import Prepared
from service.storage.boundary_keys import probe_keys
from service.storage.turns import Awaited


class Pending(Prepared):
    """A request on its way, and what becomes of it."""

    __slots__ = ("outcome",)

    def __init__(self, request: AppendRequest) -> None:
        super().__init__(request)
        self.outcome: Awaited[Appended] = Awaited()

    def settle(self, outcome: Appended | Exception) -> None:
        """See `Awaited.settle`."""
        self.outcome.settle(outcome)

    def result(self) -> Appended:
        """See `Awaited.result`."""
        return self.outcome.result(outcome_unknown=True)

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
