"""What a log sends to a witness, and what a witness goes by (C2SP tlog-witness)."""

from __future__ import annotations

import base64
import re
from typing import Final

import msgspec

from domain.checkpoint import Checkpoint
from domain.merkle import EMPTY_ROOT, HASH_BYTES, extends
from domain.note import Note, NoteError, decoded, read_note

MAX_PROOF: Final = 63
"""Hashes of a proof of consistency."""
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Submission(msgspec.Struct, frozen=True):
    """A checkpoint for a witness to cosign. `old`: the size that it cosigned last. `proof`: from there on, hashes."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        """The body of `add-checkpoint`."""
        lines = (f"old {self.old}", *(base64.b64encode(each).decode() for each in self.proof), "")
        return "".join(f"{each}\n" for each in lines) + str(self.note)


def read_submission(body: str) -> Submission:
    """A submission from the body of `add-checkpoint`. Raises `NoteError`."""
    head, blank, note = body.partition("\n\n")
    old, *hashes = head.split("\n")
    size = _OLD.fullmatch(old)
    if not blank or size is None:
        raise NoteError("a submission is the old size, hashes, an empty line, and a checkpoint")
    if len(hashes) > MAX_PROOF:
        raise NoteError(f"a proof has at most {MAX_PROOF} hashes")
    proof = tuple(decoded(each) for each in hashes)
    if any(len(each) != HASH_BYTES for each in proof):
        raise NoteError(f"a hash has {HASH_BYTES} bytes")
    return Submission(int(size[1]), proof, read_note(note))


class SubmissionRefusedError(Exception):
    """A witness does not cosign this; the sentence says why."""


class OldSizeError(SubmissionRefusedError):
    """The old size is greater than the checkpoint's."""


class StaleSizeError(SubmissionRefusedError):
    """The old size is not the one cosigned last, which is `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} was cosigned last")
        self.size = size


class ForkError(SubmissionRefusedError):
    """Another tree of the same size was cosigned: the log's two signatures contradict each other."""


class InconsistentError(SubmissionRefusedError):
    """It is not shown that the tree begins with the one cosigned last."""


def require_continued(last: Checkpoint | None, old: int, proof: tuple[bytes, ...], new: Checkpoint) -> None:
    """Raise `SubmissionRefusedError` unless a witness that cosigned `last` is to cosign `new`, of the same log."""
    size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
    if old > new.size:
        raise OldSizeError(f"the old size is {old}, and the checkpoint's {new.size}")
    if old != size:
        raise StaleSizeError(size)
    if new.size == size and new.root != root:
        raise ForkError(f"the tree of {size} leaves that was cosigned has another root")
    if not extends(size, root, new.size, new.root, proof):
        raise InconsistentError(f"it is not shown that the tree of {new.size} leaves begins with that of {size}")
