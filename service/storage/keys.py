"""Keys of clients: `prefix_id.secret`; only a keyed hash of the secret is stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from service.application.administration import KeyRecord
from service.application.identity import Person, Principal, Role, Secret, Secrets, WrongCredentialError
from service.storage.access_database import AccessDatabase

_KEY: Final = re.compile(r"(slk_[0-9a-f]{16})\.([A-Za-z0-9_-]{43})")

_ISSUE: Final = """
    INSERT INTO access.api_key (key_id, secret_hash, pepper_id, role, agency, subject, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)"""

_REVOKE: Final = "UPDATE access.api_key SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = %s"

_FIND: Final = """
    SELECT role, subject, pepper_id, secret_hash FROM access.api_key
    WHERE key_id = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""

_NOTE: Final = """
    UPDATE access.api_key SET last_used_at = now(), pepper_id = %(pepper)s, secret_hash = %(hash)s
    WHERE key_id = %(key)s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute'
                                OR pepper_id IS DISTINCT FROM %(pepper)s)"""


class ApiKeys:
    """Issues, knows and revokes keys. `peppers`: kept outside the database; a key is hashed anew at its next use."""

    def __init__(self, database: AccessDatabase, peppers: Secrets) -> None:
        self._database = database
        self._peppers = peppers

    def issue(self, role: Role, subject: str, *, operator: str, expires_at: datetime | None = None) -> str:
        """See `KeyStore.issue`."""
        key_id = f"slk_{secrets.token_hex(8)}"
        secret = secrets.token_urlsafe(32)
        pepper = self._peppers.current()
        agency = subject if role == "agency" else None
        row = (key_id, _hash(pepper, key_id, secret), pepper.id, role, agency, subject, expires_at)
        self._database.act(operator, "key issued", key_id, (_ISSUE, row))
        return f"{key_id}.{secret}"

    def authenticate(self, credential: str) -> Principal | None:
        """See `Authenticator.authenticate`."""
        found = _KEY.fullmatch(credential)
        if found is None:
            return None
        rows = self._database.rows(_FIND, (found[1],))
        role, subject, pepper_id, stored = rows[0] if rows else (None, None, None, bytes(32))
        peppers = [pepper for pepper, _state in self._peppers.every() if pepper_id in (None, pepper.id)]
        matches = [hmac.compare_digest(stored, _hash(pepper, found[1], found[2])) for pepper in peppers]
        if not (rows and any(matches)):
            raise WrongCredentialError("the key is unknown, wrong, expired or revoked", found[1])
        return Principal(id=found[1], role=role, subject=subject)

    def note_use(self, credential: str, holder: Principal | Person) -> None:
        """See `Authenticator.note_use`."""
        pepper = self._peppers.current()
        key_id, _, secret = credential.partition(".")
        self._database.rows(_NOTE, {"key": key_id, "pepper": pepper.id, "hash": _hash(pepper, key_id, secret)})

    def revoke(self, key_id: str, *, operator: str) -> bool:
        """See `KeyStore.revoke`."""
        return self._database.act(operator, "key revoked", key_id, (_REVOKE, (key_id,)))

    def every(self) -> Sequence[KeyRecord]:
        """See `KeyStore.every`."""
        with self._database.connection() as connection, connection.cursor(row_factory=class_row(KeyRecord)) as cursor:
            return cursor.execute(
                "SELECT key_id, role, subject, created_at, expires_at, last_used_at, revoked_at FROM access.api_key"
                " ORDER BY created_at DESC, key_id"
            ).fetchall()

    def under(self, pepper_id: str) -> int:
        """How many keys that may still be used are hashed with a pepper, or with one that is not known."""
        (count,) = self._database.rows(
            "SELECT count(*) FROM access.api_key WHERE (pepper_id = %s OR pepper_id IS NULL) AND revoked_at IS NULL"
            " AND (expires_at IS NULL OR expires_at > now())",
            (pepper_id,),
        )[0]
        return int(count)


def _hash(pepper: Secret, key_id: str, secret: str) -> bytes:
    return hmac.digest(pepper.value, f"{key_id}.{secret}".encode(), hashlib.sha256)
