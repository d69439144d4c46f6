"""The published contracts are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from api_specs.examples import examples
from api_specs.rulebook import rulebook_page
from domain.machines import MACHINES
from domain.rulebook import DECISIONS
from service.api import (
    administration,
    docs,
    endpoints,
    health,
    ledger,
    notices,
    oauth,
    people,
    programmes,
    reactions,
    sealed_fields,
    sessions,
    sign_in,
    tree,
)
from service.api.decisions import SETTLEMENTS
from service.api.diff import get_diff
from service.api.disagreement import get_disagreement
from service.api.disclosure import check_disclosure
from service.api.docs import docs_page, openapi_json
from service.api.explain import get_explanation
from service.api.export import export_ledger
from service.api.many_decisions import submit_decisions
from service.api.metrics import metrics
from service.api.openapi_examples import BODIES
from service.api.previews import get_proposal
from service.api.problems import catalogue
from service.api.stream import stream_events
from service.api.timeline import get_timeline
from service.api.what_if import ask_what_if, get_sensitivity
from service.api.workload import get_workload
from service.spreadsheets.writing import XLSX
from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

NOT_TO_BE_SHOWN = {"application/octet-stream", XLSX}
"""Bytes are no JSON."""
SPEC = Path(__file__).parent.parent.parent / "api_specs" / "openapi.json"


def test_the_checked_in_document_is_that_of_the_code() -> None:
    """If this fails: `make specs`, and look at what changed."""
    assert SPEC.read_bytes() == openapi_json()


def test_the_checked_in_rulebook_is_that_of_the_code() -> None:
    """If this fails: `make specs`."""
    page = (SPEC.parent / "rulebook.md").read_text(encoding="utf-8")
    assert page == rulebook_page()
    for machine in MACHINES.values():
        for each in machine.transitions:
            assert f": {each.label}\n" in page


def test_every_route_is_documented_and_nothing_else() -> None:
    handlers = [
        *programmes.HANDLERS,
        get_timeline,
        get_workload,
        get_disagreement,
        get_explanation,
        get_proposal,
        submit_decisions,
        check_disclosure,
        ask_what_if,
        get_diff,
        get_sensitivity,
        ledger.list_events,
        export_ledger,
        *notices.HANDLERS,
        *reactions.HANDLERS,
        *endpoints.HANDLERS,
        *tree.HANDLERS,
        stream_events,
        *health.HANDLERS,
        *oauth.HANDLERS,
        *administration.HANDLERS,
        *people.HANDLERS,
        *sealed_fields.HANDLERS,
        *sessions.HANDLERS,
        *sign_in.HANDLERS,
        metrics,
    ]
    routes = {re.sub(r":(str|path)", "", path) for handler in handlers for path in handler.paths}
    routes |= {f"/v1/proposals/{{proposal}}/{step}" for step in SETTLEMENTS}
    routes.add("/v1/programmes/{programme}/decisions/{decision}/preview")
    routes |= {f"/v1/programmes/{{programme}}/decisions/{decision}" for decision in DECISIONS}
    assert set(msgspec.json.decode(SPEC.read_bytes())["paths"]) == routes


def test_every_decision_is_shown_with_a_body_that_was_accepted() -> None:
    """The programmes are played through the API before `test_answers_fit_their_schema`; the others: `test_examples`."""
    assert json.loads(BODIES.read_text()) == examples()
    assert set(examples()) == set(DECISIONS)


def test_every_operation_shows_what_it_is_sent_and_each_of_its_answers() -> None:
    """If one is missing: ask for it in `example_calls.py`, and keep the answer as `test_example_calls` says."""
    spec = msgspec.json.decode(SPEC.read_bytes())
    shown: dict[str, bool] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            parts = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for name, part in parts.items():
                whole = spec["components"]["responses"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
                for media_type, content in whole.get("content", {}).items():
                    if media_type not in NOT_TO_BE_SHOWN:
                        shown[f"{method} {path} {name} {media_type}"] = bool(content.get("examples"))
            for each in operation.get("parameters", ()):
                if each["required"]:
                    shown[f"{method} {path} {each['name']}"] = "example" in each
    assert [part for part, is_shown in shown.items() if not is_shown] == []
    assert len(shown) > 1300


def test_every_example_fits_its_schema() -> None:
    spec = msgspec.json.decode(SPEC.read_bytes())
    checked = 0
    for part in _parts(spec):
        shown = [each["value"] for each in part.get("examples", {}).values()] if "schema" in part else []
        if isinstance(part.get("schema"), dict) and "in" in part and "example" in part:
            shown.append(part["example"])
        if shown:
            validator = Draft202012Validator({**part["schema"], "components": spec["components"]})
            for value in shown:
                validator.validate(value)
                checked += 1
    assert checked > 300


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _parts(each)


def test_every_problem_type_is_named_by_an_operation() -> None:
    spec = SPEC.read_text()
    unnamed = [slug for slug in catalogue() if slug not in spec]
    # These come from the router, before any operation.
    assert set(unnamed) <= {"method-not-allowed", "internal"}


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/v1/programmes", "ProgrammeList"),
        (f"/v1/programmes/{REHEARSAL}", "ProgrammeDetail"),
        (f"/v1/programmes/{REHEARSAL}/charter", "Charter"),
        (f"/v1/programmes/{REHEARSAL}/teams", "TeamList"),
        (f"/v1/programmes/{REHEARSAL}/calls", "CallList"),
        (f"/v1/programmes/{REHEARSAL}/objections", "ObjectionList"),
        (f"/v1/programmes/{REHEARSAL}/standings", "Standings"),
        (f"/v1/programmes/{PUBLIC_RECORD}/standings", "Standings"),
        (f"/v1/programmes/{REHEARSAL}/disagreement", "Disagreement"),
        (f"/v1/programmes/{PUBLIC_RECORD}/sensitivity", "SensitivityAnswer"),
        (f"/v1/programmes/{REHEARSAL}/diff?from=800&to=900", "Diff"),
        (f"/v1/programmes/{REHEARSAL}/explain?team=naver-cloud", "Explanation"),
        (f"/v1/programmes/{REHEARSAL}/grants", "GrantsAnswer"),
        (f"/v1/programmes/{REHEARSAL}/audit-trail", "AuditTrail"),
        (f"/v1/programmes/{REHEARSAL}/timeline", "Timeline"),
        (f"/v1/programmes/{REHEARSAL}/workload", "Workload"),
        (f"/v1/programmes/{REHEARSAL}/notices", "Inbox"),
        (f"/v1/programmes/{REHEARSAL}/endpoints", "EndpointList"),
        (f"/v1/programmes/{REHEARSAL}/deliveries", "DeliveryPage"),
        ("/v1/ledger/events", "CloudEvent"),
        ("/.well-known/jwks.json", "KeySet"),
        ("/.well-known/oauth-authorization-server", "ServerMetadata"),
        ("/v1/keys", "KeyList"),
        ("/v1/clients", "ClientList"),
        ("/v1/people", "PersonList"),
        ("/v1/programmes/nothing", "Problem"),
    ],
)
def test_answers_fit_their_schema(played: Running, path: str, schema: str) -> None:
    spec = msgspec.json.decode(SPEC.read_bytes())
    checked = {"$ref": f"#/components/schemas/{schema}", "components": spec["components"]}
    validator = Draft202012Validator(checked)
    of_auditors = ("DeliveryPage", "Disagreement", "EndpointList", "Inbox", "SensitivityAnswer", "Workload")
    keys = dict.fromkeys(of_auditors, played.keys.auditor)
    keys |= {"KeyList": played.keys.operator, "ClientList": played.keys.operator, "PersonList": played.keys.operator}
    headers = {"Authorization": f"Bearer {keys[schema]}"} if schema in keys else {}
    for line in played.client.get(path, headers=headers).text.splitlines():
        validator.validate(msgspec.json.decode(line))


def test_the_docs_load_nothing_from_anywhere() -> None:
    page = docs_page().decode()
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert "<script" not in page
    for decision in DECISIONS:
        assert f'id="{decision}"' in page


def test_every_problem_type_has_a_page(played: Running) -> None:
    for slug in catalogue():
        page = played.client.get(f"/problems/{slug}")
        assert page.status_code == 200
        assert slug in page.text
    assert played.client.get("/problems/nothing").status_code == 404
    assert played.client.get("/problems").status_code == 200
    assert played.client.get("/docs").headers["content-type"] == "text/html; charset=utf-8"
    assert docs.openapi_json() == played.client.get("/openapi.json").content
