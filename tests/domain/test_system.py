"""The system as an actor: it decides what the charter mandates it with, and nobody else decides as it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter_document import parse
from domain.charter_faults import faults
from domain.decision import DECISIONS
from domain.disclosure import Reader
from domain.event import EVENTS
from domain.naming import Naming
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.system import REACTIONS, SYSTEM, system
from domain.views import MemoryRows
from domain.views.audit_trail import fold, key, shown
from tests.domain import charters
from tests.domain.occurrences import occurrence
from tests.domain.test_notices import SERVE, SERVED
from tests.given import Given, given

SERVES: dict[str, Any] = {"reactions": [{"id": "serve-notices"}]}


def under(**rules: Any) -> Given:
    return given(charters.charter(**rules), *charters.enrolled()[1:])


def test_the_system_serves_nothing_that_was_not_sent_by_itself() -> None:
    """Its mandate is for what was: an agency serves what it has to say, by a template for that."""
    under(**SERVES).by_itself("serve-notices", 1).when("serve-notice", SERVE).refused(InvalidCommandError, "/template")


def test_without_a_mandate_nothing_follows_by_itself() -> None:
    under().by_itself("serve-notices", 1).when("serve-notice", SERVE).refused(NotMandatedError)


@pytest.mark.parametrize("reaction", ["another", ""])
def test_the_system_acts_by_a_reaction_of_the_charter(reaction: str) -> None:
    under(**SERVES).by_itself(reaction, 1).when("serve-notice", SERVE).refused(NotMandatedError)


def test_what_is_mandated_is_one_decision() -> None:
    body = {"team": "ant", "title": "champion"}
    under(**SERVES).by_itself("serve-notices", 1).when("confer-title", body).refused(NotMandatedError)


def test_the_system_is_one() -> None:
    """Whoever writes another name into the place of the system's is refused."""
    history = under(**SERVES).by_itself("serve-notices", 1)
    history.agency = "owner"
    history.when("serve-notice", SERVE).refused(NotMandatedError)


@pytest.mark.parametrize("party", ["agency", "consortium"])
def test_nobody_who_asks_is_the_system(party: Any) -> None:
    """Also not by its name, which no agency and no consortium can have."""
    history = under(**SERVES).by_itself("serve-notices", 1)
    history.party = party
    history.when("serve-notice", SERVE).refused(NotMandatedError)
    document = charters.document()
    document["agencies"][0]["id"] = SYSTEM
    assert any(each.pointer == "/agencies/0/id" for each in faults(document, DECISIONS, EVENTS))


def test_decisions_that_say_themselves_who_makes_them_are_not_the_systems() -> None:
    """What is proposed, approved, rejected, or taken back is by somebody."""
    for each in DECISIONS.values():
        if not each.mandated:
            assert each.type not in REACTIONS.values()


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"reactions": [{"id": "nothing"}]}, "/reactions"),
        ({"reactions": [*SERVES["reactions"], *SERVES["reactions"]]}, "/reactions"),
        ({**SERVES, "signed": ["serve-notice"]}, "/reactions/0"),
        ({**SERVES, "data_set": "public-record"}, "/reactions"),
        ({"reactions": [{"id": "confer-titles", "days": "3"}]}, "/reactions/0/days"),
        ({"reactions": [{"id": "confer-titles", "template": "hearing"}]}, "/reactions/0/template"),
        ({"reactions": [{"id": "remind-of-objections", "template": "hearing"}]}, "/reactions/0/days"),
        ({"reactions": [{"id": "remind-of-objections", "days": "3"}]}, "/reactions/0"),
        ({"reactions": [{"id": "remind-of-objections", "days": "3", "template": "hearing"}]}, "/reactions/0/template"),
        ({"reactions": [{"id": "remind-of-objections", "days": "3", "template": "none"}]}, "/reactions/0/template"),
    ],
)
def test_a_mandate_that_could_not_be_is_a_fault(rules: dict[str, Any], pointer: str) -> None:
    assert pointer in [each.pointer for each in faults(charters.document(**rules), DECISIONS, EVENTS)]
    assert not list(faults(charters.document(**SERVES), DECISIONS, EVENTS))


def test_the_audit_trail_says_what_followed_from_which_position() -> None:
    rows = MemoryRows()
    actor, teams = system("serve-notices"), charters.enrolled()
    fold(rows, [occurrence(1, teams[0]), *(occurrence(n, each) for n, each in enumerate(teams[1:], start=2))])
    fold(rows, [occurrence(9, SERVED, actor=actor, causation="4")])
    naming = Naming.of(((1, parse(charters.charter().document.encode())),), enumerate(teams, start=1))
    stored = rows.get(key(9))
    assert stored is not None
    says = shown(stored, charters.publications(), Reader("auditor"), naming).says
    assert says is not None
    assert "the system served ANT the notice" in says.en
    assert "It follows by itself from position 4, as the charter has it." in says.en
    assert "시스템이" in says.ko
    assert "헌장에 따라 기록 4번에서 자동으로 이어진 결정." in says.ko
