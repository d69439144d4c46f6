"""The client that commands call the service with."""

from __future__ import annotations

from pathlib import Path

from service.cli.login import kept_login
from service.client import ApiKey, SigningKey, Sillok
from service.client.credentials import Credential
from service.settings import read_settings

PATIENCE_SECONDS = 10.0
"""At a terminal somebody waits."""


def open_client(url: str | None, key: str | None, sign: Path | None = None) -> Sillok:
    """A client as the command was asked to; without a URL, of the service that was logged in to, else of that at PORT
    on this machine. What the login kept is shown to its own service alone, and if no key was given.

    `sign`: the file of the agency's own key.
    """
    signing = None if sign is None else SigningKey.read(sign)
    credential: Credential | None = None if key is None else ApiKey(key)
    if url is None:
        login = kept_login()
        url = read_settings().address if login is None else login.url
        if credential is None and login is not None:
            credential = login.credential()
    return Sillok(url, credential, signing=signing, patience=PATIENCE_SECONDS)
