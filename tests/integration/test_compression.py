"""Answers in gzip."""

from __future__ import annotations

import gzip

import pytest

from service.api.compression import takes_gzip
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
