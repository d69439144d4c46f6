"""Deliveries over real PostgreSQL and real HTTP: none lost, none recorded that was not, in order, nobody delayed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
import pytest

from domain.disclosure import Reader
from service.application import delivering as rules
from service.application.delivering import SCHEDULE
from service.application.delivery_ports import SEND_SECONDS
from service.application.endpoints import (
    STRANGERS,
    Confirmation,
    EndpointIssued,
    EndpointStateError,
    NewEndpoint,
    NewState,
    UnknownEndpointError,
)
from service.application.erasing import Subject
from service.application.ports import LedgerUnavailableError
from service.settings import SmtpSettings
from service.storage.access_database import AccessDatabase
from service.storage.erasures import PostgresErasures
from service.storage.resealing import Resealing
from service.storage.subject_keys import SubjectKeys
from service.worker_bootstrap import Delivering, open_delivering
from tests.integration.conftest import Running, run_shared
from tests.integration.receiving import Clock, Receiver, deliver, receiving, until
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.test_bad_input import expect
from tests.integration.test_emails import Server, free_port, listening
from tests.integration.test_noticing import Told, serve, served
from tests.integration.test_webhooks import verifies_by_key

AHEAD: Final = timedelta(days=1)
"""So far the clock is ahead of the database's: no notice waits for its receipt, unless a test says so."""


class Delivered:
    """A programme whose teams were told of their enrolment, and have endpoints; time goes on when a test says so."""

    def __init__(self, running: Running) -> None:
        self.told = Told(running)
        self.programme = self.told.programme.programme
        self.endpoints = running.service.parts.endpoints
        self.clock = Clock(datetime.now(UTC) + AHEAD)
        self.out: Delivering = open_delivering(running.settings, now=self.clock)

    def reader(self, team: str) -> Reader:
        return Reader("consortium", team)

    def register(self, receiver: Receiver, team: str = "ant", path: str = "") -> EndpointIssued:
        """An endpoint that was confirmed."""
        found = self.unconfirmed(receiver, team, path)
        self.endpoints.test(self.programme, found.endpoint.endpoint, self.reader(team))
        before, receiver.answer = receiver.answer, receiver.gives_back
        deliver(self.out)
        receiver.answer = before
        receiver.posted.clear()
        return found

    def unconfirmed(self, receiver: Receiver, team: str = "ant", path: str = "") -> EndpointIssued:
        asked = NewEndpoint(channel="webhook", address=f"{receiver.url}{path}")
        return self.endpoints.register(self.programme, asked, self.reader(team), "tests")

    def state(self, issued: EndpointIssued) -> Any:
        found = self.endpoints.every(self.programme, Reader("auditor", "auditor")).endpoints
        return next(each for each in found if each.endpoint == issued.endpoint.endpoint)

    def log(self, issued: EndpointIssued) -> list[Any]:
        """What was to go there, tests left out."""
        reader, endpoint = Reader("auditor", "auditor"), issued.endpoint.endpoint
        found = self.endpoints.deliveries(self.programme, reader, endpoint=endpoint, limit=1000)
        return [each for each in found.deliveries if each.notice is not None]

    def tell(self, *teams: str) -> None:
        """A notice more to each of them."""
        for team in teams:
            body = {"notice": f"n-{self.told.running.head()}", "team": team, "template": "hearing"}
            self.told.programme.accepted("serve-notice", {**body, "subject": "heat", "values": {"question": "why"}})
        self.told.send()

    def close(self) -> None:
        self.out.close()
        self.told.noticing.close()


