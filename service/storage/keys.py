"""Keys of clients: `prefix_id.secret`; only a keyed hash of the secret is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from service.application.identity import Principal, Role
from service.application.ports import LedgerUnavailableError
from service.storage.connections import open_pool

_KEY: Final = re.compile(r"(slk_[0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_REMEMBERED_SECONDS: Final = 5.0
"""How long a verified key is believed without asking again: the most that a revocation is late."""


class ApiKeys:
    """Issues, knows and revokes keys. `pepper`: 32 secret bytes, kept outside the database."""

    def __init__(self, database_url: str, pepper: bytes) -> None:
        if len(pepper) < 32:
            raise ValueError("pepper: at least 32 bytes")
        self._pool: ConnectionPool = open_pool(database_url, size=4)
        self._pepper = pepper
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def issue(self, role: Role, subject: str) -> str:
        """A new key for an agency, a team or an auditor; it is shown this once and cannot be read back."""
        key_id = f"slk_{secrets.token_hex(8)}"
        secret = secrets.token_urlsafe(32)
        self._run(
            "INSERT INTO access.api_key (key_id, secret_hash, role, agency, subject) VALUES (%s, %s, %s, %s, %s)",
            (key_id, self._hash(key_id, secret), role, subject if role == "agency" else None, subject),
        )
        return f"{key_id}.{secret}"

    def authenticate(self, key: str) -> Principal | None:
        """See `Authenticator.authenticate`."""
        found = _KEY.fullmatch(key)
        if found is None:
            return None
        hashed = self._hash(found[1], found[2])
        remembered = self._known.get(hashed)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        rows = self._run(
            "SELECT secret_hash, role, agency, subject FROM access.api_key WHERE key_id = %s AND revoked_at IS NULL",
            (found[1],),
        )
        stored = bytes(rows[0][0]) if rows else bytes(32)
        if not hmac.compare_digest(stored, hashed) or not rows:
            self._known.pop(hashed, None)
            return None
        principal = Principal(key_id=found[1], role=rows[0][1], agency=rows[0][2], subject=rows[0][3])
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[hashed] = (time.monotonic() + _REMEMBERED_SECONDS, principal)
        return principal

    def revoke(self, key_id: str) -> bool:
        """Refuse the key from now on; false if it is unknown or revoked."""
        rows = self._run(
            "UPDATE access.api_key SET revoked_at = now() WHERE key_id = %s AND revoked_at IS NULL RETURNING key_id",
            (key_id,),
        )
        self._known.clear()
        return bool(rows)

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    def _hash(self, key_id: str, secret: str) -> bytes:
        return hmac.digest(self._pepper, f"{key_id}.{secret}".encode(), hashlib.sha256)

    def _run(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._pool.connection() as connection:
                cursor = connection.execute(sql, parameters)
                return cursor.fetchall() if cursor.description is not None else []
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise LedgerUnavailableError(f"the key store does not answer: {error}", outcome_unknown=False) from error
