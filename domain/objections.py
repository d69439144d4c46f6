"""Objections of a team to its outcome, its scores or a ruling about it, within the window after publication."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.deadlines import passed
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.machines import machine
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.results import results
from domain.rubric import Stage
from domain.scalars import Identifier, Sha256, Text
from domain.sentences import Says, Words
from domain.serving import Served, may_object_until
from domain.stages import require_not_final, require_not_withdrawn, stage_of
from domain.taking_part import Participants, Subject

ObjectionOutcome = Literal["upheld", "dismissed", "inadmissible"]
ObjectionState = Literal["unfiled", "undecided", "upheld", "dismissed", "inadmissible"]


class ResultsNotPublishedError(Refusal):
    """The results of the stage are not public yet."""


class ObjectionWindowClosedError(Refusal):
    """The time in which teams may object is over, or the charter gives none."""


class NoStandingError(Refusal):
    """The team has no part in what it objects to."""

    KIND = "forbidden"


class UnknownObjectionError(Refusal):
    """No such objection was filed in the stage."""

    KIND = "invalid"


class ObjectionAlreadyFiledError(Refusal):
    """The team has filed an objection of that id."""


class ObjectionAlreadyDecidedError(Refusal):
    """The objection was decided."""


class ObjectionsWaivedError(Refusal):
    """The team said that it will not object."""


class TookPartError(Refusal):
    """An objection is decided by nobody who took part in what it is about."""

    KIND = "forbidden"


OBJECTION = machine(
    "objection",
    initial="unfiled",
    transitions=[
        ("unfiled", "file-objection", "undecided"),
        ("undecided", "decide-objection", "upheld"),
        ("undecided", "decide-objection", "dismissed"),
        ("undecided", "decide-objection", "inadmissible"),
    ],
    refusals={
        "unfiled": UnknownObjectionError,
        "undecided": ObjectionAlreadyFiledError,
        "upheld": ObjectionAlreadyDecidedError,
        "dismissed": ObjectionAlreadyDecidedError,
        "inadmissible": ObjectionAlreadyDecidedError,
    },
)


class _OfObjection(Event, frozen=True, kw_only=True):
    objection: str
    stage: str
    team: str
    subject: Subject

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("stage", programme, self.stage), tag("objection", programme, self.objection))


_SUBJECTS: Final = {
    "score": Words("its scores", "점수"),
    "ruling": Words("the ruling on its independence", "독자성 판정"),
    "outcome": Words("its outcome", "진출·탈락 결정"),
}


@event(
    "ObjectionFiled",
    public="agencies",
    own="team",
    says=Says(
        title=Words("Objection filed", "이의신청"),
        en="{team} objected to {subject} in {stage}: “{grounds}”[ (evidence: {evidence:documents})]",
        ko="{team}이(가) {stage}의 {subject}에 대하여 이의를 신청하였다. 신청 이유: “{grounds}”[. "
        "증거자료: {evidence:documents}]",
        terms={"subject": _SUBJECTS},
    ),
)
class ObjectionFiled(_OfObjection, frozen=True, kw_only=True):
    """A team objects. `evidence`: SHA-256 of the documents that it cites."""

    grounds: str
    evidence: tuple[Sha256, ...] = ()


@event(
    "ObjectionDecided",
    public="with-results",
    own="team",
    says=Says(
        title=Words("Objection decided", "이의신청 결정"),
        en="{actor} {outcome} the objection of {team} to {subject} in {stage}",
        ko="{actor}이(가) {stage}의 {subject}에 대한 {team}의 이의신청을 {outcome}하였다",
        terms={
            "subject": _SUBJECTS,
            "outcome": {
                "upheld": Words("upheld", "인용"),
                "dismissed": Words("dismissed", "기각"),
                "inadmissible": Words("found inadmissible", "각하"),
            },
        },
    ),
)
class ObjectionDecided(_OfObjection, frozen=True, kw_only=True):
    """What became of an objection. Upheld, it is the ground on which what it is about may be superseded."""

    outcome: ObjectionOutcome
    reason: str


OBJECTION_EVENTS: Final = (ObjectionFiled, ObjectionDecided)


class Objection(msgspec.Struct, kw_only=True):
    """One objection as filed, and what became of it. Positions are 0 until the thing has happened."""

    as_filed: ObjectionFiled | None = None
    filed: int = 0
    as_decided: ObjectionDecided | None = None
    decided: int = 0

    def take(self, position: int, event: Event) -> None:
        match event:
            case ObjectionFiled():
                self.as_filed, self.filed = event, position
            case ObjectionDecided():
                self.as_decided, self.decided = event, position
            case _:
                pass

    @property
    def state(self) -> ObjectionState:
        if self.as_decided is not None:
            return self.as_decided.outcome
        return "unfiled" if self.as_filed is None else "undecided"


class ObjectionsOfId:
    """A fact: the objections of one id, by the team that filed each: every team gives its own the ids that it likes."""

    def __init__(self, programme: str, objection: str) -> None:
        self._tag = tag("objection", programme, objection)
        self.found: dict[str, Objection] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in OBJECTION_EVENTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, OBJECTION_EVENTS):
            self.found.setdefault(event.team, Objection()).take(position, event)

    def state(self, team: str) -> ObjectionState:
        return self.found.get(team, Objection()).state


class Objections:
    """A fact: every objection of a stage, by its team and its id."""

    def __init__(self, programme: str, stage: str) -> None:
        self.stage = stage
        self._tag = tag("stage", programme, stage)
        self.found: dict[tuple[str, str], Objection] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in OBJECTION_EVENTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, OBJECTION_EVENTS):
            self.found.setdefault((event.team, event.objection), Objection()).take(position, event)

    @property
    def undecided(self) -> list[tuple[str, str]]:
        return [key for key, each in self.found.items() if each.state == "undecided"]

    def upheld(
        self, objection: str, *, team: str | None = None, subject: Subject | None = None, since: int = 0
    ) -> bool:
        """Whether an objection of that id was upheld: of the team, about the subject, after the position, if given."""
        return any(decided.objection == objection for decided in self._upheld_since(since, team, subject))

    def upheld_since(
        self, position: int, team: str, subject: Subject | None = None, *, before: float = math.inf
    ) -> bool:
        """Whether an objection of the team, about that subject if given, was upheld after a position, and `before`."""
        return any(self._upheld_since(position, team, subject, before))

    def _upheld_since(
        self, position: int, team: str | None, subject: Subject | None, before: float = math.inf
    ) -> Iterator[ObjectionDecided]:
        for each in self.found.values():
            decided = each.as_decided
            if decided is None or decided.outcome != "upheld" or not position < each.decided < before:
                continue
            if team in (None, decided.team) and subject in (None, decided.subject):
                yield decided


def require_objectable(
    stage: Stage, team: str, case: Case, course: StageCourse, served: Served, *, reported: bool
) -> None:
    """Raise unless the team may object to the results of the stage now."""
    require_not_final(course)
    if not course.course.published:
        raise ResultsNotPublishedError(
            f"the results of {stage.id} are not published", rule="Teams object to results once they are public."
        )
    window = stage.objections
    if window is None:
        raise ObjectionWindowClosedError(
            f"{stage.id} has no objection window", rule="The charter says whether and how long teams may object."
        )
    until = may_object_until(team, stage, course.course, served, case.charter)
    if until is not None and passed(until, case.decided_at) and not reported:
        raise ObjectionWindowClosedError(
            f"the objection window of {stage.id} ended at {until}",
            rule=f"Teams may object until {window.days} days after the day of {window.counts_from}.",
        )
    require_not_withdrawn(team, course)
    if team not in course.course.teams:
        raise NoStandingError(
            f"team: {team!r} did not compete in {stage.id}",
            rule="A team objects to what concerns itself.",
            pointer="/team",
        )
    if team in course.course.waived:
        raise ObjectionsWaivedError(
            f"{team} said that it does not object to the results of {stage.id}",
            rule="A waiver stands until what it was about changes.",
            pointer="/team",
        )


class FileObjection(Command, frozen=True, kw_only=True):
    """`objection`: an id of the filer's own, once for each team. `evidence`: SHA-256 of the documents cited, hex."""

    stage: Identifier
    objection: Identifier
    team: Identifier
    subject: Subject
    grounds: Text
    evidence: tuple[Sha256, ...] = ()


