"""An API process of its own over the database of a service of this process, which can be killed."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from service.child_processes import end
from tests.serving import api_process, free_port, until_ready

if TYPE_CHECKING:
    from tests.integration.conftest import Running


class ApiProcess:
    """An API process over the database of a service of this process, which decides."""

    def __init__(self, running: Running, home: Path, **settings: str) -> None:
        """`settings`: of its environment."""
        self.running = running
        self._settings = settings
        self._home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.process = api_process(self._home, self.running.url, self.port, **self._settings)
        until_ready(self.url)

    def stop(self) -> None:
        end(self.process, (signal.SIGTERM, 10))

    def kill(self) -> None:
        """The server and its worker, at once."""
        for each in (*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)):
            each.kill()
        self.process.wait()

    def page(self, headers: dict[str, str] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """What a page of events shows."""
        found = httpx.get(
            f"{self.url}/v1/ledger/events",
            params={"limit": 1000, **parameters},
            headers=headers,
            trust_env=False,
            timeout=20,
        )
        assert found.status_code == 200, found.text
        return [json.loads(line) for line in found.text.splitlines()]
