"""A connection that records batches and settles each of their requests, whatever happens."""

from __future__ import annotations

from uuid import UUID

import psycopg
import structlog
from eventsourcing.persistence import IntegrityError

from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    StaleDecisionError,
)
from service.storage.append_call import Answer, AppendCall, Refused
from service.storage.connections import service_conninfo
from service.storage.partitions import PartitionsAhead
from service.storage.pending import Pending
from service.storage.prepared_call import Connection


class ConditionFailedError(IntegrityError):
    """An event that matches the condition was recorded at `position` (the first such)."""

    def __init__(self, position: int) -> None:
        super().__init__(f"a matching event was recorded at position {position}")
        self.position = position


class Lane:
    """Opens its connection when it is first needed, and again once it is lost. For one thread at a time."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = service_conninfo(database_url)
        self._partitions = PartitionsAhead()
        self._call: AppendCall | None = None
        self._recorded: list[tuple[list[Pending], Answer]] = []
        self._log = structlog.get_logger()

    def close(self) -> None:
        """Tell what was recorded, and let go of the connection."""
        self.tell()
        if self._call is not None:
            self._call.connection.close()

    def record(self, batch: list[Pending]) -> None:
        """Every request of the batch gets a result or an error, whatever happens.

        Results are told once the next batch is on its way, or by `tell`: while those who were told go on, the database
        has something to do.
        """
        try:
            call = self._connected()
        except psycopg.Error as error:
            self._unavailable(
                batch, LedgerUnavailableError("no connection to the ledger", outcome_unknown=False, because=error)
            )
            return
        try:
            answer = call(batch, self.tell)
        except psycopg.Error as error:
            self._recover(batch, call.connection, error)
            return
        except Exception as error:  # noqa: BLE001 — a request that cannot be encoded must not end the writer
            self._one_by_one(batch, error)
            return
        self._recorded.append((batch, answer))
        self._partitions.make(call.connection, answer.head)

    def tell(self) -> None:
        """Settle what was recorded."""
        for batch, answer in self._recorded:
            self._settle(batch, answer)
        self._recorded.clear()

    def _recover(self, batch: list[Pending], connection: Connection, error: psycopg.Error) -> None:
        if connection.closed:
            self._call = None
            told = "the connection was lost while recording; retry with the same key"
            self._unavailable(batch, LedgerUnavailableError(told, outcome_unknown=True, because=error))
        elif isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
            self._unavailable(batch, LedgerUnavailableError("the ledger is busy", outcome_unknown=False, because=error))
        else:
            self._one_by_one(batch, error)

    def _one_by_one(self, batch: list[Pending], error: Exception) -> None:
        """One refused request never fails its neighbours."""
        if len(batch) == 1:
            self._log.warning("append refused by the database", error=str(error))
            self._fail(batch, error)
            return
        for pending in batch:
            self.record([pending])

    def _connected(self) -> AppendCall:
        if self._call is None or self._call.connection.closed:
            self.tell()
            self._call = AppendCall(psycopg.connect(self._conninfo, autocommit=True))
        return self._call

    def _settle(self, batch: list[Pending], answer: Answer) -> None:
        position = answer.head
        for n, pending in enumerate(batch, start=1):
            refused = answer.refused.get(n)
            if refused is not None:
                pending.settle(_refusal(pending.request, refused))
                continue
            first = position + 1
            position += len(pending.request.events)
            pending.settle(
                Appended(
                    decision_id=pending.request.decision_id,
                    first_position=first,
                    last_position=position,
                    replayed=False,
                )
            )

    def _unavailable(self, batch: list[Pending], error: LedgerUnavailableError) -> None:
        self._log.warning("nothing was recorded, as far as is known", requests=len(batch), error=str(error))
        self._fail(batch, error)

    def _fail(self, batch: list[Pending], error: Exception) -> None:
        for pending in batch:
            pending.settle(error)


def _refusal(request: AppendRequest, refused: Refused) -> Appended | Exception:
    match refused.status:
        case "replayed":
            return Appended(
                decision_id=UUID(refused.decision_id),
                first_position=refused.first_position,
                last_position=refused.last_position,
                replayed=True,
            )
        case "reused":
            return IdempotencyKeyReusedError("" if request.idempotency is None else request.idempotency.key)
        case "stale":
            return StaleDecisionError("decided more than five seconds before the commit")
        case _:
            return ConditionFailedError(refused.position)
