"""Views folded anew beside the live ones: compared, changed over and back, while decisions come in and people read."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
import pytest

from domain.views import MemoryRows, Occurrence, PoisonEventError, Rows, View
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.standings import STANDINGS
from ops.bench import competition
from ops.bench.workload import PROGRAMME
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.rebuilding import NothingKeptError, RebuildProjection
from service.application.view_ports import Build, Certificate, Purpose, Standing
from service.application.view_versions import compare_versions
from service.storage.builds import PostgresBuilds
from service.storage.ledger import PostgresLedger
from service.storage.views import PostgresViewStore
from tests.domain import charters
from tests.integration.conftest import Run, Running
from tests.integration.invariants import folded, stored
from tests.integration.small import SmallProgramme


@dataclass
class Rebuilding:
    """A small programme with its views at the head, and all that rebuilding takes."""

    programme: SmallProgramme
    builds: PostgresBuilds
    advance: AdvanceProjection

    @property
    def running(self) -> Running:
        return self.programme.running

    def worker(self) -> RebuildProjection:
        return RebuildProjection(self.advance, self.running.service.store, self.builds)

    def of(self, view: View, state: str) -> Build | None:
        found = [each for each in self.builds.every() if (each.view, each.state) == (view.name, state)]
        return found[0] if found else None

    def asked(self, view: View, purpose: Purpose = "swap") -> Certificate:
        build = self.builds.request(view, self.programme.programme, purpose)
        assert build is not None
        assert self.worker().run(view, self.programme.programme) == "done"
        certificate = self.builds.certificate(build)
        assert certificate is not None
        return certificate

    def damage(self, sql: str) -> None:
        with psycopg.connect(self.running.database) as connection:
            assert connection.execute(sql).rowcount == 1

    def require_exact(self) -> None:
        self.running.project()
        for view in VIEWS:
            rows, position = stored(self.running, view, self.programme.programme)
            assert position == self.running.head()
            assert rows == folded(self.running, view, self.programme.programme, position)


@pytest.fixture
def rebuilding(running: Running) -> Rebuilding:
    programme = SmallProgramme(running)
    programme.score()
    running.project()
    store = running.service.store
    return Rebuilding(programme, PostgresBuilds(store), AdvanceProjection(running.service.ledger, store))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_folded_anew_is_equal_and_takes_the_place_of_the_live_one(rebuilding: Rebuilding, view: View) -> None:
    before = rebuilding.of(view, "live")
    rows = stored(rebuilding.running, view, rebuilding.programme.programme)
    certificate = rebuilding.asked(view)
    assert certificate.equal
    assert certificate.swapped
    assert certificate.position == rebuilding.running.head()
    live, kept = rebuilding.of(view, "live"), rebuilding.of(view, "kept")
    assert before is not None
    assert live is not None
    assert kept is not None
    assert (kept.build, kept.position) == (before.build, before.position)
    assert live.build != before.build
    assert rebuilding.of(view, "building") is None
    assert stored(rebuilding.running, view, rebuilding.programme.programme) == rows
    rebuilding.require_exact()


def test_a_damaged_row_is_found_named_and_stays_until_it_is_to_be_replaced(rebuilding: Rebuilding) -> None:
    sheet = f"sheet/heat/ant/paper/idea/{charters.JURY[0]}"
    rebuilding.damage(f"UPDATE views.row SET value = '1' WHERE key = '{sheet}'")
    rebuilding.damage("DELETE FROM views.row WHERE key = 'name/bee'")
    for purpose in ("verify", "swap"):
        certificate = rebuilding.asked(STANDINGS, purpose)
        assert not certificate.equal
        assert not certificate.swapped
        assert certificate.differing == ("name/bee", sheet)
        assert rebuilding.of(STANDINGS, "building") is None
        assert rebuilding.of(STANDINGS, "kept") is None
    certificate = rebuilding.asked(STANDINGS, "replace")
    assert (certificate.equal, certificate.swapped) == (False, True)
    rebuilding.require_exact()


def test_what_is_verified_only_changes_nothing(rebuilding: Rebuilding) -> None:
    before = rebuilding.of(STANDINGS, "live")
    certificate = rebuilding.asked(STANDINGS, "verify")
    assert (certificate.equal, certificate.swapped, certificate.differing) == (True, False, ())
    assert rebuilding.of(STANDINGS, "live") == before
    with psycopg.connect(rebuilding.running.database) as connection:
        of_none = "SELECT count(*) FROM views.row WHERE build NOT IN (SELECT build FROM views.build)"
        assert connection.execute(of_none).fetchone() == (0,)


def test_one_goes_back_to_the_build_from_before_at_the_position_of_today(rebuilding: Rebuilding) -> None:
    first = rebuilding.of(STANDINGS, "live")
    rebuilding.asked(STANDINGS)
    rebuilding.programme.rule()
    rebuilding.running.project()
    position = rebuilding.worker().roll_back(STANDINGS, rebuilding.programme.programme)
    assert position == rebuilding.running.head()
    live, kept = rebuilding.of(STANDINGS, "live"), rebuilding.of(STANDINGS, "kept")
    assert first is not None
    assert live is not None
    assert kept is not None
    assert live.build == first.build
    assert kept.build != first.build
    rebuilding.require_exact()
    assert rebuilding.asked(STANDINGS, "verify").equal
    with pytest.raises(NothingKeptError, match="audit-trail"):
        rebuilding.worker().roll_back(AUDIT_TRAIL, rebuilding.programme.programme)


def test_only_one_is_under_way_and_it_can_be_withdrawn(rebuilding: Rebuilding) -> None:
    programme = rebuilding.programme.programme
    assert rebuilding.builds.request(STANDINGS, programme, "swap") is not None
    assert rebuilding.builds.request(STANDINGS, programme, "verify") is None
    assert list(rebuilding.builds.unfinished()) == [(STANDINGS.name, STANDINGS.version, programme)]
    assert rebuilding.builds.withdraw(STANDINGS, programme)
    assert not rebuilding.builds.withdraw(STANDINGS, programme)
    assert rebuilding.worker().run(STANDINGS, programme) == "done"
    assert rebuilding.builds.unfinished() == []


def test_a_rebuild_that_is_cut_off_anywhere_goes_on(rebuilding: Rebuilding) -> None:
    """Each call may fold one batch only, as a worker does whose time is over; another goes on from there."""
    programme = rebuilding.programme.programme
    build = rebuilding.builds.request(STANDINGS, programme, "swap")
    assert build is not None
    steps = [rebuilding.worker().run(STANDINGS, programme, seconds=0, batch=7)]
    while steps[-1] == "folding":
        steps.append(rebuilding.worker().run(STANDINGS, programme, seconds=0, batch=7))
    assert steps[-1] == "done"
    assert len(steps) > 3
    certificate = rebuilding.builds.certificate(build)
    assert certificate is not None
    assert certificate.equal
    rebuilding.require_exact()


def test_views_are_rebuilt_by_many_workers_while_decisions_come_in(rebuilding: Rebuilding) -> None:
    """Workers that race, on the live builds and on the new ones, and a ledger that grows: all views come out exact."""
    programme = rebuilding.programme.programme
    over: list[bool] = []

    def decide() -> None:
        rebuilding.programme.rule()
        rebuilding.programme.publish()
        over.append(True)

    def work(_worker: int) -> None:
        worker = rebuilding.worker()
        while not over:
            rebuilding.advance.catch_up(programme)
            for view in VIEWS:
                rebuilding.builds.request(view, programme, "swap")
                worker.run(view, programme, seconds=0, batch=5)

    with ThreadPoolExecutor(4) as threads:
        working = threads.map(work, range(3))
        threads.submit(decide).result()
        list(working)
    rebuilding.require_exact()
    for view in VIEWS:
        while (rebuilding.worker().run(view, programme)) != "done":
            pass
        assert rebuilding.of(view, "kept") is not None
        assert rebuilding.asked(view, "verify").equal
    with psycopg.connect(rebuilding.running.database) as connection:
        assert connection.execute("SELECT count(*) FROM views.certificate WHERE digest <> live_digest").fetchone() == (
            0,
        )


def test_a_poison_event_halts_the_new_build_and_the_live_one_goes_on(rebuilding: Rebuilding) -> None:
    programme = rebuilding.programme.programme

    def fold(rows: Rows, events: Iterable[Occurrence]) -> None:
        def checked() -> Iterable[Occurrence]:
            for event in events:
                if event.position == 5:
                    raise PoisonEventError(5, ValueError("poisoned"))
                yield event

        STANDINGS.fold(rows, checked())

    bad = View(name=STANDINGS.name, version=STANDINGS.version, fold=fold, remembers=True)
    rebuilding.builds.request(bad, programme, "swap")
    assert rebuilding.worker().run(bad, programme) == "halted"
    building = rebuilding.of(STANDINGS, "building")
    assert building is not None
    assert (building.position, building.halts) == (4, 1)
    assert building.stale == "position 5: ValueError: poisoned"
    assert rebuilding.builds.unfinished() == []
    rebuilding.programme.rule()
    rebuilding.running.project()
    assert rebuilding.running.service.store.standing(STANDINGS, programme) == Standing(
        rebuilding.running.head(), None, False
    )
    assert rebuilding.builds.resume(STANDINGS.name, "*") == 1
    assert rebuilding.worker().run(STANDINGS, programme) == "done"
    rebuilding.require_exact()


def test_what_is_paused_stands_still_and_says_so(rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch) -> None:
    programme, head = rebuilding.programme.programme, rebuilding.running.head()
    rebuilding.builds.pause(STANDINGS.name, "*")
    assert rebuilding.builds.request(STANDINGS, programme, "verify") is not None
    assert rebuilding.worker().run(STANDINGS, programme) == "busy"  # not to be asked again at once
    assert rebuilding.builds.unfinished() == []
    assert rebuilding.builds.withdraw(STANDINGS, programme)
    rebuilding.programme.accepted("consolidate-stage", {"stage": "heat"})
    rebuilding.running.project()
    assert rebuilding.running.service.store.standing(STANDINGS, programme) == Standing(head, None, True)
    assert rebuilding.running.service.store.standing(AUDIT_TRAIL, programme) == Standing(head + 1, None, False)
    assert rebuilding.builds.behind(VIEWS, [programme], head + 1) == []
    monkeypatch.setattr("service.application.view_reading.WAIT_SECONDS", 60)
    answer = rebuilding.programme.client.get(f"/v1/programmes/{programme}/standings", params={"min_position": head + 1})
    assert answer.status_code == 503
    assert "an operator paused it" in answer.json()["detail"]
    assert rebuilding.builds.resume(STANDINGS.name, programme) == 0  # every programme was paused, not this one
    assert rebuilding.builds.resume(STANDINGS.name, "*") == 1
    assert rebuilding.builds.behind(VIEWS, [programme, "none"], head + 1) == [programme, "none"]
    rebuilding.require_exact()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("here", [(), ("--here",)], ids=["by workers", "here"])
def test_nobody_waits_for_a_view_that_is_paused(rebuilding: Rebuilding, run: Run, here: tuple[str, ...]) -> None:
    run("projections", "pause", STANDINGS.name)
    said = run("projections", "rebuild", STANDINGS.name, *here, status=1)
    assert "standings of programme: paused; `resume` goes on with it, `cancel` drops it" in said
    run("projections", "resume", STANDINGS.name)
    assert rebuilding.worker().run(STANDINGS, rebuilding.programme.programme) == "done"
    assert rebuilding.of(STANDINGS, "kept") is not None


def test_builds_say_how_far_they_are_behind(rebuilding: Rebuilding) -> None:
    live = rebuilding.of(STANDINGS, "live")
    assert live is not None
    assert (live.positions_behind, live.seconds_behind) == (0, 0)
    assert live.events == rebuilding.running.head()
    rebuilding.programme.accepted("consolidate-stage", {"stage": "heat"})
    later = rebuilding.of(STANDINGS, "live")
    assert later is not None
    assert later.positions_behind == 1
    assert 0 < later.seconds_behind < 60


def test_the_same_events_in_any_batches_are_the_same_build(rebuilding: Rebuilding) -> None:
    """Live builds that were advanced event by event, and one folded in large batches, have one digest."""
    programme = rebuilding.programme.programme
    rebuilding.programme.rule()
    while rebuilding.advance(STANDINGS, programme, batch=1).outcome == "advanced":
        pass
    assert rebuilding.asked(STANDINGS, "verify").equal


def test_what_another_release_made_of_the_same_events_is_told_and_dropped(rebuilding: Rebuilding) -> None:
    """The release before had no names, another place for the charter, and points of its own."""

    def fold(rows: Rows, events: Iterable[Occurrence]) -> None:
        kept = MemoryRows()
        STANDINGS.fold(kept, events)
        for key, value in kept.scan(""):
            if key.startswith("course/"):
                rows.put(key, value.replace(b'"closed":', b'"shut":'))
            elif not key.startswith("name/"):
                rows.put(key.replace("charter", "rules"), value)

    programme, store = rebuilding.programme.programme, rebuilding.running.service.store
    assert compare_versions(rebuilding.running.service.ledger, store, rebuilding.builds, STANDINGS, programme) is None
    before = View(name=STANDINGS.name, version=STANDINGS.version - 1, fold=fold)
    while rebuilding.advance(before, programme).outcome == "advanced":
        pass
    position = rebuilding.running.head()
    rebuilding.programme.accepted("consolidate-stage", {"stage": "heat"})
    rebuilding.asked(AUDIT_TRAIL)
    found = compare_versions(rebuilding.running.service.ledger, store, rebuilding.builds, STANDINGS, programme)
    assert found is not None
    assert (found.before, found.after, found.position) == (before.version, STANDINGS.version, position)
    assert found.only_before == {"rules": 1}
    assert found.only_after == {"charter": 1, "name": 3}
    assert found.differing == {"course": 1}
    assert found.examples == {"course/heat": ["shut", "closed"]}
    assert found.same > 10
    assert rebuilding.builds.prune(VIEWS) == 2
    assert {(each.view, each.version, each.state) for each in rebuilding.builds.every()} == {
        (view.name, view.version, "live") for view in VIEWS
    }
    rebuilding.require_exact()


def test_standings_folded_in_other_batches_are_equal_beyond_an_epoch(ledger: PostgresLedger, database: str) -> None:
    """As workers fold them, woken for a few events at a time, and as they are folded anew."""
    competition.fill(database, 1_200)
    store = PostgresViewStore(database)
    builds, advance = PostgresBuilds(store), AdvanceProjection(ledger, store)
    while advance(STANDINGS, PROGRAMME, batch=270).outcome == "advanced":
        pass
    build = builds.request(STANDINGS, PROGRAMME, "verify")
    assert build is not None
    assert RebuildProjection(advance, store, builds).run(STANDINGS, PROGRAMME) == "done"
    certificate = builds.certificate(build)
    assert certificate is not None
    assert (certificate.equal, certificate.differing) == (True, ())
    store.close()
