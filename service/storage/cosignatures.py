"""Cosignatures of witnesses, and how asking them goes, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from psycopg.rows import class_row

from domain.note import NoteSignature, VerifierKey, verifier_key
from service.application.seal_ports import Published
from service.application.witness_ports import WitnessFigures
from service.storage.sealing import PostgresSeals

_CURRENT: Final = "(SELECT max(log) FROM seal.log)"
_FIGURES: Final = f"""
    SELECT asked.witness, coalesce(c.size, 0) AS size,
        extract(epoch FROM clock_timestamp() - c.cosigned_at)::float8 AS seconds_since,
        coalesce(w.failures, 0) AS failures, coalesce(w.contradictions, 0) AS contradictions, w.fault
    FROM unnest(%s::text[]) WITH ORDINALITY AS asked(witness, at)
    LEFT JOIN seal.witness w USING (witness)
    LEFT JOIN LATERAL (
        SELECT c.size, c.cosigned_at FROM seal.cosignature c
        WHERE c.witness = asked.witness AND c.log = {_CURRENT} ORDER BY c.size DESC LIMIT 1
    ) c ON true
    ORDER BY asked.at"""
_FAILED: Final = """
    INSERT INTO seal.witness AS w (witness, failures, contradictions, fault) VALUES (%s, %s, %s, %s)
    ON CONFLICT (witness) DO UPDATE SET failures = w.failures + EXCLUDED.failures,
        contradictions = w.contradictions + EXCLUDED.contradictions, fault = EXCLUDED.fault"""


class PostgresCosignatures:
    """`CosignatureStore` in the database of `seals`."""

    def __init__(self, seals: PostgresSeals) -> None:
        self._seals = seals

    def last_size(self, witness: VerifierKey) -> int:
        """See `CosignatureStore.last_size`."""
        with self._seals.connection() as connection:
            found = connection.execute(
                f"SELECT coalesce(max(size), 0) FROM seal.cosignature WHERE witness = %s AND log = {_CURRENT}",
                (str(witness),),
            ).fetchone()
        assert found is not None
        return int(found[0])

    def cosigners(self, checkpoint: Published) -> Collection[VerifierKey]:
        """See `CosignatureStore.cosigners`."""
        with self._seals.connection() as connection:
            found = connection.execute(
                "SELECT c.witness FROM seal.cosignature c JOIN seal.log l USING (log)"
                " WHERE l.origin = %s AND c.size = %s",
                (checkpoint.origin, checkpoint.size),
            ).fetchall()
        return {verifier_key(witness) for (witness,) in found}

    def keep(self, checkpoint: Published, witness: VerifierKey, signature: NoteSignature) -> None:
        """See `CosignatureStore.keep`."""
        with self._seals.connection() as connection, connection.transaction():
            connection.execute(
                "INSERT INTO seal.cosignature (log, size, witness, line)"
                " SELECT log, %s, %s, %s FROM seal.log WHERE origin = %s ON CONFLICT DO NOTHING",
                (checkpoint.size, str(witness), signature.line, checkpoint.origin),
            )
            connection.execute("UPDATE seal.witness SET fault = NULL WHERE witness = %s", (str(witness),))

    def count_witnessed(self, checkpoint: Published, policy: str) -> None:
        """See `CosignatureStore.count_witnessed`."""
        with self._seals.connection() as connection:
            connection.execute(
                "INSERT INTO seal.witnessed (policy, log, size) SELECT %s, log, %s FROM seal.log WHERE origin = %s"
                " ON CONFLICT DO NOTHING",
                (policy, checkpoint.size, checkpoint.origin),
            )

    def failed(self, witness: VerifierKey, fault: str, *, contradicts: bool) -> None:
        """See `CosignatureStore.failed`."""
        with self._seals.connection() as connection:
            connection.execute(_FAILED, (str(witness), int(not contradicts), int(contradicts), fault))

    def figures(self, witnesses: Collection[VerifierKey]) -> Sequence[WitnessFigures]:
        """See `CosignatureStore.figures`."""
        keys = [str(each) for each in witnesses]
        with (
            self._seals.connection() as connection,
            connection.cursor(row_factory=class_row(WitnessFigures)) as cursor,
        ):
            return cursor.execute(_FIGURES, (keys,)).fetchall()
