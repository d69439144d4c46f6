"""A bundle: a folder that holds a record and all that it is verified by.

`manifest.json`: which programme, log and size. `events.ndjson`: every event up to the size, one a line; line n is
position n. `leaves`: the leaf hashes of the tree as the log serves them, 32 bytes each. `checkpoints/SIZE`: signed
notes, the last one and those of earlier exports. `standings/STAGE.json`: as the service shows them.
`charters/HASH.json` and `schemas/TYPE.json` are for reading. `verify.py` verifies all of it with nothing of this
project.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from domain import entry
from domain.deadlines import moment
from domain.exported import ExportedEvent
from domain.merkle import HASH_BYTES
from domain.note import Note, read_note
from service.verify.faults import Fault
from service.verify.shown import Shown, read_shown

FORMAT: Final = "sillok-bundle/1"
MANIFEST: Final = "manifest.json"
EVENTS: Final = "events.ndjson"
LEAVES: Final = "leaves"
CHECKPOINTS: Final = "checkpoints"
STANDINGS: Final = "standings"
CHARTERS: Final = "charters"
SCHEMAS: Final = "schemas"

_EPOCH: Final = moment("1970-01-01T00:00:00Z")


class BundleError(Exception):
    """The folder is no bundle; the sentence says what it lacks."""


class BrokenError(Exception):
    """A part of a bundle that cannot be read."""

    def __init__(self, position: int, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault("edited", position, detail)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the bundle is of. `programme`: whose events are there in full. `log`: the log's name."""

    format: str
    programme: str
    log: str
    size: int


class Line(ExportedEvent, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event of the bundle, as it was exported and nothing else."""

    @property
    def withheld(self) -> bool:
        """Whether anything of what the commitment is over is not there."""
        return None in (self.event_id, self.tags, self.salt, self.envelope, self.data)

    def entry_at(self, position: int) -> bytes:
        """The entry that the line makes at a position. Raises `ValueError`."""
        if self.salt is None or self.envelope is None or self.data is None:
            committed = self.entry[-HASH_BYTES:]
        else:
            committed = entry.commitment(self.salt, self.envelope.encode(), self.data.encode())
        since = moment(self.recorded_at) - _EPOCH
        return entry.encode_entry(
            position=position,
            programme=self.programme,
            type_=self.type,
            version=self.version,
            recorded_at_us=(since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds,
            commitment=committed,
        )


_line = msgspec.json.Decoder(Line)


def _opened(events: Path) -> IO[bytes] | gzip.GzipFile:
    match events.suffix:
        case ".gz":
            return gzip.open(events, "rb")
        case ".xz":
            return lzma.open(events, "rb")
        case _:
            return events.open("rb")


def lines_of(events: Path) -> Iterator[Line]:
    """Each line of a file of events, which may be compressed (`.gz`, `.xz`).

    Raises `BrokenError` for one that is none, `BundleError` without the file.
    """
    try:
        with _opened(events) as file:
            for number, text in enumerate(file, start=1):
                try:
                    yield _line.decode(text)
                except msgspec.DecodeError as error:
                    raise BrokenError(number, f"line {number} of {events.name} is no event: {error}") from None
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise BundleError(f"{events}: {getattr(error, 'strerror', None) or error}") from None


class Bundle:
    """A bundle on disk. Raises `BundleError` unless the folder is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError) as error:
            raise BundleError(f"{folder / MANIFEST}: {error}") from None
        if self.manifest.format != FORMAT:
            raise BundleError(f"{folder / MANIFEST}: format {self.manifest.format!r}, not {FORMAT!r}")

    def lines(self) -> Iterator[Line]:
        """As `lines_of` its events."""
        return lines_of(self.folder / EVENTS)

    def leaves(self) -> list[bytes]:
        """The leaf hashes; none without the file."""
        file = self.folder / LEAVES
        content = file.read_bytes() if file.exists() else b""
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]

    def checkpoints(self) -> Iterator[tuple[str, Note]]:
        """Every checkpoint by the name of its file, unverified. Raises `NoteError` (a `ValueError`), as for any text
        that is no note."""
        for file in sorted((self.folder / CHECKPOINTS).glob("*")):
            yield file.name, read_note(file.read_text(encoding="utf-8"))

    def standings(self) -> Iterator[tuple[str, Shown]]:
        """What the service showed, by the name of its file. Raises `BrokenError`."""
        for file in sorted((self.folder / STANDINGS).glob("*.json")):
            try:
                yield file.name, read_shown(file.read_bytes())
            except (ValueError, OSError) as error:
                raise BrokenError(0, f"{STANDINGS}/{file.name}: {error}") from None

    def charters(self) -> Iterator[tuple[str, bytes]]:
        """Charters by the hash that names them."""
        for file in sorted((self.folder / CHARTERS).glob("*.json")):
            yield file.stem, file.read_bytes()
