"""What the pages cost: bytes and requests of the standings page, and how long each main page takes on the server.

On the whole service as `make run` starts it, with the rehearsal played in, asked by one connection. `made`: the page is
made from the views, since nobody asked for this spelling of its address before; otherwise it is remembered, as it is
while nothing is recorded. `304`: the reader has it already. Beside all of them, in turn, a page without a figure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from ops.bench.http_load import Load, send
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rounds, rows_of
from ops.bench.service import run_service
from ops.bench.setting import Setting
from service.cli.demonstration import ensure_keys
from service.cli.play import play_lines
from service.cli.programme_files import read_decisions
from service.settings import Settings

PLAYED: Final = Path(__file__).parent.parent / "programmes" / "independent-ai-foundation-model-rehearsal"
REQUESTS: Final = 40
"""Of a turn."""
ROUNDS: Final = 3
MEASURE: Final = "pages"
TRIVIAL: Final = "a page without a figure"
PAGES: Final = {
    "programmes": "/ko/",
    "programme": f"/ko/{PLAYED.name}",
    "standings": f"/ko/{PLAYED.name}/standings",
    "timeline": f"/ko/{PLAYED.name}/timeline",
    "charter": f"/ko/{PLAYED.name}/charter",
    "team": f"/ko/{PLAYED.name}/teams/naver-cloud",
    TRIVIAL: "/ko/catalogue/problems/not-found",
}
STANDINGS: Final = "standings"


def spellings(path: str, name: str, value: str) -> Iterator[str]:
    """The same address with one parameter, each time spelt another way: what is remembered goes by the spelling."""
    for escaped in itertools.product([False, True], repeat=len(value)):
        text = "".join(f"%{ord(each):02X}" if as_code else each for each, as_code in zip(value, escaped, strict=True))
        yield f"{path}?{name}={text}"


def loaded_with(page: str) -> set[str]:
    """Addresses of style and scripts that a browser needs to show a page, fonts and icon aside."""
    return set(re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)) | set(
        re.findall(r'<script[^>]* src="([^"]+)"', page)
    )


class _Reader:
    """Somebody who reads pages, again and again."""

    def __init__(self, settings: Settings, client: httpx.Client) -> None:
        self._at = urlsplit(settings.address)
        self._client = client
        self._unread = spellings(PAGES[STANDINGS], "stage", "stage-1")
        self.latencies: dict[Case, list[float]] = {}

    def etag(self, path: str) -> str:
        """Raises `NotMeasuredError` unless the page says how it may be kept, and is not sent to whoever has it."""
        shown = self._client.get(path, headers={"Accept-Encoding": "identity"}).raise_for_status()
        etag, kept = shown.headers["ETag"], shown.headers["Cache-Control"]
        again = self._client.get(path, headers={"Accept-Encoding": "identity", "If-None-Match": etag})
        if again.status_code != 304 or again.content or "no-cache" not in kept:
            raise NotMeasuredError(f"{path}: {again.status_code} to whoever has {etag}; {kept}")
        return str(etag)

    def sizes(self) -> dict[Case, list[float]]:
        """Of the standings page with what it needs: bytes as they are sent, and before they are compressed."""
        page = self._client.get(PAGES[STANDINGS], headers={"Accept-Encoding": "gzip"})
        addresses = [PAGES[STANDINGS], *sorted(loaded_with(page.text))]
        found: dict[str, list[float]] = {}
        for coding in ("gzip", "identity"):
            found[coding] = [self._bytes(each, coding) for each in addresses]
        return {
            Case("standings, sent"): [sum(found["gzip"])],
            Case("standings, not compressed"): [sum(found["identity"])],
            Case("standings, the page alone, sent"): [found["gzip"][0]],
            Case("standings, the page alone, not compressed"): [found["identity"][0]],
        }

    def requests(self) -> int:
        """Of the standings page, fonts and icon aside."""
        return 1 + len(loaded_with(self._client.get(PAGES[STANDINGS]).text))

    def ask(self, case: Case, paths: Sequence[str], status: int = 200, **headers: str) -> float:
        """Ask for each, and how many a second were answered."""
        requests = [self._request(each, **headers) for each in paths]
        report = send(Load(self._at.hostname or "", self._at.port or 0, 1, status, requests))
        for percent in (50, 95):
            of = case._replace(system=f"{case.system}, p{percent}")
            self.latencies.setdefault(of, []).append(1000 * percentile(report.latencies, percent))
        return len(paths) / report.seconds

    def ask_anew(self, case: Case, number: int) -> float:
        """Ask for the standings under addresses that nobody asked for before."""
        return self.ask(case, list(itertools.islice(self._unread, number)))

    def _request(self, path: str, **headers: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, f"Host: {self._at.netloc}", "", ""]).encode()

    def _bytes(self, path: str, coding: str) -> float:
        with self._client.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
            return float(sum(len(each) for each in answer.iter_raw()))


def measure(setting: Setting) -> list[Row]:
    """Rows for bytes and requests, for p50 and p95 of each page, and for pages a second."""
    number = setting.events(REQUESTS) or 1
    times = setting.rounds(ROUNDS)
    figures: list[Row] = []

    def work(settings: Settings) -> None:
        with httpx.Client(base_url=settings.address, trust_env=False, timeout=60) as client:
            lines = list(read_decisions(PLAYED))
            played = play_lines(client, PLAYED.name, lines, ensure_keys(settings, lines))
            shown = client.get(f"/v1/programmes/{PLAYED.name}/standings", params={"min_position": played.position})
            shown.raise_for_status()
            reader = _Reader(settings, client)
            turns = {}
            etags = {name: reader.etag(path) for name, path in PAGES.items()}
            for name, path in PAGES.items():
                turns[Case(name)] = partial(reader.ask, Case(name), [path] * number)
            made, known = Case(f"{STANDINGS}, made"), Case(f"{STANDINGS}, 304")
            turns[made] = partial(reader.ask_anew, made, number)
            has = {"If-None-Match": etags[STANDINGS]}
            turns[known] = partial(reader.ask, known, [PAGES[STANDINGS]] * number, 304, **has)
            rates = rounds(turns, times)
            figures.extend(
                [
                    *rows_of(Figures(reader.sizes()), f"{MEASURE}, size", "bytes"),
                    *rows_of(Figures({Case(STANDINGS): [reader.requests()]}), f"{MEASURE}, requests", "requests"),
                    *rows_of(Figures(reader.latencies), f"{MEASURE}, latency", "ms", reference=_beside),
                    *rows_of(rates, f"{MEASURE} a second", "1/s", reference=lambda _case: Case(TRIVIAL)),
                ]
            )

    with setting.server() as server, setting.folder() as home:
        run_service(server.database("pages"), home, work)
    return figures


def _beside(case: Case) -> Case:
    return Case(f"{TRIVIAL}, {case.system.rpartition(', ')[2]}")
