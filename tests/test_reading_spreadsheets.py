"""Spreadsheets that are read: what is no sheet is a clear problem, and costs no memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sheet_checks import Unread
from service.spreadsheets.limits import SpreadsheetError
from service.spreadsheets.reading import read_rows
from service.spreadsheets.writing import write_csv, write_xlsx

NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
WORKBOOK = {"xl/workbook.xml": f"<workbook {NAMESPACE}/>"}


def rows(content: bytes, encoding: str = "utf-8") -> list[tuple[int, list[str | Unread]]]:
    return [(number, list(cells)) for number, cells in read_rows(io.BytesIO(content), encoding)]


def packed(parts: dict[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", compression) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return output.getvalue()


def book(data: str, **parts: str | bytes) -> bytes:
    sheet = f"<worksheet {NAMESPACE}><sheetData>{data}</sheetData></worksheet>"
    return packed({**WORKBOOK, "xl/worksheets/sheet1.xml": sheet, **parts})


def cell(text: str, place: str = "A1") -> str:
    return f'<row r="1"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


@pytest.mark.parametrize("write", [write_csv, partial(write_xlsx, title="t")])
def test_what_is_written_is_read(write: Callable[[Iterable[list[str]]], bytes]) -> None:
    written = [["stage", "team"], ["heat", "개미 (ant)"], ["", "7.5"], ["heat", ""]]
    read = rows(write(written))
    assert [(number, [*cells, ""][:2]) for number, cells in read if number < 5] == list(enumerate(written, start=1))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.text(alphabet="aZ9가.-_&<>\" '", max_size=9), min_size=2, max_size=4), min_size=1, max_size=4)
)
def test_texts_of_a_book_are_read_as_they_are(written: list[list[str]]) -> None:
    read = rows(write_xlsx(written, title="t"))
    assert {(number, i): text for number, cells in read for i, text in enumerate(cells) if text} == {
        (number, i): text for number, cells in enumerate(written, start=1) for i, text in enumerate(cells) if text
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [("8.4000000000000004", "8.4"), ("7", "7"), ("1E1", "10"), ("0.5", "0.5"), ("1e999", "inf"), ("", "")],
)
def test_a_number_is_its_shortest_decimal(written: str, read: str) -> None:
    assert rows(book(f'<row r="1"><c r="A1"><v>{written}</v></c></row>')) == [(1, [read])]


@pytest.mark.parametrize(
    "inner",
    ['<c r="B1"><f>1+1</f><v>2</v></c>', '<c r="B1" t="str"><f>A1</f><v>x</v></c>', '<c r="B1" t="e"><v>#REF!</v></c>'],
)
def test_a_formula_or_an_error_is_not_read_and_its_cell_named(inner: str) -> None:
    ((_number, cells),) = rows(book(f'<row r="1">{inner}</row>'))
    assert cells[0] == ""
    assert isinstance(cells[1], Unread)
    assert "cell B1" in cells[1].detail


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
FAULTY: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (lambda: packed({**WORKBOOK, "xl/worksheets/sheet1.xml": "<x>" + " " * 60_000_000}), "would unpack to"),
    "large": (lambda: packed({**WORKBOOK, "xl/worksheets/sheet1.xml": "<x>" + " " * 65_000_000}), "would unpack to"),
    "entities": (lambda: packed({**WORKBOOK, "xl/worksheets/sheet1.xml": DOCTYPE + "<x>&b;</x>"}), "declares entities"),
    "links": (lambda: book("", **{"xl/externalLinks/externalLink1.xml": "<x/>"}), "links to other books"),
    "two sheets": (lambda: book("", **{"xl/worksheets/sheet2.xml": "<x/>"}), "2 sheets"),
    "deep": (lambda: book("<a>" * 10_000), "levels deep"),
    "no book": (lambda: packed({"a": "b"}), "no XLSX"),
    "cut": (lambda: book(cell("a"))[:-30], "cut off"),
    "far column": (lambda: book(cell("a", "XFD1")), "more than 64 columns"),
    "far row": (lambda: book('<row r="1048576"/>'), "100,000 rows"),
    "many parts": (lambda: packed({**WORKBOOK, **{f"a{i}": "" for i in range(1_001)}}), "parts"),
    "more parts": (lambda: packed({**WORKBOOK, **{f"a{i}": "" for i in range(12_000)}}), "parts"),
    "packed otherwise": (
        lambda: packed({**WORKBOOK, "xl/worksheets/sheet1.xml": "<x/>"}, compression=zipfile.ZIP_LZMA),
        "packed in a way",
    ),
    "long tag": (lambda: book(f'<row a="{"a" * 2_000_000}"/>' * 2), "more than"),
    "long text": (lambda: book(cell("a" * 5_000)), "4,000 characters"),
    "no text there": (lambda: book('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "a text that is not there"),
    "no XML": (lambda: book("<row>"), "is no XML"),
    "disordered": (lambda: book('<row r="2"/><row r="1"/>'), "not in order"),
    "old": (lambda: b"\xd0\xcf\x11\xe0" + bytes(100), "old kind"),
    "million columns": (lambda: b"a," * 1_000_000, "no row of a sheet"),
    "many columns": (lambda: b"a," * 100, "more than 64 columns"),
    "line break": (lambda: b'"a\nb",c', "no line break"),
    "long cell": (lambda: b"a" * 5_000, "4,000 characters"),
    "UTF-16": (lambda: "stage".encode("utf-16"), "UTF-16"),
    "CP949": (lambda: "팀".encode("cp949"), "--encoding cp949"),
    "many rows": (lambda: b"a\n" * 100_002, "100,000 rows"),
    "line breaks": (lambda: b"\n" * 20_000_000, "100,000 rows"),
    "much": (lambda: b"a" * 32_000_001, "32 MB"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_no_sheet_is_a_clear_problem_and_costs_no_memory(name: str) -> None:
    make, says = FAULTY[name]
    content = make()
    file = io.BytesIO(content)
    tracemalloc.start()
    try:
        with pytest.raises(SpreadsheetError, match=says):
            for _ in read_rows(file):
                pass
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * len(content) + 8_000_000


def test_a_file_in_cp949_is_read_if_asked_for() -> None:
    assert rows("팀,이름".encode("cp949"), "cp949") == [(1, ["팀", "이름"])]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert rows(b"\xef\xbb\xbfstage\r\n")[0] == (1, ["stage"])


@settings(deadline=None)
@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_rows_or_a_problem(content: bytes) -> None:
    with suppress(SpreadsheetError):
        rows(content)


@settings(deadline=None)
@given(st.data())
def test_a_book_with_a_byte_changed_is_rows_or_a_problem(data: st.DataObject) -> None:
    content = bytearray(book(cell("a")))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(SpreadsheetError):
        rows(bytes(content))
