"""What contradicts itself in a charter, by its place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import pytest

from domain.charter import (
    CharterFaultyError,
    document_faults,
)
from domain.decision import require_countersignature
from domain.mandate_faults import ASKS_AT_TIMES, ASKS_ONCE_REOPENED
from domain.rulebook import DECISIONS
from domain.stages import require_second_once_reopened
from service.cli.programme_files import read_charter
from tests.domain.charters import PROGRAMME, document, names
from tests.domain.faulty import countersigned, found_in, planned, put, shown
from tests.given import given
from tests.playing import HARBOUR, PROGRAMMES


def grouped(ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "title": names(each), "weight": "1"} for each in ids]


FAULTS = [
    (put("/programme", "other"), "/programme", "published for"),
    (put("/owner", "nobody"), "/owner", "agency"),
    (put("/joint_publishers", ["nobody"]), "/joint_publishers", "agency"),
    (put("/joint_publishers", []), "/joint_publishers", "at least one"),
    (put("/recorder", "owner"), "/recorder", "public record"),
    (put("/data_set", "public-record"), "/recorder", "public record"),
    (put("/mandates/0/decisions", ["abolish"]), "/mandates/0/decisions", "decision"),
    (put("/mandates/0/agencies", ["nobody"]), "/mandates/0/agencies", "agency"),
    (put("/mandates/0/agencies", []), "/mandates/0", "at least one"),
    (put("/stages", []), "/stages", "at least one"),
    (put("/stages/1/id", "heat"), "/stages", "more than once"),
    (put("/stages/0/maximum", "31"), "/stages/0/maximum", "add up to 30"),
    (put("/stages/0/assessments/0/maximum", "9"), "/stages/0/assessments/0/maximum", "add up to 10"),
    (put("/stages/0/assessments/0/maximum", "1e1"), "/stages/0/assessments/0/maximum", "plain decimal"),
    (put("/stages/0/precision", "7"), "/stages/0/precision", "from 0 to 6"),
    (put("/stages/0/precision", "undisclosed"), "/stages/0/assessments/0/criteria/0/scoring", "known precision"),
    (put("/stages/0/rounding", "undisclosed"), "/stages/0/assessments/0/criteria/0/scoring", "known precision"),
    (put("/stages/0/eliminate", "3"), "/stages/0/eliminate", "leaves nobody"),
    (put("/stages/0/tie_break", ["charm"]), "/stages/0/tie_break", "node of the rubric"),
    (put("/stages/0/tie_break", ["paper", "paper"]), "/stages/0/tie_break", "more than once"),
    (put("/stages/0/gates/0/node", "charm"), "/stages/0/gates/0/node", "node of the rubric"),
    (put("/stages/0/gates/0/minimum", "21"), "/stages/0/gates/0/minimum", "21 is above 20, the most that field"),
    (put("/stages/0/panels/0/quorum", "4"), "/stages/0/panels/0/quorum", "1 to the panel's size"),
    (put("/stages/0/panels/0/quorum", "0"), "/stages/0/panels/0/quorum", "1 or more"),
    (put("/stages/0/assessments/0/id", "total"), "/stages/0/assessments/0/id", "sum of all"),
    (put("/stages/0/assessments/0/criteria/0/index", "x"), "/stages/0/assessments/0/criteria/0/index", "index"),
    (
        put("/stages/0/assessments/0/criteria/0/scoring/panel", "x"),
        "/stages/0/assessments/0/criteria/0/scoring/panel",
        "panel",
    ),
    (
        put("/stages/0/assessments/1/criteria/0/scoring/benchmarks", []),
        "/stages/0/assessments/1/criteria/0/scoring/benchmarks",
        "at least one",
    ),
    (
        put("/stages/0/assessments/1/criteria/0/maximum", "undisclosed"),
        "/stages/0/assessments/1/criteria/0/maximum",
        "known maximum",
    ),
    (put("/independence/perspectives/0/conditions", []), "/independence/perspectives/0/conditions", "at least one"),
    (put("/calls/0/after", "x"), "/calls/0/after", "stage"),
    (put("/calls/0/classes", []), "/calls/0/classes", "at least one"),
    (put("/calls/0/seats", "4"), "/calls/0/seats", "between 1 and"),
    (put("/calls/0/closes", "2026-2-30"), "/calls/0/closes", "date"),
    (put("/calls/0/closes", "20260131"), "/calls/0/closes", "date"),
    (
        put("/calls/0/classes/0/requires", "x"),
        "/calls/0/classes/0/requires",
        "one of former-team, none, not-former-team, undisclosed",
    ),
    (put("/calls/0/review", "x"), "/calls/0/review", "one of re-entrants, required"),
    (put("/calls/0/seats", "0"), "/calls/0/seats", "between 1 and"),
    (put("/entitlements/0/resources", ["x"]), "/entitlements/0/resources", "resource"),
    (put("/disclosure", [{"events": ["X"], "public": "agencies"}]), "/disclosure/0/events", "event"),
    (put("/disclosure", [{"events": [], "public": "agencies"}]), "/disclosure/0/events", "at least one type"),
    (
        put("/disclosure", [shown("with-results", "CharterPublished")]),
        "/disclosure/0/public",
        "belongs to no stage",
    ),
    (put("/disclosure", [shown("at-once", "ScoreSubmitted")]), "/disclosure/0/public", "agencies at the earliest"),
    (put("/disclosure", [shown("with-results", "ScoreSubmitted")]), "/disclosure/0/public", "agencies at the earliest"),
    (
        put("/disclosure", [shown("agencies", "TeamAdvanced"), shown("with-results", "TeamAdvanced")]),
        "/disclosure/1/events",
        "is with-results here and agencies before",
    ),
    (put("/notices/0/recipients", ["evaluating"]), "/notices/0/recipients/0", "not one of advanced, eliminated"),
    (put("/notices/0/variables", []), "/notices/0/body/en", "declared variable"),
    (put("/notices/0/title/ko", "{when}"), "/notices/0/title/ko", "declared variable"),
    (put("/notices/0/variables", ["question", "when"]), "/notices/0/variables/1", "used nowhere"),
    (put("/notices/0/variables", ["question", "question"]), "/notices/0/variables", "more than once"),
    (put("/notices/0/recipients", []), "/notices/0/recipients", "nobody"),
    (put("/notices/0/acknowledge_days", "-1"), "/notices/0/acknowledge_days", "'-1' is not a whole number of days"),
    (put("/notices/0/recipients", ["advanced", "advanced"]), "/notices/0/recipients", "more than once"),
    (put("/joint_publishers", ["owner", "owner"]), "/joint_publishers", "'owner' stands more than once"),
    (put("/mandates/0/agencies", ["owner", "owner"]), "/mandates/0/agencies", "'owner' stands more than once"),
    (put("/stages/0/maximum", "10000000.5"), "/stages/0/maximum", "add up to 30, not to 10000000.5"),
    (put("/stages/0/assessments/0/maximum", "10000000.5"), "/stages/0/maximum", "add up to 10000020.5, not to 30"),
    (put("/seats", "many"), "/seats", "'many' is not a whole number"),
    (put("/surprise", "1"), "/surprise", "no field"),
    (put("/stages/0/eliminate", 1), "/stages/0/eliminate", "write it as a text"),
    (put("/seats", "0"), "/seats", "at least one"),
    (put("/stages/1/eliminate", "3"), "/stages/1/eliminate", "of the 3 who reach it"),
    (put("/stages/0/panels/0/size", "0"), "/stages/0/panels/0/size", "at least one evaluator"),
    (put("/stages/0/panels/0/groups", grouped("abcd")), "/stages/0/panels/0/groups", "at most the panel's size 3"),
    (put("/mandates/0/decisions", []), "/mandates/0", "at least one agency and one decision"),
    (put("/mandates/0/decisions", ["approve"]), "/mandates/0/decisions", "says itself"),
    (put("/consortium_decisions", ["abolish"]), "/consortium_decisions", "no decision"),
    (put("/consortium_decisions", ["eliminate-team"]), "/consortium_decisions", "about itself"),
    (countersigned([], ["other"]), "/countersignatures/0", "at least one agency and one decision"),
    (countersigned(["enrol-team"], []), "/countersignatures/0", "at least one agency and one decision"),
    (countersigned(["abolish"], ["other"]), "/countersignatures/0/decisions", "no decision"),
    (countersigned(["approve"], ["other"]), "/countersignatures/0/decisions", "says itself"),
    (countersigned(["publish-charter"], ["other"]), "/countersignatures/0/decisions", "before there is a charter"),
    (countersigned(["enrol-team"], ["nobody"]), "/countersignatures/0/agencies", "no agency"),
    (countersigned(["withdraw-team"], ["other"]), "/countersignatures/0/decisions", "waits for nobody"),
    (put("/signed", ["abolish"]), "/signed", "no decision"),
    (put("/signed", ["publish-charter"]), "/signed", "before there is a charter"),
    (
        lambda document: document.update(signed=["apply-to-call"], consortium_decisions=["apply-to-call"]),
        "/signed",
        "has no key to sign 'apply-to-call' with",
    ),
    (
        countersigned(["enrol-team"], ["owner"]),
        "/countersignatures/0/agencies",
        "nobody may approve enrol-team of owner",
    ),
    (
        countersigned(["correct-score", "open-stage"], ["other"], when="after-close"),
        "/countersignatures/0/when",
        "open-stage never asks",
    ),
    (put("/evidence_kinds", []), "/evidence_kinds", "rests on evidence"),
    (put("/entitlements/0", {"status": "advanced"}), "/entitlements/0", "nothing"),
    (put("/stages/0/calendar", planned("2026-1-1", "undisclosed")), "/stages/0/calendar/opens", "a date"),
    (put("/stages/0/calendar", planned("undisclosed", "soon")), "/stages/0/calendar/closes", "a date"),
    (put("/stages/0/calendar", planned("2026-02-02", "2026-02-01")), "/stages/0/calendar/closes", "is before"),
]


def test_what_is_disclosed_no_earlier_than_its_type_allows_is_sound() -> None:
    disclosure = [
        shown("agencies", "TeamAdvanced"),
        shown("agencies", "TeamAdvanced"),
        shown("with-results", "MeasurementRecorded"),
        shown("with-results", "StageOpened"),
        shown("agencies", "TeamEnrolled"),
    ]
    assert found_in(disclosure=disclosure) == []


@pytest.mark.parametrize("status", ["enrolled", "advanced", "selected", "eliminated", "withdrawn"])
def test_a_notice_is_for_any_status_that_a_team_may_have(status: str) -> None:
    assert found_in(notices=[{**document()["notices"][0], "recipients": [status]}]) == []


def _with_ids(part: Any, place: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every list of parts that have ids, by its place."""
    if isinstance(part, list):
        if part and isinstance(part[0], dict) and "id" in part[0]:
            yield place, part
        steps: Any = enumerate(part)
    else:
        steps = part.items() if isinstance(part, dict) else ()
    for step, each in steps:
        yield from _with_ids(each, f"{place}/{step}")


