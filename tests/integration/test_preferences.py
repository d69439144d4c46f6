"""What a decision's request says beside its body: what must not have changed, and what its answer waits for."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest

from service.application import proving, view_reading
from service.application.projecting import VIEWS
from service.client import ApiKey, Recorded, Sillok
from tests.integration.conftest import Running
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import WHY, SmallProgramme
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of

DECISIONS = f"/v1/programmes/{REHEARSAL}/decisions"


@pytest.fixture
def published(running: Running) -> Running:
    """A service of which the ledger holds a charter, at position 1."""
    running.play(REHEARSAL, lines_of(REHEARSAL)[:1])
    return running


def enrol(running: Running, team: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return running.client.post(
        f"{DECISIONS}/enrol-team",
        json={"team": team, "name": {"en": team, "ko": team}},
        headers={**running.as_agency("msit", f"enrol-{team}"), **named},
    )


def test_a_decision_is_refused_if_what_it_depends_on_has_changed_since_it_was_looked_at(published: Running) -> None:
    assert enrol(published, "one", If_Match='"1"').status_code == 201
    refused = enrol(published, "two", If_Match='"1"')
    expect(refused, 412, "changed-since")
    assert "TeamEnrolled is at position 2" in refused.json()["detail"]
    assert published.head() == 2
    assert enrol(published, "two", If_Match='"2"').status_code == 201
    expect(enrol(published, "three", If_Match='W/"3"'), 412, "not-that-answer")
    assert enrol(published, "three", If_Match='"1", W/"2" ,"3"').status_code == 201
    assert enrol(published, "four", If_Match="*").status_code == 201


def test_what_it_does_not_depend_on_may_change(published: Running) -> None:
    enrol(published, "one")
    pool = {"resource": "gpu", "quantity": "512", "starts": "2026-01-01", "ends": "2026-12-01"}
    answer = published.client.post(
        f"{DECISIONS}/set-resource-pool", json=pool, headers={**published.as_agency("msit", "pool"), "If-Match": '"1"'}
    )
    assert answer.status_code == 201, answer.text


def test_what_was_recorded_is_answered_again_whatever_has_changed_since(published: Running) -> None:
    first = enrol(published, "one", If_Match='"1"')
    enrol(published, "two")
    again = enrol(published, "one", If_Match='"1"')
    assert (again.status_code, again.json()) == (201, first.json())
    assert published.head() == 3


def test_a_position_that_is_not_reached_is_refused(published: Running) -> None:
    expect(enrol(published, "one", If_Match='"2"'), 412, "changed-since")
    assert published.head() == 1


def test_who_may_not_read_all_that_a_decision_depends_on_does_not_learn_whether_it_has_changed(
    running: Running,
) -> None:
    """Outcomes are recorded, and under embargo."""
    small = SmallProgramme(running)
    small.score()
    before = running.head()
    small.rule()
    head = running.head()
    elsewhere = {"Authorization": f"Bearer {running.issue('agency', 'elsewhere')}"}
    for number, (headers, team) in enumerate(
        (headers, team) for headers in (small.headers("bee"), elsewhere) for team in ("ant", "bee")
    ):
        answer = running.client.post(
            f"/v1/programmes/{small.programme}/decisions/withdraw-team",
            json={"team": team, "reason": WHY},
            headers={**headers, "Idempotency-Key": f"{number}", "If-Match": f'"{before}"'},
        )
        expect(answer, 403, "changes-not-yours-to-read")
    assert running.head() == head


@pytest.mark.parametrize("position", ["1", '"x"', '""', f'"{"9" * 19}"', '"-1"'])
def test_anything_else_is_no_position(published: Running, position: str) -> None:
    expect(enrol(published, "one", If_Match=position), 400, "invalid-parameter")
    assert published.head() == 1


@pytest.mark.parametrize("preference", ["wait=projected", "respond-async, Wait = projected", 'wait="projected";x'])
def test_an_answer_waits_until_every_view_has_the_decision(published: Running, preference: str) -> None:
    published.project()
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(enrol(published, "one", Prefer=preference)))
    asking.start()
    while published.head() < 2:
        pass
    asking.join(0.2)
    assert not answers
    published.project()
    asking.join(10)
    assert answers[0].headers["preference-applied"] == "wait=projected"
    standings = [published.service.store.standing(view, REHEARSAL) for view in VIEWS]
    assert all(each is not None and each.position >= 2 for each in standings)


def test_an_answer_waits_no_longer_than_a_reader_and_does_not_pretend(
    published: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_reading, "WAIT_SECONDS", 0.1)
    answer = enrol(published, "one", Prefer="wait=projected")
    assert answer.status_code == 201
    assert "preference-applied" not in answer.headers


def test_an_answer_waits_until_the_receipt_is_there(
    published: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "WAIT_SECONDS", 60.0)
    signer = SignerProcess(tmp_path)
    assert signer.start() == ""
    answers: list[httpx.Response] = []
    recorded: list[Recorded] = []
    body = {"team": "two", "name": WHY}
    agency = ApiKey(published.keys.agencies["msit"])
    client = Sillok("http://testserver", agency, transport=published.client._transport)
    asking = threading.Thread(target=lambda: answers.append(enrol(published, "one", Prefer="wait=sealed")))
    also = threading.Thread(target=lambda: recorded.append(client.decide(REHEARSAL, "enrol-team", body, sealed=True)))
    with sealer(published.database, signer.client) as seal:
        assert seal() == "current"
        asking.start()
        also.start()
        while published.head() < 3:
            pass
        asking.join(0.2)
        assert not answers
        assert seal() == "current"
    asking.join(10)
    also.join(10)
    signer.kill()
    assert (recorded[0].sealed, recorded[0].projected) == (True, False)
    assert answers[0].headers["preference-applied"] == "wait=sealed"
    assert published.client.get(answers[0].json()["receipt"]).status_code == 200
    monkeypatch.setattr(proving, "WAIT_SECONDS", 0.1)
    later = {"team": "four", "name": {"en": "four", "ko": "four"}}
    assert not client.decide(REHEARSAL, "enrol-team", later, sealed=True).sealed
    unsealed = enrol(published, "three", Prefer="wait=sealed")
    assert (unsealed.status_code, "preference-applied" in unsealed.headers) == (201, False)


@pytest.mark.parametrize("preference", ["wait=10", "return=minimal", "wait", "", "wait=sealed-and-delivered"])
def test_preferences_that_are_not_known_are_not_minded(published: Running, preference: str) -> None:
    answer = enrol(published, "one", Prefer=preference)
    assert answer.status_code == 201
    assert "preference-applied" not in answer.headers
