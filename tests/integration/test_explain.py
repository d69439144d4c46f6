"""Explanations: the questions that people ask, answered from both data sets, over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from service.cli import explain as command
from service.cli import main
from service.cli.explain import written
from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL

Tree = dict[str, Any]


def explained(running: Running, programme: str, team: str, key: str | None = None, **parameters: str) -> Any:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    path = f"/v1/programmes/{programme}/explain"
    answer = running.client.get(path, params={"team": team, **parameters}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def every(tree: Tree) -> Iterator[Tree]:
    yield tree
    for child in tree["children"]:
        yield from every(child)


def of_kind(tree: Tree, kind: str) -> list[Tree]:
    return [each for each in every(tree) if each["kind"] == kind]


def said(tree: Tree) -> str:
    return " ".join(each["what"]["en"] for each in every(tree))


def statements(tree: Tree) -> list[str]:
    """What the rank, or the figure, of a tree follows from."""
    (suffices,) = (each for each in tree["children"] if each["kind"] == "suffices")
    return [each["what"]["en"] for each in suffices["children"]]


def test_why_naver_cloud_was_eliminated_as_far_as_it_was_reported(played: Running) -> None:
    tree = explained(played, PUBLIC_RECORD, "naver-cloud")["tree"]
    assert tree["value"] == "eliminated"
    assert tree["what"]["en"] == (
        "Naver Cloud is eliminated in First-stage evaluation, on the ground of its independence ruling."
    )
    decision, ruling, rank, plan, gate, total = tree["children"]
    assert "Ministry of Science and ICT eliminated Naver Cloud" in decision["what"]["en"]
    assert "although the team is among the four by score" in decision["what"]["en"]
    assert ruling["value"] == "not_met"
    assert "Which condition was or was not met is undisclosed." in said(ruling)
    assert "The evidence is undisclosed." in said(ruling)
    assert {each["value"] for each in of_kind(ruling, "condition")} == {"undisclosed"}
    assert rank["value"] == "2-4"
    assert "so its rank is no ground to eliminate it" in plan["what"]["en"]
    assert "2 eliminations where 1 had been planned (approver: undisclosed)" in said(plan)
    assert gate["what"]["en"] == "Naver Cloud reached the threshold of Benchmark assessment, as is certified."
    assert total["value"] is None


def test_why_naver_cloud_was_eliminated_in_the_rehearsal(played: Running) -> None:
    """Down to the condition that was not met, the document, who countersigned, and every sheet."""
    tree = explained(played, REHEARSAL, "naver-cloud", played.keys.auditor)["tree"]
    _decision, ruling, rank, plan, _gate, total = tree["children"]
    (unmet,) = (each for each in of_kind(ruling, "condition") if each["value"] == "not_met")
    assert unmet["what"]["en"] == "Not met: Free from outside control or interference that comes with open source."
    assert unmet["rule"]["text"]["en"] == "This condition is mandatory."
    assert [each["kind"] for each in ruling["children"]].count("evidence") == 1
    assert (rank["value"], total["value"]) == ("3", "81.4")
    assert "Countersigned by National IT Industry Promotion Agency" in said(plan)
    assert [len(of_kind(each, "sheet")) for each in of_kind(total, "assessment")] == [0, 30, 98]
    assert len(of_kind(total, "measurement")) == 22


def test_why_nc_ai_is_fifth(played: Running) -> None:
    """In the record by one certified figure, by points it could be second; in the rehearsal by points."""
    rank = explained(played, PUBLIC_RECORD, "nc-ai", node="rank")["tree"]
    assert rank["what"]["en"] == "NC AI ranks 5 of 5."
    assert statements(rank) == [
        "LG AI Research, Naver Cloud, SK Telecom and Upstage hold the ranks 1 to 4, in an order that is not said."
    ]
    (alone,) = of_kind(rank, "points-alone")
    assert alone["value"] == "2-5"
    assert not of_kind(rank, "missing")
    whole = explained(played, PUBLIC_RECORD, "nc-ai")["tree"]
    assert "NC AI is surely among the last 2, so its rank is a ground to eliminate it." in said(whole)
    assert not of_kind(rank, "criterion")
    rehearsed = explained(played, REHEARSAL, "nc-ai", played.keys.auditor, node="rank")["tree"]
    assert said(rehearsed).startswith(
        "NC AI ranks 5 of 5. Surely before it by points: LG AI Research (90.2), SK Telecom (81.6), Naver Cloud (81.4) "
        "and Upstage (80.8). Its own total: NC AI (67.2). LG AI Research (90.2) "
    )
    totals = of_kind(rehearsed, "total")
    assert [each["value"] for each in totals] == ["90.2", "81.6", "81.4", "80.8", "67.2"]
    (closed,) = set.intersection(*(set(each["positions"]) for total in totals for each in total["children"]))
    rests_on = [at for total in totals for each in total["children"] for at in each["positions"] if at != closed]
    assert len(rests_on) == len(set(rests_on)) == 640 + 110
    public = of_kind(explained(played, REHEARSAL, "nc-ai", node="rank")["tree"], "total")
    assert len({at for total in public for each in total["children"] for at in each["positions"]} - {closed}) == 110


def test_why_the_rank_of_lg_ai_research_is_certain_and_that_of_sk_telecom_is_not(played: Running) -> None:
    certain = explained(played, PUBLIC_RECORD, "lg-ai-research", node="rank")["tree"]
    assert certain["value"] == "1"
    highest = [
        "The highest in NIA benchmark is 9.2 points, held by SK Telecom and LG AI Research.",
        "The highest in Global common benchmark is 14.4 points, held by LG AI Research.",
        "The highest in Global individual benchmark is 10.0 points, held by Upstage and LG AI Research.",
        "The highest in Expert assessment is 31.6 points, held by LG AI Research.",
    ]
    user = "LG AI Research has 25.0 points in User assessment."
    assert statements(certain) == [user, *highest]
    assert not of_kind(certain, "missing")
    assert "Surely not before it by points: Naver Cloud (more than 20.15 and less than 90.2)" in said(certain)
    open_ = explained(played, PUBLIC_RECORD, "sk-telecom", node="rank")["tree"]
    assert open_["value"] == "2-4"
    assert statements(open_)[:5] == [user, *highest]
    assert len(statements(open_)) == 6
    (missing,) = (each for each in open_["children"] if each["kind"] == "missing")
    assert missing["children"][0]["what"]["en"] == (
        "SK Telecom: Global common benchmark (less than 14.4), Global individual benchmark (less than 10.0), Expert "
        "assessment (more than 16.375 and less than 31.6) and User assessment (3.775 to 25.0). Hence a total of more "
        "than 29.35 and less than 90.2."
    )
    assert [each["what"]["en"].partition(":")[0] for each in missing["children"]] == [
        "SK Telecom",
        "Naver Cloud",
        "Upstage",
    ]
    for team, rank in (("lg-ai-research", "1"), ("sk-telecom", "2")):
        assert explained(played, REHEARSAL, team, node="rank")["tree"]["value"] == rank


def test_every_statement_has_its_source_position_and_receipt(played: Running) -> None:
    tree = explained(played, PUBLIC_RECORD, "lg-ai-research")["tree"]
    found = of_kind(tree, "statement")
    assert found
    for each in found:
        assert each["source"].startswith("DigitalToday news report, SHA-256 f7d2")
        (position,) = each["positions"]
        assert each["receipts"] == [f"/v1/ledger/receipts/{position}"]
    total = next(each for each in tree["children"] if each["kind"] == "total")
    assert total["value"] == "90.2"


def test_the_text_fits_a_terminal_in_both_languages(played: Running) -> None:
    found = explained(played, PUBLIC_RECORD, "naver-cloud")
    for language, position, sources in (("en", " (position 27)", "Sources:"), ("ko", " (기록 27)", "출처:")):
        lines = list(written(found, language, 80))
        assert max(map(cell_len, lines)) <= 80
        assert sources in lines
        assert any(line.startswith("├ ") for line in lines)
        plain = list(written(found, language, None))
        assert plain[1] == found["tree"]["what"][language] + position
        assert not any(each in "".join(plain) for each in "│├└")


def test_under_embargo_nothing_is_told(played: Running) -> None:
    """Of stage 2, which is open, nobody else learns whether a team is in it or what it has."""
    asked = [
        explained(played, REHEARSAL, team, stage="stage-2")
        for team in ("lg-ai-research", "naver-cloud", "nobody-at-all")
    ]
    for found in asked:
        assert found.pop("team")
        assert (found["tree"], found["rules_hash"]) == (None, None)
        assert found["embargo"] == "until the results of stage-2 are published"
    assert asked[0] == asked[1] == asked[2]
    assert list(written(asked[0], "en", 80))[-1:] == [f"under embargo {asked[0]['embargo']}"]
    inside = explained(played, REHEARSAL, "lg-ai-research", played.keys.auditor, stage="stage-2")
    assert inside["tree"]["value"] == "in"


def test_it_is_a_command(played: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says the same as the service, with a key down to sheets. That it finds a service the README's test tells."""

    class Client:
        def __init__(self, _url: str | None, key: str | None) -> None:
            self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_error: object) -> None: ...

        def view(self, programme: str, name: str, **parameters: str | None) -> Any:
            given = {each: value for each, value in parameters.items() if value is not None}
            return played.client.get(f"/v1/programmes/{programme}/{name}", params=given, headers=self._headers).json()

    monkeypatch.setattr(command, "open_client", Client)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> str:
        return CliRunner().invoke(main, ["explain", REHEARSAL, "nc-ai", *arguments], catch_exceptions=False).output

    assert json.loads(run("--json")) == explained(played, REHEARSAL, "nc-ai")
    assert run("--node", "rank", "--lang", "ko").splitlines()[2].startswith("NC AI의 순위는 5팀 가운데 5위이다.")
    assert "Evaluator ev-" not in run("--node", "user/applicability", "--plain")
    monkeypatch.setenv("SILLOK_KEY", played.keys.auditor)
    assert run("--node", "user/applicability", "--plain").count("Evaluator ev-") == 49
    (strategy, *_) = (each for each in run("--node", "rank", "--plain").splitlines() if "strategy" in each)
    assert strategy.endswith("13.6 of 15. (positions 209–218, 849)"), strategy


def test_what_there_is_not_is_said_to_be_so(played: Running) -> None:
    path = f"/v1/programmes/{REHEARSAL}/explain"
    for parameters, status, problem in (
        ({}, 400, "invalid-parameter"),
        ({"team": "nobody-at-all"}, 404, "unknown-team"),
        ({"team": "nc-ai", "stage": "stage-9"}, 404, "unknown-stage"),
        ({"team": "nc-ai", "node": "benchmark/luck"}, 404, "unknown-figure"),
        ({"team": "nc-ai", "as_of_position": "34"}, 404, "unknown-stage"),
        ({"team": "nc-ai", "as_of_position": "99999999"}, 404, "unknown-position"),
    ):
        answer = played.client.get(path, params=parameters)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}"), parameters
