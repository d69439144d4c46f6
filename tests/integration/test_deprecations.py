"""What is to go says so in each of its answers, and in the document; nothing else does."""

from __future__ import annotations

from datetime import date

import pytest

from service.api import deprecations
from service.api.deprecations import Deprecation
from service.api.openapi import document
from tests.integration.conftest import Running

GOING = Deprecation(since=date(2026, 3, 1), sunset=date(2026, 12, 1), successor="/v2/programmes")
SAYS = {
    "deprecation": "@1772323200",
    "sunset": "Tue, 01 Dec 2026 00:00:00 GMT",
    "link": '</v2/programmes>; rel="successor-version"',
}


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = "/v1/programmes/{programme}/decisions/enrol-team"
    for named in (("GET", "/v1/programmes"), ("POST", decision)):
        monkeypatch.setitem(deprecations.DEPRECATED, named, GOING)


@pytest.mark.usefixtures("going")
def test_each_answer_of_what_is_to_go_says_so(running: Running) -> None:
    for answer in (
        running.client.get("/v1/programmes"),
        running.client.head("/v1/programmes"),
        running.submit("nothing", "enrol-team", {}),
        running.client.post("/v1/programmes/nothing/decisions/enrol-team"),
    ):
        assert {name: answer.headers.get(name) for name in SAYS} == SAYS, answer.request.url
    for answer in (running.submit("nothing", "open-stage", {}), running.client.get("/v1/ledger/events")):
        assert not {"deprecation", "sunset"} & set(answer.headers)


@pytest.mark.usefixtures("going")
def test_the_document_marks_it() -> None:
    marked = [
        (method.upper(), path)
        for path, operations in document()["paths"].items()
        for method, each in operations.items()
        if each.get("deprecated")
    ]
    assert marked == [("GET", "/v1/programmes"), ("POST", "/v1/programmes/{programme}/decisions/enrol-team")]


def test_between_being_deprecated_and_being_gone_lies_half_a_year() -> None:
    for each in deprecations.DEPRECATED.values():
        assert (each.sunset - each.since).days >= 182
