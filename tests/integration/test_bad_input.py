"""Bad input: each a problem of 4xx that names field and rule, nothing appended, never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from service.api.problems import catalogue
from tests.integration.conftest import Running, run_shared
from tests.playing import PUBLIC_RECORD, REHEARSAL, lines_of

DECISIONS = f"/v1/programmes/{REHEARSAL}/decisions"
EVALUATOR = next(
    line.body["evaluator"]
    for line in lines_of(REHEARSAL)
    if line.decision == "appoint-evaluator" and line.body["panel"] == "evaluation-committee"
)
SCORE = {
    "stage": "stage-1",
    "team": "lg-ai-research",
    "criterion": "expert/spillover",
    "evaluator": EVALUATOR,
    "points": "9.0",
}

BAD_POINTS = ["15.1", "10.1", "100", "9.05", "1e1", "NaN", "Infinity", " 9", "9 ", "-1", "+9", "09", "9.", ".9", ""]
BAD_POINTS += ["٩", "9,0", "9_0", "9\u0000", "0x9", "9" * 41]


BEFORE_SCORES = [line.decision for line in lines_of(REHEARSAL)].index("record-measurement")


@pytest.fixture(scope="module")
def services(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Running]]:
    """A service over an empty ledger, and one where the rehearsal is ready for its first score."""
    with (
        contextmanager(run_shared)(server, template, tmp_path_factory.mktemp("empty")) as empty,
        contextmanager(run_shared)(server, template, tmp_path_factory.mktemp("scoring")) as scoring,
    ):
        scoring.play(REHEARSAL, lines_of(REHEARSAL)[:BEFORE_SCORES])
        scoring.project()
        yield {"empty": empty, "scoring": scoring}


def recorded(running: Running) -> list[Any]:
    """Everything that the ledger keeps: its head, its events, which keys were used for what."""
    with psycopg.connect(running.database) as connection:
        return [
            connection.execute(f"SELECT t::text FROM ledger.{table} t ORDER BY 1").fetchall()
            for table in ("head", "event", "event_id", "idempotency", "boundary_index", "event_type")
        ]


@pytest.fixture
def empty(services: dict[str, Running]) -> Iterator[Running]:
    """A service over an empty ledger, where whatever the test asks leaves no trace."""
    yield from unchanged(services["empty"])


@pytest.fixture
def scoring(services: dict[str, Running]) -> Iterator[Running]:
    """The rehearsal, ready for its first score, where whatever the test asks leaves no trace."""
    yield from unchanged(services["scoring"])


def unchanged(running: Running) -> Iterator[Running]:
    before = recorded(running)
    yield running
    assert recorded(running) == before


@pytest.fixture
def accepting(running: Running, until: Callable[[str], None]) -> Running:
    """The same, for a test of its own, at the end of which a score is recorded."""
    until("record-measurement")
    return running


def expect(response: httpx.Response, status: int, slug: str, pointer: str | None = None) -> Any:
    """A problem of the catalogue."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status == catalogue()[slug][0]
    assert problem["title"]
    assert problem["detail"]
    if pointer is not None:
        assert pointer in [each["pointer"] for each in problem["errors"]], problem
    return problem


def test_every_bad_value_of_a_score_is_refused_and_leaves_nothing(accepting: Running) -> None:
    before = accepting.head()
    for points in BAD_POINTS:
        response = accepting.submit(REHEARSAL, "submit-score", {**SCORE, "points": points}, agency="nipa")
        problem = expect(response, 422, "invalid-command", "/points")
        assert problem["rule"]
    for other in (9, 9.0, None, True, ["9.0"], {"value": "9.0"}):
        response = accepting.submit(REHEARSAL, "submit-score", {**SCORE, "points": other}, agency="nipa")
        expect(response, 422, "invalid-command", "/points")
    assert accepting.head() == before
    assert accepting.submit(REHEARSAL, "submit-score", SCORE, agency="nipa").status_code == 201


