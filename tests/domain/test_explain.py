"""Why a team stands where it stands: the tree of reasons, over small histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain import charter_document, explaining_rank
from domain.charter import CHARTER_EVENTS
from domain.disclosure import PUBLIC, Reader
from domain.event import Event
from domain.explain import explain
from domain.explained import Explained
from domain.hearing_course import IndependenceOpinionGiven
from domain.naming import Naming
from domain.objections import ObjectionDecided
from domain.outcome_events import (
    Finding,
    IndependenceRuled,
    OutcomeSuperseded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
)
from domain.panel_events import ConflictDeclared, EvaluatorAppointed, EvaluatorRecused
from domain.publications import Publications
from domain.reasons import Reason
from domain.score_events import (
    FigureCertified,
    GateOutcome,
    HighestOf,
    MeasurementCorrected,
    MeasurementRecorded,
    PointsOf,
    RankGroup,
    ScoreCorrected,
    ScoreSubmitted,
    Target,
)
from domain.stage_events import ResultsPublished, ScoringClosed
from domain.views import MemoryRows
from domain.views.amendments import Charters
from domain.views.audit_trail import AUDIT_TRAIL, shown
from domain.views.standings import STANDINGS, facts_of, rules_of
from tests.domain import charters, hearings, objecting
from tests.domain.occurrences import occurrence
from tests.domain.test_exclusions import excluded

AUDITOR = Reader("auditor")
ONE, TWO, THREE = charters.JURY
IDEA = "paper/idea"
SPEED = "field/speed"


def why(events: list[Event], team: str, node: str | None = None, reader: Reader = AUDITOR) -> Reason:
    """As of the last event."""
    occurrences = [occurrence(position, event) for position, event in enumerate(events, start=1)]
    trail, rows = MemoryRows(), MemoryRows()
    AUDIT_TRAIL.fold(trail, occurrences)
    STANDINGS.fold(rows, occurrences)
    rules, publications = Charters(charters.PROGRAMME), Publications()
    for position, event in enumerate(events, start=1):
        if isinstance(event, CHARTER_EVENTS):
            rules.apply(position, event)
        publications.take(position, event)
    naming = Naming.of(rules.in_order, enumerate(events, start=1))
    entries = [shown(value, publications, reader, naming) for _key, value in trail.scan("0")]
    document, stage = rules_of(rows, "heat")
    assert stage is not None
    course, cells = facts_of(rows, "heat")
    charter, rules_hash = charter_document.parse(document), charter_document.rules_hash(document)
    names = naming.at(len(events))
    found = explain(Explained(charter, rules_hash, stage, course, cells, entries, names, team), node)
    assert found is not None
    return found


def every(tree: Reason) -> Iterator[Reason]:
    yield tree
    for child in tree.children:
        yield from every(child)


def texts(tree: Reason, kind: str) -> list[str]:
    return [each.what.en for each in every(tree) if each.kind == kind]


def other_rules(events: list[Event], node: str, **changes: Any) -> list[Event]:
    """The same history under a charter of which a criterion is another."""
    return [charters.charter(stages=charters.with_criterion(node, **changes)), *events[1:]]


def place(events: list[Event], of: Event) -> int:
    return events.index(of) + 1


def test_every_reason_is_told_in_both_languages_and_every_position_has_its_receipt() -> None:
    for each in every(why(charters.consolidated(), "ant")):
        assert each.what.en.endswith((".", ":"))
        assert each.what.ko
        assert "{" not in each.what.en + each.what.ko
        assert each.receipts == tuple(f"/v1/ledger/receipts/{position}" for position in each.positions)
        assert each.rule is None or len(each.rule.rules_hash) == 64


def test_a_judged_criterion_is_told_down_to_each_sheet() -> None:
    history = charters.consolidated()
    found = why(history, "ant", IDEA)
    assert found.what.en == "Idea: 9 of 10."
    assert found.rule is not None
    assert found.rule.text.en == (
        "The points are the median of the sheets of the panel “Jury”. Rounded once, to 0 decimals, halves up."
    )
    assert texts(found, "arithmetic") == ["It comes to 9 exactly."]
    assert texts(found, "sheet") == [
        f"Evaluator {ONE}: 8.",
        f"Evaluator {TWO}: 9; in the middle.",
        f"Evaluator {THREE}: 10.",
    ]
    sheets = [each for each in every(found) if each.kind == "sheet"]
    assert [each.positions for each in sheets] == [
        (place(history, charters.score("ant", one, points)),)
        for one, points in zip(charters.JURY, ("8", "9", "10"), strict=True)
    ]


def test_a_corrected_sheet_names_what_it_was() -> None:
    before = charters.score("ant", ONE, "8")
    history = charters.scored()
    corrected = ScoreCorrected(
        stage="heat",
        team="ant",
        criterion=IDEA,
        evaluator=ONE,
        points="7",
        supersedes=place(history, before),
        reason="misread",
    )
    history = [*history, corrected, ScoringClosed(stage="heat")]
    sheet = next(each for each in every(why(history, "ant", IDEA)) if each.kind == "sheet")
    assert (sheet.value, sheet.positions) == ("7", (place(history, corrected),))
    assert [each.positions for each in sheet.children] == [(place(history, each),) for each in (corrected, before)]
    assert "Reason: “misread”" in sheet.children[0].what.en


@pytest.mark.parametrize(
    "left_out",
    [
        excluded(),
        EvaluatorRecused(stage="heat", evaluator=ONE, team="ant", reason="near"),
        EvaluatorRecused(stage="heat", evaluator=ONE, team=None, reason="near"),
        ConflictDeclared(stage="heat", evaluator=ONE, teams=("ant",), reason="near"),
    ],
)
def test_a_sheet_that_does_not_count_says_so_and_why(left_out: Event) -> None:
    history = [*charters.scored(), left_out, ScoringClosed(stage="heat")]
    found = why(history, "ant", IDEA)
    assert texts(found, "sheet") == [f"Evaluator {TWO}: 9; in the middle.", f"Evaluator {THREE}: 10; in the middle."]
    assert texts(found, "arithmetic") == ["It comes to about 9.5000 before rounding, to 10 after."]
    (out,) = (each for each in every(found) if each.kind == "not-counted")
    assert out.what.en == f"Not counted: evaluator {ONE}, 8."
    assert [each.positions for each in out.children] == [(place(history, left_out),)]


def test_what_excludes_for_another_team_is_not_named() -> None:
    conflict = ConflictDeclared(stage="heat", evaluator=ONE, teams=("bee",), reason="near")
    found = why([*charters.scored(), conflict, ScoringClosed(stage="heat")], "ant", IDEA)
    assert not texts(found, "not-counted")
    history = [*charters.scored(), conflict, excluded(), ScoringClosed(stage="heat")]
    (out,) = (each for each in every(why(history, "ant", IDEA)) if each.kind == "not-counted")
    assert [each.positions for each in out.children] == [(place(history, excluded()),)]


def test_an_exclusion_of_a_sheet_that_never_came_is_told() -> None:
    history = [each for each in charters.scored() if each != charters.score("ant", ONE, "8")]
    found = why([*history, excluded(), ScoringClosed(stage="heat")], "ant", IDEA)
    assert len(texts(found, "not-counted")) == 1
    assert len(texts(found, "sheet")) == 2


def test_a_missing_sheet_that_counts_as_nothing_is_told() -> None:
    history = [each for each in charters.scored() if each != charters.score("ant", ONE, "8")]
    history = other_rules([*history, ScoringClosed(stage="heat")], IDEA, scoring={"missing": "zero"})
    assert f"Evaluator {ONE} gave no sheet; it counts as 0." in texts(why(history, "ant", IDEA), "sheet")


def test_trimmed_weighted_and_normalised_sheets_say_how_they_count() -> None:
    trimmed = why(other_rules(charters.closed(), IDEA, scoring={"aggregate": "trimmed-mean", "trim": "1"}), "ant", IDEA)
    assert texts(trimmed, "sheet") == [
        f"Evaluator {ONE}: 8; left out as one of the lowest.",
        f"Evaluator {TWO}: 9.",
        f"Evaluator {THREE}: 10; left out as one of the highest.",
    ]
    stretched = why(other_rules(charters.closed(), IDEA, scoring={"normalise": "min-max"}), "bee", IDEA)
    assert texts(stretched, "sheet") == [
        f"Evaluator {ONE}: 6; 5.0000 on the common scale.",
        f"Evaluator {TWO}: 7; 5.0000 on the common scale; in the middle.",
        f"Evaluator {THREE}: 8; 5.0000 on the common scale.",
    ]
    stages = charters.with_criterion(IDEA, scoring={"aggregate": "weighted-mean"})
    stages[0]["panels"][0]["groups"] = [
        {"id": name, "title": charters.names(name), "weight": weight}
        for name, weight in (("inner", "2"), ("outer", "0.5"))
    ]
    history = [
        EvaluatorAppointed(
            stage="heat", panel="jury", evaluator=each.evaluator, group="inner" if each.evaluator == ONE else "outer"
        )
        if isinstance(each, EvaluatorAppointed)
        else each
        for each in charters.closed()
    ]
    weighed = why([charters.charter(stages=stages), *history[1:]], "ant", IDEA)
    assert texts(weighed, "sheet") == [
        f"Evaluator {ONE}: 8; weighs 2.",
        f"Evaluator {TWO}: 9; weighs 0.5.",
        f"Evaluator {THREE}: 10; weighs 0.5.",
    ]
    assert texts(weighed, "arithmetic") == ["It comes to about 8.5000 before rounding, to 9 after."]


def test_sheets_by_items_name_each_item() -> None:
    history: list[Event] = [charters.charter(stages=charters.with_criterion(IDEA, items=charters.ITEMS))]
    history += charters.appointed()[1:]
    history += [
        ScoreSubmitted(stage="heat", team=team, criterion=IDEA, evaluator=one, points=points, item=item)
        for team in charters.TEAMS
        for one in charters.JURY
        for item, points in (("novelty", "5"), ("clarity", "2"))
    ]
    found = why([*history, ScoringClosed(stage="heat")], "ant", IDEA)
    assert texts(found, "sheet")[:2] == [f"Evaluator {ONE}, Novelty: 5.", f"Evaluator {ONE}, Clarity: 2."]
    assert len(texts(found, "sheet")) == 6


def test_measurements_say_what_they_were_compared_with() -> None:
    percentages = why(charters.closed(), "bee", SPEED)
    assert texts(percentages, "measurement") == ["track: 60, a share of 0.6.", "road: 60, a share of 0.6."]
    best = why(other_rules(charters.closed(), SPEED, scoring={"conversion": "relative-to-best"}), "bee", SPEED)
    assert texts(best, "measurement")[0] == "track: 60 (best of all teams: 80), a share of 0.75."
    spans = {"conversion": "linear", "floor": "20", "ceiling": "100"}
    linear = why(other_rules(charters.closed(), SPEED, scoring=spans), "bee", SPEED)
    assert texts(linear, "measurement")[0] == "track: 60 (floor 20, ceiling 100), a share of 0.5."
    targets = [
        MeasurementRecorded(
            stage="heat",
            team=each.team,
            criterion=SPEED,
            benchmark=each.benchmark,
            value=each.value,
            target=Target(model="M", value="120"),
        )
        if isinstance(each, MeasurementRecorded)
        else each
        for each in charters.closed()
    ]
    capped = why(other_rules(targets, SPEED, scoring={"conversion": "capped-ratios"}), "bee", SPEED)
    assert texts(capped, "measurement")[0] == "track: 60 (compared with M: 120), a share of 0.5."
    track = next(each for each in charters.scored() if isinstance(each, MeasurementRecorded))
    corrected = MeasurementCorrected(
        stage="heat",
        team="ant",
        criterion=SPEED,
        benchmark="track",
        value="70",
        supersedes=place(charters.scored(), track),
        reason="run",
    )
    history = [*charters.scored(), corrected, ScoringClosed(stage="heat")]
    measured = next(each for each in every(why(history, "ant", SPEED)) if each.kind == "measurement")
    assert measured.value == "70"
    assert [each.kind for each in measured.children] == ["corrected", "corrected"]


def test_while_something_is_missing_nothing_is_computed_and_that_is_said() -> None:
    history = [each for each in charters.scored() if each != charters.score("ant", ONE, "8")]
    found = why(history, "ant", IDEA)
    assert found.value is None
    assert texts(found, "missing") == ["Nothing is computed: not all that the charter asks for is there."]
    assert len(texts(found, "sheet")) == 2


PUBLISHED = [*charters.consolidated(), ResultsPublished(stage="heat", publishers=("owner", "other"))]


def test_whoever_may_not_read_sheets_learns_neither_how_many_count_nor_what_a_mean_was() -> None:
    """And an evaluator reads their own, nobody else's."""
    for history in (PUBLISHED, [*charters.scored(), excluded(), *PUBLISHED[len(charters.scored()) :]]):
        found = why(history, "bee", IDEA, PUBLIC)
        assert [each.kind for each in found.children] == ["withheld"]
        assert found.children[0].positions == (place(history, ScoringClosed(stage="heat")),)
    own = why(PUBLISHED, "bee", IDEA, Reader("evaluator", TWO))
    assert [each.kind for each in own.children] == ["sheet", "withheld"]
    assert own.children[0].value == "7"
    assert "ev-" not in "".join(each.what.en for each in every(why(PUBLISHED, "bee", None, PUBLIC)))


