"""What an amendment leaves of the signatures that a charter asks for, and whom it must not lock out of amending."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.decision import refuse_if
from domain.keys import Keys
from domain.refusal import Refusal


class LessSignedError(Refusal):
    """The amendment would have a decision signed no more."""


class AmenderWithoutKeyError(Refusal):
    """Signatures would be asked for, of an agency that has revoked every key which it could amend the charter with."""


def require_signable(before: Charter, after: Charter, keys: Keys) -> None:
    """Raise unless `after` has signed what `before` has, and whoever amends it, or countersigns that, can sign."""
    gone = [each for each in before.signed if each not in after.signed]
    refuse_if(
        (("/charter/signed", f"signed: {each} is signed, and stays so") for each in gone),
        rule="What has to be signed only grows: else who never had to sign could take away what protects who signs.",
        error=LessSignedError,
    )
    refuse_if(
        (
            ("/charter/signed", f"signed: {agency} amends the charter or countersigns that, and its keys are revoked")
            for agency in (_amending(after) if after.signed else ())
            if keys.all_revoked(agency, "agency")
        ),
        rule="Where decisions are signed no key follows the last: whoever amends then has a live one, or its first.",
        error=AmenderWithoutKeyError,
    )


def _amending(charter: Charter) -> Iterator[str]:
    """The agencies that may amend the charter, and those that may countersign it."""
    agencies = [each.id for each in charter.agencies]
    amenders = [each for each in agencies if charter.may(each, "amend-charter")]
    approvers = {each for amender in amenders for each in charter.countersigners("amend-charter", amender)}
    return (each for each in agencies if each in amenders or each in approvers)
