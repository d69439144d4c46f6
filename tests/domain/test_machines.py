"""State machines: what they allow, what they refuse, and that they speak of decisions that exist."""

from __future__ import annotations

from typing import Any

import pytest

from domain.event import Event
from domain.machines import MACHINES, Machine, machine
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from domain.stage_events import ScoringReopened
from tests.domain import charters, hearings
from tests.given import given


@pytest.fixture(autouse=True)
def _registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr("domain.machines.MACHINES", dict(MACHINES))
    monkeypatch.setattr(Refusal, "CATALOGUE", dict(Refusal.CATALOGUE))


def lamp(**refusals: type[Refusal]) -> Machine:
    return machine(
        "lamp",
        initial="dark",
        transitions=[
            ("dark", "light", "lit"),
            ("lit", "snuff", "dark"),
            ("lit", "drop", "dark"),
            ("lit", "drop", "lit"),
        ],
        refusals=refusals,
    )


def lamp_with_refusals() -> tuple[Machine, type[Refusal], type[Refusal]]:
    class LampDarkError(Refusal):
        """The lamp is dark."""

    class LampLitError(Refusal):
        """The lamp is lit."""

    return lamp(dark=LampDarkError, lit=LampLitError), LampDarkError, LampLitError


def test_a_state_refuses_what_it_does_not_allow_by_its_own_error_and_cites_where_it_would_be_lawful() -> None:
    found, dark, lit = lamp_with_refusals()
    found.require("dark", "light", subject="lamp 7")
    with pytest.raises(lit, match="lamp 7 is lit") as caught:
        found.require("lit", "light", subject="lamp 7")
    assert caught.value.rule == "light is for a lamp that is dark."
    with pytest.raises(dark):
        found.require("dark", "snuff", subject="lamp 7")


def test_what_is_not_allowed_always_is_shown_and_not_allowed() -> None:
    _found, dark, _lit = lamp_with_refusals()
    candle = machine(
        "candle",
        initial="dark",
        transitions=[("dark", "light", "lit"), ("lit", "snuff", "dark"), ("dark", "snuff", "dark", "reported")],
        refusals={"dark": dark, "lit": dark},
    )
    assert not candle.allows("dark", "snuff")
    with pytest.raises(dark) as caught:
        candle.require("dark", "snuff", subject="candle 1")
    assert caught.value.rule == "snuff is for a candle that is lit."
    assert candle.transitions[-1].label == "snuff (reported)"


REPORTED = {"attribution": "reported", "source": "a newspaper"}


def test_every_exception_that_a_machine_shows_is_taken_by_its_decider() -> None:
    """Reported, each goes from where it is shown to; decided, it is refused there."""
    why, heat = {"en": "why", "ko": "왜"}, {"stage": "heat"}
    reopened = [*charters.consolidated(), ScoringReopened(stage="heat", reason=hearings.WHY)]
    ruled = [*charters.appointed(), hearings.evidence(), hearings.RULED, *hearings.objected()]
    histories: dict[tuple[str, str], tuple[list[Event], dict[str, Any]]] = {
        ("scoring", "consolidate-stage"): (charters.scored(), heat),
        ("reopened", "reconsolidate-stage"): (reopened, {**heat, "reason": why}),
        ("unopened", "rule-independence"): ([*charters.appointed(), hearings.evidence()], hearings.RULE),
        ("opened", "rule-independence"): ([*charters.appointed(), hearings.evidence(), hearings.OPENED], hearings.RULE),
        ("ruled", "rule-independence"): (ruled, hearings.RULE),
    }
    shown = {(each.source, each.decision) for found in MACHINES.values() for each in found.transitions if each.only}
    assert shown == set(histories)
    for (_, decision), (history, body) in histories.items():
        record = [hearings.asking(data_set="public-record", recorder="owner"), *history[1:]]
        assert given(background=record).when(decision, {**body, **REPORTED}).decide()
        given(background=[hearings.asking(), *history[1:]]).when(decision, body).refused(Refusal)


def test_a_decision_may_lead_to_one_of_several_states() -> None:
    found, _dark, _lit = lamp_with_refusals()
    assert found.targets("lit", "drop") == ("dark", "lit")
    assert found.targets("dark", "drop") == ()
    assert (found.states, found.decisions) == (("dark", "lit"), ("light", "snuff", "drop"))


def test_a_state_without_an_answer_and_a_name_given_twice_are_faults_of_the_code() -> None:
    with pytest.raises(ValueError, match="state dark has no refusal"):
        lamp()
    lamp_with_refusals()
    with pytest.raises(ValueError, match="twice"):
        lamp_with_refusals()


@pytest.mark.parametrize("each", MACHINES.values(), ids=lambda each: each.name)
def test_every_machine_moves_by_decisions_of_the_rulebook_and_reaches_its_states(each: Machine) -> None:
    assert set(each.decisions) <= set(DECISIONS)
    reached = {each.initial}
    for _ in each.states:
        reached |= {step.target for step in each.transitions if step.source in reached}
    assert reached == set(each.states)
