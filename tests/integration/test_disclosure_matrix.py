"""Who may read what: audience × event and audience × field, over every place where data leaves.

The table below is written by hand, event type by event type: it is what the code is held to, not what it says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.rulebook import EVENTS
from domain.views.timeline import STORY
from tests.integration.conftest import Running, run_shared
from tests.playing import HARBOUR, lines_of

TABLE = """
    at once:       CharterPublished CharterAmended AmendmentAssented TeamEnrolled ConsortiumChanged TeamWithdrawn
                   StageOpened ScoringClosed ResultsPublished StageFinalised CallTeamSelected
                   ResourcePoolSet ResourceGranted GrantAdjusted GrantSuspended GrantResumed GrantRevoked UsageReported
                   TitleConferred TitleWithdrawn KeyRegistered KeyRevoked CertificateIssued
    with results:  StageConsolidated StageReconsolidated ScoringReopened MeasurementRecorded MeasurementCorrected
                   FigureCertified EvidenceRegistered IndependenceReviewOpened IndependenceRuled DeviationRecorded
                   TeamAdvanced TeamEliminated OutcomeSuperseded ObjectionDecided ObjectionsWaived
                   AdditionalCallOpened CallClosedWithoutSelection
    never:         EvaluatorAppointed ConflictDeclared EvaluatorRecused EvaluatorReplaced ExclusionRecorded
                   ScoreSubmitted ScoreCorrected IndependenceOpinionGiven StatementRequested StatementGiven
                   ReleaseAgreed ObjectionFiled CallApplicationReceived ApplicationScreened NoticeServed
                   NoticeAcknowledged DecisionProposed DecisionApproved DecisionRejected ProposalWithdrawn SubjectErased
                   FieldSealed
"""
"""From when the public may read the data of an event; agencies of the programme and auditors always do."""
OWN = {
    "team": {
        *("StatementRequested", "StatementGiven", "ObjectionFiled", "ObjectionDecided", "CallApplicationReceived"),
        *("ApplicationScreened", "NoticeServed", "NoticeAcknowledged", "UsageReported"),
    },
    "evaluator": {
        *("EvaluatorAppointed", "ConflictDeclared", "EvaluatorRecused", "ExclusionRecorded"),
        *("ScoreSubmitted", "ScoreCorrected", "IndependenceOpinionGiven"),
    },
}
"""What the consortium or the evaluator that it is about may read at once, whatever the public may."""
PUBLISHED = "simulation"
"""The stage whose results are public when the tests ask; those of the trial are not."""
WITHHELD_BY_THE_CHARTER = {"UsageReported"}
OF_WITHHELD = {
    *("specversion", "id", "source", "time", "type", "eventversion"),
    *("position", "programme", "dataset", "withheld"),
}
"""All that is said of an event whose data the reader may not read: neither whom it is about nor who recorded it."""
READERS = ("public", "team", "other team", "evaluator", "other evaluator", "agency", "foreign agency", "auditor")
INSIDERS = ("agency", "auditor")


def moments() -> dict[str, str]:
    """The table, by event type."""
    found: dict[str, str] = {}
    moment = ""
    for line in TABLE.strip().splitlines():
        before, colon, after = line.rpartition(":")
        moment = before.strip() if colon else moment
        found |= dict.fromkeys(after.split(), moment)
    return found


@pytest.fixture(scope="module")
def subjects() -> dict[str, str]:
    """Who the readers are: driftnet, which dissented; an engineer of both stages' panels, and so on."""
    lines = lines_of(HARBOUR)
    engineer, other = [line.body["evaluator"] for line in lines if line.decision == "appoint-evaluator"][:2]
    return {"team": "driftnet", "other team": "albatross", "evaluator": engineer, "other evaluator": other}


