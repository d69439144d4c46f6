"""Parts of a charter that are for nobody, or that nothing could come of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.charters import document, names
from tests.domain.faulty import found_in
from tests.domain.test_course_faults import without

RECORD: dict[str, Any] = {"data_set": "public-record", "recorder": "owner"}


def told(*recipients: str) -> list[dict[str, Any]]:
    return [{**document()["notices"][0], "recipients": list(recipients)}]


def test_only_where_teams_may_withdraw_is_there_a_notice_for_those_that_did() -> None:
    says = "no team may withdraw-team, so that none is ever withdrawn"
    staying = [each for each in document()["consortium_decisions"] if each != "withdraw-team"]
    assert found_in(notices=told("withdrawn")) == []
    found = found_in(notices=told("enrolled", "withdrawn"), consortium_decisions=staying)
    assert found == [("/notices/0/recipients", says)]
    assert found_in(notices=told("withdrawn"), consortium_decisions=staying, **RECORD) == []


@pytest.mark.parametrize(
    ("gates", "cut", "conditions", "deviating", "may"),
    [
        (True, "none", False, True, True),
        (False, "1", False, True, True),
        (False, "0", False, True, True),
        (False, "none", True, True, True),
        (False, "0", False, False, False),
        (False, "none", False, True, False),
    ],
)
def test_only_where_a_team_may_fail_is_there_a_notice_for_those_that_did(
    gates: bool, cut: str, conditions: bool, deviating: bool, may: bool
) -> None:
    stages = document()["stages"]
    for each in stages:
        each["eliminate"] = "none"
        if not gates:
            each["gates"] = []
    stages[0]["eliminate"] = cut
    changes: dict[str, Any] = (
        {"stages": stages} if conditions else {"stages": stages, "independence": {"perspectives": []}}
    )
    mandates = {} if deviating else without("record-deviation")
    assert found_in(**changes, **mandates) == []
    found = [place for place, _ in found_in(**changes, **mandates, notices=told("eliminated"))]
    assert found == ([] if may else ["/notices/0/recipients"])


def test_a_tie_is_broken_by_what_is_not_the_whole_total() -> None:
    stages = document()["stages"]
    stages[0]["tie_break"] = ["field/speed", "total"]
    assert [place for place, _ in found_in(stages=stages)] == ["/stages/0/tie_break/1"]
    only = document()["stages"][0]
    only.update(assessments=only["assessments"][:1], maximum="10", gates=[], tie_break=["paper", "paper/idea"])
    places = [place for place, _ in found_in(stages=[only, stages[1]])]
    assert places == ["/stages/0/tie_break/0", "/stages/0/tie_break/1"]
    idea = only["assessments"][0]["criteria"][0]
    only["assessments"][0]["criteria"] = [{**idea, "maximum": "5"}, {**idea, "id": "other", "maximum": "5"}]
    assert [place for place, _ in found_in(stages=[only, stages[1]])] == ["/stages/0/tie_break/0"]


def test_some_criterion_counts_to_every_index_unless_that_is_undisclosed() -> None:
    stages = document()["stages"]
    stages[0]["indices"].append({"id": "style", "title": names("Style")})
    assert found_in(stages=stages) == [("/stages/0/indices/1", "no criterion counts to style")]
    del stages[0]["assessments"][0]["criteria"][0]["index"]
    assert found_in(stages=stages) == []
