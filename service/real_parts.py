"""What processes of every kind wire in: clock and randomness, no wake-ups, proofs by the settings' policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.note import VerifierKey
from domain.witness_policy import NONE, WitnessPolicy
from service.application.deciding import Sources
from service.application.proving import Prove
from service.random_pieces import random_piece
from service.settings import Settings
from service.storage.identifiers import uuid7
from service.storage.sealing import PostgresSeals


def real_sources() -> Sources:
    """The machine's clock and randomness."""
    return Sources(
        now=lambda: datetime.now(UTC),
        identifier=uuid7,
        salt=random_piece,
    )


class NoWakeUps:
    """Nobody is woken; the workers' schedule finds what is new."""

    def wake(self, programme: str) -> None:
        """Nothing."""


def prove_of(settings: Settings, seals: PostgresSeals) -> Prove:
    """What proves, by the settings' policy of witnesses."""
    policy = settings.witness_policy()
    return Prove(seals, policy=None if policy is None or policy.quorum == NONE else policy.id)


def witnesses_of(policy: WitnessPolicy | None) -> Sequence[VerifierKey]:
    """Who is to cosign; nobody without a policy."""
    return [] if policy is None else [each.key for each in policy.witnesses]
