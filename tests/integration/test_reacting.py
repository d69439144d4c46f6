"""What follows by itself, over real PostgreSQL and real Celery: once, whoever races and whoever is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from domain.envelope import Actor, decode_envelope, encode_envelope
from domain.event import decode_data
from domain.reexecution import Reexecution
from domain.system import SYSTEM
from service.application.identity import Role
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.reacting import AGAIN, React
from service.application.rebuilding import RebuildProjection
from service.cli import main
from service.ed25519 import verify_ed25519
from service.real_parts import real_sources
from service.storage.builds import PostgresBuilds
from service.storage.reactions import PostgresReactions
from service.worker_bootstrap import Reacting, open_noticing, open_reacting
from tests.domain import charters
from tests.domain.granting import PERIOD
from tests.domain.test_reactions import SOON
from tests.domain.verified import found as faults_of
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme
from tests.integration.working import Workers, eventually, kill

SECOND: Final = timedelta(seconds=1)
REMINDING: Final = {"id": "remind-of-objections", "days": "1", "template": "soon"}
EVERY: Final = ("suspend-grants", "revoke-grants", "confer-titles", "open-calls", "finalise-stages", "close-calls")
FOLLOWED: Final = ["AdditionalCallOpened", "GrantRevoked", "GrantSuspended", "TitleConferred", "TitleConferred"]
"""What follows once the results are public and the stage is final, in the order of the names."""


def rules() -> dict[str, Any]:
    today = datetime.now(UTC).date()
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "3"}
    closes = (today + timedelta(days=30)).isoformat()
    return {
        "stages": stages,
        "reactions": [REMINDING, *({"id": each, **({"days": "30"} if "revoke" in each else {})} for each in EVERY)],
        "notices": [SOON],
        "calls": [{**charters.document()["calls"][0], "closes": closes}],
        "entitlements": [
            {"status": "enrolled", "resources": ["gpu"]},
            {"status": "advanced", "resources": ["gpu"], "titles": ["Champion"]},
        ],
    }


def played(running: Running) -> SmallProgramme:
    """cow has GPUs for a year and is eliminated; the results are public and nobody objects."""
    small = SmallProgramme(running, **rules())
    today = datetime.now(UTC).date()
    period = {"starts": today.isoformat(), "ends": (today + timedelta(days=365)).isoformat()}
    small.accepted("set-resource-pool", {"resource": "gpu", "quantity": "10", **period})
    small.accepted("grant-resource", {"resource": "gpu", "quantity": "4", "grant": "g", "team": "cow", **period})
    small.score()
    small.rule()
    small.publish()
    return small


def waived(small: SmallProgramme) -> None:
    for team in charters.TEAMS:
        small.accepted("waive-objections", {**HEAT, "team": team}, by=team)


def events(running: Running) -> list[Any]:
    found = running.service.ledger.read_programme(PROGRAMME, after=0, limit=10_000)
    return list(found)


def by_itself(running: Running) -> list[str]:
    """Types of what the system decided, in the order of the names."""
    return sorted(each.type for each in events(running) if decode_envelope(each.envelope).actor.party == "system")


@contextmanager
def reacting(running: Running, *, later: timedelta = timedelta()) -> Iterator[Reacting]:
    """What a worker works with, at another time than the machine's if that is said."""
    sources = real_sources()
    moved = msgspec.structs.replace(sources, now=lambda: sources.now() + later)
    found = open_reacting(running.settings, sources=moved)
    try:
        yield found
    finally:
        found.close()


def react(found: Reacting) -> None:
    while found.react(PROGRAMME) in ("more", "busy"):
        pass


class _Killed:
    """A store whose turns end as all is decided and nothing is kept yet."""

    def __init__(self, reactions: PostgresReactions) -> None:
        self._reactions = reactions

    @contextmanager
    def turn(self, programme: str) -> Iterator[Any]:
        with self._reactions.turn(programme) as turn:
            yield turn
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def reacted(shared: Running) -> SmallProgramme:
    """A stage whose window ended; teams were reminded, six workers raced, and one was killed once it had decided."""
    small = played(shared)
    with reacting(shared) as found:
        react(found)
        assert by_itself(shared) == ["AdditionalCallOpened"]
        standing = found.reactions.standing(PROGRAMME)
        assert standing.position == shared.head()
        assert standing.due_at is not None
        assert found.behind([PROGRAMME]) == []
        assert found.reactions.behind([PROGRAMME], shared.head(), standing.due_at) == [PROGRAMME]
        assert found.reactions.behind([PROGRAMME], shared.head(), standing.due_at - SECOND) == []
    with reacting(shared, later=timedelta(days=3)) as found:
        react(found)
        assert by_itself(shared) == ["AdditionalCallOpened", *["NoticeServed"] * 3]
        standing = found.reactions.standing(PROGRAMME)
    with reacting(shared, later=timedelta(days=4)) as found:
        store: Any = _Killed(found.reactions)
        killed = React(found.ledger, store, found.react._submit, found.now)
        with pytest.raises(KeyboardInterrupt):
            killed(PROGRAMME)
        assert "StageFinalised" in by_itself(shared)
        assert found.reactions.standing(PROGRAMME) == standing
        with ThreadPoolExecutor(6) as threads, ExitStack() as stack:
            others = [stack.enter_context(reacting(shared, later=timedelta(days=4))) for _ in range(5)]
            list(threads.map(react, [found, *others]))
    return small


