"""A small programme's whole life as decisions, one after the other."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any, Final, NamedTuple

from domain.charter_document import canonical, rules_hash
from domain.event import Event
from tests.domain import charters
from tests.given import DECIDED_AT, Given, decide

HEAT: Final = {"stage": "heat"}
WHY: Final = {"en": "why", "ko": "왜"}
TEXT: Final = "because"
NOTICE: Final = {
    "notice": "n-1",
    "team": "ant",
    "template": "hearing",
    "subject": TEXT,
    "values": {"question": "?"},
}
PERIOD: Final = {"starts": "2026-01-01", "ends": "2026-07-01"}
PAPER: Final = {"kind": "points", "node": "paper", "team": "ant", "value": "9"}
BUILT: Final = {"perspective": "own", "condition": "built"}
OWN: Final = [
    "apply-to-call",
    "report-usage",
    "file-objection",
    "waive-objections",
    "withdraw-team",
    "acknowledge-notice",
    "assent-amendment",
    "give-statement",
]


class Step(NamedTuple):
    """One decision. `by`: an agency, or a consortium."""

    decision: str
    body: dict[str, Any]
    by: str = "owner"


def document(*, review: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """Teams may object for a week; corrections after the close are countersigned; others decide objections.

    `review`: what precedes a ruling, if anything does.
    """
    independence = charters.document()["independence"] | ({} if review is None else {"review": review})
    stages = charters.document()["stages"]
    for stage in stages:
        stage["objections"] = {"days": "7"}
    owner = {"decisions": list(charters.DECISIONS), "agencies": ["owner"]}
    other = {"decisions": ["decide-objection", "publish-results"], "agencies": ["other"]}
    rules = {
        "stages": stages,
        "mandates": [owner, other],
        "consortium_decisions": OWN,
        "independence": independence,
    }
    return charters.document(**rules | changes)


HEARD: Final = document(review={"statement_days": "7", "panel": "jury"})
RULES: Final = (HEARD, document(review={"statement_days": "1"}), document(), document(seats="4"), document(seats="2"))
"""Charters that the programme's may be amended to; the first asks for a hearing and for opinions."""


def hash_of(charter: dict[str, Any]) -> str:
    return rules_hash(canonical(charter))


def key(agency: str, number: int) -> dict[str, Any]:
    x = base64.urlsafe_b64encode(bytes([number] * 32)).decode().rstrip("=")
    return {"agency": agency, "key": f"k-{number}", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}}


def sheet(team: str, evaluator: str, points: str) -> dict[str, Any]:
    return {**HEAT, "team": team, "criterion": "paper/idea", "evaluator": evaluator, "points": points}


def _life() -> list[Step]:
    steps = [Step("publish-charter", {"charter": document()})]
    for team in charters.TEAMS:
        steps.append(Step("enrol-team", {"team": team, "name": charters.names(team), "members": [f"{team} Ltd"]}))
    steps.append(Step("open-stage", HEAT))
    steps += [Step("appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": one}) for one in charters.JURY]
    for team, points, share in (("ant", "9", "80"), ("bee", "7", "60"), ("cow", "5", "30")):
        steps += [Step("submit-score", sheet(team, one, points)) for one in charters.JURY]
        metric = {**HEAT, "team": team, "criterion": "field/speed", "value": share}
        steps += [Step("record-measurement", {**metric, "benchmark": each}) for each in ("track", "road")]
    steps += [Step("close-scoring", HEAT), Step("consolidate-stage", HEAT)]
    for number, team in enumerate(charters.TEAMS):
        evidence = {**HEAT, "team": team, "kind": "report", "sha256": f"{number:064x}", "title": "Report"}
        ruling = {**HEAT, "team": team, "verdict": "met", "perspectives": ["own"], "reason": WHY}
        steps.append(Step("register-evidence", evidence))
        found = {"findings": [{**BUILT, "verdict": "met"}], "evidence": [f"{number:064x}"]}
        steps.append(Step("rule-independence", {**ruling, **found}))
    steps.append(Step("eliminate-team", {**HEAT, "team": "cow", "basis": "rank", "reason": WHY}))
    steps += [Step("advance-team", {**HEAT, "team": team, "reason": WHY}) for team in ("ant", "bee")]
    steps += [Step("publish-results", {**HEAT, "publishers": ["owner", "other"]}, by) for by in ("owner", "other")]
    objection = {**HEAT, "objection": "o-0"}
    steps.append(Step("file-objection", {**objection, "team": "cow", "subject": "outcome", "grounds": TEXT}, "cow"))
    steps.append(Step("decide-objection", {**objection, "outcome": "dismissed", "reason": TEXT}, "other"))
    steps += [Step("waive-objections", {**HEAT, "team": team}, team) for team in charters.TEAMS]
    steps.append(Step("finalise-stage", HEAT))
    steps.append(Step("set-resource-pool", {"resource": "gpu", "quantity": "10", **PERIOD}))
    steps.append(Step("grant-resource", {"resource": "gpu", "quantity": "4", "grant": "g-0", "team": "ant", **PERIOD}))
    steps.append(Step("open-additional-call", {"call": "refill", "after": "heat"}))
    applying = {"call": "refill", "team": "dog", "name": charters.names("dog"), "eligible_class": "anyone"}
    applying["members"] = ["dog Ltd"]
    steps.append(Step("apply-to-call", applying))
    steps.append(Step("screen-application", {"call": "refill", "team": "dog", "screening": "admitted", "reason": WHY}))
    return steps


LIFE: Final = _life()


def until(decision: str) -> list[Step]:
    """The life up to and with the first decision of that type."""
    return LIFE[: [step.decision for step in LIFE].index(decision) + 1]


def until_published() -> list[Step]:
    """The life up to and with the agreement of the second publisher."""
    return LIFE[: len(until("publish-results")) + 1]


def decision_id(position: int) -> str:
    """Of the decision whose first event stands there."""
    return f"01936f2e-0000-7000-8000-{position:012x}"


def made(history: list[Event], step: Step, *, days: int = 0) -> tuple[Event, ...]:
    """What the decision comes to on the history. Raises its refusal."""
    return decide(asked(history, step, days=days), step.decision, step.body)


def asked(history: list[Event], step: Step, *, days: int = 0) -> Given:
    """The history, and who decides."""
    consortium = step.by not in ("owner", "other")
    return Given(
        [],
        charters.PROGRAMME,
        step.by,
        background=history,
        party="consortium" if consortium else "agency",
        decided_at=DECIDED_AT + timedelta(days=days),
        decision_id=decision_id(len(history) + 1),
    )
