"""The tiles that a tree is stored and published in, eight levels in each (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from domain.merkle import HASH_BYTES, Nodes, node_hash

TILE_HEIGHT: Final = 8
"""Levels in a tile."""
TILE_WIDTH: Final = 1 << TILE_HEIGHT
"""Hashes in a full tile."""
MAX_LEVEL: Final = 63
"""The highest level that a path names."""


class Tile(msgspec.Struct, frozen=True, order=True):
    """A tile's place: the hashes of level `level` · 8 from `index` · 256, of which it holds the first `width`."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """As C2SP tlog-tiles writes it: `0/x001/x234/067` or, of a partial one, `0/000.p/5`."""
        return f"{self.level}/{index_path(self.index)}" + ("" if self.width == TILE_WIDTH else f".p/{self.width}")


def index_path(index: int) -> str:
    """A number in groups of three digits, `x` before each but the last."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])


_TILE: Final = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_at(path: str) -> Tile | None:
    """The tile of a path; `None` if the path is not the one way to write a tile's place."""
    found = _TILE.fullmatch(path)
    if found is None:
        return None
    index = int(found[2].replace("x", "").replace("/", ""))
    tile = Tile(int(found[1]), index, int(found[3] or TILE_WIDTH))
    return tile if tile.path == path and tile.width <= TILE_WIDTH and tile.level <= MAX_LEVEL else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of the tree over `size` leaves: level by level the full ones, then the partial one if there is."""
    level, count = 0, size
    while count:
        full, rest = divmod(count, TILE_WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if rest:
            yield Tile(level, full, rest)
        level, count = level + 1, full


def nodes_from(tile: Callable[[int, int], bytes]) -> Nodes:
    """Nodes out of tiles. `tile`: the hashes, one after the other, that there are of the tile at (level, index)."""

    def node(level: int, index: int) -> bytes:
        height, above = divmod(level, TILE_HEIGHT)
        width = TILE_WIDTH >> above
        hashes = tile(height, index // width)
        at = (index % width << above) * HASH_BYTES
        below = [hashes[i : i + HASH_BYTES] for i in range(at, at + (HASH_BYTES << above), HASH_BYTES)]
        if len(below[-1]) != HASH_BYTES:
            raise ValueError(f"node {index} of level {level}: its tile does not reach so far")
        while len(below) > 1:
            below = [node_hash(below[i], below[i + 1]) for i in range(0, len(below), 2)]
        return below[0]

    return node
