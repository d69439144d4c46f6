"""Checkpoints: the size and root of the log, signed (C2SP tlog-checkpoint) and witnessed (C2SP tlog-cosignature)."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from domain.ed25519 import Verify
from domain.merkle import HASH_BYTES
from domain.note import COSIGNATURE, ED25519, Note, NoteError, NoteSignature, VerifierKey, decoded, signers

_AFTER: Final = re.compile(r"after (\S+) (0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_TIMED: Final = struct.Struct(">Q64s")
_LATEST: Final = 2**63 - 1


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of itself. `origin`: which log. `size`: how many entries. `root`: the tree's, 32 bytes.

    `extensions`: further lines, which nobody vouches for but the log.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def root_text(self) -> str:
        """The root as it is written, in base64."""
        return base64.b64encode(self.root).decode()

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), self.root_text, *self.extensions)
        return "".join(f"{each}\n" for each in lines)

    @property
    def after(self) -> Checkpoint | None:
        """The last checkpoint of the log that this one came after, as it says itself."""
        for found in filter(None, map(_AFTER.fullmatch, self.extensions)):
            try:
                return read_checkpoint("".join(f"{each}\n" for each in found.groups()))
            except NoteError:
                continue
        return None


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is. Raises `NoteError`."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteError("a checkpoint is the log's origin, its size and its root, each on a line, and no empty line")
    origin, size, root, *extensions = lines
    hashed = decoded(root)
    if not _SIZE.fullmatch(size) or len(hashed) != HASH_BYTES:
        raise NoteError("a checkpoint's size is a whole number, and its root 32 bytes in base64")
    found = Checkpoint(origin=origin, size=int(size), root=hashed, extensions=tuple(extensions))
    if found.text != text:
        raise NoteError("a checkpoint is written in one way only")
    return found


def signed_checkpoint(note: Note, keys: Sequence[VerifierKey], verify: Verify) -> Checkpoint:
    """The checkpoint in a note that one of a log's keys signed, the origin being their name. Raises `NoteError`."""
    signed = signers(note, [each for each in keys if each.type == ED25519], verify)
    if not signed:
        raise NoteError(f"it is not signed by {' or '.join(dict.fromkeys(each.name for each in keys))}")
    found = read_checkpoint(note.text)
    if found.origin != signed[0].name:
        raise NoteError(f"it is of {found.origin}, not of {signed[0].name}")
    return found


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs of a checkpoint's text at a time (seconds since 1970)."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosignature(key: VerifierKey, time: int, signature: bytes) -> NoteSignature:
    """A witness's line. `signature`: 64 bytes over `cosigned_message`."""
    return NoteSignature(key.name, key.id, _TIMED.pack(time, signature))


def cosigned_at(note: Note, key: VerifierKey, verify: Verify) -> int | None:
    """When a witness signed the note (seconds since 1970); `None` if it did not. Raises `NoteError` if it is wrong."""
    found = note.by(key)
    if found is None or key.type != COSIGNATURE:
        return None
    if len(found.value) != _TIMED.size:
        raise NoteError(f"the cosignature of {key.name} is a time and a signature")
    time, signature = _TIMED.unpack(found.value)
    if time > _LATEST or not verify(key.public_key, cosigned_message(note.text, time), signature):
        raise NoteError(f"the cosignature of {key.name} is wrong")
    return int(time)