@pytest.fixture(scope="module")
def before_the_second_publication(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The second programme, played until one of two publishers has agreed to release the trial's results."""
    lines = lines_of(HARBOUR)
    second = [
        number
        for number, line in enumerate(lines, 1)
        if line.decision == "publish-results" and line.body["stage"] == "trial"
    ]
    for running in run_shared(server, template, tmp_path_factory.mktemp("matrix")):
        running.play(HARBOUR, lines[: second[0]])
        running.project()
        yield running


@pytest.fixture(scope="module")
def told(before_the_second_publication: Running, subjects: dict[str, str]) -> Callable[..., Any]:
    """What a reader gets at a path; nothing where it is forbidden."""
    running = before_the_second_publication
    issue = running.issue
    keys = {
        "team": running.keys.consortiums[subjects["team"]],
        "other team": running.keys.consortiums[subjects["other team"]],
        "evaluator": issue("evaluator", subjects["evaluator"]),
        "other evaluator": issue("evaluator", subjects["other evaluator"]),
        "agency": running.keys.agencies["test-range"],
        "foreign agency": issue("agency", "another-ministry"),
        "auditor": running.keys.auditor,
    }

    def ask(reader: str, path: str, **parameters: Any) -> Any:
        headers = {"Authorization": f"Bearer {keys[reader]}"} if reader in keys else {}
        answer = running.client.get(path, params=parameters, headers=headers)
        if answer.status_code == 403:
            return None
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"].startswith("application/x-ndjson"):
            return [json.loads(line) for line in answer.text.splitlines()]
        return answer.json()

    return ask


def may_read(reader: str, type_: str, data: dict[str, Any], subjects: dict[str, str]) -> bool:
    """What the table says."""
    if reader in INSIDERS:
        return True
    for field, types in OWN.items():
        if reader.endswith(field) and type_ in types and data[field] == subjects[reader]:
            return True
    if type_ in WITHHELD_BY_THE_CHARTER:
        return False
    moment = moments()[type_]
    return moment == "at once" or (moment == "with results" and data.get("stage") == PUBLISHED)


def test_the_table_knows_every_event() -> None:
    assert set(moments()) == set(EVENTS)
    assert {each for types in OWN.values() for each in types} <= set(EVENTS)


def test_events_and_audit_trail_show_each_reader_what_the_table_says(
    told: Callable[..., Any], subjects: dict[str, str]
) -> None:
    data = {each["position"]: each["data"] for each in told("auditor", "/v1/ledger/events", limit=1000)}
    assert len({each["type"] for each in told("auditor", "/v1/ledger/events", limit=1000)}) > 35
    for reader in READERS:
        events = told(reader, "/v1/ledger/events", limit=1000)
        trail = told(reader, f"/v1/programmes/{HARBOUR}/audit-trail", limit=1000)["entries"]
        assert [each["position"] for each in events] == [each["position"] for each in trail] == list(data)
        for event, entry in zip(events, trail, strict=True):
            shown = may_read(reader, event["type"], data[event["position"]], subjects)
            assert ("data" in event, "data" in entry) == (shown, shown), (reader, event)
            if not shown:
                assert set(event) == OF_WITHHELD
                assert set(entry) == {"position", "type", "version", "recorded_at", "withheld"}


def test_the_timeline_tells_of_what_a_reader_may_read_and_of_nothing_else(told: Callable[..., Any]) -> None:
    for reader in READERS:
        trail = told(reader, f"/v1/programmes/{HARBOUR}/audit-trail", limit=1000)["entries"]
        moments = told(reader, f"/v1/programmes/{HARBOUR}/timeline", limit=1000)["moments"]
        assert [each["position"] for each in moments] == [
            each["position"] for each in trail if each["type"] in STORY and "withheld" not in each
        ], reader


def test_asked_by_tag_nothing_but_what_is_shown_is_there(told: Callable[..., Any], subjects: dict[str, str]) -> None:
    for team in (subjects["team"], subjects["other team"]):
        asked = {"limit": 1000, "tag": f"team:{HARBOUR}/{team}"}
        everything = told("auditor", "/v1/ledger/events", **asked)
        for reader in READERS:
            shown = [each["position"] for each in told(reader, "/v1/ledger/events", **asked)]
            assert shown == [
                each["position"] for each in everything if may_read(reader, each["type"], each["data"], subjects)
            ], (reader, team)


def rows(answer: Any) -> list[Any]:
    """Standings rows; none where only counts are told."""
    found: list[Any] = answer.get("rows", [])
    return found


def of_team(answer: Any, list_: str, team: str = "driftnet") -> dict[str, Any]:
    (found,) = [each for each in answer[list_] if each["team"] == team]
    row: dict[str, Any] = found
    return row


def tree_of(answer: Any) -> object:
    return answer["tree"]


Field = tuple[str, dict[str, str], Callable[[Any], object], tuple[str, ...]]
FIELDS: dict[str, Field] = {
    "points of a published stage": ("/standings", {"stage": "simulation"}, rows, READERS),
    "points under embargo": ("/standings", {"stage": "trial"}, rows, INSIDERS),
    "counts under embargo": (
        "/standings",
        {"stage": "trial"},
        lambda answer: answer.get("events"),
        tuple(reader for reader in READERS if reader not in INSIDERS),
    ),
    "rulings of a published stage": (
        "/standings",
        {"stage": "simulation"},
        lambda answer: [row["independence"] for row in rows(answer) if row["independence"] == "met"],
        READERS,
    ),
    "who was eliminated, published": (
        "/teams",
        {},
        lambda answer: of_team(answer, "teams", "fathom")["status"] == "eliminated",
        READERS,
    ),
    "who was eliminated, under embargo": (
        "/teams",
        {},
        lambda answer: of_team(answer, "teams")["status"] == "eliminated",
        INSIDERS,
    ),
    "members": ("/teams", {}, lambda answer: of_team(answer, "teams", "bollard")["members"], READERS),
    "an application": ("/calls", {}, lambda answer: answer["calls"][0]["applications"], INSIDERS),
    "how many applied": ("/calls", {}, lambda answer: answer["calls"][0]["received"], READERS),
    "grants": ("/grants", {}, lambda answer: answer["resources"][0]["grants"], READERS),
    "usage, which the charter withholds": (
        "/grants",
        {},
        lambda answer: [grant for use in answer["resources"] for grant in use["grants"] if grant["usage"]],
        INSIDERS,
    ),
    "assent and dissent": ("", {}, lambda answer: answer["amendments"][0]["dissents"], READERS),
    "disagreement": (
        "/disagreement",
        {"stage": "simulation"},
        lambda answer: answer and answer["spreads"],
        (*INSIDERS, "evaluator", "other evaluator"),
    ),
    "why a team stands where it does": ("/explain", {"stage": "simulation", "team": "driftnet"}, tree_of, READERS),
    "single sheets in it": (
        "/explain",
        {"stage": "simulation", "team": "driftnet"},
        lambda answer: '"kind":"sheet"' in json.dumps(answer, separators=(",", ":")),
        (*INSIDERS, "evaluator", "other evaluator"),
    ),
    "the same under embargo": ("/explain", {"stage": "trial", "team": "driftnet"}, tree_of, INSIDERS),
    "workload": ("/workload", {}, lambda answer: answer and answer["agencies"], INSIDERS),
    "disagreement of another stage's panel": (
        "/disagreement",
        {"stage": "trial"},
        lambda answer: answer and answer["spreads"],
        INSIDERS,
    ),
}


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_shown_to_whom_it_is_for(told: Callable[..., Any], field: str) -> None:
    path, parameters, shown, readers = FIELDS[field]
    seen = [reader for reader in READERS if shown(told(reader, f"/v1/programmes/{HARBOUR}{path}", **parameters))]
    assert sorted(seen) == sorted(readers)
