"""The running service against its published OpenAPI document, by schemathesis with every check on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.api_process import ApiProcess
from tests.integration.conftest import run_shared
from tests.playing import REHEARSAL, lines_of

HERE = Path(__file__).parent
KINDS = {
    "decisions": ("examples,fuzzing,stateful", "--include-path-regex", "/decisions|/v1/proposals"),
    "decisions of each shape": (
        "coverage",
        "--include-path-regex",
        "/decisions/(certify-figure|rule-independence|grant-resource|propose|enrol-team)$",
    ),
    "the rest": ("examples,coverage,fuzzing,stateful", "--exclude-path-regex", "/decisions|/v1/proposals|/stream"),
}
"""Which phases for which operations: the edges of a shape are tried of one decision for each shape that there is."""
UNLIMITED = {"SILLOK_REQUESTS_A_MINUTE": "1000000", "SILLOK_FAILURES_A_MINUTE": "1000000"}


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """An API process over a ledger that holds a programme up to its scores; nobody asks it too much."""
    home = tmp_path_factory.mktemp("contract")
    for running in run_shared(server, template, home):
        running.play(REHEARSAL, lines_of(REHEARSAL)[:60])
        running.project()
        api = ApiProcess(running, home, **UNLIMITED)
        yield api
        api.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_the_service_is_as_its_contract_says(api: ApiProcess, kind: str, tmp_path: Path) -> None:
    phases, *chosen = KINDS[kind]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"),
            *(f"{api.url}/openapi.json", "--phases", phases, "--max-examples", "1"),
            *("--header", f"Authorization: Bearer {api.running.keys.agencies['msit']}", *chosen),
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.contracts.hooks", "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    selected, tested = re.findall(r"(?:Selected|Tested): (\d+)", done.stdout)
    assert selected == tested
    assert httpx.get(f"{api.url}/health/ready", trust_env=False, timeout=30).status_code == 200
