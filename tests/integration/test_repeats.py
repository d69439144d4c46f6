"""A request that says the very same as one before is answered as that, for as long as nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from litestar.testing import TestClient

from service.api.application import create_application
from service.api.parts import Parts
from service.api.remembered import Remembered
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import SmallProgramme

PATH = "/v1/programmes/repeats/teams"


class Asked:
    """An API over the parts of another; `looked_at`: how many requests were not known again."""

    def __init__(self, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looked_at = 0
        self.erased = True
        remembered = Remembered(parts.remembered._stand, parts.threads)
        answer = remembered.answer

        def counted(*asked: object) -> object:
            self.looked_at += 1
            return answer(*asked)  # type: ignore[arg-type]

        monkeypatch.setattr(remembered, "answer", counted)
        parts = replace(parts, remembered=remembered, erased=lambda: self.erased)
        self.client = TestClient(create_application(parts), raise_server_exceptions=False)

    def get(
        self, etag: str | None, headers: dict[str, str], *, method: str = "GET", path: str = PATH
    ) -> httpx.Response:
        known = {} if etag is None else {"If-None-Match": etag}
        return self.client.request(method, path, headers={**headers, **known})

    def told(self, headers: dict[str, str]) -> str:
        """The tag of the answer, of which it was told that it has not changed."""
        etag = self.get(None, headers).headers["etag"]
        assert self.get(etag, headers).status_code == 304
        return etag


@pytest.fixture(scope="module")
def small(shared: Running) -> SmallProgramme:
    return SmallProgramme(shared, programme="repeats", seats="5")


@pytest.fixture
def asked(small: SmallProgramme, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    asked = Asked(small.running.service.parts, monkeypatch)
    with asked.client:
        yield asked


def test_it_is_answered_as_before_without_being_looked_at(small: SmallProgramme, asked: Asked) -> None:
    headers = small.headers("owner")
    etag = asked.told(headers)
    before, first = asked.looked_at, asked.get(etag, headers)
    assert asked.looked_at == before
    again = asked.get(f"{etag}, {etag}", headers)
    assert asked.looked_at == before + 1, "another text, though it says the same"
    assert (first.status_code, first.content) == (304, b"")
    assert first.headers == again.headers
    assert asked.get(etag, headers, method="HEAD").status_code == 304
    assert asked.get(etag, headers, path=f"{PATH}?more=x").status_code == 400


def test_a_decision_and_a_view_that_goes_on_change_the_answer(small: SmallProgramme, asked: Asked) -> None:
    """Recorded by another process, too; whoever has seen its answer never sees an older one."""
    headers = small.headers("owner")
    etag = asked.told(headers)
    small.accepted("enrol-team", {"team": "emu", "name": charters.names("emu")})
    changed = asked.get(etag, headers)
    assert changed.status_code == 200
    assert "emu" in changed.text
    assert asked.get(changed.headers["etag"], headers).status_code == 304
    assert asked.get(etag, headers).status_code == 200


def test_each_is_known_by_their_own_credential_for_as_long_as_it_is_one(small: SmallProgramme, asked: Asked) -> None:
    running = small.running
    lost = running.issue("agency", "owner")
    headers = {"Authorization": f"Bearer {lost}"}
    etag = asked.told(headers)
    assert asked.get(etag, headers).status_code == 304
    assert asked.get(etag, {"Authorization": f"Bearer {lost}x"}).status_code == 401
    assert asked.get(etag, {**headers, "Sillok-Acting-For": "agency:other"}).status_code == 403
    operator = {"X-API-Key": running.keys.operator}
    assert asked.client.delete(f"/v1/keys/{lost.partition('.')[0]}", headers=operator).status_code == 204
    assert asked.get(etag, headers).status_code == 401
    assert asked.get(etag, small.headers("owner")).status_code == 304


def test_nothing_is_said_while_erasures_wait(small: SmallProgramme, asked: Asked) -> None:
    etag = asked.told(small.headers("owner"))
    asked.erased = False
    assert asked.get(etag, small.headers("owner")).status_code == 503


def test_whoever_asks_too_much_is_told_so_whatever_they_have(
    small: SmallProgramme, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = small.headers("owner")
    etag = asked.told(headers)
    limit = small.running.service.parts.access._requests
    monkeypatch.setattr(limit, "spend_at_once", lambda _who: False)
    monkeypatch.setattr(limit, "spend", lambda _who: 7)
    assert asked.get(etag, headers).status_code == 429


def test_a_request_counts_once_also_where_its_answer_has_changed(
    small: SmallProgramme, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = small.headers("owner")
    etag = asked.told(headers)
    limit, spent = small.running.service.parts.access._requests, list[str]()

    def spend(who: str) -> bool:
        spent.append(who)
        return True

    monkeypatch.setattr(limit, "spend_at_once", spend)
    assert asked.get(etag, headers).status_code == 304
    assert len(spent) == 1
    small.accepted("enrol-team", {"team": "yak", "name": charters.names("yak")})
    spent.clear()
    assert asked.get(etag, headers).status_code == 200
    assert len(spent) == 1
