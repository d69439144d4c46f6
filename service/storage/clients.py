"""Clients that sign for themselves, their public keys, and the assertions that they used."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.errors import UniqueViolation

from domain import base64url
from service.application.administration import ClientRecord, KidTakenError, PublicKeyRecord
from service.application.identity import ClientKey, ExternalIdentity, IdentityTakenError, Principal, Role
from service.storage.access_database import AccessDatabase
from service.storage.subject_keys import SubjectKeys

_FIND: Final = """
    SELECT c.role, c.subject, k.public_key FROM access.client c JOIN access.client_key k ON k.client_id = c.client_id
    WHERE c.client_id = %s AND k.kid = %s AND c.revoked_at IS NULL AND k.revoked_at IS NULL"""

_RECORDS: Final = """
    SELECT c.client_id, c.role, c.subject, c.created_at, c.last_used_at, c.revoked_at,
           k.kid, k.public_key, k.added_at, k.revoked_at, i.issuer, i.subject
    FROM access.client c LEFT JOIN access.client_key k ON k.client_id = c.client_id
    LEFT JOIN access.external_identity i ON i.client_id = c.client_id
    WHERE c.client_id = coalesce(%s, c.client_id)
    ORDER BY c.created_at DESC, c.client_id, k.added_at, k.kid"""

_REGISTER: Final = "INSERT INTO access.client (client_id, role, subject) VALUES (%s, %s, %s)"

_ADD_KEY: Final = """
    INSERT INTO access.client_key (client_id, kid, public_key)
    SELECT client_id, %s, %s FROM access.client WHERE client_id = %s AND revoked_at IS NULL"""

_LINK: Final = "INSERT INTO access.external_identity (issuer, subject, mark, client_id) VALUES (%s, %s, %s, %s)"

_REVOKE: Final = "UPDATE access.client SET revoked_at = coalesce(revoked_at, now()) WHERE client_id = %s"

_REVOKE_KEY: Final = """
    UPDATE access.client_key SET revoked_at = coalesce(revoked_at, now()) WHERE client_id = %s AND kid = %s"""

_USE: Final = """
    INSERT INTO access.used_assertion (client_id, jti, expires_at) VALUES (%s, %s, %s)
    ON CONFLICT DO NOTHING RETURNING jti"""

# Long after: this machine's clock is not the database's.
_PRUNE: Final = "DELETE FROM access.used_assertion WHERE expires_at < now() - interval '5 minutes'"
_PRUNED_SECONDS: Final = 60.0


class PostgresClients:
    """`Clients` and `ClientStore` in PostgreSQL."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys
        self._pruned = 0.0

    def find(self, client_id: str, kid: str) -> ClientKey | None:
        """See `Clients.find`."""
        rows = self._database.rows(_FIND, (client_id, kid))
        if not rows:
            return None
        role, subject, public_key = rows[0]
        return ClientKey(principal=Principal(id=client_id, role=role, subject=subject), public_key=bytes(public_key))

    def use_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """See `Clients.use_assertion`."""
        if time.monotonic() >= self._pruned + _PRUNED_SECONDS:
            self._pruned = time.monotonic()
            self.prune()
        return bool(self._database.rows(_USE, (client_id, jti, expires_at)))

    def prune(self) -> None:
        """Forget assertions that expired long ago."""
        self._database.rows(_PRUNE)

    def note_use(self, client_id: str) -> None:
        """See `Clients.note_use`."""
        self._database.rows(
            "UPDATE access.client SET last_used_at = now() WHERE client_id = %s"
            " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
            (client_id,),
        )

    def register(
        self,
        role: Role,
        subject: str,
        keys: Sequence[tuple[str, bytes]],
        *,
        operator: str,
        identity: ExternalIdentity | None = None,
    ) -> str:
        """See `ClientStore.register`."""
        client_id = f"slc_{secrets.token_hex(8)}"
        statements: list[tuple[str, tuple[Any, ...]]] = [(_REGISTER, (client_id, role, subject))]
        statements += [(_ADD_KEY, (kid, public_key, client_id)) for kid, public_key in keys]
        if identity is not None:
            mark = self._keys.mark(identity.issuer, identity.subject)
            statements.append((_LINK, (identity.issuer, identity.subject, mark, client_id)))
        try:
            self._database.act(operator, "client registered", client_id, *statements)
        except UniqueViolation:
            raise IdentityTakenError("the account is linked already") from None
        return client_id

    def add_key(self, client_id: str, kid: str, public_key: bytes, *, operator: str) -> bool:
        """See `ClientStore.add_key`."""
        added = (_ADD_KEY, (kid, public_key, client_id))
        try:
            return self._database.act(operator, "client key added", f"{client_id} {kid}", added)
        except UniqueViolation:
            raise KidTakenError(f"{client_id} has, or had, a key {kid!r}") from None

    def revoke_key(self, client_id: str, kid: str, *, operator: str) -> bool:
        """See `ClientStore.revoke_key`."""
        revoked = (_REVOKE_KEY, (client_id, kid))
        return self._database.act(operator, "client key revoked", f"{client_id} {kid}", revoked)

    def revoke(self, client_id: str, *, operator: str) -> bool:
        """See `ClientStore.revoke`."""
        return self._database.act(operator, "client revoked", client_id, (_REVOKE, (client_id,)))

    def every(self) -> Sequence[ClientRecord]:
        """See `ClientStore.every`."""
        return self._records(None)

    def record(self, client_id: str) -> ClientRecord | None:
        """See `ClientStore.record`."""
        return next(iter(self._records(client_id)), None)

    def _records(self, client_id: str | None) -> list[ClientRecord]:
        """All of them, or one."""
        clients: dict[str, tuple[Any, ...]] = {}
        keys: dict[str, list[PublicKeyRecord]] = {}
        for row in self._database.rows(_RECORDS, (client_id,)):
            clients[row[0]] = row
            if row[6] is not None:
                x = base64url.written(bytes(row[7]))
                key = PublicKeyRecord(kid=row[6], x=x, added_at=row[8], revoked_at=row[9])
                keys.setdefault(row[0], []).append(key)
        return [
            ClientRecord(
                client_id=row[0],
                role=row[1],
                subject=row[2],
                created_at=row[3],
                last_used_at=row[4],
                revoked_at=row[5],
                keys=tuple(keys.get(row[0], ())),
                identity=None if row[10] is None else ExternalIdentity(issuer=row[10], subject=row[11]),
            )
            for row in clients.values()
        ]