def _filing(command: FileObjection, p: str) -> tuple[StageCourse, ObjectionsOfId, Served]:
    return StageCourse(p, command.stage), ObjectionsOfId(p, command.objection), Served(p, command.team)


def _filing_1(command: FileObjection, p: str) -> tuple[StageCourse, ObjectionsOfId]:
    return StageCourse(p, command.stage), ObjectionsOfId(p, command.objection)


_OF_TEAM: Final[Any] = {"comes_to": (ObjectionFiled,), "own": "team", "in_person": True}


@decision("file-objection", FileObjection, needs=_filing_1, earlier=True, **_OF_TEAM)
def file_objection_1(command: FileObjection, case: Case, course: StageCourse, named: ObjectionsOfId) -> Iterator[Event]:
    """Without what is on record of notices, from which nothing was counted."""
    yield from file_objection(command, case, course, named, Served(case.programme, command.team))


@decision("file-objection", FileObjection, needs=_filing, version=2, **_OF_TEAM)
def file_objection(
    command: FileObjection, case: Case, course: StageCourse, named: ObjectionsOfId, served: Served
) -> Iterator[Event]:
    """Object to an outcome, to scores or to a ruling, for the team itself.

    No answer tells of another team's objection, of the same id or of another.
    """
    stage = stage_of(case, command.stage)
    require_objectable(stage, command.team, case, course, served, reported=command.reported)
    # Only then: until results are published it is not public how an objection was decided, whoever filed it.
    OBJECTION.require(named.state(command.team), "file-objection", subject=command.objection, pointer="/objection")
    if command.subject == "ruling" and command.team not in course.course.rulings:
        raise InvalidCommandError(
            f"subject: there is no ruling on {command.team} in {stage.id}",
            rule="An objection is about something that was decided.",
            pointer="/subject",
        )
    yield ObjectionFiled(
        objection=command.objection,
        stage=stage.id,
        team=command.team,
        subject=command.subject,
        grounds=command.grounds,
        evidence=command.evidence,
    )


