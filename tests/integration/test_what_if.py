"""What if and sensitivity: by API and command line, for whom, and marked as what they are."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

PATH = f"/v1/programmes/{REHEARSAL}"


def asked(running: Running, *alterations: dict[str, Any], programme: str = REHEARSAL, key: str = "") -> Any:
    return running.client.post(
        f"/v1/programmes/{programme}/what-if",
        json={"alterations": alterations},
        headers={"Authorization": f"Bearer {key or running.keys.auditor}"},
    )


def test_naver_cloud_would_go_on_if_it_had_been_ruled_independent(played: Running) -> None:
    response = asked(
        played,
        {"change": "verdict", "team": "naver-cloud", "verdict": "met"},
        {"change": "cut", "eliminate": "1"},
    )
    assert response.status_code == 200
    found = response.json()
    assert (found["unofficial"], found["data_set"], found["position"]) == (True, "rehearsal", played.head())
    assert found["notice"]["en"].startswith("Unofficial")
    follows = {row["team"]: (row["before"]["prospect"], row["after"]["prospect"]) for row in found["rows"]}
    assert follows["naver-cloud"] == (
        {"follows": "out", "basis": "ruling"},
        {"follows": "advances", "basis": None},
    )
    assert follows["nc-ai"][1] == {"follows": "out", "basis": "rank"}
    assert [row["team"] for row in found["rows"] if row["flips"]] == ["naver-cloud"]


def test_standings_stay_as_they_were(played: Running) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    before = played.client.get(f"{PATH}/standings", headers=headers).content, played.head()
    assert asked(played, {"change": "weight", "node": "expert", "maximum": "60"}).status_code == 200
    assert (played.client.get(f"{PATH}/standings", headers=headers).content, played.head()) == before


def test_where_figures_are_certified_others_are_undeterminable(played: Running) -> None:
    found = asked(played, {"change": "weight", "node": "expert", "maximum": "60"}, programme=PUBLIC_RECORD).json()
    rows = {row["team"]: row for row in found["rows"]}
    assert rows["lg-ai-research"]["before"]["total"]["exact"] == "90.2"
    assert rows["lg-ai-research"]["after"]["total"]["exact"] is None
    assert "total" in rows["lg-ai-research"]["undeterminable"]
    assert rows["nc-ai"]["after"]["prospect"]["follows"] == "open"


def test_it_can_be_asked_of_an_earlier_position(played: Running) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    body = {"alterations": [{"change": "cut", "eliminate": "1"}]}
    early = played.client.post(f"{PATH}/what-if", json=body, headers=headers, params={"as_of_position": 3})
    assert (early.status_code, early.json()["type"]) == (404, "/problems/unknown-stage")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"alterations": []}, "/alterations"),
        ({"alterations": [{"change": "moon"}]}, "/alterations/0/change"),
        ({"alterations": [{"change": "cut"}]}, "/alterations/0/eliminate"),
        ({"alterations": [{"change": "verdict", "team": "nobody", "verdict": "met"}]}, "/alterations/0/team"),
    ],
)
def test_what_is_asked_amiss_is_refused_by_its_place(played: Running, body: dict[str, Any], pointer: str) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    response = played.client.post(f"{PATH}/what-if", json=body, headers=headers)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [pointer]


def test_a_consortium_asks_neither(played: Running) -> None:
    headers = {"Authorization": f"Bearer {played.keys.consortiums['naver-cloud']}"}
    body = {"alterations": [{"change": "cut", "eliminate": "1"}]}
    assert played.client.post(f"{PATH}/what-if", json=body, headers=headers).status_code == 403
    assert played.client.get(f"{PATH}/sensitivity", headers=headers).status_code == 403


def test_sensitivity_is_told_of_the_whole_stage(played: Running) -> None:
    headers = {"Authorization": f"Bearer {played.keys.auditor}"}
    found = played.client.get(f"{PATH}/sensitivity", headers=headers).json()
    assert found["unofficial"] is True
    told = found["sensitivity"]
    assert len(told["evaluators"]) == 59
    moved = [each for each in told["evaluators"] if each["ranks"]]
    assert [(set(each["ranks"]), each["flips"]) for each in moved] == [({"sk-telecom", "naver-cloud"}, [])]
    flips = {each["team"]: each for each in told["flips"]}
    assert flips["naver-cloud"]["smallest"] == []
    (weight,) = flips["upstage"]["smallest"]
    asked_of = {"change": "weight", "node": weight["criterion"], "maximum": weight["instead"]}
    rows = {row["team"]: row for row in asked(played, asked_of).json()["rows"]}
    assert rows["upstage"]["flips"]


def test_both_are_commands(played: Running, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_KEY", played.keys.auditor)
    said = [
        CliRunner().invoke(main, [*command, "--url", address], catch_exceptions=False)
        for command in (
            ["what-if", REHEARSAL, "--verdict", "naver-cloud=met", "--cut", "1"],
            ["sensitivity", PUBLIC_RECORD],
            ["what-if", REHEARSAL, "--weight", "expert"],
            ["what-if", REHEARSAL],
            [
                *("what-if", REHEARSAL, "--tie-break", "none", "--json"),
                *("--measurement", "nc-ai:benchmark/nia:mathematics=100"),
            ],
        )
    ]
    assert [each.exit_code for each in said] == [0, 0, 2, 2, 0]
    assert "UNOFFICIAL" in said[0].output
    assert "naver-cloud" in said[0].output
    assert "goes on *" in said[0].output
    assert "undeterminable: benchmark/nia" in said[1].output
    assert "NODE=MAXIMUM" in said[2].output
    assert '"nodes":[]' in said[4].output
    assert '"exact":"67.9"' in said[4].output
