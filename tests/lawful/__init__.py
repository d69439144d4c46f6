"""What the rules allow of a programme's ledger, said a second time, over its bare events.

Nothing here comes from the domain: an event is its type, its data as JSON has it, and its position. So a decider that
is wrong, and a fact that is folded wrongly, meet something that is not wrong in the same way.

    history = Lawful()
    history.take(1, "CharterPublished", {"rules_hash": …, "document": …})

Fails by `AssertionError` at the first event that the rules do not allow after those before it. What a programme that
is a public record did not report is not asked of it.
"""

from __future__ import annotations

from tests.lawful import charter, grants, hearing, objections, outcomes, stages, teams
from tests.lawful.history import RULES, Lawful

TOPICS = (charter, grants, hearing, objections, outcomes, stages, teams)
"""Each declares its rules in `RULES`."""

__all__ = ["RULES", "TOPICS", "Lawful"]
