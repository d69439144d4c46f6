"""Each event says what its command asked for, and whoever asked may by the charter; both verifiers see where not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.certificates import CertificateIssued
from domain.envelope import Actor
from domain.event import Event
from domain.notices import notice_id
from domain.outcome_events import Finding, IndependenceRuled, TeamWithdrawn
from domain.proposal_events import DecisionApproved, DecisionProposed
from domain.scalars import Names
from domain.score_events import FigureCertified, PointsOf, ScoreSubmitted
from domain.signature_audit import SignatureAudit
from domain.stage_events import ReleaseAgreed, ResultsPublished, ScoringReopened
from domain.system import system
from service.ed25519 import verify_ed25519
from tests.domain import charters
from tests.domain.test_decision_of import BY_TWO, ENROLLED, TO_ONE, TO_TWO
from tests.domain.test_notices import SERVE, SERVED
from tests.domain.test_signature_audit import charter_entry, key_entry, revocation
from tests.domain.verified import BEE, ENROL, Entry, amended, changed, first, found, recorded
from tests.given import DECIDED_AT, given

OWNER, OTHER, CLERK = (Actor(agency=each, principal=f"key of {each}") for each in ("owner", "other", "clerk"))
BEES = Actor(agency="bee", principal="key of bee", party="consortium")
WHY = charters.names("why")
REPORTED = {"attribution": "reported", "source": "a newspaper"}


def made(decision: str, body: dict[str, Any], event: Event, by: Actor = OWNER) -> Entry:
    asking = replace(given(), agency=by.agency, party=by.party, principal=by.principal)
    (entry,) = recorded(asking, decision, body, (event,))
    return entry


def saying(entry: Entry, **changes: Any) -> Entry:
    """Another event under the same command."""
    return msgspec.structs.replace(entry[0], **changes), entry[1]


SHEET: dict[str, Any] = {
    "stage": "heat",
    "team": "bee",
    "criterion": "paper/idea",
    "evaluator": f"ev-{1:016x}",
    "points": "9",
}
SCORED = made("submit-score", SHEET, ScoreSubmitted(**SHEET, item=None))
OF_ITEM = made("submit-score", SHEET | {"item": "a"}, ScoreSubmitted(**SHEET, item="a"))
RULING = {
    "stage": "heat",
    "team": "bee",
    "verdict": "met",
    "perspectives": ["own"],
    "findings": [{"perspective": "own", "condition": "built", "verdict": "met"}],
    "evidence": ["a" * 64],
    "reason": WHY,
}
MET = Finding(perspective="own", condition="built", verdict="met")
RULED = made("rule-independence", RULING, msgspec.convert(RULING, type=IndependenceRuled))
FIGURE = {"kind": "points", "node": "paper", "team": "bee", "value": "9"}
CERTIFIED = made(
    "certify-figure",
    {"stage": "heat", "figure": FIGURE},
    FigureCertified(stage="heat", figure=msgspec.convert(FIGURE, type=PointsOf), source="certified by owner"),
)
CITED = made(
    "certify-figure",
    {"stage": "heat", "figure": FIGURE, "source": "a newspaper"},
    FigureCertified(stage="heat", figure=msgspec.convert(FIGURE, type=PointsOf), source="a newspaper"),
)
CERTIFICATE = {"stage": "heat", "digest": "a" * 64, "size": "9", "root": f"{'A' * 43}="}
ISSUED = made(
    "issue-certificate",
    CERTIFICATE,
    CertificateIssued(**CERTIFICATE | {"size": 9}, agency="owner", settlement=8, origin="log"),  # type: ignore[arg-type]
)
APPROVED = BY_TWO[-1]
ASKED: dict[str, tuple[list[Entry], list[int]]] = {
    "as asked": ([*TO_ONE, SCORED, OF_ITEM, RULED, CERTIFIED, CITED, ISSUED], []),
    "other points": ([*TO_ONE, saying(SCORED, points="1")], [2]),
    "for another": ([*TO_ONE, saying(SCORED, team="ant")], [2]),
    "of an item that was not named": ([*TO_ONE, saying(SCORED, item="a")], [2]),
    "of no item": ([*TO_ONE, saying(OF_ITEM, item=None)], [2]),
    "another finding": ([*TO_ONE, saying(RULED, findings=(msgspec.structs.replace(MET, verdict="not_met"),))], [2]),
    "a finding more": ([*TO_ONE, saying(RULED, findings=(MET, MET))], [2]),
    "for a reason that was not given": (
        [*TO_ONE, saying(RULED, findings=(msgspec.structs.replace(MET, reason=Names(**WHY)),))],
        [2],
    ),
    "another figure": (
        [*TO_ONE, saying(CERTIFIED, figure=msgspec.convert(FIGURE | {"value": "8"}, type=PointsOf))],
        [2],
    ),
    "another source": ([*TO_ONE, saying(CITED, source="another")], [2]),
    "of another size": ([*TO_ONE, saying(ISSUED, size=8)], [2]),
    "others than were enrolled": ([*TO_ONE, saying(ENROLLED[0], members=("Evil Ltd",))], [2]),
    "others than were approved": ([*TO_TWO, *BY_TWO[:2], saying(APPROVED, name=Names(**charters.names("evil")))], [4]),
    "of a command that is none": ([*TO_ONE, changed(ENROLLED[0], command="[]")], [2]),
    "as though it was reported": ([*TO_ONE, changed(ENROLLED[0], attribution="reported")], [2]),
    "as though another had decided it": ([*TO_ONE, changed(ENROLLED[0], decided_by="clerk")], [2]),
    "reported where it is decided": ([*TO_ONE, made("enrol-team", ENROL | REPORTED, BEE)], [2]),
    "decided where it is reported": ([*first(REPORTED, data_set="public-record"), *ENROLLED], [2]),
}
LEFT = TeamWithdrawn(team="bee", reason=Names(**WHY))
LEAVING = {"team": "bee", "reason": WHY}
ANT = Actor(agency="ant", principal="key of ant", party="consortium")
TO_CLERK = first(mandates=[*charters.document()["mandates"], {"decisions": ["withdraw-team"], "agencies": ["clerk"]}])
PROPOSED_BY_CLERK = (
    msgspec.structs.replace(BY_TWO[0][0], proposer=CLERK, awaiting=("other",)),
    msgspec.structs.replace(BY_TWO[0][1], actor=CLERK),
)
TO_ANY = first(countersignatures=[{"decisions": ["enrol-team"], "agencies": ["other", "clerk"]}])
BY_ITSELF = system("serve-notices")
TO_SYSTEM = first(reactions=[{"id": "serve-notices"}])


def followed(by: Actor = BY_ITSELF, cause: str | None = "1") -> Entry:
    """A notice, as though the system had served it: what it sent of the event at position 1."""
    own = notice_id(1, SERVED.team, SERVED.template)
    event = msgspec.structs.replace(SERVED, notice=own)
    return changed(made("serve-notice", {**SERVE, "notice": own}, event, by), causation=cause)


MANDATED: dict[str, tuple[list[Entry], list[int]]] = {
    "before the charter": ([*ENROLLED, *TO_ONE], [1]),
    "amended before it is published": ([*amended(), *TO_ONE], [1]),
    "published again": ([*TO_ONE, *TO_ONE], [2]),
    "by an agency without a mandate": ([*TO_ONE, made("enrol-team", ENROL, BEE, CLERK)], [2]),
    "by an agency that is none": (
        [*TO_ONE, made("enrol-team", ENROL, BEE, msgspec.structs.replace(CLERK, agency="evil"))],
        [2],
    ),
    "proposed without a mandate": ([*TO_TWO, PROPOSED_BY_CLERK], [2]),
    "published without a mandate": (
        [made("publish-charter", {"charter": charters.document()}, charters.charter(), CLERK)],
        [1],
    ),
    "by the team itself": ([*TO_ONE, made("withdraw-team", LEAVING, LEFT, BEES)], []),
    "by another team": ([*TO_ONE, made("withdraw-team", LEAVING, LEFT, ANT)], [2]),
    "what no team decides": ([*TO_ONE, made("enrol-team", ENROL, BEE, BEES)], [2]),
    "what teams may not decide here": (
        [*first(consortium_decisions=[]), made("withdraw-team", LEAVING, LEFT, BEES)],
        [2],
    ),
    "for a team, which says it itself": ([*TO_CLERK, made("withdraw-team", LEAVING, LEFT, CLERK)], [2]),
    "of another data set": ([*TO_ONE, *amended(data_set="live")], [2]),
    "approved by a team": (
        [*TO_TWO, BY_TWO[0], changed(BY_TWO[1], actor=msgspec.structs.replace(OTHER, party="consortium"))],
        [3],
    ),
    "approved by who was not waited for": ([*TO_ANY, BY_TWO[0], changed(BY_TWO[1], actor=CLERK)], [3]),
    "by itself": ([*TO_SYSTEM, followed()], []),
    "by itself, without a mandate": ([*TO_ONE, followed()], [2]),
    "by itself, as the charter does not have it": ([*TO_SYSTEM, followed(system("another"))], [2]),
    "by itself, in another's name": (
        [*TO_SYSTEM, followed(msgspec.structs.replace(BY_ITSELF, agency="owner"))],
        [2],
    ),
    "by itself, though it does not follow": ([*TO_SYSTEM, made("enrol-team", ENROL, BEE, BY_ITSELF)], [2]),
    "as though it followed by itself": ([*TO_SYSTEM, followed(OWNER)], [2]),
    "by itself, from what comes later": ([*TO_SYSTEM, followed(cause="2")], [2]),
    "by itself, from nowhere": ([*TO_SYSTEM, followed(cause="a")], [2]),
}
RELEASE = {"stage": "heat", "publishers": ["other", "owner"]}
BOTH = ResultsPublished(stage="heat", publishers=("owner", "other"))


def agreed(by: Actor, **changes: Any) -> Entry:
    event = ReleaseAgreed(stage="heat", agency=by.agency, principal=by.principal)
    return made("publish-results", RELEASE, msgspec.structs.replace(event, **changes), by)


def published(by: Actor, event: Event = BOTH) -> Entry:
    return made("publish-results", RELEASE, event, by)


def by_clerk(asked: Entry) -> list[Entry]:
    """What was proposed, and the clerk approved."""
    event, envelope = asked
    command = envelope.command or ""
    named = hashlib.sha256(command.encode()).hexdigest()
    proposed = DecisionProposed(
        proposal=f"programme:{hashlib.sha256(repr(envelope.actor).encode()).hexdigest()[:36]}",
        decision=envelope.command_type or "",
        command=command,
        command_hash=named,
        proposer=envelope.actor,
        awaiting=("clerk",),
        expires_at=(DECIDED_AT + timedelta(days=1)).isoformat(),
        events=(),
        effects=named,
    )
    same = {"proposal": proposed.proposal, "command_hash": named}
    approved = DecisionApproved(**same, decision=proposed.decision, proposer=envelope.actor)
    approval = made("approve", same, approved, CLERK)
    return [(proposed, envelope), approval, (event, msgspec.structs.replace(approval[1], command=None))]


REOPENED = made("reopen-scoring", {"stage": "heat", "reason": WHY}, ScoringReopened(stage="heat", reason=Names(**WHY)))
SAME = Actor(agency="owner", principal=OTHER.principal)
TO_APPROVE = first(
    countersignatures=[
        *charters.document()["countersignatures"],
        {"decisions": ["publish-results"], "agencies": ["clerk"]},
    ]
)
ALONE = msgspec.structs.replace(BOTH, publishers=("owner",))
PUBLISHED: dict[str, tuple[list[Entry], list[int]]] = {
    "by both": ([*TO_ONE, agreed(OTHER), published(OWNER)], []),
    "by one": ([*TO_ONE, published(OWNER)], [2]),
    "by one twice": ([*TO_ONE, agreed(OWNER), published(OWNER)], [3]),
    "by one, for both": ([*TO_ONE, agreed(OWNER, agency="other"), published(OWNER)], [2, 3]),
    "by one, as one of fewer": ([*TO_ONE, published(OWNER, ALONE)], [2]),
    "by one person": ([*TO_ONE, agreed(OTHER), published(SAME)], [3]),
    "by one person, who is said to be another": ([*TO_ONE, agreed(OTHER, principal="a key"), published(SAME)], [2, 3]),
    "after what was agreed to changed": ([*TO_ONE, agreed(OTHER), REOPENED, published(OWNER)], [4]),
    "again, after one agreement": ([*TO_ONE, agreed(OTHER), published(OWNER), published(OWNER)], [4]),
    "by one for another, once what was agreed to changed": (
        [*TO_ONE, agreed(SAME), REOPENED, agreed(OTHER), published(OWNER)],
        [],
    ),
    "by another, once one person spoke for both": (
        [*TO_ONE, agreed(SAME), agreed(OTHER), published(msgspec.structs.replace(OTHER, principal="another key"))],
        [4],
    ),
    "approved by one": ([*TO_APPROVE, *by_clerk(agreed(OTHER)), *by_clerk(published(OWNER))], []),
    "approved, and published by one person": (
        [*TO_APPROVE, *by_clerk(agreed(OTHER)), *by_clerk(published(SAME))],
        [7],
    ),
    "by one whom the charter does not name": (
        [*first(joint_publishers=["owner"]), agreed(OTHER), published(OWNER, ALONE)],
        [2],
    ),
    "as it was reported": (
        [*first(REPORTED, data_set="public-record"), made("publish-results", RELEASE | REPORTED, BOTH)],
        [],
    ),
    "certified for another": ([*TO_ONE, saying(ISSUED, agency="other")], [2]),
    "certified by who does not publish": ([*TO_ONE, changed(saying(ISSUED, agency="clerk"), actor=CLERK)], [2]),
}


@pytest.mark.parametrize("what", ASKED)
def test_an_event_says_what_was_asked_for(what: str) -> None:
    entries, at = ASKED[what]
    assert found(entries) == at


@pytest.mark.parametrize("what", MANDATED)
def test_whoever_decides_has_the_charter_s_mandate(what: str) -> None:
    entries, at = MANDATED[what]
    assert found(entries)[: max(len(at), 1)] == at


@pytest.mark.parametrize("what", PUBLISHED)
def test_joint_publishers_publish_together(what: str) -> None:
    entries, at = PUBLISHED[what]
    assert found(entries) == at


def test_what_is_recorded_without_its_tags_counts_and_is_found() -> None:
    """Decisions would not find it: a revocation, so that the key signs on."""
    audit = SignatureAudit(verify_ed25519)
    untagged = changed(revocation(), tags=())
    for position, (event, envelope) in enumerate((charter_entry(), key_entry(), untagged, revocation()), start=1):
        audit.take(position, "programme", event, envelope, datetime.fromisoformat(envelope.decided_at))
    assert [each.position for each in audit.faults] == [3, 4]