@pytest.mark.parametrize(
    ("change", "slug", "pointer"),
    [
        ({"stage": "stage-9"}, "invalid-command", "/stage"),
        ({"team": "nobody"}, "team-not-in-stage", "/team"),
        ({"team": "LG AI"}, "invalid-command", "/team"),
        ({"criterion": "expert/charm"}, "invalid-command", "/criterion"),
        ({"criterion": "benchmark/nia"}, "invalid-command", "/criterion"),
        ({"criterion": "expert\u0000/x"}, "invalid-command", "/criterion"),
        ({"evaluator": "Kim Cheolsu"}, "invalid-command", "/evaluator"),
        ({"surprise": "1"}, "invalid-command", "/surprise"),
        ({"attribution": "reported", "source": "somewhere"}, "invalid-command", "/attribution"),
        ({"decided_by": "tta"}, "invalid-command", "/decided_by"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(scoring: Running, change: dict[str, Any], slug: str, pointer: str) -> None:
    expect(scoring.submit(REHEARSAL, "submit-score", {**SCORE, **change}, agency="nipa"), 422, slug, pointer)


def test_a_missing_field_is_named(scoring: Running) -> None:
    body = {name: value for name, value in SCORE.items() if name != "team"}
    problem = expect(scoring.submit(REHEARSAL, "submit-score", body, agency="nipa"), 422, "invalid-command", "/team")
    assert problem["detail"] == "/team: is missing"


MISSHAPEN = [
    (
        f"{DECISIONS}/submit-score",
        {**SCORE, "team": "LG AI", "evaluator": "Kim", "points": 9.0, "surprise": "1"},
        {
            "/surprise": "is no field that is known here",
            "/team": "'LG AI' is not a name of 1 to 64 lower-case letters, digits, dots and hyphens",
            "/evaluator": "'Kim' is not an evaluator's id: ev- and 16 hexadecimal digits in lower case",
            "/points": "9.0 (a number; write it as a text, in quotes) is not a decimal of at most 40 characters, "
            "such as 12.5",
        },
    ),
    (
        f"{DECISIONS}/propose",
        {"decision": "submit-score", "command": {**SCORE, "team": "LG AI", "points": None}},
        {
            "/command/team": "'LG AI' is not a name of 1 to 64 lower-case letters, digits, dots and hyphens",
            "/command/points": "nothing (null) is not a decimal of at most 40 characters, such as 12.5",
        },
    ),
    (
        "/v1/proposals/p:1/approval",
        {"command_hash": "0", "attribution": "rumoured"},
        {
            "/attribution": "'rumoured' is not one of decided, reported",
            "/command_hash": "'0' is not a SHA-256 as 64 hexadecimal digits in lower case",
            "/proposal": "'p:1' is not the name of a proposal, as the answer to it said",
        },
    ),
    (
        f"/v1/programmes/{REHEARSAL}/disclosure-check",
        {"figures": [{"kind": "mean", "node": "Expert", "value": 1}, {"kind": "guess"}]},
        {
            "/stage": "is missing",
            "/figures/0/node": "'Expert' is not total, an assessment, or assessment/criterion",
            "/figures/0/value": "1 (a number; write it as a text, in quotes) is not a decimal of at most 40 "
            "characters, such as 12.5",
            "/figures/1/kind": "'guess' is not one of gate, gate-count, highest, mean, points, rank-group",
        },
    ),
]


@pytest.mark.parametrize(("path", "body", "faults"), MISSHAPEN)
def test_every_misshapen_field_is_listed_in_words(
    scoring: Running, path: str, body: dict[str, Any], faults: dict[str, str]
) -> None:
    problem = expect(scoring.client.post(path, json=body, headers=scoring.as_agency("nipa")), 422, "invalid-command")
    assert {each["pointer"]: each["detail"] for each in problem["errors"]} == faults
    for pointer, words in faults.items():
        assert f"{pointer}: {words}" in problem["detail"]


def test_an_evaluator_of_another_panel_cannot_score(scoring: Running) -> None:
    body = {**SCORE, "criterion": "user/applicability"}
    problem = expect(scoring.submit(REHEARSAL, "submit-score", body, agency="nipa"), 409, "not-appointed")
    assert "expert-users" in problem["rule"]


def test_an_unknown_programme_is_not_found(empty: Running) -> None:
    expect(
        empty.submit("nothing", "enrol-team", {"team": "a", "name": {"en": "A", "ko": "A"}}), 404, "unknown-programme"
    )
    for view in (
        "",
        "/charter",
        "/teams",
        "/standings",
        "/grants",
        "/audit-trail",
        "/timeline",
        "/calls",
        "/objections",
    ):
        expect(empty.client.get(f"/v1/programmes/nothing{view}"), 404, "unknown-programme")


def test_an_unknown_decision_is_not_found(scoring: Running) -> None:
    expect(scoring.submit(REHEARSAL, "abolish-team", {}), 404, "unknown-decision")


def test_another_programme_s_team_is_refused(running: Running) -> None:
    """A team of one programme means nothing in another."""
    running.play(PUBLIC_RECORD, lines_of(PUBLIC_RECORD)[:6])
    running.play(REHEARSAL, lines_of(REHEARSAL)[:3])
    before = running.head()
    body = {"stage": "stage-1", "team": "nc-ai", "kind": "technical-report", "sha256": "0" * 64, "title": "x"}
    response = running.submit(REHEARSAL, "register-evidence", body, agency="nipa")
    expect(response, 422, "team-not-enrolled", "/team")
    assert running.head() == before


def test_without_a_key_nothing_is_decided(scoring: Running) -> None:
    path = f"{DECISIONS}/submit-score"
    sent = {"Idempotency-Key": "k"}
    response = scoring.client.post(path, json=SCORE, headers=sent)
    expect(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"
    for wrong in (
        "Bearer",
        "Bearer x",
        "Basic dTpw",
        "Bearer slk_0000000000000000." + "A" * 43,
        f"Bearer {scoring.keys.agencies['nipa'][:-1]}A"[:-1] + "~",
        "Bearer \u00e9",
    ):
        headers = [("Idempotency-Key", "k"), ("Authorization", wrong)]
        encoded = httpx.Headers(headers, encoding="latin-1")
        expect(scoring.client.post(path, json=SCORE, headers=encoded), 401, "unauthenticated")


def test_a_foreign_key_decides_nothing(scoring: Running) -> None:
    """A key of an agency without the mandate, of a team, of an auditor."""
    expect(scoring.submit(REHEARSAL, "submit-score", SCORE, agency="tta"), 403, "not-mandated")
    for key, slug in (
        (scoring.keys.auditor, "wrong-role"),
        (scoring.keys.consortiums["lg-ai-research"], "not-mandated"),
    ):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}
        expect(scoring.client.post(f"{DECISIONS}/submit-score", json=SCORE, headers=headers), 403, slug)


def test_the_first_charter_comes_from_its_owner(empty: Running) -> None:
    (charter,) = [line.body["charter"] for line in lines_of(REHEARSAL) if line.decision == "publish-charter"]
    mandated = json.loads(json.dumps(charter))
    mandated["mandates"][0]["agencies"].append("tta")
    response = empty.submit(REHEARSAL, "publish-charter", {"charter": mandated}, agency="tta")
    expect(response, 403, "publisher-not-owner")


def test_a_faulty_charter_is_refused_with_every_fault(empty: Running) -> None:
    (charter,) = [line.body["charter"] for line in lines_of(REHEARSAL) if line.decision == "publish-charter"]
    faulty = json.loads(json.dumps(charter))
    faulty["stages"][0]["assessments"][1]["maximum"] = "36"
    faulty["stages"][0]["tie_break"] = ["charm"]
    faulty["joint_publishers"].append("nobody")
    problem = expect(empty.submit(REHEARSAL, "publish-charter", {"charter": faulty}), 422, "charter-faulty")
    pointers = {each["pointer"] for each in problem["errors"]}
    assert pointers == {
        "/stages/0/maximum",
        "/stages/0/assessments/1/maximum",
        "/stages/0/tie_break",
        "/joint_publishers",
    }


NOT_UTF_8 = ("application/json;charset=", "application/json; charset=utf-8; charset=latin-1", "application/json; x=1")


def test_the_media_type_is_enforced(accepting: Running) -> None:
    for declared in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/jsonp",
        "application/json; charset=latin-1",
        *NOT_UTF_8,
    ):
        headers = {**accepting.as_agency("nipa"), "Content-Type": declared}
        response = accepting.client.post(f"{DECISIONS}/submit-score", content=json.dumps(SCORE), headers=headers)
        expect(response, 415, "unsupported-media-type")
    headers = {**accepting.as_agency("nipa"), "Content-Type": 'application/json;Charset="UTF-8"'}
    response = accepting.client.post(f"{DECISIONS}/submit-score", content=json.dumps(SCORE), headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"stage":}',
        b"\xff\xfe",
        b'{"stage":"\xff"}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"team":1,"stage":}',
        b'{"team":1}{',
        b'{"\\ud800":1}',
        b'{"points":1e999}',
        b'{"points":' + b"9" * 5_000 + b"}",
    ],
    ids=[
        "empty",
        "cut",
        "broken",
        "not UTF-8",
        "bad string",
        "deep arrays",
        "deep objects",
        "broken after a fault",
        "two",
        "half a character",
        "out of range",
        "long number",
    ],
)
def test_a_body_that_is_no_json_is_refused(scoring: Running, body: bytes) -> None:
    for decision in ("submit-score", "publish-charter"):
        agency = {"submit-score": "nipa", "publish-charter": "msit"}[decision]
        response = scoring.client.post(f"{DECISIONS}/{decision}", content=body, headers=scoring.as_agency(agency))
        expect(response, 400, "malformed-body")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1"])
