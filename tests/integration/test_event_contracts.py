"""The contracts of events: a schema for each type and version, and the AsyncAPI document, against what is sent."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from api_specs.events import DRAFT, asyncapi, event_schemas, schema_name, specification
from domain.event import EVENTS
from service.api.openapi import document
from tests.integration.conftest import Running

SPECS = Path(__file__).parents[2] / "api_specs"
VECTORS = json.loads((Path(__file__).parents[1] / "domain/vectors/events.json").read_text())


def schema(type_: str, version: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / "events" / schema_name(type_, version)).read_text())
    return found


def test_the_schemas_are_those_of_the_code() -> None:
    """`make specs` writes them."""
    for name, made in event_schemas():
        assert (SPECS / "events" / name).read_text() == specification(made), name
    assert (SPECS / "asyncapi.json").read_text() == specification(asyncapi())


def test_every_version_ever_recorded_has_its_schema_and_nothing_else_has_one() -> None:
    versions = {schema_name(type_, each) for type_, cls in EVENTS.items() for each in range(1, cls.VERSION + 1)}
    assert {each.name for each in (SPECS / "events").iterdir()} == versions


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['type']}.v{each['version']}")
def test_every_version_ever_recorded_fits_its_schema(vector: dict[str, Any]) -> None:
    found = schema(vector["type"], vector["version"])
    Draft202012Validator.check_schema(found)
    data = json.loads(vector["data"])
    assert not list(Draft202012Validator(found).iter_errors(data))
    assert list(Draft202012Validator(found).iter_errors({**data, "more": "than it has"}))


def require_cloud_event(event: dict[str, Any]) -> None:
    """CloudEvents 1.0.2: what an attribute may be called and be; a list is none of it."""
    assert event["specversion"] == "1.0"
    assert datetime.fromisoformat(event["time"]).tzinfo
    assert all(event[name] for name in ("id", "source", "type"))
    for name, value in event.items():
        if name == "data":
            continue
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        match value:
            case bool():
                pass
            case int():
                assert -(2**31) <= value < 2**31
            case str():
                assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]", value)
            case _:
                raise AssertionError((name, value))


def test_whatever_is_sent_is_a_message_of_the_document(played: Running) -> None:
    """Every event of every programme, to an auditor and to the public."""
    document = asyncapi()
    events = [(name, Resource.from_contents(each)) for name, each in event_schemas()]
    # A relative reference is to a file beside the document.
    place = "https://specs.invalid"
    registry: Registry[Any] = Registry().with_resources((f"{place}/events/{name}", each) for name, each in events)
    registry = registry.with_resource(f"{place}/asyncapi.json", Resource.from_contents({"$schema": DRAFT, **document}))
    messages = {}
    for type_ in document["channels"]["ledger"]["messages"]:
        pointer = f"{place}/asyncapi.json#/components/messages/{type_}/payload"
        messages[type_] = Draft202012Validator({"$schema": DRAFT, "$ref": pointer}, registry=registry)
    seen = set()
    for key in (played.keys.auditor, None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        after = 0
        while True:
            page = played.client.get("/v1/ledger/events", params={"limit": 1000, "after": after}, headers=headers)
            lines = [json.loads(line) for line in page.text.splitlines()]
            if not lines:
                break
            for each in lines:
                assert not list(messages[each["type"]].iter_errors(each)), each
                require_cloud_event(each)
                seen.add(each["type"])
            after = lines[-1]["position"]
    assert len(seen) > 40


def test_what_is_sent_to_endpoints_is_in_both_documents_alike() -> None:
    sent = asyncapi()
    webhooks = document()["webhooks"]
    messages = sent["components"]["messages"]
    assert set(sent["channels"]["endpoint"]["messages"]) == set(webhooks)
    for name, path in webhooks.items():
        schema = path["post"]["requestBody"]["content"]["application/cloudevents+json"]["schema"]
        assert messages[name]["payload"] == schema
        assert messages[name]["headers"]["required"] == [each["name"] for each in path["post"]["parameters"]]
