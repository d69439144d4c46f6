"""On what machine a run was taken, as far as figures depend on it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil
import psycopg

from ops.bench.peers import LOCKS
from ops.bench.setting import Setting

SETTINGS: Final = (
    *("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "data_checksums"),
    *("shared_buffers", "max_wal_size", "checkpoint_timeout", "max_connections"),
)


def facts(setting: Setting) -> dict[str, str]:
    """Name → fact. Starts a server to ask it for its settings."""
    with setting.server() as server, psycopg.connect(server.admin) as connection:
        said = {name: connection.execute(f"SHOW {name}").fetchone() for name in SETTINGS}
        disk = _disk(server.folder)
    version = said.pop("server_version")
    return {
        "taken": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "load before it": f"{os.getloadavg()[0]:.1f}",
        "memory": f"{_memory_gib():.0f} GiB",
        "disk": disk,
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "Python": platform.python_version(),
        "PostgreSQL": "" if version is None else version[0],
        "its settings": ", ".join(f"{name}={row[0]}" for name, row in said.items() if row is not None),
        "others": ", ".join(f"{name} {version}" for name, version in _others().items()),
    }


def _others() -> dict[str, str]:
    """The versions of what is measured beside the service."""
    node = json.loads((LOCKS / "package.json").read_text())["dependencies"]
    pinned = (LOCKS / "requirements.txt").read_text().split()
    python = dict(each.split("==") for each in pinned if "==" in each)
    return {**{name: metadata.version(name) for name in ("psycopg", "eventsourcing")}, **python, **node}


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    for line in file.read_text().splitlines() if file.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _disk(folder: Path) -> str:
    """The type of the file system, and whether it is one that forgets."""
    asked = ["df", "--output=fstype", folder]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    kind = found[-1] if found else "unknown"
    return f"{kind} (in memory: nothing is durable)" if kind in ("tmpfs", "ramfs") else kind


def peak_megabytes(process: int | str = "self") -> float:
    """The most memory that a process has had at once, as Linux tells it."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def started_with(argument: str) -> list[psutil.Process]:
    """Our processes that were started with an argument, or a program, of that name, and theirs."""
    started = [
        each for each in psutil.Process().children() if argument in {*(line := each.cmdline()), Path(line[0]).name}
    ]
    return [each for parent in started for each in (parent, *parent.children(recursive=True))]


def processor_seconds(processes: Mapping[str, str]) -> dict[str, float]:
    """Of each, what its processes have spent, those that have ended included; its argument, as `started_with`."""
    return {
        who: sum(sum(each.cpu_times()[:4]) for each in started_with(argument)) for who, argument in processes.items()
    }
