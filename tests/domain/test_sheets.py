"""Score sheets, held against the charter and the roster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from domain import charter_document
from domain.event import Event
from domain.panel_events import EvaluatorRecused
from domain.record import StageCourse
from domain.scalars import Names
from domain.sheet_checks import Unread, checked
from domain.sheets import SHEETS, CellFault, Field, Ready, template
from tests.domain import charters

ONE, TWO, _THREE = charters.JURY
SCORES = ["stage", "evaluator", "team", "criterion", "item", "points"]
METRICS = ["stage", "team", "criterion", "benchmark", "value", "target_model", "target_value"]


def field(*events: Event) -> Field:
    """The first stage, opened, with its jury."""
    charter = charter_document.parse(charter_document.canonical(charters.document()))
    stage = charter.stage("heat")
    assert stage is not None
    course = StageCourse(charters.PROGRAMME, "heat")
    for position, event in enumerate([*charters.appointed(), *events], start=1):
        course.apply(position, event)
    names = {team: Names(en=team.title(), ko=team) for team in charters.TEAMS}
    return Field(programme=charters.PROGRAMME, stage=stage, course=course, names=names)


def check(*rows: Sequence[str | Unread], of: Field | None = None) -> list[tuple[int, str | None, str] | Ready]:
    known = of or field()
    return [
        (each.row, each.column, each.detail) if isinstance(each, CellFault) else each
        for each in checked(enumerate(rows, start=1), charters.PROGRAMME, {"heat": known}.get)
    ]


def test_a_row_is_a_decision_under_a_key_of_what_it_says() -> None:
    """The key is documented, and stays: whoever imports again with a later release doubles nothing."""
    (ready,) = check(SCORES, ["heat", ONE, "ant", "paper/idea", "", "7"])
    assert isinstance(ready, Ready)
    body = {"stage": "heat", "evaluator": ONE, "team": "ant", "criterion": "paper/idea", "points": "7"}
    assert (ready.row, ready.decision, ready.body) == (2, "submit-score", body)
    said = json.dumps(["sillok-sheet/1", "programme", "submit-score", body], sort_keys=True, separators=(",", ":"))
    assert ready.key("programme") == f"sheet-{hashlib.sha256(said.encode()).hexdigest()}"
    keys = {
        each.key("programme")
        for cells in (["ant", "7"], ["ant", "8"], ["bee", "7"])
        for each in check(SCORES, ["heat", ONE, cells[0], "paper/idea", "", cells[1]])
        if isinstance(each, Ready)
    }
    assert len(keys) == 3


def test_the_columns_stand_in_any_order_and_the_item_only_where_there_are_some() -> None:
    (ready,) = check(["points", "team", "stage", "evaluator", "criterion", ""], ["7", "ant", "heat", ONE, "paper/idea"])
    assert isinstance(ready, Ready)


def test_a_wrong_header_is_the_only_fault() -> None:
    found = check(["stage", "evaluator", "squad", "points", "points"], ["heat"])
    assert found == [
        (1, "squad", f"'squad' is no column of a sheet: {', '.join([*SCORES, 'team_name', 'title', 'maximum'])}"),
        (1, "points", "the column points stands twice"),
        (1, "team", "the column team is missing"),
        (1, "criterion", "the column criterion is missing"),
    ]
    assert check(SCORES) == [(1, None, "there is no row beneath the header")]
    assert check()[0] == (1, "stage", "the column stage is missing")


def test_a_guide_that_moved_apart_is_noticed() -> None:
    header = [*SCORES, "team_name", "maximum"]
    row = ["heat", ONE, "ant", "paper/idea", "", "7"]
    assert isinstance(check(header, [*row, "ant (Ant)", "10"])[0], Ready)
    assert isinstance(check(header, [*row, "", ""])[0], Ready)
    assert check(header, [*row, "bee (Bee)", "10"]) == [
        (2, "team_name", "team_name: 'bee (Bee)' beside 'ant (Ant)': were columns moved apart?")
    ]


def test_a_template_leaves_out_whom_an_evaluator_does_not_judge() -> None:
    recused = field(EvaluatorRecused(stage="heat", evaluator=ONE, team="ant", reason="kin"))
    _header, *rows = template(SHEETS["scores"], recused)
    assert len(rows) == len(charters.JURY) * len(charters.TEAMS) - 1
    assert not any(row[1:3] == [ONE, "ant"] for row in rows)
    assert check(SCORES, ["heat", ONE, "ant", "paper/idea", "", "7"], of=recused) == [
        (2, "evaluator", f"{ONE} does not judge ant")
    ]


def test_what_a_measurement_is_held_against() -> None:
    found = check(
        METRICS,
        ["heat", "ant", "field/speed", "track", "80.5", "", ""],
        ["heat", "ant", "field/speed", "sea", "80.5", "", ""],
        ["heat", "ant", "field/speed", "road", "101", "", ""],
        ["heat", "bee", "field/speed", "road", "10", "other", "5"],
        ["heat", "bee", "field/speed", "road", "10", "other", ""],
        ["heat", "dog", "field/speed", "road", "10", "", ""],
    )
    assert isinstance(found[0], Ready)
    assert found[0].body == {
        "stage": "heat",
        "team": "ant",
        "criterion": "field/speed",
        "benchmark": "track",
        "value": "80.5",
    }
    assert [each[:2] for each in found[1:] if isinstance(each, tuple)] == [
        (3, "benchmark"),
        (4, "value"),
        (5, "target_model"),
        (6, "team"),
        (6, "target_model"),
        (7, "team"),
    ]
