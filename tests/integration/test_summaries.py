"""Summaries: a mailbox that wants it has one mail a day, of what is in the inbox, however many workers look."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from domain.disclosure import Reader
from domain.noticing import Notice
from domain.refusal import InvalidCommandError
from domain.sentences import Words
from service.application.endpoints import EndpointIssued, NewEndpoint, NewState
from service.settings import SmtpSettings
from service.storage.notices import PostgresNotices
from service.worker_bootstrap import Noticing, open_noticing
from tests.integration.conftest import Running, run_shared
from tests.integration.receiving import deliver
from tests.integration.test_deliveries import Delivered
from tests.integration.test_emails import Server, listening
from tests.serving import free_port

MIDNIGHT = datetime(2031, 3, 9, 15, 0, tzinfo=UTC)
"""The end of a day in Seoul, later than anything here is told."""


@pytest.fixture(scope="module")
def service(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    smtp = SmtpSettings(host="localhost", port=free_port(), tls_from_start=False, sender="notices@sillok.example")
    home = tmp_path_factory.mktemp("summarising")
    yield from run_shared(server, template, home, loopback_endpoints=True, smtp=smtp)


class Summed(Delivered):
    """A programme with workers that queue summaries."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.told.send()
        self.midnight = MIDNIGHT
        self.workers: list[Noticing] = [open_noticing(running.settings, now=self.clock) for _ in range(3)]

    def mailbox(self, team: str = "ant", *, daily: bool = True) -> EndpointIssued:
        asked = NewEndpoint(channel="email", address=f"{team}@localhost", language="en", daily=daily)
        found = self.endpoints.register(self.programme, asked, self.reader(team), "tests")
        assert self.store.confirm(found.endpoint.endpoint, self.clock(), by="tests")
        return found

    def day(self, *, later: int = 0) -> str:
        """The one that begins at midnight in Seoul."""
        return (self.midnight + timedelta(hours=9, days=later)).date().isoformat()

    @property
    def store(self) -> Any:
        return self.endpoints._store

    def summarise(self) -> None:
        """What workers do that look at once."""
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda worker: worker.summarise(), self.workers))

    def mails(self) -> list[tuple[str, str]]:
        """Subject and text of what is mailed now."""
        settings, server = self.told.running.settings.smtp, Server()
        assert settings is not None
        with listening(server, settings.port):
            deliver(self.out)
        found = []
        for mail in server.mails:
            plain = mail.get_body(("plain",))
            assert plain is not None
            found.append((str(mail["Subject"]), plain.get_content()))
        return found

    def close(self) -> None:
        for each in self.workers:
            each.close()
        super().close()


@pytest.fixture(scope="module")
def programme(service: Running) -> Iterator[Summed]:
    with closing(Summed(service)) as found:
        yield found


@pytest.fixture
def summed(programme: Summed) -> Iterator[Summed]:
    """An hour before midnight, with no endpoint before and after a test."""
    programme.midnight += timedelta(days=10)
    programme.clock.at = programme.midnight - timedelta(hours=1)
    yield programme
    for each in programme.endpoints.every(programme.programme, Reader("auditor", "auditor")).endpoints:
        programme.endpoints.remove(programme.programme, each.endpoint, programme.reader(each.team), "tests")


def test_a_mailbox_has_one_summary_of_a_day_of_what_is_in_its_inbox(summed: Summed) -> None:
    """Nothing where nothing came; on the next day what came since. A clock that jumps back brings no second one."""
    summed.mailbox()
    summed.tell("ant")
    summed.summarise()
    assert summed.mails() == []
    summed.tell("ant", "bee")
    summed.summarise()
    assert summed.mails() == [], "the day is not over"
    summed.clock.at = summed.midnight
    summed.summarise()
    summed.summarise()
    ((subject, text),) = summed.mails()
    assert subject == f"[REHEARSAL] Notices to ant by {summed.day()}: 2"
    inbox = [each["notice"] for each in summed.told.get(by="ant").json()["notices"][-2:]]
    assert [word.rpartition("/")[2] for word in text.split() if "/notices/" in word] == inbox
    summed.tell("ant")
    summed.clock.on(hours=-3)
    summed.summarise()
    summed.clock.on(hours=4)
    summed.summarise()
    assert summed.mails() == []
    summed.clock.on(days=1)
    summed.summarise()
    assert [subject for subject, _text in summed.mails()] == [f"[REHEARSAL] Notices to ant by {summed.day(later=1)}: 1"]


def test_a_summary_that_the_mailbox_puts_off_is_tried_again_as_the_same(summed: Summed) -> None:
    issued = summed.mailbox()
    summed.summarise()
    summed.tell("ant")
    summed.clock.at = summed.midnight
    summed.summarise()
    settings = summed.told.running.settings.smtp
    assert settings is not None
    put_off = Server()
    put_off.data = "451 later"
    with listening(put_off, settings.port):
        deliver(summed.out)
    summed.clock.on(minutes=1)
    assert len(summed.mails()) == 1
    found = summed.endpoints.deliveries(
        summed.programme, summed.reader("ant"), endpoint=issued.endpoint.endpoint, limit=10
    ).deliveries
    assert [(str(each.day), each.state, len(each.attempts)) for each in found] == [(summed.day(), "delivered", 2)]


def test_who_changes_to_a_summary_and_back_is_told_of_everything_once(summed: Summed) -> None:
    issued = summed.mailbox(daily=False)
    change = {"programme": summed.programme, "endpoint": issued.endpoint.endpoint}

    def wants(*, daily: bool) -> None:
        asked = NewState(state="active", daily=daily)
        found = summed.endpoints.set_state(**change, asked=asked, reader=summed.reader("ant"), by="tests")
        assert found.daily is daily

    summed.tell("ant")
    assert len(summed.mails()) == 1
    wants(daily=True)
    summed.summarise()
    summed.tell("ant")
    assert summed.mails() == []
    wants(daily=False)
    ((subject, _text),) = summed.mails()
    assert "Notices to" not in subject
    summed.clock.at = summed.midnight
    summed.summarise()
    assert summed.mails() == []


def test_who_wants_each_notice_again_misses_none_that_is_on_its_way_into_the_inbox(summed: Summed) -> None:
    issued, database = summed.mailbox(), summed.told.running.settings.require_database()
    title = Words("On its way", "가는 중")
    notice = Notice(
        id="1-on-its-way",
        programme=summed.programme,
        data_set="rehearsal",
        position=1,
        recipient="ant",
        template="on-its-way",
        title=title,
        body=title,
    )
    endpoint, asked = issued.endpoint.endpoint, NewState(state="active", daily=False)
    change = partial(summed.endpoints.set_state, summed.programme, endpoint, asked, summed.reader("ant"), "tests")
    with closing(PostgresNotices(database, pool_size=1)) as store, ThreadPoolExecutor(1) as thread:
        with store.turn(summed.programme) as turn:
            assert turn is not None
            turn.send([notice], {})
            changed = thread.submit(change)
            wait([changed], timeout=0.3)
        assert changed.result(timeout=10).daily is False
    assert [subject for subject, _text in summed.mails()] == [title.en]


def test_what_reads_webhooks_has_no_summary(summed: Summed) -> None:
    asked = NewEndpoint(channel="webhook", address="http://127.0.0.1:9/", daily=True)
    with pytest.raises(InvalidCommandError) as refused:
        summed.endpoints.register(summed.programme, asked, summed.reader("ant"), "tests")
    assert [each.pointer for each in refused.value.errors] == ["/daily"]