@pytest.fixture(scope="module")
def service(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    smtp = SmtpSettings(host="localhost", port=free_port(), tls_from_start=False, sender="notices@sillok.example")
    home = tmp_path_factory.mktemp("delivering")
    yield from run_shared(server, template, home, loopback_endpoints=True, smtp=smtp)


@pytest.fixture(scope="module")
def programme(service: Running) -> Iterator[Delivered]:
    found = Delivered(service)
    found.tell("ant", "bee")
    yield found
    found.close()


@pytest.fixture
def delivered(programme: Delivered) -> Iterator[Delivered]:
    """The programme, with no endpoint before and after a test."""
    yield programme
    for each in programme.endpoints.every(programme.programme, Reader("auditor", "auditor")).endpoints:
        programme.endpoints.remove(programme.programme, each.endpoint, programme.reader(each.team), "tests")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_a_notice_goes_to_every_endpoint_of_its_recipient_once_and_to_nobody_else(
    delivered: Delivered, receiver: Receiver
) -> None:
    for team, path in (("ant", "/1"), ("ant", "/2"), ("bee", "/3")):
        delivered.register(receiver, team, path)
    delivered.tell("ant")
    delivered.told.send()
    deliver(delivered.out)
    deliver(delivered.out)
    assert sorted(each.path for each in receiver.posted) == ["/hook/1", "/hook/2"]
    assert {each.event["recipient"] for each in receiver.posted} == {"ant"}


def test_what_goes_out_says_what_it_is_and_is_what_is_in_the_inbox(delivered: Delivered, receiver: Receiver) -> None:
    delivered.register(receiver)
    delivered.tell("ant")
    deliver(delivered.out)
    (posted,) = receiver.posted
    event = posted.event
    assert (event["type"], event["dataset"], event["specversion"]) == ("sillok.notice", "rehearsal", "1.0")
    assert event["data"]["notice"]["title"]["en"].startswith("[REHEARSAL]")
    kept = delivered.told.sent()[-1]
    assert event["data"]["notice"] == msgspec.to_builtins(kept)
    assert event["id"] == posted.headers["webhook-id"]
    inbox = delivered.told.running.client.get(event["data"]["inbox"], headers=delivered.told.programme.headers("ant"))
    assert inbox.json()["sha256"] == event["data"]["sha256"]


def test_a_notice_waits_for_its_receipt_and_carries_it_with_the_checkpoint(
    delivered: Delivered, receiver: Receiver, signer: SignerProcess
) -> None:
    """But not for ever: after ten seconds it goes without, and says where the receipt will be."""
    delivered.register(receiver)
    delivered.tell("ant")
    delivered.clock.at = datetime.now(UTC)
    for begun in delivered.out.deliver.start():
        begun.result(timeout=30)
    delivered.out.deliver.settle()
    assert receiver.posted == []
    with sealer(delivered.told.running.database, signer.client) as seal:
        seal(seconds=10)

        def looked_again() -> bool:
            delivered.clock.on(seconds=0.1)
            deliver(delivered.out)
            return bool(receiver.posted)

        until(looked_again)
        (posted,) = receiver.posted
        data = posted.event["data"]
        assert data["receipt"] == delivered.told.running.client.get(data["receipt_url"]).text
        assert data["receipt"].endswith(data["checkpoint"]["note"])
        assert data["checkpoint"]["size"] >= data["notice"]["position"]
    delivered.tell("ant")
    delivered.clock.at = datetime.now(UTC) + 30 * AHEAD
    deliver(delivered.out)
    assert receiver.posted[-1].event["data"]["receipt"] is None


def test_what_an_endpoint_took_is_on_record_as_served_with_the_evidence(
    delivered: Delivered, receiver: Receiver
) -> None:
    """Not what it refused."""
    issued = delivered.register(receiver)
    delivered.told.programme.accepted("change-consortium", {"team": "ant", "joined": ["X"], "effective": "2026-01-15"})
    delivered.told.send()
    before = served(delivered.told)
    receiver.answers(500)
    deliver(delivered.out)
    serve(delivered.told)
    assert served(delivered.told) == before
    receiver.answers(204)
    delivered.clock.on(minutes=1)
    deliver(delivered.out)
    serve(delivered.told)
    assert served(delivered.told) == [*before, ("ant", "consortium")]
    table = delivered.told.running.service.parts.notice_evidence(delivered.programme, delivered.reader("ant"))
    (row,) = [each for each in table.told if each.template == "consortium"]
    assert [(each.what, each.channel, each.answer) for each in row.steps if each.what != "arrived"] == [
        ("served", "ledger", None),
        ("failed", "webhook", "status 500"),
        ("delivered", "webhook", "status 204"),
    ]
    assert {each.endpoint for each in row.steps if each.channel == "webhook"} == {issued.endpoint.endpoint}


def test_an_endpoint_that_is_not_confirmed_gets_nothing_but_tests(delivered: Delivered, receiver: Receiver) -> None:
    """And giving back something else than its challenge does not confirm it."""
    issued = delivered.unconfirmed(receiver)
    receiver.answers(200, body=b'{"challenge": "guessed"}')
    delivered.endpoints.test(delivered.programme, issued.endpoint.endpoint, delivered.reader("ant"))
    delivered.tell("ant")
    deliver(delivered.out)
    assert [each.event["type"] for each in receiver.posted] == ["sillok.endpoint.test"]
    assert delivered.state(issued).state == "unconfirmed"


def test_attempts_follow_the_schedule_that_is_published_and_then_the_endpoint_is_disabled(
    delivered: Delivered, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "JITTER", 0.0)
    issued = delivered.register(receiver)
    receiver.answers(500)
    delivered.tell("ant")
    delivered.tell("ant")
    for wait in SCHEDULE:
        deliver(delivered.out)
        tried = len(receiver.posted)
        delivered.clock.on(seconds=wait.total_seconds() - 1)
        deliver(delivered.out)
        assert len(receiver.posted) == tried, f"sooner than {wait}"
        delivered.clock.on(seconds=1)
    deliver(delivered.out)
    first, second = delivered.log(issued)
    assert (len(first.attempts), first.state, first.answer) == (10, "dead", "status 500")
    assert (len(second.attempts), second.state) == (0, "dead")
    assert len({each.headers["webhook-id"] for each in receiver.posted}) == 1
    assert delivered.state(issued).state == "disabled"
    assert "status 500" in delivered.state(issued).because


def test_500_for_a_day_and_then_200_delivers_all_in_order(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    receiver.answers(500)
    delivered.tell("ant")
    deliver(delivered.out)
    delivered.tell("ant", "ant")
    until_tomorrow = delivered.clock.at + timedelta(days=1)
    while delivered.clock.at < until_tomorrow:
        delivered.clock.on(hours=1)
        deliver(delivered.out)
    failing = delivered.state(issued).failing_since
    assert failing is not None
    receiver.posted.clear()
    receiver.answers(200)
    delivered.clock.on(days=1)
    deliver(delivered.out)
    log = delivered.log(issued)
    assert [each.state for each in log] == ["delivered"] * 3
    assert [each.event["data"]["notice"]["id"] for each in receiver.posted] == [each.notice for each in log]
    assert delivered.state(issued).failing_since is None


def test_410_disables_an_endpoint_at_once_and_its_team_may_take_it_up_again(
    delivered: Delivered, receiver: Receiver
) -> None:
    """The inbox says so, and so do the team's other endpoints."""
    issued = delivered.register(receiver)
    delivered.register(receiver, path="/other")
    delivered.register(receiver, "bee", "/bee")
    receiver.answer = lambda posted: (410 if posted.path == "/hook" else 204, {}, b"")
    delivered.tell("ant", "ant")
    deliver(delivered.out)
    assert len([each for each in receiver.posted if each.path == "/hook"]) == 1
    assert delivered.state(issued).state == "disabled"
    told = [(each.path, each.event["data"]) for each in receiver.posted if each.event["type"].endswith("disabled")]
    assert told == [("/hook/other", {"endpoint": issued.endpoint.endpoint, "because": "status 410: gone"})]
    assert delivered.told.get(by="ant").json()["disabled"] == [issued.endpoint.endpoint], "the inbox tells its team"
    assert delivered.told.get(by="bee").json()["disabled"] == []
    receiver.answers(200)
    owner, team = Reader("agency", "owner"), delivered.reader("ant")
    delivered.endpoints.set_state(
        delivered.programme, issued.endpoint.endpoint, NewState(state="active"), team, "tests"
    )
    dead = delivered.endpoints.deliveries(delivered.programme, owner, state="dead", limit=1000).deliveries
    for each in dead[-2:]:
        delivered.endpoints.resend(delivered.programme, each.delivery, owner, "tests")
    deliver(delivered.out)
    assert [each.state for each in delivered.log(issued)] == ["delivered"] * 2


def test_mailboxes_that_nobody_confirmed_are_sent_few_tests_whoever_registers_them_anew(
    delivered: Delivered, receiver: Receiver
) -> None:
    issued, team = delivered.register(receiver, "bee"), delivered.reader("bee")
    of: Any = {"programme": delivered.programme, "reader": team}
    for nth in range(STRANGERS):
        if nth % 5 == 0:
            asked = NewEndpoint(channel="email", address="stranger@localhost")
            endpoint = delivered.endpoints.register(**of, asked=asked, by="tests").endpoint.endpoint
        delivered.endpoints.test(**of, endpoint=endpoint)
        if nth % 5 == 4:
            delivered.endpoints.remove(**of, endpoint=endpoint, by="tests")
    endpoint = delivered.endpoints.register(**of, asked=asked, by="tests").endpoint.endpoint
    with pytest.raises(EndpointStateError, match="20 tests within an hour"):
        delivered.endpoints.test(**of, endpoint=endpoint)
    assert delivered.endpoints.test(**of, endpoint=issued.endpoint.endpoint).state == "pending"


@pytest.mark.parametrize("endpoint", ["endpoint-0123456789abcdef", "x"])
def test_an_endpoint_that_nobody_has_is_not_found(programme: Delivered, endpoint: str) -> None:
    told = programme.told
    path = f"/v1/programmes/{programme.programme}/endpoints/{endpoint}"
    expect(told.running.client.delete(path, headers=told.programme.headers("ant")), 404, "unknown-endpoint")


@pytest.mark.parametrize("how", ["removed", "cut off once its key was destroyed"])
def test_an_endpoint_that_is_removed_meanwhile_is_not_found_whatever_is_asked_of_it(
    delivered: Delivered, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """And the others are still to be seen."""
    issued, other = delivered.register(receiver), delivered.register(receiver, path="/other")
    endpoint, team, store = issued.endpoint.endpoint, delivered.reader("ant"), delivered.endpoints._store
    secrets = store.secrets(delivered.programme, "ant", endpoint)
    of: Any = {"programme": delivered.programme, "endpoint": endpoint, "reader": team}
    settings = delivered.told.running.settings
    keys = SubjectKeys(settings.subject_keys_folder)
    if how == "removed":
        delivered.endpoints.remove(delivered.programme, endpoint, team, "tests")
    else:
        keys.erase(Subject(endpoint, delivered.programme))
    left = delivered.endpoints.every(delivered.programme, team).endpoints
    assert [each.endpoint for each in left] == [other.endpoint.endpoint]
    with pytest.raises(UnknownEndpointError):
        delivered.endpoints.test(**of)
    assert secrets is not None
    monkeypatch.setattr(store, "secrets", lambda *_: secrets)
    with pytest.raises(UnknownEndpointError):
        delivered.endpoints.rotate(**of, by="tests")
    with pytest.raises(UnknownEndpointError):
        delivered.endpoints.set_state(**of, asked=NewState(state="paused"), by="tests")
    with pytest.raises(UnknownEndpointError):
        delivered.endpoints.confirm(**of, given=Confirmation(challenge=secrets[0].challenge()), by="tests")
    with closing(AccessDatabase(settings.require_database(), size=1)) as database:
        PostgresErasures(database, keys).erase_again()
    with pytest.raises(UnknownEndpointError):
        delivered.endpoints.test(**of)


def test_address_and_secrets_are_sealed_under_a_key_of_their_own_that_is_changed_and_destroyed(
    delivered: Delivered, receiver: Receiver
) -> None:
    """Changing persons' keys twice, after which what was sealed under the first is lost, changes nothing for it."""
    settings = delivered.told.running.settings
    issued, other = delivered.register(receiver), delivered.register(receiver, "bee")
    endpoint, keys = issued.endpoint.endpoint, SubjectKeys(settings.subject_keys_folder)
    database = AccessDatabase(settings.require_database(), size=1)
    kept = database.rows("SELECT sealed FROM notice.endpoint WHERE endpoint = %s", (endpoint,))[0][0]
    assert receiver.url.encode() not in kept
    for _change in range(2):
        Resealing(database, keys)("tests")
    delivered.tell("ant")
    deliver(delivered.out)
    (posted,) = receiver.posted
    assert verifies_by_key(issued.endpoint.public_keys[0], posted)
    delivered.endpoints.remove(delivered.programme, endpoint, delivered.reader("ant"), "tests")
    assert keys.open(Subject(endpoint, delivered.programme), "endpoint", kept) is None
    restored = "UPDATE notice.endpoint SET state = 'active', sealed = %s WHERE endpoint = %s"
    database.rows(restored, (kept, endpoint))
    delivered.tell("ant")
    PostgresErasures(database, keys).erase_again()
    assert [each.state for each in delivered.log(issued)] == ["delivered", "dead"], "nothing waits for it for ever"
    acts = database.rows("SELECT operator, act FROM access.audit WHERE object = %s ORDER BY id", (endpoint,))
    assert acts == [("tests", "endpoint registered"), ("tests", "endpoint removed")]
    database.close()
    left = delivered.endpoints.every(delivered.programme, Reader("auditor", "auditor")).endpoints
    assert [each.endpoint for each in left] == [other.endpoint.endpoint]


@pytest.mark.parametrize(("status", "state"), [(500, "dead"), (200, "delivered")])
def test_what_is_on_its_way_as_its_endpoint_is_removed_stays_given_up_unless_it_arrives(
    delivered: Delivered, receiver: Receiver, status: int, state: str
) -> None:
    issued = delivered.register(receiver)
    delivered.tell("ant")

    def removed(_posted: Any) -> tuple[int, dict[str, str], bytes]:
        delivered.endpoints.remove(delivered.programme, issued.endpoint.endpoint, delivered.reader("ant"), "tests")
        return status, {}, b""

    receiver.answer = removed
    deliver(delivered.out)
    (found,) = delivered.log(issued)
    assert (found.state, found.next_attempt_at) == (state, None)


def test_a_removed_mailbox_gives_nobody_anything_to_do(delivered: Delivered) -> None:
    """Also where the mail server broke off meanwhile, so that the test would have been sent again."""
    settings, team = delivered.told.running.settings.smtp, delivered.reader("ant")
    assert settings is not None
    asked = NewEndpoint(channel="email", address="ant@localhost")
    endpoint = delivered.endpoints.register(delivered.programme, asked, team, "tests").endpoint.endpoint
    delivered.endpoints.test(delivered.programme, endpoint, team)
    with socket.create_server(("localhost", settings.port)) as server:
        begun = delivered.out.deliver.start()
        connection, _from = server.accept()
        delivered.endpoints.remove(delivered.programme, endpoint, team, "tests")
        connection.close()
        for each in begun:
            each.result(timeout=30)
    delivered.out.deliver.settle()
    delivered.clock.on(days=1)
    assert delivered.out.deliver.progress() == "current"
    found = delivered.endpoints.deliveries(delivered.programme, team, endpoint=endpoint).deliveries
    assert [(each.state, each.next_attempt_at) for each in found] == [("dead", None)]


def test_while_an_endpoint_is_paused_its_notices_wait(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    change = {"programme": delivered.programme, "endpoint": issued.endpoint.endpoint}
    team = delivered.reader("ant")
    delivered.endpoints.set_state(**change, asked=NewState(state="paused"), reader=team, by="tests")
    delivered.tell("ant")
    deliver(delivered.out)
    assert (receiver.posted, delivered.state(issued).waiting) == ([], 1)
    delivered.endpoints.set_state(**change, asked=NewState(state="active"), reader=team, by="tests")
    deliver(delivered.out)
    assert len(receiver.posted) == 1


def test_redirects_are_failures_and_not_followed(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    receiver.answers(307, {"Location": f"{receiver.url}/elsewhere"})
    delivered.tell("ant")
    deliver(delivered.out)
    (found,) = delivered.log(issued)
    assert (found.state, found.answer) == ("pending", "status 307: redirects are not followed")
    assert [each.path for each in receiver.posted] == ["/hook"]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("3600", 3600),
        ("999999999", 5),
        ("9999999", 86400),
        ("soon", 5),
        ("Thu, 26 Nov 99999999999 10:00:00 GMT", 5),
    ],
)
def test_retry_after_is_honoured_for_a_day_at_most(
    delivered: Delivered, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, given: str, seconds: int
) -> None:
    monkeypatch.setattr(rules, "JITTER", 0.0)
    issued = delivered.register(receiver)
    receiver.answers(503, {"Retry-After": given})
    delivered.tell("ant")
    deliver(delivered.out)
    (found,) = delivered.log(issued)
    assert found.next_attempt_at == delivered.clock.at + timedelta(seconds=seconds)


def test_retry_after_may_be_a_date(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    at = (delivered.clock.at + timedelta(hours=2)).replace(microsecond=0)
    receiver.answers(429, {"Retry-After": at.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    delivered.tell("ant")
    deliver(delivered.out)
    (found,) = delivered.log(issued)
    assert found.next_attempt_at == at


def test_a_worker_that_is_killed_between_sending_and_recording_sends_again_under_the_same_id(
    delivered: Delivered, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = delivered.register(receiver)
    delivered.tell("ant")

    def killed(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(delivered.out.deliveries, "settle", killed)
        (begun,) = delivered.out.deliver.start()
        begun.result(timeout=30)
        with pytest.raises(KeyboardInterrupt):
            delivered.out.deliver.settle()
    assert [each.state for each in delivered.log(issued)] == ["pending"]
    deliver(delivered.out)
    assert len(receiver.posted) == 1, "while the claim holds nobody else sends"
    delivered.clock.on(seconds=6 * SEND_SECONDS)
    deliver(delivered.out)
    assert len({each.headers["webhook-id"] for each in receiver.posted}) == 1
    assert len(receiver.posted) == 2
    (found,) = delivered.log(issued)
    assert (found.state, len(found.attempts)) == ("delivered", 1)


def test_what_was_answered_while_the_database_was_away_is_kept_once_it_is_back(
    delivered: Delivered, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = delivered.register(receiver)
    delivered.tell("ant")
    (begun,) = delivered.out.deliver.start()
    begun.result(timeout=30)

    def away(*_arguments: Any) -> None:
        raise LedgerUnavailableError("away", outcome_unknown=False)

    with monkeypatch.context() as patched:
        patched.setattr(delivered.out.deliveries, "settle", away)
        with pytest.raises(LedgerUnavailableError):
            delivered.out.deliver.start()
        assert delivered.out.deliver.progress() == "more"
    deliver(delivered.out)
    assert ([each.state for each in delivered.log(issued)], len(receiver.posted)) == (["delivered"], 1)


def test_a_worker_whose_claim_ran_out_changes_nothing_but_what_it_delivered(
    delivered: Delivered, receiver: Receiver
) -> None:
    """Of two workers that sent the same, the one that comes late with a failure does not take the delivery back."""
    issued = delivered.register(receiver)
    delivered.tell("ant")
    going, late = threading.Event(), threading.Event()

    def wait_and_fail(_posted: Any) -> tuple[int, dict[str, str], bytes]:
        going.set()
        late.wait(20)
        return 500, {}, b""

    receiver.answer = wait_and_fail
    (begun,) = delivered.out.deliver.start()
    assert going.wait(20)
    receiver.answers(200)
    delivered.clock.on(seconds=6 * SEND_SECONDS)
    deliver(delivered.out)
    late.set()
    begun.result(timeout=30)
    delivered.out.deliver.settle()
    (found,) = delivered.log(issued)
    assert found.state == "delivered"
    assert [each.delivered for each in found.attempts] == [True, False]
    assert delivered.state(issued).failing_since is None


def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_counts_against_nobody(delivered: Delivered) -> None:
    """And whoever reads the mailbox confirms it, by what a test said there."""
    settings = delivered.told.running.settings.smtp
    assert settings is not None
    team, server = delivered.reader("ant"), Server()
    asked = NewEndpoint(channel="email", address="ant@localhost", language="en")
    issued = delivered.endpoints.register(delivered.programme, asked, team, "tests")
    endpoint = issued.endpoint.endpoint
    with listening(server, settings.port):
        delivered.endpoints.test(delivered.programme, endpoint, team)
        deliver(delivered.out)
    plain = server.mails.pop().get_body(("plain",))
    assert plain is not None
    challenge = plain.get_content().partition("back to the service: ")[2].split()[0]
    delivered.endpoints.confirm(delivered.programme, endpoint, Confirmation(challenge=challenge), team, "tests")
    delivered.tell("ant")
    for _minute in range(60):
        deliver(delivered.out)
        delivered.clock.on(minutes=1)
    (found,) = delivered.log(issued)
    assert (found.state, found.attempts) == ("pending", ())
    assert "mail server cannot be used" in found.answer
    with listening(server, settings.port):
        deliver(delivered.out)
    (found,) = delivered.log(issued)
    assert (found.state, [each.answer for each in found.attempts]) == ("delivered", ["accepted with 250"])
    (mail,) = server.mails
    assert mail["Subject"].startswith("[REHEARSAL]")


def test_two_workers_that_race_send_each_notice_once(delivered: Delivered, receiver: Receiver) -> None:
    other = open_delivering(delivered.told.running.settings, now=delivered.clock)
    for number in range(3):
        delivered.register(receiver, "ant", f"/{number}")
    delivered.tell(*["ant"] * 4)
    threads = [threading.Thread(target=deliver, args=(each,)) for each in (delivered.out, other)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    deliver(delivered.out)
    other.close()
    sent = [(each.path, each.headers["webhook-id"]) for each in receiver.posted]
    assert len(sent) == len(set(sent)) == 12


def test_two_who_ask_for_a_test_of_an_endpoint_at_once_both_have_one(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    test, endpoint = delivered.endpoints.test, issued.endpoint.endpoint
    with ThreadPoolExecutor(4) as threads:
        every = [threads.submit(test, delivered.programme, endpoint, delivered.reader("ant")) for _ in range(24)]
        assert len({each.result().delivery for each in every}) == len(every)


def test_an_endpoint_that_hangs_delays_nobody_else(delivered: Delivered, receiver: Receiver) -> None:
    let_go = threading.Event()
    with receiving() as hanging:
        delivered.register(hanging, "ant")
        delivered.register(receiver, "bee")
        hanging.answer = lambda _posted: (200 if let_go.wait(20) else 500, {}, b"")
        delivered.tell("ant", "bee", "bee", "bee")
        until(lambda: not delivered.out.deliver.start() and len(receiver.posted) == 3)
        let_go.set()
        until(lambda: not delivered.out.deliver.start() and delivered.out.deliver.progress() == "current")
    assert len(hanging.posted) == 1


def test_the_clock_may_jump_back_an_hour_and_nothing_is_lost(delivered: Delivered, receiver: Receiver) -> None:
    issued = delivered.register(receiver)
    receiver.answers(500)
    delivered.tell("ant")
    deliver(delivered.out)
    delivered.clock.on(hours=-1)
    receiver.answers(200)
    delivered.tell("ant")
    deliver(delivered.out)
    delivered.clock.on(hours=1, minutes=1)
    deliver(delivered.out)
    assert [each.state for each in delivered.log(issued)] == ["delivered"] * 2


def test_what_was_delivered_and_what_was_tried_is_never_changed(delivered: Delivered, receiver: Receiver) -> None:
    delivered.register(receiver)
    delivered.tell("ant")
    deliver(delivered.out)
    with psycopg.connect(delivered.told.running.database, autocommit=True) as connection:
        for statement in (
            "UPDATE notice.delivery SET state = 'dead' WHERE state = 'delivered'",
            "UPDATE notice.delivery SET endpoint = endpoint || 'x' WHERE state <> 'delivered'",
            "DELETE FROM notice.delivery",
            "UPDATE notice.attempt SET answer = 'status 200'",
            "DELETE FROM notice.attempt",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