def test_everything_follows_once_whoever_races_and_whoever_is_killed(reacted: SmallProgramme) -> None:
    assert by_itself(reacted.running) == sorted([*FOLLOWED, "StageFinalised", *["NoticeServed"] * 3])


def test_a_replay_of_events_or_a_clock_that_jumps_back_causes_nothing(reacted: SmallProgramme) -> None:
    """What is looked at again from the beginning, at any time, finds all of it decided."""
    running, before = reacted.running, reacted.running.head()
    with psycopg.connect(running.database, autocommit=True) as connection:
        connection.execute("UPDATE reaction.progress SET position = 0, due_at = NULL")
    for hours in (-1, 0, 24 * 4):
        with reacting(running, later=timedelta(hours=hours)) as found:
            react(found)
    assert running.head() == before


def test_rebuilds_and_what_ifs_cause_nothing(reacted: SmallProgramme) -> None:
    running, before = reacted.running, reacted.running.head()
    advance = AdvanceProjection(running.service.ledger, running.service.store)
    builds = PostgresBuilds(running.service.store)
    rebuild = RebuildProjection(advance, running.service.store, builds)
    advance.catch_up(PROGRAMME)
    for view in VIEWS:
        assert builds.request(view, PROGRAMME, "swap") is not None
        while rebuild.run(view, PROGRAMME) == "folding":
            pass
    question = {"alterations": [{"change": "verdict", "team": "cow", "verdict": "not_met"}]}
    headers = {"Authorization": f"Bearer {running.keys.auditor}"}
    path = f"/v1/programmes/{PROGRAMME}/what-if"
    assert reacted.client.post(path, json=question, headers=headers).status_code == 200
    assert running.head() == before


def test_the_audit_trail_tells_what_followed_from_what_and_the_public_reads_it(reacted: SmallProgramme) -> None:
    entries = {each["position"]: each for each in reacted.read("/audit-trail", limit=500)["entries"]}
    found = {each["type"]: each for each in entries.values() if each.get("agency") == "system:sillok"}
    assert sorted(found) == sorted({*FOLLOWED, "StageFinalised"})
    assert entries[found["StageFinalised"]["follows"]]["type"] == "ResultsPublished"
    assert entries[found["GrantSuspended"]["follows"]]["type"] == "StageFinalised"
    follows, says = found["GrantSuspended"]["follows"], found["GrantSuspended"]["says"]
    assert "the system suspended" in says["en"]
    assert f"It follows by itself from position {follows}, as the charter has it." in says["en"]
    assert "시스템이" in says["ko"]
    assert f"기록 {follows}번에서 자동으로" in says["ko"]
    assert all("follows" not in each for each in entries.values() if each.get("agency") != "system:sillok")


def test_whoever_makes_the_decisions_again_finds_that_they_had_to_be_made(reacted: SmallProgramme) -> None:
    ledger = events(reacted.running)
    proofs = {each.position: each for each in Reexecution(PROGRAMME, verify_ed25519).proofs(ledger)}
    assert [each.why for each in proofs.values() if each.why] == []
    said = {each.position: decode_envelope(each.envelope) for each in ledger}
    assert {proofs[at].verdict for at, each in said.items() if each.actor.party == "system"} == {"forced"}


def test_a_reminder_is_in_the_inbox_of_its_team(reacted: SmallProgramme) -> None:
    noticing = open_noticing(reacted.running.settings)
    while noticing.send(PROGRAMME) == "more":
        pass
    noticing.close()
    (reminder,) = reacted.read("/notices", by="ant")["notices"]
    assert reminder["title"]["en"].startswith("[REHEARSAL] Until 2")
    assert reminder["served"] == reminder["position"]


def test_both_verifiers_take_what_followed(reacted: SmallProgramme) -> None:
    ledger = [
        (decode_data(each.type, each.version, each.data), decode_envelope(each.envelope))
        for each in events(reacted.running)
    ]
    assert faults_of(ledger) == []


