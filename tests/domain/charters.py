"""A small charter of another shape than the Korean one: two stages, three teams, medians, whole points."""

from __future__ import annotations

import copy
from typing import Any

import domain.rulebook  # noqa: F401 — what a charter names is known once it is registered
from domain.charter import CharterPublished
from domain.charter_document import canonical, rules_hash
from domain.event import Event
from domain.mandate_faults import ASKS_AT_TIMES
from domain.panel_events import EvaluatorAppointed
from domain.publications import Publications
from domain.scalars import Names
from domain.score_events import MeasurementRecorded, ScoreSubmitted
from domain.stage_events import ReleaseAgreed, ResultsPublished, ScoringClosed, StageConsolidated, StageOpened
from domain.teams import TeamEnrolled

PROGRAMME = "programme"
DECISIONS = [
    "publish-charter",
    "amend-charter",
    "enrol-team",
    "change-consortium",
    "open-stage",
    "appoint-evaluator",
    "declare-conflict",
    "recuse-evaluator",
    "replace-evaluator",
    "register-evidence",
    "submit-score",
    "record-measurement",
    "correct-score",
    "correct-measurement",
    "record-exclusion",
    "certify-figure",
    "close-scoring",
    "consolidate-stage",
    "reopen-scoring",
    "reconsolidate-stage",
    "open-independence-review",
    "request-statement",
    "give-opinion",
    "rule-independence",
    "record-deviation",
    "eliminate-team",
    "advance-team",
    "publish-results",
    "decide-objection",
    "supersede-outcome",
    "finalise-stage",
    "open-additional-call",
    "apply-to-call",
    "screen-application",
    "select-team",
    "close-call",
    "set-resource-pool",
    "grant-resource",
    "adjust-grant",
    "suspend-grant",
    "resume-grant",
    "revoke-grant",
    "report-usage",
    "confer-title",
    "withdraw-title",
    "serve-notice",
    "erase-subject",
    "seal-field",
]
"""What an agency may decide."""
IN_PERSON = [
    "assent-amendment",
    "give-statement",
    "file-objection",
    "waive-objections",
    "acknowledge-notice",
    "withdraw-team",
]
"""What a team says itself; what is reported of it is entered by mandate."""

PUBLISHING = {"decisions": ["publish-results", "decide-objection"], "agencies": ["other"]}
"""What the second of the joint publishers may do: it takes no part in scores and outcomes."""
DEVIATIONS = {"decisions": ["record-deviation"], "agencies": ["owner", "other"]}
"""Who approves that the plan is left."""
AT_TIMES = {
    "decisions": sorted(ASKS_AT_TIMES - {"record-deviation"}),
    "agencies": ["owner", "other", "clerk"],
    "when": "after-close",
}
"""Who approves what else waits at times for a second agency: the clerk, so that others may decide objections to it."""


def names(text: str) -> dict[str, str]:
    return {"en": text, "ko": f"{text} (ko)"}


def _stage(stage: str, eliminate: str) -> dict[str, Any]:
    return {
        "id": stage,
        "title": names(stage),
        "maximum": "30",
        "precision": "0",
        "rounding": "half-up",
        "eliminate": eliminate,
        "tie_break": ["paper"],
        "assessments": [
            {
                "id": "paper",
                "title": names("Paper"),
                "maximum": "10",
                "criteria": [
                    {
                        "id": "idea",
                        "title": names("Idea"),
                        "maximum": "10",
                        "index": "merit",
                        "scoring": {"type": "judged", "panel": "jury", "aggregate": "median"},
                    }
                ],
            },
            {
                "id": "field",
                "title": names("Field"),
                "maximum": "20",
                "criteria": [
                    {
                        "id": "speed",
                        "title": names("Speed"),
                        "maximum": "20",
                        "index": "merit",
                        "scoring": {
                            "type": "measured",
                            "conversion": "mean-of-percentages",
                            "benchmarks": [{"id": "track", "version": "1"}, {"id": "road", "version": "1"}],
                        },
                    }
                ],
            },
        ],
        "panels": [{"id": "jury", "title": names("Jury"), "size": "3", "quorum": "2"}],
        "gates": [{"id": "slow", "node": "field", "minimum": "5"}],
        "indices": [{"id": "merit", "title": names("Merit")}],
    }


