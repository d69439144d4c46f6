"""Calling the service from the command line."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

import click
import httpx
import msgspec

from service.cli.failures import FileError, ServiceRefusedError


def read_key(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> str | None:
    """The key in a file, else that of SILLOK_KEY: as an argument every process of the machine could read it."""
    if file is None:
        return os.environ.get("SILLOK_KEY") or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: no key can be read from it ({error.__class__.__name__}).") from None


KEY_NAMES: Final = ("--key-file", "key")
KEY_OPTION: Final[dict[str, Any]] = {
    "type": click.Path(path_type=Path),
    "callback": read_key,
    "help": "A file with the key or token to ask with; without, SILLOK_KEY is taken.",
}
key_option = click.option(*KEY_NAMES, **KEY_OPTION)


def connect(url: str, key: str | None = None) -> httpx.Client:
    """A client of the service at `url`; proxies of the environment are not used."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30)


def get_patiently(client: httpx.Client, path: str, *, seconds: float = 60, **parameters: Any) -> httpx.Response:
    """The answer, asked again for as long as the service says that it is not ready yet and when to come back."""
    until = time.monotonic() + seconds
    while True:
        response = client.get(path, params=parameters)
        if response.status_code != 503 or time.monotonic() >= until:
            return response
        time.sleep(float(response.headers.get("Retry-After", "1")))


def content_of(response: httpx.Response) -> Any:
    """The JSON of a good answer. Raises `ServiceRefusedError` with the problem's own words."""
    if response.is_success:
        return msgspec.json.decode(response.content)
    try:
        problem = msgspec.json.decode(response.content)
        said = f"{problem['detail']} ({problem['type']})"
        if problem.get("rule"):
            said += f" — {problem['rule']}"
    except (msgspec.DecodeError, KeyError, TypeError):
        said = response.text[:200]
    raise ServiceRefusedError(f"{response.status_code}: {said}")
