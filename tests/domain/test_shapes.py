"""What the stand-alone verifier takes an event, a command, a charter or an envelope for is what this project does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from api_specs.standalone import STANDALONE as FILE
from api_specs.standalone import with_rulebook
from domain.boundary import Boundary, Query, QueryItem
from domain.charter_document import Charter, parse
from domain.envelope import Actor, PrivateEnvelope, decode_envelope, encode_envelope
from domain.event import UnknownEventError, decode_data
from domain.rulebook import DECISIONS
from service.api.openapi_examples import BODIES
from tests.domain import charters
from tests.domain.test_events import FIXTURES
from tests.domain.verified import STANDALONE

VALUES: tuple[Any, ...] = (None, 5, True, 1.5, "", "x", "X\n", "a" * 4001, "a" * 65, [], [5], ["x"], {}, {"x": "y"})
WRITTEN = ("", "null", "[]", "{", "NaN", '{"x":NaN}', '"\\ud800"', "[" * 100_000, "﻿{}")
ENVELOPE = PrivateEnvelope(
    event_id="e",
    tags=("t",),
    data_set="live",
    decided_at="2026-01-01T00:00:00Z",
    actor=Actor("owner", "key"),
    attribution="decided",
    boundary=Boundary(Query((QueryItem(("ScoreSubmitted",), ("t",)),)), 7),
)


def places(value: Any, *at: Any) -> Iterator[tuple[Any, ...]]:
    """Every place within; of a list that of the first only, of two languages one."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, each in ((name, each) for name, each in items if name != "ko"):
        yield (*at, name)
        yield from places(each, *at, name)


def mutated(said: dict[str, Any], values: Sequence[Any]) -> Iterator[str]:
    """What it says, and otherwise: any of the values in the place of anything, without it, and with more."""
    yield json.dumps(said)
    yield json.dumps({**said, "more": 1})
    for *within, name in list(places(said)):
        inside: Any = said
        for each in within:
            inside = inside[each]
        before = inside[name]
        for value in values:
            inside[name] = value
            yield json.dumps(said)
        if isinstance(inside, dict):
            del inside[name]
            yield json.dumps(said)
            inside["more"] = before
            yield json.dumps(said)
            del inside["more"]
        inside[name] = before


def read(reader: Callable[[str], Any], text: str) -> Any:
    """What it reads; `None` for what it cannot."""
    try:
        return reader(text)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return None


def as_json(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def require_same(
    said: dict[str, Any], ours: Callable[[str], Any], theirs: Callable[[str], Any], values: Sequence[Any] = VALUES
) -> None:
    taken = 0
    for text in (*mutated(said, values), *WRITTEN):
        one, two = read(ours, text), read(theirs, text)
        assert (one is None) == (two is None), (text[:500], one, two)
        taken += one is not None
    assert taken > 0


def test_the_tables_are_those_of_the_rulebook() -> None:
    source = FILE.read_text(encoding="utf-8")
    assert with_rulebook(source) == source, "make specs"


@pytest.mark.parametrize(
    "fixture", json.loads(FIXTURES.read_bytes()), ids=lambda each: f"{each['type']}-{each['version']}"
)
def test_an_event_is_one_for_both(fixture: dict[str, Any]) -> None:
    """With what it leaves out; and decisions find it by the same tags."""
    type_, version = fixture["type"], fixture["version"]

    def ours(text: str) -> Any:
        return decode_data(type_, version, text.encode())

    def theirs(text: str) -> Any:
        return STANDALONE.read_event({"type": type_, "version": version, "data": text})

    require_same(json.loads(fixture["data"]), ours, theirs)
    event, apart = ours(fixture["data"]), theirs(fixture["data"])
    assert apart == as_json(event)
    assert tuple(STANDALONE.tags_of(type_, apart, "p")) == event.tags("p")
    for unknown in (0, 3):
        with pytest.raises(UnknownEventError):
            decode_data(type_, unknown, fixture["data"].encode())
        with pytest.raises(ValueError, match="not known here"):
            STANDALONE.read_event({"type": type_, "version": unknown, "data": fixture["data"]})


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_command_is_one_for_both(decision: str) -> None:
    said = json.loads(BODIES.read_bytes())[decision]["body"]
    command = DECISIONS[decision].command
    require_same(
        {**said, "charter": {}} if "charter" in said else said,
        lambda text: msgspec.json.decode(text.encode(), type=command),
        lambda text: STANDALONE.read_said(decision, text),
    )


def test_an_envelope_is_one_for_both() -> None:
    text = encode_envelope(ENVELOPE).decode()

    def theirs(text: str) -> Any:
        return STANDALONE.read_whole("Envelope", text)

    require_same(json.loads(text), lambda text: decode_envelope(text.encode()), theirs)
    least = json.dumps({name: each for name, each in json.loads(text).items() if each is not None})
    assert theirs(least) == as_json(decode_envelope(least.encode()))


def test_a_charter_is_one_for_both() -> None:
    said = charters.document()
    require_same(
        said, lambda text: parse.__wrapped__(text.encode()), lambda text: STANDALONE.read_said("Charter", text)
    )
    assert isinstance(parse(json.dumps(said).encode()), Charter)