def test_no_id_stands_twice_among_its_like() -> None:
    charter = read_charter(PROGRAMMES / HARBOUR / "charter.yaml")
    places = [place for place, _parts in _with_ids(charter)]
    kinds = {place.rpartition("/")[2] for place in places}
    assert {"agencies", "resources", "stages", "calls", "classes", "items", "groups", "benchmarks"} <= kinds
    for place in places:
        faulty = copy.deepcopy(charter)
        (parts,) = [parts for here, parts in _with_ids(faulty) if here == place]
        parts.append(parts[0])
        said = [(fault.pointer, fault.detail) for fault in document_faults(None, faulty)]
        assert said.count((place, f"{parts[0]['id']!r} stands more than once")) == 1, (place, said)


UNKNOWN = "/independence/perspectives/0/conditions/1/mandatory"


def test_only_a_public_record_leaves_open_what_is_mandatory() -> None:
    """Elsewhere a ruling has to be held against it."""
    open_ = document()
    put(UNKNOWN, "undisclosed")(open_)
    (fault,) = document_faults(PROGRAMME, open_)
    assert (fault.pointer, "public record" in fault.detail) == (UNKNOWN, True)
    put("/data_set", "public-record")(open_)
    open_["recorder"] = "owner"
    assert list(document_faults(PROGRAMME, open_)) == []


