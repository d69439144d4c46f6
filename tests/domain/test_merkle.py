"""The tree against RFC 6962's reference values, its own definition, and mutations."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_over,
    root,
)

VECTORS = Path(__file__).parent / "vectors"
REFERENCE: dict[str, Any] = json.loads((VECTORS / "rfc6962_reference_tree.json").read_text())
LEAVES = [leaf_hash(str(n).encode()) for n in range(600)]

sizes = st.integers(1, len(LEAVES))


@functools.cache
def nodes(level: int, index: int) -> bytes:
    return defined(index << level, (index + 1) << level)


def defined(low: int, high: int, leaves: list[bytes] = LEAVES) -> bytes:
    """The definition in RFC 9162, 2.1.1, word by word."""
    width = high - low
    if width == 1:
        return leaves[low]
    k = 1
    while k * 2 < width:
        k *= 2
    left, right = defined(low, low + k, leaves), defined(low + k, high, leaves)
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_roots_and_nodes_are_those_of_the_reference() -> None:
    leaves = [leaf_hash(bytes.fromhex(each)) for each in REFERENCE["leaf_inputs_hex"]]
    assert EMPTY_ROOT.hex() == REFERENCE["empty_root_hex"]
    frontier = Frontier()
    found: dict[tuple[int, int], str] = {}
    assert frontier.root == EMPTY_ROOT
    for size, leaf in enumerate(leaves, start=1):
        found |= {(level, index): value.hex() for level, index, value in frontier.add(leaf)}
        assert frontier.root.hex() == REFERENCE["root_hex_by_size_1_to_8"][size - 1]
    for level in range(4):
        for index, expected in enumerate(REFERENCE["node_hex"][f"level{level}"]):
            assert found[level, index] == expected


@given(sizes)
def test_a_root_is_that_of_the_definition_whichever_way_it_is_made(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        list(frontier.add(leaf))
    assert frontier.root == root(nodes, size) == root(nodes_over(LEAVES[:size]), size) == defined(0, size)
    assert Frontier(frontier.size, frontier.hashes).root == frontier.root


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root(nodes, 0) == EMPTY_ROOT


@pytest.mark.parametrize(("size", "hashes"), [(0, [b"a" * 32]), (3, [b"a" * 32]), (1, [b"a" * 31])])
def test_a_frontier_has_a_hash_for_each_bit_of_its_size(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="leaves ends in"):
        Frontier(size, hashes)


def test_every_leaf_of_every_small_tree_is_shown_to_be_in_it() -> None:
    for size in range(1, 40):
        whole = defined(0, size)
        for index in range(size):
            assert includes(LEAVES[index], index, size, inclusion_proof(nodes, index, size), whole)


def test_every_small_tree_is_shown_to_begin_with_every_smaller_one() -> None:
    for new in range(1, 40):
        for old in range(1, new + 1):
            assert extends(old, defined(0, old), new, defined(0, new), consistency_proof(nodes, old, new))
        assert extends(0, EMPTY_ROOT, new, defined(0, new), [])
    assert extends(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])


def test_the_empty_tree_has_one_root() -> None:
    assert not extends(0, EMPTY_ROOT, 0, LEAVES[0], [])
    assert not extends(0, LEAVES[0], 0, LEAVES[0], [])
    assert not extends(0, LEAVES[0], 1, LEAVES[0], [])


def mutated(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """Another proof."""
    kind = data.draw(st.sampled_from(["bit", "drop", "add", "swap", "short"]))
    at = data.draw(st.integers(0, max(len(proof) - 1, 0)))
    changed = list(proof)
    if kind == "add" or not proof:
        changed.insert(at, data.draw(st.sampled_from([*proof, b"\x00" * HASH_BYTES])))
    elif kind == "bit":
        bit = data.draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at]) ^ (1 << bit)).to_bytes(HASH_BYTES)
    elif kind == "drop":
        del changed[at]
    elif kind == "short":
        changed[at] = changed[at][:-1]
    else:
        changed = changed[1:] + changed[:1] if len(changed) > 1 else [*changed, *changed]
    return changed


@settings(max_examples=120)
@given(sizes, st.data())
def test_no_other_proof_of_inclusion_is_accepted(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, whole = inclusion_proof(nodes, index, size), root(nodes, size)
    assert includes(LEAVES[index], index, size, proof, whole)
    assert not includes(LEAVES[index], index, size, mutated(proof, data), whole)
    other = data.draw(st.integers(0, len(LEAVES) - 1).filter(lambda each: each != index))
    assert not includes(LEAVES[other], index, size, proof, whole)
    assert not includes(LEAVES[index], other, size, proof, whole)
    assert not includes(LEAVES[index], index, size, proof, LEAVES[other])


@settings(max_examples=120)
@given(sizes, st.data())
def test_no_other_proof_of_consistency_is_accepted(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof, old_root, new_root = consistency_proof(nodes, old, new), root(nodes, old), root(nodes, new)
    assert extends(old, old_root, new, new_root, proof)
    assert not extends(old, old_root, new, new_root, mutated(proof, data))
    other = data.draw(sizes.filter(lambda each: each not in (old, new)))
    assert not extends(old, root(nodes, other), new, new_root, proof)
    assert not extends(old, old_root, new, root(nodes, other), proof)
    if old < new:
        assert not extends(new, new_root, old, old_root, proof)


def test_a_forked_tree_begins_with_no_other() -> None:
    """One early leaf is another: no proof that the forker can make leads from the old root to the new one."""
    forked = [*LEAVES[:3], leaf_hash(b"forged"), *LEAVES[4:20]]
    proof = consistency_proof(lambda level, index: defined(index << level, (index + 1) << level, forked), 9, 20)
    assert not extends(9, defined(0, 9), 20, defined(0, 20, forked), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="index"):
        inclusion_proof(nodes, index, size)
    assert not includes(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_only_a_smaller_tree_is_proved_to_be_the_beginning(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="old"):
        consistency_proof(nodes, old, new)


def test_a_leaf_is_no_node() -> None:
    """The prefixes keep the two apart: nobody passes off a node as an entry."""
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
