"""Both data sets, played through the API: every published figure, read from the endpoints."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from service.cli.play import play_lines
from tests.integration.conftest import Running
from tests.playing import EVERY, PUBLIC_RECORD, REHEARSAL, lines_of

CLASSES = ["first-call-applicants", "no-longer-elite", "other-companies"]
TABLE = {
    "lg-ai-research": ("33.6", "31.6", "25.0", "90.2"),
    "sk-telecom": ("31.6", "29.1", "20.9", "81.6"),
    "naver-cloud": ("32.0", "29.0", "20.4", "81.4"),
    "upstage": ("32.2", "28.3", "20.3", "80.8"),
    "nc-ai": ("25.2", "24.8", "17.2", "67.2"),
}
BENCHMARKS = {
    "lg-ai-research": ("9.2", "14.4", "10.0"),
    "sk-telecom": ("9.2", "13.2", "9.2"),
    "naver-cloud": ("9.0", "13.6", "9.4"),
    "upstage": ("8.8", "13.4", "10.0"),
    "nc-ai": ("7.6", "10.4", "7.2"),
}
EXPERT = {
    "lg-ai-research": ("13.6", "9.0", "9.0"),
    "sk-telecom": ("12.6", "8.3", "8.2"),
    "naver-cloud": ("12.5", "8.3", "8.2"),
    "upstage": ("12.1", "8.1", "8.1"),
    "nc-ai": ("10.8", "7.0", "7.0"),
}
USER = {
    "lg-ai-research": ("15.0", "10.0"),
    "sk-telecom": ("12.6", "8.3"),
    "naver-cloud": ("12.2", "8.2"),
    "upstage": ("12.0", "8.3"),
    "nc-ai": ("10.4", "6.8"),
}


SECOND_STAGE = ["lg-ai-research", "sk-telecom", "upstage", "saebyeok-ai"]


def get(played: Running, path: str, *, by: str | None = None, **parameters: Any) -> Any:
    """The answer to the holder of key `by`, or to the public."""
    headers = {} if by is None else {"Authorization": f"Bearer {by}"}
    response = played.client.get(path, params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def rows(played: Running, programme: str) -> dict[str, Any]:
    return {row["team"]: row for row in get(played, f"/v1/programmes/{programme}/standings")["rows"]}


def exact(row: Any, assessment: str) -> str | None:
    (found,) = [each for each in row["assessments"] if each["id"] == assessment]
    points: str | None = found["points"]["exact"]
    return points


def test_the_public_record_has_lg_ai_research_first_with_90_2(played: Running) -> None:
    lg = rows(played, PUBLIC_RECORD)["lg-ai-research"]
    assert lg["total"] == {"low": "90.2", "high": "90.2", "exact": "90.2"}
    assert [exact(lg, each) for each in ("benchmark", "expert", "user")] == ["33.6", "31.6", "25.0"]
    assert (lg["rank"]["best"], lg["rank"]["worst"], lg["rank"]["basis"]) == (1, 1, "computed")
    assert (lg["maximum"], lg["status"], lg["independence"]) == ("100", "advanced", "not_reported")


@pytest.mark.parametrize("team", ["naver-cloud", "sk-telecom", "upstage"])
def test_the_public_record_leaves_three_teams_between_rank_2_and_4(played: Running, team: str) -> None:
    row = rows(played, PUBLIC_RECORD)[team]
    assert (row["rank"]["best"], row["rank"]["worst"]) == (2, 4)
    assert row["total"]["exact"] is None
    assert float(row["total"]["high"]) <= 90.2


def test_the_public_record_has_nc_ai_fifth_as_certified(played: Running) -> None:
    row = rows(played, PUBLIC_RECORD)["nc-ai"]
    assert row["rank"] == {"best": 5, "worst": 5, "basis": "certified"}
    assert row["total"]["exact"] is None


def test_the_public_record_s_outcomes(played: Running) -> None:
    found = rows(played, PUBLIC_RECORD)
    assert {team: (row["status"], row["cause"]) for team, row in found.items()} == {
        "lg-ai-research": ("advanced", None),
        "sk-telecom": ("advanced", None),
        "upstage": ("advanced", None),
        "naver-cloud": ("eliminated", "ruling"),
        "nc-ai": ("eliminated", "rank"),
    }
    assert found["naver-cloud"]["independence"] == "not_met"
    assert {row["independence"] for team, row in found.items() if team != "naver-cloud"} == {"not_reported"}
    gates = {team: row["gates"][0]["outcome"] for team, row in found.items()}
    assert gates == {team: "passed" if team == "naver-cloud" else "open" for team in found}


def test_the_public_record_s_deviation_names_no_approver(played: Running) -> None:
    trail = get(played, f"/v1/programmes/{PUBLIC_RECORD}/audit-trail")["entries"]
    (deviation,) = [entry for entry in trail if entry["type"] == "DeviationRecorded"]
    data = deviation["data"]
    assert (data["planned"], data["actual"], data["approver"]) == ("1", "2", "undisclosed")
    assert data["reason"]["en"]
    assert data["reason"]["ko"]
    assert (deviation["agency"], deviation["decided_by"], deviation["attribution"]) == (
        "sillok-recorder",
        "msit",
        "reported",
    )
    assert "DigitalToday" in deviation["source"]


def test_the_audit_trail_tells_each_decision_in_both_languages(played: Running) -> None:
    trail = get(played, f"/v1/programmes/{PUBLIC_RECORD}/audit-trail")["entries"]
    ruled = next(each for each in trail if each["type"] == "TeamEliminated" and each["data"]["team"] == "naver-cloud")
    assert ruled["says"]["en"].startswith(
        "Ministry of Science and ICT eliminated Naver Cloud from First-stage evaluation on the ground of its "
        "independence ruling. Reason: “"
    )
    assert ruled["says"]["ko"].startswith(
        "과학기술정보통신부가 독자성 판정을 근거로 네이버클라우드를 1차 단계평가에서 탈락시켰다. 사유: “"
    )


def test_the_audit_trail_tells_who_proposed_and_who_approved(played: Running) -> None:
    trail = get(played, f"/v1/programmes/{REHEARSAL}/audit-trail", limit=1000, after=820)["entries"]
    (deviation,) = [each for each in trail if each["type"] == "DeviationRecorded"]
    assert (deviation["agency"], deviation["proposer"]) == ("nipa", "msit")
    assert "Ministry of Science and ICT recorded a deviation in First-stage evaluation: 2" in deviation["says"]["en"]
    assert "Countersigned by National IT Industry Promotion Agency." in deviation["says"]["en"]
    assert "승인 기관: 정보통신산업진흥원." in deviation["says"]["ko"]


def test_the_audit_trail_as_of_a_position_is_what_was_public_then(played: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/audit-trail"
    everything = get(played, path, limit=1000)["entries"]
    published = next(each["position"] for each in everything if each["type"] == "ResultsPublished")
    then = get(played, path, limit=1000, as_of_position=published - 1)
    assert then["position"] == published - 1
    assert [each["position"] for each in then["entries"]] == [
        each["position"] for each in everything if each["position"] < published
    ]
    withheld = {each["type"] for each in then["entries"] if "withheld" in each}
    assert {"StageConsolidated", "TeamEliminated"} <= withheld
    assert not [each for each in then["entries"] if "withheld" in each and "says" in each]


def test_what_the_public_record_does_not_know_of_the_ruling_it_says(played: Running) -> None:
    trail = get(played, f"/v1/programmes/{PUBLIC_RECORD}/audit-trail")["entries"]
    (ruling,) = [entry["data"] for entry in trail if entry["type"] == "IndependenceRuled"]
    assert (ruling["team"], ruling["verdict"]) == ("naver-cloud", "not_met")
    assert (ruling["findings"], ruling["evidence"]) == ("undisclosed", "undisclosed")
    rules = get(played, f"/v1/programmes/{PUBLIC_RECORD}/charter")["independence"]["perspectives"]
    mandatory = {each["id"]: each["mandatory"] for one in rules for each in one["conditions"]}
    assert mandatory.pop("own-weights") == "yes", "the minimum condition"
    assert len(mandatory) == 7
    assert set(mandatory.values()) == {"undisclosed"}


def test_the_additional_call_offers_one_seat_to_three_classes(played: Running) -> None:
    for programme in (PUBLIC_RECORD, REHEARSAL):
        (call,) = get(played, f"/v1/programmes/{programme}/calls")["calls"]
        assert call["seats"] == "1"
        assert [each["id"] for each in call["classes"]] == [
            "first-call-applicants",
            "no-longer-elite",
            "other-companies",
        ]
        assert call["closes"] == "undisclosed"
        undisclosed = programme == PUBLIC_RECORD
        assert [each["requires"] for each in call["classes"]] == (
            ["undisclosed"] * 3 if undisclosed else ["none", "former-team", "not-former-team"]
        )


def test_every_statement_of_the_public_record_carries_its_source(played: Running) -> None:
    statements = get(played, f"/v1/programmes/{PUBLIC_RECORD}/standings")["statements"]
    assert sorted({each["kind"] for each in statements}) == ["gate", "highest", "mean", "points", "rank-group"]
    assert {each["value"] for each in statements if each["kind"] == "mean"} == {"28.56", "20.76"}
    assert {
        (each["node"], each["value"], *sorted(each["teams"])) for each in statements if each["kind"] == "highest"
    } == {
        ("benchmark/nia", "9.2", "lg-ai-research", "sk-telecom"),
        ("benchmark/global-common", "14.4", "lg-ai-research"),
        ("benchmark/global-individual", "10.0", "lg-ai-research", "upstage"),
        ("expert", "31.6", "lg-ai-research"),
    }  # of the user assessment full marks are reported, not who else has them
    assert all("DigitalToday" in each["source"] and each["position"] > 0 for each in statements)


def test_the_public_record_publishes_no_number_that_was_not_reported() -> None:
    """Every number in what is played is one of those reported (or names a stage, a call, or the source's hash)."""
    reported = {"9.2", "14.4", "10.0", "31.6", "25.0", "28.56", "20.76", "1", "4", "2", "5", "10", "20", "40", "35"}
    reported |= {"25", "49", "100"}
    for line in lines_of(PUBLIC_RECORD):
        text = re.sub(
            r"SHA-256|[0-9a-f]{64}|stage-1|stage 1|stage 2|sillok-charter/1|1개|2차|1차|1곳|4개", "", str(line.body)
        )
        assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= reported, line


@pytest.mark.parametrize("team", TABLE)
def test_the_rehearsal_s_table_comes_out_exactly(played: Running, team: str) -> None:
    row = rows(played, REHEARSAL)[team]
    found = tuple(exact(row, each) for each in ("benchmark", "expert", "user"))
    assert (*found, row["total"]["exact"]) == TABLE[team]
    for assessment, expected in (("benchmark", BENCHMARKS), ("expert", EXPERT), ("user", USER)):
        (of,) = [each for each in row["assessments"] if each["id"] == assessment]
        assert tuple(each["points"]["exact"] for each in of["criteria"]) == expected[team]


def test_the_rehearsal_s_means_are_those_published(played: Running) -> None:
    found = rows(played, REHEARSAL).values()
    for assessment, mean in (("expert", 28.56), ("user", 20.76)):
        tenths = sum(round(float(exact(row, assessment) or "nan") * 10) for row in found)
        assert tenths / 50 == pytest.approx(mean, abs=1e-12)


def test_the_rehearsal_ranks_and_outcomes(played: Running) -> None:
    found = rows(played, REHEARSAL)
    ranks = {team: (row["rank"]["best"], row["rank"]["worst"], row["rank"]["basis"]) for team, row in found.items()}
    assert ranks == {team: (n, n, "computed") for n, team in enumerate(TABLE, start=1)}
    assert {team: row["cause"] for team, row in found.items() if row["status"] == "eliminated"} == {
        "nc-ai": "rank",
        "naver-cloud": "ruling",
    }
    assert {row["gates"][0]["outcome"] for row in found.values()} == {"passed"}


def test_the_rehearsal_has_its_sheets_and_metrics(played: Running) -> None:
    counted: dict[str, int] = {}
    full_marks = 0
    after = 0
    while True:
        page = played.client.get(
            "/v1/ledger/events",
            params={"programme": REHEARSAL, "limit": 1000, "after": after},
            headers={"Authorization": f"Bearer {played.keys.auditor}"},
        )
        events = [line for line in page.text.splitlines() if line]
        for line in events:
            event = json.loads(line)
            counted[event["type"]] = counted.get(event["type"], 0) + 1
            data = event["data"]
            if event["type"] == "ScoreSubmitted" and data["criterion"].startswith("user/"):
                full = {"user/applicability": "15.0", "user/cost-efficiency": "10.0"}[data["criterion"]]
                full_marks += data["team"] == "lg-ai-research" and data["points"] == full
        if "link" not in page.headers:
            break
        after = int(re.findall(r"after=(\d+)", page.headers["link"])[0])
    assert counted["ScoreSubmitted"] == 5 * (3 * 10 + 2 * 49)
    assert counted["MeasurementRecorded"] == 5 * (4 + 13 + 5)
    assert counted["EvaluatorAppointed"] == 59
    assert full_marks == 2 * 49


def test_everything_of_the_rehearsal_says_that_it_is_one(played: Running) -> None:
    assert get(played, f"/v1/programmes/{REHEARSAL}")["data_set"] == "rehearsal"
    for view in ("standings", "grants", "audit-trail", "teams", "calls", "objections"):
        assert get(played, f"/v1/programmes/{REHEARSAL}/{view}")["data_set"] == "rehearsal", view
    page = played.client.get("/v1/ledger/events", params={"programme": REHEARSAL, "limit": 1000}).text
    assert {json.loads(line)["dataset"] for line in page.splitlines()} == {"rehearsal"}


def test_grants_are_those_of_the_teams_that_advanced_or_were_selected(played: Running) -> None:
    found = {use["resource"]: use for use in get(played, f"/v1/programmes/{REHEARSAL}/grants")["resources"]}
    assert sorted(grant["team"] for grant in found["gpu"]["grants"]) == sorted(SECOND_STAGE)
    assert (found["gpu"]["pool"]["quantity"], found["gpu"]["peak_granted"]) == ("1024", "768")
    assert (found["data"]["pool"]["quantity"], found["data"]["peak_granted"]) == (None, None)
    assert get(played, f"/v1/programmes/{PUBLIC_RECORD}/grants")["resources"] == []


def test_the_rehearsal_goes_on_with_four_teams_one_of_them_fictional(played: Running) -> None:
    """The call had applicants of all three classes; whoever had left before came back under an id of its own."""
    (call,) = get(played, f"/v1/programmes/{REHEARSAL}/calls", by=played.keys.auditor)["calls"]
    assert (call["state"], call["selected"]) == ("filled", ["saebyeok-ai"])
    applied = {each["team"]: (each["eligible_class"], each["reenters"], each["state"]) for each in call["applications"]}
    assert applied == {
        "hanbit-models": ("first-call-applicants", None, "admitted"),
        "naver-cloud-2": ("no-longer-elite", "naver-cloud", "admitted"),
        "nc-ai-2": ("no-longer-elite", "nc-ai", "admitted"),
        "saebyeok-ai": ("other-companies", None, "selected"),
    }
    teams = {each["team"]: each for each in get(played, f"/v1/programmes/{REHEARSAL}/teams")["teams"]}
    assert {team for team, each in teams.items() if each["titles"]} == {"saebyeok-ai"}
    assert "fictional" in teams["saebyeok-ai"]["name"]
    second = get(played, f"/v1/programmes/{REHEARSAL}/standings", stage="stage-2", by=played.keys.auditor)
    assert sorted(row["team"] for row in second["rows"]) == sorted(SECOND_STAGE)
    assert {row["total"]["exact"] for row in second["rows"]} == {None}


def test_the_view_equals_a_fold_from_the_ledger_at_the_same_position(played: Running) -> None:
    """Replaying the same position gives the same bytes."""
    for programme in EVERY:
        for view in ("standings", "grants"):
            path = f"/v1/programmes/{programme}/{view}"
            live = played.client.get(path)
            again = played.client.get(path, params={"as_of_position": live.json()["position"]})
            assert again.content == live.content


def test_an_answer_that_the_client_has_is_not_sent_again(played: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/standings"
    first = played.client.get(path)
    again = played.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert played.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("named", "has", "matches"),
    [
        ("{}", True, True),
        ("W/{}", True, False),
        ('"other", {}', True, True),
        ('"a,b" , W/"c",{}', True, True),
        ('"a", W/{}', True, False),
        ("*", True, True),
        (" * ", True, True),
        ('"*"', False, False),
        ('"other"', False, False),
        ("w/{}x", True, True),
        ("nothing", False, False),
        ('"', False, False),
    ],
)
def test_what_the_client_has_is_named_as_tags_of_any_kind(
    played: Running, named: str, has: bool, matches: bool
) -> None:
    path = f"/v1/programmes/{REHEARSAL}/teams"
    etag = played.client.get(path).headers["etag"]
    for ask in (played.client.get, played.client.head):
        got = ask(path, headers={"If-None-Match": named.format(etag)})
        assert got.status_code == (304 if has else 200)
        assert got.headers["etag"] == etag
        assert ask(path, headers={"If-Match": named.format(etag)}).status_code == (200 if matches else 412)


def test_tags_stand_in_as_many_headers_as_a_client_likes(played: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/teams"
    etag = played.client.get(path).headers["etag"]
    several = [("If-None-Match", '"other"'), ("If-None-Match", etag)]
    assert played.client.get(path, headers=several).status_code == 304
    both = {"If-Match": '"other"', "If-None-Match": etag}
    refused = played.client.get(path, headers=both)
    assert (refused.status_code, refused.json()["type"]) == (412, "/problems/not-that-answer")


def test_the_charter_is_served_as_it_was_hashed(played: Running) -> None:

    response = played.client.get(f"/v1/programmes/{REHEARSAL}/charter")
    rules_hash = hashlib.sha256(response.content).hexdigest()
    assert rules_hash == response.headers["rules-hash"]
    assert rules_hash == get(played, f"/v1/programmes/{REHEARSAL}/standings")["rules_hash"]


def test_playing_again_records_nothing(played: Running) -> None:
    """Also one by one what was recorded by many in one request."""
    before = played.head()
    for programme in EVERY:
        again = play_lines(played.client, programme, lines_of(programme), played.keys)
        assert (again.new, again.replayed) == (0, len(lines_of(programme)))
    assert played.head() == before


def test_the_consolidated_digest_is_that_of_the_standings_then(played: Running) -> None:
    """What was settled can be derived again from the ledger, at the position that the event names."""
    trail = get(played, f"/v1/programmes/{REHEARSAL}/audit-trail", limit=1000)["entries"]
    (settled,) = [entry["data"] for entry in trail if entry["type"] == "StageConsolidated"]
    path, at = f"/v1/programmes/{REHEARSAL}/standings", settled["position"]
    then = get(played, path, by=played.keys.auditor, as_of_position=at)
    assert then["digest"] == settled["digest"]
    assert settled["basis"] == "computed"


@pytest.mark.parametrize(
    "view", ["", "/charter", "/teams", "/calls", "/objections", "/standings", "/grants", "/audit-trail", "/timeline"]
)
def test_head_is_answered_like_get_without_the_body(played: Running, view: str) -> None:
    path = f"/v1/programmes/{REHEARSAL}{view}?x=1" if view == "/calls" else f"/v1/programmes/{REHEARSAL}{view}"
    got, asked = played.client.get(path), played.client.head(path)
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert asked.headers == got.headers
    if got.status_code == 200:
        again = played.client.head(path, headers={"If-None-Match": got.headers["etag"]})
        assert again.status_code == 304


def test_head_of_an_address_that_answers_no_get_is_refused(played: Running) -> None:
    answer = played.client.head(f"/v1/programmes/{REHEARSAL}/decisions/submit-score")
    assert (answer.status_code, answer.content) == (405, b"")
