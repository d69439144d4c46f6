"""What follows by itself in a programme, by now or later, and what holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from domain.disclosure import Reader
from domain.due import Due
from domain.envelope import DataSet
from domain.refusal import Refusal
from service.application.reaction_ports import ReactionStore, Standing
from service.application.reading import Queries


class ReactionsNotYoursToReadError(Refusal):
    """What follows by itself is read by the agencies of the programme and its auditors."""

    KIND = "forbidden"


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that follows. `at`: when it is due; null: at once. `held`: what refused it when it was due."""

    reaction: str
    decision: str
    subject: str
    follows: int
    at: str | None
    held: str | None


class Reactions(msgspec.Struct, frozen=True, kw_only=True):
    """What follows and is not decided or proposed. `position`: up to which the programme was looked at."""

    programme: str
    data_set: DataSet
    position: int
    following: tuple[Following, ...]


class ReadReactions:
    """The use case. `coming`: what follows in a programme. Safe to call from many threads."""

    def __init__(self, queries: Queries, store: ReactionStore, coming: Callable[[str], Sequence[Due]]) -> None:
        self._queries = queries
        self._store = store
        self._coming = coming

    def __call__(self, programme: str, reader: Reader) -> Reactions:
        """Raises `UnknownProgrammeError`, `ReactionsNotYoursToReadError`."""
        disclosure = self._queries.disclosure(programme, reader)
        if not disclosure.reader.reads_embargoed:
            raise ReactionsNotYoursToReadError(
                f"what follows in {programme} is not for everybody",
                rule="Agencies of the programme and auditors read what follows by itself.",
            )
        standing = self._store.standing(programme)
        return Reactions(
            programme=programme,
            data_set=disclosure.charter.data_set,
            position=standing.position,
            following=tuple(following(standing, self._coming(programme))),
        )


def following(standing: Standing, coming: Sequence[Due]) -> list[Following]:
    """Each with what held it, if something did."""
    held = {(each.reaction, each.follows, each.subject): each.because for each in standing.held}
    return [
        Following(
            reaction=each.reaction,
            decision=each.decision,
            subject=each.subject,
            follows=each.follows,
            at=each.at,
            held=held.get((each.reaction, each.follows, each.subject)),
        )
        for each in coming
    ]
