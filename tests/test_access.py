"""Who is let in, without a database: what is remembered of a credential."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from service.application import access as access_
from service.application.access import Access
from service.application.identity import Principal, TooManyRequestsError, WrongCredentialError
from service.application.tokens import Issued

HOLDER = Principal(id="slk_1", role="agency", subject="owner")


class Unlimited:
    def spend(self, who: str) -> int | None:
        return None

    def spend_at_once(self, who: str) -> bool:
        return True

    def exhausted(self, who: str) -> int | None:
        return None


class Exhausted(Unlimited):
    def spend(self, who: str) -> int | None:
        return 60

    def exhausted(self, who: str) -> int | None:
        return 60


class Slow:
    """An `Authenticator` that has read that a credential is good, and answers when it is told to."""

    def __init__(self) -> None:
        self.read, self.answer = threading.Event(), threading.Event()
        self.revoked = False

    def authenticate(self, _credential: str) -> Principal:
        if self.revoked:
            raise WrongCredentialError("revoked")
        self.read.set()
        self.answer.wait()
        return HOLDER

    def note_use(self, *_args: object) -> None:
        pass


def never(_work: Callable[[], None]) -> None:
    pass


def test_a_credential_that_was_looked_up_while_it_was_revoked_is_not_remembered() -> None:
    keys = Slow()
    access = Access([keys], keys, cast(Any, None), requests=Unlimited(), failures=Unlimited(), later=never)
    with ThreadPoolExecutor(1) as threads:
        entering = threads.submit(access.enter, "key", "address")
        keys.read.wait()
        keys.revoked = True
        access.forget()
        keys.answer.set()
        assert entering.result() == HOLDER
        assert access.enter_at_once("key") is None


def test_a_credential_is_remembered_until_one_is_revoked() -> None:
    keys = Slow()
    keys.answer.set()
    access = Access([keys], keys, cast(Any, None), requests=Unlimited(), failures=Unlimited(), later=never)
    access.enter("key", "address")
    assert access.enter_at_once("key") == HOLDER
    access.forget()
    assert access.enter_at_once("key") is None


def test_who_was_let_in_before_goes_on_where_too_many_failed_until_they_are_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access_, "REMEMBERED_SECONDS", -1.0)
    keys = Slow()
    keys.answer.set()
    access = Access([keys], keys, cast(Any, None), requests=Unlimited(), failures=Unlimited(), later=never)
    access.enter("key", "address")
    monkeypatch.setattr(access, "_failures", Exhausted())
    assert access.enter("key", "address") == HOLDER
    with pytest.raises(TooManyRequestsError):
        access.enter("another", "address")
    keys.revoked = True
    for error in (WrongCredentialError, TooManyRequestsError):
        with pytest.raises(error):
            access.enter("key", "address")


class Issuing:
    """`Tokens`, of which any assertion is good."""

    def issue(self, _assertion: str, _client: str | None) -> Issued:
        return Issued(principal=HOLDER, token="a.b.c", expires_in=300)


def test_a_client_that_asks_for_too_many_tokens_waits() -> None:
    keys, tokens = Slow(), cast(Any, Issuing())
    access = Access([keys], keys, tokens, requests=Exhausted(), failures=Unlimited(), later=never)
    with pytest.raises(TooManyRequestsError):
        access.issue_token("assertion", None, "address")