def test_only_a_public_record_leaves_open_who_may_apply() -> None:
    open_ = document()
    put("/calls/0/classes/0/requires", "undisclosed")(open_)
    (fault,) = document_faults(PROGRAMME, open_)
    assert (fault.pointer, "public record" in fault.detail) == ("/calls/0/classes/0/requires", True)
    put("/data_set", "public-record")(open_)
    open_["recorder"] = "owner"
    assert list(document_faults(PROGRAMME, open_)) == []


@pytest.mark.parametrize(("change", "pointer", "says"), FAULTS)
def test_a_contradiction_is_named_by_its_place(change: Callable[[Any], None], pointer: str, says: str) -> None:
    faulty = document()
    change(faulty)
    found = list(document_faults(PROGRAMME, faulty))
    assert any(fault.pointer == pointer and says in fault.detail for fault in found), found


def test_every_fault_is_listed_at_once() -> None:
    faulty = copy.deepcopy(document())
    for change, _pointer, _says in FAULTS[1:4] + FAULTS[18:19] + FAULTS[34:35]:
        change(faulty)
    refusal = given().when("publish-charter", {"charter": faulty}).refused(CharterFaultyError)
    pointers = {error.pointer for error in refusal.errors}
    assert {"/owner", "/joint_publishers", "/stages/0/tie_break"} <= pointers
    assert len(pointers) >= 4


