"""A small programme's whole life as decisions; and bodies of decisions, lawful or not, for random histories."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from domain.charter_document import canonical, rules_hash
from tests.domain import charters

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
    owner = {"decisions": [*charters.DECISIONS, "change-consortium"], "agencies": ["owner"]}
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


def _key(agency: str, number: int) -> dict[str, Any]:
    x = base64.urlsafe_b64encode(bytes([number] * 32)).decode().rstrip("=")
    return {"agency": agency, "key": f"k-{number}", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}}


def _sheet(team: str, evaluator: str, points: str) -> dict[str, Any]:
    return {**HEAT, "team": team, "criterion": "paper/idea", "evaluator": evaluator, "points": points}


def _life() -> list[Step]:
    steps = [Step("publish-charter", {"charter": document()})]
    steps += [Step("enrol-team", {"team": team, "name": charters.names(team)}) for team in charters.TEAMS]
    steps.append(Step("open-stage", HEAT))
    steps += [Step("appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": one}) for one in charters.JURY]
    for team, points, share in (("ant", "9", "80"), ("bee", "7", "60"), ("cow", "5", "30")):
        steps += [Step("submit-score", _sheet(team, one, points)) for one in charters.JURY]
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
    steps.append(Step("apply-to-call", applying))
    steps.append(Step("screen-application", {"call": "refill", "team": "dog", "screening": "admitted", "reason": WHY}))
    return steps


LIFE: Final = _life()


def _until(decision: str) -> list[Step]:
    """The life up to and with the first decision of that type."""
    return LIFE[: [step.decision for step in LIFE].index(decision) + 1]


def _until_published() -> list[Step]:
    """The life up to and with the agreement of the second publisher."""
    return LIFE[: len(_until("publish-results")) + 1]


def decision_id(position: int) -> str:
    """Of the decision whose first event stands there."""
    return f"01936f2e-0000-7000-8000-{position:012x}"


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
    steps = _with_approval(_until("consolidate-stage"), Step("amend-charter", {"charter": HEARD, "reason": WHY}))
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
    published = _until_published()
    objecting = _until("file-objection")
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


PAPER: Final = {"kind": "points", "node": "paper", "team": "ant", "value": "9"}
MET: Final = {"verdict": "met", "findings": [{**BUILT, "verdict": "met"}], "evidence": [f"{0:064x}"]}


def _lives() -> dict[str, list[Step]]:
    objection, metric = {**HEAT, "objection": "o-0"}, {**HEAT, "team": "bee", "criterion": "field/speed"}
    grant, use = {"grant": "g-0", "reason": WHY}, {"grant": "g-0", "team": "ant", "quantity": "2"}
    flip = {**HEAT, "team": "cow", "to": "advanced", "basis": "objection", "objection": "o-0", "reason": WHY}
    replaced = {**HEAT, "evaluator": charters.JURY[0], "reason": TEXT}
    left_out = {**HEAT, "evaluator": charters.JURY[1], "team": "cow", "criterion": "paper/idea", "reason": TEXT}
    upheld = Step("decide-objection", {**objection, "outcome": "upheld", "reason": TEXT}, "other")
    agreed = _until("publish-results")
    publish = agreed[-1]
    deviating = Step("record-deviation", {**HEAT, "subject": "eliminations", "actual": "2", "reason": WHY})
    before_close = LIFE[: len(_until("close-scoring")) - 1]
    reopened = [*_until_published(), Step("reopen-scoring", {**HEAT, "reason": WHY})]
    instead = "ev-00000000000000aa"
    anew = _with_approval(reopened, Step("recuse-evaluator", replaced))
    anew = _with_approval(anew, Step("replace-evaluator", {**replaced, "replacement": instead}))
    return {
        "enrolled": _until("open-stage")[:-1],
        "told": [
            *_until("enrol-team"),
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
            Step("correct-score", {**_sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
        ],
        "replaced": [
            *before_close,
            Step("declare-conflict", {**replaced, "evaluator": charters.JURY[2], "teams": ["cow"]}),
            Step("recuse-evaluator", replaced),
            Step("replace-evaluator", {**replaced, "replacement": instead}),
        ],
        "closed": _until("close-scoring"),
        "consolidated": _until("consolidate-stage"),
        "proposed": [
            *_until("close-scoring"),
            Step("correct-score", {**_sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("correct-score", {**_sheet("ant", charters.JURY[0], "3"), "reason": TEXT}),
        ],
        "not approved": [
            *_until("close-scoring"),
            Step("correct-score", {**_sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("reject", {"proposal": _proposal_after(_until("close-scoring")), "reason": TEXT}, "other"),
        ],
        "taken back": [
            *_until("close-scoring"),
            Step("correct-score", {**_sheet("ant", charters.JURY[0], "2"), "reason": TEXT}),
            Step("withdraw-proposal", {"proposal": _proposal_after(_until("close-scoring")), "reason": TEXT}),
        ],
        "deviating": _with_approval(_until("consolidate-stage"), deviating),
        "certified": [*_until("close-scoring"), Step("certify-figure", {**HEAT, "figure": PAPER})],
        "hearing": _hearing(),
        "heard": [
            *_hearing(),
            Step("give-statement", {**HEAT, "team": "ant", "statement": TEXT, "evidence": []}, "ant"),
            Step("rule-independence", {**HEAT, "team": "ant", "perspectives": ["own"], "reason": WHY, **MET}),
        ],
        "rules": [
            *_until("enrol-team"),
            Step("register-key", _key("owner", 1)),
            Step("register-key", _key("other", 2), "other"),
            Step("revoke-key", {"agency": "owner", "key": "k-1", "reason": TEXT}),
            Step("register-key", _key("owner", 3)),
            Step("erase-subject", {"subject": charters.JURY[0], "legal_basis": "request-of-subject"}),
        ],
        **_changed_outcomes(),
        "agreed": agreed,
        "published": _until_published(),
        "reopened": reopened,
        "scored anew": _with_approval(anew, Step("submit-score", _sheet("ant", instead, "9"))),
        "published anew": [
            *reopened,
            Step("close-scoring", HEAT),
            Step("reconsolidate-stage", {**HEAT, "reason": WHY}),
            publish,
            publish._replace(by="other"),
        ],
        "upheld": [*_until("file-objection"), upheld],
        "flipped": [*_until("file-objection"), upheld, Step("supersede-outcome", flip)],
        "final": _until("finalise-stage"),
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


LIVES: Final = _lives()
"""Beginnings of random histories."""

TEAM = st.sampled_from([*charters.TEAMS, "dog", "elk"])
STAGE = st.sampled_from(["heat", "heat", "heat", "final"])
EVALUATOR = st.sampled_from([*charters.JURY, "ev-00000000000000aa", "ev-00000000000000bb"])
POINTS = st.integers(0, 11).map(str)
NUMBER = st.sampled_from(["2", "6", "10", "12"])
DAY = st.sampled_from(["2026-01-01", "2026-01-10", "2026-03-01", "2026-04-01", "2026-05-01", "2026-07-01"])
AGENCY = st.sampled_from(["owner", "owner", "other"])
GRANT = st.sampled_from(["g-0", "g-1", "g-2", "g-3"])
OBJECTION = st.sampled_from(["o-0", "o-1", "o-2"])
SHA256 = st.integers(0, 4).map(lambda n: f"{n:064x}")
NODE = {"stage": STAGE, "team": TEAM, "criterion": st.just("paper/idea"), "evaluator": EVALUATOR}
METRIC = {
    "stage": STAGE,
    "team": TEAM,
    "criterion": st.just("field/speed"),
    "benchmark": st.sampled_from(["track", "road"]),
    "value": st.sampled_from(["10", "30", "60", "80", "100"]),
}
VERDICT = st.sampled_from(["met", "not_met"])
COUNTED = {"resource": st.just("gpu"), "quantity": NUMBER, "starts": DAY, "ends": DAY}


def _body(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Each field a strategy, or the value itself."""
    return st.fixed_dictionaries(
        {name: each if isinstance(each, st.SearchStrategy) else st.just(each) for name, each in fields.items()}
    )


