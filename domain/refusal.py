"""Refusals: why a decision does not enter the ledger, each an error named by its fact, with the rule it cites."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import msgspec

Kind = Literal["invalid", "forbidden", "unknown", "state"]
"""`invalid`: the command is wrong in itself. `forbidden`: not theirs to decide. `unknown`: no such programme.
`state`: lawful at another time."""


class FieldError(msgspec.Struct, frozen=True):
    """A place in the submitted body (JSON pointer) and the rule that it breaks."""

    pointer: str
    detail: str


class Refusal(Exception):  # noqa: N818 — the family; each member is named by its fact, with Error
    """`rule`: the rule cited, in words. `errors`: the fields at fault. `doubtful`: operators are told, as
    of what is forbidden and, whatever its kind, of a signature that is not as it should be."""

    KIND: ClassVar[Kind] = "state"
    CATALOGUE: ClassVar[dict[str, type[Refusal]]] = {}

    def __init_subclass__(cls) -> None:
        Refusal.CATALOGUE[cls.slug()] = cls

    def __init__(
        self, detail: str, *, rule: str, errors: tuple[FieldError, ...] = (), pointer: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rule = rule
        self.doubtful = self.KIND == "forbidden"
        self.errors = errors or (() if pointer is None else (FieldError(pointer, detail),))

    @classmethod
    def slug(cls) -> str:
        """The last part of the problem type's address: `ScoringClosedError` → `scoring-closed`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__.removesuffix("Error")).lower()

    @classmethod
    def title(cls) -> str:
        """What the problem type means, in a sentence: the docstring's first line."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class InvalidCommandError(Refusal):
    """A field of the command breaks a rule."""

    KIND = "invalid"


class NotMandatedError(Refusal):
    """The charter gives this decision to somebody else."""

    KIND = "forbidden"


class UnknownProgrammeError(Refusal):
    """No charter was published for this programme."""

    KIND = "unknown"
