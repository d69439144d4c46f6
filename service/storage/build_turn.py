"""One worker's turn at one build: its rows, its position, and its place among the builds of its view."""

from __future__ import annotations

from itertools import islice
from typing import Final

from domain.views import Rows, View, epoch_of
from service.application.view_ports import Certificate, Purpose
from service.storage.build_history import differing, digest_of
from service.storage.build_rows import BuildRows
from service.storage.view_rows import Connection

_LIVE: Final = """
    SELECT build, position FROM views.build
    WHERE view = %s AND version = %s AND partition = %s AND state = 'live'"""


class BuildTurn:
    """`Turn` in PostgreSQL; everything is in the transaction of `connection`, which whoever made this ends."""

    def __init__(
        self,
        connection: Connection,
        view: View,
        partition: str,
        build: int,
        *,
        position: int,
        stale: str | None,
        purpose: Purpose | None,
    ) -> None:
        self._connection = connection
        self._of = (view.name, view.version, partition)
        self.build = build
        self._rows = BuildRows(connection, build, remembers=view.remembers)
        self.rows: Rows = self._rows
        self.position = position
        self.stale = stale
        self.purpose = purpose
        self.folded = 0
        self._before = (position, stale)
        self._epoch = epoch_of(position + 1)

    def begin(self, epoch: int) -> None:
        """See `Turn.begin`."""
        if epoch != self._epoch:
            self._rows.end(self._epoch)
            self._epoch = epoch

    def keep(self) -> None:
        """Write rows and position."""
        self._rows.end(self._epoch)
        self._rows.store()
        if (self.position, self.stale) != self._before:
            self._connection.execute(
                "UPDATE views.build SET position = %s, stale = %s, updated_at = now(), events = events + %s,"
                " batches = batches + %s, halts = halts + %s WHERE build = %s",
                (
                    self.position,
                    self.stale,
                    self.folded,
                    int(self.folded > 0),
                    int(self.stale not in (None, self._before[1])),
                    self.build,
                ),
            )
            self._before = (self.position, self.stale)

    def digest(self) -> str:
        """See `Turn.digest`."""
        self.keep()
        return digest_of(self._connection, self.build)

    def lock_live(self) -> int:
        """See `Turn.lock_live`."""
        found = self._connection.execute(f"{_LIVE} FOR UPDATE", self._of).fetchone()
        return 0 if found is None else int(found[1])

    def differing(self, limit: int) -> list[str]:
        """See `Turn.differing`."""
        found = self._connection.execute(_LIVE, self._of).fetchone()
        return list(islice(differing(self._connection, self.build, found[0]), limit)) if found else []

    def go_live(self) -> None:
        """See `Turn.go_live`."""
        self.keep()
        self._durably()
        self._move("live", "changing")
        self._connection.execute(
            "UPDATE views.build SET state = 'live', purpose = NULL WHERE build = %s", (self.build,)
        )
        remove(self._connection, *self._of, "kept")
        self._move("changing", "kept")

    def _durably(self) -> None:
        """What an operator asked for is on the disk before they are told that it is done."""
        self._connection.execute("SET LOCAL synchronous_commit = on")

    def _move(self, state: str, to: str) -> None:
        self._connection.execute(
            "UPDATE views.build SET state = %s WHERE (view, version, partition, state) = (%s, %s, %s, %s)",
            (to, *self._of, state),
        )

    def discard(self) -> None:
        """See `Turn.discard`."""
        self._before = (self.position, self.stale)
        remove(self._connection, *self._of, "building")

    def certify(self, certificate: Certificate) -> None:
        """See `Turn.certify`."""
        self._durably()
        self._connection.execute(
            "INSERT INTO views.certificate"
            " (view, version, partition, build, purpose, position, live_digest, digest, differing, swapped)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *self._of,
                self.build,
                certificate.purpose,
                certificate.position,
                certificate.live_digest,
                certificate.digest,
                list(certificate.differing),
                certificate.swapped,
            ),
        )


def remove(connection: Connection, view: str, version: int, partition: str, state: str) -> bool:
    """Drop a build and its rows; whether there was one."""
    found = connection.execute(
        "DELETE FROM views.build WHERE (view, version, partition, state) = (%s, %s, %s, %s) RETURNING build",
        (view, version, partition, state),
    ).fetchone()
    if found is not None:
        connection.execute("DELETE FROM views.row WHERE build = %s", found)
        connection.execute("DELETE FROM views.past WHERE build = %s", found)
    return found is not None
