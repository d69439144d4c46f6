"""A process that is met by many requests as soon as it has started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import pathlib, sys, threading
from service.app import create_app
from service.bootstrap import open_service
from service.worker_bootstrap import open_projecting
from service.settings import Settings
from domain.charter_document import Charter
from tests.domain import charters
import msgspec

home, database = sys.argv[1:]
opened = {opened}(Settings(home=pathlib.Path(home), host="", port=0, database_url=database, redis_url=None))
document = msgspec.json.encode(charters.document())
together = threading.Barrier(8)
decoded = []

def decode():
    together.wait()
    decoded.append(msgspec.json.decode(document, type=Charter))

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=decode) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
opened.close()
assert len(decoded) == 8
"""


@pytest.mark.parametrize("opened", ["open_service", "open_projecting"])
def test_threads_that_decode_a_type_for_the_first_time_at_once_do_not_end_the_process(
    database: str, tmp_path: Path, opened: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(opened=opened), str(tmp_path), database],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
