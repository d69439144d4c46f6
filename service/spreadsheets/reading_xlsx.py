"""Reading XLSX, cell by cell as it is unpacked: nothing is run, followed or held that a sheet of texts needs not."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from domain.sheet_checks import Read, Unread
from service.spreadsheets.limits import (
    CELL_CHARACTERS,
    COLUMNS,
    ROWS,
    SpreadsheetError,
    too_many_columns,
    too_many_rows,
)

MAGIC: Final = b"PK\x03\x04"
PART_BYTES: Final = 64_000_000
"""Unpacked, of one part that is read."""
RATIO: Final = 200
"""So many times its packed size a part may be, beyond the first megabyte."""
PARTS: Final = 1_000
TEXTS: Final = 1_000_000
TEXT_CHARACTERS: Final = 16_000_000
DIRECTORY_BYTES: Final = 1_000_000
TAG_BYTES: Final = 1_000_000
DEPTH: Final = 32
_CHUNK: Final = 1 << 16
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LARGE: Final = b"PK\x06\x07"
_PLACE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)

Attributes = dict[str, str]


def read_xlsx(content: bytes) -> Iterator[Read]:
    """The rows of the one sheet of a book. A formula or an error is `Unread`. Raises `SpreadsheetError`."""
    _require_small_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = _names(book)
            sheets = [name for name in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
            if len(sheets) != 1:
                raise SpreadsheetError(f"the book has {len(sheets)} sheets: keep the one to import")
            texts = _Texts()
            if "xl/sharedStrings.xml" in names:
                for _ in _parsed(book, "xl/sharedStrings.xml", texts):
                    pass
            yield from _parsed(book, sheets[0], _Sheet(texts.found))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError) as error:
        raise SpreadsheetError(f"the book cannot be unpacked ({error})") from None


def _require_small_directory(content: bytes) -> None:
    """The list of parts is held whole, before anything can be asked of it."""
    end = content.rfind(_END, -(_END_BYTES + (1 << 16)))
    if end < 0 or len(content) - end < _END_BYTES:
        raise SpreadsheetError("the book is cut off")
    size, _offset = struct.unpack_from("<LL", content, end + 12)
    if size > DIRECTORY_BYTES or content[max(end - 20, 0) : end].startswith(_LARGE):
        raise SpreadsheetError("the book has more parts than one of a sheet has")


def _names(book: zipfile.ZipFile) -> set[str]:
    parts = book.infolist()
    if len(parts) > PARTS:
        raise SpreadsheetError(f"the book has {len(parts):,} parts, more than {PARTS:,}")
    names = {each.filename for each in parts}
    if "xl/workbook.xml" not in names:
        raise SpreadsheetError("the file is no XLSX book")
    if len(names) != len(parts):
        raise SpreadsheetError("a part of the book is there twice")
    if any(name.startswith("xl/externalLinks/") for name in names):
        raise SpreadsheetError("the book has links to other books: save it with values in their place")
    return names


def _parsed(book: zipfile.ZipFile, name: str, handler: _Texts | _Sheet) -> Iterator[Read]:
    """What comes of a part, while it is unpacked."""
    part = book.getinfo(name)
    if part.flag_bits & 1:
        raise SpreadsheetError("the book is locked by a password")
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SpreadsheetError(f"{name} is packed in a way that books are not")
    if part.file_size > PART_BYTES or part.file_size > 1_000_000 + RATIO * part.compress_size:
        raise SpreadsheetError(f"{name} would unpack to {part.file_size:,} bytes, more than a sheet of scores has")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype
    depth = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise SpreadsheetError(f"{part.filename} is nested more than {DEPTH} levels deep")
        handler.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition(" ")[2])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    read = 0
    try:
        with book.open(part) as opened:
            while chunk := opened.read(_CHUNK):
                parser.Parse(chunk, False)
                read += len(chunk)
                if read - parser.CurrentByteIndex > TAG_BYTES:
                    raise SpreadsheetError(f"{name} has a tag of more than {TAG_BYTES:,} bytes")
                yield from handler.taken()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise SpreadsheetError(f"{name} is no XML: {error}") from None
    yield from handler.taken()


def _no_doctype(*_declared: object) -> None:
    raise SpreadsheetError("the book declares entities, which no sheet needs")


class _Texts:
    """The texts that cells refer to, of any formatting."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._in_text = self._aloud = False
        self._size = 0

    def start(self, name: str, _attributes: Attributes) -> None:
        match name:
            case "si":
                self._pieces = []
            case "t":
                self._in_text = True
            case "rPh":
                self._aloud = True
            case _:
                pass

    def end(self, name: str) -> None:
        match name:
            case "si":
                if len(self.found) == TEXTS:
                    raise SpreadsheetError(f"more than {TEXTS:,} different texts")
                self.found.append("".join(self._pieces))
            case "t":
                self._in_text = False
            case "rPh":
                self._aloud = False
            case _:
                pass

    def text(self, data: str) -> None:
        if self._in_text and not self._aloud:
            self._size += len(data)
            if self._size > TEXT_CHARACTERS:
                raise SpreadsheetError(f"more than {TEXT_CHARACTERS:,} characters of text")
            self._pieces.append(data)

    def taken(self) -> Iterator[Read]:
        return iter(())