def _findings(verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "findings": [{**BUILT, "verdict": verdict}]}


_ruling = st.tuples(
    _body(stage=STAGE, team=TEAM, perspectives=["own"], evidence=st.lists(SHA256, max_size=1), reason=WHY),
    VERDICT.map(_findings),
).map(lambda both: {**both[0], **both[1]})
_of_stage = _body(stage=STAGE)
_with_reason = _body(stage=STAGE, reason=WHY)
_title = {"team": TEAM, "title": "Champion"}
_of_grant = {"grant": GRANT, "starts": DAY, "reason": WHY}
_of_evaluator = {"stage": STAGE, "evaluator": EVALUATOR, "reason": TEXT}
_of_team = {"stage": STAGE, "team": TEAM}
_figure = st.sampled_from(
    [
        PAPER,
        {**PAPER, "value": "8"},
        {"kind": "mean", "node": "total", "value": "18"},
        {"kind": "highest", "node": "paper", "teams": ["ant"], "value": "9"},
        {"kind": "rank-group", "teams": ["ant", "bee"], "best": "1", "worst": "2"},
        {"kind": "gate", "gate": "slow", "team": "cow", "outcome": "passed"},
    ]
)
_supersession = _body(
    stage=STAGE,
    team=TEAM,
    to=st.sampled_from(["advanced", "eliminated"]),
    basis=st.sampled_from(["rank", "gate", "ruling", "objection"]),
    reason=WHY,
    objection=st.none() | OBJECTION,
)

