"""A small programme of three teams, played through the API decision by decision."""

from __future__ import annotations

import copy
from typing import Any
from uuid import uuid4

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from tests.domain import charters
from tests.integration.conftest import Running

PROGRAMME = charters.PROGRAMME
WHY = {"en": "why", "ko": "왜"}
HEAT = {"stage": "heat"}


class SmallProgramme:
    """The charter of `tests.domain.charters`, changed as asked, with its three teams enrolled.

    `keys`: of the agencies owner and other, and of the teams. `client`: of the API process that it is played through.
    """

    def __init__(self, running: Running, *, programme: str = PROGRAMME, **changes: Any) -> None:
        self.running = running
        self.client = running.client
        self.programme = programme
        issue = running.issue
        self.keys = {agency: issue("agency", agency) for agency in ("owner", "other")}
        self.keys |= {team: issue("consortium", team) for team in charters.TEAMS}
        self.accepted("publish-charter", {"charter": charters.document(programme=programme, **changes)})
        for team in charters.TEAMS:
            self.accepted("enrol-team", {"team": team, "name": charters.names(team)})

    def through(self, client: TestClient[Litestar]) -> SmallProgramme:
        """The same programme, played through another API process."""
        other = copy.copy(self)
        other.client = client
        return other

    def submit(self, decision: str, body: dict[str, Any], *, by: str = "owner") -> httpx.Response:
        return self._post(f"/v1/programmes/{self.programme}/decisions/{decision}", body, by)

    def _post(self, path: str, body: dict[str, Any], by: str) -> httpx.Response:
        return self.client.post(path, json=body, headers={**self.headers(by), "Idempotency-Key": str(uuid4())})

    def accepted(self, decision: str, body: dict[str, Any], *, by: str = "owner") -> int:
        """The position of the first event that the decision comes to."""
        answer = self.submit(decision, body, by=by)
        assert answer.status_code == 201, answer.text
        position: int = answer.json()["events"][0]["position"]
        return position

    def proposed(self, decision: str, body: dict[str, Any], *, approver: str = "other") -> int:
        """The position of the approval, for a decision that waits for another agency."""
        approved = self.approve(self.propose(decision, body), by=approver)
        assert approved.status_code == 201, approved.text
        position: int = approved.json()["events"][0]["position"]
        return position

    def propose(self, decision: str, body: dict[str, Any]) -> dict[str, str]:
        """What waits for another agency."""
        answer = self.submit(decision, body)
        assert answer.status_code == 202, answer.text
        waiting: dict[str, str] = answer.json()
        return waiting

    def approve(self, waiting: dict[str, str], *, by: str = "other") -> httpx.Response:
        path = f"/v1/proposals/{waiting['proposal']}/approval"
        return self._post(path, {"command_hash": waiting["command_hash"]}, by)

    def reject(self, waiting: dict[str, str], *, by: str = "other") -> httpx.Response:
        return self._post(f"/v1/proposals/{waiting['proposal']}/rejection", {"reason": "no"}, by)

    def headers(self, by: str | None) -> dict[str, str]:
        return {} if by is None else {"Authorization": f"Bearer {self.keys[by]}"}

    def read(self, view: str, by: str | None = None, **parameters: Any) -> Any:
        """The answer of a view, brought up to the head, to a reader or to the public."""
        self.running.project()
        path = f"/v1/programmes/{self.programme}{view}"
        answer = self.client.get(path, params=parameters, headers=self.headers(by))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def score(self) -> None:
        """Open the first stage; ant gets 25 points, bee 19, cow 9; close its scoring."""
        self.fill()
        self.accepted("close-scoring", HEAT)

    def fill(self, *, without: tuple[str, ...] = ()) -> None:
        """Open the first stage and score it, but for sheets of the evaluators `without`."""
        self.accepted("open-stage", HEAT)
        for one in charters.JURY:
            self.accepted("appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": one})
        for team, points, share in (("ant", "9", "80"), ("bee", "7", "60"), ("cow", "5", "20")):
            for one in (each for each in charters.JURY if each not in without):
                sheet = {**HEAT, "team": team, "criterion": "paper/idea", "evaluator": one, "points": points}
                self.accepted("submit-score", sheet)
            for benchmark in ("track", "road"):
                metric = {**HEAT, "team": team, "criterion": "field/speed", "benchmark": benchmark, "value": share}
                self.accepted("record-measurement", metric)

    def rule(self) -> None:
        """Settle the first stage; every team is independent, cow is eliminated, ant and bee advance."""
        self.accepted("consolidate-stage", HEAT)
        finding = {"perspective": "own", "condition": "built", "verdict": "met"}
        for number, team in enumerate(charters.TEAMS):
            sha256 = f"{number:064x}"
            evidence = {**HEAT, "team": team, "kind": "report", "sha256": sha256, "title": "Report"}
            self.accepted("register-evidence", evidence)
            ruling = {**HEAT, "team": team, "verdict": "met", "perspectives": ["own"], "findings": [finding]}
            self.accepted("rule-independence", {**ruling, "evidence": [sha256], "reason": WHY})
        self.accepted("eliminate-team", {**HEAT, "team": "cow", "basis": "rank", "reason": WHY})
        for team in ("ant", "bee"):
            self.accepted("advance-team", {**HEAT, "team": team, "reason": WHY})

    def publish(self) -> int:
        """The position of the publication, once both agencies have agreed to it."""
        for agency in ("owner", "other"):
            position = self.accepted("publish-results", {**HEAT, "publishers": ["owner", "other"]}, by=agency)
        return position
