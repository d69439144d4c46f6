"""Deliveries in PostgreSQL: who has an endpoint, what is next there, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Final

import msgspec
import psycopg
import structlog
from psycopg_pool import ConnectionPool

from domain.noticing import Notice
from service.application.delivery_ports import Claim, Disabled, Summary, Target, Tried, Waiting
from service.application.erasing import Subject, SubjectErasedError
from service.application.ports import LedgerUnavailableError
from service.application.webhook_signing import EndpointSecrets
from service.storage.connections import answering, open_pool
from service.storage.subject_keys import SubjectKeys

_log: Final = structlog.get_logger()

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

# Tests, and what tells of another endpoint, go there also while it waits; nothing does once it was removed.
_WAITS: Final = (
    "d.endpoint = e.endpoint AND d.state = 'pending' AND e.sealed IS NOT NULL"
    " AND (coalesce(d.number, d.upto) IS NULL OR e.state = 'active')"
)
_FIRST: Final = "ORDER BY d.number NULLS FIRST, d.delivery LIMIT 1"
_TARGET: Final = ("endpoint", "programme", "team", "data_set", "channel", "language", "state")
_NEXT: Final = f"""
    SELECT {", ".join(f"e.{each}" for each in _TARGET)}, e.sealed,
        d.delivery, d.attempts, coalesce(o.delivered_at, d.queued_at), o.content, o.sha256, d.about, a.because,
        d.day, d.past, d.upto
    FROM notice.endpoint e CROSS JOIN LATERAL (SELECT * FROM notice.delivery d WHERE {_WAITS} {_FIRST}) d
        LEFT JOIN notice.outbox o ON o.number = d.number LEFT JOIN notice.endpoint a ON a.endpoint = d.about
    WHERE e.endpoint = ANY(%s) AND e.sealed IS NOT NULL"""

_SUMMED: Final = """
    SELECT content FROM notice.outbox
    WHERE programme = %s AND recipient = %s AND number > %s AND number <= %s ORDER BY number"""

_DUE_AT: Final = f"SELECT coalesce(d.next_attempt_at, %(now)s) FROM notice.delivery d WHERE {_WAITS} {_FIRST}"
LOOK_AGAIN: Final = f"UPDATE notice.endpoint e SET due_at = ({_DUE_AT}) WHERE e.endpoint = %(endpoint)s"
"""When there is something to do next for an endpoint; after every change of it or of what waits there."""

_TRIED: Final = """unnest(%(endpoint)s::text[], %(delivery)s::bigint[], %(at)s::timestamptz[], %(done)s::boolean[],
        %(says)s::text[], %(counts)s::boolean[], %(held)s::boolean[], %(state)s::text[], %(next)s::timestamptz[])
        AS t (endpoint, delivery, at, done, says, counts, held, state, next)"""
_HELD: Final = """
    SELECT endpoint, claim FROM notice.endpoint WHERE endpoint = ANY(%s) ORDER BY endpoint FOR NO KEY UPDATE"""
"""Until the transaction's end nobody takes them. In one order, so that no two who settle wait for each other."""
_SETTLE: Final = f"""
    WITH kept AS (
        INSERT INTO notice.attempt (delivery, attempted_at, delivered, answer)
        SELECT delivery, at, done, says FROM {_TRIED} WHERE counts)
    UPDATE notice.delivery d SET state = t.state, attempts = d.attempts + t.counts::int, next_attempt_at = t.next,
        answer = t.says, settled_at = CASE WHEN t.state = 'pending' THEN NULL ELSE t.at END
    FROM {_TRIED} WHERE d.delivery = t.delivery AND d.state <> 'delivered'
        AND (t.done OR t.held AND d.state = 'pending')"""
