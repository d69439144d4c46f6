"""Countersignature through the API: 202, approval at the proposal's own address, and who may."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from service.cli.programme_files import Line
from tests.integration.conftest import Running
from tests.playing import REHEARSAL, lines_of

ENROL = {"team": "lg-ai-research", "name": {"en": "LG AI Research", "ko": "LG AI연구원"}}


@pytest.fixture
def waiting(running: Running) -> dict[str, Any]:
    """A proposal of the ministry's that NIPA or TTA may approve."""
    let_two_enrol(running)
    answer = running.submit(REHEARSAL, "enrol-team", ENROL, key="enrol")
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def let_two_enrol(running: Running) -> None:
    """Publish a charter by which two of three agencies enrol a team."""
    charter = dict(lines_of(REHEARSAL)[0].body["charter"])
    enrolments = {"decisions": ["enrol-team"], "agencies": ["msit", "nipa", "tta"]}
    charter["countersignatures"] = [*charter["countersignatures"], enrolments]
    running.play(REHEARSAL, [Line(decision="publish-charter", agency="msit", body={"charter": charter})])


def settle(running: Running, step: str, proposal: str, body: dict[str, Any], *, agency: str, key: str) -> Any:
    return running.client.post(f"/v1/proposals/{proposal}/{step}", json=body, headers=running.as_agency(agency, key))


def test_what_waits_for_two_answers_202_and_is_not_in_effect(running: Running, waiting: dict[str, Any]) -> None:
    assert waiting["awaiting"] == ["nipa", "tta"]
    assert waiting["proposal"] == f"{REHEARSAL}:{waiting['decision_id']}"
    assert [event["type"] for event in waiting["events"]] == ["DecisionProposed"]
    assert running.client.get(f"/v1/programmes/{REHEARSAL}/teams").json()["teams"] == []


def test_sending_it_again_is_the_same_proposal(running: Running, waiting: dict[str, Any]) -> None:
    again = running.submit(REHEARSAL, "enrol-team", ENROL, key="enrol")
    assert (again.status_code, again.json()) == (202, waiting)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_another_agency_approves_at_the_proposals_address(running: Running, waiting: dict[str, Any]) -> None:
    body = {"command_hash": waiting["command_hash"]}
    own = settle(running, "approval", waiting["proposal"], body, agency="msit", key="own")
    assert (own.status_code, own.json()["type"]) == (403, "/problems/not-countersigner")
    answer = settle(running, "approval", waiting["proposal"], body, agency="nipa", key="a")
    assert answer.status_code == 201, answer.text
    assert [event["type"] for event in answer.json()["events"]] == ["DecisionApproved", "TeamEnrolled"]
    teams = running.client.get(f"/v1/programmes/{REHEARSAL}/teams").json()["teams"]
    assert [team["team"] for team in teams] == ["lg-ai-research"]
    again = settle(running, "approval", waiting["proposal"], body, agency="tta", key="b")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/proposal-closed")


def test_rejection_settles_it(running: Running, waiting: dict[str, Any]) -> None:
    answer = settle(running, "rejection", waiting["proposal"], {"reason": "not yet"}, agency="tta", key="r")
    assert [event["type"] for event in answer.json()["events"]] == ["DecisionRejected"]


@pytest.mark.parametrize(
    ("proposal", "body", "status"),
    [
        (None, {}, 422),
        (None, {"command_hash": "x"}, 422),
        (None, {"command_hash": "0" * 64, "proposal": "x"}, 400),
        (f"{REHEARSAL}:01936f2e-0000-7000-8000-000000000001", {"command_hash": "0" * 64}, 404),
        ("nothing:01936f2e-0000-7000-8000-000000000001", {"command_hash": "0" * 64}, 404),
        ("nonsense", {"command_hash": "0" * 64}, 404),
        (None, [], 422),
    ],
)
def test_a_bad_approval_is_refused_and_leaves_no_trace(
    running: Running, waiting: dict[str, Any], proposal: str | None, body: Any, status: int
) -> None:
    head = running.head()
    answer = running.client.post(
        f"/v1/proposals/{proposal or waiting['proposal']}/approval",
        content=msgspec.json.encode(body),
        headers=running.as_agency("nipa"),
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert running.head() == head


def test_a_consortium_decides_only_what_the_charter_lets_it(running: Running, waiting: dict[str, Any]) -> None:
    answer = running.client.post(
        f"/v1/programmes/{REHEARSAL}/decisions/enrol-team",
        json=ENROL,
        headers={"Authorization": f"Bearer {running.keys.consortiums['upstage']}", "Idempotency-Key": "c"},
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-mandated")
    assert waiting["proposal"]
