"""Results published: once every joint publisher agrees, with an outcome of every team that the standings bear."""

from __future__ import annotations

from collections.abc import Iterator

from domain.deadlines import days_after
from domain.decision import Case, decision, refuse_if
from domain.event import Event
from domain.outcomes import require_borne
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.results import results
from domain.scalars import Identifier
from domain.stage_events import ReleaseAgreed, ResultsPublished
from domain.stages import (
    OfStage,
    OutcomeMissingError,
    ResultsAlreadyPublishedError,
    require_as_planned,
    require_consolidated,
    stage_of,
    without_outcome,
)


class NotJointPublishersError(Refusal):
    """Results are published by the charter's joint publishers together."""

    KIND = "forbidden"


class ReleaseAlreadyAgreedError(Refusal):
    """The agency agreed to release the results as they stand; other joint publishers are awaited."""


class OnePersonError(Refusal):
    """No single person publishes what several agencies publish together."""

    KIND = "forbidden"


class PublishResults(OfStage, frozen=True, kw_only=True):
    """`publishers`: every agency that releases the results, the actor among them; each of them decides so itself."""

    publishers: tuple[Identifier, ...]


@decision(
    "publish-results",
    PublishResults,
    comes_to=(ReleaseAgreed, ResultsPublished),
    version=2,
    needs=lambda command, p: (StageRecord(p, command.stage),),
    rests_on=results,
)
def publish_results(command: PublishResults, case: Case, record: StageRecord) -> Iterator[Event]:
    """Release results: comes to `ReleaseAgreed` while other joint publishers are awaited, then `ResultsPublished`."""
    stage = stage_of(case, command.stage)
    joint = case.charter.joint_publishers
    if sorted(command.publishers) != sorted(joint) or not (command.reported or case.actor.agency in joint):
        raise NotJointPublishersError(
            f"publishers: {', '.join(joint)} publish together", rule="The charter names the joint publishers."
        )
    require_consolidated(record)
    if record.course.published:
        raise ResultsAlreadyPublishedError(f"the results of {stage.id} are public", rule="Results are published once.")
    refuse_if(
        (("/stage", f"{team} has no outcome") for team in without_outcome(record)),
        rule="Results are published with the outcome of every team.",
        error=OutcomeMissingError,
    )
    require_as_planned(stage, record)
    require_borne(case.charter, stage, record, reported=command.reported)
    for agency, principal in record.course.released.items():
        if agency in joint and agency != case.actor.agency and principal == case.actor.principal:
            raise OnePersonError(
                f"{principal} agreed for {agency} to release the results of {stage.id}",
                rule="Whoever agreed for one joint publisher does not agree for another.",
            )
    agreed = {*record.course.released, case.actor.agency}
    awaited = [each for each in joint if each not in agreed]
    if awaited and not command.reported:
        if case.actor.agency in record.course.released:
            raise ReleaseAlreadyAgreedError(
                f"{case.actor.agency} agreed to release the results of {stage.id}; awaited: {', '.join(awaited)}",
                rule="Each joint publisher agrees once, until what it agreed to changes.",
            )
        yield ReleaseAgreed(stage=stage.id, agency=case.actor.agency, principal=case.actor.principal)
        return
    until = None
    if stage.objections is not None and not command.reported:
        days = int(stage.objections.days) + int(stage.objections.deemed_days)
        until = days_after(case.decided_at, days, case.charter.zone)
    yield ResultsPublished(stage=stage.id, publishers=joint, objections_until=until)
