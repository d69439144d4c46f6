"""Bodies of decisions, lawful or not, for random histories."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from tests.domain import charters
from tests.domain.playbook import BUILT, NOTICE, PAPER, RULES, TEXT, WHY, hash_of, key
from tests.given import checkpoint

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
MEMBERS = st.sampled_from([[], ["ant Ltd"], ["cow Ltd"], ["dog Ltd"]])
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
    "register-key": st.tuples(AGENCY, st.integers(1, 3)).map(lambda both: key(*both)),
    "revoke-key": _body(agency=AGENCY, key=st.sampled_from(["k-1", "k-2", "k-3"]), reason=TEXT),
    "erase-subject": _body(subject=EVALUATOR, legal_basis=st.none() | st.just("purpose-fulfilled")),
    "seal-field": _body(
        subject=EVALUATOR, field=st.just("name"), commitment=st.sampled_from([each * 64 for each in "ab"])
    ),
    "enrol-team": _body(team=TEAM, name=WHY, members=MEMBERS),
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
        team=st.none() | TEAM,
        outcome=st.sampled_from(["upheld", "upheld", "dismissed", "inadmissible"]),
        reason=TEXT,
    ),
    "issue-certificate": _body(
        stage=STAGE,
        digest=SHA256,
        size=st.sampled_from(["1", "40"]),
        root=st.sampled_from([40, 41]).map(lambda size: checkpoint(size).root_text),
    ),
    "waive-objections": _body(stage=STAGE, team=TEAM),
    "finalise-stage": _of_stage,
    "open-additional-call": _body(call="refill", after="heat"),
    "apply-to-call": _body(call="refill", team=TEAM, name=WHY, members=MEMBERS, eligible_class="anyone"),
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
