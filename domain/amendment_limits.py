"""What an amendment leaves as it is: the rules that something has been decided under, and that others rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import zip_longest

import msgspec

from domain.calls import deadline_of
from domain.charter_document import Charter
from domain.deadlines import passed
from domain.maxima import reach
from domain.points import decimal_text, is_known, known
from domain.proposal_events import DecisionProposed
from domain.refusal import FieldError
from domain.rubric import Criterion, Judged, Measured, Stage


def broken(
    before: Charter,
    after: Charter,
    *,
    opened: Iterable[str],
    settled: Iterable[str],
    calls: Mapping[str, int],
    under_review: Iterable[str],
    ruled_out: Iterable[str],
    held: int,
    at: datetime | None,
    proposals: Iterable[DecisionProposed],
) -> Iterator[FieldError]:
    """Every place of the charter `after` that changes what must stay, or ends what is open.

    `opened`: stages, in order. `settled`: those of them that are consolidated, or of which figures are certified.
    `calls`: that were opened, with the seats that each still offers. `under_review`: teams whose independence waits for
    its ruling. `ruled_out`: teams ruled not independent in a stage that is not final. `held`: how many seats are.
    `at`: when the amendment is made; nothing if it is reported.
    `proposals`: that wait for an approval.
    """
    if after.data_set != before.data_set:
        yield FieldError("/data_set", f"{before.data_set} stays what it is: data sets are never mixed")
    for i, (stage_id, stage) in enumerate(zip_longest(opened, after.stages[: len(list(opened))])):
        was = before.stage(stage_id)
        if stage is None or stage.id != stage_id:
            yield FieldError("/stages", f"{stage_id} was opened and stays stage {i + 1}")
        elif was is not None and stage_id in settled:
            if stage != was:
                yield FieldError(f"/stages/{i}", f"{stage_id} is consolidated or has certified figures")
        elif was is not None:
            yield from _unreadable(f"/stages/{i}", was, stage)
    for call_id, seats in calls.items():
        now, then = after.call(call_id), before.call(call_id)
        if now is None or then is None or msgspec.structs.replace(now, closes=then.closes) != then:
            yield FieldError("/calls", f"{call_id} was opened: nothing but its deadline changes")
        elif seats and at is not None and now.closes != then.closes:
            deadline = deadline_of(now, after)
            if deadline is not None and passed(deadline, at):
                yield FieldError("/calls", f"{call_id} is open, and {now.closes} is over")
    if (teams := ", ".join(under_review)) and after.independence != before.independence:
        yield FieldError("/independence", f"{teams}: a review ends under the rules that it was opened under")
    if (teams := ", ".join(ruled_out)) and not after.independence.perspectives:
        yield FieldError(
            "/independence/perspectives",
            f"{teams}: ruled not independent, and without a perspective nobody rules again",
        )
    if int(after.seats) < int(before.seats) and int(after.seats) < held + (offered := sum(calls.values())):
        yield FieldError("/seats", f"{held} seats are held, and {offered} more are offered by additional calls")
    for each in proposals:
        yield from _unapprovable(each, after)
    kinds = {resource.id: resource.kind for resource in after.resources}
    for resource in before.resources:
        if kinds.get(resource.id) != resource.kind:
            yield FieldError("/resources", f"{resource.id} stays, as {resource.kind}: grants of it may run")


def _unapprovable(proposed: DecisionProposed, after: Charter) -> Iterator[FieldError]:
    """Unless somebody may still approve. A proposed amendment is passed over: another one makes it stale anyway."""
    may_approve = after.countersigners(proposed.decision, proposed.proposer.agency)
    if proposed.decision != "amend-charter" and not set(proposed.awaiting) & set(may_approve):
        yield FieldError(
            "/countersignatures",
            f"{proposed.proposal} waits for {', '.join(proposed.awaiting)} to approve {proposed.decision}",
        )


def _unreadable(place: str, before: Stage, after: Stage) -> Iterator[FieldError]:
    """Where sheets and metrics that may have been given by now would have no place, or would not fit it."""
    if before.decimals is not None and (after.decimals is None or after.decimals < before.decimals):
        yield FieldError(f"{place}/precision", f"scores of {before.precision} decimals may have been given")
    for node, was in before.criteria():
        criterion = after.criterion(node)
        if criterion is None:
            yield FieldError(f"{place}/assessments", f"{node} may have been scored")
        else:
            for detail in _misfits(was, criterion):
                yield FieldError(f"{place}/assessments", f"{node}: {detail}")
            for at in _undisclosed(node, was, criterion):
                most, now = reach(before, at), reach(after, at)
                if now is not None and (most is None or now < most):
                    left = "any number" if most is None else decimal_text(most)
                    detail = f"{at}: of {left}, which was left to it, points may be given"
                    yield FieldError(f"{place}/assessments", detail)


def _undisclosed(node: str, before: Criterion, after: Criterion) -> Iterator[str]:
    """The criterion and its items, as far as they are still there, whose maximum was undisclosed."""
    if not is_known(before.maximum):
        yield node
    for item in before.items:
        if not is_known(item.maximum) and after.item(item.id) is not None:
            yield f"{node}/{item.id}"


def _misfits(before: Criterion, after: Criterion) -> Iterator[str]:
    if _lowered(before.maximum, after.maximum):
        yield f"points may have been given under its maximum, {before.maximum}"
    if _kind(before) != _kind(after):
        yield "it may have been scored as it is"
    elif isinstance(before.scoring, Measured) and isinstance(after.scoring, Measured):
        measured = {each.id for each in after.scoring.benchmarks}
        for gone in (each.id for each in before.scoring.benchmarks if each.id not in measured):
            yield f"{gone} may have been measured"
    if [item.id for item in before.items] != [item.id for item in after.items]:
        yield "its items may have been scored"
    for item in before.items:
        now = after.item(item.id)
        if now is not None and _lowered(item.maximum, now.maximum):
            yield f"{item.id}: points may have been given under its maximum, {item.maximum}"


def _kind(criterion: Criterion) -> tuple[type, str | None]:
    """How a criterion is scored, as far as what was given depends on it."""
    scoring = criterion.scoring
    return type(scoring), scoring.panel if isinstance(scoring, Judged) else None


def _lowered(before: str, after: str) -> bool:
    """Whether points that were within the one known maximum may be above the other."""
    was, now = known(before), known(after)
    return was is not None and (now is None or now < was)
