"""Previews through the API: what a decision or a proposal would change, before it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.decision import Case
from domain.event import Event
from domain.views.effects import Changes
from service.application.foreseeing import Foreseeing
from tests.domain import charters
from tests.domain.playbook import NOTICE
from tests.integration.conftest import Running, run_shared
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme
from tests.playing import REHEARSAL, lines_of

ELIMINATE = {**HEAT, "team": "cow", "basis": "rank", "reason": WHY}


def asked(running: Running, decision: str, body: Any, *, agency: str = "msit", programme: str = REHEARSAL) -> Any:
    path = f"/v1/programmes/{programme}/decisions/{decision}/preview"
    return running.client.post(path, json=body, headers=running.as_agency(agency))


def read(running: Running, proposal: str, key: str) -> httpx.Response:
    return running.client.get(f"/v1/proposals/{proposal}", headers={"Authorization": f"Bearer {key}"})


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


@pytest.fixture(scope="module")
def before_outcomes(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rehearsal before its first elimination, with views behind the ledger. For tests that only read."""
    lines = lines_of(REHEARSAL)
    at = [line.decision for line in lines].index("eliminate-team")
    for running in run_shared(server, template, tmp_path_factory.mktemp("previewed")):
        running.play(REHEARSAL, lines[: at // 2])
        running.project()
        running.play(REHEARSAL, lines[at // 2 : at])
        yield running


def test_an_elimination_shows_which_team_and_row_it_changes_and_records_nothing(before_outcomes: Running) -> None:
    line = next(each for each in lines_of(REHEARSAL) if each.decision == "eliminate-team")
    head = before_outcomes.head()
    answer = asked(before_outcomes, line.decision, line.body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["data_set"], found["awaiting"], found["effects"]["position"]) == ("rehearsal", [], head)
    (event,) = found["effects"]["events"]
    assert event["type"] == "TeamEliminated"
    assert event["data"]["team"] == line.body["team"]
    assert "eliminated" in event["says"]["en"]
    changes = found["effects"]["changes"]
    assert [(each["team"], each["was"], each["becomes"]) for each in changes["teams"]] == [
        (line.body["team"], "enrolled", "eliminated")
    ]
    (row,) = changes["standings"]
    assert (row["team"], row["was"]["status"], row["becomes"]["status"]) == (
        line.body["team"],
        "evaluating",
        "eliminated",
    )
    assert row["was"]["rank"] == row["becomes"]["rank"]
    assert changes["holdings"] == []
    assert before_outcomes.head() == head


@pytest.fixture
def own(
    server: str, kept_rehearsal: Callable[[int], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The rehearsal before its first elimination, to be gone on with."""
    at = [line.decision for line in lines_of(REHEARSAL)].index("eliminate-team")
    yield from run_shared(server, kept_rehearsal(at), tmp_path_factory.mktemp("own"))


def test_what_it_foresees_is_what_comes(own: Running) -> None:
    """Of an outcome, and of the first grant."""
    running, lines = own, lines_of(REHEARSAL)
    outcome, grant = ([line.decision for line in lines].index(each) for each in ("eliminate-team", "grant-resource"))
    foreseen = asked(running, lines[outcome].decision, lines[outcome].body).json()["effects"]["changes"]["standings"]
    running.play(REHEARSAL, lines[outcome:grant])
    running.project()
    answer = running.client.get(f"/v1/programmes/{REHEARSAL}/standings", headers=running.as_agency("msit"))
    rows = {row["team"]: row for row in answer.json()["rows"]}
    assert foreseen
    for change in foreseen:
        assert {name: rows[change["team"]][name] for name in change["becomes"]} == change["becomes"]
    body = lines[grant].body
    preview = asked(running, "grant-resource", body, agency=lines[grant].agency or "").json()
    (holding,) = preview["effects"]["changes"]["holdings"]
    assert (holding["grant"], holding["team"], holding["was"]) == (body["grant"], body["team"], None)
    assert holding["becomes"]["quantity"] == body.get("quantity")


def test_a_refusal_is_the_same_as_of_the_decision_itself(before_outcomes: Running) -> None:
    body = {"stage": "stage-1", "team": "nobody", "basis": "rank", "reason": WHY}
    assert problem(asked(before_outcomes, "eliminate-team", body))[0] in (404, 409, 422)
    assert problem(asked(before_outcomes, "eliminate-team", {}))[0] == 422
    line = next(each for each in lines_of(REHEARSAL) if each.decision == "eliminate-team")
    assert problem(asked(before_outcomes, "eliminate-team", line.body, agency="tta")) == (403, "not-mandated")
    assert problem(asked(before_outcomes, "abolish", {})) == (404, "unknown-decision")
    assert problem(asked(before_outcomes, "eliminate-team", line.body, programme="nowhere"))[0] == 404


def test_previews_are_for_agencies_of_the_programme(before_outcomes: Running) -> None:
    line = next(each for each in lines_of(REHEARSAL) if each.decision == "eliminate-team")
    path = f"/v1/programmes/{REHEARSAL}/decisions/{line.decision}/preview"
    assert before_outcomes.client.post(path, json=line.body).status_code == 401
    keys = before_outcomes.keys
    for key in (keys.auditor, keys.consortiums["naver-cloud"]):
        answer = before_outcomes.client.post(path, json=line.body, headers={"Authorization": f"Bearer {key}"})
        assert problem(answer) == (403, "wrong-role")
    stranger = before_outcomes.issue("agency", "stranger")
    answer = before_outcomes.client.post(path, json=line.body, headers={"Authorization": f"Bearer {stranger}"})
    assert problem(answer) == (403, "preview-not-yours-to-read")


@pytest.fixture
def small(running: Running) -> SmallProgramme:
    usual = charters.document()["countersignatures"]
    awaited = [{"decisions": ["change-consortium", "enrol-team"], "agencies": ["other"]}]
    small = SmallProgramme(running)
    amended = charters.document(countersignatures=[*usual, *awaited], seats="9")
    small.proposed("amend-charter", {"charter": amended, "reason": WHY})
    running.project()
    return small


def proposed(small: SmallProgramme) -> dict[str, Any]:
    answer = small.submit("enrol-team", {"team": "dog", "name": charters.names("DOG")})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_waits_for_two_is_previewed_as_though_it_were_approved(small: SmallProgramme) -> None:
    body = {"team": "dog", "name": charters.names("DOG")}
    answer = small.client.post(
        f"/v1/programmes/{PROGRAMME}/decisions/enrol-team/preview",
        json=body,
        headers={"Authorization": f"Bearer {small.keys['owner']}"},
    )
    found = answer.json()
    assert found["awaiting"] == ["other"]
    assert [each["type"] for each in found["effects"]["events"]] == ["TeamEnrolled"]
    assert found["effects"]["changes"]["teams"][0]["team"] == "dog"


def test_a_proposal_shows_its_effects_while_it_waits(small: SmallProgramme) -> None:
    made = proposed(small)
    found = read(small.running, made["proposal"], small.keys["other"]).json()
    assert (found["state"], found["stale"], found["refused"], found["closed_at"]) == ("waiting", False, None, None)
    assert (found["command_hash"], found["proposer"], found["awaiting"]) == (made["command_hash"], "owner", ["other"])
    (change,) = found["effects"]["changes"]["teams"]
    assert (change["team"], change["name"]["en"], change["was"], change["becomes"]) == ("dog", "DOG", None, "enrolled")
    path = f"/v1/proposals/{made['proposal']}/rejection"
    headers = {"Authorization": f"Bearer {small.keys['other']}", "Idempotency-Key": "r"}
    settled = small.client.post(path, json={"reason": "no"}, headers=headers)
    assert settled.status_code == 201
    found = read(small.running, made["proposal"], small.keys["other"]).json()
    assert (found["state"], found["effects"], found["reason"]) == ("rejected", None, "no")
    assert found["closed_at"] == settled.json()["events"][0]["position"]


def test_a_proposal_that_would_be_refused_now_says_why(small: SmallProgramme) -> None:
    first, second = proposed(small), proposed(small)
    small.client.post(
        f"/v1/proposals/{first['proposal']}/approval",
        json={"command_hash": first["command_hash"]},
        headers={"Authorization": f"Bearer {small.keys['other']}", "Idempotency-Key": "a"},
    ).raise_for_status()
    found = read(small.running, second["proposal"], small.keys["owner"]).json()
    assert (found["state"], found["effects"]) == ("waiting", None)
    assert found["refused"]["type"] == "/problems/team-already-enrolled"


def test_a_proposal_is_for_the_programmes_agencies_and_auditors(small: SmallProgramme) -> None:
    made = proposed(small)["proposal"]
    running = small.running
    assert running.client.get(f"/v1/proposals/{made}").status_code == 401
    assert problem(read(running, made, running.issue("evaluator", charters.JURY[0]))) == (403, "wrong-role")
    assert problem(read(running, made, small.keys["ant"])) == (404, "unknown-proposal")
    stranger = running.issue("agency", "stranger")
    assert problem(read(running, made, stranger)) == (403, "preview-not-yours-to-read")
    assert read(running, made, running.keys.auditor).status_code == 200
    for name in (f"{PROGRAMME}:{'0' * 36}", f"nowhere:{'0' * 36}", "nonsense", ":"):
        assert problem(read(running, name, small.keys["owner"]))[0] == 404


def test_a_preview_names_the_notices_that_would_be_sent(running: Running) -> None:
    """Nothing is sent."""
    changed = {"id": "changed", "title": charters.names("{team}"), "body": charters.names("-"), "variables": ["team"]}
    changed |= {"events": ["ConsortiumChanged"], "recipients": ["enrolled"]}
    small = SmallProgramme(running, automatic_notices=[changed])
    running.project()
    for decision, body, sent in (
        ("change-consortium", {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"}, [("ant", "changed")]),
        ("serve-notice", NOTICE, [("ant", "hearing")]),
        ("open-stage", HEAT, []),
    ):
        path = f"/v1/programmes/{PROGRAMME}/decisions/{decision}/preview"
        answer = small.client.post(path, json=body, headers=small.headers("owner"))
        assert answer.status_code == 200, answer.text
        found = answer.json()["effects"]["notices"]
        assert [(each["recipient"], each["template"]) for each in found] == sent
    assert small.client.get(f"/v1/programmes/{PROGRAMME}/notices", headers=small.headers("ant")).json()["notices"] == []


def test_a_team_reads_what_became_of_its_own_proposal(running: Running) -> None:
    """And why, but not what would follow. An agency of its name, and another team, find none."""
    answering = {"decisions": ["acknowledge-notice"], "agencies": ["other"]}
    small = SmallProgramme(running, countersignatures=[*charters.document()["countersignatures"], answering])
    small.accepted("serve-notice", NOTICE)
    waiting = small.submit("acknowledge-notice", {"notice": "n-1", "team": "ant"}, by="ant").json()
    name = waiting["proposal"]
    found = read(running, name, small.keys["ant"]).json()
    assert (found["state"], found["command_hash"], found["effects"]) == ("waiting", waiting["command_hash"], None)
    assert problem(read(running, name, small.keys["bee"])) == (404, "unknown-proposal")
    assert problem(read(running, name, running.issue("agency", "ant"))) == (403, "preview-not-yours-to-read")
    assert small.reject(waiting).status_code == 201
    found = read(running, name, small.keys["ant"]).json()
    assert (found["state"], found["reason"], found["effects"]) == ("rejected", "no", None)


def correcting(small: SmallProgramme, team: str) -> dict[str, str]:
    metric = {**HEAT, "criterion": "field/speed", "benchmark": "track", "reason": "run again"}
    return small.propose("correct-measurement", {**metric, "team": team, "value": "0"})


def approved(small: SmallProgramme, waiting: dict[str, str], effects: Any) -> httpx.Response:
    return small.client.post(
        f"/v1/proposals/{waiting['proposal']}/approval",
        json={"command_hash": waiting["command_hash"], "effects": effects},
        headers={**small.headers("other"), "Idempotency-Key": str(uuid4())},
    )


def looked_at(small: SmallProgramme, waiting: dict[str, str]) -> Any:
    small.running.project()
    return read(small.running, waiting["proposal"], small.keys["other"]).json()["effects"]["foreseen"]


def test_an_approval_that_names_what_it_looked_at_is_stale_once_a_rank_would_change_otherwise(running: Running) -> None:
    """Another correction changes whom the first one would put ahead, though not what it records."""
    small = SmallProgramme(running)
    small.score()
    first, second = correcting(small, "ant"), correcting(small, "bee")
    seen = looked_at(small, first)
    assert small.approve(second).status_code == 201
    head = running.head()
    refused = approved(small, first, seen)
    assert problem(refused) == (409, "proposal-stale")
    assert refused.json()["detail"].endswith("looked at: other standings")
    assert running.head() == head
    assert looked_at(small, first) != seen
    assert approved(small, first, looked_at(small, first)).status_code == 201


def test_what_a_preview_shows_is_not_changed_between_comparison_and_approval(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded in between has the approval compared again."""
    small = SmallProgramme(running)
    small.score()
    first, second = correcting(small, "ant"), correcting(small, "bee")
    seen = looked_at(small, first)
    work_out = Foreseeing.changes
    overtaken: list[dict[str, str]] = []

    def overtaking(self: Foreseeing, case: Case, events: Sequence[Event]) -> Changes:
        found = work_out(self, case, events)
        if not overtaken:
            overtaken.append(second)
            assert small.approve(second).status_code == 201
        return found

    monkeypatch.setattr(Foreseeing, "changes", overtaking)
    assert problem(approved(small, first, seen)) == (409, "proposal-stale")
    assert overtaken


def test_an_approval_among_decisions_that_are_recorded_together_cannot_name_what_it_looked_at(
    running: Running,
) -> None:
    small = SmallProgramme(running)
    small.score()
    first = correcting(small, "ant")
    body = {"proposal": first["proposal"], "command_hash": first["command_hash"], "effects": looked_at(small, first)}
    line = {"decision": "approve", "body": body}
    headers = {**small.headers("other"), "Content-Type": "application/x-ndjson", "Idempotency-Key": "together"}
    path = f"/v1/programmes/{PROGRAMME}/decisions"
    refused = small.client.post(f"{path}?atomic=true", content=json.dumps(line), headers=headers)
    assert problem(refused) == (409, "batch-refused")
    assert "effects: not compared" in refused.text
    del headers["Idempotency-Key"]
    alone = small.client.post(path, content=json.dumps({"key": "a", **line}), headers=headers)
    assert json.loads(alone.text.splitlines()[0])["status"] == 201
