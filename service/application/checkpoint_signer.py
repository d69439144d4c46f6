"""The signer's rule: a checkpoint is signed only of a tree that begins with the one signed before."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from domain.checkpoint import Checkpoint
from domain.merkle import EMPTY_ROOT, extends
from domain.note import ED25519, Note, NoteSignature, VerifierKey
from service.application.seal_ports import SigningRefusedError, Standing

_GREATEST: Final = 2**62


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was signed last for a log. `root`: base64.

    `extensions`: further lines of every checkpoint.
    """

    origin: str
    size: int
    root: str
    extensions: tuple[str, ...] = ()

    def successor(self, origin: str) -> Signed:
        """For a log of that name in the place of this one, which is closed: each of its checkpoints cites the last."""
        return Signed(origin, 0, "", (f"after {self.origin} {self.size} {self.root}",))


class Memory(Protocol):
    """What the signer remembers."""

    def load(self) -> Signed:
        """What was signed last."""

    def keep(self, signed: Signed) -> None:
        """Remember it instead, durably before this returns."""


class SigningKey(msgspec.Struct, frozen=True):
    """A key of the log: its public half, and what signs with it."""

    public_key: bytes
    sign: Callable[[bytes], bytes]


class CheckpointSigner:
    """The use case. `keys`: those to sign with, the current one first."""

    def __init__(self, memory: Memory, keys: Callable[[], Sequence[SigningKey]]) -> None:
        self._memory = memory
        self._keys = keys
        self._turn = threading.Lock()

    def standing(self) -> Standing:
        """See `Signer.standing`."""
        last = self._memory.load()
        keys = [str(_verifier(last.origin, each)) for each in self._keys()]
        return Standing(last.origin, last.size, _root_of(last), tuple(keys))

    def sign(self, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        """See `Signer.sign`. The same tree is answered by the same note."""
        with self._turn:
            last = self._memory.load()
            if not 0 < size < _GREATEST:
                raise SigningRefusedError(f"a tree of {size} leaves is not signed")
            if size < last.size:
                raise SigningRefusedError(f"the tree of {size} leaves is smaller than that signed before, {last.size}")
            if not extends(last.size, _root_of(last), size, root, proof):
                raise SigningRefusedError(
                    f"it is not shown that the tree of {size} leaves begins with that signed before, of {last.size}"
                )
            text = Checkpoint(origin=last.origin, size=size, root=root, extensions=last.extensions).text
            signatures = [_signed(last.origin, each, text) for each in self._keys()]
            # Remembered first: what was signed and is not known to have been could be contradicted.
            self._memory.keep(Signed(last.origin, size, base64.b64encode(root).decode(), last.extensions))
            return str(Note(text, tuple(signatures)))


def _root_of(last: Signed) -> bytes:
    return base64.b64decode(last.root, validate=True) if last.size else EMPTY_ROOT


def _verifier(origin: str, key: SigningKey) -> VerifierKey:
    return VerifierKey(origin, ED25519, key.public_key)


def _signed(origin: str, key: SigningKey, text: str) -> NoteSignature:
    return NoteSignature(origin, _verifier(origin, key).id, key.sign(text.encode()))
