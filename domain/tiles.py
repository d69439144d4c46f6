"""The tiles that a tree is stored and published in, eight levels in each (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from domain.merkle import HASH_BYTES, Frontier, Nodes, frontier, node_hash

Place = tuple[int, int]
"""Level and index of a tile."""

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


def edge(size: int) -> list[Place]:
    """The partial tiles of the tree over `size` leaves: what has to be known to add to it."""
    found, level = [], 0
    while size:
        if size % TILE_WIDTH:
            found.append((level, size // TILE_WIDTH))
        level, size = level + 1, size // TILE_WIDTH
    return found


def place_of(level: int, index: int) -> Place:
    """The tile that has a node, or that it is made of."""
    height, above = divmod(level, TILE_HEIGHT)
    return height, index // (TILE_WIDTH >> above)


def nodes_asked(ask: Callable[[Nodes], object]) -> set[tuple[int, int]]:
    """The nodes (level, index) for which `ask` asks, whatever they are."""
    found: set[tuple[int, int]] = set()

    def note(level: int, index: int) -> bytes:
        found.add((level, index))
        return bytes(HASH_BYTES)

    ask(note)
    return found


def places_of(ask: Callable[[Nodes], object]) -> set[Place]:
    """The tiles that have the nodes for which `ask` asks."""
    return {place_of(*node) for node in nodes_asked(ask)}


def grown(size: int, tile: Callable[[int, int], bytes], leaves: Iterable[bytes]) -> tuple[Frontier, dict[Place, bytes]]:
    """The tree over `size` leaves with leaves (hashes) added: its new edge, and all hashes of each tile with new ones.

    `tile`: as in `nodes_from`, of `edge(size)`.
    """
    found = frontier(nodes_from(tile), size)
    changed: dict[Place, bytearray] = {}
    for leaf in leaves:
        for level, index, node in found.add(leaf):
            if level % TILE_HEIGHT == 0:
                place = level // TILE_HEIGHT, index // TILE_WIDTH
                if place not in changed:
                    changed[place] = bytearray(tile(*place) if index % TILE_WIDTH else b"")
                changed[place] += node
    return found, {place: bytes(hashes) for place, hashes in changed.items()}


def nodes_from(tile: Callable[[int, int], bytes]) -> Nodes:
    """Nodes out of tiles. `tile`: the hashes, one after the other, that there are of the tile at (level, index)."""

    def node(level: int, index: int) -> bytes:
        height, above = divmod(level, TILE_HEIGHT)
        width = TILE_WIDTH >> above
        hashes = tile(height, index // width)
        first = index % width << above
        below = split(hashes[first * HASH_BYTES : (first + (1 << above)) * HASH_BYTES])
        if len(below) != 1 << above or len(below[-1]) != HASH_BYTES:
            raise ValueError(f"node {index} of level {level}: its tile does not reach so far")
        return _over(below)

    return node


def split(hashes: bytes) -> list[bytes]:
    """The hashes of a tile, one by one."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def root_of_full(hashes: bytes) -> bytes:
    """What a full tile is in the one above it. Raises `ValueError` if it is not full."""
    if len(hashes) != TILE_WIDTH * HASH_BYTES:
        raise ValueError(f"a full tile has {TILE_WIDTH} hashes")
    return _over(split(hashes))


def _over(hashes: list[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
