"""Projections over real PostgreSQL: exactly once in effect, honest about where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.views import EPOCH, MemoryRows, Occurrence, Rows, View
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS
from service.application.projecting import VIEWS, AdvanceProjection, occurrences
from service.application.view_ports import Standing
from service.storage.builds import PostgresBuilds
from tests.integration.conftest import Running
from tests.integration.invariants import folded, stored
from tests.integration.test_bad_input import expect
from tests.playing import EVERY, REHEARSAL


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_any_batch_size_gives_the_same_bytes(running: Running, until: Callable[[str], None], batch: int) -> None:
    until("submit-score")
    advance = AdvanceProjection(running.service.ledger, running.service.store)
    for view in VIEWS:
        while advance(view, REHEARSAL, batch=batch).outcome == "advanced":
            pass
        rows, position = stored(running, view, REHEARSAL)
        assert position == running.head()
        assert rows == folded(running, view, REHEARSAL, position)


def test_workers_that_race_fold_every_event_once(running: Running, until: Callable[[str], None]) -> None:
    until("submit-score")

    def work(_n: int) -> None:
        advance = AdvanceProjection(running.service.ledger, running.service.store)
        for view in VIEWS:
            for _ in range(60):
                advance(view, REHEARSAL, batch=5)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    running.project()
    for view in VIEWS:
        rows, position = stored(running, view, REHEARSAL)
        assert position == running.head()
        assert rows == folded(running, view, REHEARSAL, position)


def test_views_that_stand_at_the_same_position_share_a_reading(running: Running, until: Callable[[str], None]) -> None:
    """One that is behind has its own."""
    until("open-stage")
    ledger, store = running.service.ledger, running.service.store
    asked: list[int] = []

    class Counted:
        head, read = ledger.head, ledger.read

        def stream(self, programme: str, *, after: int, **others: Any) -> Any:
            asked.append(after)
            return ledger.stream(programme, after=after, **others)

    for view in VIEWS[:-1]:
        AdvanceProjection(ledger, store)(view, REHEARSAL)
    position = running.head()
    assert running.submit(REHEARSAL, "open-stage", {"stage": "stage-1"}, key="open").status_code == 201
    assert AdvanceProjection(Counted(), store).catch_up(REHEARSAL)  # type: ignore[arg-type]
    assert asked == [position, 0]
    for view in VIEWS:
        rows, reached = stored(running, view, REHEARSAL)
        assert reached == running.head() > position
        assert rows == folded(running, view, REHEARSAL, reached)


def test_an_event_that_a_view_ignores_moves_its_position(running: Running, until: Callable[[str], None]) -> None:
    until("enrol-team")
    running.project()
    _rows, position = stored(running, VIEWS[1], REHEARSAL)
    assert position == running.head() == 1


def test_a_turn_that_fails_leaves_neither_rows_nor_position(running: Running, until: Callable[[str], None]) -> None:
    until("enrol-team")
    store = running.service.store

    def interrupted() -> None:
        with store.turn(STANDINGS, REHEARSAL) as turn:
            assert not isinstance(turn, str)
            turn.rows.put("half", b"written")
            turn.position = 7
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.standing(STANDINGS, REHEARSAL) == Standing(0, None, False)
    assert store.scan(STANDINGS, REHEARSAL, "")[0] == []


def test_a_poison_event_halts_the_view_before_it_and_says_so(
    running: Running, until: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    until("submit-score")
    poison = 20
    sound = GRANTS.fold

    def fold(rows: Rows, events: Iterable[Occurrence]) -> None:
        def checked() -> Iterable[Occurrence]:
            for event in events:
                if event.position == poison:
                    from domain.views import PoisonEventError

                    raise PoisonEventError(poison, ValueError("poisoned"))
                yield event

        sound(rows, checked())

    bad = View(name=GRANTS.name, version=GRANTS.version, fold=fold)
    advance = AdvanceProjection(running.service.ledger, running.service.store)
    halted = advance(bad, REHEARSAL)
    assert (halted.outcome, halted.position) == ("halted", poison - 1)
    stale = f"position {poison}: ValueError: poisoned"
    assert running.service.store.standing(GRANTS, REHEARSAL) == Standing(poison - 1, stale, False)
    monkeypatch.setattr("service.application.view_reading.WAIT_SECONDS", 0.2)
    path = f"/v1/programmes/{REHEARSAL}/grants"
    problem = expect(running.client.get(path, params={"min_position": poison}), 503, "not-yet-projected")
    assert "poisoned" in problem["detail"]
    assert running.client.get(path).json()["position"] == poison - 1
    # Other views go on. A release that can fold the event goes on from there, once it is told to.
    running.project()
    assert running.service.store.standing(STANDINGS, REHEARSAL) == Standing(running.head(), None, False)
    assert running.service.store.standing(GRANTS, REHEARSAL) == Standing(poison - 1, stale, False)
    assert PostgresBuilds(running.service.store).resume(GRANTS.name, REHEARSAL) == 1
    running.project()
    assert running.service.store.standing(GRANTS, REHEARSAL) == Standing(running.head(), None, False)


def test_another_version_of_a_view_is_folded_from_the_beginning_beside_the_one_before(
    running: Running, until: Callable[[str], None]
) -> None:
    """A release that folds otherwise reads no row of the one before, which may come back and goes on from its own."""
    until("submit-score")
    running.project()
    before, position = stored(running, STANDINGS, REHEARSAL)
    later = View(name=STANDINGS.name, version=STANDINGS.version + 1, fold=lambda rows, _events: rows.put("new", b"1"))
    assert stored(running, later, REHEARSAL) == ({}, 0)
    advance = AdvanceProjection(running.service.ledger, running.service.store)
    while advance(later, REHEARSAL).outcome == "advanced":
        pass
    assert stored(running, later, REHEARSAL) == ({"new": b"1"}, running.head())
    assert stored(running, STANDINGS, REHEARSAL) == (before, position)


def test_a_reader_waits_for_what_they_wrote(running: Running, until: Callable[[str], None]) -> None:
    until("open-stage")
    answer: Any = running.submit(REHEARSAL, "open-stage", {"stage": "stage-1"}, key="open").json()
    position = answer["events"][0]["position"]
    path = f"/v1/programmes/{REHEARSAL}/grants"
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(running.client.get, path, params={"min_position": position})
        running.project()
        found = waiting.result()
    assert found.status_code == 200
    assert found.json()["position"] >= position


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_as_of_any_position_is_the_fold_up_to_it(played: Running, view: View) -> None:
    """And where the view remembers what its rows were, no more than an epoch of events is folded for it."""
    store = played.service.store
    for programme in EVERY:
        last = list(played.service.ledger.read_programme(programme))[-1].position
        edges = {near for edge in range(EPOCH, last, EPOCH) for near in (edge - 1, edge, edge + 1)}
        for position in sorted(edges | set(range(last % 97 + 1, last, 397)) | {last}):
            with store.as_of(view, programme, position) as kept:
                assert (kept is not None) == view.remembers
                rows, reached = kept or (MemoryRows(), 0)
                if kept is not None:
                    assert 0 <= position - reached < EPOCH
                events = played.service.ledger.read_programme(programme, after=reached, upto=position)
                view.fold(rows, occurrences(events))
                assert dict(rows.scan("")) == folded(played, view, programme, position)
