"""A witness's folder: `key` (its name and the seed of its Ed25519 key), `logs` (verifier keys of the logs that it
follows, one a line), `cosigned.json` (what it cosigned last, by origin).

A folder that lost `key` or `cosigned.json` is not begun anew: a witness that forgot could cosign a second history.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from domain.ed25519 import KEY_BYTES
from domain.note import COSIGNATURE, ED25519, NoteError, VerifierKey, require_name, verifier_key
from service.ed25519 import ed25519_key
from service.private_files import held, write_private
from service.witness.cosigning import WitnessKey

T = TypeVar("T")


class WitnessFilesError(Exception):
    """The witness's folder cannot be used; the sentence names the file and says what to do."""


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seed`: base64, 32 bytes."""

    name: str
    seed: bytes


class WitnessFiles:
    """`Memory` in files. `open` before anything else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = folder / "key"
        self._logs = folder / "logs"
        self._cosigned = folder / "cosigned.json"
        self._last: dict[str, str] = {}

    def begin(self, name: str) -> VerifierKey:
        """Make key and memory, in a folder that has neither. Raises `WitnessFilesError`."""
        try:
            require_name(name)
        except NoteError as error:
            raise WitnessFilesError(f"{name!r} is no name of a witness: {error}.") from None
        with self._held():
            for each in (self._key, self._cosigned):
                if each.exists():
                    raise WitnessFilesError(f"{each} is there already: a witness keeps its key.")
            write_private(self._cosigned, b"{}\n", replace=False)
            write_private(self._key, msgspec.json.encode(_Key(name, os.urandom(KEY_BYTES))) + b"\n", replace=False)
        return self.key().verifier

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the folder, for this process alone. Raises `WitnessFilesError`."""
        with self._held():
            self._last = _read(self._cosigned, dict[str, str])
            yield

    def _held(self) -> AbstractContextManager[None]:
        return held(self.folder, "A witness", WitnessFilesError)

    def key(self) -> WitnessKey:
        """The witness's key. Raises `WitnessFilesError`."""
        found = _read(self._key, _Key)
        if len(found.seed) != KEY_BYTES:
            raise WitnessFilesError(f"{self._key} is not as it was written: restore the folder.")
        private = ed25519_key(found.seed)
        return WitnessKey(VerifierKey(found.name, COSIGNATURE, private.public_key().public_bytes_raw()), private.sign)

    def logs(self) -> list[VerifierKey]:
        """The keys of the logs that are followed. Raises `WitnessFilesError`."""
        try:
            lines = self._logs.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise WitnessFilesError(f"{self._logs} cannot be read: give verifier keys of logs, one a line.") from None
        found = []
        for number, line in enumerate(map(str.strip, lines), start=1):
            if line and not line.startswith("#"):
                try:
                    key = verifier_key(line)
                except NoteError as error:
                    raise WitnessFilesError(f"{self._logs}, line {number}: {error}.") from None
                if key.type != ED25519:
                    raise WitnessFilesError(f"{self._logs}, line {number}: the key of a witness, not of a log.")
                found.append(key)
        return found

    def last(self, origin: str) -> str | None:
        """See `Memory.last`."""
        return self._last.get(origin)

    def keep(self, origin: str, note: str) -> None:
        """See `Memory.keep`. Raises `OSError`; then nothing is remembered."""
        kept = {**self._last, origin: note}
        write_private(self._cosigned, msgspec.json.encode(kept) + b"\n", replace=True)
        self._last = kept


def _read(file: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        raise WitnessFilesError(
            f"{file} is missing: make a witness with `sillok witness key NAME`, or restore the folder of the one that"
            " was; see ops/runbooks/witness.md."
        ) from None
    except OSError as error:
        raise WitnessFilesError(f"{file} cannot be read ({error.strerror}).") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WitnessFilesError(f"{file} is not as it was written: restore the folder.") from None