def test_a_body_of_another_shape_is_refused(scoring: Running, body: bytes) -> None:
    response = scoring.client.post(f"{DECISIONS}/submit-score", content=body, headers=scoring.as_agency("nipa"))
    expect(response, 422, "invalid-command", "")
    response = scoring.client.post("/v1/proposals/p:1/approval", content=body, headers=scoring.as_agency("nipa"))
    expect(response, 422, "invalid-command", "")


def test_a_charter_nested_deeply_is_refused(empty: Running) -> None:
    body = b'{"charter":{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    path = f"{DECISIONS}/publish-charter"
    response = empty.client.post(path, content=body, headers=empty.as_agency("msit"))
    expect(response, 400, "malformed-body")


REPEATED = [
    ('{"stage":"stage-1","stage":"stage-2"}', "/stage"),
    ('{"stage":"stage-1","\\u0073tage":"stage-1"}', "/stage"),
    ('{"a":[{},{"b/c":1,"d":{"b/c":1,"b/c":2}}]}', "/a/1/d/b~1c"),
]


@pytest.mark.parametrize(("within", "pointer"), REPEATED)
def test_a_key_that_stands_twice_is_refused_by_name(empty: Running, within: str, pointer: str) -> None:
    """One reader would take the first value, another the last: the bytes that are kept must say one thing."""
    charter = f'{{"charter":{within}}}'.encode()
    path = f"{DECISIONS}/publish-charter"
    response = empty.client.post(path, content=charter, headers=empty.as_agency("msit"))
    expect(response, 422, "invalid-command", f"/charter{pointer}")


