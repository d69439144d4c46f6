"""A charter under which the programme could not go on, since nobody may make a decision that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import document_faults
from tests.domain import charters
from tests.domain.charters import DECISIONS, PROGRAMME, PUBLISHING, document, names


def faults(**changes: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.detail) for fault in document_faults(PROGRAMME, document(**changes))]


def without(*decisions: str) -> dict[str, Any]:
    """Mandates for everything else."""
    mandates = [{"decisions": DECISIONS, "agencies": ["owner"]}, PUBLISHING]
    left = [{**mandate, "decisions": [d for d in mandate["decisions"] if d not in decisions]} for mandate in mandates]
    return {"mandates": [mandate for mandate in left if mandate["decisions"]]}


def objectionable() -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = document()["stages"]
    stages[1]["objections"] = {"days": "7"}
    return stages


@pytest.mark.parametrize(
    "decision",
    [
        "enrol-team",
        "open-stage",
        "close-scoring",
        "consolidate-stage",
        "rule-independence",
        "advance-team",
        "eliminate-team",
        "publish-results",
    ],
)
def test_somebody_may_make_every_decision_that_a_programme_needs(decision: str) -> None:
    assert faults(**without(decision)) == [
        ("/mandates", f"nobody may {decision}, without which the programme cannot go on")
    ]
    assert faults(**without(decision), data_set="public-record", recorder="owner") == []


def test_nobody_needs_to_be_eliminated_where_everybody_advances() -> None:
    stages = document()["stages"]
    for each in stages:
        each.update(eliminate="none", gates=[])
    independence: dict[str, Any] = {"perspectives": []}
    assert faults(**without("eliminate-team"), stages=stages, independence=independence) == []
    stages[1]["eliminate"] = "1"
    assert [place for place, _ in faults(**without("eliminate-team"), stages=stages, independence=independence)] == [
        "/mandates"
    ]


@pytest.mark.parametrize("decision", ["appoint-evaluator", "submit-score", "record-measurement"])
def test_points_come_from_somebody(decision: str) -> None:
    """A figure that is certified instead waits for the close of scoring, which waits for every sheet and metric."""
    ((place, detail),) = faults(**without(decision))
    assert (place, decision in detail) == ("/mandates", True)
    assert faults(**without("certify-figure")) == []


@pytest.mark.parametrize("decision", ["rule-independence", "register-evidence", "eliminate-team"])
def test_conditions_of_independence_need_somebody_who_registers_evidence_and_rules(decision: str) -> None:
    ((place, detail),) = faults(**without(decision))
    assert (place, decision in detail) == ("/mandates", True)
    stages = document()["stages"]
    for each in stages:
        each.update(eliminate="none", gates=[])
    assert faults(**without(decision), stages=stages, independence={"perspectives": []}) == []


def test_who_may_reopen_scoring_needs_somebody_who_settles_it_anew_and_supersedes_what_it_bears_no_more() -> None:
    for decision in ("reconsolidate-stage", "supersede-outcome"):
        ((place, detail),) = faults(**without(decision))
        assert (place, decision in detail) == ("/mandates", True)
        assert faults(**without(decision, "reopen-scoring")) == []


def test_what_is_scored_in_no_known_way_is_certified() -> None:
    stages = document()["stages"]
    stages[0]["assessments"][0]["criteria"][0]["scoring"] = {"type": "undisclosed"}
    assert faults(stages=stages) == []
    ((place, detail),) = faults(stages=stages, **without("certify-figure"))
    assert (place, "certify-figure" in detail) == ("/mandates", True)


@pytest.mark.parametrize(
    ("node", "scoring", "needed"),
    [
        ("paper/idea", {"aggregate": "undisclosed"}, ["appoint-evaluator", "submit-score", "certify-figure"]),
        ("paper/idea", {"aggregate": "weighted-mean"}, ["appoint-evaluator", "submit-score", "certify-figure"]),
        ("field/speed", {"conversion": "undisclosed"}, ["record-measurement", "certify-figure"]),
        ("field/speed", {"conversion": "linear", "floor": "undisclosed", "ceiling": "9"}, ["certify-figure"]),
        ("field/speed", {"conversion": "linear", "floor": "1", "ceiling": "undisclosed"}, ["certify-figure"]),
    ],
)
def test_what_does_not_say_in_full_how_points_are_computed_is_certified(
    node: str, scoring: dict[str, str], needed: list[str]
) -> None:
    """Scoring still waits for every sheet and metric."""
    stages = charters.with_criterion(node, scoring=scoring)[:1]
    group = {"id": "lay", "title": names("Lay"), "weight": "undisclosed"}
    stages[0]["panels"][0]["groups"] = [group, {**group, "id": "expert", "weight": "2"}]
    assert faults(stages=stages) == []
    for decision in needed:
        ((place, detail),) = faults(stages=stages, **without(decision))
        assert (place, decision in detail) == ("/mandates", True)


def test_whether_a_gate_was_passed_is_certified_where_its_minimum_is_undisclosed() -> None:
    stages = document()["stages"]
    stages[0]["gates"] = [{"id": "floor", "node": "total", "minimum": "5"}]
    assert faults(stages=stages, **without("certify-figure")) == []
    stages[0]["gates"][0]["minimum"] = "undisclosed"
    ((place, detail),) = faults(stages=stages, **without("certify-figure"))
    assert (place, "certify-figure" in detail) == ("/mandates", True)


def test_what_says_in_full_how_points_are_computed_needs_nobody_who_certifies() -> None:
    stages = charters.with_criterion("field/speed", scoring={"conversion": "linear", "floor": "1", "ceiling": "9"})
    stages[0]["assessments"][0]["criteria"][0]["scoring"]["aggregate"] = "weighted-mean"
    stages[0]["panels"][0]["groups"] = [{"id": "lay", "title": names("Lay"), "weight": "2"}]
    assert faults(stages=stages, **without("certify-figure")) == []


def test_an_objection_window_needs_somebody_who_supersedes_outcomes() -> None:
    """After an upheld one a team may be ruled independent; until the outcome is another, nothing is final."""
    place, detail = "/stages/1/objections", "teams may object, but nobody may supersede-outcome"
    nobody = without("supersede-outcome", "reopen-scoring")
    assert faults(**nobody) == []
    assert faults(**nobody, stages=objectionable()) == [(place, detail)]


@pytest.mark.parametrize("decision", ["decide-objection", "finalise-stage"])
def test_an_objection_window_needs_somebody_who_decides_and_finalises(decision: str) -> None:
    assert faults(stages=objectionable()) == []
    assert faults(**without(decision), calls=[]) == []
    place, detail = "/stages/1/objections", f"teams may object, but nobody may {decision}"
    assert faults(**without(decision), calls=[], stages=objectionable()) == [(place, detail)]
    assert faults(**without(decision), stages=objectionable(), data_set="public-record", recorder="owner") == [
        (place, detail)
    ]


def test_an_objection_window_needs_teams_that_object_themselves() -> None:
    fault = ("/stages/1/objections", "teams may object, but nobody may file-objection")
    others = ["acknowledge-notice", "assent-amendment"]
    assert faults(stages=objectionable(), consortium_decisions=["file-objection", *others]) == []
    assert faults(stages=objectionable(), consortium_decisions=others) == [fault]
    reported: dict[str, Any] = {"stages": objectionable(), "data_set": "public-record", "recorder": "owner"}
    assert faults(**reported, consortium_decisions=[]) == []
    assert faults(**reported, consortium_decisions=[], **without("file-objection")) == [fault]


@pytest.mark.parametrize(
    "decision",
    ["open-additional-call", "apply-to-call", "screen-application", "finalise-stage", "select-team", "close-call"],
)
def test_a_call_needs_somebody_who_opens_screens_finalises_selects_and_closes(decision: str) -> None:
    ((place, detail),) = faults(**without(decision))
    assert (place, decision in detail) == ("/calls", True)
    assert faults(**without(decision), calls=[]) == []


def test_every_joint_publisher_may_publish() -> None:
    """Else it would be awaited for ever; of a public record no agreement is awaited."""

    def awaited(*agencies: str) -> list[tuple[str, str]]:
        return [
            ("/joint_publishers", f"{agency} may not publish-results, so that it would be awaited for ever")
            for agency in agencies
        ]

    agencies = [*document()["agencies"], {"id": "third", "name": names("Third")}]
    mandates = [*without("publish-results")["mandates"], {"decisions": ["publish-results"], "agencies": ["third"]}]
    assert faults(agencies=agencies, mandates=mandates) == awaited("owner", "other")
    assert faults(agencies=agencies, mandates=mandates, data_set="public-record", recorder="owner") == []
    mandates[-1]["agencies"].append("other")
    assert faults(agencies=agencies, mandates=mandates) == awaited("owner")
    assert faults(agencies=agencies, mandates=mandates, joint_publishers=["third", "other"]) == []
    mandates[-1]["agencies"].append("owner")
    assert faults(agencies=agencies, mandates=mandates) == []


def test_the_charter_itself_is_published_by_somebody() -> None:
    place = "/mandates"
    assert faults(**without("publish-charter")) == [(place, "owner may not publish-charter, and nobody else could")]
    assert faults(**without("publish-charter"), data_set="public-record", recorder="other") == [
        (place, "owner and other may not publish-charter, and nobody else could")
    ]
    mandates = [*without("publish-charter")["mandates"], {"decisions": ["publish-charter"], "agencies": ["other"]}]
    assert [where for where, _ in faults(mandates=mandates)] == [place]
    assert faults(mandates=mandates, data_set="public-record", recorder="other") == []


@pytest.mark.parametrize(
    ("decision", "due", "left"),
    [
        ("set-resource-pool", "resources", {"titles": ["Champion"]}),
        ("grant-resource", "resources", {"titles": ["Champion"]}),
        ("confer-title", "titles", {"resources": ["gpu"]}),
    ],
)
def test_what_teams_are_due_is_given_by_somebody(decision: str, due: str, left: dict[str, Any]) -> None:
    ((place, detail),) = faults(**without(decision))
    assert (place, decision in detail) == (f"/entitlements/0/{due}", True)
    assert faults(**without(decision), entitlements=[{"status": "advanced", **left}]) == []
    assert faults(**without(decision), data_set="public-record", recorder="owner") == []


def test_notices_are_served_by_somebody_and_acknowledged_by_teams() -> None:
    own = [each for each in document()["consortium_decisions"] if each != "acknowledge-notice"]
    for changes, says in (
        (without("serve-notice"), "nobody may serve-notice, so that no team could ever be told"),
        (
            {"consortium_decisions": own},
            "no team may acknowledge-notice, so that every notice would wait for it for ever",
        ),
    ):
        assert faults(**changes) == [("/notices", says)]
        assert faults(**changes, notices=[]) == []
        assert faults(**changes, data_set="public-record", recorder="owner") == []


def test_where_a_charter_may_be_amended_teams_assent_or_dissent_themselves() -> None:
    own = [each for each in document()["consortium_decisions"] if each != "assent-amendment"]
    says = "no team may assent-amendment, so that none could say anything to an amendment of a running stage"
    assert faults(consortium_decisions=own) == [("/consortium_decisions", says)]
    assert faults(consortium_decisions=own, **without("amend-charter")) == []
    assert faults(consortium_decisions=own, data_set="public-record", recorder="owner") == []


def test_where_nobody_leaves_by_plan_whoever_fails_leaves_by_a_deviation() -> None:
    """A stage without a plan lets go whoever fails."""

    def left(stage: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
        stages = document()["stages"]
        stages[0]["eliminate"] = "none"
        stages[1].update(stage)
        return faults(stages=stages, **{**without("record-deviation"), **changes})

    says = "no team leaves by plan, so that one that fails {} leaves by a deviation, but nobody may record-deviation"
    nothing_ruled: dict[str, Any] = {"perspectives": []}
    assert left({}) == [("/stages/1/eliminate", says.format("a gate"))]
    assert left({"gates": []}) == [("/stages/1/eliminate", says.format("the conditions of independence"))]
    assert left({"gates": []}, independence=nothing_ruled) == []
    assert left({"eliminate": "none"}) == []
    assert left({}, mandates=document()["mandates"]) == []
    assert left({}, data_set="public-record", recorder="owner") == []


def test_where_some_leave_by_plan_a_tie_and_whoever_else_fails_are_a_deviation() -> None:
    """The heat lets one go: of two who fail, or who tie, neither could advance nor leave without one."""
    says = "a tie at the cut, or another number than 1 that fails, is a deviation, but nobody may record-deviation"
    stages = document()["stages"]
    stages[1]["eliminate"] = "none"
    assert faults(stages=stages) == []
    assert faults(stages=stages, **without("record-deviation")) == [("/stages/0/eliminate", says)]
    assert faults(stages=stages, data_set="public-record", recorder="owner", **without("record-deviation")) == []
