"""Who may ask for what: every decision and every operation × every credential × its own and another programme.

Decisions and operations come from the registry and from the application's routes, what is expected from the rules in
`access_rules`. What answers show is in `test_disclosure_matrix`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute
from structlog.testing import capture_logs

from domain.rulebook import DECISIONS
from tests.domain import charters
from tests.domain.lives import LIVES
from tests.domain.playbook import HEAT, document
from tests.integration.access_rules import (
    CREDENTIALS,
    DECIDED_BY,
    OF_BROWSERS,
    OF_CLIENTS,
    OF_DECISIONS,
    OPERATIONS,
    PLACES,
    REFUSED_BY,
    SIGNED_IN,
    calling,
    previewing,
    submitting,
)
from tests.integration.browsing import SESSION, signed_in
from tests.integration.conftest import Headers, Running, run_shared
from tests.integration.pages import ADDRESSES

OTHERS: Final = {
    **{charters.PROGRAMME: "elsewhere", "owner": "far-owner", "other": "far-other", "idle": "far-idle"},
    **{"ant": "elk", "bee": "fox", "cow": "gnu", "dog": "hen"},
}
"""What is called otherwise in the other programme, which is alike."""


def renamed(value: Any) -> Any:
    """The same in the other programme's names."""
    if isinstance(value, dict):
        return {field: renamed(each) for field, each in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(each) for each in value]
    return OTHERS.get(value, value) if isinstance(value, str) else value


