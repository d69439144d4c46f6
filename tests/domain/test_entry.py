"""The ledger entry ❄, against vectors that are checked in and an independent construction."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.boundary import Boundary, Query, QueryItem, UnscopedTagError, require_scoped, tag
from domain.entry import commitment, encode_entry
from domain.envelope import Actor, PrivateEnvelope, Provenance, decode_envelope, encode_envelope
from domain.merkle import leaf_hash

VECTORS = msgspec.json.decode((Path(__file__).parent / "vectors" / "entry.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda each: each["name"])
def test_entries_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    salt, envelope, data = (bytes.fromhex(vector[part]) for part in ("salt", "envelope", "data"))
    committed = commitment(salt, envelope, data)
    assert committed.hex() == vector["commitment"]
    entry = encode_entry(
        position=vector["position"],
        programme=vector["programme"],
        type_=vector["type"],
        version=vector["version"],
        recorded_at_us=vector["recorded_at_us"],
        commitment=committed,
    )
    assert entry.hex() == vector["entry"]
    assert leaf_hash(entry).hex() == vector["leaf"]


def test_the_format_is_the_one_that_is_documented() -> None:
    """Built here by hand, piece by piece, from the words of the module."""
    salt, envelope, data = bytes(range(16)), b"{}", b"[1]"
    committed = hashlib.sha256(salt + b"\x00\x00\x00\x02{}" + b"\x00\x00\x00\x03[1]").digest()
    by_hand = b"\x01" + (258).to_bytes(8, "big") + b"\x00\x00\x00\x01p" + b"\x00\x00\x00\x03\xea\xb0\x80"
    by_hand += (3).to_bytes(4, "big") + (-2).to_bytes(8, "big", signed=True) + committed
    entry = encode_entry(
        position=258,
        programme="p",
        type_="가",
        version=3,
        recorded_at_us=-2,
        commitment=commitment(salt, envelope, data),
    )
    assert entry == by_hand
    assert leaf_hash(entry) == hashlib.sha256(b"\x00" + by_hand).digest()


def test_bytes_cannot_be_moved_between_envelope_and_data() -> None:
    salt = bytes(16)
    assert commitment(salt, b"ab", b"c") != commitment(salt, b"a", b"bc")


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_salt_has_sixteen_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        commitment(bytes(length), b"", b"")


def test_the_envelope_s_bytes_are_those_of_the_vector() -> None:
    """Field order and encoding of the envelope are part of what is committed to."""
    envelope = PrivateEnvelope(
        event_id="0190f3a0-0000-7000-8000-000000000000",
        tags=("team:p/a",),
        data_set="rehearsal",
        decided_at="2026-01-15T03:00:00.000000Z",
        actor=Actor(agency="msit", principal="slk_0"),
        attribution="decided",
        decision_id="0190f3a0-0000-7000-8000-000000000001",
        command_type="enrol-team",
        command='{"team":"a"}',
        boundary=Boundary(Query((QueryItem(("TeamEnrolled",), ("programme:p",)),)), 7),
        rules_hash="0" * 64,
        decider="enrol-team/1",
    )
    assert encode_envelope(envelope).decode() == VECTORS["envelope"]
    assert decode_envelope(encode_envelope(envelope)) == envelope


def copied(value: Any) -> Any:
    """The same value of other objects, down to each string: nothing of it is identical to a default of the code."""
    match value:
        case str() if value:
            return bytes(value, "utf-8").decode()
        case tuple():
            return tuple(map(copied, value))
        case msgspec.Struct():
            fields = {name: copied(getattr(value, name)) for name in value.__struct_fields__}
            return type(value)(**fields)
    return value


texts = st.text(max_size=8)
actors = st.builds(Actor, agency=texts, principal=texts, party=st.sampled_from(["agency", "consortium"]))
items = st.builds(QueryItem, types=st.tuples(texts), tags=st.lists(texts, max_size=2).map(tuple))
boundaries = st.builds(
    Boundary, query=st.builds(Query, st.lists(items, max_size=2).map(tuple)), after=st.integers(0, 9)
)


def test_what_views_look_at_is_of_the_envelope_as_it_is() -> None:
    whole = {field.name: (field.type, field.default) for field in msgspec.structs.fields(PrivateEnvelope)}
    for field in msgspec.structs.fields(Provenance):
        assert whole[field.name] == (field.type, field.default)


envelopes = st.from_type(PrivateEnvelope).flatmap(
    lambda other: st.builds(msgspec.structs.replace, st.just(other), actor=actors, boundary=st.none() | boundaries)
)


@given(envelopes)
def test_an_envelope_survives_the_way_through_bytes_and_equal_ones_have_equal_bytes(envelope: PrivateEnvelope) -> None:
    """Also if their strings are equal but not identical, as those that were read from somewhere are."""
    stored = encode_envelope(envelope)
    again = decode_envelope(stored)
    assert again == envelope
    assert encode_envelope(again) == stored
    assert copied(envelope) == envelope
    assert encode_envelope(copied(envelope)) == stored


@pytest.mark.parametrize("good", ["team:p/a", "programme:p", "sheet:p/s/t/a/c/ev-0"])
def test_a_scoped_tag_names_its_programme(good: str) -> None:
    require_scoped([good], "p")
    with pytest.raises(UnscopedTagError):
        require_scoped([good], "q")


def test_tags_are_built_from_programme_and_parts() -> None:
    assert tag("team", "p", "a") == "team:p/a"
    assert tag("programme", "p") == "programme:p"


def test_a_query_matches_types_and_all_of_the_tags() -> None:
    query = Query((QueryItem(("A", "B"), ("x:p", "y:p")), QueryItem((), ("z:p",))))
    assert query.matches("A", ["x:p", "y:p", "w:p"])
    assert query.matches("C", ["z:p"])
    assert not query.matches("A", ["x:p"])
    assert not query.matches("C", ["x:p", "y:p"])
    assert Query().matches("anything", [])