"""What was given up while it was on the way, because its endpoint was removed, stays so, unless it arrived."""
_AFTERWARDS: Final = f"""
    UPDATE notice.endpoint e SET
        failing_since = CASE WHEN NOT t.counts OR NOT (t.held OR t.done) THEN failing_since
            WHEN t.done THEN NULL ELSE coalesce(failing_since, t.at) END,
        claimed_until = CASE WHEN t.held THEN NULL ELSE claimed_until END,
        due_at = ({_DUE_AT})
    FROM {_TRIED} WHERE e.endpoint = t.endpoint"""
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

    def take(self, now: datetime, *, until: datetime, limit: int, failing: bool) -> Sequence[tuple[Claim, Waiting]]:
        """See `DeliveryStore.take`."""
        asked = {"now": now, "until": until, "limit": limit, "failing": failing}
        with self.connection() as connection:
            claims = {row[0]: Claim(*row) for row in connection.execute(_CLAIM, asked).fetchall()}
            if not claims:
                return []
            # A statement of its own: what was settled before the claim it sees.
            found = connection.execute(_NEXT, ([*claims],)).fetchall()
            for each in set(claims).difference(row[0] for row in found):
                self._release(connection, claims[each], now)
            every = [(claims[row[0]], self._waiting(connection, row)) for row in found]
        return [(claim, waiting) for claim, waiting in every if waiting is not None]

    def _waiting(self, connection: psycopg.Connection[Any], row: Sequence[Any]) -> Waiting | None:
        """None where the endpoint's key is not to be had: it is looked at again once the claim ran out."""
        target = dict(zip(_TARGET, row, strict=False))
        sealed, delivery, attempts, queued_at, content, sha256, about, because, *of_summary = row[len(_TARGET) :]
        try:
            opened = self.opened(target["endpoint"], target["programme"], sealed)
        except (LedgerUnavailableError, SubjectErasedError) as error:
            _log.warning("nothing is sent to an endpoint", endpoint=target["endpoint"], because=str(error))
            return None
        return Waiting(
            delivery=delivery,
            target=Target(**target, address=opened.address, secrets=opened.secrets),
            attempts=attempts,
            queued_at=queued_at,
            content=content,
            sha256=sha256,
            disabled=None if about is None else Disabled(endpoint=about, because=because or "taken up again since"),
            summary=None if of_summary[0] is None else self._summary(connection, target, *of_summary),
        )

    def _summary(
        self, connection: psycopg.Connection[Any], target: dict[str, Any], day: date, past: int, upto: int
    ) -> Summary:
        found = connection.execute(_SUMMED, (target["programme"], target["team"], past, upto)).fetchall()
        return Summary(day=day.isoformat(), notices=tuple(msgspec.json.decode(each, type=Notice) for (each,) in found))

    def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """See `DeliveryStore.settle`."""
        with self.connection() as connection, connection.transaction():
            left = list(tried)
            while left:
                # An endpoint twice where a claim ran out: one after the other.
                first = {each.claim.endpoint: each for each in reversed(left)}
                _settle(connection, list(first.values()), now)
                left = [each for each in left if first[each.claim.endpoint] is not each]

    def _release(self, connection: psycopg.Connection[Any], claim: Claim, now: datetime) -> None:
        with connection.transaction():
            if claim in _held(connection, [claim]):
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
        """The same in clear. Raises `SubjectErasedError` if its key was destroyed, which begins its removal, and
        `LedgerUnavailableError` if that is not there.
        """
        subject = Subject(endpoint, programme)
        text = self._keys.open(subject, SEALED, sealed)
        if text is None and self._keys.is_erased(subject):
            raise SubjectErasedError(f"{endpoint} was removed")
        if text is None:
            raise LedgerUnavailableError(f"the key of {endpoint} is not among persons' keys", outcome_unknown=False)
        return msgspec.json.decode(text, type=SealedEndpoint)

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """An autocommit connection. Raises `LedgerUnavailableError`."""
        return answering(self._pool, "deliveries do not answer")

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()


def _settle(connection: psycopg.Connection[Any], tried: Sequence[Tried], now: datetime) -> None:
    """One attempt at each endpoint."""
    held = _held(connection, [each.claim for each in tried])
    columns: dict[str, Any] = {
        "endpoint": [each.claim.endpoint for each in tried],
        "delivery": [each.delivery for each in tried],
        "at": [each.at for each in tried],
        "done": [each.settled.state == "delivered" for each in tried],
        "says": [each.settled.answer for each in tried],
        "counts": [each.settled.counts for each in tried],
        "held": [each.claim in held for each in tried],
        "state": [each.settled.state for each in tried],
        "next": [each.settled.next_attempt_at for each in tried],
    }
    connection.execute(_SETTLE, columns)
    for each in tried:
        of = {"endpoint": each.claim.endpoint, "now": each.at, "because": each.settled.disabled}
        if each.settled.confirmed:
            connection.execute(CONFIRM, of)
        if each.claim in held and each.settled.disabled is not None:
            for statement in (_DISABLE, GIVE_UP, _TELL_OTHERS):
                connection.execute(statement, of)
    connection.execute(_AFTERWARDS, columns | {"now": now})


def _held(connection: psycopg.Connection[Any], claims: Sequence[Claim]) -> frozenset[Claim]:
    """Those of endpoints that nobody took meanwhile."""
    found = connection.execute(_HELD, ([each.endpoint for each in claims],)).fetchall()
    return frozenset(claims).intersection(Claim(*row) for row in found)
