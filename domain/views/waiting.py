"""What waits for an agency, and how long things took: read from the rows of the workload view."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from domain import charter_document
from domain.charter_document import Charter
from domain.deadlines import moment, passed
from domain.scalars import Names
from domain.views import Rows, keyed
from domain.views.workload import Applied, At, Filed, Proposed, Review, StageWork

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // _MICROSECOND


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for `decision`, on a `subject`: a proposal, an objection, a stage, a team or a call.

    `give-statement` is the team's: until it answers, or its time is over, the agency does not rule.
    `since`: position and time from which it waits. `until`: until when, if there is a deadline.
    """

    decision: str
    subject: str
    stage: str | None = None
    team: str | None = None
    since: At
    until: str | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions of a type."""

    decision: str
    count: int


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """Median days (two decimals; null: nothing of the kind yet), and of how many."""

    median_days: str | None
    count: int


class AgencyWork(msgspec.Struct, frozen=True, kw_only=True):
    """One agency. `proposed`: what waited, or waits, for another one; `taken` counts it once it was approved.

    `approving`: from proposal to the agency's approval. `objections`: from filing to its decision.
    """

    agency: str
    name: Names
    taken: tuple[Done, ...]
    proposed: tuple[Done, ...]
    countersigned: tuple[Done, ...]
    waiting: tuple[Waiting, ...]
    approving: Durations
    objections: Durations


class _Facts(msgspec.Struct, frozen=True):
    charter: Charter
    done: Mapping[str, bytes]
    proposals: Mapping[str, Proposed]
    objections: Mapping[str, Filed]
    stages: Mapping[str, StageWork]
    reviews: Mapping[str, Review]
    applications: Mapping[str, Applied]


def work_of_agencies(rows: Rows, at: datetime) -> tuple[AgencyWork, ...]:
    """Every agency of the charter, in its order, as of an instant that deadlines are held against."""
    document = rows.get("charter")
    if document is None:
        return ()
    facts = _Facts(
        charter=charter_document.parse(document),
        done=dict(keyed(rows.scan("done/"), "done/")),
        proposals={key: msgspec.json.decode(v, type=Proposed) for key, v in keyed(rows.scan("proposal/"), "proposal/")},
        objections={key: msgspec.json.decode(v, type=Filed) for key, v in keyed(rows.scan("objection/"), "objection/")},
        stages={key: msgspec.json.decode(v, type=StageWork) for key, v in keyed(rows.scan("stage/"), "stage/")},
        reviews={key: msgspec.json.decode(v, type=Review) for key, v in keyed(rows.scan("review/"), "review/")},
        applications={
            key: msgspec.json.decode(v, type=Applied) for key, v in keyed(rows.scan("application/"), "application/")
        },
    )
    return tuple(_work(facts, agency.id, agency.name, at) for agency in facts.charter.agencies)


def _work(facts: _Facts, agency: str, name: Names, at: datetime) -> AgencyWork:
    def done(kind: str) -> tuple[Done, ...]:
        of = f"{agency}/{kind}/"
        return tuple(
            Done(decision=key.removeprefix(of), count=int(value))
            for key, value in facts.done.items()
            if key.startswith(of)
        )

    approved = [(p.since, p.settled) for p in facts.proposals.values() if p.approved and p.by == agency]
    decided = [(o.since, o.decided) for o in facts.objections.values() if o.by == agency]
    return AgencyWork(
        agency=agency,
        name=name,
        taken=done("taken"),
        proposed=done("proposed"),
        countersigned=done("countersigned"),
        waiting=tuple(sorted(_waiting(facts, agency, at), key=lambda each: (each.since.position, each.subject))),
        approving=_durations(approved),
        objections=_durations(decided),
    )


def _durations(spans: Iterable[tuple[At, At | None]]) -> Durations:
    took = [moment(end.recorded_at) - moment(start.recorded_at) for start, end in spans if end is not None]
    if not took:
        return Durations(median_days=None, count=0)
    median = statistics.median(Decimal(each // _MICROSECOND) for each in took)
    days = (median / _DAY).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Durations(median_days=str(days), count=len(took))


def _waiting(facts: _Facts, agency: str, at: datetime) -> Iterator[Waiting]:
    charter = facts.charter
    for id_, proposal in facts.proposals.items():
        if proposal.settled is None and agency in proposal.awaiting and not passed(proposal.until, at):
            yield Waiting(decision="approve", subject=id_, since=proposal.since, until=proposal.until)
    if charter.may(agency, "decide-objection"):
        for place, objection in facts.objections.items():
            if objection.decided is None:
                id_ = place.rpartition("/")[2]
                of = {"stage": objection.stage, "team": objection.team}
                yield Waiting(decision="decide-objection", subject=id_, since=objection.since, **of)
    if charter.may(agency, "screen-application"):
        for place, application in facts.applications.items():
            if not application.screened:
                call, _, team = place.partition("/")
                yield Waiting(decision="screen-application", subject=call, team=team, since=application.since)
    for stage, work in facts.stages.items():
        yield from _of_stage(facts, agency, stage, work, at)


def _of_stage(facts: _Facts, agency: str, stage: str, work: StageWork, at: datetime) -> Iterator[Waiting]:
    charter = facts.charter
    settling = "reconsolidate-stage" if work.reopened else "consolidate-stage"
    if work.closed and not work.settled and charter.may(agency, settling):
        yield Waiting(decision=settling, subject=stage, stage=stage, since=work.closed)
    if work.settled and not work.published and agency in charter.joint_publishers and agency not in work.released:
        yield Waiting(decision="publish-results", subject=stage, stage=stage, since=work.settled)
    if not charter.may(agency, "rule-independence") or not charter.independence.perspectives:
        return
    for team in work.undecided:
        review = facts.reviews.get(f"{stage}/{team}", Review())
        if review.ruled:
            continue
        of = {"subject": team, "stage": stage, "team": team}
        if review.requested and review.until and not review.answered and not passed(review.until, at):
            yield Waiting(decision="give-statement", since=review.requested, until=review.until, **of)
        elif (since := work.settled or work.closed) is not None:
            yield Waiting(decision="rule-independence", since=since, **of)
