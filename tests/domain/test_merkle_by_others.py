"""The tree beside pymerkle's, on random entries.

Its default, `security=True`, prefixes leaves with 0x00 and nodes with 0x01, as RFC 6962 does. It counts from one and
puts the leaf itself before a proof of inclusion. Its proofs of consistency are of another shape than RFC 6962's: they
go below an old tree that is perfect, so each verifier has its own, of the same pair of roots.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion

from domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    root,
)

entries = st.lists(st.binary(max_size=40), min_size=1, max_size=200)


class Both:
    """One tree, ours and theirs."""

    def __init__(self, content: list[bytes]) -> None:
        self.theirs = InmemoryTree(algorithm="sha256")
        self.nodes: dict[tuple[int, int], bytes] = {}
        frontier = Frontier()
        for entry in content:
            self.theirs.append_entry(entry)
            self.nodes |= {(level, index): value for level, index, value in frontier.add(leaf_hash(entry))}

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


@settings(max_examples=50, deadline=None)
@given(entries)
def test_roots_of_every_size_are_theirs(content: list[bytes]) -> None:
    both = Both(content)
    for size in range(1, len(content) + 1):
        assert root(both.node, size) == both.theirs.get_root(size)
    assert InmemoryTree(algorithm="sha256").get_root() == EMPTY_ROOT


@settings(max_examples=100, deadline=None)
@given(entries, st.data())
def test_a_proof_of_inclusion_is_theirs(content: list[bytes], data: st.DataObject) -> None:
    both = Both(content)
    size = data.draw(st.integers(1, len(content)))
    index = data.draw(st.integers(0, size - 1))
    leaf, whole = leaf_hash(content[index]), root(both.node, size)
    ours, theirs = inclusion_proof(both.node, index, size), both.theirs.prove_inclusion(index + 1, size)
    assert [leaf, *ours] == theirs.path
    assert includes(leaf, index, size, theirs.path[1:], whole)
    theirs.path = [leaf, *ours]
    verify_inclusion(leaf, whole, theirs, index=index + 1, size=size)


@settings(max_examples=100, deadline=None)
@given(entries, st.data())
def test_what_continues_what_is_theirs_to_say_too(content: list[bytes], data: st.DataObject) -> None:
    both = Both(content)
    new = data.draw(st.integers(1, len(content)))
    old = data.draw(st.integers(1, new))
    old_root, new_root = root(both.node, old), root(both.node, new)
    ours, theirs = consistency_proof(both.node, old, new), both.theirs.prove_consistency(old, new)
    verify_consistency(old_root, new_root, theirs, prior_size=old, later_size=new)
    assert extends(old, old_root, new, new_root, ours)
    other = root(Both([b"another", *content[1:]]).node, old) if content[0] != b"another" else bytes(32)
    with pytest.raises(InvalidProof):
        verify_consistency(other, new_root, theirs, prior_size=old, later_size=new)
    assert not extends(old, other, new, new_root, ours)
