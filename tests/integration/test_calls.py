"""The additional call through the API: who applies, who is selected, who sees what; and two selections for one seat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Running, run_shared
from tests.playing import REHEARSAL, lines_of

CALL = "additional-call"
WHY = {"en": "fictional", "ko": "가상"}
HASH = "a" * 64
NEW = ("haneul-robotics", "byeol-language")
"""Fictional companies."""


@pytest.fixture
def called(
    server: str, kept_rehearsal: Callable[[int], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The rehearsal up to its open call and the end of its first stage, with a key for each applicant."""
    final = [line.decision for line in lines_of(REHEARSAL)].index("finalise-stage")
    for running in run_shared(server, kept_rehearsal(final + 1), tmp_path_factory.mktemp("called")):
        for team in (*NEW, "nc-ai-2"):
            running.keys.consortiums[team] = running.issue("consortium", team)
        yield running


def apply(called: Running, team: str, **changes: Any) -> httpx.Response:
    name = {"en": team.title(), "ko": f"{team} (가상)"}
    body = {"call": CALL, "team": team, "name": name, "eligible_class": "other-companies", "members": [team], **changes}
    return called.client.post(
        f"/v1/programmes/{REHEARSAL}/decisions/apply-to-call",
        json=body,
        headers={"Authorization": f"Bearer {called.keys.consortiums[team]}", "Idempotency-Key": f"apply-{team}"},
    )


def screen(called: Running, team: str, **changes: Any) -> httpx.Response:
    body = {"call": CALL, "team": team, "screening": "admitted", "reason": WHY, **changes}
    return called.submit(REHEARSAL, "screen-application", body, key=f"screen-{team}")


def select(called: Running, team: str) -> httpx.Response:
    body = {"call": CALL, "team": team, "reason": WHY}
    return called.submit(REHEARSAL, "select-team", body, key=f"select-{team}")


def seen(called: Running, key: str | None) -> dict[str, Any]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    (call,) = called.client.get(f"/v1/programmes/{REHEARSAL}/calls", headers=headers).json()["calls"]
    found: dict[str, Any] = call
    return found


def test_two_selections_race_for_the_last_seat_and_one_gets_it(called: Running) -> None:
    for team in NEW:
        assert apply(called, team).status_code == 201
        assert screen(called, team).status_code == 201
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda team: select(called, team), NEW))
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.status_code == 201
    assert (lost.status_code, lost.json()["type"]) == (409, "/problems/call-filled")
    teams = called.client.get(f"/v1/programmes/{REHEARSAL}/teams").json()["teams"]
    (chosen,) = [each["team"] for each in teams if each["status"] == "selected"]
    assert chosen in NEW
    assert len(seen(called, None)["selected"]) == 1


def test_a_former_team_enters_again_under_an_id_of_its_own_with_its_lineage(called: Running) -> None:
    former = {"eligible_class": "no-longer-elite", "reenters": "nc-ai"}
    assert apply(called, "nc-ai-2", **former).status_code == 201
    found = {"independence": "met", "independence_reason": WHY, "evidence": [HASH]}
    assert screen(called, "nc-ai-2", **found).status_code == 201
    assert select(called, "nc-ai-2").status_code == 201
    teams = called.client.get(f"/v1/programmes/{REHEARSAL}/teams").json()["teams"]
    lineage = {each["team"]: (each["status"], each["reenters"]) for each in teams}
    assert lineage["nc-ai-2"] == ("selected", "nc-ai")
    assert lineage["nc-ai"] == ("eliminated", None)


def test_applications_are_counted_for_the_public_and_shown_to_agencies_and_to_whom_they_concern(
    called: Running,
) -> None:
    for team in NEW:
        assert apply(called, team).status_code == 201
    keys = called.keys
    for other in (None, keys.consortiums["nc-ai"]):
        found = seen(called, other)
        assert (found["state"], found["received"], found["applications"]) == ("open", 2, [])
    assert [each["team"] for each in seen(called, keys.consortiums[NEW[1]])["applications"]] == [NEW[1]]
    for reader in (keys.agencies["tta"], keys.auditor):
        assert [each["team"] for each in seen(called, reader)["applications"]] == list(NEW)
    page = called.client.get("/v1/ledger/events", params={"type": "CallApplicationReceived"}).text
    assert NEW[0] not in page
