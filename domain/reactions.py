"""What follows by itself from what is recorded, whenever the charter has it: each time an ordinary decision.

A reaction says which decisions are due on the facts of now. The system makes these and no others: whoever makes one of
them again finds that it had to be made, whatever the operator of the service would have liked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from domain.boundary import tag
from domain.calls import deadline_of
from domain.deadlines import passed
from domain.decision import Case, Command, Decision, Fact
from domain.due import Due, Known, Reaction, common
from domain.envelope import Actor
from domain.event import Event
from domain.grant_course import GRANT, GrantCourse, OutsideGrantError
from domain.milestones import Applicants, GrantTurns
from domain.objections import Objections
from domain.record import StageCourse
from domain.refusal import Refusal
from domain.reminders import REMINDERS
from domain.serving import Served, everybody_until
from domain.system import REACTIONS, reaction_of, system
from domain.titles import Titles


class NotFollowingError(Refusal):
    """The decision does not follow by itself from what is recorded."""

    KIND = "forbidden"


def _grants_of_eliminated(known: Known) -> Iterator[tuple[Fact]]:
    programme = known.programme
    for team, _stage in known.with_final("eliminated"):
        yield (GrantTurns(tag("team", programme, team)),)


def _of_grant(command: Any, programme: str) -> tuple[Fact]:
    return (GrantTurns(tag("grant", programme, command.grant)),)


def _suspensions(known: Known, grants: GrantTurns) -> Iterator[Due]:
    """Of what may be used still; what an agency has decided of it since stays as it decided."""
    for due, course in _endings(known, grants, "suspend-grants"):
        if grants.stopped.get(course.grant, 0) < due.follows:
            yield due


def _revocations(known: Known, grants: GrantTurns) -> Iterator[Due]:
    """Known at once, so that everybody can see it coming; it holds from the end of the grace period."""
    yield from (due for due, course in _endings(known, grants, "revoke-grants") if course.revoked is None)


def _endings(known: Known, grants: GrantTurns, reaction: str) -> Iterator[tuple[Due, GrantCourse]]:
    final = dict(known.with_final("eliminated"))
    from_day = (known.today + timedelta(days=known.days(reaction))).isoformat()
    for course in grants.courses.values():
        if course.team not in final or not course.spans:
            continue
        starts = max(from_day, course.spans[0].starts)
        if not _lawful(course, REACTIONS[reaction], starts):
            continue
        stage = known.charter.stage(final[course.team])
        titles = ("", "") if stage is None else (stage.title.en, stage.title.ko)
        reason = {"en": f"Eliminated, finally: {titles[0]}", "ko": f"탈락 확정: {titles[1]}"}
        body = {"grant": course.grant, "starts": starts, "reason": reason}
        follows = known.milestones.finalised[final[course.team]]
        yield Due(reaction=reaction, follows=follows, subject=course.grant, body=body), course


def _lawful(course: GrantCourse, decision: str, day: str) -> bool:
    try:
        return GRANT.allows(course.state_on(day), decision)
    except OutsideGrantError:
        return False


def _titles(known: Known, titles: Titles) -> Iterator[Due]:
    """What the status of a team entitles it to bear; what an agency has decided of it since stays."""
    entitled = {team: ("advanced", known.milestones.finalised[stage]) for team, stage in known.with_final("advanced")}
    entitled |= {
        team: ("selected", position)
        for team, position in known.milestones.selected.items()
        if known.roster.status[team] == "selected"
    }
    for team, (status, follows) in entitled.items():
        for each in known.charter.entitlements:
            for title in each.titles if each.status == status else ():
                if title not in titles.of(team) and titles.decided.get((team, title), 0) < follows:
                    body = {"team": team, "title": title}
                    yield Due(reaction="confer-titles", follows=follows, subject=f"{team}:{title}", body=body)


def _every_title(programme: str) -> tuple[Fact]:
    return (Titles(programme),)


def _calls(known: Known) -> Iterator[Due]:
    """For seats that everybody can see are vacant: once the results are public, and before another stage."""
    milestones, charter = known.milestones, known.charter
    order = [each.id for each in charter.stages]
    vacant = int(charter.seats) - len(known.roster.seated) - known.calls.seats
    for call in charter.calls:
        published = milestones.published.get(call.after)
        later = any(each in milestones.opened for each in order[order.index(call.after) + 1 :])
        if published is None or later or call.id in milestones.calls or int(call.seats) > vacant:
            continue
        vacant -= int(call.seats)
        follows = max(published.position, *milestones.withdrawn.values(), 0)
        yield Due(reaction="open-calls", follows=follows, subject=call.id, body={"call": call.id, "after": call.after})


def _objections(known: Known) -> Iterator[tuple[Fact, ...]]:
    milestones = known.milestones
    for stage, published in milestones.published.items():
        if published.until is not None and stage not in milestones.finalised:
            yield _of_window(stage, known.programme)


def _of_window(stage: str, programme: str) -> tuple[Objections, StageCourse, Served]:
    return Objections(programme, stage), StageCourse(programme, stage), Served(programme)


def _finals(known: Known, objections: Objections, course: StageCourse, served: Served) -> Iterator[Due]:
    """A stage in which nobody may object any more; an objection that is undecided holds it."""
    stage, milestones = known.charter.stage(objections.stage), known.milestones
    published = milestones.published.get(objections.stage)
    if stage is None or published is None or stage.id in milestones.finalised or objections.undecided:
        return
    until = everybody_until(course.course.teams, stage, course.course, served, known.charter) or published.until
    if until is not None:
        body = {"stage": stage.id}
        yield Due(reaction="finalise-stages", follows=published.position, subject=stage.id, body=body, at=until)


def _applicants(known: Known) -> Iterator[tuple[Fact]]:
    yield from ((Applicants(known.programme, call),) for call in known.calls.open)


def _closings(known: Known, applicants: Applicants) -> Iterator[Due]:
    """A call that nobody can be selected in any more: it is past its deadline, and no application is left."""
    milestones, rules = known.milestones, known.charter.call(applicants.call)
    closes = None if rules is None else deadline_of(rules, known.charter)
    if closes is None or applicants.call not in known.calls.open or applicants.waiting:
        return
    reason = {"en": "The deadline is over, and no application is left", "ko": "마감, 남은 지원서 없음"}
    body = {"call": applicants.call, "reason": reason}
    follows = milestones.calls[applicants.call]
    yield Due(reaction="close-calls", follows=follows, subject=applicants.call, body=body, at=closes)


FOLLOWING: Final[dict[str, Reaction]] = {
    each.name: each
    for each in (
        Reaction("suspend-grants", _grants_of_eliminated, _of_grant, _suspensions),
        Reaction("revoke-grants", _grants_of_eliminated, _of_grant, _revocations),
        Reaction(
            "confer-titles", lambda known: [_every_title(known.programme)], lambda _c, p: _every_title(p), _titles
        ),
        Reaction("open-calls", lambda _known: [()], lambda _c, _p: (), _calls),
        Reaction("finalise-stages", _objections, lambda c, p: _of_window(c.stage, p), _finals),
        Reaction("close-calls", _applicants, lambda c, p: (Applicants(p, c.call),), _closings),
        *REMINDERS,
    )
}
"""By name; what else the system is mandated with (`domain.system.REACTIONS`) rests on more than is recorded."""


def actor_of(each: Due) -> Actor:
    """The system, by the logic of this release."""
    return system(each.reaction, FOLLOWING[each.reaction].version)


def is_held(actor: Actor) -> bool:
    """Whether what the actor decides has to be as it is."""
    return actor.party == "system" and reaction_of(actor)[0] in FOLLOWING


def due(known: Known, reaction: Reaction, looked_at: Iterable[Fact]) -> Iterator[Due]:
    """What a reaction has follow, by now or later, from what happened since the charter has it."""
    since = known.milestones.mandated.get(reaction.name)
    if since is not None:
        yield from (each for each in reaction.due(known, *looked_at) if each.follows > since)


def following(known: Known, read: Callable[[Sequence[Fact]], None]) -> Iterator[Due]:
    """All that follows by itself, by now or later. `read`: has facts take in what they depend on."""
    for name in known.milestones.mandated:
        reaction = FOLLOWING.get(name)
        if reaction is None:
            continue
        for looked_at in reaction.looks_at(known):
            if looked_at:
                read(looked_at)
            yield from due(known, reaction, looked_at)


def is_due(each: Due, now: datetime) -> bool:
    return each.at is None or passed(each.at, now)


def by_itself(decision: Decision, actor: Actor) -> Decision:
    """The decision as the actor makes it: the system's is held to what follows. Raises `LookupError` for logic of
    another release.
    """
    if actor.party != "system":
        return decision
    name, version = reaction_of(actor)
    reaction = FOLLOWING.get(name)
    if reaction is None or REACTIONS[name] != decision.type:
        return decision  # it rests on more than is recorded, or nothing mandates it
    if version != str(reaction.version):
        raise LookupError(f"{actor.principal} is not in this release")

    def needs(command: Command, programme: str) -> tuple[Fact, ...]:
        return (*decision.needs(command, programme), *common(programme), *reaction.of(command, programme))

    def own(command: Command, case: Case, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return facts[: len(decision.needs(command, case.programme))]

    def decide(command: Command, case: Case, *facts: Any) -> Iterator[Event]:
        mine = own(command, case, facts)
        milestones, roster, calls, *looked_at = facts[len(mine) :]
        known = Known(case.charter, milestones, roster, calls, case.decided_at)
        _require_due(decision, command, case, due(known, reaction, looked_at))
        yield from decision.decide(command, case, *mine)

    def rests_on(command: Command, case: Case, *facts: Any) -> bytes:
        return b"" if decision.rests_on is None else decision.rests_on(command, case, *own(command, case, facts))

    return msgspec.structs.replace(decision, needs=needs, decide=decide, rests_on=rests_on)


def _require_due(decision: Decision, command: Command, case: Case, found: Iterable[Due]) -> None:
    """Raise `NotFollowingError` unless that very decision follows from the position that it names."""
    for each in found:
        if (each.follows, each.decision) != (case.follows, decision.type) or not is_due(each, case.decided_at):
            continue
        if command == msgspec.convert(each.body, type=decision.command):
            return
    raise NotFollowingError(
        f"{decision.type} does not follow from position {case.follows}",
        rule="By itself follows what the charter says, from what is recorded, and nothing else.",
    )
