"""What anybody may ask of the tree: checkpoints, tiles, entries, proofs, receipts."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from domain.checkpoint import Checkpoint
from domain.merkle import HASH_BYTES, Nodes, consistency_proof, inclusion_proof
from domain.receipt import receipt
from domain.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, nodes_asked, nodes_from, place_of
from service.application.seal_ports import LogRecord, Published, SealReader

T = TypeVar("T")

WAIT_SECONDS: Final = 5.0
"""So long `until_sealed` waits."""
_LOOK_SECONDS: Final = 0.05
_KNOWN: Final = 100_000
_LENGTH: Final = struct.Struct(">H")


class NotSealedError(Exception):
    """No checkpoint covers this yet; the sentence says up to where they go."""


class NoSuchCheckpointError(LookupError):
    """No checkpoint of exactly this size was signed."""


class NoSuchTileError(LookupError):
    """The tree that was published has no tile there of that width."""


class _KnownNodes:
    """Nodes over whole tiles: few, in most proofs, and as they are for ever in one log."""

    def __init__(self) -> None:
        self._known: tuple[str, dict[tuple[int, int], bytes]] = ("", {})

    def of(self, origin: str) -> dict[tuple[int, int], bytes]:
        """Those of a log; all are forgotten when they become too many."""
        of, found = self._known
        if of != origin or len(found) > _KNOWN:
            found = {}
            self._known = (origin, found)
        return found


class Prove:
    """The use case; safe to call from many threads. `policy`: the id of that which checkpoints are to meet."""

    def __init__(self, sealed: SealReader, *, policy: str | None = None) -> None:
        self._sealed = sealed
        self._policy = policy
        self._known = _KnownNodes()

    def logs(self) -> Sequence[LogRecord]:
        """The current log and its keys, then those that were closed. Raises `NotSealedError`."""
        found = self._sealed.logs()
        if not found:
            raise NotSealedError("nothing was sealed yet")
        return found

    def checkpoint(self, size: int | None = None) -> Published:
        """The last checkpoint that meets the policy, or the one of a size.

        While none meets it, the last one. Raises `NotSealedError`, `NoSuchCheckpointError`.
        """
        if size is None:
            witnessed = None if self._policy is None else self._sealed.witnessed(self._policy)
            return witnessed or self._covering_tree(0)
        found = self._sealed.of_size(size)
        if found is None:
            self._covering_tree(size)
            raise NoSuchCheckpointError(f"there is no checkpoint of size {size}")
        return found

    def checkpoint_of_log(self, number: int) -> Published:
        """As `checkpoint`, of the log that runs; of one that was closed, the last that is kept. The first log is 1.

        Raises `NotSealedError`, `NoSuchCheckpointError`.
        """
        return self.checkpoint() if number == len(self.logs()) else self._last_of(number)

    def tile_of_log(self, number: int, tile: Tile) -> bytes:
        """As `tile`, of the tree that a log came to: those of a closed log are what the next one went on from.

        Raises `NoSuchTileError`, `NoSuchCheckpointError`.
        """
        return self._tile(tile, self._last_of(number))

    def entries_of_log(self, number: int, tile: Tile) -> bytes:
        """As `entries`, the same way."""
        return self._entries(tile, self._last_of(number))

    def covered(self) -> int:
        """Up to where the log signed, whoever cosigned. Raises `NotSealedError`."""
        return self._covering_tree(0).size

    def signed(self, size: int) -> Checkpoint | None:
        """What the log signed of a size, if there is a checkpoint of exactly that one."""
        found = self._sealed.of_size(size)
        return None if found is None else Checkpoint(origin=found.origin, size=found.size, root=found.root)

    def tile(self, tile: Tile) -> bytes:
        """The hashes of a tile. Raises `NoSuchTileError`, also for one that no checkpoint covers yet."""
        return self._tile(tile, self._sealed.latest())

    def _tile(self, tile: Tile, latest: Published | None) -> bytes:
        _require(tile, tile.level, latest)
        found = self._sealed.tiles([(tile.level, tile.index)]).get((tile.level, tile.index), b"")
        hashes = found[: tile.width * HASH_BYTES]
        if len(hashes) != tile.width * HASH_BYTES:
            raise NoSuchTileError(f"there is no tile {tile.path}")
        return hashes

    def leaves(self, after: int, upto: int) -> bytes:
        """The leaf hashes of the positions from `after` + 1 to `upto`, as the lowest tiles have them.

        Raises `NotSealedError`, `NoSuchTileError`.
        """
        self._covering_tree(upto)
        places = [(0, index) for index in range(after // TILE_WIDTH, -(-upto // TILE_WIDTH))]
        found = self._sealed.tiles(places)
        before = places[0][1] * TILE_WIDTH
        hashes = b"".join(found.get(each, b"") for each in places)[: (upto - before) * HASH_BYTES]
        if len(hashes) != (upto - before) * HASH_BYTES:
            raise NoSuchTileError(f"there are no leaves up to position {upto}")
        return hashes[(after - before) * HASH_BYTES :]

    def entries(self, tile: Tile) -> bytes:
        """The entries under a tile of the lowest level, each after its length (2 bytes). Raises as `tile`."""
        return self._entries(tile, self._sealed.latest())

    def _entries(self, tile: Tile, latest: Published | None) -> bytes:
        _require(tile, 0, latest)
        first = tile.index * TILE_WIDTH + 1
        found = self._sealed.entries(first, first + tile.width - 1)
        return b"".join(_LENGTH.pack(len(each)) + each for each in found)

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """That a position is in the tree of that size: RFC 9162. Raises `NotSealedError`; 1 ≤ position ≤ size."""
        latest = self._covering_tree(size)
        return self._proof(latest.origin, lambda nodes: inclusion_proof(nodes, position - 1, size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """That the tree of size `new` begins with that of `old`. Raises `NotSealedError`; 1 ≤ old ≤ new."""
        latest = self._covering_tree(new)
        return self._proof(latest.origin, lambda nodes: consistency_proof(nodes, old, new))

    def receipt(self, position: int) -> str:
        """A C2SP tlog-proof, with the entry as `extra`: whoever has it needs nothing else. Raises `NotSealedError`.

        It is of the first checkpoint that covers the position and meets the policy; while none does, of the first.
        """
        witnessed = None if self._policy is None else self._sealed.witnessed(self._policy, position)
        found = witnessed or self._sealed.covering(position)
        if found is None:
            raise self._not_sealed(position)
        (entry,) = self._sealed.entries(position, position)
        hashes = self._proof(found.origin, lambda nodes: inclusion_proof(nodes, position - 1, found.size))
        return receipt(position, entry, hashes, found.cosigned)

    def until_sealed(self, position: int) -> bool:
        """Wait until a checkpoint covers a position, or `WAIT_SECONDS`; whether one does."""
        waited = 0.0
        while self._sealed.covering(position) is None:
            if waited >= WAIT_SECONDS:
                return False
            time.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        return True

    def _covering_tree(self, size: int) -> Published:
        """The last checkpoint, which covers that size. Raises `NotSealedError`."""
        latest = self._sealed.latest()
        if latest is None or latest.size < size:
            raise self._not_sealed(size)
        return latest

    def _not_sealed(self, position: int) -> NotSealedError:
        latest = self._sealed.latest()
        upto = "nothing was" if latest is None else f"the last checkpoint covers {latest.size}"
        return NotSealedError(f"position {position} is not sealed yet: {upto}{' sealed yet' * (latest is None)}")

    def _last_of(self, number: int) -> Published:
        """The last checkpoint of a log. Raises `NoSuchCheckpointError`."""
        found = self._sealed.latest_of(number)
        if found is None:
            raise NoSuchCheckpointError(f"no checkpoint is kept of a log {number}")
        return found

    def _proof(self, origin: str, prove: Callable[[Nodes], T]) -> T:
        """One query at most, for the tiles of those nodes that are not known."""
        known = self._known.of(origin)
        wanted = {node: known.get(node) for node in nodes_asked(prove)}
        missing = [node for node, found in wanted.items() if found is None]
        tiles = self._sealed.tiles(sorted({place_of(*node) for node in missing}))
        from_tiles = nodes_from(lambda *place: tiles.get(place, b""))
        found = {node: found or from_tiles(*node) for node, found in wanted.items()}
        known.update((node, found[node]) for node in missing if node[0] >= TILE_HEIGHT)
        return prove(lambda *node: found[node])


def _require(tile: Tile, level: int, latest: Published | None) -> None:
    """Raise `NoSuchTileError` unless the last checkpoint covers all that the tile stands for."""
    reached = 0 if latest is None else latest.size >> TILE_HEIGHT * level
    if tile.index * TILE_WIDTH + tile.width > reached:
        raise NoSuchTileError(f"there is no tile {tile.path}")
