"""A bundle: a folder that holds a record and all that it is verified by.

`manifest.json`: which programme, log and size. `events.ndjson`: every event up to the size, one a line; line n is
position n. `leaves`: the leaf hashes of the tree as the log serves them, 32 bytes each. `checkpoints/SIZE`: signed
notes, the last one and those of earlier exports; `SIZE.other`: one that says something else than that of this size.
`standings/STAGE.json`: as the service shows them. `charters/HASH.json` and `schemas/TYPE.json` are for reading.
`verify.py` verifies all of it with nothing of this project.
"""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import msgspec

from domain import entry
from domain.exported import ExportedEvent
from domain.merkle import HASH_BYTES
from domain.note import Note, NoteError, read_note
from service.verify.faults import Fault
from service.verify.shown import Shown, read_shown
from service.verify.strict_json import read_json

FORMAT: Final = "sillok-bundle/1"
MANIFEST: Final = "manifest.json"
EVENTS: Final = "events.ndjson"
LEAVES: Final = "leaves"
CHECKPOINTS: Final = "checkpoints"
OTHER: Final = ".other"
"""Behind the size, where a checkpoint of this size was there that says something else."""
STANDINGS: Final = "standings"
CHARTERS: Final = "charters"
SCHEMAS: Final = "schemas"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RECORDED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


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
        return None in self._committed

    @property
    def is_bare(self) -> bool:
        """Whether nothing of that is there."""
        return self._committed == (None,) * 5

    @property
    def _committed(self) -> tuple[object, ...]:
        return self.event_id, self.tags, self.salt, self.envelope, self.data

    def entry_at(self, position: int) -> bytes:
        """The entry that the line makes at a position. Raises `ValueError`."""
        if self.salt is None or self.envelope is None or self.data is None:
            committed = self.entry[-HASH_BYTES:]
        else:
            committed = entry.commitment(self.salt, self.envelope.encode(), self.data.encode())
        if not _RECORDED.fullmatch(self.recorded_at):
            raise ValueError(f"recorded_at: {self.recorded_at!r}")
        return entry.encode_entry(
            position=position,
            programme=self.programme,
            type_=self.type,
            version=self.version,
            recorded_at_us=(datetime.fromisoformat(self.recorded_at) - _EPOCH) // _MICROSECOND,
            commitment=committed,
        )


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What outcomes are derived from, of a line that was found whole; `event_id`, `envelope`, `data`: as in it."""

    position: int
    programme: str
    type: str
    version: int
    recorded_at: str
    event_id: str | None = None
    envelope: str | None = None
    data: str | None = None


NO_EVENT: Final = Line(position=0, programme="", type="", version=0, recorded_at="", entry=b"")

_decode = msgspec.json.Decoder(Line).decode
_said = msgspec.json.Decoder(Said).decode
_encode = msgspec.json.Encoder().encode


def read_line(text: bytes) -> Line:
    """The line that a text is. Raises `ValueError`, also where one reader would take it for this and another for that:
    where a name stands twice, or bytes are written in a way that is not the only one."""
    try:
        line = _decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    written = _encode(line)
    if written != text.rstrip(b"\n"):  # it may say the same all the same
        said = {name: value for name, value in read_json(text).items() if value is not None}
        if said != read_json(written):
            raise ValueError("it is not as it would be written")
    return line


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
    for number, text in enumerate(_texts(events), start=1):
        try:
            yield read_line(text)
        except ValueError as error:
            raise BrokenError(number, f"line {number} of {events.name} is no event: {error}") from None


def _texts(events: Path) -> Iterator[bytes]:
    try:
        with _opened(events) as file:
            yield from file
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise BundleError(f"{events}: {getattr(error, 'strerror', None) or error}") from None


class Bundle:
    """A bundle on disk. Raises `BundleError` unless the folder is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = msgspec.convert(read_json((folder / MANIFEST).read_bytes()), Manifest)
        except (OSError, ValueError) as error:
            raise BundleError(f"{folder / MANIFEST}: {error}") from None
        if self.manifest.format != FORMAT:
            raise BundleError(f"{folder / MANIFEST}: format {self.manifest.format!r}, not {FORMAT!r}")

    def lines(self) -> Iterator[Line]:
        """As `lines_of` its events; `NO_EVENT` in the place of what is none."""
        for text in _texts(self.folder / EVENTS):
            try:
                yield read_line(text)
            except ValueError:
                yield NO_EVENT

    def said(self) -> Iterator[Said]:
        """What lines say of a record that was found whole, none of which is read in two ways; of another, as far as it
        goes.

        Raises `msgspec.DecodeError`.
        """
        return map(_said, _texts(self.folder / EVENTS))

    def leaves(self) -> list[bytes]:
        """The leaf hashes; none without the file."""
        file = self.folder / LEAVES
        content = file.read_bytes() if file.is_file() else b""
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]

    def checkpoints(self) -> Iterator[tuple[str, Note]]:
        """Every checkpoint by the name of its file, unverified. Raises `NoteError`."""
        for file in sorted((self.folder / CHECKPOINTS).glob("*")):
            try:
                yield file.name, read_note(file.read_text(encoding="utf-8"))
            except (ValueError, OSError) as error:
                raise NoteError(f"checkpoint {file.name}: {error}") from None

    def standings(self) -> Iterator[tuple[str, Shown]]:
        """What the service showed, by the name of its file. Raises `BrokenError`."""
        for file in sorted((self.folder / STANDINGS).glob("*.json")):
            try:
                yield file.name, read_shown(file.read_bytes())
            except (ValueError, OSError) as error:
                raise BrokenError(0, f"{STANDINGS}/{file.name}: {error}") from None

    def charters(self) -> Iterator[tuple[str, bytes]]:
        """Charters by the hash that names them; empty for what is no file."""
        for file in sorted((self.folder / CHARTERS).glob("*.json")):
            yield file.stem, file.read_bytes() if file.is_file() else b""