class DecideObjection(Command, frozen=True, kw_only=True):
    """`team`: that filed it; needed where several teams chose the same id."""

    stage: Identifier
    objection: Identifier
    team: Identifier | None = None
    outcome: ObjectionOutcome
    reason: Text


def _deciding(command: DecideObjection, p: str) -> tuple[StageCourse, Participants, ObjectionsOfId]:
    return StageCourse(p, command.stage), Participants(p, command.stage), ObjectionsOfId(p, command.objection)


@decision("decide-objection", DecideObjection, comes_to=(ObjectionDecided,), needs=_deciding, rests_on=results)
def decide_objection(
    command: DecideObjection, case: Case, course: StageCourse, participants: Participants, named: ObjectionsOfId
) -> Iterator[Event]:
    """Uphold or dismiss an objection, or find it inadmissible."""
    stage = stage_of(case, command.stage)
    filed = _meant(command, stage, named)
    OBJECTION.require(named.state(filed.team), "decide-objection", subject=command.objection, pointer="/objection")
    require_not_final(course)
    biased = set(case.deciders(command)) & _took_part(filed, case, course, participants)
    # Who decided what a public record reports is not always known, so the record cannot be held to it.
    if biased and not command.reported:
        raise TookPartError(
            f"{', '.join(sorted(biased))} took part in what {command.objection} is about",
            rule="An objection is decided by others than those who took part in the first decision.",
        )
    yield ObjectionDecided(
        objection=command.objection,
        stage=stage.id,
        team=filed.team,
        subject=filed.subject,
        outcome=command.outcome,
        reason=command.reason,
    )


def _meant(command: DecideObjection, stage: Stage, named: ObjectionsOfId) -> ObjectionFiled:
    """The objection that is decided. Raises unless the command names one, and one only."""
    filed = [each.as_filed for each in named.found.values() if each.as_filed is not None]
    found = [each for each in filed if each.stage == stage.id and command.team in (None, each.team)]
    if not found:
        by = "" if command.team is None else f" by {command.team}"
        raise UnknownObjectionError(
            f"objection: {command.objection!r} was not filed in {stage.id}{by}",
            rule="An objection belongs to its team, and to the stage whose results it is about.",
            pointer="/objection",
        )
    if len(found) > 1:
        raise InvalidCommandError(
            f"team: {' and '.join(each.team for each in found)} each filed an objection {command.objection!r}",
            rule="Where several teams chose the same id, the decision names the team.",
            pointer="/team",
        )
    return found[0]


def _took_part(filed: ObjectionFiled, case: Case, course: StageCourse, participants: Participants) -> set[str]:
    """The agencies that took part in what an objection is about, and in what that rests on.

    Whoever may give scores by the charter's mandates takes part in every one of them: events did not always say which
    agency gave one. Everybody else who took part is named, countersigners too.
    """
    taken = set(participants.of(filed.subject, filed.team))
    if filed.subject == "score":
        taken |= {agency.id for agency in case.charter.agencies if case.charter.gives_scores(agency.id)}
    if filed.subject == "outcome" and course.course.eliminated.get(filed.team) == "ruling":
        taken |= participants.of("ruling", filed.team)
    return taken
