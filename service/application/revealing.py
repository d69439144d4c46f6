"""What figures would give away before they are published: asked of a programme's own charter and field."""

from __future__ import annotations

import msgspec

from domain.bounds import Contradiction
from domain.charter import CharterInForce
from domain.decision import refuse_if
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.record import StageProgress
from domain.refusal import InvalidCommandError, Refusal
from domain.reveals import Published, Reveal, published_faults, reveals
from domain.scalars import Identifier
from domain.stages import require_opened
from service.application.facts import read_facts
from service.application.ports import Ledger
from service.application.reading_refusals import unknown_stage


class CheckNotYoursToAskError(Refusal):
    """What figures would give away is asked by the agencies that the charter names, and by auditors."""

    KIND = "forbidden"


class DisclosureQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`figures`: all that is public of the stage, and what is about to be."""

    stage: Identifier
    figures: tuple[Published, ...]


class DisclosureFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from the figures though they do not state it, by the sums of the rubric and of the field.

    `reveals`: each is true, those that tell most first. More may follow that is not looked for: what only several sums
    solved together, the order of the field, tie-breaks, counts of gates that are open, or what a reader knows besides,
    would show.
    """

    programme: str
    stage: str
    position: int
    data_set: DataSet
    reveals: tuple[Reveal, ...]


class CheckDisclosure:
    """The use case; it reads the ledger and records nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __call__(self, programme: str, asked: DisclosureQuestion, reader: Reader) -> DisclosureFindings:
        """Raises `UnknownProgrammeError`, `CheckNotYoursToAskError`, `UnknownStageError`, `StageNotOpenError`,
        `InvalidCommandError`."""
        rules, progress = CharterInForce(programme), StageProgress(programme, asked.stage)
        _boundary, head = read_facts(self._ledger, (rules, progress))
        charter = rules.charter
        if not reader.within(charter).reads_embargoed:
            raise CheckNotYoursToAskError(
                f"{reader.subject} is no agency of {programme}",
                rule="Agencies that the charter names, and auditors, ask what figures would give away.",
            )
        stage = charter.stage(asked.stage)
        if stage is None:
            raise unknown_stage(programme, asked.stage)
        require_opened(progress)
        teams = progress.course.teams
        refuse_if(published_faults(asked.figures, stage, teams), rule="A figure is about the rubric and the teams.")
        try:
            given_away = reveals(stage, teams, asked.figures)
        except Contradiction as why:
            raise InvalidCommandError(
                f"figures: {why}", rule="What is published can all be true.", pointer="/figures"
            ) from why
        return DisclosureFindings(
            programme=programme,
            stage=stage.id,
            position=head,
            data_set=charter.data_set,
            reveals=tuple(given_away),
        )
