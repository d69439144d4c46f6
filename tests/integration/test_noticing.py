"""Notices over real PostgreSQL: each exactly once, whatever happens to those who send, and read by its recipient."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

import msgspec
import psycopg
import pytest

from domain.envelope import decode_envelope
from domain.event import decode_data
from domain.notices import NoticeServed
from domain.noticing import Notice, NoticeFacts, notices_of
from domain.reexecution import Reexecution
from domain.sentences import Words
from ops.bench.competition import new_event
from service.application.noticing import SendNotices
from service.application.ports import AppendRequest
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.rebuilding import RebuildProjection
from service.ed25519 import verify_ed25519
from service.storage.builds import PostgresBuilds
from service.storage.identifiers import uuid7
from service.storage.notices import PostgresNotices
from service.worker_bootstrap import open_noticing, open_reacting
from tests.domain import charters
from tests.domain.charters import names
from tests.domain.verified import found as faults_of
from tests.integration.conftest import Running
from tests.integration.small import SmallProgramme
from tests.integration.test_bad_input import expect

EVERYBODY: Final = ["enrolled", "advanced", "eliminated"]
TEMPLATES: Final = [
    *(
        {
            "id": name,
            "title": names(name),
            "body": names("{what}"),
            "variables": ["what"],
            "events": list(events),
            "recipients": recipients,
        }
        for name, events, recipients in (
            ("enrolment", ("TeamEnrolled",), EVERYBODY),
            ("outcome", ("TeamAdvanced", "TeamEliminated"), EVERYBODY),
            ("ruling", ("IndependenceRuled", "EvidenceRegistered"), EVERYBODY),
            ("results", ("ResultsPublished",), EVERYBODY),
            ("call", ("AdditionalCallOpened",), ["eliminated", "registered"]),
        )
    ),
]
SERVED_BY: Final = {"ruling": "inbox", "results": "opened", "consortium": "delivered"}
"""Of some templates, by which evidence notices are served on record."""
CHANGED: Final = {**TEMPLATES[0], "id": "consortium", "events": ["ConsortiumChanged"]}
RULES: Final[dict[str, Any]] = {
    "automatic_notices": [
        {
            **each,
            **({"service": {"by": SERVED_BY[each["id"]], "acknowledge_days": "7"}} if each["id"] in SERVED_BY else {}),
        }
        for each in (*TEMPLATES, CHANGED)
    ],
    "reactions": [{"id": "serve-notices"}],
}
WITH_RESULTS: Final = {(team, kind) for team in charters.TEAMS for kind in ("outcome", "ruling", "results")}
ENROLLED: Final = {(team, "enrolment") for team in charters.TEAMS}
CALLED: Final = {("cow", "call"), ("newcomer", "call")}


class InMemory:
    """A `NoticeStore` of one programme, as far as sending goes."""

    def __init__(self) -> None:
        self.position, self.halted = 0, None
        self.found: dict[tuple[int, str, str], Notice] = {}

    @contextmanager
    def turn(self, _programme: str) -> Iterator[InMemory]:
        yield self

    def send(self, notices: Sequence[Notice], _service: Any) -> None:
        for each in notices:
            self.found.setdefault((each.position, each.recipient, each.template), each)


class Told:
    """A small programme whose charter tells teams of what happens; `keys` of a consortium that is no team as well."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.programme = SmallProgramme(running, **RULES)
        self.programme.keys["newcomer"] = running.issue("consortium", "newcomer")
        self.noticing = open_noticing(running.settings)
        self.notices = self.noticing.notices

    def sender(self, store: Any = None) -> SendNotices:
        return SendNotices(self.noticing.ledger, store, self.notices.registered) if store else self.noticing.send

    def send(self, *, batch: int = 2000) -> None:
        send = self.sender()
        while send(self.programme.programme, batch=batch) in ("more", "busy"):
            pass

    def kept(self) -> list[tuple[str, str]]:
        return [(each.recipient, each.template) for each in self.sent()]

    def sent(self) -> list[Notice]:
        return [each.notice for each in self.notices.sent(self.programme.programme, None, after=0, limit=1000)]

    def get(self, path: str = "", by: str | None = None, **parameters: Any) -> Any:
        path = f"/v1/programmes/{self.programme.programme}/notices{path}"
        return self.running.client.get(path, params=parameters, headers=self.programme.headers(by))


