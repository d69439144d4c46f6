"""Standings, grants and audit trail as CSV and XLSX: the same as in JSON, labelled, and under the same embargo."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from service.cli import main
from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

VIEWS = ("standings", "grants", "audit-trail")


def ask(
    played: Running, view: str, programme: str = REHEARSAL, *, by: str | None = None, **parameters: Any
) -> httpx.Response:
    headers = {} if by is None else {"Authorization": f"Bearer {by}"}
    found = played.client.get(f"/v1/programmes/{programme}/{view}", params=parameters, headers=headers)
    assert found.status_code == 200, found.text
    return found


def rows(content: bytes) -> list[dict[str, str]]:
    """By the columns' English names."""
    assert content.startswith(b"\xef\xbb\xbf")
    read = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return [{name.split(" (")[0]: cell for name, cell in row.items()} for row in read]


def test_standings_are_labelled_and_show_what_is_not_known_as_such(played: Running) -> None:
    found = ask(played, "standings", PUBLIC_RECORD, format="csv")
    said = ask(played, "standings", PUBLIC_RECORD).json()
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"] == (
        f'attachment; filename="standings_{PUBLIC_RECORD}_stage-1_public-record_at-{said["position"]}_'
        f'{said["digest"][:12]}.csv"'
    )
    assert "총점" in found.content.decode().splitlines()[0]
    table = rows(found.content)
    assert {(row["data_set"], row["digest"], row["position"]) for row in table} == {
        ("public-record", said["digest"], str(said["position"]))
    }
    by_team = {row["team"]: row for row in table}
    assert (by_team["lg-ai-research"]["total"], by_team["lg-ai-research"]["rank"]) == ("90.2", "1")
    assert (by_team["naver-cloud"]["total"], by_team["naver-cloud"]["rank"]) == ("20.15–90.2", "2–4")
    assert by_team["nc-ai"]["name_ko"] == said["rows"][-1]["names"]["ko"]


def test_numbers_of_a_book_are_numbers(played: Running) -> None:
    found = ask(played, "standings", format="xlsx", as_of_position=878)
    with zipfile.ZipFile(io.BytesIO(found.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert re.search(r'<c r="[A-Z]+2" s="\d+"><v>90\.2</v></c>', sheet)
    assert 'formatCode="0.0"' in styles
    assert "<f>" not in sheet


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_a_file_is_the_same_bytes_until_something_changes(played: Running, view: str, format_: str) -> None:
    one, other = (ask(played, view, format=format_) for _ in range(2))
    assert one.content == other.content
    assert one.headers["etag"] == other.headers["etag"] != ask(played, view).headers["etag"]
    again = played.client.get(one.request.url.raw_path.decode(), headers={"If-None-Match": one.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("view", ["grants", "audit-trail"])
def test_the_digest_is_that_of_the_json(played: Running, view: str) -> None:
    table = rows(ask(played, view, format="csv").content)
    assert {row["digest"] for row in table} == {hashlib.sha256(ask(played, view).content).hexdigest()}


def test_grants_are_a_row_each(played: Running) -> None:
    table = rows(ask(played, "grants", format="csv").content)
    said = ask(played, "grants").json()["resources"]
    assert [row["grant"] for row in table if row["grant"]] == [
        each["grant"] for resource in said for each in resource["grants"]
    ]
    assert {row["data_set"] for row in table} == {"rehearsal"}


def test_a_page_of_the_trail_says_up_to_where_it_goes(played: Running) -> None:
    page = ask(played, "audit-trail", format="csv", limit=3, after=2)
    entries = ask(played, "audit-trail", limit=3, after=2).json()["entries"]
    shown = [(int(row["entry"]), int(row["position"])) for row in rows(page.content)]
    assert shown == [(each["position"], entries[-1]["position"]) for each in entries]
    assert "format=csv" in page.headers["link"]


@pytest.mark.parametrize("reader", ["public", "consortium", "auditor"])
def test_what_is_withheld_in_json_is_in_no_file(played: Running, reader: str) -> None:
    keys = {"consortium": played.keys.consortiums["nc-ai"], "auditor": played.keys.auditor}
    by = keys.get(reader)
    entries = ask(played, "audit-trail", by=by, limit=1000).json()["entries"]
    table = rows(ask(played, "audit-trail", by=by, limit=1000, format="csv").content)
    assert [(int(row["entry"]), row["withheld"] or None) for row in table] == [
        (each["position"], each.get("withheld")) for each in entries
    ]
    assert all(not row["data"] and not row["says_ko"] and not row["agency"] for row in table if row["withheld"])
    assert (reader == "auditor") == (not any(row["withheld"] for row in table))


def test_under_embargo_standings_are_counts(played: Running) -> None:
    table = rows(ask(played, "standings", format="csv", as_of_position=100).content)
    said = ask(played, "standings", as_of_position=100).json()
    assert {row["event"]: int(row["count"]) for row in table} == said["events"]
    assert {row["embargo"] for row in table} == {said["embargo"]}
    assert "total" not in table[0]


@pytest.mark.parametrize("view", VIEWS)
def test_the_command_writes_a_file_that_says_what_it_is(
    played: Running, address: str, tmp_path: Path, view: str
) -> None:
    for format_ in ("csv", "xlsx", "json"):
        arguments = ["export-view", REHEARSAL, view, "--format", format_, "--to", str(tmp_path), "--url", address]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        file = Path(done.output.strip())
        assert re.fullmatch(rf"{view}_{REHEARSAL}_.*rehearsal_at-\d+_[0-9a-f]{{12}}\.{format_}", file.name)
        if format_ == "json":
            said = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
            assert (said["file"], said["view"], said["programme"]) == (str(file), view, REHEARSAL)
            assert json.loads(file.read_bytes())["data_set"] == said["data_set"] == "rehearsal"
            assert f"at-{said['position']}_{said['digest'][:12]}" in file.name
        if view != "audit-trail":
            assert file.read_bytes() == ask(played, view, format=format_).content
        elif format_ == "csv":
            assert [int(row["entry"]) for row in rows(file.read_bytes())] == every_entry(played)


def every_entry(played: Running) -> list[int]:
    found: list[int] = []
    while page := ask(played, "audit-trail", limit=1000, after=found[-1] if found else 0).json()["entries"]:
        found += [each["position"] for each in page]
    return found


def test_another_format_is_refused(played: Running) -> None:
    found = played.client.get(f"/v1/programmes/{REHEARSAL}/standings?format=pdf")
    assert (found.status_code, found.json()["errors"][0]["pointer"]) == (400, "/format")
