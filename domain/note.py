"""Signed notes: a text and lines of signatures by named keys (C2SP signed-note)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from domain.ed25519 import KEY_BYTES, Verify

ED25519: Final = 0x01
"""A signature over the text."""
COSIGNATURE: Final = 0x04
"""A witness's signature over the text and the time of it, see `domain.checkpoint`."""

MAX_SIGNATURES: Final = 100
MAX_LENGTH: Final = 256 * 1024
"""Characters of a note."""

_ID_BYTES: Final = 4
_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_VKEY: Final = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class NoteError(ValueError):
    """A note or a key is not written as the specification has it, or is not signed as it should be."""


class VerifierKey(msgspec.Struct, frozen=True):
    """A key that signs notes: its name, the signature type and the public key (32 bytes)."""

    name: str
    type: int
    public_key: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that, with the name, say which key a signature is by."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._encoded).digest()[:_ID_BYTES]

    @property
    def _encoded(self) -> bytes:
        return bytes((self.type,)) + self.public_key

    def __str__(self) -> str:
        """The verifier key as it is handed out: `name+id+key`."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self._encoded).decode()}"


def verifier_key(text: str) -> VerifierKey:
    """The key of its text. Raises `NoteError`."""
    found = _VKEY.fullmatch(text)
    if found is None:
        raise NoteError("a verifier key is name+id+key")
    encoded = decoded(found[3])
    if len(encoded) != 1 + KEY_BYTES or encoded[0] not in (ED25519, COSIGNATURE):
        raise NoteError("a verifier key holds an Ed25519 key, of a log or of a witness")
    key = VerifierKey(found[1], encoded[0], encoded[1:])
    if key.id.hex() != found[2]:
        raise NoteError("a verifier key's id is that of its name and key")
    return key


def require_name(name: str) -> None:
    """Raise `NoteError` unless a key can be so called."""
    if not name or "+" in name or any(each.isspace() or not each.isprintable() for each in name):
        raise NoteError("a key's name has no spaces and no +")


class NoteSignature(msgspec.Struct, frozen=True):
    """A line of a note. `key_id`: four bytes. `value`: the signature, as its type has it."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """With its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Whether it says that it is by that key."""
        return (self.name, self.key_id) == (key.name, key.id)


class Note(msgspec.Struct, frozen=True):
    """A text, its last newline included, and its signatures, of which nothing is verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(each.line for each in self.signatures)}"

    def by(self, key: VerifierKey) -> NoteSignature | None:
        """The signature that says it is by that key, if there is one."""
        return next((each for each in self.signatures if each.is_by(key)), None)


def read_note(content: str) -> Note:
    """A note from its text. Raises `NoteError`."""
    if len(content) > MAX_LENGTH:
        raise NoteError(f"a note has at most {MAX_LENGTH} characters")
    if any(each < " " and each != "\n" for each in content):
        raise NoteError("a note has no control characters but newlines")
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not text or not lines.endswith("\n"):
        raise NoteError("a note is a text, an empty line, and signatures")
    return Note(text + "\n", read_signatures(lines))


def read_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Signatures from their lines, each with its newline. Raises `NoteError`."""
    if not lines.endswith("\n"):
        raise NoteError("a signature is a line")
    found = tuple(_signature(each) for each in lines[:-1].split("\n"))
    if len(found) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return found


def _signature(line: str) -> NoteSignature:
    found = _LINE.fullmatch(line)
    value = b"" if found is None else decoded(found[2])
    if found is None or len(value) <= _ID_BYTES:
        raise NoteError("a signature line is a dash, the key's name, and id and signature in base64")
    return NoteSignature(found[1], value[:_ID_BYTES], value[_ID_BYTES:])


def decoded(text: str) -> bytes:
    """The bytes of base64. Raises `NoteError` unless the text is the one way to write its bytes."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b""
    if base64.b64encode(found).decode() != text:
        raise NoteError("not base64")
    return found


def signers(note: Note, keys: Sequence[VerifierKey], verify: Verify) -> tuple[VerifierKey, ...]:
    """Which of the keys, of type `ED25519`, signed the note; signatures by others say nothing.

    Raises `NoteError` if a signature that says it is by one of them is wrong.
    """
    found = []
    for key in keys:
        signature = note.by(key)
        if signature is not None:
            if not verify(key.public_key, note.text.encode(), signature.value):
                raise NoteError(f"the signature of {key.name} is wrong")
            found.append(key)
    return tuple(found)
