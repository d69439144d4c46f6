"""The client that commands call the service with."""

from __future__ import annotations

from pathlib import Path

from service.cli.login import kept_login
from service.client import ApiKey, SigningKey, Sillok
from service.settings import read_settings

PATIENCE_SECONDS = 10.0
"""At a terminal somebody waits."""


def open_client(url: str | None, key: str | None, sign: Path | None = None) -> Sillok:
    """A client as the command was asked to; as `sillok login` kept it, if neither URL nor key was given.

    Without a login the service is the one at PORT on this machine. `sign`: the file of the agency's own key.
    """
    signing = None if sign is None else SigningKey.read(sign)
    if url is None and key is None and (login := kept_login()) is not None:
        return Sillok(login.url, login.credential(), signing=signing, patience=PATIENCE_SECONDS)
    credential = None if key is None else ApiKey(key)
    return Sillok(url or read_settings().address, credential, signing=signing, patience=PATIENCE_SECONDS)
