"""Patrol: whether what was sealed still stands in ledger and tree, some of it each time.

It is for operators, who are to learn of a tampered row or tile soon. Nobody else need believe it: whoever verifies the
log finds the same.
"""

from __future__ import annotations

from typing import Final

from domain.merkle import HASH_BYTES, leaf_hash
from domain.tiles import TILE_HEIGHT, TILE_WIDTH, root_of_full, split
from service.application.seal_ports import SealBrokenError, SealTurn

TILES: Final = 4
"""So many tiles' rows are compared with their leaves each time, 1,024 rows, beside those of the last tile."""

_BEFORE_ALL: Final = -(2**62)


def patrol(turn: SealTurn) -> None:
    """Go on from where it stopped last, and begin again at the end. Raises `SealBrokenError`."""
    last = -(-turn.size // TILE_WIDTH)
    if not last:
        return
    start = turn.patrolled if turn.patrolled < last else 0
    ahead = range(start, min(start + TILES, last))
    for index in sorted({*ahead, last - 1}):
        _compare_rows(turn, index)
        _compare_tiles(turn, index)
    turn.patrolled = ahead.stop


def _compare_rows(turn: SealTurn, index: int) -> None:
    """The rows of a tile with its leaves; with the first tile's, that there is none before it."""
    first, beyond = index * TILE_WIDTH, min((index + 1) * TILE_WIDTH, turn.size)
    found = turn.entries(after=first if index else _BEFORE_ALL, limit=beyond - first)
    leaves = split(turn.tiles([(0, index)]).get((0, index), b""))[: beyond - first]
    if len(leaves) != beyond - first:
        raise SealBrokenError(f"tile {index} of level 0 of the tree does not reach to {beyond}")
    for at, leaf in enumerate(leaves):
        expected = first + at + 1
        position, entry = found[at] if at < len(found) else (beyond + 1, b"")
        if position < expected:
            raise SealBrokenError(f"position {position} of the ledger was never sealed, and others after it are")
        if position > expected:
            raise SealBrokenError(f"position {expected} of the ledger was sealed and is missing")
        if leaf_hash(entry) != leaf:
            raise SealBrokenError(f"position {position} of the ledger is not as it was sealed")


def _compare_tiles(turn: SealTurn, index: int) -> None:
    """A full tile of the lowest level, and those above it that are full, with what they are one level up."""
    level, full = 0, turn.size // TILE_WIDTH
    while index < full:
        above = level + 1, index // TILE_WIDTH
        tiles = turn.tiles([(level, index), above])
        at = index % TILE_WIDTH * HASH_BYTES
        try:
            whole = root_of_full(tiles.get((level, index), b"")) == tiles.get(above, b"")[at : at + HASH_BYTES]
        except ValueError:
            whole = False
        if not whole:
            raise SealBrokenError(f"tile {index} of level {level} of the tree was changed after it was made")
        (level, index), full = above, full >> TILE_HEIGHT