def document(**changes: Any) -> dict[str, Any]:
    """The charter as a document."""
    reported = changes.get("data_set") == "public-record"
    base = {
        "format": "sillok-charter/1",
        "programme": PROGRAMME,
        "title": names("A race"),
        "data_set": "rehearsal",
        "notice": names("Made up for tests"),
        "owner": "owner",
        "agencies": [{"id": each, "name": names(each.title())} for each in ("owner", "other", "clerk")],
        "mandates": [{"decisions": DECISIONS + (IN_PERSON if reported else []), "agencies": ["owner"]}, PUBLISHING],
        "consortium_decisions": ["report-usage", *IN_PERSON],
        "countersignatures": [DEVIATIONS, AT_TIMES],
        "seats": "3",
        "joint_publishers": ["owner", "other"],
        "stages": [_stage("heat", "1"), _stage("final", "0")],
        "independence": {
            "perspectives": [
                {
                    "id": "own",
                    "title": names("Own work"),
                    "conditions": [
                        {"id": "built", "text": names("Built by the team"), "mandatory": "yes"},
                        {"id": "open", "text": names("Open"), "mandatory": "no"},
                    ],
                }
            ]
        },
        "evidence_kinds": ["report"],
        "calls": [
            {
                "id": "refill",
                "title": names("Refill"),
                "after": "heat",
                "seats": "1",
                "closes": "undisclosed",
                "classes": [{"id": "anyone", "title": names("Anyone")}],
            }
        ],
        "resources": [
            {"id": "gpu", "title": names("GPU"), "kind": "count", "unit": "GPU"},
            {"id": "data", "title": names("Data"), "kind": "access"},
        ],
        "entitlements": [{"status": "advanced", "resources": ["gpu", "data"], "titles": ["Champion"]}],
        "notices": [
            {
                "id": "hearing",
                "title": names("Hearing"),
                "body": names("Answer {question} until then."),
                "variables": ["question"],
                "recipients": ["enrolled"],
                "acknowledge_days": "7",
            }
        ],
    }
    return copy.deepcopy({**base, **changes})


def with_criterion(node: str, **changes: Any) -> list[dict[str, Any]]:
    """The charter's stages, one criterion of the heat changed; `scoring` is changed, not replaced."""
    stages: list[dict[str, Any]] = document()["stages"]
    assessment, _, criterion = node.partition("/")
    (found,) = (
        c for a in stages[0]["assessments"] if a["id"] == assessment for c in a["criteria"] if c["id"] == criterion
    )
    scoring = {**found["scoring"], **changes.pop("scoring", {})}
    found.update(changes, scoring=scoring)
    return stages


ITEMS = [
    {"id": "novelty", "title": names("Novelty"), "maximum": "6"},
    {"id": "clarity", "title": names("Clarity"), "maximum": "4"},
]


def charter(**changes: Any) -> CharterPublished:
    """The charter, published."""
    bytes_ = canonical(document(**changes))
    return CharterPublished(rules_hash=rules_hash(bytes_), document=bytes_.decode())


def reported_charter() -> CharterPublished:
    """The same as a public record, entered by the owner."""
    return charter(data_set="public-record", recorder="owner")


TEAMS = ("ant", "bee", "cow")
JURY = tuple(f"ev-{n:016x}" for n in range(3))


def enrolled() -> list[Event]:
    return [charter(), *(enrolment(name) for name in TEAMS)]


def publications(*stages: str) -> Publications:
    """Results of these stages are public."""
    made = Publications()
    for position, stage in enumerate(stages, 1):
        made.take(position, ResultsPublished(stage=stage, publishers=()))
    return made


def enrolment(name: str) -> TeamEnrolled:
    return TeamEnrolled(team=name, name=Names(en=name.upper(), ko=f"{name} (ko)"))


def opened() -> list[Event]:
    return [*enrolled(), StageOpened(stage="heat", teams=TEAMS)]


def appointed() -> list[Event]:
    return [*opened(), *(EvaluatorAppointed(stage="heat", panel="jury", evaluator=one) for one in JURY)]


def score(name: str, evaluator: str, points: str) -> ScoreSubmitted:
    """As the owner submits it."""
    return ScoreSubmitted(
        stage="heat", team=name, criterion="paper/idea", evaluator=evaluator, points=points, deciders=("owner",)
    )


def scored() -> list[Event]:
    """Every sheet and metric: ant 9 + 16, bee 7 + 12, cow 5 + 4."""
    events = appointed()
    for name, middle, share in (("ant", 9, "80"), ("bee", 7, "60"), ("cow", 5, "20")):
        events += [score(name, one, str(middle + off)) for one, off in zip(JURY, (-1, 0, 1), strict=True)]
        events += [
            MeasurementRecorded(stage="heat", team=name, criterion="field/speed", benchmark=benchmark, value=share)
            for benchmark in ("track", "road")
        ]
    return events


AGREED = ReleaseAgreed(stage="heat", agency="other", principal="key of other")
"""By the second of the joint publishers; the owner's agreement makes the results public."""


def closed() -> list[Event]:
    return [*scored(), ScoringClosed(stage="heat")]


def consolidated() -> list[Event]:
    settled = StageConsolidated(stage="heat", digest="0" * 64, position=len(closed()), basis="computed")
    return [*closed(), settled]