BODIES: Final[dict[str, st.SearchStrategy[dict[str, Any]]]] = {
    "publish-charter": _body(charter=st.sampled_from(RULES)),
    "amend-charter": _body(charter=st.sampled_from(RULES), reason=st.none() | st.just(WHY)),
    "assent-amendment": _body(
        team=TEAM,
        rules_hash=st.sampled_from([hash_of(each) for each in RULES]),
        stance=st.sampled_from(["assent", "dissent"]),
    ),
    "register-key": st.tuples(AGENCY, st.integers(1, 3)).map(lambda both: _key(*both)),
    "revoke-key": _body(agency=AGENCY, key=st.sampled_from(["k-1", "k-2", "k-3"]), reason=TEXT),
    "erase-subject": _body(subject=EVALUATOR, legal_basis=st.none() | st.just("purpose-fulfilled")),
    "enrol-team": _body(team=TEAM, name=WHY),
    "withdraw-team": _body(team=TEAM, reason=WHY),
    "change-consortium": _body(team=TEAM, joined=st.sampled_from([["X"], ["Y"]]), effective="2026-01-15"),
    "open-stage": _of_stage,
    "appoint-evaluator": _body(stage=STAGE, panel="jury", evaluator=EVALUATOR),
    "declare-conflict": _body(**_of_evaluator, teams=TEAM.map(lambda team: [team])),
    "recuse-evaluator": _body(**_of_evaluator, team=st.none() | TEAM),
    "replace-evaluator": _body(**_of_evaluator, replacement=EVALUATOR),
    "submit-score": _body(**NODE, points=POINTS),
    "correct-score": _body(**NODE, points=POINTS, reason=TEXT),
    "record-measurement": _body(**METRIC),
    "correct-measurement": _body(**METRIC, reason=TEXT),
    "record-exclusion": _body(**NODE, reason=TEXT, below_quorum=st.booleans()),
    "close-scoring": _of_stage,
    "certify-figure": _body(stage=STAGE, figure=_figure),
    "consolidate-stage": _of_stage,
    "reopen-scoring": _with_reason,
    "reconsolidate-stage": _with_reason,
    "register-evidence": _body(stage=STAGE, team=TEAM, kind="report", sha256=SHA256, title=TEXT),
    "open-independence-review": _body(**_of_team, reason=TEXT),
    "request-statement": _body(**_of_team, question=TEXT),
    "give-statement": _body(**_of_team, statement=TEXT, evidence=st.lists(SHA256, max_size=1)),
    "give-opinion": _body(**_of_team, evaluator=EVALUATOR, opinion=VERDICT, reason=TEXT),
    "rule-independence": _ruling,
    "record-deviation": _body(stage=STAGE, subject="eliminations", actual=st.sampled_from("0123"), reason=WHY),
    "eliminate-team": _body(stage=STAGE, team=TEAM, basis=st.sampled_from(["rank", "gate", "ruling"]), reason=WHY),
    "advance-team": _body(stage=STAGE, team=TEAM, reason=WHY),
    "supersede-outcome": _supersession,
    "publish-results": _body(stage=STAGE, publishers=["owner", "other"]),
    "file-objection": _body(
        stage=STAGE,
        objection=OBJECTION,
        team=TEAM,
        subject=st.sampled_from(["outcome", "score", "ruling"]),
        grounds=TEXT,
    ),
    "decide-objection": _body(
        stage=STAGE,
        objection=OBJECTION,
        outcome=st.sampled_from(["upheld", "upheld", "dismissed", "inadmissible"]),
        reason=TEXT,
    ),
    "waive-objections": _body(stage=STAGE, team=TEAM),
    "finalise-stage": _of_stage,
    "open-additional-call": _body(call="refill", after="heat"),
    "apply-to-call": _body(call="refill", team=TEAM, name=WHY, eligible_class="anyone"),
    "screen-application": _body(
        call="refill", team=TEAM, screening=st.sampled_from(["admitted", "refused"]), reason=WHY
    ),
    "select-team": _body(call="refill", team=TEAM, reason=WHY),
    "close-call": _body(call="refill", reason=WHY),
    "set-resource-pool": _body(**COUNTED, reason=st.none() | st.just(WHY)),
    "grant-resource": _body(**COUNTED, grant=GRANT, team=TEAM),
    "adjust-grant": _body(**_of_grant, resource="gpu", quantity=NUMBER, ends=st.none() | DAY),
    "suspend-grant": _body(**_of_grant),
    "resume-grant": _body(**_of_grant),
    "revoke-grant": _body(**_of_grant),
    "report-usage": _body(grant=GRANT, team=TEAM, quantity=NUMBER, starts=DAY, ends=DAY),
    "confer-title": _body(**_title),
    "withdraw-title": _body(**_title, reason=WHY),
    "serve-notice": _body(**{**NOTICE, "team": TEAM}),
    "acknowledge-notice": _body(notice="n-1", team=TEAM),
}
"""Bodies by decision: drawn from a few names and numbers, so that they meet."""

