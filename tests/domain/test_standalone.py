"""The stand-alone verifier's standings are those of the domain, though neither knows the other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bounds import Contradiction
from domain.charter import CharterPublished
from domain.charter_document import parse
from domain.event import Event, encode_data
from domain.maxima import maxima
from domain.panel_events import ConflictDeclared, EvaluatorAppointed, EvaluatorRecused
from domain.points import SCALE
from domain.score_events import (
    ExclusionRecorded,
    Figure,
    FigureCertified,
    GateOutcome,
    HighestOf,
    MeanOf,
    MeasurementRecorded,
    PointsOf,
    RankGroup,
    ScoreSubmitted,
    Target,
)
from domain.stage_events import ScoringClosed, StageConsolidated, StageOpened
from domain.standings import canonical
from domain.views import MemoryRows, Occurrence
from domain.views.standings import compute, fold
from service.verify import standalone as untyped
from tests.domain import charters
from tests.domain.charters import ITEMS, TEAMS
from tests.playing import EVERY, lines_of, play, standings

STANDALONE: Any = untyped
JURY = ("ev-a", "ev-b", "ev-c", "ev-d")


def both(events: list[Event], programme: str, look: Any) -> int:
    """How often the digests of both were compared: after each event that `look` is true of."""
    rows, apart = MemoryRows(), STANDALONE.Programme(programme)
    opened: set[str] = set()
    looked = 0
    for position, event in enumerate(events, start=1):
        fold(rows, [Occurrence(position, datetime(2026, 1, 1, tzinfo=UTC), event.VERSION, b"", event)])
        apart.fold(position, event.TYPE, json.loads(encode_data(event)))
        opened |= {event.stage} if isinstance(event, StageOpened) else set()
        for stage in sorted(opened) if look(position, event) else ():
            found = compute(rows, stage, position)
            assert found is not None
            assert apart.standings(stage, position) == json.loads(canonical(found)), (position, stage)
            looked += 1
    return looked


@pytest.mark.parametrize("programme", EVERY)
def test_of_every_programme_all_along(programme: str) -> None:
    events = play(programme, lines_of(programme))
    looked = both(events, programme, lambda at, event: at % 20 == 0 or isinstance(event, StageConsolidated))
    assert looked > 1


decimals = st.integers(0, 10).map(str) | st.integers(0, 100).map(lambda n: f"{n // 10}.{n % 10}")


@st.composite
def judged(draw: st.DrawFn) -> dict[str, Any]:
    aggregate = draw(st.sampled_from(["mean", "median", "trimmed-mean", "weighted-mean", "undisclosed"]))
    trim = {"trim": draw(st.sampled_from(["1", "2"]))} if aggregate == "trimmed-mean" else {}
    normalise = draw(st.sampled_from(["none", "z-score", "min-max"]))
    missing = draw(st.sampled_from(["required", "left-out", "zero"]))
    return {
        "type": "judged",
        "panel": "jury",
        "aggregate": aggregate,
        "normalise": normalise,
        "missing": missing,
        **trim,
    }


@st.composite
def measured(draw: st.DrawFn) -> dict[str, Any]:
    conversion = draw(
        st.sampled_from(["mean-of-percentages", "capped-ratios", "linear", "relative-to-best", "undisclosed"])
    )
    span = {"floor": "80", "ceiling": "3"} if conversion == "linear" else {}
    return {
        "type": "measured",
        "conversion": conversion,
        "benchmarks": [
            {"id": "track", "version": "1", **({"floor": "1"} if span else {})},
            {"id": "road", "version": "1"},
        ],
        "missing": draw(st.sampled_from(["required", "left-out", "zero"])),
        **span,
    }


def often(value: str) -> st.SearchStrategy[str]:
    """What is undisclosed at times."""
    return st.sampled_from([value, value, value, "undisclosed"])


@st.composite
def charter_of(draw: st.DrawFn) -> Event:
    items = ITEMS if draw(st.booleans()) else []
    stages = charters.document()["stages"]
    heat = stages[0]
    heat["precision"] = draw(st.sampled_from(["0", "1", "3", "undisclosed"]))
    heat["rounding"] = draw(st.sampled_from(["half-up", "half-even", "half-down", "down", "up", "undisclosed"]))
    heat["maximum"] = draw(often("30"))
    paper, field = heat["assessments"]
    for part, whole in ((paper, "10"), (field, "20")):
        part["maximum"] = draw(often(whole))
        part["criteria"][0].update(maximum=draw(often(whole)), index=draw(often("merit")))
    paper["criteria"][0].update(scoring=draw(judged()), items=items)
    field["criteria"][0].update(scoring=draw(measured()))
    heat["gates"][0]["minimum"] = draw(often("5"))
    heat["tie_break"] = draw(st.sampled_from([[], ["paper"], ["field", "paper"]]))
    groups = [{"id": "wise", "title": charters.names("Wise"), "weight": "2.5"}]
    groups.append({"id": "young", "title": charters.names("Young"), "weight": draw(often("1"))})
    heat["panels"][0].update(groups=groups, quorum=draw(often("2")))
    return charters.charter(stages=stages)


def sheets(draw: st.DrawFn, items: bool) -> list[Event]:
    made: list[Event] = []
    points = decimals.filter(lambda text: float(text) <= 4) if items else decimals
    for team in TEAMS:
        for evaluator in JURY:
            for item in ("novelty", "clarity") if items else (None,):
                if draw(st.integers(0, 9)):
                    given_ = {"evaluator": evaluator, "points": draw(points), "item": item}
                    made.append(ScoreSubmitted(stage="heat", team=team, criterion="paper/idea", **given_))  # type: ignore[arg-type]
        for benchmark in ("track", "road"):
            if draw(st.integers(0, 9)):
                target = draw(st.sampled_from([None, Target(model="m", value="40.5")]))
                value = draw(decimals)
                made.append(
                    MeasurementRecorded(
                        stage="heat",
                        team=team,
                        criterion="field/speed",
                        benchmark=benchmark,
                        value=value,
                        target=target,
                    )
                )
    return made


@st.composite
def figure(draw: st.DrawFn) -> Figure:
    node = draw(st.sampled_from(["total", "paper", "field", "paper/idea", "field/speed"]))
    team, value = draw(st.sampled_from(TEAMS)), draw(decimals)
    some = tuple(draw(st.sets(st.sampled_from(TEAMS), min_size=1, max_size=2)))
    kinds: list[Figure] = [
        PointsOf(node=node, team=team, value=value),
        HighestOf(node=node, teams=some[:1], value=value),
        MeanOf(node=node, value=value),
        RankGroup(teams=some, best="1", worst=str(len(some))),
        RankGroup(teams=some, best="2", worst="3"),
        GateOutcome(gate="slow", team=team, outcome=draw(st.sampled_from(["passed", "failed"]))),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def heats(draw: st.DrawFn) -> list[Event]:
    """A stage of a charter of any kind, as it may go."""
    charter = draw(charter_of())
    items = "novelty" in charter.document  # type: ignore[attr-defined]
    group = st.sampled_from(["wise", "young"])
    events = [charter, *(charters.enrolment(team) for team in TEAMS), StageOpened(stage="heat", teams=TEAMS)]
    events += [EvaluatorAppointed(stage="heat", panel="jury", evaluator=e, group=draw(group)) for e in JURY]
    of = {"stage": "heat", "evaluator": "ev-d", "reason": "r"}
    rest = [
        ConflictDeclared(**of, teams=("ant",)),
        EvaluatorRecused(**of, team=draw(st.sampled_from(["bee", None]))),
        ExclusionRecorded(**of, team="cow", criterion="paper/idea", below_quorum=draw(st.booleans())),  # type: ignore[arg-type]
    ]
    events += draw(st.lists(st.sampled_from(rest), max_size=2))
    if draw(st.booleans()):
        events += sheets(draw, items)
        events += draw(st.sampled_from([[], [ScoringClosed(stage="heat")]]))
    for each in draw(st.lists(figure(), max_size=4)):
        events.append(FigureCertified(stage="heat", figure=each, source="s"))
    return events


@given(charter_of())
def test_both_know_the_same_maxima(published: CharterPublished) -> None:
    """Known, undisclosed, and what known items or criteria leave of either."""
    heat = parse(published.document.encode()).stages[0]
    theirs = STANDALONE.maxima(json.loads(published.document)["stages"][0])
    assert {node: int(most * SCALE) for node, most in theirs.items()} == maxima(heat)


@settings(max_examples=120)
@given(heats())
def test_of_a_stage_of_any_kind(events: list[Event]) -> None:
    """Facts that cannot all be true are so for both."""
    programme = charters.PROGRAMME
    apart = STANDALONE.Programme(programme)
    for position, event in enumerate(events, start=1):
        apart.fold(position, event.TYPE, json.loads(encode_data(event)))
    try:
        found = standings(programme, "heat", events)
    except Contradiction:
        with pytest.raises(ValueError, match=r"rank|points"):
            apart.standings("heat", len(events))
    else:
        own = apart.standings("heat", len(events))
        assert own == json.loads(canonical(found))
