"""Signing in at an OIDC server that others wrote, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import OidcSettings
from tests.integration.browsing import Browser, add_person
from tests.integration.conftest import Running, run_service
from tests.serving import free_port


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of a fresh `oidc-provider-mock`, which lets anybody be whom they say."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1"]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    assert httpx.get(f"{url}/jwks", trust_env=False).status_code == 200
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()


@pytest.fixture
def service(issuer: str, database: str, tmp_path: Path) -> Iterator[Running]:
    secret = tmp_path / "secret"
    secret.write_text("any")
    oidc = OidcSettings(issuer=issuer, client_id="sillok", client_secret_path=secret)
    yield from run_service(database, tmp_path, oidc=oidc)


def test_a_registered_person_signs_in_and_another_does_not(service: Running, issuer: str) -> None:
    person = add_person(service, "agency:msit", issuer=issuer, subject="alice@msit.example")
    for subject, status in (("alice@msit.example", 303), ("mallory@msit.example", 403)):
        browser = Browser(service)
        asked = browser.get("/sign-in").headers["location"]
        shown = httpx.get(asked, trust_env=False)
        assert shown.status_code == 200
        back = httpx.post(asked, data={"sub": subject}, follow_redirects=False, trust_env=False)
        answer = browser.get(back.headers["location"].removeprefix(browser.origin))
        assert answer.status_code == status, answer.text
        assert (browser.session is None) == (status == 403)
        if status == 303:
            assert browser.get("/v1/session").json()["person_id"] == person
