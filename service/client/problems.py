"""What can come of a call but an answer."""

from __future__ import annotations

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """A field at fault. `pointer`: a JSON Pointer into the body, or the name of a parameter or header."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. `rule`: the rule that the service cites."""

    type: str
    title: str
    status: int
    detail: str = ""
    rule: str | None = None
    errors: tuple[FieldProblem, ...] = ()

    @property
    def slug(self) -> str:
        """The problem's short name, as in the catalogue at /problems."""
        return self.type.rpartition("/")[2]

    def __str__(self) -> str:
        said = f"{self.status}: {self.detail or self.title}"
        if self.type != "about:blank":  # what no service of ours says
            said += f" ({self.type})"
        return f"{said} — {self.rule}" if self.rule else said


class ServiceError(Exception):
    """Any of those below."""


class ServiceProblemError(ServiceError):
    """The service answered with a problem. A decision that is refused leaves nothing behind."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class UnreachableError(ServiceError):
    """No answer came. A decision may be recorded or not: send it again under the same key, and it is recorded once."""
