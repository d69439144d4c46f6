"""Sessions, and links that are good for one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from psycopg.rows import class_row

from service.application.identity import Person
from service.application.sessions import SessionRecord, Way
from service.storage.access_database import AccessDatabase
from service.storage.people import memberships

_START: Final = """
    INSERT INTO access.session (session_id, secret_hash, person_id, signed_in_by, ends_at)
    SELECT %s, %s, person_id, %s, now() + %s FROM access.person WHERE person_id = %s AND revoked_at IS NULL
    RETURNING session_id"""

_LASTS: Final = "s.ended_at IS NULL AND s.ends_at > now() AND s.used_at > now() - %(idle)s"

_FIND: Final = f"""
    SELECT s.session_id, s.person_id FROM access.session s
    JOIN access.person p ON p.person_id = s.person_id AND p.revoked_at IS NULL
    WHERE s.secret_hash = %(hash)s AND {_LASTS}"""

_EVERY: Final = f"""
    SELECT session_id, signed_in_by, started_at, used_at, ends_at FROM access.session s
    WHERE person_id = %(person)s AND {_LASTS} ORDER BY started_at DESC, session_id"""

_END: Final = """
    UPDATE access.session SET ended_at = now()
    WHERE session_id = %s AND person_id = %s AND ended_at IS NULL RETURNING session_id"""

_USE_LINK: Final = """
    UPDATE access.sign_in_link SET used_at = now()
    WHERE secret_hash = %s AND used_at IS NULL AND ends_at > now() RETURNING person_id"""

_PRUNE: Final = (
    "DELETE FROM access.session WHERE ends_at < now() - interval '90 days'",
    "DELETE FROM access.sign_in_link WHERE ends_at < now() - interval '90 days'",
)
_PRUNED_SECONDS: Final = 3600.0


class PostgresSessions:
    """`SessionStore` and `LinkStore` in PostgreSQL."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database
        self._pruned = 0.0

    def start(self, secret_hash: bytes, person_id: str, way: Way, *, lifetime: timedelta) -> str | None:
        """See `SessionStore.start`."""
        if time.monotonic() >= self._pruned + _PRUNED_SECONDS:
            self._pruned = time.monotonic()
            self.prune()
        session_id = f"session-{secrets.token_hex(8)}"
        rows = self._database.rows(_START, (session_id, secret_hash, way, lifetime, person_id))
        return session_id if rows else None

    def prune(self) -> None:
        """Forget what ended long ago."""
        for each in _PRUNE:
            self._database.rows(each)

    def find(self, secret_hash: bytes, *, idle: timedelta) -> Person | None:
        """See `SessionStore.find`."""
        rows = self._database.rows(_FIND, {"hash": secret_hash, "idle": idle})
        if not rows:
            return None
        session_id, person_id = rows[0]
        return Person(id=person_id, memberships=memberships(self._database, person_id), session=session_id)

    def note_use(self, session_id: str) -> None:
        """See `SessionStore.note_use`."""
        self._database.rows("UPDATE access.session SET used_at = now() WHERE session_id = %s", (session_id,))

    def every(self, person_id: str, *, idle: timedelta) -> Sequence[SessionRecord]:
        """See `SessionStore.every`."""
        with (
            self._database.connection() as connection,
            connection.cursor(row_factory=class_row(SessionRecord)) as cursor,
        ):
            return cursor.execute(_EVERY, {"person": person_id, "idle": idle}).fetchall()

    def end(self, person_id: str, session_id: str) -> bool:
        """See `SessionStore.end`."""
        return bool(self._database.rows(_END, (session_id, person_id)))

    def add_link(self, secret_hash: bytes, person_id: str, *, lifetime: timedelta, operator: str) -> bool:
        """See `LinkStore.add_link`."""
        added = (
            "INSERT INTO access.sign_in_link (secret_hash, person_id, ends_at)"
            " SELECT %s, person_id, now() + %s FROM access.person WHERE person_id = %s AND revoked_at IS NULL",
            (secret_hash, lifetime, person_id),
        )
        return self._database.act(operator, "sign-in link made", person_id, added)

    def use_link(self, secret_hash: bytes) -> str | None:
        """See `LinkStore.use_link`."""
        rows = self._database.rows(_USE_LINK, (secret_hash,))
        return str(rows[0][0]) if rows else None
