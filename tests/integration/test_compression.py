"""Answers in gzip."""

from __future__ import annotations

import gzip

import pytest

from service.api.compression import takes_gzip
from service.api.openapi import document
from tests.integration.conftest import Running
from tests.playing import REHEARSAL

STANDINGS = f"/v1/programmes/{REHEARSAL}/standings"


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=x", False),
        ("identity", False),
        ("", False),
        ("x-gzip-like", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


def test_the_same_answer_in_fewer_bytes_with_an_etag_of_its_own(played: Running) -> None:
    plain = played.client.get(STANDINGS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with played.client.stream("GET", STANDINGS, headers={"Accept-Encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(sent) < len(plain.content) / 3
    assert gzip.decompress(sent) == plain.content
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["etag"] != plain.headers["etag"]
    for etag, coding in ((answer.headers["etag"], "gzip"), (plain.headers["etag"], "identity")):
        again = played.client.get(STANDINGS, headers={"Accept-Encoding": coding, "If-None-Match": etag})
        assert (again.status_code, again.headers["etag"]) == (304, etag)
    mixed = played.client.get(
        STANDINGS, headers={"Accept-Encoding": "identity", "If-None-Match": answer.headers["etag"]}
    )
    assert mixed.status_code == 200


def test_a_short_answer_is_left_as_it_is(played: Running) -> None:
    answer = played.client.get("/v1/ledger/events?limit=1&after=1", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_a_body_is_taken_in_no_coding_anywhere(played: Running) -> None:
    head = played.head()
    posts = [path for path, methods in document()["paths"].items() if "post" in methods]
    assert len(posts) > 60
    for path in posts:
        body = gzip.compress(b"{}")
        answer = played.client.post(path, content=body, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/content-coded"), path
        assert answer.headers["accept-encoding"] == "identity"
    for coding in ("br", "x-gzip", "identity, gzip", "GZIP"):
        assert played.client.post(posts[0], headers={"Content-Encoding": coding}).status_code == 415
    assert played.client.post(posts[0], headers={"Content-Encoding": "Identity"}).status_code != 415
    assert played.head() == head


def test_a_request_is_for_one_host(played: Running) -> None:
    answer = played.client.get("/health/live", headers=[("Host", "one"), ("Host", "two")])
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-parameter")
