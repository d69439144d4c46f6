"""Receipts (C2SP tlog-proof): an entry, the proof that it is in a tree, and the tree's checkpoint, in one text."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Final

from domain.checkpoint import Checkpoint, signed_checkpoint
from domain.ed25519 import Verify
from domain.merkle import includes, leaf_hash
from domain.note import NoteError, VerifierKey, decoded, read_note

_KIND: Final = "c2sp.org/tlog-proof@v1"
_ENTRY: Final = re.compile(r"extra (\S+)")
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


def receipt(position: int, entry: bytes, proof: Sequence[bytes], checkpoint: str) -> str:
    """The receipt of a position. `checkpoint`: the signed note of a tree that the entry is in, as `proof` shows."""
    lines = (_KIND, f"extra {_text(entry)}", f"index {position - 1}", *map(_text, proof), "")
    return "".join(f"{each}\n" for each in lines) + checkpoint


def receipted(text: str, keys: Sequence[VerifierKey], verify: Verify) -> Checkpoint:
    """The checkpoint of a receipt, which one of the log's keys signed; its tree has the entry.

    Raises `NoteError`.
    """
    head, _, note = text.partition("\n\n")
    kind, *lines = head.split("\n")
    entry, index = (_ENTRY.fullmatch(lines[0]), _INDEX.fullmatch(lines[1])) if len(lines) > 1 else (None, None)
    if kind != _KIND or entry is None or index is None:
        raise NoteError("it is no receipt")
    found = signed_checkpoint(read_note(note), keys, verify)
    proof = [decoded(each) for each in lines[2:]]
    if not includes(leaf_hash(decoded(entry[1])), int(index[1]), found.size, proof, found.root):
        raise NoteError("its entry is not in the tree of its checkpoint")
    return found


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
