"""Answers as of a time: those of the position that stood then."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from domain.deadlines import instant
from service.cli import main
from tests.integration.conftest import Running
from tests.playing import HARBOUR, REHEARSAL, lines_of

PATHS = ["", "/teams", "/calls", "/objections", "/standings", "/grants", "/audit-trail", "/timeline", "/workload"]


def ask(running: Running, path: str, **parameters: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {running.keys.auditor}"}
    return running.client.get(f"/v1/programmes/{REHEARSAL}{path}", params=parameters, headers=headers)


def recorded_at(running: Running, position: int) -> datetime:
    (found,) = running.service.ledger.read(after=position - 1, upto=position)
    return found.recorded_at


@pytest.mark.parametrize("path", PATHS)
def test_a_time_stands_for_the_last_position_recorded_by_then(played: Running, path: str) -> None:
    position = played.head() - 40
    time, after = recorded_at(played, position), recorded_at(played, position + 1)
    expected = ask(played, path, as_of_position=position)
    assert expected.status_code == 200
    asked = time if after > time else after
    found = ask(played, path, as_of=instant(asked))
    assert found.status_code == 200, found.text
    receipt = f'</v1/ledger/receipts/{position}>; rel="https://c2sp.org/tlog-proof"'
    assert receipt in expected.headers["Link"].split(", ")
    assert "tlog-proof" not in ask(played, path).headers.get("Link", "")
    if after > time:
        assert found.content == expected.content
        assert found.headers.get("Link", "").endswith(receipt)
        just_before = ask(played, path, as_of=instant(time - timedelta(microseconds=1)))
        assert just_before.json()["position"] < position


def test_every_position_is_found_by_its_time(played: Running) -> None:
    times = [each.recorded_at for each in played.service.ledger.read()]
    for position in {*range(1, len(times), 97), len(times)}:
        last = max(n for n, time in enumerate(times, start=1) if time <= times[position - 1])
        assert played.service.ledger.position_at(times[position - 1]) == (last, times[-1])
    assert played.service.ledger.position_at(times[0] - timedelta(days=1)) == (0, times[-1])
    assert played.service.ledger.position_at(times[-1] + timedelta(days=1)) == (len(times), times[-1])


def test_a_zone_is_said_and_counts(played: Running) -> None:
    time = recorded_at(played, played.head() - 40)
    seoul = (time + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%S.%f+09:00")
    assert ask(played, "/teams", as_of=seoul).content == ask(played, "/teams", as_of=instant(time)).content


def test_what_may_still_be_recorded_is_not_settled(played: Running) -> None:
    for ahead in (timedelta(0), timedelta(days=1)):
        answer = ask(played, "/teams", as_of=instant(datetime.now(UTC) + ahead))
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-position")
    before = ask(played, "/teams", as_of="2000-01-01T00:00:00Z")
    assert (before.status_code, before.json()["type"]) == (404, "/problems/unknown-position")


NO_TIMES = [
    "",
    "yesterday",
    "878",
    "2026-02-01",
    "2026-02-01T09:00:00",
    "2026-02-01T09:00:00 09:00",
    "2026-02-30T09:00:00Z",
    "2026-02-01T25:00:00Z",
    "0000-01-01T00:00:00Z",
    "٢٠٢٦-02-01T09:00:00Z",
    "2026-02-01T09:00:00.1234567Z",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused(played: Running, text: str) -> None:
    answer = ask(played, "/teams", as_of=text)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-parameter")
    assert answer.json()["errors"][0]["pointer"] == "/as_of"


def test_a_position_and_a_time_are_not_asked_at_once(played: Running) -> None:
    answer = ask(played, "/teams", as_of="2026-02-01T09:00:00Z", as_of_position=1)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/as_of")


def test_a_replay_to_any_position_has_the_digest_that_is_shown_there(played: Running) -> None:
    environment = {"DATABASE_URL": played.url, "SILLOK_HOME": str(played.settings.home)}
    position = played.head() - 400
    for upto in (str(position), instant(recorded_at(played, position))):
        done = CliRunner().invoke(main, ["replay", REHEARSAL, "--to", upto, "--json"], env=environment)
        assert done.exit_code == 0, done.output
        (found,) = json.loads(done.stdout)
        for stage, digest in found["standings"].items():
            shown = ask(played, "/standings", stage=stage, as_of_position=found["position"]).json()
            assert digest == shown["digest"]
    done = CliRunner().invoke(main, ["replay", REHEARSAL, "--to", str(position), "--view", "grants"], env=environment)
    assert done.stdout.splitlines()[1:] == [f"  grants  {found['grants']}"]


@pytest.mark.parametrize("upto", ["9999999", "0", "yesterday", "2026-01-01"])
def test_a_place_that_cannot_be_replayed_to_is_said(played: Running, upto: str) -> None:
    environment = {"DATABASE_URL": played.url, "SILLOK_HOME": str(played.settings.home)}
    done = CliRunner().invoke(main, ["replay", REHEARSAL, "--to", upto], env=environment)
    assert done.exit_code in (1, 2)
    assert "Error: " in done.output


def test_members_and_grants_are_those_of_a_day(played: Running) -> None:
    """What a day changes is what is said of it: neither the position nor any other answer."""

    def told(programme: str, path: str, **parameters: str) -> Any:
        headers = {"Authorization": f"Bearer {played.keys.auditor}"}
        answer = played.client.get(f"/v1/programmes/{programme}{path}", params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def members(**parameters: str) -> list[str]:
        found = told(HARBOUR, "/teams", **parameters)
        return next(list(each["members"]) for each in found["teams"] if each["team"] == "bollard")

    (line,) = [each for each in lines_of(HARBOUR) if each.decision == "change-consortium"]
    day, (joined,), (left,) = line.body["effective"], line.body["joined"], line.body["left"]
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert members(effective_at=day) == members()
    assert joined in members()
    assert left in members(effective_at=before)
    assert joined not in members(effective_at=before)
    grants = told(REHEARSAL, "/grants", effective_at="2026-02-01")
    assert grants["position"] == told(REHEARSAL, "/grants")["position"]
    assert {each["starts"] <= "2026-02-01" < each["ends"] for use in grants["resources"] for each in use["steps"]} == {
        True
    }
    assert not any(use["grants"] for use in told(REHEARSAL, "/grants", effective_at="2026-01-31")["resources"])
    for path in ("/teams", "/grants"):
        for text in ("", "yesterday", "2026-02-30", "20260201", "2026-02-01T00:00:00Z"):
            answer = ask(played, path, effective_at=text)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/effective_at"), text
    assert ask(played, "/standings", effective_at="2026-02-01").status_code == 400


def test_grants_and_teams_are_printed_as_of_a_position_and_on_a_day(played: Running, address: str) -> None:
    def printed(command: str, programme: str, *options: str) -> str:
        environment = {"SILLOK_KEY": played.keys.auditor}
        done = CliRunner().invoke(main, [command, programme, "--url", address, *options], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "192" in printed("grants", REHEARSAL, "--effective-at", "2026-02-01")
    assert "192" not in printed("grants", REHEARSAL, "--effective-at", "2026-01-31")
    assert "bollard" in printed("teams", HARBOUR)
    found = json.loads(printed("teams", HARBOUR, "--as-of-position", str(played.head()), "--json"))
    assert found["position"] == played.head()
