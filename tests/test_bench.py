"""Benchmarks leave the checkout as it is, unless their figures are to be recorded; and they run."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo as libpq

from ops.bench import decisions, results
from service.storage.ledger import PostgresLedger

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


def test_decisions_are_measured_beside_as_many_other_events_as_said(
    server: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a small size: each decision was taken as often as said, in a ledger filled as said."""
    monkeypatch.setattr(decisions, "SIZES", (100, 300))
    monkeypatch.setattr(decisions, "ROUNDS", 1)
    monkeypatch.setattr(decisions, "DECISIONS", 2)

    def database(size: int) -> str:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {template}_bench_{size} TEMPLATE {template}")
        return libpq.make_conninfo(server, dbname=f"{template}_bench_{size}")

    rows = decisions.measure(database)
    assert [(row["size"], row["system"]) for row in rows] == [
        (size, f"sillok {decision}") for decision in ("submit-score", "register-evidence") for size in (100, 300)
    ]
    for size in (100, 300):
        ledger = PostgresLedger(libpq.make_conninfo(server, dbname=f"{template}_bench_{size}"))
        opening = 1 + len(decisions.TEAMS) + 1 + len(decisions.EVALUATORS)
        assert ledger.head() == opening + size + 2 * 2 * 2
        ledger.close()
