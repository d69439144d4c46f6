"""The witness's rule: a checkpoint is cosigned if it continues the one cosigned before, of the same log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from domain.checkpoint import Checkpoint, cosignature, cosigned_message, read_checkpoint
from domain.ed25519 import Verify
from domain.note import NoteError, VerifierKey, read_note, signers
from domain.witnessing import ForkError, InconsistentError, Submission, require_continued

_log = structlog.get_logger()


class UnknownLogError(Exception):
    """The witness follows no log of this origin."""


class NotSignedError(Exception):
    """No key that the witness knows of the log signed the checkpoint, or the signature of one is wrong."""


class Memory(Protocol):
    """What was cosigned last, by origin: notes as they came."""

    def last(self, origin: str) -> str | None:
        """The last note of a log."""

    def keep(self, origin: str, note: str) -> None:
        """Remember it instead, durably before this returns."""


class WitnessKey(msgspec.Struct, frozen=True):
    """The witness's key, of type `COSIGNATURE`, and what signs with it."""

    verifier: VerifierKey
    sign: Callable[[bytes], bytes]


class Witness:
    """The use case; safe to call from many threads. `now`: seconds since 1970."""

    def __init__(
        self,
        key: WitnessKey,
        logs: Sequence[VerifierKey],
        memory: Memory,
        *,
        verify: Verify,
        now: Callable[[], float],
    ) -> None:
        self.key = key
        self.logs: Mapping[str, list[VerifierKey]] = {
            origin: [each for each in logs if each.name == origin] for origin in {each.name for each in logs}
        }
        self._memory = memory
        self._verify = verify
        self._now = now
        self._turn = threading.Lock()

    def cosign(self, submission: Submission) -> str:
        """The signature line. What was cosigned is remembered durably before.

        Raises `NoteError` if it is no checkpoint, `UnknownLogError`, `NotSignedError`, `SubmissionRefusedError`.
        """
        checkpoint = self._signed(submission)
        with self._turn:
            last = self._memory.last(checkpoint.origin)
            try:
                require_continued(_checkpoint(last), submission.old, submission.proof, checkpoint)
            except (ForkError, InconsistentError) as error:
                # The log signed it: of two sizes alike, the two notes prove that it lied.
                fork = isinstance(error, ForkError)
                (_log.error if fork else _log.warning)(
                    "refused", because=str(error), origin=checkpoint.origin, note=str(submission.note), cosigned=last
                )
                raise
            time = int(self._now())
            signature = self.key.sign(cosigned_message(checkpoint.text, time))
            self._memory.keep(checkpoint.origin, str(submission.note))
        return cosignature(self.key.verifier, time, signature).line

    def _signed(self, submission: Submission) -> Checkpoint:
        checkpoint = read_checkpoint(submission.note.text)
        keys = self.logs.get(checkpoint.origin)
        if keys is None:
            raise UnknownLogError(f"{checkpoint.origin} is not followed here")
        try:
            found = signers(submission.note, keys, self._verify)
        except NoteError as error:
            raise NotSignedError(str(error)) from None
        if not found:
            raise NotSignedError(f"no key that is known of {checkpoint.origin} signed the checkpoint")
        return checkpoint


def _checkpoint(note: str | None) -> Checkpoint | None:
    return None if note is None else read_checkpoint(read_note(note).text)