@pytest.fixture
def alone(running: Running) -> Iterator[Told]:
    """A programme with three teams of which nobody was told yet."""
    told = Told(running)
    yield told
    told.noticing.close()


@pytest.fixture(scope="module")
def told(shared: Running) -> Iterator[Told]:
    """A programme whose results are published: six workers raced, one was killed in its turn, and a call was opened."""
    told = Told(shared)
    programme = told.programme
    programme.score()
    programme.rule()
    told.send()
    assert set(told.kept()) == ENROLLED, "what is under embargo was told"
    programme.publish()
    _killed_in_its_turn(told)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _n: told.send(batch=5), range(6)))
    programme.accepted("open-additional-call", {"call": "refill", "after": "heat"})
    told.send()
    yield told
    told.noticing.close()


def _killed_in_its_turn(told: Told) -> None:
    before = told.kept()
    with pytest.raises(KeyboardInterrupt):
        told.sender(_Killed(told.notices))(told.programme.programme)
    assert told.kept() == before


class _Killed:
    """A store whose turns end as all is written and nothing is kept yet."""

    def __init__(self, notices: PostgresNotices) -> None:
        self._notices = notices

    @contextmanager
    def turn(self, programme: str) -> Iterator[Any]:
        with self._notices.turn(programme) as turn:
            yield turn
            raise KeyboardInterrupt


def test_each_is_told_exactly_once_however_many_race_and_whoever_is_killed(told: Told) -> None:
    assert len(told.kept()) == len(set(told.kept()))
    known = {*charters.TEAMS, "newcomer"}
    assert {each for each in told.kept() if each[0] in known} == ENROLLED | WITH_RESULTS | CALLED
    assert {template for recipient, template in told.kept() if recipient not in known} == {"call"}


