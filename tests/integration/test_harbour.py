"""A programme of quite another shape, played through the API with no line of code for it."""

from __future__ import annotations

from typing import Any

from tests.integration.conftest import Running
from tests.playing import EVERY, HARBOUR, PROGRAMMES, ROOT, lines_of


def get(played: Running, path: str, **parameters: Any) -> Any:
    """The answer to an auditor."""
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    response = played.client.get(f"/v1/programmes/{HARBOUR}{path}", params=parameters, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def standings(played: Running, stage: str) -> dict[str, tuple[Any, ...]]:
    rows = get(played, "/standings", stage=stage)["rows"]
    return {row["team"]: (row["rank"]["best"], row["total"]["exact"], row["status"]) for row in rows}


def test_gates_decide_the_first_stage_and_no_cut_is_planned(played: Running) -> None:
    found = standings(played, "simulation")
    assert found["fathom"] == (6, "26.0", "eliminated")
    assert {status for _rank, _total, status in found.values()} == {"advanced", "eliminated"}
    row = next(each for each in get(played, "/standings", stage="simulation")["rows"] if each["team"] == "fathom")
    assert (row["cause"], {gate["id"]: gate["outcome"] for gate in row["gates"]}) == (
        "gate",
        {"safe": "failed", "sound": "passed"},
    )


def test_a_tie_is_broken_and_an_upheld_objection_flips_an_outcome(played: Running) -> None:
    """Pilots' sheets are brought to one scale: the strict one's count as much as the others'."""
    found = standings(played, "trial")
    assert (found["estuary"][:2], found["albatross"][:2]) == ((1, "82"), (2, "82"))
    assert found["driftnet"] == (4, "49", "advanced")
    assert "corsair" not in found  # it withdrew before the standings were settled
    trail = get(played, "/audit-trail", limit=1000)["entries"]
    superseded = [each["data"] for each in trail if each["type"] == "OutcomeSuperseded"]
    assert [(each["team"], each["was"], each["to"], each["objection"]) for each in superseded] == [
        ("driftnet", "eliminated", "advanced", "driftnet-1")
    ]


def test_the_objection_is_shown_with_its_outcome(played: Running) -> None:
    (objection,) = get(played, "/objections", stage="trial")["objections"]
    assert (objection["team"], objection["state"]) == ("driftnet", "upheld")


def test_the_amended_weights_count_in_the_last_stage_only(played: Running) -> None:
    """Three engineers and two users, all with weight 2."""
    found = standings(played, "voyage")
    assert found["albatross"] == (1, "94.32", "advanced")
    assert {team for team, (_rank, _total, status) in found.items() if status == "eliminated"} == {
        "bollard",
        "driftnet",
        "estuary",
    }
    (amendment,) = get(played, "")["amendments"]
    assert ([each["team"] for each in amendment["assents"]], [each["team"] for each in amendment["dissents"]]) == (
        ["albatross", "bollard", "corsair", "estuary"],
        ["driftnet"],
    )
    assert get(played, "/standings", stage="voyage")["rules_hash"] == amendment["rules_hash"]
    assert get(played, "/standings", stage="simulation")["rules_hash"] != amendment["rules_hash"]


def test_teams_change_withdraw_and_bear_titles(played: Running) -> None:
    teams = {each["team"]: each for each in get(played, "/teams")["teams"]}
    assert {team: each["status"] for team, each in teams.items()} == {
        "albatross": "advanced",
        "bollard": "eliminated",
        "corsair": "withdrawn",
        "driftnet": "eliminated",
        "estuary": "eliminated",
        "fathom": "eliminated",
    }
    assert teams["bollard"]["members"] == ["Bollard Robotics", "Lantern Optics"]
    assert [team for team, each in teams.items() if each["titles"]] == ["albatross"]


def test_every_earlier_state_is_readable_as_it_was(played: Running) -> None:
    """Before the objection was decided driftnet was eliminated, and the call was open before it was closed."""
    trail = get(played, "/audit-trail", limit=1000)["entries"]
    at = {each["type"]: each["position"] for each in trail}
    before = at["OutcomeSuperseded"] - 1
    then = {each["team"]: each["status"] for each in get(played, "/teams", as_of_position=before)["teams"]}
    assert (then["driftnet"], then["albatross"]) == ("eliminated", "advanced")
    assert get(played, "/teams", as_of_position=before)["position"] == before
    (objection,) = get(played, "/objections", as_of_position=at["ObjectionDecided"] - 1)["objections"]
    assert (objection["state"], objection["reason"]) == ("undecided", None)
    (call,) = get(played, "/calls", as_of_position=at["CallClosedWithoutSelection"] - 1)["calls"]
    assert call["state"] == "open"
    earlier = get(played, "", as_of_position=at["CharterAmended"] - 1)
    assert (earlier["amendments"], earlier["position"]) == ([], at["CharterAmended"] - 1)
    assert earlier["rules_hash"] != get(played, "")["rules_hash"]
    for view in ("", "/teams", "/calls", "/objections"):
        beyond = played.client.get(f"/v1/programmes/{HARBOUR}{view}", params={"as_of_position": played.head() + 1})
        assert (beyond.status_code, beyond.json()["type"]) == (404, "/problems/unknown-position")


def test_the_call_ended_without_selection(played: Running) -> None:
    (call,) = get(played, "/calls")["calls"]
    assert (call["state"], call["selected"]) == ("closed", [])


def test_a_grant_lived_through_all_of_its_states(played: Running) -> None:
    use = {each["resource"]: each for each in get(played, "/grants")["resources"]}
    grants = {each["grant"]: each for each in use["berth-hours"]["grants"]}
    assert (grants["berth-albatross"]["quantity"], grants["berth-albatross"]["state"]) == ("60", "running")
    assert (grants["berth-estuary"]["state"], grants["berth-estuary"]["ends"]) == ("revoked", "2025-05-03")
    changes = [each["type"] for each in get(played, "/audit-trail", limit=1000)["entries"]]
    assert {"GrantSuspended", "GrantResumed", "GrantAdjusted", "GrantRevoked"} <= {*changes}


def test_a_recused_evaluator_is_replaced_and_a_score_corrected_by_two_agencies(played: Running) -> None:
    trail = get(played, "/audit-trail", limit=1000)["entries"]
    by_type = {each["type"]: each for each in trail}
    assert by_type["EvaluatorReplaced"]["data"]["teams"] == ["bollard"]
    corrected = by_type["ScoreCorrected"]
    assert (corrected["agency"], corrected["decision"]) == ("maritime-ministry", "approve")
    (before,) = [each["data"] for each in trail if each["position"] == corrected["data"]["supersedes"]]
    assert (before["points"], corrected["data"]["points"]) == ("22", "21")


def test_nothing_of_any_programme_is_code() -> None:
    """No programme, team, agency or stage of a data set is named in what runs."""
    named = set(EVERY)
    for programme in EVERY:
        for line in lines_of(programme):
            if line.decision == "publish-charter":
                named |= {agency["id"] for agency in line.body["charter"]["agencies"]}
                named |= {stage["id"] for stage in line.body["charter"]["stages"]}
            if line.decision == "enrol-team":
                named.add(line.body["team"])
    words = {word for word in named if word not in ("simulation", "trial", "voyage")}
    for folder in ("domain", "service", "workers"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert not [word for word in words if f'"{word}"' in text], file


def test_every_data_set_is_played(played: Running) -> None:
    listed = {each["programme"] for each in played.client.get("/v1/programmes").json()["programmes"]}
    assert listed == {file.parent.name for file in PROGRAMMES.glob("*/charter.yaml")}
