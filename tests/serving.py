"""API processes of their own, for tests that cannot do with the service in their own process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from service.child_processes import start_process
from service.serving import granian


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def api_process(home: Path, database: str, port: int, **settings: str) -> subprocess.Popen[bytes]:
    """The API as it runs, over a database, without Redis; its log is in the home. `settings`: of its environment."""
    return start_process(
        [sys.executable, "-m", *granian("service.app:create_app", "127.0.0.1", port)],
        home / f"api-{port}.log",
        when_parent_dies=signal.SIGTERM,
        environment={
            **os.environ,
            "SILLOK_HOME": str(home),
            "DATABASE_URL": database,
            "REDIS_URL": "",
            "PORT": str(port),
            **settings,
        },
    )


def until_ready(url: str) -> None:
    """Return once decisions can be taken there."""
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready", trust_env=False, timeout=30).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"{url} is not ready")