_SCORING: Final = {
    "appoint-evaluator",
    "declare-conflict",
    "recuse-evaluator",
    "replace-evaluator",
    "submit-score",
    "correct-score",
    "record-measurement",
    "correct-measurement",
    "record-exclusion",
    "close-scoring",
    "certify-figure",
    "consolidate-stage",
    "reopen-scoring",
    "reconsolidate-stage",
    "publish-results",
    "finalise-stage",
}
_GRANTS: Final = {
    "set-resource-pool",
    "grant-resource",
    "adjust-grant",
    "suspend-grant",
    "resume-grant",
    "revoke-grant",
    "report-usage",
}
_HEARING: Final = {
    "amend-charter",
    "declare-conflict",
    "register-evidence",
    "open-independence-review",
    "request-statement",
    "give-statement",
    "give-opinion",
    "rule-independence",
    "file-objection",
    "decide-objection",
}
_RULES: Final = {"amend-charter", "assent-amendment", "register-key", "revoke-key", "erase-subject", "open-stage"}
_OUTCOMES: Final = (set(BODIES) - _SCORING - _GRANTS - _RULES - _HEARING) | {
    "rule-independence",
    "file-objection",
    "decide-objection",
}


def _beginnings() -> list[tuple[str, tuple[str, ...]]]:
    found = [(life, set(BODIES)) for life in LIVES]
    found += [(life, _SCORING) for life in ("scored", "replaced", "closed", "proposed", "reopened")]
    found += [(life, _GRANTS) for life in ("called", "granted", "granted", "revoked")] * 2
    found += [
        (life, _OUTCOMES) for life in ("consolidated", "agreed", "published", "upheld", "upheld", "flipped", "final")
    ]
    found += [(life, _HEARING) for life in ("hearing", "hearing", "heard", "heard")]
    found += [(life, _RULES) for life in ("rules", "heard", "rules")]
    found += [(life, _OUTCOMES) for life in ("all stay", "two leave", "left")]
    found += [(life, _SCORING) for life in ("certified", "published anew")]
    return [(life, tuple(sorted(decisions))) for life, decisions in found]


BEGINNINGS: Final = _beginnings()
"""Lives to begin after, and the decisions to go on with: those of one topic meet more often than those of all."""
