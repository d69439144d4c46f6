"""emmett's event store for PostgreSQL: streams that must not exist yet, by one node process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ops.bench.peers import node, node_packages
from ops.bench.rounds import WARM, NotMeasuredError
from ops.bench.setting import Server, Setting, place_of
from ops.bench.systems import Rate
from ops.bench.workload import ENVELOPE, TYPE, sheet

SCRIPT: Final = Path(__file__).with_suffix(".mjs")


@contextmanager
def appends(setting: Setting, server: Server) -> Iterator[Rate]:
    """As many loops in one process as there are clients, with as many connections; node runs them in one thread."""
    packages, program = node_packages(setting.home), node()
    place = place_of(server.database("emmett"))
    script = packages / SCRIPT.name  # beside node_modules, where node looks for them
    script.write_text(SCRIPT.read_text())

    def rate(clients: int, seconds: float) -> float:
        asked = {
            "place": {**place, "port": int(place["port"])},
            "type": TYPE,
            "data": json.loads(sheet("team-00", f"ev-{0:016x}").data),
            "metadata": json.loads(ENVELOPE),
            "clients": clients,
            "seconds": seconds,
            "warm": max(WARM, 400 // clients),  # what node runs often it compiles
        }
        done = subprocess.run([program, script], input=json.dumps(asked), capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotMeasuredError(f"it fails ({' '.join(done.stderr.strip().splitlines()[-1:])[:200]})")
        return float(done.stdout)

    yield rate
