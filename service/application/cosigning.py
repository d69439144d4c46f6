"""Having witnesses cosign checkpoints: all are asked for the same one, side by side, and none waits for another.

A round has one checkpoint, so that cosignatures meet on it however fast the ledger grows. It ends when the policy is
met, when all who were asked have answered, or after a second; who is slower goes on answering beside the next rounds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Final, Literal

import structlog

from domain.checkpoint import cosigned_at
from domain.ed25519 import Verify
from domain.note import Note, NoteError, NoteSignature, VerifierKey, read_note
from domain.witness_policy import WitnessPolicy
from domain.witnessing import ForkError, InconsistentError, StaleSizeError, Submission
from service.application.audit import audit
from service.application.ports import LedgerUnavailableError
from service.application.proving import Prove
from service.application.seal_ports import Published, SealReader
from service.application.witness_ports import CosignatureStore, WitnessServer, WitnessUnavailableError

ROUND_SECONDS: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds at most for which a witness that fails is not asked; after the first failure one, then twice as long each."""

Outcome = Literal["current", "more"]
"""`more`: there is a later checkpoint, and a witness that cosigned this one."""

_log = structlog.get_logger()


class _ContradictionError(Exception):
    """A witness's answer contradicts the log, or what it answered before."""


class Cosign:
    """The use case, for one process. `servers`: the policy's witnesses. `threads`: one for each."""

    def __init__(
        self,
        sealed: SealReader,
        store: CosignatureStore,
        policy: WitnessPolicy,
        servers: Mapping[VerifierKey, WitnessServer],
        threads: Executor,
        *,
        verify: Verify,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sealed = sealed
        self._store = store
        self._policy = policy
        self._servers = servers
        self._threads = threads
        self._prove = Prove(sealed)
        self._verify = verify
        self._clock = clock
        self._asked: set[VerifierKey] = set()
        self._failures: dict[VerifierKey, tuple[int, float]] = {}
        self._state = threading.Lock()

    def __call__(self, *, seconds: float = ROUND_SECONDS) -> Outcome:
        """A round. Raises `LedgerUnavailableError`."""
        target = self._sealed.latest()
        if target is None:
            return "current"
        deadline = self._clock() + seconds
        met, waiting = self._is_met(target), self._ask_all(target)
        cosigned = False
        while waiting and not met and (left := deadline - self._clock()) > 0:
            done, waiting = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
            cosigned = any(each.result() for each in done) or cosigned
            met = self._is_met(target)
        latest = self._sealed.latest()
        return "more" if cosigned and latest is not None and latest.size > target.size else "current"

    def _is_met(self, target: Published) -> bool:
        if not self._policy.is_met(self._store.cosigners(target)):
            return False
        self._store.count_witnessed(target, self._policy.id)
        return True

    def _ask_all(self, target: Published) -> set[Future[bool]]:
        """Everybody who did not cosign it yet, is not being asked, and is not to be left alone after a failure."""
        cosigned, now = self._store.cosigners(target), self._clock()
        started = set()
        for witness, server in self._servers.items():
            with self._state:
                _count, not_before = self._failures.get(witness, (0, now))
                if witness in cosigned or witness in self._asked or now < not_before:
                    continue
                self._asked.add(witness)
            future = self._threads.submit(self._ask, witness, server, target)
            future.add_done_callback(_say)
            started.add(future)
        return started

    def _ask(self, witness: VerifierKey, server: WitnessServer, target: Published) -> bool:
        """Whether it cosigned."""
        try:
            signature = self._cosignature(witness, server, target, self._store.last_size(witness))
            if signature is not None:
                self._store.keep(target, witness, signature)
                self._is_met(target)  # perhaps the round is over
        except (WitnessUnavailableError, _ContradictionError) as error:
            self._fail(witness, str(error), contradicts=isinstance(error, _ContradictionError))
            return False
        except LedgerUnavailableError:
            return False
        else:
            with self._state:
                self._failures.pop(witness, None)
            return signature is not None
        finally:
            with self._state:
                self._asked.discard(witness)

    def _cosignature(
        self, witness: VerifierKey, server: WitnessServer, target: Published, old: int
    ) -> NoteSignature | None:
        """Its cosignature; `None` if it cosigned a later checkpoint meanwhile.

        Raises `WitnessUnavailableError`, `_ContradictionError`.
        """
        note = read_note(target.note)
        try:
            try:
                found = server.add(self._submission(old, target, note))
            except StaleSizeError as error:
                if not self._continues(error.size, old, target):
                    return None
                found = server.add(self._submission(error.size, target, note))
        except StaleSizeError as error:
            raise WitnessUnavailableError(f"its last size changes while it is asked: {error}") from None
        except ForkError as error:
            raise _ContradictionError(f"it cosigned another tree of {target.size} leaves: {error}") from None
        except InconsistentError as error:
            raise _ContradictionError(f"it finds no proof that the log continues what it cosigned: {error}") from None
        signed = Note(note.text, tuple(found))
        try:
            if cosigned_at(signed, witness, self._verify) is None:
                raise WitnessUnavailableError("its answer has no cosignature by its key")
        except NoteError as error:
            raise _ContradictionError(str(error)) from None
        return signed.by(witness)

    def _continues(self, size: int, old: int, target: Published) -> bool:
        """Whether to go on from the size that it says it cosigned last. Raises `_ContradictionError`."""
        latest = self._sealed.latest()
        if latest is None or size > latest.size:
            raise _ContradictionError(f"it cosigned {size} leaves of this log, which has {target.size}")
        if size < old:
            raise _ContradictionError(f"it cosigned {old} leaves before, and now says that it was {size}")
        return size <= target.size

    def _submission(self, old: int, target: Published, note: Note) -> Submission:
        proof = self._prove.consistency(old, target.size) if old else []
        return Submission(old, tuple(proof), note)

    def _fail(self, witness: VerifierKey, fault: str, *, contradicts: bool) -> None:
        with self._state:
            count, _not_before = self._failures.get(witness, (0, 0.0))
            pause = min(2.0**count, LONGEST_PAUSE)
            self._failures[witness] = (count + 1, self._clock() + pause)
        if contradicts:
            _log.error("a witness contradicts the log", witness=witness.name, because=fault)
            audit("witness-contradicts", witness=witness.name, because=fault)
        elif count == 0:
            _log.warning("a witness does not cosign; it is asked again", witness=witness.name, because=fault)
        try:
            self._store.failed(witness, fault, contradicts=contradicts)
        except LedgerUnavailableError:
            _log.warning("a witness's failure was not counted: the database is away", witness=witness.name)


def _say(asked: Future[bool]) -> None:
    """What nobody expects, in a thread that nobody may be waiting for any more."""
    if not asked.cancelled() and (error := asked.exception()) is not None:
        _log.error("asking a witness failed", exc_info=error)
