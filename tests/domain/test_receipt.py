"""Receipts, as they are written and as both verifiers read them."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from domain.checkpoint import Checkpoint
from domain.merkle import Frontier, inclusion_proof, leaf_hash, node_hash, root
from domain.note import NoteError, VerifierKey
from domain.receipt import receipt, receipted
from service.ed25519 import verify_ed25519
from tests.domain.test_checkpoint import LOG, STANDALONE, WITNESS, note

ENTRIES = [f"entry {number}".encode() for number in range(70)]


def node(level: int, index: int) -> bytes:
    if level == 0:
        return leaf_hash(ENTRIES[index])
    return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))


def made(position: int, size: int, *, key: VerifierKey = LOG) -> str:
    checkpoint = Checkpoint(origin=LOG.name, size=size, root=root(node, size))
    proof = inclusion_proof(node, position - 1, size)
    return receipt(position, ENTRIES[position - 1], proof, str(note(checkpoint, key=key)))


def read(text: str) -> tuple[int, bytes] | None:
    """Size and root, by both; nothing if it is none for either."""
    apart, found = None, None
    with suppress(NoteError):
        checkpoint = receipted(text, [LOG], verify_ed25519)
        found = checkpoint.size, checkpoint.root
    with suppress(ValueError):
        apart = STANDALONE.read_receipt(text, [STANDALONE.read_key(str(LOG))])
    assert found == apart
    return found


def test_a_receipt_is_of_the_tree_that_has_the_entry() -> None:
    edge = Frontier()
    for size in range(1, 18):
        for _node in edge.add(leaf_hash(ENTRIES[size - 1])):
            pass
        for position in range(1, size + 1):
            assert read(made(position, size)) == (size, edge.root)
    for position in (1, 33, 64, 65, 70):
        assert read(made(position, 70)) == (70, root(node, 70))


RIGHT = made(6, 11)
OTHERS = {
    "nothing": "",
    "a checkpoint": RIGHT.partition("\n\n")[2],
    "no checkpoint": RIGHT.partition("\n\n")[0],
    "another format": RIGHT.replace("@v1", "@v2"),
    "without an entry": re.sub("extra .*\n", "", RIGHT),
    "another entry": re.sub("extra .*", "extra AAAA", RIGHT),
    "another index": RIGHT.replace("index 5", "index 4"),
    "an index beyond the tree": RIGHT.replace("index 5", "index 11"),
    "an index that is none": RIGHT.replace("index 5", "index 05"),
    "a hash less": re.sub("(index 5\n).*\n", r"\1", RIGHT),
    "a hash more": RIGHT.replace("\n\n", f"\n{'A' * 43}=\n\n", 1),
    "a hash that is none": RIGHT.replace("index 5\n", "index 5\nAAAA\n"),
    "of an entry that is its own tree, elsewhere": made(1, 1).replace("index 0", "index 1"),
    "signed by another": made(6, 11, key=WITNESS),
    "another size": RIGHT.replace("\n11\n", "\n12\n"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_shows_nothing_is_none(what: str) -> None:
    assert read(RIGHT) == (11, root(node, 11))
    assert read(OTHERS[what]) is None
