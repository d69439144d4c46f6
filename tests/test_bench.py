"""The benchmarks' own arithmetic, what they print and record, and that what they append is what the service appends."""

from __future__ import annotations

import importlib
import itertools
import json
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import conninfo as libpq

from domain.decision import boundary
from domain.event import encode_data
from domain.rulebook import DECISIONS, prepare
from domain.score_events import ScoreSubmitted
from domain.views import MemoryRows
from ops.bench import __main__ as bench
from ops.bench import competition, decisions, filling, lag, machine, rebuild, replay, results, service, workload
from ops.bench.peers import LOCKS
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, by_threads, percentile, rounds, rows_of, significant
from ops.bench.setting import Setting
from ops.bench.systems import or_reason
from ops.bench.systems.message_db import FILES
from service.application.ports import AppendRequest
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger

FACTS = {"processor": "one of two", "PostgreSQL": "18"}


def row(measure: str = "append", value: float = 2000, system: str = "ours") -> Row:
    return {
        "measure": measure,
        "size": 1,
        "clients": 64,
        "system": system,
        "value": value,
        "unit": "events/s",
        "ratio": 1.25,
    }


def test_every_round_has_every_system_and_begins_with_another() -> None:
    order: list[str] = []

    def turn(name: str) -> float:
        order.append(name)
        return 1.0

    rounds({Case(name): lambda name=name: turn(name) for name in "abc"}, 3)  # type: ignore[misc]  # a default says too little of a lambda
    assert order == [*"abc", *"bca", *"cab"]


def test_a_figure_is_the_median_and_a_ratio_that_of_the_same_round() -> None:
    figures = Figures({Case("ours"): [10, 400, 90], Case("raw"): [5, 400, 30]})
    rows = rows_of(figures, "append", "events/s", reference=lambda case: case._replace(system="raw"))
    assert [(each["system"], each["value"], each["ratio"]) for each in rows] == [("ours", 90, 2), ("raw", 30, 1)]


def test_what_cannot_be_had_is_reported_with_its_reason() -> None:
    def missing() -> float:
        raise NotMeasuredError("there is no npm")

    figures = rounds({Case("ours"): lambda: 7.0, Case("peer"): missing}, 2)
    rows = rows_of(figures, "append", "events/s", reference=lambda case: case._replace(system="ours"))
    assert figures.values == {Case("ours"): [7.0, 7.0]}
    assert rows[1] == {
        **Case("peer")._asdict(),
        "measure": "append",
        "value": None,
        "unit": "events/s",
        "ratio": None,
        "not_measured": "there is no npm",
    }
    assert results.table(rows).splitlines()[-1].endswith("peer: not measured: there is no npm")
    assert "| not measured: there is no npm |" in results.page(rows, {})


def test_without_its_reference_a_figure_has_no_ratio() -> None:
    rows = rows_of(Figures({Case("ours"): [7.0]}), "m", "s", reference=lambda case: case._replace(system="raw"))
    assert (rows[0]["value"], rows[0]["ratio"]) == (7, None)


def test_a_system_that_cannot_be_opened_says_so_in_its_turn() -> None:
    @contextmanager
    def opened():  # type: ignore[no-untyped-def]  # it yields nothing, so that any type would be made up
        raise NotMeasuredError("no node")
        yield

    with or_reason(opened()) as rate, pytest.raises(NotMeasuredError, match="no node"):
        rate(1, 2.0)


@pytest.mark.parametrize(("value", "rounded"), [(1234.5, 1230), (0.04567, 0.0457), (2.0, 2), (99.96, 100)])
def test_three_digits_count(value: float, rounded: float) -> None:
    assert significant(value) == rounded


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, at) for at in (50, 99, 100)] == [50, 99, 100]
    assert percentile([3.0], 99) == 3


def test_threads_append_as_often_as_said_and_a_failure_is_not_swallowed() -> None:
    done: list[int] = []
    rate = by_threads(4, lambda: nullcontext(lambda: done.append(threading.get_ident())), appends=5)
    assert rate > 0
    assert len(done) == 4 * (5 + 8)

    def fail() -> None:
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        by_threads(4, lambda: nullcontext(fail), appends=5)


