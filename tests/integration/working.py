"""Celery as the service runs it, started and killed by tests."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from service.embedded import EmbeddedRedis
from service.supervisor import BEAT, CELERY, SEALER, WORKER


@dataclass
class Workers:
    """Celery as the service runs it, and its broker."""

    environment: dict[str, str]
    log: Path
    redis: EmbeddedRedis
    children: list[subprocess.Popen[bytes]]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.children.append(child)
        return child

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start(*CELERY, *WORKER)

    def sealer(self) -> subprocess.Popen[bytes]:
        return self.start(*SEALER)

    def keep(self, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """The worker, or another in its place: Celery's may end when its broker goes, and `sillok up` does the same."""
        return worker if worker.poll() is None else self.worker()

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start(*CELERY, *BEAT, "--schedule", str(self.log.parent / "beat"))


def kill(child: subprocess.Popen[bytes]) -> None:
    """The process and all that it forked, at once."""
    try:
        family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    child.wait()


def eventually(check: Callable[[], bool], seconds: float, log: Path | None = None) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            said = "" if log is None else f"; celery said:\n{log.read_text()[-3000:]}"
            pytest.fail(f"not within {seconds} s{said}")
        time.sleep(0.05)
