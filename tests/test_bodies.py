"""Bodies of requests: JSON that says one thing to everybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.json_text import RepeatedKey, repeated_key
from service.application.bodies import MalformedBodyError, read_json

Pairs = list[tuple[str, Any]]
keys = st.sampled_from(["a", "b", "é", 'q"', "\\", "a:"])
plain = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
values = st.recursive(plain, lambda inner: st.lists(st.tuples(keys, inner), max_size=3), max_leaves=6)


def written(value: Any, colon: str, comma: str, *, ascii_only: bool) -> str:
    """JSON in which an object may have a key twice; a list stands for an object of such pairs."""
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=ascii_only)
    pairs: Iterator[str] = (
        json.dumps(key, ensure_ascii=ascii_only) + colon + written(each, colon, comma, ascii_only=ascii_only)
        for key, each in value
    )
    return "{" + comma.join(pairs) + "}"


@given(values, st.sampled_from([":", ": "]), st.sampled_from([",", ", ", " ,\n"]), st.booleans())
@example([("a", 1), ("b", [("a", 1), ("a", 1)])], ":", ",", False)
def test_a_key_that_stands_twice_is_found_however_it_is_written(
    value: Any, colon: str, comma: str, ascii_only: bool
) -> None:
    text = written(value, colon, comma, ascii_only=ascii_only)
    assert read_json(text.encode()) == repeated_key(text)


def test_two_spellings_of_one_key_are_that_key() -> None:
    assert read_json(b'{"a":1,"\\u0061":2}') == RepeatedKey("a", "/a")


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b'"\\ud800"', b"1e999", b"[" * 5000 + b"]" * 5000])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        read_json(body)
