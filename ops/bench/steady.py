"""A load at a steady rate, from a process of its own, whether or not answers come."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import msgspec

from ops.bench.workload import PROGRAMME
from service.storage.identifiers import uuid7

CLIENTS: Final = 32


def send(url: str, key: str, decision: str, rate: int, bodies: Iterable[dict[str, Any]]) -> None:
    """Submit a decision of each body, one every 1/`rate` seconds. Raises `httpx.HTTPError` if one is not taken."""
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    with httpx.Client(base_url=url, trust_env=False, timeout=30, limits=limits) as client:

        def submit(body: dict[str, Any]) -> None:
            client.post(
                f"/v1/programmes/{PROGRAMME}/decisions/{decision}",
                content=msgspec.json.encode(body),
                headers={
                    "Authorization": f"Bearer {key}",
                    "Idempotency-Key": uuid7().hex,
                    "Content-Type": "application/json",
                },
            ).raise_for_status()

        with ThreadPoolExecutor(CLIENTS) as threads:
            began, sent = time.perf_counter(), []
            for at, body in enumerate(bodies):
                time.sleep(max(0.0, began + at / rate - time.perf_counter()))
                sent.append(threads.submit(submit, body))
        for each in sent:
            each.result()
