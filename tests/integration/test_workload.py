"""What waits for agencies: read by agencies of the programme and auditors, as of any position."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Running
from tests.integration.small import HEAT, WHY, SmallProgramme

DEVIATION = {**HEAT, "subject": "eliminations", "actual": "0", "reason": WHY}


def of(answer: Any, agency: str) -> Any:
    (found,) = [each for each in answer["agencies"] if each["agency"] == agency]
    return found


@pytest.fixture
def programme(running: Running) -> SmallProgramme:
    made = SmallProgramme(running)
    made.score()
    made.accepted("consolidate-stage", HEAT)
    return made


def test_a_proposal_waits_for_the_other_agency_until_it_approves(programme: SmallProgramme) -> None:
    proposal = programme.propose("record-deviation", DEVIATION)
    waiting = programme.read("/workload", "owner")
    (found,) = [each for each in of(waiting, "other")["waiting"] if each["decision"] == "approve"]
    assert found["subject"] == proposal["proposal"]
    assert found["until"] > found["since"]["recorded_at"]
    assert programme.approve(proposal).status_code == 201
    after = programme.read("/workload", "other")
    assert [each for each in of(after, "other")["waiting"] if each["decision"] == "approve"] == []
    assert of(after, "other")["countersigned"] == [{"decision": "record-deviation", "count": 1}]
    assert of(after, "other")["approving"] == {"median_days": "0.00", "count": 1}
    assert {"decision": "record-deviation", "count": 1} in of(after, "owner")["taken"]
    assert programme.read("/workload", "owner", as_of_position=waiting["position"]) == waiting


def test_what_was_decided_is_counted_and_what_follows_waits(programme: SmallProgramme) -> None:
    taken = {each["decision"]: each["count"] for each in of(programme.read("/workload", "owner"), "owner")["taken"]}
    assert (taken["enrol-team"], taken["close-scoring"], taken["consolidate-stage"]) == (3, 1, 1)
    assert {each["subject"] for each in of(programme.read("/workload", "owner"), "owner")["waiting"]} >= {
        "ant",
        "bee",
        "cow",
        "heat",
    }


@pytest.mark.parametrize("reader", [None, "ant"])
def test_others_are_refused(programme: SmallProgramme, reader: str | None) -> None:
    path = f"/v1/programmes/{programme.programme}/workload"
    answer = programme.client.get(path, headers=programme.headers(reader))
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/workload-not-yours-to-read"


def test_an_agency_of_another_programme_is_refused(programme: SmallProgramme) -> None:
    key = programme.running.issue("agency", "stranger")
    path = f"/v1/programmes/{programme.programme}/workload"
    assert programme.client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 403
