"""Deliveries in PostgreSQL: who has an endpoint, what is next there, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from service.application.delivery_ports import Claim, Disabled, Settled, Target, Waiting
from service.application.erasing import Subject
from service.application.ports import LedgerUnavailableError
from service.application.webhook_signing import EndpointSecrets
from service.storage.connections import answering, open_pool
from service.storage.subject_keys import SubjectKeys

SEALED: Final = "endpoint"
"""What is sealed under the key of an endpoint."""

_FREE: Final = "due_at <= %(now)s AND coalesce(claimed_until, 'epoch') <= %(now)s"
_CLAIM: Final = f"""
    WITH taken AS (
        SELECT endpoint FROM notice.endpoint WHERE {_FREE} AND (failing_since IS NOT NULL) = %(failing)s
        ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE notice.endpoint e SET claim = claim + 1, claimed_until = %(until)s
    FROM taken WHERE e.endpoint = taken.endpoint RETURNING e.endpoint, e.claim"""
_DUE: Final = f"SELECT EXISTS (SELECT FROM notice.endpoint WHERE {_FREE})"

_WAITS: Final = "d.endpoint = e.endpoint AND d.state = 'pending' AND (d.number IS NULL OR e.state = 'active')"
_FIRST: Final = "ORDER BY d.number NULLS FIRST, d.delivery LIMIT 1"
_TARGET: Final = ("endpoint", "programme", "team", "data_set", "channel", "language", "state")
_NEXT: Final = f"""
    SELECT {", ".join(f"e.{each}" for each in _TARGET)}, e.sealed,
        d.delivery, d.attempts, coalesce(o.delivered_at, d.queued_at), o.content, o.sha256, d.about, a.because
    FROM notice.endpoint e JOIN notice.delivery d ON {_WAITS} LEFT JOIN notice.outbox o ON o.number = d.number
        LEFT JOIN notice.endpoint a ON a.endpoint = d.about
    WHERE e.endpoint = %s AND e.sealed IS NOT NULL {_FIRST}"""

_DUE_AT: Final = f"SELECT coalesce(d.next_attempt_at, %(now)s) FROM notice.delivery d WHERE {_WAITS} {_FIRST}"
LOOK_AGAIN: Final = f"UPDATE notice.endpoint e SET due_at = ({_DUE_AT}) WHERE e.endpoint = %(endpoint)s"
"""When there is something to do next for an endpoint; after every change of it or of what waits there."""

_SETTLE: Final = """
    WITH tried AS (
        INSERT INTO notice.attempt (delivery, attempted_at, delivered, answer)
        SELECT %(delivery)s, %(at)s, %(done)s, %(says)s WHERE %(counts)s)
    UPDATE notice.delivery SET state = %(state)s, attempts = attempts + %(counts)s::int, next_attempt_at = %(next)s,
        answer = %(says)s, settled_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE %(at)s::timestamptz END
    WHERE delivery = %(delivery)s AND state <> 'delivered' AND (%(held)s OR %(done)s)"""
_AFTERWARDS: Final = f"""
    UPDATE notice.endpoint e SET
        failing_since = CASE WHEN NOT %(counts)s OR NOT (%(held)s OR %(done)s) THEN failing_since
            WHEN %(done)s THEN NULL ELSE coalesce(failing_since, %(at)s) END,
        claimed_until = CASE WHEN %(held)s THEN NULL ELSE claimed_until END,
        due_at = ({_DUE_AT})
    WHERE endpoint = %(endpoint)s"""
CONFIRM: Final = """
    UPDATE notice.endpoint SET state = 'active', confirmed_at = %(now)s
    WHERE endpoint = %(endpoint)s AND state = 'unconfirmed'"""
_DISABLE: Final = "UPDATE notice.endpoint SET state = 'disabled', because = %(because)s WHERE endpoint = %(endpoint)s"
GIVE_UP: Final = """
    UPDATE notice.delivery SET state = 'dead', answer = %(because)s, settled_at = %(now)s
    WHERE endpoint = %(endpoint)s AND state = 'pending'"""
"""All that waits for an endpoint to which nothing goes any more."""
_TELL_OTHERS: Final = """
    WITH queued AS (
        INSERT INTO notice.delivery (endpoint, about, queued_at)
        SELECT other.endpoint, e.endpoint, %(now)s FROM notice.endpoint e
        JOIN notice.endpoint other USING (programme, team)
        WHERE e.endpoint = %(endpoint)s AND other.state = 'active' RETURNING endpoint)
    UPDATE notice.endpoint e SET due_at = 'epoch' FROM queued WHERE e.endpoint = queued.endpoint"""
"""At the other endpoints of the same team, of one that was disabled."""
_LET_GO: Final = "UPDATE notice.endpoint SET claimed_until = NULL WHERE endpoint = %(endpoint)s"


class SealedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an endpoint that nobody reads in the database."""

    address: str
    secrets: EndpointSecrets


class PostgresDeliveries:
    """`DeliveryStore` in PostgreSQL; addresses and secrets under keys of their own."""

    def __init__(self, database_url: str, keys: SubjectKeys, *, pool_size: int = 4) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)
        self._keys = keys

    def claim(self, now: datetime, *, until: datetime, limit: int, failing: bool) -> Sequence[Claim]:
        """See `DeliveryStore.claim`."""
        asked = {"now": now, "until": until, "limit": limit, "failing": failing}
        with self.connection() as connection:
            return [Claim(*row) for row in connection.execute(_CLAIM, asked).fetchall()]

    def next(self, claim: Claim) -> Waiting | None:
        """See `DeliveryStore.next`."""
        with self.connection() as connection:
            found = connection.execute(_NEXT, (claim.endpoint,)).fetchone()
        if found is None:
            return None
        *endpoint, sealed, delivery, attempts, queued_at, content, sha256, about, because = found
        target = dict(zip(_TARGET, endpoint, strict=True))
        opened = self.opened(target["endpoint"], target["programme"], sealed)
        return Waiting(
            delivery=delivery,
            target=Target(**target, address=opened.address, secrets=opened.secrets),
            attempts=attempts,
            queued_at=queued_at,
            content=content,
            sha256=sha256,
            disabled=None if about is None else Disabled(endpoint=about, because=because or "taken up again since"),
        )

    def settle(self, claim: Claim, delivery: int, settled: Settled, at: datetime) -> None:
        """See `DeliveryStore.settle`."""
        done = settled.state == "delivered"
        of = {
            **{"endpoint": claim.endpoint, "delivery": delivery, "at": at, "now": at, "done": done},
            **{"state": settled.state, "says": settled.answer, "counts": settled.counts},
            **{"next": settled.next_attempt_at, "because": settled.disabled},
        }
        with self.connection() as connection, connection.transaction():
            of["held"] = held = _held(connection, claim)
            connection.execute(_SETTLE, of)
            if settled.confirmed:
                connection.execute(CONFIRM, of)
            if held and settled.disabled is not None:
                for each in (_DISABLE, GIVE_UP, _TELL_OTHERS):
                    connection.execute(each, of)
            connection.execute(_AFTERWARDS, of)

    def release(self, claim: Claim, now: datetime) -> None:
        """See `DeliveryStore.release`."""
        with self.connection() as connection, connection.transaction():
            if _held(connection, claim):
                connection.execute(_LET_GO, {"endpoint": claim.endpoint})
                connection.execute(LOOK_AGAIN, {"endpoint": claim.endpoint, "now": now})

    def due(self, by: datetime) -> bool:
        """See `DeliveryStore.due`."""
        with self.connection() as connection:
            found = connection.execute(_DUE, {"now": by}).fetchone()
        assert found is not None
        return bool(found[0])

    def seal(self, endpoint: str, programme: str, content: SealedEndpoint) -> bytes:
        """What of an endpoint is kept in encryption."""
        return self._keys.seal(Subject(endpoint, programme), SEALED, msgspec.json.encode(content))

    def opened(self, endpoint: str, programme: str, sealed: bytes) -> SealedEndpoint:
        """The same in clear. Raises `LedgerUnavailableError` if its key is not there."""
        text = self._keys.open(Subject(endpoint, programme), SEALED, sealed)
        if text is None:
            raise LedgerUnavailableError(f"the key of {endpoint} is not among persons' keys", outcome_unknown=False)
        return msgspec.json.decode(text, type=SealedEndpoint)

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """An autocommit connection. Raises `LedgerUnavailableError`."""
        return answering(self._pool, "deliveries do not answer")

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()


def _held(connection: psycopg.Connection[Any], claim: Claim) -> bool:
    """Whether nobody took the endpoint meanwhile; from now until the transaction's end nobody does."""
    found = connection.execute(
        "SELECT claim FROM notice.endpoint WHERE endpoint = %s FOR NO KEY UPDATE", (claim.endpoint,)
    ).fetchone()
    return found is not None and bool(found[0] == claim.number)
