"""What the signer keeps, in a folder of its own and outside the database: the log's keys, and what was signed last.

`keys`: a file of secrets (`service.secret_rings`), seeds of Ed25519 keys. `signed.json`: what was signed last. A folder
with one of them and not the other has lost something, and is not begun anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from domain.note import NoteError, require_name
from service.application.checkpoint_signer import Signed, SigningKey
from service.ed25519 import ed25519_key
from service.private_files import held, write_private
from service.secret_rings import SecretRing


class SignerFilesError(Exception):
    """The signer's folder cannot be used; the sentence names it and says what to do."""


class SignerFiles:
    """`Memory` in files. `open_for` before anything else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signed = folder / "signed.json"
        self.keys_file = folder / "keys"

    @contextmanager
    def open_for(self, origin: str) -> Iterator[None]:
        """Hold the folder, for this process alone; a new one is begun for the log of that name.

        Raises `SignerFilesError`, `SecretFileError`.
        """
        with self._held():
            self._begin(origin)
            yield

    def begin_anew(self, origin: str, *, after: Signed | None = None) -> None:
        """Close the log and begin another; what was signed last is kept beside it. Raises `SignerFilesError`.

        `after`: the last checkpoint, where that is lost.
        """
        with self._held():
            _require_name(origin)
            last = after or self.load()
            if origin == last.origin:
                raise SignerFilesError(f"{origin} is the log that is closed: give the new one a name of its own.")
            if self.signed.exists():
                closed = self.folder / f"closed-{sha256(last.origin.encode()).hexdigest()[:8]}.json"
                write_private(closed, self.signed.read_bytes(), replace=True)
            self.keep(last.successor(origin))
            SecretRing(self.keys_file, make=True).current()

    def _held(self) -> AbstractContextManager[None]:
        return held(self.folder, "A signer", SignerFilesError)

    def _begin(self, origin: str) -> None:
        if not self.signed.exists():
            if self.keys_file.exists():
                raise SignerFilesError(
                    f"{self.signed} is missing, and {self.keys_file} is not: what was signed last is lost. Restore the"
                    " folder as it was when it last signed, or begin another log: see ops/runbooks/sealing.md."
                )
            _require_name(origin)
            self.keep(Signed(origin, 0, ""))
        if self.load().size and not self.keys_file.exists():
            raise SignerFilesError(
                f"{self.keys_file} is missing: restore it from a backup, see ops/runbooks/sealing.md."
            )
        SecretRing(self.keys_file, make=True).current()

    def load(self) -> Signed:
        """See `Memory.load`. Raises `SignerFilesError`."""
        try:
            return msgspec.json.decode(self.signed.read_bytes(), type=Signed)
        except OSError as error:
            raise SignerFilesError(f"{self.signed} cannot be read ({error.strerror}).") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SignerFilesError(f"{self.signed} is not as it was written: restore the folder.") from None

    def keep(self, signed: Signed) -> None:
        """See `Memory.keep`. Raises `SignerFilesError`."""
        try:
            write_private(self.signed, msgspec.json.encode(signed) + b"\n", replace=True)
        except OSError as error:
            raise SignerFilesError(f"{self.signed} cannot be written ({error.strerror}).") from None


def _require_name(origin: str) -> None:
    try:
        require_name(origin)
    except NoteError as error:
        raise SignerFilesError(f"{origin!r} is no name of a log: {error}.") from None


def signing_keys(ring: SecretRing) -> list[SigningKey]:
    """Every key of the log that was not dropped, the current one first. Raises `SecretFileError`.

    All of them sign, so that whoever knows a former key, or a next one, finds it in each checkpoint.
    """
    every = ring.every()
    order = [each for state in ("current", "next", "former") for each, its in every if its == state]
    found = []
    for secret in order:
        private = ed25519_key(secret.value)
        found.append(SigningKey(private.public_key().public_bytes_raw(), private.sign))
    return found