@pytest.mark.parametrize(
    ("seats", "cuts", "refilled", "at"),
    [
        ("3", ("1", "1"), None, None),
        ("3", ("1", "2"), None, "/stages/1/eliminate"),
        ("3", ("1", "2"), "1", None),
        ("3", ("1", "3"), "3", "/stages/1/eliminate"),
        ("3", ("none", "2"), None, None),
        ("3", ("3", "0"), None, "/stages/0/eliminate"),
    ],
)
def test_every_stage_leaves_somebody_of_those_who_reach_it(
    seats: str, cuts: tuple[str, str], refilled: str | None, at: str | None
) -> None:
    """A call after the heat fills at most the seats that there are."""
    stages = document()["stages"]
    for each, cut in zip(stages, cuts, strict=True):
        each["eliminate"] = cut
    calls = [] if refilled is None else [{**document()["calls"][0], "seats": refilled}]
    assert [place for place, _detail in found_in(seats=seats, stages=stages, calls=calls)] == ([at] if at else [])


def test_a_panel_has_a_place_for_each_of_its_groups() -> None:
    stages = document()["stages"]
    stages[0]["panels"][0]["groups"] = grouped("abc")
    assert found_in(stages=stages) == []


def test_what_only_selected_teams_are_told_needs_a_call() -> None:
    notices = [{**document()["notices"][0], "recipients": ["advanced", "selected"]}]
    assert found_in(notices=notices) == []
    says = "without a call no team is ever selected"
    assert found_in(notices=notices, calls=[]) == [("/notices/0/recipients", says)]


