"""Calls of every operation, as the published contract shows them: asked of a running service, answer by answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Request
from litestar.datastructures import State

from service.api.decisions import BODY_LIMIT
from service.api.openapi import document
from service.api.openapi_links import LINKS
from service.api.problems import ApiProblem, response_to
from service.application.identity import TooManyRequestsError
from service.application.ports import LedgerUnavailableError
from service.application.reading_refusals import NotYetProjectedError
from service.application.submitting import ContendedError
from service.worker_bootstrap import open_delivering, open_noticing
from tests.integration.browsing import Browser, add_person
from tests.integration.receiving import Clock, deliver, receiving
from tests.integration.signing import FORM as GRANTED
from tests.integration.signing import OTHER, SigningClient, jwk_of
from tests.integration.small import PROGRAMME, WHY, SmallProgramme

NDJSON = "application/x-ndjson"
FORM = "application/x-www-form-urlencoded"
POOL = {"resource": "gpu", "quantity": "8", "starts": "2026-01-01", "ends": "2026-12-01"}
GRANT = {
    "grant": "ant-1",
    "team": "ant",
    "resource": "gpu",
    "quantity": "4",
    "starts": "2026-02-01",
    "ends": "2026-06-01",
}
ALTERATION = {"change": "verdict", "team": "ant", "verdict": "not_met"}
FIGURES = [
    {"kind": "mean", "node": "paper", "value": "7"},
    {"kind": "points", "node": "paper", "team": "ant", "value": "9"},
]

NOTICE = {
    "id": "results",
    "title": {"en": "Results of {stage}", "ko": "{stage} 결과"},
    "body": {"en": "{what}", "ko": "{what}"},
    "variables": ["stage", "what"],
    "events": ["ResultsPublished"],
    "recipients": ["advanced", "eliminated"],
}


class Calls:
    """Asks, and keeps what was asked and answered: of each operation the first request that was granted, of each status
    and media type the first answer, of each type of problem the first. Links of answers are followed.
    """

    def __init__(self, small: SmallProgramme) -> None:
        self.small = small
        self.kept: dict[str, Any] = {}
        self.problems: dict[str, Any] = {}
        self.followed: set[str] = set()
        self._operations = {
            operation["operationId"]: (path, method, operation)
            for path, methods in document()["paths"].items()
            for method, operation in methods.items()
        }

    def __call__(
        self,
        operation: str,
        status: int,
        *,
        by: str | None = None,
        body: Any = None,
        browser: Browser | None = None,
        named: dict[str, Any] | None = None,
        **given: Any,
    ) -> httpx.Response:
        """Ask once. `by`: whose key; `browser`: whose session. `given` and `named`: parameters."""
        parameters = {**given, **(named or {})}
        answer = self._ask(operation, parameters, by, body, browser)
        assert answer.status_code == status, (operation, answer.status_code, answer.text)
        said = self._operations[operation][2]["responses"][str(status)]
        self._keep(operation, parameters, body, answer)
        for name in said.get("links", {}) if answer.headers.get("content-type") == "application/json" else ():
            self._follow(name, parameters, answer, by)
        return answer

    def _follow(self, name: str, parameters: dict[str, Any], answer: httpx.Response, by: str | None) -> None:
        """Ask for what a link leads to, with the same key, where only reads follow: it is there, or not sealed yet."""
        link = LINKS[name]
        if self._operations[link["operationId"]][1] != "get":
            return
        asked = {each: _evaluated(value, parameters, answer) for each, value in link["parameters"].items()}
        self.small.running.project()
        there = self._ask(link["operationId"], asked, by, None, None)
        unsealed = there.status_code == 404 and there.json()["type"] == "/problems/not-sealed"
        assert there.status_code == 200 or unsealed, (name, there.text)
        self.followed.add(name)

    def _ask(
        self, operation: str, parameters: dict[str, Any], by: str | None, body: Any, browser: Browser | None
    ) -> httpx.Response:
        """`parameters`: programme and key are added where they are needed."""
        path, method, said = self._operations[operation]
        known = {each["name"]: each for each in said.get("parameters", ())}
        if known.get("programme", {}).get("required"):
            parameters.setdefault("programme", PROGRAMME)
        if known.get("Idempotency-Key", {}).get("required"):
            parameters.setdefault("Idempotency-Key", f"{operation}-{len(self.kept)}")
        assert set(parameters) <= set(known), (operation, set(parameters) - set(known))
        placed = {
            place: {name: value for name, value in parameters.items() if known[name]["in"] == place}
            for place in ("path", "query", "header")
        }
        for name, value in placed["path"].items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe="/:"))
        headers = {**self.small.headers(by), **placed["header"]}
        more: dict[str, Any] = {"params": placed["query"]} if placed["query"] else {}
        (media_type,) = said.get("requestBody", {"content": {"": None}})["content"]
        if media_type == FORM:
            more = {**more, "data": body}
        elif body is not None:
            lines = body if media_type == NDJSON else [body]
            more["content"] = b"\n".join(
                each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines
            )
            headers["Content-Type"] = media_type
        if browser is None:
            return self.small.client.request(method, path, headers=headers, follow_redirects=False, **more)
        return browser.page(method.upper(), path, headers=headers, **more)

    def _keep(self, operation: str, parameters: dict[str, Any], body: Any, answer: httpx.Response) -> None:
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if media_type == "application/problem+json":
            self.problem(answer.json())
            return
        call = self.kept.setdefault(operation, {})
        if answer.status_code < 400:
            call.setdefault("parameters", parameters)
            if body is not None:
                call.setdefault("body", body)
        if not answer.content or not (media_type.startswith("text/") or "json" in media_type):
            return
        value: Any = answer.text
        if media_type == NDJSON:
            value = [json.loads(line) for line in answer.text.splitlines()]
        elif "json" in media_type:
            value = answer.json()
        call.setdefault("answers", {}).setdefault(str(answer.status_code), {}).setdefault(media_type, value)

    def problem(self, problem: Any) -> None:
        """Keep it, if it is the first of its type."""
        self.problems.setdefault(problem["type"].rpartition("/")[2], problem)


def _evaluated(expression: str, parameters: dict[str, Any], answer: httpx.Response) -> Any:
    """What an expression of a link stands for, or itself."""
    if expression.startswith("$request.path."):
        return parameters[expression.removeprefix("$request.path.")]
    if not expression.startswith("$response.body#/"):
        return expression
    found = answer.json()
    for step in expression.removeprefix("$response.body#/").split("/"):
        found = found[int(step) if step.isdecimal() else step]
    return found


def call_everything(calls: Calls, seal: Callable[[], str]) -> None:
    """Ask every operation for each of its answers. `seal`: brings the tree up to the head."""
    running = calls.small.running
    calls.small.keys |= {"auditor": running.keys.auditor, "operator": running.keys.operator}
    _decide(calls)
    _keep(calls)
    running.project()
    _read(calls)
    _be_told(calls)
    _verify(calls, seal)
    _come_in(calls)
    _administer(calls)
    _sign_in(calls)
    for each in ("live", "ready", "metrics"):
        calls(each, 200)
    _be_refused(calls)


def _decide(calls: Calls) -> None:
    small = calls.small
    pools = [
        {"decision": "set-resource-pool", "body": each} for each in (POOL, {**POOL, "quantity": "12", "reason": WHY})
    ]
    calls("submit-decisions", 201, by="owner", body=pools, atomic="true", named={"Idempotency-Key": "pools"})
    small.score()
    small.rule()
    small.publish()
    stranger = {**GRANT, "team": "dog"}
    lines = [
        {"decision": decision, "key": key, "body": body}
        for decision, key, body in (
            ("set-resource-pool", "pool-9", {**POOL, "quantity": "16", "reason": WHY}),
            ("grant-resource", "grant-1", GRANT),
            ("grant-resource", "grant-2", stranger),
        )
    ]
    calls("submit-decisions", 200, by="owner", body=lines)
    small.running.project()
    calls("preview-decision", 200, by="owner", body=GRANT, decision="grant-resource")
    waiting = calls("grant-resource", 202, by="owner", body={**GRANT, "grant": "ant-2"}).json()
    proposal = waiting["proposal"]
    calls("get-proposal", 200, by="other", proposal=proposal)
    approval = {"command_hash": waiting["command_hash"]}
    calls("approve-proposal", 201, by="other", body=approval, proposal=proposal)
    again = calls("grant-resource", 202, by="owner", body={**GRANT, "grant": "ant-3"}).json()
    calls("reject-proposal", 201, body={"reason": "Not yet."}, by="other", proposal=again["proposal"])


def _keep(calls: Calls) -> None:
    """Personal data."""
    person = "ev-0000000000000000"
    calls("keep-field", 201, by="owner", body={"subject": person, "field": "name", "text": "Hong Gildong"})
    calls("get-subject", 200, by="auditor", subject=person)


def _read(calls: Calls) -> None:
    after = 30
    for each in ("list-programmes", "get-programme", "get-charter", "list-teams", "list-calls", "list-objections"):
        calls(each, 200)
    for view in ("standings", "grants", "audit-trail"):
        page = {"after": after, "limit": 2} if view == "audit-trail" else {}
        for format_ in ("json", "csv"):
            calls(f"get-{view}", 200, format=format_, named=page)
    calls("get-standings", 200, stage="heat")
    calls("get-timeline", 200, limit=2)
    calls("get-disagreement", 200, by="auditor", stage="heat")
    calls("get-workload", 200, by="auditor")
    calls("get-sensitivity", 200, by="auditor", stage="heat")
    calls("get-explanation", 200, team="cow", stage="heat")
    calls("get-diff", 200, named={"from": "40", "to": "42"})
    calls("ask-what-if", 200, by="auditor", body={"stage": "heat", "alterations": [ALTERATION]})
    calls("check-disclosure", 200, by="auditor", body={"stage": "heat", "figures": FIGURES})
    calls("list-events", 200, after=after, limit=2, programme=PROGRAMME)


def _be_told(calls: Calls) -> None:
    noticing, clock = open_noticing(calls.small.running.settings), Clock(datetime.now(UTC) + timedelta(days=1))
    delivering = open_delivering(calls.small.running.settings, now=clock)
    with receiving() as receiver:
        asked = {"channel": "webhook", "address": receiver.url}
        one: dict[str, Any] = {"by": "ant"}
        issued = calls("register-endpoint", 201, body=asked, **one).json()
        one["endpoint"] = issued["endpoint"]["endpoint"]
        calls("set-endpoint-state", 409, body={"state": "paused"}, **one)
        calls("test-endpoint", 201, **one)
        deliver(delivering)
        given = {"challenge": receiver.posted[0].event["data"]["challenge"]}
        calls("confirm-endpoint", 422, body={"challenge": "guessed"}, **one)
        calls("confirm-endpoint", 200, body=given, **one)
        calls("rotate-endpoint", 201, **one)
        receiver.answers(410)
        noticing.send(PROGRAMME)
        deliver(delivering)
        (_test, dead) = calls("list-deliveries", 200, by="ant", after=0, limit=2).json()["deliveries"]
        calls("set-endpoint-state", 200, body={"state": "active"}, **one)
        calls("resend-delivery", 200, by="owner", delivery=dead["delivery"])
        calls("list-endpoints", 200, by="ant")
        calls("remove-endpoint", 204, **one)
        calls("remove-endpoint", 404, **one)
        calls("resend-delivery", 404, by="owner", delivery=10**6)
    delivering.close()
    noticing.close()
    (notice,) = calls("get-notices", 200, by="ant", after=0, limit=2).json()["notices"]
    calls("get-notice", 200, by="ant", notice=notice["notice"])
    calls("get-notice-evidence", 200, by="owner", recipient="ant", notice=notice["notice"], after=0, limit=2)
    calls("get-reactions", 200, by="owner")


def _verify(calls: Calls, seal: Callable[[], str]) -> None:
    calls("get-receipt", 404, position=1)
    while seal() != "current":
        pass
    head = calls.small.running.head()
    calls("get-log", 200)
    calls("get-checkpoint", 200)
    calls("get-checkpoint-of", 200, size=head)
    calls("get-tile", 200, path=f"0/000.p/{head}")
    calls("get-checkpoint-of-log", 200, number=1)
    calls("get-tile-of-log", 200, number=1, path=f"0/000.p/{head}")
    calls("get-leaves", 200, after=0, upto=head)
    calls("get-inclusion-proof", 200, position=2, size=head)
    calls("get-consistency-proof", 200, named={"from": 2, "to": head})
    calls("get-receipt", 200, position=1)
    calls("export-ledger", 200, limit=2)


def _come_in(calls: Calls) -> None:
    client = SigningClient(calls.small.running, subject="owner")
    form = {**GRANTED, "client_assertion": client.assertion()}
    calls("issue-token", 200, body=form)
    calls("issue-token", 401, body=form)
    calls("issue-token", 400, body={**form, "grant_type": "password"})
    calls("get-jwks", 200)
    calls("get-metadata", 200)


def _administer(calls: Calls) -> None:
    def ask(operation: str, status: int, body: Any = None, **given: Any) -> Any:
        answer = calls(operation, status, by="operator", body=body, **given)
        return answer.json() if answer.content else None

    issued = ask("issue-key", 201, {"role": "agency", "subject": "owner", "expires_in_days": "90"})
    ask("list-keys", 200)
    ask("revoke-api-key", 204, key_id=issued["key_id"])
    client = ask("register-client", 201, {"role": "agency", "subject": "owner", "keys": [jwk_of(OTHER, kid="first")]})
    one = {"client_id": client["client_id"]}
    ask("get-client", 200, **one)
    ask("list-clients", 200)
    key = jwk_of(Ed25519PrivateKey.generate(), kid="second")
    ask("add-client-key", 201, key, **one)
    ask("add-client-key", 409, key, **one)
    ask("revoke-client-key", 204, kid="first", **one)
    ask("revoke-client", 204, **one)
    person = {
        "person_id": ask("add-person", 201, {"memberships": [{"role": "agency", "subject": "owner"}]})["person_id"]
    }
    ask("get-person", 200, **person)
    ask("list-people", 200)
    ask("grant-membership", 201, {"role": "auditor", "subject": "auditor"}, **person)
    ask("withdraw-membership", 204, membership="auditor:auditor", **person)
    ask("link-identity", 201, {"issuer": "https://issuer.example", "subject": "248289761001"}, **person)
    ask("list-sessions-of", 200, **person)
    ask("revoke-person", 204, **person)


def _sign_in(calls: Calls) -> None:
    running = calls.small.running
    person = add_person(running, "agency:owner")
    calls("sign-in", 200, browser=Browser(running))
    browsers = []
    for _each in range(2):
        secret = running.service.parts.signing_in.make_link(person, "tests")
        browser = Browser(running)
        calls("show-link", 200, secret=secret, browser=browser)
        calls("use-link", 303, body={"secret": secret}, browser=browser)
        browsers.append(browser)
    browser, other = browsers
    calls("show-link", 403, secret="x", browser=browser)
    calls("use-link", 403, body={"secret": "x"}, browser=browser)
    calls("get-session", 200, browser=browser)
    ended = calls("list-sessions", 200, browser=browser).json()["sessions"][0]["session_id"]
    calls("end-session", 204, browser=browser, session_id=ended)
    left = browser if browser.get("/v1/session").status_code == 200 else other
    calls("sign-out", 200, body={"csrf_token": left.get("/v1/session").json()["csrf_token"]}, browser=left)
    calls("get-session", 401, browser=other if left is browser else browser)
    again = running.service.parts.signing_in.make_link(person, "tests")
    calls("use-link", 303, body={"secret": again}, browser=Browser(running))
    last = calls("list-sessions-of", 200, by="operator", person_id=person).json()["sessions"][0]["session_id"]
    calls("end-session-of", 204, by="operator", person_id=person, session_id=last)
    calls("complete-sign-in", 403, code="code", state="state", browser=browser)


def _be_refused(calls: Calls) -> None:
    """One of each kind that a request meets; those that only a failing server has are made as it makes them."""

    def ask(status: int, body: Any, by: str | None = "owner", **named: str) -> None:
        key = {"Idempotency-Key": "refused"}
        calls("set-resource-pool", status, by=by, body=body, named={**key, **named})

    ask(400, b"{")
    ask(401, POOL, by=None)
    ask(403, POOL, by="ant")
    ask(409, {**POOL, "quantity": "1", "reason": WHY})
    ask(412, {**POOL, "quantity": "20", "reason": WHY}, **{"If-Match": '"1"'})
    ask(413, b" " * (BODY_LIMIT + 1))
    ask(422, {**POOL, "quantity": "many"})
    ask(422, {**POOL, "quantity": "24"})
    calls("get-programme", 404, programme="nothing")
    calls("get-standings", 400, as_of_position="first")
    calls("get-disagreement", 403, by="ant")
    calls("list-keys", 403, by="auditor")
    errors: list[Exception] = [
        ApiProblem("idempotency-key-missing", "Idempotency-Key: your own name for this request, once each"),
        ApiProblem("unsupported-media-type", "Content-Type: application/json in UTF-8, not 'text/plain'"),
        ApiProblem("body-too-slow", "a body comes within 30 seconds, and one more for every 1000 bytes"),
        TooManyRequestsError("too much was asked", 12),
        ContendedError("grant-resource"),
        LedgerUnavailableError("the ledger did not answer", outcome_unknown=False),
        NotYetProjectedError(40, None),
    ]
    nobody: Request[object, object, State] = Request({"type": "http"})  # type: ignore[arg-type]  # no handler looks at it
    for error in errors:
        calls.problem(json.loads(response_to(nobody, error).content))