def test_the_table_begins_with_the_ratio() -> None:
    lines = results.table([row(), row(value=12_000)]).splitlines()
    assert lines[0].split() == ["ratio", "value", "unit", "measure", "size", "clients", "system"]
    assert lines[2].split() == ["1.25", "12,000", "events/s", "append", "1", "64", "ours"]


def test_recording_replaces_the_figures_of_the_same_measures(tmp_path: Path) -> None:
    results.record([row(value=1), row("read", 2)], FACTS, tmp_path)
    results.record([row(value=3)], {**FACTS, "PostgreSQL": "19"}, tmp_path)
    recorded = json.loads((tmp_path / "results.json").read_text())
    assert recorded == [row("read", 2), row(value=3)]
    assert json.loads((tmp_path / "machine.json").read_text())["read"] == FACTS
    page = (tmp_path / "results.md").read_text()
    assert page.index("## read\n\n- processor: one of two\n- PostgreSQL: 18") < page.index("## append")
    assert "| 1.25 | 3 | events/s | append | 1 | 64 | ours |" in page
    results.clear(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_page_that_is_checked_in_is_that_of_the_figures() -> None:
    recorded = json.loads((results.FOLDER / "results.json").read_text())
    machines = json.loads((results.FOLDER / "machine.json").read_text())
    assert (results.FOLDER / "results.md").read_text() == results.page(recorded, machines)
    fields = set(Row.__annotations__)
    assert all(fields - {"not_measured"} <= set(each) <= fields for each in recorded)


def test_measures_are_chosen_by_name() -> None:
    assert bench.chosen("") == list(bench.MEASURES)
    assert bench.chosen("batch, append") == ["batch", "append"]
    with pytest.raises(SystemExit, match="There is no measure appendix: there are append, "):
        bench.chosen("appendix")
    for name in bench.MEASURES:
        assert callable(importlib.import_module(f"ops.bench.{name}").measure)


def test_a_quick_run_is_not_recorded() -> None:
    with pytest.raises(SystemExit, match="not recorded"):
        bench.main({"QUICK": "1", "RECORD": "1"})


def test_a_measure_that_breaks_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def measured(name: str, _setting: Setting) -> list[Row]:
        if name == "lag":
            raise ValueError("the worker is gone")
        return [row(name)]

    monkeypatch.setattr(bench, "measured", measured)
    monkeypatch.setattr(machine, "facts", lambda _setting: FACTS)
    with pytest.raises(SystemExit, match=r"errors above: lag\."):
        bench.main({"ONLY": "lag,tally", "SILLOK_BENCH_HOME": str(tmp_path)})
    printed = capsys.readouterr()
    assert "ValueError: the worker is gone" in printed.err
    assert printed.out.splitlines()[-1].split() == ["1.25", "2,000", "events/s", "tally", "1", "64", "ours"]


def test_what_is_appended_is_what_submit_score_appends() -> None:
    sheet = next(workload.sheets())
    decision = DECISIONS["submit-score"]
    command = msgspec.json.decode(workload.command(sheet), type=decision.command)
    charter, facts = prepare(decision, command, workload.PROGRAMME)
    assert sheet.items == boundary((charter, *facts)).items
    event = msgspec.json.decode(sheet.data, type=ScoreSubmitted)
    assert (event.TYPE, event.tags(workload.PROGRAMME), encode_data(event)) == (workload.TYPE, sheet.tags, sheet.data)


def test_no_two_clients_append_the_same_sheet() -> None:
    """Neither from the stock that is made ahead, nor beyond it."""
    clients = workload.STOCK // 5
    taken = [list(itertools.islice(workload.made(lambda sheet: sheet.tags[-1], clients), 12)) for _client in range(3)]
    assert len({place for each in taken for place in each}) == 36


def test_peers_are_pinned_and_no_registry_is_named() -> None:
    node = json.loads((LOCKS / "package-lock.json").read_text())["packages"]
    assert {each["version"] for name, each in node.items() if name and "integrity" in each}
    assert all("integrity" in each and "resolved" not in each for name, each in node.items() if name)
    python = (LOCKS / "requirements.txt").read_text()
    assert "--hash=sha256:" in python
    assert "http" not in python
    assert len(FILES) == len(set(FILES))
    assert ".bench/" in (Path(__file__).parents[1] / ".gitignore").read_text().splitlines()


def test_a_delay_runs_from_the_commit_to_the_first_look_that_shows_it() -> None:
    seen = [(10.0, 4), (10.5, 7), (11.0, 9)]
    assert lag.delays(seen, [(4, 9.9), (5, 10.1), (7, 10.3), (8, 10.9)]) == pytest.approx([100, 400, 200, 100])


def test_a_measure_that_cannot_be_taken_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_setting: Setting) -> list[Row]:
        raise NotMeasuredError("the views stood at 3")

    monkeypatch.setattr(lag, "measure", refuse)
    (found,) = bench.measured("lag", Setting(tmp_path))
    assert (found["measure"], found["value"], found["not_measured"]) == ("lag", None, "the views stood at 3")


