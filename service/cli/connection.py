"""Calling the service without the client, from the command line."""

from __future__ import annotations

import httpx


def connect(url: str, key: str | None = None) -> httpx.Client:
    """A client of the service at `url`; proxies of the environment are not used."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30)
