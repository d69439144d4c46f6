"""What a team's status entitles it to, and when that may be known."""

from __future__ import annotations

from domain.charter_document import Charter
from domain.refusal import Refusal
from domain.teams import Roster


class NotEntitledError(Refusal):
    """The team's status does not entitle it."""


class OutcomeUnpublishedError(Refusal):
    """The decision would give away an outcome that is under embargo."""


def require_entitled(
    charter: Charter, roster: Roster, team: str, *, resource: str | None = None, title: str | None = None
) -> None:
    """Raise `NotEntitledError` unless the status of an enrolled team entitles it to the resource or the title.

    A team that loses its status is entitled to nothing new; what it holds stays until it is revoked or withdrawn.
    """
    status = roster.status[team]
    entitled = [each for each in charter.entitlements if each.status == status]
    if not any(resource in each.resources or title in each.titles for each in entitled):
        raise NotEntitledError(
            f"{team} is {status}, which does not entitle it to {resource or title}",
            rule="The charter says what each status entitles to; what is held stays until it is revoked or withdrawn.",
        )


def require_published(roster: Roster, team: str) -> None:
    """Raise `OutcomeUnpublishedError` while the team's latest outcome is under embargo."""
    if roster.under_embargo(team):
        raise OutcomeUnpublishedError(
            f"the outcome of {team} is not published",
            rule="Grants and titles are public, so what is decided about them follows the publication of the outcome.",
        )
