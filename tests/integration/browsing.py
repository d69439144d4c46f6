"""A browser as far as cookies go, and ways to sign in with it."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx

from tests.integration.conftest import Headers, Running

ORIGIN = "http://127.0.0.1:8000"
SESSION = "sillok-session"


class Browser:
    """One jar of cookies. `set`: the cookies of the last answer, with their flags."""

    def __init__(self, running: Running, origin: str = ORIGIN) -> None:
        self.running = running
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self.set: dict[str, Morsel[str]] = {}

    def request(self, method: str, path: str, *, headers: Headers | None = None, **more: Any) -> httpx.Response:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **(headers or {})}
        answer = self.running.client.request(
            method, self.origin + path, headers={k: v for k, v in sent.items() if v}, follow_redirects=False, **more
        )
        self.running.client.cookies.clear()
        self.set = {}
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.set[name] = morsel
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers=headers)

    def page(self, method: str, path: str, *, headers: Headers | None = None, **more: Any) -> httpx.Response:
        """What a page of the service itself asks for: with its origin, and the session's CSRF token."""
        token = self.get("/v1/session").json().get("csrf_token", "") if self.session else ""
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token}
        return self.request(method, path, headers={**own, **(headers or {})}, **more)

    @property
    def session(self) -> str | None:
        """The session's cookie."""
        return next((value for name, value in self.cookies.items() if name.endswith(SESSION)), None)

    def follow_to_issuer(self, path: str = "/sign-in") -> str:
        """Begin to sign in; the path and query by which the issuer sends the browser back."""
        begun = self.get(path)
        assert begun.status_code == 303, begun.text
        back = httpx.get(begun.headers["location"], follow_redirects=False, trust_env=False)
        assert back.status_code == 302, back.text
        return back.headers["location"].removeprefix(self.origin)

    def sign_in(self, path: str = "/sign-in") -> httpx.Response:
        return self.get(self.follow_to_issuer(path))

    def sign_in_by(self, link: str) -> httpx.Response:
        """By a link that was printed: look at its page, press its button."""
        path = link.removeprefix(self.origin)
        assert self.get(path).status_code == 200
        return self.page("POST", "/sign-in/link", data={"secret": path.partition("secret=")[2]})


def add_person(running: Running, *acts_for: str, **account: str) -> str:
    """The id of a new person. `acts_for`: each `role:subject`; `account`: issuer and subject."""
    memberships = [dict(zip(("role", "subject"), each.split(":"), strict=True)) for each in acts_for]
    body = {"memberships": memberships, "identities": [account] if account else []}
    added = running.client.post("/v1/people", json=body, headers=as_operator(running))
    assert added.status_code == 201, added.text
    return str(added.json()["person_id"])


def as_operator(running: Running) -> Headers:
    return {"Authorization": f"Bearer {running.keys.operator}"}


def signed_in(running: Running, *acts_for: str) -> Browser:
    """A browser in which a new person has signed in by a link."""
    person = add_person(running, *acts_for)
    browser = Browser(running)
    secret = running.service.parts.signing_in.make_link(person, "tests")
    assert browser.sign_in_by(f"{ORIGIN}/sign-in/link?secret={secret}").status_code == 303
    return browser