def test_a_key_of_the_body_itself_that_stands_twice_is_refused(scoring: Running) -> None:
    body = json.dumps(SCORE)[:-1] + ', "points": "9.1"}'
    response = scoring.client.post(f"{DECISIONS}/submit-score", content=body, headers=scoring.as_agency("nipa"))
    expect(response, 422, "invalid-command", "/points")
    body = '{"command_hash": "0", "command_hash": "1"}'
    response = scoring.client.post("/v1/proposals/p:1/approval", content=body, headers=scoring.as_agency("nipa"))
    expect(response, 422, "invalid-command", "/command_hash")


def test_a_charter_of_nothing_but_keys_is_answered(empty: Running) -> None:
    """One more key than distinct ones, and as many as a body holds: found without comparing each with each."""
    keys = ",".join(f'"{n:x}":0' for n in range(90_000))
    body = f'{{"charter":{{{keys},"0":0}}}}'.encode()
    path = f"{DECISIONS}/publish-charter"
    response = empty.client.post(path, content=body, headers=empty.as_agency("msit"))
    expect(response, 422, "invalid-command", "/charter/0")


def test_ten_megabytes_are_refused(scoring: Running) -> None:
    body = json.dumps({**SCORE, "points": "9" * 10_000_000})
    response = scoring.client.post(f"{DECISIONS}/submit-score", content=body, headers=scoring.as_agency("nipa"))
    expect(response, 413, "body-too-large")