def test_a_rank_is_told_down_to_the_scores_of_every_team_unless_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = charters.consolidated()
    found = why(history, "bee", "rank")
    totals = [each for each in every(found) if each.kind == "total"]
    assert [each.what.en for each in totals] == ["ANT (25)", "BEE (19)", "COW (9)"]
    scored = {at for total in totals for each in total.children for at in each.positions}
    assert {place(history, each) for each in history if isinstance(each, ScoreSubmitted | MeasurementRecorded)} < scored
    monkeypatch.setattr(explaining_rank, "COMPARED", 0)
    assert texts(why(history, "bee", "rank"), "others")[-1].startswith(
        "What a total follows from is told for each team"
    )


def test_ranks_say_who_is_before_behind_and_level_and_how_ties_are_broken() -> None:
    found = why(charters.consolidated(), "bee", "rank")
    assert found.value == "2"
    assert found.rule is not None
    assert "then the one with more in Paper" in found.rule.text.en
    assert texts(found, "others") == [
        "Surely before it by points: ANT (25). Its own total: BEE (19).",
        "Surely not before it by points: COW (9).",
    ]
    same = [
        MeasurementRecorded(stage="heat", team=each.team, criterion=SPEED, benchmark=each.benchmark, value="60")
        if isinstance(each, MeasurementRecorded)
        else ScoreSubmitted(stage="heat", team=each.team, criterion=IDEA, evaluator=each.evaluator, points="7")
        if isinstance(each, ScoreSubmitted)
        else each
        for each in charters.closed()
    ]
    level = why(same, "bee", "rank")
    assert texts(level, "others") == ["Level with it, also by the tie-break: ANT (19) and COW (19)."]


