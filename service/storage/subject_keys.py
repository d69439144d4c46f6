"""Keys of persons' sealed fields, in a folder apart from the database, and of whom they were destroyed.

`keys/` holds a file for each person: the key that seals, and once that was changed the one before, which still opens.
`erased/` holds one for each whose key was destroyed: this is what a ledger that was restored from an old backup may
lack. `marks` is the key by which accounts are found. Several machines share the folder.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service import private_files
from service.application.erasing import Subject, SubjectErasedError
from service.application.ports import LedgerUnavailableError
from service.private_files import write_private

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class KeysInUseError(Exception):
    """Persons' keys are changed by one at a time; the sentence says what is wrong."""


class SubjectKeys:
    """The keys in `folder`. Every method raises `LedgerUnavailableError` if the folder cannot be used.

    None is kept in memory: once one was destroyed, no process has it. Safe to use from many threads and machines.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = folder / "keys"
        self._erased = folder / "erased"
        self._marks = folder / "marks"

    def seal(self, subject: Subject, what: str, text: bytes) -> bytes:
        """Encrypt, under the person's key, which is made if there is none. Raises `SubjectErasedError`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key_made(subject)).encrypt(nonce, text, _context(subject, what))

    def open(self, subject: Subject, what: str, sealed: bytes) -> bytes | None:
        """The text again; none if the key is gone, or another one was made since."""
        with _available():
            try:
                found = (self._keys / _name(subject)).read_bytes()
            except FileNotFoundError:
                return None
        for key in (found[:KEY_BYTES], found[KEY_BYTES:]):
            with contextlib.suppress(InvalidTag, ValueError):
                return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _context(subject, what))
        return None

    def held(self) -> AbstractContextManager[None]:
        """For whoever changes keys, one at a time. Raises `KeysInUseError`."""
        return private_files.held(self._folder, "What changes persons' keys", KeysInUseError)

    def change(self, subject: Subject) -> None:
        """Make another key, which seals from now on; the one before opens until the next change.

        Raises `SubjectErasedError`.
        """
        with _available():
            fresh = secrets.token_bytes(KEY_BYTES) + self._key_made(subject)
            write_private(self._keys / _name(subject), fresh, replace=True)
            self._require_not_erased(subject)

    def every(self) -> Sequence[Subject]:
        """Everybody who has a key."""
        with _available():
            names = sorted(each.name for each in self._keys.glob("*_*"))
        parted = [name.rpartition("_") for name in names]
        return [Subject(id_, programme) for programme, _, id_ in parted if "." not in id_]

    def mark(self, issuer: str, account: str) -> str:
        """By what an account is found that is in clear nowhere: always the same, and not to be guessed from outside."""
        with _available():
            if not self._marks.exists():
                write_private(self._marks, secrets.token_bytes(KEY_BYTES), replace=False)
            return hmac.digest(self._marks.read_bytes(), f"{issuer}\n{account}".encode(), "sha256").hex()

    def erase(self, subject: Subject) -> None:
        """Destroy the person's key for ever. Once it is listed as erased none is made anew, so this can be repeated."""
        with _available():
            write_private(self._erased / _name(subject), msgspec.json.encode(subject), replace=False)
            self._destroy(subject)

    def erased(self) -> Sequence[Subject]:
        """Everybody whose key was destroyed."""
        with _available():
            files = sorted(each for each in self._erased.glob("*_*") if "." not in each.name.rpartition("_")[2])
            return [msgspec.json.decode(each.read_bytes(), type=Subject) for each in files]

    def is_erased(self, subject: Subject) -> bool:
        """Whether their key was destroyed."""
        with _available():
            return (self._erased / _name(subject)).exists()

    def _key_made(self, subject: Subject) -> bytes:
        with _available():
            file = self._keys / _name(subject)
            if not file.exists() and not self.is_erased(subject):
                write_private(file, secrets.token_bytes(KEY_BYTES), replace=False)
            self._require_not_erased(subject)
            return file.read_bytes()[:KEY_BYTES]

    def _require_not_erased(self, subject: Subject) -> None:
        """To be looked at last: whoever erases lists the person first, and then looks for a key to destroy."""
        if self.is_erased(subject):
            self._destroy(subject)
            raise SubjectErasedError(f"what was known of {subject.id} was erased")

    def _destroy(self, subject: Subject) -> None:
        # With what was cut off while it was being written, which holds the same key.
        found = [*self._keys.glob(_name(subject)), *self._keys.glob(f"{_name(subject)}.*")]
        for each in found:
            each.unlink(missing_ok=True)
        if found:
            folder = os.open(self._keys, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _name(subject: Subject) -> str:
    # Neither a programme nor an id has an underscore, and an id has no dot.
    return f"{subject.programme}_{subject.id}"


def _context(subject: Subject, what: str) -> bytes:
    return f"{_name(subject)}_{what}".encode()


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"the store of persons' keys cannot be used: {error.strerror}"
        raise LedgerUnavailableError(detail, outcome_unknown=False) from error
