"""Decisions as lines of NDJSON: each names its decision, and holds the body that a single call would have."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from domain.boundary import whole
from domain.decision import Command
from domain.envelope import Actor
from domain.json_text import RepeatedKey
from domain.refusal import InvalidCommandError, Refusal
from domain.rulebook import DECISIONS
from domain.signatures import signed_name
from service.application.bodies import parse_command, read_json, shaped, twice
from service.application.deciding import Question, Submission, asked
from service.application.in_flight import Name
from service.application.recording import client_of
from service.application.submitting import decision_of

KEY_PATTERN: Final = "[!-~]{1,200}"
Key = Annotated[str, whole(KEY_PATTERN, "1 to 200 printable ASCII characters without spaces")]

_BODY: Final = "/body"


class InvalidLineError(Refusal):
    """A line of a request for many decisions is not of the shape of one; pointers are into the line."""

    KIND = "invalid"


class LineTooLongError(Exception):
    """A line is longer than one may be; the rest of it was not kept."""


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One decision. `body`: as that of a single call. `key`: its own idempotency key, which it has unless it is to be
    recorded together with others. `signature`: as the header `JWS-Signature` of a single call."""

    decision: str
    body: msgspec.Raw
    key: Key | None = None
    signature: str | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is submitted; its body is not looked at yet."""

    submission: Submission

    @property
    def prior(self) -> bool:
        """Whether what its decision depends on can be known only from the ledger."""
        decision = DECISIONS.get(self.submission.decision_type)
        return decision is not None and decision.prior is not None

    @property
    def name(self) -> Name:
        """Under which it is in flight."""
        submission = self.submission
        return client_of(submission.actor), submission.programme, submission.idempotency_key

    def question(self) -> Question:
        """What its decision depends on. Raises as `command`."""
        submission = self.submission
        return asked(submission, decision_of(submission.decision_type), self.command())

    def command(self) -> Command:
        """What its body says. Raises `UnknownDecisionError`, `MalformedBodyError`, a `Refusal`."""
        return parse_command(decision_of(self.submission.decision_type), self.submission.body)


class ReadLine(Sent, frozen=True, kw_only=True, gc=False):
    """What a line submits. `repeated`: the first key of its body that stands twice in one object."""

    repeated: RepeatedKey | None

    def command(self) -> Command:
        """What its body says. Raises `UnknownDecisionError`, `InvalidCommandError`."""
        decision = decision_of(self.submission.decision_type)
        if self.repeated is not None:
            raise twice(self.repeated.key, self.repeated.pointer)
        return shaped(decision.command, self.submission.body, of=decision.type)


def read_line(text: bytes, programme: str, actor: Actor, together: str | None = None, number: int = 1) -> ReadLine:
    """A line, as far as it is one: its body is not looked at yet.

    `together`: the one idempotency key of all lines, which then have none of their own; `number`: the line's, from 1.
    Raises `MalformedBodyError`, `InvalidLineError`.
    """
    repeated = read_json(text)
    in_body = repeated is not None and repeated.pointer.startswith(f"{_BODY}/")
    try:
        if repeated is not None and not in_body:
            raise twice(repeated.key, repeated.pointer)
        line = shaped(Line, text, of="a line")
    except InvalidCommandError as error:
        raise InvalidLineError(error.detail, rule=error.rule, errors=error.errors) from error
    if (line.key is None) == (together is None):
        raise InvalidLineError(
            "key: each line has its own"
            if together is None
            else "key: the header Idempotency-Key stands for all lines",
            rule="An idempotency key stands for what is recorded together.",
            pointer="/key",
        )
    submission = Submission(
        programme=programme,
        decision_type=line.decision,
        body=bytes(line.body),
        actor=actor,
        idempotency_key=line.key or together or "",
        signature=line.signature,
        signed_as=None if together is None else signed_name(together, number),
    )
    if repeated is not None:
        repeated = RepeatedKey(repeated.key, repeated.pointer.removeprefix(_BODY))
    return ReadLine(submission=submission, repeated=repeated)