def test_what_is_to_follow_and_what_holds_it_can_be_seen(running: Running) -> None:
    """An upheld objection leads to another ruling, which does not bear the outcome: the stage waits for that."""
    small = played(running)
    objection = {**HEAT, "objection": "o", "team": "ant"}
    small.accepted("file-objection", {**objection, "subject": "ruling", "grounds": "wrong"}, by="ant")
    assert [each["at"] for each in seen(running) if each["reaction"] == "open-calls"] == [None]
    assert not [each for each in seen(running) if each["reaction"] == "finalise-stages"]
    small.accepted("decide-objection", {**objection, "outcome": "upheld", "reason": "right"}, by="other")
    finding = {"perspective": "own", "condition": "built", "verdict": "not_met"}
    ruling = {**HEAT, "team": "ant", "verdict": "not_met", "perspectives": ["own"], "findings": [finding]}
    small.accepted("rule-independence", {**ruling, "evidence": [f"{0:064x}"], "reason": WHY})
    with reacting(running, later=timedelta(days=4)) as worker:
        react(worker)
        assert worker.behind([PROGRAMME]) == []
        again = worker.now() + AGAIN
        assert worker.reactions.behind([PROGRAMME], running.head(), again) == [PROGRAMME], "it may hold on another day"
    *_reminders, held, later = seen(running)
    assert (held["reaction"], held["subject"], held["decision"]) == ("finalise-stages", "heat", "finalise-stage")
    assert held["held"] == "ant advanced, but ant was ruled not independent"
    assert (later["reaction"], later["held"]) == ("close-calls", None)
    assert by_itself(running) == ["AdditionalCallOpened"]


def seen(running: Running) -> list[dict[str, Any]]:
    environment = {"DATABASE_URL": running.url, "SILLOK_HOME": str(running.settings.home)}
    done = CliRunner().invoke(main, ["reactions", PROGRAMME, "--json"], env=environment)
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(main, ["reactions", PROGRAMME], env=environment).exit_code == 0
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def test_a_decision_that_did_not_follow_is_found(reacted: SmallProgramme) -> None:
    """Whoever runs the service writes it into the ledger: of another event, or of nobody's."""
    ledger = events(reacted.running)
    at = next(n for n, each in enumerate(ledger) if each.type == "GrantSuspended")
    envelope = decode_envelope(ledger[at].envelope)
    for changes in ({"causation": "3"}, {"causation": None}, {"actor": Actor(agency="owner", principal="a key")}):
        forged = encode_envelope(msgspec.structs.replace(envelope, **changes))
        tampered = [*ledger[:at], msgspec.structs.replace(ledger[at], envelope=forged), *ledger[at + 1 :]]
        faults = [each for each in Reexecution(PROGRAMME, verify_ed25519).proofs(tampered) if each.why]
        assert [each.position for each in faults] == [ledger[at].position], changes


def test_nobody_asks_as_the_system(reacted: SmallProgramme) -> None:
    """No key that is issued in its name decides as it, and no field of a request makes one it."""
    for role in get_args(Role):
        reacted.keys["it"] = reacted.running.issue(role, SYSTEM)
        assert reacted.submit("confer-title", {"team": "cow", "title": "Champion"}, by="it").status_code == 403
    suspend = {"grant": "g", "starts": PERIOD["starts"], "reason": WHY}
    for more in ({"follows": 3}, {"actor": {"agency": SYSTEM, "principal": "suspend-grants/1", "party": "system"}}):
        assert reacted.submit("suspend-grant", {**suspend, **more}).status_code == 422


@pytest.mark.timeout(120)
def test_a_worker_that_is_killed_between_deciding_and_keeping_its_position_decides_once(
    serving: Running, workers: Workers
) -> None:
    """Redis wakes the worker; PostgreSQL holds it where it has decided and not said so, and there it is killed."""
    small = played(serving)
    waived(small)
    with psycopg.connect(serving.database, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION reaction.wait() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(100); RETURN NEW; END $$"
        )
        connection.execute("CREATE TRIGGER wait BEFORE UPDATE ON reaction.progress EXECUTE FUNCTION reaction.wait()")
        worker = workers.worker()
        small.accepted("finalise-stage", HEAT)
        eventually(lambda: len(by_itself(serving)) == 1, 60, workers.log)
        kill(worker)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%reaction.progress%'"
            " AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP TRIGGER wait ON reaction.progress")
    workers.worker()
    workers.beat()
    eventually(lambda: len(by_itself(serving)) >= len(FOLLOWED), 60, workers.log)
    eventually(lambda: PostgresReactions(serving.url).standing(PROGRAMME).position == serving.head(), 30, workers.log)
    assert by_itself(serving) == FOLLOWED
