"""Benchmarks leave the checkout as it is, unless their figures are to be recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.bench import results

EARLIER = [{"measure": "append", "value": 1}, {"measure": "read", "value": 2}]
MEASURED: list[results.Row] = [{"measure": "append", "value": 3}]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(EARLIER))
    monkeypatch.setattr(results, "RECORD", file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECORD", raising=False)
    return file


def test_a_run_writes_into_a_folder_that_git_ignores(record: Path) -> None:
    results.keep(MEASURED)
    results.keep([{"measure": "read", "value": 4}])
    assert json.loads(record.read_text()) == EARLIER
    assert json.loads(results.RUN.read_text()) == [*MEASURED, {"measure": "read", "value": 4}]
    assert "build/" in (Path(__file__).parents[1] / ".gitignore").read_text().splitlines()
    assert results.RUN.parts[0] == "build"


def test_recording_replaces_the_figures_of_the_same_measures(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORD", "1")
    results.keep(MEASURED)
    assert json.loads(record.read_text()) == [EARLIER[1], *MEASURED]
    assert not results.RUN.exists()
