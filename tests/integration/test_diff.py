"""What differs between two positions: in figures, in words, and only as far as a reader may know it."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.integration.conftest import Running
from tests.playing import PUBLIC_RECORD, REHEARSAL


def diff(running: Running, programme: str, earlier: object, later: object, key: str | None = None) -> Any:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    parameters = {"from": str(earlier), "to": str(later)}
    return running.client.get(f"/v1/programmes/{programme}/diff", params=parameters, headers=headers)


def positions(running: Running, programme: str) -> dict[str, int]:
    """The last position of each type of event."""
    headers = {"Authorization": f"Bearer {running.keys.auditor}"}
    path = f"/v1/programmes/{programme}/audit-trail"
    entries = running.client.get(path, params={"limit": 1000}, headers=headers).json()["entries"]
    return {each["type"]: each["position"] for each in entries}


def test_publication_is_told_as_results_and_outcomes(played: Running) -> None:
    published = positions(played, REHEARSAL)["ResultsPublished"]
    found = diff(played, REHEARSAL, published - 1, published).json()
    assert (found["earlier"], found["later"], found["data_set"]) == (published - 1, published, "rehearsal")
    says = [each["en"] for each in found["says"]]
    assert "Naver Cloud: enrolled → eliminated." in says
    (naver,) = (each for each in says if each.startswith("Naver Cloud in "))
    assert naver.endswith("rank 3, total 81.4, eliminated by the independence ruling, ruled not independent.")
    assert any("독자성 미충족" in each["ko"] for each in found["says"])
    assert [each["type"] for each in found["entries"]] == ["ResultsPublished"]


def test_an_agency_sees_a_ruling_when_it_was_made_and_the_public_does_not(played: Running) -> None:
    ruled = positions(played, REHEARSAL)["IndependenceRuled"]
    found = diff(played, REHEARSAL, ruled - 1, ruled, played.keys.auditor).json()
    ((change,),) = (found["changes"]["standings"],)
    assert (change["was"]["independence"], change["was"]["total"]) == ("not_ruled", change["becomes"]["total"])
    assert [each["en"].split(": ")[1] for each in found["says"]] == ["independence not ruled upon → ruled independent."]
    public = diff(played, REHEARSAL, ruled - 1, ruled).json()
    assert public["says"] == []
    assert "says" not in public["entries"][0]


def test_a_rank_that_becomes_certain_is_told_by_what_it_was(played: Running) -> None:
    found = diff(played, PUBLIC_RECORD, 1, positions(played, PUBLIC_RECORD)["ResultsPublished"]).json()
    says = {each["en"].partition(" in ")[0]: each["en"] for each in found["says"] if " in " in each["en"]}
    assert "rank 2–4 (partly certified), total 20.15–90.2" in says["Naver Cloud"]
    assert "rank 5 (certified)" in says["NC AI"]


def test_grants_are_told_too(played: Running) -> None:
    granted = positions(played, REHEARSAL)["ResourceGranted"]
    (said,) = diff(played, REHEARSAL, granted - 1, granted).json()["says"]
    assert "granted to" in said["en"]
    assert said["en"].endswith("running.")


@pytest.mark.parametrize(
    ("earlier", "later", "status", "pointer"),
    [
        ("9", "8", 422, "/from"),
        ("x", "8", 400, "/from"),
        ("1", "2026-01-01", 400, "/to"),
        ("", "8", 400, "/from"),
        ("1", "999999", 404, None),
    ],
)
def test_what_is_no_point_is_refused(played: Running, earlier: str, later: str, status: int, pointer: str) -> None:
    refused = diff(played, REHEARSAL, earlier, later)
    assert refused.status_code == status
    assert [each["pointer"] for each in refused.json().get("errors", [])] == ([pointer] if pointer else [])


def test_it_is_a_command(played: Running, address: str) -> None:
    published = positions(played, REHEARSAL)["ResultsPublished"]
    arguments = ["diff", REHEARSAL, str(published - 1), str(published), "--url", address]
    for language, expected in (("en", "Naver Cloud: enrolled → eliminated."), ("ko", "네이버클라우드: 참여 → 탈락.")):
        done = CliRunner().invoke(main, [*arguments, "--lang", language])
        assert done.exit_code == 0, done.output
        assert expected in done.output