def certified(*figures: Any) -> list[Event]:
    return [
        *charters.opened(),
        ScoringClosed(stage="heat"),
        *(FigureCertified(stage="heat", figure=each, source="a letter") for each in figures),
    ]


def test_of_certified_figures_those_that_suffice_are_named_and_no_others() -> None:
    history = certified(
        PointsOf(node="total", team="ant", value="20"),
        PointsOf(node="total", team="bee", value="10"),
        PointsOf(node="paper", team="bee", value="4"),
        HighestOf(node="total", teams=("ant",), value="20"),
    )
    found = why(history, "ant", "rank")
    (suffices,) = (each for each in found.children if each.kind == "suffices")
    assert suffices.what.en == (
        "That ANT ranks 1 follows from this one certified figure alone. Without it, it would not follow."
    )
    assert [each.positions for each in suffices.children] == [(10,)]
    assert {each.source for each in suffices.children} == {"a letter"}
    total = why(history, "bee", "total")
    (exact,) = (each for each in total.children if each.kind == "suffices")
    assert [each.what.en for each in exact.children] == ["BEE has 10 points in the total."]


def test_an_open_rank_says_what_is_missing_and_between_which_values() -> None:
    history = certified(
        PointsOf(node="total", team="ant", value="20"), RankGroup(teams=("ant", "bee"), best="1", worst="2")
    )
    found = why(history, "ant", "rank")
    assert found.value == "1-2"
    assert texts(found, "others") == [
        "Before or behind it, which of both is not known: BEE (0 to 30). Its own total: ANT (20).",
        "Behind it by certified ranks, whatever the points: COW (0 to 30).",
    ]
    assert texts(found, "missing")[1:] == [
        "ANT: its total is 20.",
        "BEE: Paper (0 to 10) and Field (0 to 20). Hence a total of 0 to 30.",
    ]
    assert texts(why(history, "cow", "rank"), "others") == [
        "Before it by certified ranks, whatever the points: ANT (20) and BEE (0 to 30)."
    ]


