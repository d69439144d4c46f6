"""The part of the OpenAPI document that shows: requests, and answers to them, as a running service gave them."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.rulebook import DECISIONS
from service.api.decisions import DecisionRecorded, RecordedEvent
from service.api.openapi_parts import Json

BODIES: Final = Path(__file__).with_name("examples.json")
"""For each decision a programme and a body, as they were once recorded; `make specs` writes it."""
CALLS: Final = Path(__file__).with_name("example_calls.json")
"""Of every other operation a request and its answers, and problems by type; `tests.integration.test_example_calls`."""

_NDJSON: Final = "application/x-ndjson"
_STREAM: Final = "text/event-stream"
_KEY: Final = "2026-02-01-ant-1"
_POSITION: Final = 1024
_ID: Final = "019c1a2e-0000-7000-8000-00000000001a"


def with_examples(operation: Json) -> Json:
    """The same, with an example of each part that is known."""
    shown: Json = copy.deepcopy(operation)
    name = shown["operationId"]
    call = _of_decision(name) if name in bodies() else calls().get(name, {})
    for parameter in shown.get("parameters", ()):
        if parameter["name"] in call.get("parameters", {}):
            parameter["example"] = call["parameters"][parameter["name"]]
    if "body" in call:
        for media_type, content in shown["requestBody"]["content"].items():
            content["examples"] = _shown(media_type, call["body"])
    for status, by_type in call.get("answers", {}).items():
        for media_type, answer in shown["responses"].get(status, {}).get("content", {}).items():
            kind = media_type.partition(";")[0]
            if kind in by_type:
                answer["examples"] = _shown(kind, by_type[kind])
    return shown


def problem_examples(slugs: list[str]) -> Json:
    """Of those problem types that one was kept of."""
    problems = _kept()["problems"]
    return {"examples": {slug: {"value": problems[slug]} for slug in slugs if slug in problems}}


def _shown(media_type: str, value: Any) -> Json:
    """As named examples; the schema of lines is that of one line."""
    if media_type == _NDJSON:
        return {f"line-{number}": {"value": line} for number, line in enumerate(value, 1)}
    return {"shown": {"value": value}}


def bodies() -> Json:
    """Programme and body of each decision."""
    return _read(BODIES)


def calls() -> Json:
    """Request and answers of other operations, by their names."""
    events = _kept()["calls"]["list-events"]["answers"]["200"][_NDJSON]
    parts = (f"id: {each['position']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n" for each in events)
    stream = {"answers": {"200": {_STREAM: "".join(parts)}}}
    return {**_kept()["calls"], "stream-events": stream}


def _kept() -> Json:
    return _read(CALLS)


@functools.cache
def _read(file: Path) -> Json:
    found: Json = json.loads(file.read_bytes())
    return found


def _of_decision(decision: str) -> Json:
    """What it comes to is told by its name; a proposal is the one that was kept."""
    events = tuple(RecordedEvent(_POSITION, each.TYPE) for each in DECISIONS[decision].comes_to[:1])
    recorded = DecisionRecorded(decision_id=_ID, events=events, receipt=f"/v1/ledger/receipts/{_POSITION}")
    waits = _kept()["calls"]["grant-resource"]["answers"]["202"]
    return {
        "parameters": {"programme": bodies()[decision]["programme"], "Idempotency-Key": _KEY},
        "body": bodies()[decision]["body"],
        "answers": {"201": {"application/json": msgspec.to_builtins(recorded)}, "202": waits},
    }