def test_what_is_replayed_and_rebuilt_is_the_whole_programme(
    database: str, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one function of each measure that follows the code does today what it says."""
    head = competition.fill(database, 40)
    folded: list[MemoryRows] = []

    def fresh() -> MemoryRows:
        folded.append(MemoryRows())
        return folded[-1]

    monkeypatch.setattr(replay, "MemoryRows", fresh)
    replay.replay(ledger)
    assert sum(value == b"9.5" for value in folded[0].rows.values()) == 4
    with psycopg.connect(database, autocommit=True) as connection:
        for view in rebuild.VIEWS:
            rebuild.rebuild(database, view)
        assert service.visible(connection) == head
        rebuild.forget(database)
        assert service.visible(connection) == 0


def test_decisions_are_measured_beside_as_many_other_events_as_said(
    server: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a small size: each decision was taken as often as said, in a ledger filled as said."""
    monkeypatch.setattr(decisions, "DECISIONS", 2)
    name = f"{template}_bench"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    competition = decisions.Competition(libpq.make_conninfo(server, dbname=name), 100)
    for decision in ("submit-score", "register-evidence"):
        assert list(decisions.in_turn([competition], decision)) == [100]
    competition.ledger.close()
    ledger = PostgresLedger(libpq.make_conninfo(server, dbname=name))
    opening = 1 + len(decisions.TEAMS) + 1 + len(decisions.EVALUATORS)
    assert ledger.head() == opening + 100 + 2 * 2
    ledger.close()


def test_a_filled_ledger_is_as_one_that_is_appended_to(database: str, ledger: PostgresLedger) -> None:
    """Every column and key, and it goes on from there."""
    given = list(competition.sheets(3))
    last = ledger.append(AppendRequest(events=[*map(competition.new_event, given)], decision_id=uuid7())).last_position
    assert filling.fill(database, map(competition.new_event, given)) == 2 * last == ledger.head()
    with psycopg.connect(database) as connection:
        appended, filled = (
            connection.execute(
                "SELECT e.programme, e.type, e.version, e.tags, e.envelope, e.data, length(e.salt),"
                "  (SELECT array_agg(key ORDER BY key) FROM ledger.boundary_index b WHERE b.position = e.position),"
                "  (SELECT i.position = e.position FROM ledger.event_id i WHERE i.event_id = e.event_id),"
                "  e.recorded_at <= (SELECT recorded_at FROM ledger.head),"
                "  e.entry = ledger.entry_v1(e.position, e.programme, e.type, e.version, e.recorded_at, sha256("
                "    e.salt || int4send(length(e.envelope)) || e.envelope || int4send(length(e.data)) || e.data))"
                " FROM ledger.event e WHERE position > %s ORDER BY position LIMIT %s",
                (after, last),
            ).fetchall()
            for after in (0, last)
        )
    assert filled == appended
    assert all(each[-3:] == (True, True, True) for each in filled)
    assert (
        ledger.append(AppendRequest(events=[competition.new_event(given[0])], decision_id=uuid7())).first_position == 7
    )