@pytest.mark.parametrize(
    "query",
    [
        "as_of_position=x",
        "as_of_position=-1",
        "as_of_position=1e3",
        "as_of_position=0",
        "as_of_position=1&as_of_position=2",
        "stage=stage-1&stage=stage-1",
        "min_position=99999999999999999999",
        "surprise=1",
        "as_of_position=١",
        "as_of=0001-01-01T00:00:00%2B14:00",
        "as_of=9999-12-31T23:59:59-14:00",
        "stage=x%00",
    ],
)
def test_a_bad_parameter_is_named(scoring: Running, query: str) -> None:
    response = scoring.client.get(f"/v1/programmes/{REHEARSAL}/standings?{query}")
    expect(response, 400, "invalid-parameter", f"/{query.partition('=')[0]}")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=1&limit=1", "after=x", "type=Nothing", "tag=plain", "programme=A%20B"]
)
def test_a_bad_parameter_of_the_ledger_is_named(scoring: Running, query: str) -> None:
    response = scoring.client.get(f"/v1/ledger/events?{query}")
    expect(response, 400, "invalid-parameter", f"/{query.partition('=')[0]}")


@pytest.mark.parametrize("query", ["", "&type=TeamEnrolled", f"&tag=team:{REHEARSAL}/nc-ai", "&after=99999"])
def test_events_of_a_programme_that_is_not_there_are_not_found(scoring: Running, query: str) -> None:
    expect(scoring.client.get(f"/v1/ledger/events?programme=nope{query}"), 404, "unknown-programme")


def test_a_position_beyond_the_head_is_not_found(scoring: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/standings"
    expect(scoring.client.get(path, params={"as_of_position": 10**6}), 404, "unknown-position")


def test_a_stage_that_is_not_there_is_not_found(scoring: Running) -> None:
    scoring.project()
    path = f"/v1/programmes/{REHEARSAL}/standings"
    expect(scoring.client.get(path, params={"stage": "stage-9"}), 404, "unknown-stage")
    expect(scoring.client.get(path, params={"stage": "x\u202e"}), 404, "unknown-stage")


def test_an_address_or_method_that_is_not_there(scoring: Running) -> None:
    expect(scoring.client.get("/v1/nothing"), 404, "not-found")
    expect(scoring.client.get(f"/v1/proposals/{REHEARSAL}:%00"), 404, "not-found")
    response = scoring.client.delete("/v1/programmes")
    expect(response, 405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/keys", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/v1/clients/slc_1", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("/v1/programmes/any/decisions/open-stage", {"POST", "OPTIONS"}),
        ("/health/live", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_the_methods_of_an_address_are_told(empty: Running, path: str, methods: set[str]) -> None:
    answer = empty.client.options(path)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (204, methods)


@pytest.mark.parametrize("programme", ["UPPER", "a b", "a%00b", "x" * 300, "..", "a%2Fb"])
def test_a_programme_that_cannot_be_is_not_found(empty: Running, programme: str) -> None:
    response = empty.client.get(f"/v1/programmes/{programme}/standings")
    assert response.status_code == 404, response.text
    assert response.headers["content-type"] == "application/problem+json"