CHANGE: Final = {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"}
CHARTER: Final = document(
    agencies=[{"id": each, "name": charters.names(each)} for each in ("owner", "other", "idle", "clerk")],
    countersignatures=[
        *charters.document()["countersignatures"],
        {"decisions": ["change-consortium"], "agencies": ["other"]},
    ],
)


class Programmes:
    """Two programmes, alike but for their names; a proposal that waits in each; a key or session of each credential."""

    def __init__(self, running: Running) -> None:
        self.running = running
        issue = running.issue
        self.keys = {each: issue("agency", each) for each in ("owner", "other", "idle", "far-owner", "far-other")}
        self.keys |= {"second": self.keys["other"], "auditor": running.keys.auditor, "operator": running.keys.operator}
        self.keys |= {"evaluator": issue("evaluator", charters.JURY[0]), "revoked": issue("agency", "owner")}
        id_ = self.keys["revoked"].partition(".")[0]
        running.client.delete(f"/v1/keys/{id_}", headers=self._headers(running.keys.operator)).raise_for_status()
        self.sessions = {"member": self._session("agency:owner"), "steward": self._session("operator:steward")}
        self.proposals = {place: self._founded(place) for place in PLACES}
        running.project()

    def _session(self, acts_for: str) -> Headers:
        """What a page of the service sends for a person who signed in."""
        browser = signed_in(self.running, acts_for)
        token = browser.get("/v1/session").json()["csrf_token"]
        return {"Cookie": f"{SESSION}={browser.session}", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token}

    def _founded(self, place: str) -> str:
        owner = self.keys[self.named("owner", place)]
        body = self.named({"charter": CHARTER}, place)
        steps = [("publish-charter", body)]
        steps += [("enrol-team", {"team": t, "name": charters.names(t)}) for t in self.named(charters.TEAMS, place)]
        steps += [("open-stage", HEAT), ("change-consortium", self.named(CHANGE, place))]
        for decision, body in steps:
            answer = self.post(self.path(decision, place), body, owner)
            assert answer.status_code in (201, 202), answer.text
        return str(answer.json()["proposal"])

    @staticmethod
    def named(value: Any, place: str) -> Any:
        return value if place == "own" else renamed(value)

    def path(self, decision: str, place: str) -> str:
        return f"/v1/programmes/{self.named(charters.PROGRAMME, place)}/decisions/{decision}"

    def body(self, decision: str, place: str) -> dict[str, Any]:
        """A body of the decision's shape, about that programme."""
        proposal = {"proposal": self.proposals[place]}
        bodies: dict[str, dict[str, Any]] = {
            **{step.decision: step.body for life in LIVES.values() for step in reversed(life)},
            "publish-charter": {"charter": CHARTER},
            "amend-charter": {"charter": CHARTER},
            "propose": {"decision": "change-consortium", "command": CHANGE},
            "approve": {"command_hash": "0" * 64, **proposal},
            "reject": {"reason": "no", **proposal},
            "withdraw-proposal": {"reason": "no", **proposal},
        }
        found: dict[str, Any] = self.named(bodies[decision], place)
        return found

    def key(self, credential: str, decision: str | None = None) -> str | Headers | None:
        """`team` is the one that the decision, as the first programme knows it, is about."""
        if credential in SIGNED_IN:
            return self.sessions[credential]
        if credential not in ("team", "rival"):
            return self.keys.get(credential)
        team = "ant"
        if decision is not None and (own := DECISIONS[decision].own) is not None:
            team = self.body(decision, "own")[own]
        return self.of_team(team if credential == "team" else ("bee" if team == "ant" else "ant"))

    def of_team(self, team: str) -> str:
        if team not in self.keys:
            self.keys[team] = self.running.issue("consortium", team)
        return self.keys[team]

    def decide(self, decision: str, credential: str, place: str) -> httpx.Response:
        return self.post(self.path(decision, place), self.body(decision, place), self.key(credential, decision))

    def decide_by_line(self, decision: str, credential: str, place: str) -> httpx.Response:
        """The answer to one line of a request for many decisions, as that of a single call."""
        line = {"key": str(uuid4()), "decision": decision, "body": self.body(decision, place)}
        path = self.path(decision, place).rpartition("/")[0]
        headers = {"Content-Type": "application/x-ndjson", **self._headers(self.key(credential, decision))}
        answer = self.running.client.post(path, content=json.dumps(line), headers=headers)
        if answer.status_code != 200:
            return answer
        told = json.loads(answer.text)
        return httpx.Response(told["status"], json=told["body"])

    def preview(self, decision: str, credential: str, place: str) -> httpx.Response:
        path = f"{self.path(decision, place)}/preview"
        return self.post(path, self.body(decision, place), self.key(credential, decision))

    def settle(self, decision: str, credential: str, place: str) -> httpx.Response:
        body = self.body(decision, place)
        step = {"approve": "approval", "reject": "rejection"}[decision]
        return self.post(f"/v1/proposals/{body.pop('proposal')}/{step}", body, self.key(credential, decision))

    def call(self, operation: str, credential: str, place: str) -> httpx.Response:
        method, _, path = operation.partition(" ")
        programme = self.named(charters.PROGRAMME, place)
        named = {"programme": programme, "proposal": self.proposals[place], "slug": "not-found", "notice": "none"}
        named |= {"endpoint": "endpoint-0", "delivery": "1", "number": "1"}
        named |= {"person_id": "person-0", "session_id": "session-0", "membership": "agency:owner", "path": "0/000.p/1"}
        path = path.format(
            **named, subject=charters.JURY[0], key_id="slk_0", client_id="slc_0", kid="k", size=1, position=1
        )
        if method == "POST":
            asked = {"alterations": [{"change": "cut", "eliminate": "1"}]} if "what-if" in path else {"figures": []}
            return self.post(path, {**HEAT, **asked}, self.key(credential))
        return self.running.client.request(method, path, headers=self._headers(self.key(credential)))

    def post(self, path: str, body: Any, key: str | Headers | None) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), **self._headers(key)}
        return self.running.client.post(path, json=body, headers=headers)

    @staticmethod
    def _headers(key: str | Headers | None) -> Headers:
        return {"Authorization": f"Bearer {key}"} if isinstance(key, str) else key or {}


@pytest.fixture(scope="module")
def programmes(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programmes]:
    home = tmp_path_factory.mktemp("access")
    for running in run_shared(server, template, home, failures_a_minute=1_000_000):  # one address, every refusal
        running.service.parts.feed.close()  # a stream that is let in ends at once
        yield Programmes(running)


