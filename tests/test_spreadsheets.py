"""Spreadsheets that are written: nothing in them is a formula, however they are opened, and the text is still there."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.spreadsheets.writing import Cell, write_csv, write_xlsx

BEGINS = "=+-@\t\r＝＋－＠"
text = st.text(alphabet=st.sampled_from([*BEGINS, *" ;,\"\n|'", "a", "1", "가"])) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"])
)
XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@settings(deadline=None)
@given(st.lists(st.lists(text, min_size=1, max_size=4), min_size=1, max_size=4))
@example([["x", 'y;"=1+1']])
@example([["x", "y\n=1+1"]])
@example([["＝cmd|' /C calc'!A0"]])
def test_no_cell_of_a_csv_is_a_formula_however_it_is_divided(rows: list[list[str]]) -> None:
    written = write_csv(rows).decode("utf-8-sig")
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
            for cell in row:
                assert not cell.lstrip(' "\n\r\t').startswith(tuple("=+-@＝＋－＠")), (delimiter, cell)


@settings(deadline=None)
@given(st.lists(st.lists(text, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_csv_holds_every_text_but_for_apostrophes(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(write_csv(rows).decode("utf-8-sig"), newline="")))
    assert [[cell.replace("'", "") for cell in row] for row in read] == [
        [cell.replace("'", "") for cell in row] for row in rows
    ]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(alphabet=st.sampled_from([*BEGINS, *' {}"a1'])), min_size=1, max_size=4))
@example(["http://example.org", "mailto:a@b.example", "external:book.xlsx", "{=1+1}", "007"])
def test_texts_of_a_book_are_texts(row: list[str]) -> None:
    with zipfile.ZipFile(io.BytesIO(write_xlsx([row], title="t"))) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert not any("external" in name.lower() or "link" in name.lower() for name in book.namelist())
    assert not list(sheet.iter(f"{XML}f"))
    assert all(cell.get("t") == "s" for cell in sheet.iter(f"{XML}c") if list(cell))


@pytest.mark.parametrize(
    ("number", "written"),
    [(Decimal("90.20"), ("90.20", "0.00")), (Decimal("7"), ("7", "0")), (878, ("878", "0"))],
)
def test_a_number_keeps_the_decimals_that_it_was_given_in(number: Decimal | int, written: tuple[str, str]) -> None:
    with zipfile.ZipFile(io.BytesIO(write_xlsx([["header"], [number]], title="t"))) as book:
        found = re.search(r"<v>([\d.]+)</v></c></row></sheetData>", book.read("xl/worksheets/sheet1.xml").decode())
        assert found is not None
        assert found[1] == written[0]
        assert written[1] == "0" or f'formatCode="{written[1]}"' in book.read("xl/styles.xml").decode()


def test_digits_that_a_spreadsheet_would_lose_are_text() -> None:
    with zipfile.ZipFile(io.BytesIO(write_xlsx([[Decimal("1234567890.1234567")]], title="t"))) as book:
        assert b"1234567890.1234567" in book.read("xl/sharedStrings.xml")


def test_a_small_table_as_it_is_written() -> None:
    """What Excel in Korean opens: a BOM, quotes, line ends of its own."""
    rows: list[list[Cell]] = [
        ["rank (순위)", "total (총점)", "team (팀)"],
        [1, Decimal("90.2"), "개미"],
        ["2–4", "undisclosed", '"=a'],
    ]
    assert write_csv(rows) == (
        b"\xef\xbb\xbf"
        + '"rank (순위)","total (총점)","team (팀)"\r\n"1","90.2","개미"\r\n"2–4","undisclosed","\'""=a"\r\n'.encode()
    )
