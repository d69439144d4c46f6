"""Lawful histories that lead to where a programme can be, as decisions: beginnings of random ones."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from domain.event import Event
from domain.stage_events import StageConsolidated
from tests.domain import charters
from tests.domain.playbook import (
    BUILT,
    HEARD,
    HEAT,
    LIFE,
    NOTICE,
    PAPER,
    TEXT,
    WHY,
    Step,
    decision_id,
    hash_of,
    key,
    made,
    sheet,
    until,
    until_published,
)
from tests.given import checkpoint


def _proposal_after(steps: list[Step]) -> str:
    """The proposal that the next decision would make: approved ones come to two events, all others to one."""
    position = len(steps) + sum(each.decision == "approve" for each in steps) + 1
    return f"{charters.PROGRAMME}:{decision_id(position)}"


def _with_approval(steps: list[Step], step: Step) -> list[Step]:
    """Then `step`, which waits for the other agency, and the approval of it."""
    body = json.dumps(step.body, ensure_ascii=False, separators=(",", ":")).encode()
    approval = {"proposal": _proposal_after(steps), "command_hash": hashlib.sha256(body).hexdigest()}
    return [*steps, step, Step("approve", approval, "other")]


def _hearing() -> list[Step]:
    """Once standings are settled the charter is amended so that ant is heard; teams say what they think of that."""
    steps = _with_approval(until("consolidate-stage"), Step("amend-charter", {"charter": HEARD, "reason": WHY}))
    ant = {**HEAT, "team": "ant"}
    stance = {"rules_hash": hash_of(HEARD), "statement": TEXT}
    return [
        *steps,
        Step("assent-amendment", {"team": "ant", "stance": "assent", **stance}, "ant"),
        Step("assent-amendment", {"team": "bee", "stance": "dissent", **stance}, "bee"),
        Step("register-evidence", {**ant, "kind": "report", "sha256": f"{0:064x}", "title": "Report"}),
        Step("open-independence-review", {**ant, "reason": TEXT}),
        Step("request-statement", {**ant, "question": TEXT}),
        *(Step("give-opinion", {**ant, "evaluator": one, "opinion": "met", "reason": TEXT}) for one in charters.JURY),
    ]


def _changed_outcomes() -> dict[str, list[Step]]:
    """An outcome is superseded, the stage ends, and the next is opened for those who hold a seat then."""
    published = until_published()
    objecting = until("file-objection")
    deviation = {**HEAT, "subject": "eliminations", "reason": WHY}
    upheld = Step("decide-objection", {**HEAT, "objection": "o-0", "outcome": "upheld", "reason": TEXT}, "other")
    back = {**HEAT, "team": "cow", "to": "advanced", "basis": "objection", "objection": "o-0", "reason": WHY}
    out = {**HEAT, "team": "bee", "to": "eliminated", "basis": "rank", "reason": WHY}
    waivers = [Step("waive-objections", {**HEAT, "team": team}, team) for team in charters.TEAMS]
    final = [*waivers, Step("finalise-stage", HEAT)]
    none = [*objecting, upheld, Step("supersede-outcome", back)]
    two = _with_approval(published, Step("record-deviation", {**deviation, "actual": "2"}))
    two += [Step("supersede-outcome", out), *final]
    calling = [each for each in LIFE if each.body.get("call") == "refill"]
    selected = Step("select-team", {"call": "refill", "team": "dog", "reason": WHY})
    last = Step("open-stage", {"stage": "final"})
    return {
        "all stay": [*_with_approval(none, Step("record-deviation", {**deviation, "actual": "0"})), *final],
        "all in the final": [
            *_with_approval(none, Step("record-deviation", {**deviation, "actual": "0"})),
            *final,
            last,
        ],
        "two leave": [*two, *calling, selected],
        "two in the final": [*two, *calling, selected, last],
        "left": [*published, Step("withdraw-team", {"team": "ant", "reason": WHY}, "ant")],
        "left, and final": [
            *published,
            Step("withdraw-team", {"team": "ant", "reason": WHY}, "ant"),
            *waivers[1:],
            Step("finalise-stage", HEAT),
            last,
        ],
    }


MET: Final = {"verdict": "met", "findings": [{**BUILT, "verdict": "met"}], "evidence": [f"{0:064x}"]}


def _lives() -> dict[str, list[Step]]:
    objection, metric = {**HEAT, "objection": "o-0"}, {**HEAT, "team": "bee", "criterion": "field/speed"}
    grant, use = {"grant": "g-0", "reason": WHY}, {"grant": "g-0", "team": "ant", "quantity": "2"}
    flip = {**HEAT, "team": "cow", "to": "advanced", "basis": "objection", "objection": "o-0", "reason": WHY}
    replaced = {**HEAT, "evaluator": charters.JURY[0], "reason": TEXT}
    left_out = {**HEAT, "evaluator": charters.JURY[1], "team": "cow", "criterion": "paper/idea", "reason": TEXT}
    upheld = Step("decide-objection", {**objection, "outcome": "upheld", "reason": TEXT}, "other")
    agreed = until("publish-results")
    publish = agreed[-1]
    deviating = Step("record-deviation", {**HEAT, "subject": "eliminations", "actual": "2", "reason": WHY})
    before_close = LIFE[: len(until("close-scoring")) - 1]
    reopened = [*until_published(), Step("reopen-scoring", {**HEAT, "reason": WHY})]
    instead = "ev-00000000000000aa"
    anew = _with_approval(reopened, Step("recuse-evaluator", replaced))
    anew = _with_approval(anew, Step("replace-evaluator", {**replaced, "replacement": instead}))
    return {
        "enrolled": until("open-stage")[:-1],
        "told": [
            *until("enrol-team"),
            Step("serve-notice", NOTICE),
            Step("acknowledge-notice", {"notice": "n-1", "team": "ant"}, "ant"),
            Step("change-consortium", {"team": "ant", "joined": ["X"], "effective": "2026-01-15"}),
            Step("withdraw-team", {"team": "ant", "reason": WHY}, "ant"),
        ],
        "scored": before_close,
        "corrected": [
            *before_close,
            Step("correct-measurement", {**metric, "benchmark": "track", "value": "10", "reason": TEXT}),
            Step("record-exclusion", {**left_out, "below_quorum": False}),
            Step("correct-score", {**sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
        ],
        "replaced": [
            *before_close,
            Step("declare-conflict", {**replaced, "evaluator": charters.JURY[2], "teams": ["cow"]}),
            Step("recuse-evaluator", replaced),
            Step("replace-evaluator", {**replaced, "replacement": instead}),
        ],
        "closed": until("close-scoring"),
        "consolidated": until("consolidate-stage"),
        "proposed": [
            *until("close-scoring"),
            Step("correct-score", {**sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("correct-score", {**sheet("ant", charters.JURY[0], "3"), "reason": TEXT}),
        ],
        "not approved": [
            *until("close-scoring"),
            Step("correct-score", {**sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("reject", {"proposal": _proposal_after(until("close-scoring")), "reason": TEXT}, "other"),
        ],
        "taken back": [
            *until("close-scoring"),
            Step("correct-score", {**sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("withdraw-proposal", {"proposal": _proposal_after(until("close-scoring")), "reason": TEXT}),
        ],
        "deviating": _with_approval(until("consolidate-stage"), deviating),
        "certified": [*until("close-scoring"), Step("certify-figure", {**HEAT, "figure": PAPER})],
        "hearing": _hearing(),
        "heard": [
            *_hearing(),
            Step("give-statement", {**HEAT, "team": "ant", "statement": TEXT, "evidence": []}, "ant"),
            Step("rule-independence", {**HEAT, "team": "ant", "perspectives": ["own"], "reason": WHY, **MET}),
        ],
        "left under review": [*_hearing(), Step("withdraw-team", {"team": "ant", "reason": WHY}, "ant")],
        "rules": [
            *until("enrol-team"),
            Step("register-key", key("owner", 1)),
            Step("register-key", key("other", 2), "other"),
            Step("revoke-key", {"agency": "owner", "key": "k-1", "reason": TEXT}),
            Step("register-key", key("owner", 3)),
            Step("seal-field", {"subject": charters.JURY[0], "field": "name", "commitment": "a" * 64}),
            Step("erase-subject", {"subject": charters.JURY[0], "legal_basis": "request-of-subject"}),
        ],
        **_changed_outcomes(),
        "agreed": agreed,
        "published": until_published(),
        "certified by publishers": [*until_published(), _certificate("owner"), _certificate("other")],
        "reopened": reopened,
        "scored anew": _with_approval(anew, Step("submit-score", sheet("ant", instead, "9"))),
        "published anew": [
            *reopened,
            Step("close-scoring", HEAT),
            Step("reconsolidate-stage", {**HEAT, "reason": WHY}),
            publish,
            publish._replace(by="other"),
        ],
        "upheld": [*until("file-objection"), upheld],
        "flipped": [*until("file-objection"), upheld, Step("supersede-outcome", flip)],
        "final": until("finalise-stage"),
        "called": LIFE,
        "called off": [*LIFE, Step("close-call", {"call": "refill", "reason": WHY})],
        "granted": [
            *LIFE,
            Step("select-team", {"call": "refill", "team": "dog", "reason": WHY}),
            Step("confer-title", {"team": "ant", "title": "Champion"}),
            Step("withdraw-title", {"team": "ant", "title": "Champion", "reason": WHY}),
            Step("adjust-grant", {**grant, "resource": "gpu", "quantity": "6", "starts": "2026-03-01"}),
            Step("suspend-grant", {**grant, "starts": "2026-04-01"}),
            Step("resume-grant", {**grant, "starts": "2026-05-01"}),
            Step("report-usage", {**use, "starts": "2026-01-01", "ends": "2026-01-10"}, "ant"),
            Step("open-stage", {"stage": "final"}),
        ],
        "revoked": [*LIFE, Step("revoke-grant", {**grant, "starts": "2026-04-01"})],
    }


def _certificate(by: str) -> Step:
    """By a joint publisher, of what was settled, in the log as it was when its results were out."""
    history: list[Event] = []
    for step in until_published():
        history += made(history, step)
    (settled,) = (each for each in history if isinstance(each, StageConsolidated))
    root = checkpoint(len(history)).root_text
    return Step("issue-certificate", {**HEAT, "digest": settled.digest, "size": str(len(history)), "root": root}, by)


LIVES: Final = _lives()
"""Beginnings of random histories."""