class _Sheet:
    """Rows, as they are complete. `texts`: those that cells refer to."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._rows: list[Read] = []
        self._row = 0
        self._cells: list[str | Unread] = []
        self._kind = "n"
        self._place = ""
        self._formula = False
        self._pieces: list[str] | None = None
        self._value = ""

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "row":
                self._begin_row(attributes.get("r"))
            case "c":
                self._begin_cell(attributes)
            case "f":
                self._formula = True
            case "v" | "t":
                self._pieces = []
            case _:
                pass

    def end(self, name: str) -> None:
        match name:
            case "row":
                self._rows.append((self._row, self._cells))
            case "c":
                self._cells.append(self._cell())
            case "v" | "t":
                self._value += "".join(self._pieces or ())
                self._pieces = None
            case _:
                pass

    def text(self, data: str) -> None:
        if self._pieces is not None:
            self._pieces.append(data)
            if len(self._value) + sum(map(len, self._pieces)) > CELL_CHARACTERS:
                raise SpreadsheetError(f"cell {self._place}: more than {CELL_CHARACTERS:,} characters")

    def taken(self) -> Iterator[Read]:
        rows, self._rows = self._rows, []
        return iter(rows)

    def _begin_row(self, number: str | None) -> None:
        row = self._row + 1 if number is None else int(number) if number.isdecimal() and len(number) < 8 else 0
        if row <= self._row:
            raise SpreadsheetError(f"row {self._row}: the rows are not in order")
        if row > ROWS:
            raise too_many_rows()
        self._row, self._cells = row, []

    def _begin_cell(self, attributes: Attributes) -> None:
        self._kind, self._formula, self._value = attributes.get("t", "n"), False, ""
        place = _PLACE.fullmatch(attributes.get("r", ""))
        column = len(self._cells) if place is None else _column(place[1])
        if column >= COLUMNS:
            raise too_many_columns(self._row)
        if column < len(self._cells):
            raise SpreadsheetError(f"row {self._row}: the cells are not in order")
        self._place = attributes.get("r", f"{column + 1} of row {self._row}")[:20]
        self._cells += [""] * (column - len(self._cells))

    def _cell(self) -> str | Unread:
        if self._formula:
            return Unread(f"cell {self._place} holds a formula: put its value in its place")
        match self._kind:
            case "s":
                if not (self._value.isdecimal() and len(self._value) < 8 and int(self._value) < len(self._texts)):
                    raise SpreadsheetError(f"cell {self._place}: refers to a text that is not there")
                found = self._texts[int(self._value)]
                return found if len(found) <= CELL_CHARACTERS else Unread(f"cell {self._place} holds too long a text")
            case "inlineStr" | "str":
                return self._value
            case "n":
                return _number(self._value, self._place)
            case _:
                return Unread(f"cell {self._place} holds no text or number")


def _column(letters: str) -> int:
    """`A` → 0."""
    found = 0
    for letter in letters:
        found = 26 * found + ord(letter) - ord("A") + 1
    return found - 1


def _number(text: str, place: str) -> str | Unread:
    """The shortest decimal of the binary number that a spreadsheet keeps: 8.4, where it says 8.4000000000000004."""
    if not text:
        return ""
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return Unread(f"cell {place} holds no number: {text[:40]!r}")
    found = repr(float(text))
    return found.removesuffix(".0")