@pytest.mark.parametrize("batch", [1, 7, 2000])
def test_any_batch_size_gives_the_same_notices(told: Told, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.application.noticing.SENT_TOGETHER", batch)
    store = InMemory()
    send = told.sender(store)
    while send(told.programme.programme, batch=batch) == "more":
        pass
    assert store.found == {(each.position, each.recipient, each.template): each for each in told.sent()}


def test_neither_a_rebuild_nor_another_run_sends_anything(told: Told) -> None:
    before = told.kept()
    running = told.running
    running.project()
    builds = PostgresBuilds(running.service.store)
    advance = AdvanceProjection(running.service.ledger, running.service.store)
    rebuild = RebuildProjection(advance, running.service.store, builds)
    for view in VIEWS:
        builds.request(view, told.programme.programme, "swap")
        while rebuild.run(view, told.programme.programme, seconds=10) == "folding":
            pass
    told.send()
    assert told.kept() == before


def test_what_was_sent_before_stays_as_it_was(told: Told) -> None:
    """What a team read at once is due again with the results of its stage."""
    before = told.sent()
    with told.notices.turn(told.programme.programme) as turn:
        assert turn is not None
        turn.send([msgspec.structs.replace(before[0], title=Words("other", "다른"))], {})
    assert told.sent() == before


def test_a_notice_is_never_changed_or_removed(told: Told) -> None:
    with psycopg.connect(told.running.database, autocommit=True) as connection:
        for statement in (
            "UPDATE notice.outbox SET recipient = 'x'",
            "UPDATE notice.outbox SET content = 'x', sha256 = sha256('x')",
            "UPDATE notice.outbox SET service = 'inbox' WHERE template = 'results'",
            "DELETE FROM notice.outbox",
            "TRUNCATE notice.outbox CASCADE",
            "UPDATE notice.progress SET position = 0",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_consortium_reads_its_own_and_when_it_did_is_kept(told: Told) -> None:
    inbox = told.get(by="bee").json()
    assert {each["recipient"] for each in inbox["notices"]} == {"bee"}
    assert inbox["unread"] == len(inbox["notices"]) == 4
    first, *_rest = inbox["notices"]
    assert first["opened_at"] is None
    expect(told.get(f"/{first['notice']}", by="cow"), 404, "unknown-notice")
    told.get(f"/{first['notice']}", by="owner").raise_for_status()
    opened = told.get(f"/{first['notice']}", by="bee").json()
    again = told.get(f"/{first['notice']}", by="bee").json()
    assert opened == again
    assert opened["opened_at"] >= opened["delivered_at"]
    assert opened["body"]["ko"].endswith("Made up for tests (ko)")
    assert told.get(by="bee").json()["unread"] == 3
    assert told.get(by="owner", recipient="bee").json()["notices"][0]["opened_at"] == opened["opened_at"]
    expect(told.get(by="bee", recipient="cow"), 403, "notices-not-yours-to-read")


def serve(told: Told) -> None:
    """Put on record what there is to, in six workers that race."""
    with ThreadPoolExecutor(6) as threads, ExitStack() as stack:
        workers = [stack.enter_context(closing(open_reacting(told.running.settings))) for _ in range(6)]
        list(threads.map(lambda worker: worker.serve(told.programme.programme), workers))
        assert workers[0].serve.behind() == []


def served(told: Told) -> list[tuple[str, str]]:
    """To whom, by which template; what an agency served by hand left out."""
    return [
        (each.team, each.template)
        for each in (
            decode_data(each.type, each.version, each.data)
            for each in told.running.service.ledger.read_programme(told.programme.programme)
            if each.type == "NoticeServed"
        )
        if isinstance(each, NoticeServed) and each.template != "hearing"
    ]


def test_what_amounts_to_service_by_the_charter_is_on_record_once_whoever_races_or_begins_anew(told: Told) -> None:
    """What is in the inbox at once; what has to be opened once it was, and not before."""
    rulings = [(each, "ruling") for each in charters.TEAMS]
    serve(told)
    assert sorted(served(told)) == rulings
    (results,) = [each for each in told.sent() if (each.recipient, each.template) == ("cow", "results")]
    told.get(f"/{results.id}", by="owner").raise_for_status()
    serve(told)
    assert sorted(served(told)) == rulings
    told.get(f"/{results.id}", by="cow").raise_for_status()
    serve(told)
    assert sorted(served(told)) == sorted([*rulings, ("cow", "results")])
    before = told.running.head()
    with psycopg.connect(told.running.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE notice.outbox DISABLE TRIGGER only_opened")
        connection.execute("UPDATE notice.outbox SET served = false, serve_after = NULL")
        connection.execute("ALTER TABLE notice.outbox ENABLE TRIGGER only_opened")
    serve(told)
    assert told.running.head() == before
    ledger = list(told.running.service.ledger.read_programme(told.programme.programme))
    assert [each.why for each in Reexecution(told.programme.programme, verify_ed25519).proofs(ledger) if each.why] == []
    assert faults_of([(decode_data(e.type, e.version, e.data), decode_envelope(e.envelope)) for e in ledger]) == []
    _evidence_of(told, results)
    _held_where_its_id_is_taken(told)


def _held_where_its_id_is_taken(told: Told) -> None:
    """As an agency could before ids were kept apart: what was never served is not taken for served."""
    programme = told.programme.programme
    (results,) = [each for each in told.sent() if (each.recipient, each.template) == ("bee", "results")]
    of: dict[str, Any] = {"notice": results.id, "team": "bee", "template": "hearing", "subject": "heat"}
    of["values"] = {"question": "why"}
    expect(told.programme.submit("serve-notice", of), 422, "invalid-command")
    event = NoticeServed(**of, deadline="2026-01-22T15:00:00.000000Z")
    told.running.service.ledger.append(AppendRequest(events=[new_event(event, programme)], decision_id=uuid7()))
    told.get(f"/{results.id}", by="bee").raise_for_status()
    before = told.running.head()
    serve(told)
    assert told.running.head() == before
    path = f"/v1/programmes/{programme}/notice-evidence"
    asked: dict[str, Any] = {"params": {"notice": results.id}, "headers": told.programme.headers("owner")}
    (row,) = told.running.client.get(path, **asked).json()["told"]
    assert "is served" in row["held"]


def _evidence_of(told: Told, results: Notice) -> None:
    """Who was told what, when, by which channel, and what is on record of it."""
    path = f"/v1/programmes/{told.programme.programme}/notice-evidence"
    client, as_owner, as_bee = told.running.client, told.programme.headers("owner"), told.programme.headers("bee")
    (row,) = client.get(path, params={"notice": results.id}, headers=as_owner).json()["told"]
    assert [(each["what"], each["channel"]) for each in row["steps"]] == [
        ("arrived", "inbox"),
        ("opened", "inbox"),
        ("served", "ledger"),
    ]
    assert [each["at"] for each in row["steps"]] == sorted(each["at"] for each in row["steps"])
    expect(client.get(path, params={"recipient": "cow"}, headers=as_bee), 403, "notices-not-yours-to-read")
    inbox = {each["notice"]: each for each in told.get(by="cow").json()["notices"]}
    assert inbox[results.id]["served"] == row["steps"][2]["position"]


def test_who_is_no_team_is_told_of_a_call_and_reads_nothing_else(told: Told) -> None:
    (notice,) = told.get(by="newcomer").json()["notices"]
    assert notice["template"] == "call"


def test_what_was_delivered_is_shown_with_its_hash(told: Told) -> None:
    (notice,) = told.get(by="newcomer").json()["notices"]
    whole = told.get(f"/{notice['notice']}", by="owner").json()
    assert hashlib.sha256(whole["content"].encode()).hexdigest() == whole["sha256"] == notice["sha256"]


def test_pages_follow_each_other(told: Told) -> None:
    page = told.get(by="owner", limit=4)
    found = [each["number"] for each in page.json()["notices"]]
    while next_page := page.links.get("next"):
        page = told.running.client.get(next_page["url"], headers=told.programme.headers("owner"))
        found += [each["number"] for each in page.json()["notices"]]
    assert found == [each["number"] for each in told.get(by="owner").json()["notices"]]


def test_a_notice_served_by_hand_is_in_the_inbox_and_says_what_became_of_it(alone: Told) -> None:
    """As evidence: when it was delivered and opened, and where the ledger says that it was served and acknowledged."""
    body = {"notice": "by-hand", "team": "ant", "template": "hearing", "subject": "heat", "values": {"question": "why"}}
    served = alone.programme.accepted("serve-notice", body)
    alone.send()
    notice = alone.get("/by-hand", by="ant").json()
    assert notice["body"]["en"].startswith("Answer why until then.")
    assert (notice["served"], notice["acknowledged"]) == (served, None)
    acknowledged = alone.programme.accepted("acknowledge-notice", {"notice": "by-hand", "team": "ant"}, by="ant")
    (row,) = [each for each in alone.get(by="owner").json()["notices"] if each["notice"] == "by-hand"]
    assert row["acknowledged"] == acknowledged
    assert row["acknowledge_by"] is not None
    assert row["opened_at"] == notice["opened_at"]


def test_what_cannot_be_told_halts_the_programme_and_says_so(alone: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came before it is told; once it can be told, all follows."""
    before, bee, _cow = range(alone.running.head() - 2, alone.running.head() + 1)

    def fails(stored: bytes, facts: NoticeFacts) -> Iterator[Notice]:
        if facts.roster.status.keys() == {"ant", "bee"}:
            raise ZeroDivisionError
        return notices_of(stored, facts)

    with monkeypatch.context() as patched:
        patched.setattr("service.application.noticing.notices_of", fails)
        assert alone.sender()(alone.programme.programme) == "halted"
        assert alone.sender()(alone.programme.programme) == "halted"
    assert [each.position for each in alone.sent()] == [before]
    assert f"position {bee}" in alone.get(by="owner").json()["halted"]
    assert alone.notices.behind([alone.programme.programme], alone.running.head()) == []
    assert alone.notices.retry() == 1
    alone.send()
    assert set(alone.kept()) == ENROLLED
    assert alone.get(by="owner").json()["halted"] is None
