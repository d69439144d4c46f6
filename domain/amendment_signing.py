"""What an amendment leaves of the signatures that a charter asks for."""

from __future__ import annotations

from domain.charter_document import Charter
from domain.decision import refuse_if
from domain.refusal import Refusal


class LessSignedError(Refusal):
    """The amendment would have a decision signed no more."""


def require_no_less_signed(before: Charter, after: Charter) -> None:
    """Raise unless `after` has signed what `before` has."""
    gone = [each for each in before.signed if each not in after.signed]
    refuse_if(
        (("/charter/signed", f"signed: {each} is signed, and stays so") for each in gone),
        rule="What has to be signed only grows: else who never had to sign could take away what protects who signs.",
        error=LessSignedError,
    )
