"""What a request says of the answer that its client has (RFC 9110, 13.1): tags in a list, weak ones, or any, `*`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from litestar.datastructures import Headers

from service.api.problems import ApiProblem

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


class EntityTag(NamedTuple):
    """`text`: what stands in the quotes."""

    weak: bool
    text: str


def tags_in(value: str) -> Iterator[EntityTag]:
    """Those that a header names; what is no tag names none."""
    return (EntityTag(found[1] is not None, found[2]) for found in _TAG.finditer(value))


def is_known(headers: Headers, etag: str) -> bool:
    """Whether `If-None-Match` names the tag; a weak one is as good, as whoever packs answers on the way makes it."""
    value = _value(headers, "if-none-match")
    return value.strip() == "*" or any(each.text == etag for each in tags_in(value))


def require_match(headers: Headers, etag: str) -> None:
    """Raise 412 unless `If-Match`, if it is there, names the tag; a weak one never does."""
    value = _value(headers, "if-match")
    if value and value.strip() != "*" and EntityTag(weak=False, text=etag) not in tags_in(value):
        raise ApiProblem("not-that-answer", f'If-Match: the answer is "{etag}" now')


def _value(headers: Headers, name: str) -> str:
    return ", ".join(headers.getall(name, []))