def fault(answer: httpx.Response, refused: str) -> str:
    """What is wrong with an answer to somebody who is to be refused so, or to be let in."""
    problem = answer.json()["type"].rpartition("/")[2] if answer.status_code >= 400 else ""
    if refused:
        right = problem == refused and answer.status_code == (401 if refused == "unauthenticated" else 403)
    else:
        right = answer.status_code < 500 and answer.status_code not in (401, 403)
    return "" if right else f"{answer.status_code} {problem or 'let in'}, not {refused or 'let in'}"


def test_every_decision_and_operation_is_for_whom_the_rules_say_and_a_refusal_records_nothing(
    programmes: Programmes,
) -> None:
    """And who is refused though they hold a credential leaves a line for the operator."""
    wrong, head, recorded = [], programmes.running.head(), 0
    asked = [
        *((partial(programmes.decide, each), partial(submitting, each), f"submit {each}") for each in DECISIONS),
        *(
            (partial(programmes.decide_by_line, each), partial(submitting, each), f"a line {each}")
            for each in DECISIONS
        ),
        *((partial(programmes.preview, each), partial(previewing, each), f"preview {each}") for each in DECISIONS),
        *(
            (partial(programmes.settle, each), partial(submitting, each), f"settle by {each}")
            for each in ("approve", "reject")
        ),
        *((partial(programmes.call, each), partial(calling, rule), each) for each, rule in OPERATIONS.items()),
    ]
    for ask, rule, name in asked:
        for place in PLACES:
            for credential in (*CREDENTIALS, *SIGNED_IN, *(["revoked"] if name in OPERATIONS else [])):
                with capture_logs() as lines:
                    answer = ask(credential, place)
                if found := fault(answer, rule(SIGNED_IN.get(credential, credential), place)):
                    wrong.append(f"{name} × {credential} × {place}: {found}")
                told = [each["event"] for each in lines if each.get("logger") == "sillok.audit"]
                told = [each for each in told if each != "personal data read"]
                if len(told) != (credential != "nobody" and answer.status_code in (401, 403)):
                    wrong.append(f"{name} × {credential} × {place}: the operator is told {told}")
                if answer.status_code in (201, 202):
                    recorded += len(answer.json()["events"])
    assert not wrong, "\n" + "\n".join(wrong)
    assert programmes.running.head() == head + recorded


def test_the_rules_know_every_operation(programmes: Programmes) -> None:
    routes = [each for each in programmes.running.client.app.routes if isinstance(each, HTTPRoute)]
    operations = {
        f"{method} {route.path_format}"
        for route in routes
        if route.path_format not in ADDRESSES
        for method in route.methods - {"OPTIONS"}
    }
    assert operations == {*OPERATIONS, *OF_DECISIONS, *OF_CLIENTS, *OF_BROWSERS}


def test_the_rules_name_only_decisions_that_are_there() -> None:
    assert {*DECIDED_BY, *REFUSED_BY} <= set(DECISIONS)


@pytest.mark.parametrize("decision", [each for each in DECISIONS if DECISIONS[each].own])
def test_a_team_says_nothing_in_a_programme_that_it_is_not_in(programmes: Programmes, decision: str) -> None:
    """Nor about itself, whatever its name: only a call that is open takes those who are not in yet."""
    head, own = programmes.running.head(), DECISIONS[decision].own
    body = {**programmes.body(decision, "other"), str(own): "ant"}
    answer = programmes.post(programmes.path(decision, "other"), body, programmes.of_team("ant"))
    assert 400 <= answer.status_code < 500, answer.text
    assert programmes.running.head() == head


@pytest.mark.parametrize("decision", ["approve", "reject", "withdraw-proposal"])
def test_a_proposal_is_settled_in_its_own_programme_only(programmes: Programmes, decision: str) -> None:
    """Whoever may settle it there finds none of that name here."""
    head = programmes.running.head()
    key = programmes.keys["far-owner"] if decision == "withdraw-proposal" else programmes.keys["far-other"]
    answer = programmes.post(programmes.path(decision, "own"), programmes.body(decision, "other"), key)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-proposal")
    assert programmes.running.head() == head
