"""The hearing before a ruling, through the API: in order, seen by whom it concerns, and raced by late evidence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme

LATE = "f" * 64


@pytest.fixture
def asked(running: Running) -> SmallProgramme:
    """The charter asks for a hearing and the jury's opinions; scoring is closed, and each team has a document."""
    independence = charters.document()["independence"]
    independence["review"] = {"statement_days": "7", "panel": "jury"}
    programme = SmallProgramme(
        running,
        independence=independence,
        consortium_decisions=["give-statement", "acknowledge-notice", "assent-amendment"],
    )
    programme.score()
    for team in charters.TEAMS:
        assert register(programme, team, proof(team)).status_code == 201
    return programme


def proof(team: str) -> str:
    return f"{charters.TEAMS.index(team):064x}"


def register(programme: SmallProgramme, team: str, sha256: str) -> httpx.Response:
    body = {**HEAT, "team": team, "kind": "report", "sha256": sha256, "title": "Report"}
    return programme.submit("register-evidence", body)


def rule(programme: SmallProgramme, team: str, *more: str) -> httpx.Response:
    finding = {"perspective": "own", "condition": "built", "verdict": "met"}
    ruling = {**HEAT, "team": team, "verdict": "met", "perspectives": ["own"], "findings": [finding], "reason": WHY}
    return programme.submit("rule-independence", {**ruling, "evidence": [proof(team), *more]})


def hear(programme: SmallProgramme, team: str) -> None:
    programme.accepted("request-statement", {**HEAT, "team": team, "question": "Whose weights?"})
    programme.accepted("give-statement", {**HEAT, "team": team, "statement": "Our own."}, by=team)


def opine(programme: SmallProgramme, team: str) -> None:
    for one in charters.JURY[:2]:
        opinion = {**HEAT, "team": team, "evaluator": one, "opinion": "met", "reason": "The logs."}
        programme.accepted("give-opinion", opinion)


def refused(answer: httpx.Response, problem: str, status: int = 409) -> str:
    found = answer.json()
    assert (answer.status_code, found["type"]) == (status, f"/problems/{problem}")
    detail: str = found["detail"]
    return detail


def events(programme: SmallProgramme, by: str | None, **parameters: Any) -> dict[str, dict[str, Any]]:
    """The latest event of each type as a reader sees it."""
    answer = programme.running.client.get(
        "/v1/ledger/events", params={"limit": 1000, **parameters}, headers=programme.headers(by)
    )
    assert answer.status_code == 200, answer.text
    return {each["type"]: each for each in map(msgspec.json.decode, answer.text.splitlines())}


def test_a_team_is_heard_and_the_panel_asked_before_it_is_ruled_upon(asked: SmallProgramme) -> None:
    refused(rule(asked, "ant"), "review-not-opened")
    asked.accepted("open-independence-review", {**HEAT, "team": "ant", "reason": "doubts"})
    refused(rule(asked, "ant"), "statement-not-requested")
    asked.accepted("request-statement", {**HEAT, "team": "ant", "question": "Whose weights?"})
    assert "may answer until" in refused(rule(asked, "ant"), "not-heard")
    statement = {**HEAT, "team": "ant", "statement": "Our own."}
    refused(asked.submit("give-statement", statement, by="bee"), "not-mandated", 403)
    asked.accepted("give-statement", statement, by="ant")
    refused(rule(asked, "ant"), "opinions-below-quorum")
    opine(asked, "ant")
    assert register(asked, "ant", LATE).status_code == 201
    assert LATE in refused(rule(asked, "ant"), "evidence-not-cited")
    assert LATE in refused(rule(asked, "ant", LATE), "not-heard")
    hear(asked, "ant")
    assert rule(asked, "ant", LATE).status_code == 201
    refused(rule(asked, "ant", LATE), "already-ruled")


def test_a_hearing_is_seen_by_the_team_itself_and_by_agencies_and_its_opening_with_the_results(
    asked: SmallProgramme,
) -> None:
    hearing = ("IndependenceReviewOpened", "StatementRequested", "StatementGiven", "IndependenceOpinionGiven")
    for team in charters.TEAMS:
        asked.accepted("open-independence-review", {**HEAT, "team": team, "reason": "doubts"})
        opine(asked, team)
    hear(asked, "ant")
    tagged = {"tag": f"review:{PROGRAMME}/heat/ant"}

    def shown(by: str | None) -> list[str]:
        """In the ledger, by tag and in the audit trail alike."""
        page, narrowed = events(asked, by), events(asked, by, **tagged)
        trail = {each["type"]: each for each in asked.read("/audit-trail", by, limit=1000)["entries"]}
        found = [each for each in hearing if not page[each].get("withheld")]
        assert (
            found
            == [each for each in hearing if "data" in trail[each]]
            == [each for each in hearing if each in narrowed]
        )
        return found

    own = ["StatementRequested", "StatementGiven"]
    assert [shown(by) for by in (None, "bee", "ant", "owner")] == [[], [], own, list(hearing)]
    assert events(asked, "ant")["StatementGiven"]["data"]["statement"] == "Our own."
    for team in charters.TEAMS[1:]:
        hear(asked, team)
    for team in charters.TEAMS:
        assert rule(asked, team).status_code == 201
    asked.accepted("consolidate-stage", HEAT)
    asked.accepted("eliminate-team", {**HEAT, "team": "cow", "basis": "rank", "reason": WHY})
    for team in ("ant", "bee"):
        asked.accepted("advance-team", {**HEAT, "team": team, "reason": WHY})
    asked.publish()
    public = events(asked, None)
    assert [each for each in hearing if not public[each].get("withheld")] == ["IndependenceReviewOpened"]
    assert public["IndependenceRuled"]["data"]["verdict"] == "met"


def test_a_ruling_races_late_evidence_and_one_of_them_wins(asked: SmallProgramme) -> None:
    """Whoever loses is told of the other: the evidence that is not cited, or the ruling that stands."""
    for digit, team in zip("abc", charters.TEAMS, strict=True):
        asked.accepted("open-independence-review", {**HEAT, "team": team, "reason": "doubts"})
        hear(asked, team)
        opine(asked, team)
        late = digit * 64
        with ThreadPoolExecutor(2) as threads:
            ruling = threads.submit(rule, asked, team)
            evidence = threads.submit(register, asked, team, late)
            answers = ruling.result(), evidence.result()
        recorded = events(asked, "owner", tag=f"review:{PROGRAMME}/heat/{team}")
        if answers[0].status_code == 201:
            assert "ruled upon" in refused(answers[1], "already-ruled")
            assert recorded["EvidenceRegistered"]["data"]["sha256"] == proof(team)
            assert recorded["IndependenceRuled"]["data"]["evidence"] == [proof(team)]
        else:
            assert answers[1].status_code == 201
            assert late in refused(answers[0], "evidence-not-cited")
            assert "IndependenceRuled" not in recorded
