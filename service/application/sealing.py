"""Sealing: the tree is extended by what is new in the ledger, and signed.

Two steps, each a transaction: tiles first, then a checkpoint of what they hold. Whoever is killed between them, or
between the signature and its record, leaves a tree that the next sealer signs, the signer answering the same for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

import structlog

from domain.merkle import consistency_proof, frontier, leaf_hash
from domain.tiles import Place, edge, grown, nodes_from, places_of
from service.application.patrol import patrol
from service.application.seal_ports import (
    Published,
    SealBrokenError,
    SealStore,
    SealTurn,
    Signer,
    SignerUnavailableError,
    SigningRefusedError,
    Standing,
)

BATCH: Final = 16_384
"""Entries of a transaction."""
SIGN_SECONDS: Final = 0.1
"""So long at least between two checkpoints: a thousand decisions a second are ten of them, not a thousand."""
PATROL_SECONDS: Final = 1.0
"""So often what was sealed is looked at again, and the signer is asked what it signed, also where nothing is new."""

Outcome = Literal["current", "more", "busy", "halted", "unsigned"]
"""`current`: signed up to the head. `more`: there was no more time. `busy`: another sealer has the turn. `halted`:
ledger, tree and signer contradict each other, until an operator resumes. `unsigned`: the signer does not answer.
"""

_log = structlog.get_logger()


class Seal:
    """The use case. Any number of sealers may run; one at a time does something."""

    def __init__(
        self,
        store: SealStore,
        signer: Signer,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._pause = pause
        self._patrolled_at = self._signed_at = self._asked_at = float("-inf")
        self._unanswered = False

    def __call__(self, *, seconds: float = 2.0, batch: int = BATCH) -> Outcome:
        """Extend the tree to the head and have it signed, or as far as this many seconds go."""
        began = self._clock()
        self._pause(max(0.0, min(SIGN_SECONDS, self._signed_at + SIGN_SECONDS - began)))
        while True:
            found = self._step(lambda turn: self._extend(turn, batch))
            if found not in ("current", "more"):
                return found
            if found == "current" or self._clock() - began > seconds:
                signed = self._step(self._sign)
                return found if signed == "current" else signed

    def _step(self, work: Callable[[SealTurn], Outcome]) -> Outcome:
        """One transaction. What is found broken halts sealing, and is told to operators."""
        with self._store.turn() as turn:
            if turn is None:
                return "busy"
            if turn.halted is not None:
                return "halted"
            try:
                return work(turn)
            except (SealBrokenError, SigningRefusedError) as error:
                turn.halted = str(error)
                _log.error("sealing halted", because=str(error), size=turn.size)
                return "halted"
            except SignerUnavailableError as error:
                if not self._unanswered:
                    _log.warning("the signer does not answer; what is sealed waits for it", error=str(error))
                self._unanswered = True
                return "unsigned"

    def _extend(self, turn: SealTurn, batch: int) -> Outcome:
        if self._clock() - self._patrolled_at >= PATROL_SECONDS:
            patrol(turn)
            self._patrolled_at = self._clock()
        found = turn.entries(after=turn.size, limit=batch)
        for expected, (position, _entry) in enumerate(found, start=turn.size + 1):
            if position != expected:
                raise SealBrokenError(f"position {expected} of the ledger is missing: {position} comes next")
        tiles = _tiles(turn, edge(turn.size))
        try:
            before = frontier(nodes_from(tiles), turn.size).root
        except ValueError as error:
            raise SealBrokenError(f"the tree of {turn.size} leaves is not whole: {error}") from None
        if before != turn.root:
            raise SealBrokenError(f"the tree of {turn.size} leaves was changed after it was made")
        if found:
            after, changed = grown(turn.size, tiles, (leaf_hash(entry) for _position, entry in found))
            turn.keep(changed, after.size, after.root)
        return "more" if len(found) == batch else "current"

    def _sign(self, turn: SealTurn) -> Outcome:
        new = turn.size != (0 if turn.published is None else turn.published.size)
        if not new and self._clock() - self._asked_at < PATROL_SECONDS:
            return "current"
        standing = self._signer.standing()
        require_fit(turn, standing)
        self._asked_at = self._clock()
        self._unanswered = False
        if not new:
            return "current"
        proof: list[bytes] = []
        if standing.size:
            size = standing.size
            tiles = _tiles(turn, sorted(places_of(lambda nodes: consistency_proof(nodes, size, turn.size))))
            proof = consistency_proof(nodes_from(tiles), size, turn.size)
        note = self._signer.sign(turn.size, turn.root, proof)
        turn.publish(Published(standing.origin, turn.size, turn.root, note), standing.keys)
        self._signed_at = self._clock()
        return "current"


def require_fit(turn: SealTurn, standing: Standing) -> None:
    """Raise `SealBrokenError` unless what the signer signed last is what this database holds or continues."""
    signed = f"the signer signed {standing.size} leaves of {standing.origin}"
    if turn.log is not None and standing.origin != turn.log.origin:
        raise SealBrokenError(f"{signed}, and this log is {turn.log.origin}")
    if standing.size > turn.size:
        raise SealBrokenError(f"{signed}, of which only {turn.size} are in this database: its tail was lost")
    published = turn.published
    if published is None:
        return
    if standing.size < published.size:
        raise SealBrokenError(f"{signed}, after a checkpoint of {published.size} was published: its state was lost")
    if standing.size == published.size and standing.root != published.root:
        raise SealBrokenError(f"{signed} with another root than the checkpoint of that size")


def _tiles(turn: SealTurn, places: list[Place]) -> Callable[[int, int], bytes]:
    found: Mapping[Place, bytes] = turn.tiles(places) if places else {}
    return lambda *place: found.get(place, b"")
