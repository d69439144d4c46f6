"""Where the tests write: in memory if there is room, because nothing of it is to outlive them."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
"""Where Linux has files in memory."""
ROOM: Final = 8 << 30
"""Bytes: what the servers of a few processes hold at a time, a million events among them."""


def write_in_memory() -> None:
    """Have this process, and those that it starts, make temporary files in memory, unless TMPDIR says where."""
    if "TMPDIR" in os.environ or not _has_room():
        return
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # so that it is looked up again


def _has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    available = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    memory = 0 if available is None else int(available[1]) << 10
    return not found.f_flag & os.ST_NOEXEC and min(found.f_bavail * found.f_frsize, memory // 2) >= ROOM
