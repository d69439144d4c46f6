"""The Merkle tree of RFC 9162: its root, and its proofs.

A *node* (level, index) is the perfect subtree over the 2^level leaves from index · 2^level; every root and every proof
is made of such nodes. Hashes are 32 bytes. Nothing here reads or writes: nodes come from a function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""The hash of a node, by level and index."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(nodes: Nodes, size: int) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _of_range(nodes, 0, size) if size else EMPTY_ROOT


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    """Every node over leaves that are all there, hashed at once."""
    sha256 = hashlib.sha256
    levels = [leaves]
    while len(below := levels[-1]) > 1:
        pairs = zip(below[::2], below[1::2], strict=False)  # one that is left over is in no node above
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])
    return lambda level, index: levels[level][index]


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """That the leaf at `index` (from 0) is in the tree of `size` leaves: RFC 9162, 2.1.3.1. Raises `ValueError`."""
    if not 0 <= index < size:
        raise ValueError(f"index: 0 to {size - 1}, not {index}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_of_range(nodes, middle, high))
            high = middle
        else:
            proof.append(_of_range(nodes, low, middle))
            low = middle
    return proof[::-1]


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """That the tree of `new` leaves begins with the one of `old`: RFC 9162, 2.1.4.1. Raises `ValueError`."""
    if not 0 < old <= new:
        raise ValueError(f"old: 1 to {new}, not {old}")
    proof: list[bytes] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_of_range(nodes, middle, high))
            high = middle
        else:
            proof.append(_of_range(nodes, low, middle))
            low = middle
    if low:
        proof.append(_of_range(nodes, low, high))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that `leaf` (its hash) is at `index` in the tree of that size and root (2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *proof):
        return False
    at, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of `new` leaves begins with the one of `old` (2.1.4.2).

    Every tree begins with the empty one and with itself, which takes no proof.
    """
    if not 0 <= old <= new or not _hashes(old_root, new_root, *proof):
        return False
    if old == 0 and old_root != EMPTY_ROOT:
        return False
    if old in (0, new):
        return not proof and (old < new or old_root == new_root)
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, new_found = node_hash(each, old_found), node_hash(each, new_found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _hashes(*found: bytes) -> bool:
    return all(len(each) == HASH_BYTES for each in found)


def _split(width: int) -> int:
    """The greatest power of two below `width`, which is at least 2."""
    return 1 << (width - 1).bit_length() - 1


def _of_range(nodes: Nodes, low: int, high: int) -> bytes:
    """The root over leaves from `low` to before `high`, `low` being a multiple of the greatest power of two in it."""
    found = [nodes(*each) for each in _perfect(low, high)]
    whole = found.pop()
    while found:
        whole = node_hash(found.pop(), whole)
    return whole


def _perfect(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The nodes that leaves from `low` to before `high` are made of, from the left, each the greatest that fits."""
    while low < high:
        level = (high - low).bit_length() - 1
        yield level, low >> level
        low += 1 << level


class Frontier:
    """The right edge of a growing tree: the perfect subtrees that it is made of, from the left, the greatest first."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Raises `ValueError` unless there is a hash for each bit of `size`."""
        if len(hashes) != size.bit_count() or not _hashes(*hashes):
            raise ValueError(f"a tree of {size} leaves ends in {size.bit_count()} hashes")
        self.size = size
        self.hashes = list(hashes)

    def add(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf (its hash). Gives every node that it completes: level, index, hash; the leaf first."""
        whole, level, at = leaf, 0, self.size
        self.size += 1
        yield 0, at, leaf
        while at & 1:
            whole = node_hash(self.hashes.pop(), whole)
            level, at = level + 1, at >> 1
            yield level, at, whole
        self.hashes.append(whole)

    @property
    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        *left, whole = self.hashes
        for each in reversed(left):
            whole = node_hash(each, whole)
        return whole


def frontier(nodes: Nodes, size: int) -> Frontier:
    """The right edge of the tree over the first `size` leaves."""
    return Frontier(size, [nodes(*each) for each in _perfect(0, size)])
