"""Erasure: what is known about a natural person outside the ledger goes; what the ledger proves stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from domain.boundary import QueryItem, tag, whole
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.refusal import Refusal
from domain.sentences import Says, Words

SubjectId = Annotated[
    str, whole("[a-z]{2,8}-[0-9a-f]{16}", "a person's id, such as ev- and 16 hexadecimal digits in lower case")
]
"""The opaque random id of a natural person, evaluators included."""
LegalBasis = Literal[
    "request-of-subject", "consent-withdrawn", "purpose-fulfilled", "unlawful-processing", "legal-obligation"
]
"""Why personal data must go: the person asks, takes consent back, the purpose or term is over, the processing was
unlawful, or a law or court orders it."""


class NoLegalBasisError(Refusal):
    """Personal data is erased on a legal basis, which the erasure names."""

    KIND = "invalid"


class SubjectAlreadyErasedError(Refusal):
    """The person's data was erased before."""


@event(
    "SubjectErased",
    public="agencies",
    says=Says(
        title=Words("Personal data erased", "개인정보 삭제"),
        en="{actor} had the personal data of {subject} erased {legal_basis}",
        ko="{actor}이(가) {subject}의 개인정보를 삭제하도록 결정하였다. 근거: {legal_basis}",
        terms={
            "legal_basis": {
                "request-of-subject": Words("at the person's request", "정보주체의 요청"),
                "consent-withdrawn": Words("because consent was withdrawn", "동의 철회"),
                "purpose-fulfilled": Words("because its purpose is fulfilled", "처리 목적 달성"),
                "unlawful-processing": Words("because the processing was unlawful", "위법한 처리"),
                "legal-obligation": Words("because a law or a court requires it", "법령 또는 법원의 명령"),
            }
        },
    ),
)
class SubjectErased(Event, frozen=True, kw_only=True):
    """The key of a person's sealed fields is to be destroyed; nothing of theirs can be read from then on."""

    subject: str
    legal_basis: LegalBasis

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("subject", programme, self.subject),)


class Erasure:
    """A fact: whether one person's data was erased, and at which position (0: it was not)."""

    def __init__(self, programme: str, subject: str) -> None:
        self.selects = (QueryItem(types=(SubjectErased.TYPE,), tags=(tag("subject", programme, subject),)),)
        self.position = 0

    def apply(self, position: int, event: Event) -> None:
        self.position = position


class EraseSubject(Command, frozen=True, kw_only=True):
    """`subject`: the person's opaque id. `legal_basis`: never left out."""

    subject: SubjectId
    legal_basis: LegalBasis | None = None


@decision(
    "erase-subject", EraseSubject, comes_to=(SubjectErased,), needs=lambda command, p: (Erasure(p, command.subject),)
)
def erase_subject(command: EraseSubject, _case: Case, erasure: Erasure) -> Iterator[Event]:
    """Erase the personal data of a natural person."""
    if command.legal_basis is None:
        raise NoLegalBasisError(
            "legal_basis: none is named",
            rule="Personal data is erased on a legal basis that the law knows.",
            pointer="/legal_basis",
        )
    if erasure.position:
        raise SubjectAlreadyErasedError(
            f"{command.subject} was erased at position {erasure.position}", rule="A person's data is erased once."
        )
    yield SubjectErased(subject=command.subject, legal_basis=command.legal_basis)
