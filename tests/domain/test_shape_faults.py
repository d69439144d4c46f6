"""The shape of a command: every field that does not fit is listed, by its place, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st
from msgspec import inspect

from domain.charter_document import Charter
from domain.rulebook import DECISIONS
from domain.shape_faults import LISTED, misshapen, shape_faults
from tests.domain.bodies import BODIES
from tests.domain.faulty import ANY, put_anything_anywhere
from tests.domain.lives import LIVES

_STEPS = {step.decision: step.body for life in LIVES.values() for step in life}
_PROPOSE = {"decision": "open-stage", "command": {"stage": "heat"}}
_SENT: dict[str, st.SearchStrategy[dict[str, Any]]] = {"propose": st.just(_PROPOSE)}
_SENT |= {decision: st.just(body) for decision, body in _STEPS.items()} | BODIES
_SENT |= dict.fromkeys(("publish-charter", "amend-charter"), st.just({"charter": {"owner": "owner"}}))


def _wordless(expected: Any, place: str, described: bool = False) -> Iterator[str]:
    """The places of constrained texts that do not say in words what they expect."""
    match expected:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            yield from _wordless(inner, place, "description" in (schema or {}))
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from _wordless(field.type, f"{place}/{field.encode_name}")
        case inspect.StrType(min_length=None, max_length=None, pattern=None):
            return
        case inspect.Type() if described or not expected.__struct_fields__:
            return
        case inspect.StrType():
            yield place
        case inspect.Type():
            for part in msgspec.structs.astuple(expected):
                for each in part if isinstance(part, tuple) else (part,):
                    yield from _wordless(each, place)


@pytest.mark.parametrize("type_", [*(each.command for each in DECISIONS.values()), Charter])
def test_whatever_is_constrained_says_in_words_what_it_expects(type_: type) -> None:
    assert list(_wordless(inspect.type_info(type_), type_.__name__)) == []


def test_every_misshapen_field_is_listed() -> None:
    body = {"stage": "heat", "team": "LG AI", "criterion": "/", "points": True, "charm": "1", "item": ["x"]}
    refusal = misshapen(body, DECISIONS["submit-score"].command, of="submit-score")
    assert {each.pointer: each.detail for each in refusal.errors} == {
        "/charm": "is no field that is known here",
        "/team": "'LG AI' is not a name of 1 to 64 lower-case letters, digits, dots and hyphens",
        "/criterion": "'/' is not total, an assessment, or assessment/criterion",
        "/evaluator": "is missing",
        "/points": "true (not a text) is not a decimal of at most 40 characters, such as 12.5",
        "/item": "a list is not a name of 1 to 64 lower-case letters, digits, dots and hyphens",
    }
    assert all(f"{each.pointer}: {each.detail}" in refusal.detail for each in refusal.errors)
    assert "submit-score" in refusal.rule


def test_a_list_of_faults_ends() -> None:
    body = {f"field-{number}": "" for number in range(10 * LISTED)}
    assert len(misshapen(body, DECISIONS["open-stage"].command, of="open-stage").errors) == LISTED


@pytest.mark.parametrize("decision", DECISIONS)
@hypothesis.settings(max_examples=15)
@hypothesis.given(st.data())
def test_a_body_has_faults_exactly_where_it_is_no_command(decision: str, data: st.DataObject) -> None:
    """A command never waits for a fault that nobody can name, and no fault is named of a sound one."""
    body = put_anything_anywhere(data.draw, data.draw(_SENT[decision])) | data.draw(_anything_in(decision))
    try:
        msgspec.convert(body, DECISIONS[decision].command)
    except msgspec.ValidationError:
        assert list(shape_faults(body, DECISIONS[decision].command))
    else:
        assert list(shape_faults(body, DECISIONS[decision].command)) == []


def _anything_in(decision: str) -> st.SearchStrategy[dict[str, Any]]:
    """Anything in the place of some fields, required or not."""
    return st.dictionaries(st.sampled_from(DECISIONS[decision].command.__struct_fields__), ANY, max_size=3)
