"""Tiles against the specification's examples, and against the tree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import consistency_proof, inclusion_proof, root
from domain.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    edge,
    grown,
    index_path,
    nodes_from,
    places_of,
    root_of_full,
    tile_at,
    tiles_of,
)
from tests.domain.test_merkle import LEAVES, VECTORS, defined, nodes, sizes

NOTES: dict[str, Any] = json.loads((VECTORS / "signed_note_and_tiles.json").read_text())


def test_indices_are_written_as_the_specification_has_it() -> None:
    for index, path in NOTES["tile_index_path"].items():
        assert index_path(int(index)) == path
        assert tile_at(f"0/{path}") == Tile(0, int(index))
    assert Tile(1, 0, 17).path == "1/000.p/17"


@given(st.builds(Tile, st.integers(0, 63), st.integers(0, 10**12), st.integers(1, TILE_WIDTH)))
def test_a_path_leads_back_to_its_tile(tile: Tile) -> None:
    assert tile_at(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "0/1",
        "0/0001",
        "00/001",
        "100/001",
        "0/x000/001",
        "0/x1/001",
        "0/001.p/0",
        "0/001.p/01",
        "0/001.p/256",
        "0/001.p/257",
        "64/001",
        "0/001.p/1000",
        "0/001/",
        "-1/001",
        "0/٠٠١",
        "../001",
    ],
)
def test_a_tile_has_one_path_only(path: str) -> None:
    assert tile_at(path) is None


def test_a_tree_has_the_tiles_that_the_specification_counts() -> None:
    for size, expected in NOTES["tile_census"].items():
        tiles = list(tiles_of(int(size)))
        counted: dict[str, int] = {}
        for level in {tile.level for tile in tiles}:
            full = sum(tile.width == TILE_WIDTH for tile in tiles if tile.level == level)
            partial = [tile.width for tile in tiles if tile.level == level and tile.width < TILE_WIDTH]
            counted |= {f"level{level}_full": full} if full else {}
            counted |= {f"level{level}_partial_width": width for width in partial}
        assert counted == expected


def tiles_over(size: int) -> dict[tuple[int, int], bytes]:
    """The tiles by the definition."""
    return {
        (tile.level, tile.index): b"".join(
            nodes(tile.level * TILE_HEIGHT, tile.index * TILE_WIDTH + i) for i in range(tile.width)
        )
        for tile in tiles_of(size)
    }


@given(sizes)
def test_nodes_out_of_tiles_are_the_nodes(size: int) -> None:
    tiles = tiles_over(size)
    from_tiles = nodes_from(lambda level, index: tiles[level, index])
    assert root(from_tiles, size) == defined(0, size)
    assert inclusion_proof(from_tiles, size // 2, size) == inclusion_proof(nodes, size // 2, size)


def test_a_tile_that_does_not_reach_so_far_has_no_node() -> None:
    with pytest.raises(ValueError, match="does not reach"):
        nodes_from(lambda _level, _index: LEAVES[0])(1, 0)


@given(st.integers(0, len(LEAVES)), st.integers(0, len(LEAVES)))
def test_a_tree_grows_by_its_edge_alone(before: int, after: int) -> None:
    """Whatever was there, the tiles that change are those of the larger tree, and the others stay."""
    before, after = sorted((before, after))
    kept = tiles_over(before)
    known = {place: kept[place] for place in edge(before)}
    found, changed = grown(before, lambda *place: known[place], LEAVES[before:after])
    assert (found.size, found.root) == (after, root(nodes, after))
    assert {**kept, **changed} == tiles_over(after)


@given(sizes, sizes)
def test_the_tiles_of_a_proof_are_known_before_any_hash(one: int, other: int) -> None:
    old, new = sorted((one, other))
    tiles = tiles_over(new)
    places = places_of(lambda nodes: (inclusion_proof(nodes, old - 1, new), consistency_proof(nodes, old, new)))
    few = nodes_from(lambda *place: tiles[place] if place in places else b"")
    assert inclusion_proof(few, old - 1, new) == inclusion_proof(nodes, old - 1, new)
    assert consistency_proof(few, old, new) == consistency_proof(nodes, old, new)


def test_a_full_tile_is_one_hash_above() -> None:
    tiles = tiles_over(512)
    assert root_of_full(tiles[0, 1]) == tiles[1, 0][32:]
    with pytest.raises(ValueError, match="full"):
        root_of_full(tiles[1, 0])