RULED = IndependenceRuled(
    stage="heat",
    team="cow",
    verdict="not_met",
    perspectives=("own",),
    findings=(Finding(perspective="own", condition="built", verdict="not_met", reason=objecting.WHY),),
    evidence=(hearings.PROOF,),
    reason=objecting.WHY,
)


def test_an_elimination_by_rank_names_decision_rank_and_plan() -> None:
    out = TeamEliminated(stage="heat", team="cow", basis="rank", reason=objecting.WHY)
    history = [*charters.consolidated(), out]
    found = why(history, "cow")
    assert found.what.en == "COW is eliminated in heat, on the ground of its rank."
    assert found.positions == (place(history, out),)
    assert [each.kind for each in found.children] == ["decision", "rank", "plan", "gate", "independence", "total"]
    assert found.children[2].what.en == (
        "Planned to leave: 1 of the 3 teams that did not withdraw. COW is surely last, so its rank is a ground to "
        "eliminate it."
    )
    assert found.children[3].what.en == "COW did not reach the threshold of Field, with 4."
    assert found.children[4].value == "not_ruled"


def test_a_ruling_is_told_by_perspective_and_condition_with_evidence_and_hearing() -> None:
    opinion = IndependenceOpinionGiven(stage="heat", team="cow", evaluator=ONE, opinion="not_met", reason="The logs.")
    events: list[Event] = [
        *charters.consolidated(),
        hearings.evidence(team="cow"),
        hearings.evidence(hearings.LATE, team="cow"),
        opinion,
        RULED,
        TeamEliminated(stage="heat", team="cow", basis="ruling", reason=objecting.WHY),
    ]
    found = why(events, "cow")
    assert [each.kind for each in found.children][:2] == ["decision", "independence"]
    ruling = found.children[1]
    assert texts(ruling, "condition") == ["Not met: Built by the team. Reason: “why”.", "No finding: Open."]
    assert [each.positions for each in every(ruling) if each.kind in ("evidence", "hearing")] == [
        (place(events, hearings.evidence(team="cow")),),
        (place(events, opinion),),
    ]
    published = [*events, ResultsPublished(stage="heat", publishers=("owner", "other"))]
    assert not texts(why(published, "cow", None, PUBLIC), "hearing")


