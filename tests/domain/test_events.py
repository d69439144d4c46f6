"""Event types: stable names, deterministic bytes, old versions readable for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from domain.charter_document import Charter
from domain.envelope import PrivateEnvelope
from domain.event import EVENTS, Event, UnknownEventError, decode_data, encode_data, event, upcast
from domain.rulebook import DECISIONS
from domain.standings import Standings
from tests.playing import EVERY, lines_of, play

FIXTURES = Path(__file__).parent / "vectors" / "events.json"


def test_names_and_versions_never_change() -> None:
    """Every type that was ever written stays; a new one is added to the fixture with its first bytes."""
    fixtures = msgspec.json.decode(FIXTURES.read_bytes())
    assert {(each["type"], each["version"]) for each in fixtures} >= {
        (cls.TYPE, cls.VERSION) for cls in EVENTS.values()
    }


@pytest.mark.parametrize("fixture", msgspec.json.decode(FIXTURES.read_bytes()), ids=lambda each: each["type"])
def test_every_version_ever_written_is_readable_and_the_current_one_byte_by_byte(fixture: dict[str, Any]) -> None:
    stored = fixture["data"].encode()
    found = decode_data(fixture["type"], fixture["version"], stored)
    assert fixture["type"] == found.TYPE
    if fixture["version"] == found.VERSION:
        assert encode_data(found) == stored


def structs_within(type_: Any) -> set[type[msgspec.Struct]]:
    """Every struct that a value of the type may be made of."""
    found: set[type[msgspec.Struct]] = set()

    def visit(each: Any) -> None:
        if isinstance(each, inspect.StructType):
            if each.cls in found:
                return
            found.add(each.cls)
        if isinstance(each, msgspec.Struct):
            for name in each.__struct_fields__:
                visit(getattr(each, name))
        elif isinstance(each, tuple):
            for part in each:
                visit(part)

    visit(inspect.type_info(type_))
    return found


@pytest.mark.parametrize(
    "type_", [PrivateEnvelope, Charter, Standings, *EVENTS.values()], ids=lambda each: each.__name__
)
def test_nothing_that_is_hashed_leaves_defaults_out(type_: type[msgspec.Struct]) -> None:
    """msgspec takes a value for the default only where it is the same object: bytes would tell where it came from."""
    within = structs_within(type_)
    assert type_ in within
    assert [each.__name__ for each in within if each.__struct_config__.omit_defaults] == []


@pytest.mark.parametrize("programme", EVERY)
def test_every_event_of_the_programmes_survives_the_way_through_bytes(programme: str) -> None:
    for each in play(programme, lines_of(programme)):
        assert decode_data(each.TYPE, each.VERSION, encode_data(each)) == each


def test_an_old_version_is_upcast_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 had `label`, version 2 `name`, version 3 also `rank`."""
    monkeypatch.setattr("domain.event.EVENTS", dict(EVENTS))
    monkeypatch.setattr("domain.event._UPCASTS", {})

    @event("ThingNamed", version=3)
    class ThingNamed(Event, frozen=True, kw_only=True):
        name: str
        rank: int

    upcast("ThingNamed", from_version=1)(lambda fields: {"name": fields["label"]})
    upcast("ThingNamed", from_version=2)(lambda fields: {**fields, "rank": 0})
    expected = ThingNamed(name="x", rank=0)
    assert decode_data("ThingNamed", 1, b'{"label":"x"}') == expected
    assert decode_data("ThingNamed", 2, b'{"name":"x"}') == expected
    assert decode_data("ThingNamed", 3, b'{"name":"x","rank":0}') == expected


def test_what_this_release_does_not_know_is_said() -> None:
    for type_, version in (("Nothing", 1), ("TeamEnrolled", 2), ("TeamEnrolled", 0)):
        with pytest.raises(UnknownEventError):
            decode_data(type_, version, b"{}")


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        event("TeamEnrolled")(type("Other", (Event,), {}))


def test_every_decision_says_in_one_sentence_what_it_does() -> None:
    for decision in DECISIONS.values():
        assert decision.summary.endswith(".")
        assert decision.version >= 1