def test_what_only_selected_teams_get_needs_a_call() -> None:
    selected = [{"status": "selected", "titles": ["Champion"]}]
    assert found_in(entitlements=selected) == []
    assert [place for place, _detail in found_in(entitlements=selected, calls=[])] == ["/entitlements/0/status"]


def reached(function: Any, seen: set[Any]) -> set[Any]:
    """Every function of the domain that a function names, and that those name."""
    codes, names = [function.__code__], set()
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
    for name in names & function.__globals__.keys():
        found = function.__globals__[name]
        if isinstance(found, FunctionType) and found.__module__.startswith("domain.") and found not in seen:
            seen.add(found)
            reached(found, seen)
    return seen


def test_a_countersignature_after_close_is_for_decisions_that_may_ask_for_one() -> None:
    mandated = {type_: each.decide for type_, each in DECISIONS.items() if each.mandated}
    asking = {type_ for type_, decide in mandated.items() if require_countersignature in reached(decide, set())}
    assert asking == ASKS_AT_TIMES
    reopened = {type_ for type_, decide in mandated.items() if require_second_once_reopened in reached(decide, set())}
    assert reopened == ASKS_ONCE_REOPENED
    for decision in sorted(asking):
        faulty = document()
        countersigned([decision], ["other"], when="after-close")(faulty)
        assert list(document_faults(PROGRAMME, faulty)) == []


WAITING = "nobody may approve {}, which waits at times for a second agency"


@pytest.mark.parametrize("decision", sorted(ASKS_AT_TIMES))
def test_what_waits_at_times_for_a_second_agency_needs_one_that_may_approve(decision: str) -> None:
    others = [{"decisions": sorted(ASKS_AT_TIMES - {decision}), "agencies": ["owner", "other"], "when": "after-close"}]
    assert found_in(countersignatures=others) == [("/mandates/0/decisions", WAITING.format(decision))]
    nobody = [*others, {"decisions": [decision], "agencies": ["owner"]}]
    assert found_in(countersignatures=nobody) == [
        ("/countersignatures/1/agencies", f"nobody may approve {decision} of owner")
    ]
    assert found_in(countersignatures=others, data_set="public-record", recorder="owner") == []


def test_where_scoring_is_never_reopened_nothing_waits_for_that() -> None:
    countersignatures = [
        {"decisions": sorted(ASKS_AT_TIMES - ASKS_ONCE_REOPENED), "agencies": ["other"], "when": "after-close"}
    ]
    given_away = document()["mandates"]
    given_away[0]["decisions"].remove("reopen-scoring")
    assert found_in(countersignatures=countersignatures, mandates=given_away) == []
    assert {detail for _place, detail in found_in(countersignatures=countersignatures)} == {
        WAITING.format(each) for each in ASKS_ONCE_REOPENED
    }


def test_a_deviation_takes_two_agencies_even_where_the_charter_lets_the_same_one_approve() -> None:
    within = document()["countersignatures"]
    within[0].update(agencies=["owner"], same_agency="yes")
    assert found_in(countersignatures=within) == [
        ("/countersignatures/0/agencies", "nobody may approve record-deviation of owner")
    ]


def test_another_person_of_the_same_agency_may_approve_where_the_charter_says_so() -> None:
    faulty = document()
    countersigned(["enrol-team"], ["owner"], same_agency="yes")(faulty)
    assert list(document_faults(PROGRAMME, faulty)) == []


def test_known_children_may_not_exceed_a_parent_with_unknown_ones() -> None:
    faulty = document()
    criteria = faulty["stages"][0]["assessments"][0]["criteria"]
    hidden = {"id": "hidden", "title": criteria[0]["title"], "maximum": "undisclosed"}
    criteria.append({**hidden, "scoring": {"type": "undisclosed"}})
    assert list(document_faults(PROGRAMME, faulty)) == []
    criteria[0]["maximum"] = "11"
    (fault,) = document_faults(PROGRAMME, faulty)
    assert "more than 10" in fault.detail