def test_a_superseded_outcome_names_what_it_took_the_place_of_and_the_objection() -> None:
    decided = ObjectionDecided(
        objection="o", stage="heat", team="cow", subject="outcome", outcome="upheld", reason="right"
    )
    out = TeamEliminated(stage="heat", team="cow", basis="rank", reason=objecting.WHY)
    back = OutcomeSuperseded(
        stage="heat",
        team="cow",
        was="eliminated",
        to="advanced",
        basis="objection",
        reason=objecting.WHY,
        objection="o",
    )
    history = [*charters.consolidated(), out, *PUBLISHED[-1:], objecting.FILED, decided, back]
    found = why(history, "cow")
    assert found.value == "advanced"
    decision = found.children[0]
    assert decision.positions == (place(history, back),)
    assert [(each.kind, each.positions) for each in decision.children] == [
        ("earlier", (place(history, out),)),
        ("objection", (place(history, objecting.FILED),)),
        ("objection", (place(history, decided),)),
    ]
    public = why(history, "cow", None, PUBLIC)
    assert [each.value for each in every(public) if each.kind == "objection"] == ["upheld"]


def test_a_team_that_withdrew_before_anything_was_settled_has_no_rank() -> None:
    left = TeamWithdrawn(team="cow", stage="heat", reason=objecting.WHY)
    history = [*charters.scored(), left]
    found = why(history, "cow")
    assert (found.value, found.what.en) == ("withdrawn", "COW withdrew in heat.")
    assert found.children[0].positions == (place(history, left),)
    assert not texts(found, "rank")


def test_a_place_that_others_leave_is_said_to_be_so() -> None:
    """bee is last of those left by points, but cow, which is before it here, is ruled out."""
    ruled_out = IndependenceRuled(
        stage="heat",
        team="bee",
        verdict="not_met",
        perspectives=("own",),
        findings=(),
        evidence=(),
        reason=objecting.WHY,
    )
    on = TeamAdvanced(stage="heat", team="cow", reason=objecting.WHY)
    found = why([*charters.consolidated(), ruled_out, on], "cow")
    (plan,) = texts(found, "plan")
    (own,) = texts(
        why([*charters.consolidated(), TeamAdvanced(stage="heat", team="bee", reason=objecting.WHY)], "bee"), "plan"
    )
    assert "BEE is not surely last, so its rank lets it go on." in own
    assert "COW is last, but others are out by a threshold or a ruling, which leaves it a place." in plan


def test_a_certified_gate_is_told_with_its_statement() -> None:
    found = why(certified(GateOutcome(gate="slow", team="ant", outcome="passed")), "ant")
    (gate,) = (each for each in found.children if each.kind == "gate")
    assert gate.what.en == "ANT reached the threshold of Field, as is certified."
    assert [each.positions for each in gate.children] == [(7,)]


def test_an_index_is_the_sum_of_its_criteria() -> None:
    found = why(charters.consolidated(), "ant", "merit")
    assert found.what.en == "Merit of ANT: 25."
    assert [each.what.en for each in found.children] == ["Idea: 9 of 10.", "Speed: 16 of 20."]
