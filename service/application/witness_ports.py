"""Ports of cosigning: the witnesses that are asked, and where their answers are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from domain.note import NoteSignature, VerifierKey
from domain.witnessing import Submission
from service.application.seal_ports import Published


class WitnessUnavailableError(Exception):
    """A witness gives no answer, or none of use; it is asked again later."""


class WitnessServer(Protocol):
    """A witness, for `add-checkpoint`. Answers within some seconds."""

    def add(self, submission: Submission) -> Sequence[NoteSignature]:
        """Its signatures, of which nothing is verified.

        Raises `WitnessUnavailableError`; `StaleSizeError`, `ForkError`, `InconsistentError` as it says.
        """


class WitnessFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How asking a witness goes. `size`: of the last checkpoint of this log that it cosigned; 0 if there is none.

    `seconds_since`: how long ago that was; `None` if it never was. `failures`, `contradictions`: how many there were.
    `fault`: what was wrong last, until it cosigns again.
    """

    witness: str
    size: int
    seconds_since: float | None
    failures: int
    contradictions: int
    fault: str | None


class CosignatureStore(Protocol):
    """Where cosignatures are kept. Raises `LedgerUnavailableError`."""

    def last_size(self, witness: VerifierKey) -> int:
        """Of the last checkpoint of the current log that it cosigned; 0 if there is none."""

    def cosigners(self, checkpoint: Published) -> Collection[VerifierKey]:
        """Whose cosignatures there are."""

    def keep(self, checkpoint: Published, witness: VerifierKey, signature: NoteSignature) -> None:
        """Keep a cosignature that is right; a second one of the same witness changes nothing."""

    def count_witnessed(self, checkpoint: Published, policy: str) -> None:
        """The checkpoint meets the policy of that id."""

    def failed(self, witness: VerifierKey, fault: str, *, contradicts: bool) -> None:
        """Count a failure, or a contradiction."""

    def figures(self, witnesses: Collection[VerifierKey]) -> Sequence[WitnessFigures]:
        """How asking each of them goes."""
