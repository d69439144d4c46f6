"""The published contracts as their own tools see them: Spectral, the AsyncAPI parser, and what breaks callers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SPECS = HERE.parent.parent / "api_specs"
OPENAPI, ASYNCAPI, RELEASED = (SPECS / each for each in ("openapi.json", "asyncapi.json", "released/openapi.json"))
SPECTRAL = HERE / "node_modules" / ".bin" / "spectral"

pytestmark = pytest.mark.skipif(
    not SPECTRAL.exists() and os.environ.get("CI") != "true", reason="there is no npm: see ops/test-deps"
)


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, timeout=120, check=False)
    assert done.stderr == ""
    return done.stdout


def lint(*documents: Path) -> str:
    return said(SPECTRAL, "lint", *documents, "--ruleset", "spectral.yaml", "--fail-severity", "hint", "--quiet")


def parse_asyncapi(document: Path) -> str:
    return said("node", "parse_asyncapi.mjs", document)


def breaking(document: Path) -> list[str]:
    return said("node", "breaking_changes.mjs", RELEASED, document).splitlines()


def test_spectral_finds_nothing() -> None:
    assert lint(OPENAPI, ASYNCAPI) == ""


def test_the_asyncapi_parser_finds_nothing() -> None:
    assert parse_asyncapi(ASYNCAPI) == ""


def test_nobody_who_calls_the_released_service_is_broken() -> None:
    """If this fails: add beside what is there; what is to go is `DEPRECATED` first."""
    assert breaking(OPENAPI) == []


def without_an_operation(document: Any) -> None:
    del document["paths"]["/v1/programmes"]


def with_a_field_that_has_to_be_given(document: Any) -> None:
    body = document["components"]["schemas"]["EnrolTeam"]
    body["properties"]["colour"] = {"type": "string"}
    body["required"].append("colour")


def without_a_field_of_an_answer(document: Any) -> None:
    del document["components"]["schemas"]["Standings"]["properties"]["digest"]


def with_a_narrower_parameter(document: Any) -> None:
    (limit,) = (each for each in document["paths"]["/v1/ledger/events"]["get"]["parameters"] if each["name"] == "limit")
    limit["schema"]["maximum"] = 10


def without_a_field_of_a_request(document: Any) -> None:
    del document["components"]["schemas"]["SubmitScore"]["properties"]["item"]


def granted_in_another_way_only(document: Any) -> None:
    answers = document["paths"]["/v1/programmes/{programme}/teams"]["get"]["responses"]
    answers["201"] = answers.pop("200")


BREAKS: list[tuple[Callable[[Any], None], str]] = [
    (without_an_operation, "/v1/programmes/get"),
    (with_a_field_that_has_to_be_given, "decisions/enrol-team/post/requestBody"),
    (without_a_field_of_an_answer, "standings/get/responses/200/content/application/json/schema"),
    (with_a_narrower_parameter, "/v1/ledger/events/get/parameters"),
    (granted_in_another_way_only, "teams/get/responses/200"),
    (without_a_field_of_a_request, "decisions/submit-score/post/requestBody"),
]


def test_what_would_break_them_is_told(tmp_path: Path) -> None:
    document = json.loads(RELEASED.read_bytes())
    for change, _place in BREAKS:
        change(document)
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    told = breaking(tmp_path / "openapi.json")
    for _change, place in BREAKS:
        assert any(place in each for each in told), place


def test_a_document_that_is_none_is_told(tmp_path: Path) -> None:
    openapi, asyncapi = tmp_path / "openapi.json", tmp_path / "asyncapi.json"
    openapi.write_text(json.dumps({"openapi": "3.1.0", "info": {"version": "1"}, "paths": {}}))
    asyncapi.write_text(json.dumps({"asyncapi": "3.1.0", "info": {"version": "1"}}))
    assert "title" in lint(openapi)
    assert "title" in parse_asyncapi(asyncapi)
