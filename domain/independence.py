"""Rulings on a team's independence, by perspective and condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event
from domain.evidence import RegisteredEvidence
from domain.hearing import require_reviewed
from domain.hearing_course import AlreadyRuledError, ReviewRecord
from domain.objections import Objections
from domain.outcome_events import Finding, IndependenceRuled, Undisclosed, Verdict
from domain.record import StageCourse
from domain.refusal import Refusal
from domain.scalars import Identifier, Names, Sha256
from domain.scoring import require_in_stage
from domain.stages import require_not_final, require_not_withdrawn, require_opened, stage_of

T = TypeVar("T")


class FindingsIncompleteError(Refusal):
    """A mandatory condition has no verdict, or a finding names no condition of the charter."""

    KIND = "invalid"


class VerdictContradictsFindingsError(Refusal):
    """The verdict does not follow from the findings."""

    KIND = "invalid"


class EvidenceMissingError(Refusal):
    """A ruling rests on registered evidence about the team."""


class EvidenceNotCitedError(Refusal):
    """Evidence about the team is registered that the ruling does not cite."""


class RuleIndependence(Command, frozen=True, kw_only=True):
    """A verdict with its findings one by one. Findings and evidence that were not reported are `undisclosed`.

    A second ruling on a team follows an upheld objection to the first, and supersedes it.
    """

    stage: Identifier
    team: Identifier
    verdict: Verdict
    perspectives: tuple[Identifier, ...]
    findings: tuple[Finding, ...] | Undisclosed = ()
    evidence: tuple[Sha256, ...] | Undisclosed = ()
    reason: Names


def _facts(command: RuleIndependence, p: str) -> tuple[StageCourse, RegisteredEvidence, ReviewRecord, Objections]:
    review = ReviewRecord(p, command.stage, command.team)
    registered = RegisteredEvidence(p, _known(command.evidence))
    return StageCourse(p, command.stage), registered, review, Objections(p, command.stage)


def _heard(
    _command: RuleIndependence,
    _case: Case,
    _course: StageCourse,
    _about: RegisteredEvidence,
    review: ReviewRecord,
    *_: Any,
) -> bytes:
    """What the team and the panel have said; evidence is cited, all of it."""
    return msgspec.json.encode([review.requested, review.answered, sorted(review.opinions.items())])


@decision("rule-independence", RuleIndependence, comes_to=(IndependenceRuled,), needs=_facts, rests_on=_heard)
def rule_independence(
    command: RuleIndependence,
    case: Case,
    course: StageCourse,
    registered: RegisteredEvidence,
    review: ReviewRecord,
    objections: Objections,
) -> Iterator[Event]:
    """Rule whether a team's model is independent, after the review that the charter may ask for."""
    stage = stage_of(case, command.stage)
    refuse_if(
        _faults(command, case),
        rule="A ruling names verdicts by perspective and condition.",
        error=FindingsIncompleteError,
    )
    _require_consistent(command, case)
    require_opened(course)
    require_in_stage(command.team, course)
    require_not_final(course)
    if not command.reported:
        require_not_withdrawn(command.team, course)
    earlier = course.course.ruled.get(command.team)
    if earlier is not None and not objections.upheld_since(earlier, command.team, "ruling"):
        raise AlreadyRuledError(
            f"{command.team} was ruled upon", rule="A ruling stands until an objection to it is upheld."
        )
    if not command.evidence or (command.evidence == "undisclosed" and not command.reported):
        raise EvidenceMissingError(
            "evidence: none is cited",
            rule="A ruling rests on evidence; only what is reported may leave it undisclosed.",
            pointer="/evidence",
        )
    refuse_if(
        (
            (f"/evidence/{i}", f"{sha256} is not registered about {command.team} in {stage.id}")
            for i, sha256 in enumerate(_known(command.evidence))
            if registered.about.get(sha256) != (stage.id, command.team)
        ),
        rule="A ruling cites evidence that is registered about the team in the stage.",
        error=EvidenceMissingError,
    )
    if not command.reported:
        refuse_if(
            (
                ("/evidence", f"{sha256}, registered at position {position}, is not cited")
                for sha256, position in review.evidence.items()
                if sha256 not in _known(command.evidence)
            ),
            rule="A ruling cites every piece of evidence that is registered about the team in the stage.",
            error=EvidenceNotCitedError,
        )
        require_reviewed(case, course, review)
    yield IndependenceRuled(
        stage=stage.id,
        team=command.team,
        verdict=command.verdict,
        perspectives=command.perspectives,
        findings=command.findings,
        evidence=command.evidence,
        reason=command.reason,
        supersedes=earlier,
        deciders=case.deciders(command),
    )


def _known(given: tuple[T, ...] | Undisclosed) -> tuple[T, ...]:
    return () if given == "undisclosed" else given


def _faults(command: RuleIndependence, case: Case) -> Iterator[tuple[str, str]]:
    conditions = case.charter.independence.conditions()
    perspectives = {perspective for perspective, _condition in conditions}
    for i, perspective in enumerate(command.perspectives):
        if perspective not in perspectives:
            yield f"/perspectives/{i}", f"{perspective!r} is no perspective of the charter"
    if not command.perspectives:
        yield "/perspectives", "none is named"
    if command.reported and not command.findings:
        yield "/findings", "none is given: findings that were not reported are undisclosed"
    if command.findings == "undisclosed" and not command.reported:
        yield "/findings", "only reported findings may be undisclosed"
    findings = _known(command.findings)
    found = [(finding.perspective, finding.condition) for finding in findings]
    for i, (finding, key) in enumerate(zip(findings, found, strict=True)):
        if key not in conditions:
            yield f"/findings/{i}", f"{'/'.join(key)} is no condition of the charter"
        elif found.count(key) > 1:
            yield f"/findings/{i}", f"{'/'.join(key)} has more than one verdict"
        if finding.verdict == "undisclosed" and not command.reported:
            yield f"/findings/{i}/verdict", "only a reported verdict may be undisclosed"
    if not command.reported:
        for key, condition in conditions.items():
            if condition.mandatory == "yes" and key not in found:
                yield "/findings", f"{'/'.join(key)} is mandatory and has no verdict"


def _require_consistent(command: RuleIndependence, case: Case) -> None:
    not_met = {(each.perspective, each.condition) for each in _known(command.findings) if each.verdict == "not_met"}
    failed = [
        f"{perspective.id}/{condition}"
        for perspective in case.charter.independence.perspectives
        for condition in perspective.failed(not_met)
    ]
    unnamed = {each.partition("/")[0] for each in failed} - set(command.perspectives)
    if unnamed and not command.reported:
        raise VerdictContradictsFindingsError(
            f"perspectives: {', '.join(sorted(unnamed))} failed and is not named",
            rule="A ruling names the perspectives that it looked at, every one that fails among them.",
            pointer="/perspectives",
        )
    if command.verdict == "met" and failed:
        wrong = f"{', '.join(failed)} is not met"
    elif command.verdict == "not_met" and not failed and not command.reported:
        wrong = "every perspective is met"
    else:
        return
    raise VerdictContradictsFindingsError(
        f"verdict: {command.verdict!r}, but {wrong}",
        rule="Independence is met if, and only if, every perspective is: by all its mandatory conditions, or by any.",
        pointer="/verdict",
    )
