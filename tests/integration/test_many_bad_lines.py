"""Many decisions in one request, where something is wrong: each a clear problem, and no line fails another."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from litestar.types import Message

from domain.envelope import Actor
from service.api import slow_clients
from service.api.line_stream import LINE_LIMIT, WAITING_LINES, Incoming, Lines
from service.application.identity import WrongCredentialError
from service.application.lines import LineTooLongError
from service.application.ports import Appended, AppendRequest, LedgerUnavailableError, StaleDecisionError
from service.application.recording import Accepted
from service.client.signing import SigningKey
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, SmallProgramme
from tests.integration.test_bad_input import expect
from tests.integration.test_many_decisions import EVERY, line, post, scoring, sheet, submit, together

GOOD = sheet("ant", charters.JURY[0])
BAD: list[tuple[bytes, int, str, str | None]] = [
    (b"{", 400, "malformed-body", None),
    (b"\xef\xbb\xbf{}", 400, "malformed-body", None),
    (b'{"key": "x", "decision": "submit-score", "body": "\xff"}', 400, "malformed-body", None),
    (b'{"key": "x", "decision": "submit-score", "body": "\x00"}', 400, "malformed-body", None),
    (
        b'{"key": "x", "decision": "submit-score", "body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        400,
        "malformed-body",
        None,
    ),
    (b'{"key": "x", "decision": "submit-score", "body": ' + b"9" * 5_000 + b"}", 400, "malformed-body", None),
    (b"x" * (LINE_LIMIT + 1), 413, "body-too-large", None),
    (b"[]", 422, "invalid-line", ""),
    (b'{"key": "x", "key": "y", "decision": "submit-score", "body": {}}', 422, "invalid-line", "/key"),
    (b'{"decision": "submit-score", "body": {}}', 422, "invalid-line", "/key"),
    (line("a b", "submit-score", GOOD), 422, "invalid-line", "/key"),
    (line("é", "submit-score", GOOD), 422, "invalid-line", "/key"),
    (line("x", "submit-score", GOOD, more=1), 422, "invalid-line", "/more"),
    (line("x", "nothing", {}), 404, "unknown-decision", None),
    (line("x", "submit-score", {**GOOD, "points": 9}), 422, "invalid-command", "/points"),
    (line("x", "submit-score", {**GOOD, "team": "a\u0000b"}), 422, "invalid-command", "/team"),
    (line("x", "submit-score", GOOD, signature="x"), 422, "signature-malformed", None),
    (b'{"key": "x", "decision": "submit-score", "body": {"team": "a", "team": "b"}}', 422, "invalid-command", "/team"),
    (line("x", "submit-score", {**GOOD, "points": "99"}), 422, "invalid-command", "/points"),
    (line("x", "enrol-team", {"team": "ant", "name": charters.names("ant")}), 409, "team-already-enrolled", None),
]


def test_every_bad_line_is_a_clear_problem_and_fails_no_other(running: Running) -> None:
    small = scoring(running)
    lines: list[bytes] = []
    for number, (bad, *_expected) in enumerate(BAD):
        lines += [bad, *([line(f"k-{number}", "submit-score", sheet(*EVERY[number]))] if number < len(EVERY) else [])]
    answers = submit(small, *lines)
    assert [each["line"] for each in answers] == list(range(1, len(lines) + 1))
    found = [each for each in answers if not (each["key"] or "").startswith("k-")]
    for (bad, status, slug, pointer), answer in zip(BAD, found, strict=True):
        problem = answer["body"]
        assert (answer["status"], problem["type"]) == (status, f"/problems/{slug}"), (bad[:80], problem)
        assert problem["detail"]
        if pointer is not None:
            assert pointer in [each["pointer"] for each in problem["errors"]], problem
    assert [each["status"] for each in answers if (each["key"] or "").startswith("k-")] == [201] * len(EVERY)


def test_what_is_refused_holds_nothing_once_it_is_answered(running: Running) -> None:
    """However many lines are refused, none waits in memory for the collector."""
    small = scoring(running)
    bad = [text for text, status, *_rest in BAD if isinstance(text, bytes) and status != 413]
    gc.collect()
    gc.disable()
    try:
        actor = Actor(agency="owner", principal="test", party="agency")
        with running.service.parts.submit_lines.begin(small.programme, actor) as submitting:
            answers = [*submitting.take(bad), *submitting.settle()]
        held = [weakref.ref(each.outcome) for each in answers]
        assert len(held) == len(bad)
        del answers
        assert [each() for each in held if each() is not None] == []
    finally:
        gc.enable()


def test_lines_of_a_request_that_has_ended_are_free_to_be_sent_again(running: Running) -> None:
    """Whoever waits for them is gone; nothing of them is recorded, nor said to be worked on still."""
    small, head = scoring(running), running.head()
    lines = [line("k", "submit-score", GOOD)]
    actor = Actor(agency="owner", principal="test", party="agency")
    with running.service.parts.submit_lines.begin(small.programme, actor) as ended:
        pass
    with pytest.raises(RuntimeError) as error:
        ended.take(lines)
    assert running.head() == head
    with running.service.parts.submit_lines.begin(small.programme, actor) as submitting:
        ((_key, outcome),) = [*submitting.take(lines), *submitting.settle()]
    assert isinstance(outcome, Accepted), f"after {error!r}"  # which keeps what held the lines


def test_a_request_as_a_whole_may_be_wrong(running: Running) -> None:
    small, head = scoring(running), running.head()
    good = [line("k", "submit-score", GOOD)]
    expect(post(small, good, **{"Content-Type": "application/json"}), 415, "unsupported-media-type")
    expect(post(small, good, **{"Idempotency-Key": "k"}), 400, "invalid-parameter")
    expect(post(small, good, **{"JWS-Signature": "k"}), 400, "invalid-parameter")
    expect(post(small, good, **{"If-Match": '"k"'}), 400, "invalid-parameter")
    expect(post(small, good, query="?atomic=yes"), 400, "invalid-parameter")
    expect(post(small, good, query="?other=1"), 400, "invalid-parameter")
    expect(post(small, good, query="?atomic=true"), 400, "idempotency-key-missing")
    expect(together(small), 400, "malformed-body")
    assert expect(together(small, *good), 409, "batch-refused")["cause"] == "/problems/invalid-line"
    expect(together(small, *[b"{}"] * 10_001), 413, "body-too-large")
    expect(together(small, b"x" * (LINE_LIMIT + 1)), 413, "body-too-large")
    assert submit(small) == submit(small, b"", b" \r", b"") == []
    small.programme = "Not%20one"
    expect(post(small, good), 404, "unknown-programme")
    assert running.head() == head


def test_the_first_bad_line_of_all_together_is_named(running: Running) -> None:
    small, head = scoring(running), running.head()
    lines = [line(None, "submit-score", sheet(*each)) for each in EVERY]
    for number, (bad, *_expected) in enumerate(BAD):
        if len(bad) > LINE_LIMIT or b'"x"' in bad:
            continue
        refused = expect(together(small, *lines, bad, b"[]", key=f"k-{number}"), 409, "batch-refused")
        assert refused["line"] == len(lines) + 1
        assert refused["cause"] != "/problems/batch-refused"
    refused = expect(together(small, *lines, lines[0], b"{"), 409, "batch-refused")
    assert (refused["line"], refused["cause"]) == (len(lines) + 1, "/problems/score-already-submitted")
    assert refused["rule"] == "A score is corrected, not submitted again."
    assert running.head() == head


def test_a_line_and_a_call_of_the_same_key_stand_for_each_other(running: Running) -> None:
    small = scoring(running)
    headers = {**small.headers("owner"), "Idempotency-Key": "k", "Content-Type": "application/json"}
    path = f"/v1/programmes/{small.programme}/decisions/submit-score"
    called = small.client.post(path, content=json.dumps(GOOD).encode(), headers=headers)
    (answer,) = submit(small, line("k", "submit-score", GOOD))
    assert (answer["status"], answer["replayed"], answer["body"]) == (201, True, called.json())
    other, lawful = submit(
        small, line("k", "submit-score", {**GOOD, "points": "8"}), line("k", "submit-score", sheet("bee", EVERY[0][1]))
    )
    assert {each["body"]["type"] for each in (other, lawful)} == {"/problems/idempotency-key-reused"}
    assert expect(together(small, line(None, "submit-score", GOOD), key="k"), 422, "idempotency-key-reused")


def test_what_waits_for_a_second_agency_is_a_proposal(running: Running) -> None:
    openings = {"decisions": ["open-stage"], "agencies": ["other"]}
    small = SmallProgramme(running, countersignatures=[*charters.document()["countersignatures"], openings])
    for answer in (
        *submit(small, line("k", "open-stage", HEAT)),
        json.loads(together(small, line(None, "open-stage", HEAT)).text),
    ):
        assert answer["status"] == 202
        assert answer["body"]["awaiting"] == ["other"]
    assert small.approve(answer["body"]).status_code == 201


def test_a_line_carries_its_own_signature(running: Running) -> None:
    small, key = SmallProgramme(running, signed=["change-consortium"]), SigningKey.make("owner-1")
    registering = {"agency": "owner", "key": key.kid, "jwk": msgspec.to_builtins(key.public)}
    vouched = key.sign(
        json.dumps(registering).encode(), programme=small.programme, decision="register-key", request="r"
    )
    (registered,) = submit(small, line("r", "register-key", registering, signature=vouched))
    assert registered["status"] == 201, registered
    body = {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"}
    content = json.dumps(body).encode()
    signature = key.sign(content, programme=small.programme, decision="change-consortium", request="k")
    unsigned, another, signed = submit(
        small,
        line("j", "change-consortium", body),
        line("l", "change-consortium", body, signature=signature),
        line("k", "change-consortium", body, signature=signature),
    )
    assert unsigned["body"]["type"] == "/problems/signature-required"
    assert another["body"]["type"] == "/problems/signature-mismatch"
    assert signed["status"] == 201, signed


def test_after_a_lost_connection_the_same_lines_are_answered_and_nothing_is_doubled(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, head, ledger = scoring(running), running.head(), running.service.ledger
    really = ledger.append_each

    def lost(requests: Sequence[AppendRequest]) -> list[Appended | Exception]:
        really(requests[:3])
        return [LedgerUnavailableError("lost", outcome_unknown=True) for _each in requests]

    lines = [line(f"k-{n}", "submit-score", sheet(*each)) for n, each in enumerate(EVERY)]
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append_each", lost)
        assert {each["body"]["type"] for each in submit(small, *lines)} == {"/problems/outcome-unknown"}
    again = submit(small, *lines)
    assert [(each["status"], each["replayed"]) for each in again] == [(201, n < 3) for n in range(len(EVERY))]
    assert running.head() == head + len(EVERY)


def test_a_ledger_that_is_silent_for_one_line_is_not_asked_for_each_of_the_others(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came too late together; each by itself would wait as long as the first one does."""
    small, ledger, head = scoring(running), running.service.ledger, running.head()
    asked: list[AppendRequest] = []

    def late(requests: Sequence[AppendRequest]) -> list[Exception]:
        return [StaleDecisionError("late") for _each in requests]

    def silent(request: AppendRequest) -> Appended:
        asked.append(request)
        raise LedgerUnavailableError("busy", outcome_unknown=False)

    lines = [line(f"k-{n}", "submit-score", sheet(*each)) for n, each in enumerate(EVERY)]
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "append_each", late)
        patched.setattr(ledger, "append", silent)
        told = submit(small, *lines)
    assert [each["status"] for each in told] == [503] * len(lines)
    assert len(asked) == 1
    assert [each["status"] for each in submit(small, *lines)] == [201] * len(lines)
    assert running.head() == head + len(lines)


class Client:
    """A client of the application itself: `pieces` are sent as they are asked for; nothing is read until `reads`."""

    def __init__(
        self,
        small: SmallProgramme,
        pieces: list[bytes],
        *,
        vanishes: bool = False,
        pauses: float = 0.0,
        between: Callable[[], None] | None = None,
    ) -> None:
        """`pauses`: seconds before each piece. `between`: what happens after the first one."""
        self.small, self.pieces, self.vanishes, self.pauses, self.between = small, pieces, vanishes, pauses, between
        self.sent, self.answers = 0, b""
        self.status = 0
        self.reads = asyncio.Event()

    async def receive(self) -> Message:
        if self.pauses:
            await asyncio.sleep(self.pauses)
        if self.sent == 1 and self.between is not None:
            while not self.answers and len(self.pieces) > 2:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(self.between)
        if self.sent == len(self.pieces):
            assert self.vanishes
            return {"type": "http.disconnect"}
        self.sent += 1
        more = self.vanishes or self.sent < len(self.pieces)
        message: Any = {"type": "http.request", "body": self.pieces[self.sent - 1], "more_body": more}
        return message  # type: ignore[no-any-return]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body" and message["body"]:
            await self.reads.wait()
            self.answers += message["body"]

    async def submit(self, query: bytes = b"", *, decision: str = "", **more: str) -> None:
        path = f"/v1/programmes/{self.small.programme}/decisions{decision}"
        headers = {**self.small.headers("owner"), "content-type": "application/x-ndjson", **more}
        scope: Any = {
            **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"},
            **{"query_string": query, "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
            "path": path,
            "raw_path": path.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "state": {},
        }
        await self.small.client.app(scope, self.receive, self.send)


def refused_lines(number: int) -> list[bytes]:
    return [line(f"k-{n}", "submit-score", {**GOOD, "points": "99"}) + b"\n" for n in range(number)]


def test_who_does_not_read_answers_is_not_read_on(running: Running) -> None:
    client = Client(scoring(running), refused_lines(5_000))

    async def slowly() -> None:
        submitting = asyncio.create_task(client.submit())
        before = -1
        while before < client.sent or not client.sent:
            before = client.sent
            await asyncio.sleep(0.5)
        assert client.sent < 3 * WAITING_LINES
        client.reads.set()
        await submitting

    asyncio.run(slowly())
    assert client.sent == len(client.answers.splitlines()) == 5_000


def test_the_line_that_a_cut_leaves_unfinished_is_not_taken(running: Running) -> None:
    small, head = scoring(running), running.head()
    whole = line("k", "submit-score", GOOD)
    client = Client(small, [whole], vanishes=True)
    client.reads.set()
    asyncio.run(client.submit())
    assert running.head() == head
    assert submit(small, whole)[0]["replayed"] is False


def test_of_lines_that_go_together_none_is_taken_if_the_client_is_gone_before_the_end(running: Running) -> None:
    small, head = scoring(running), running.head()
    client = Client(small, [line(None, "submit-score", GOOD) + b"\n"], vanishes=True, pauses=0.01)
    client.reads.set()
    asyncio.run(client.submit(b"atomic=true", **{"idempotency-key": "all"}))
    assert (client.status, running.head()) == (400, head)


def test_a_body_is_waited_for_as_long_as_it_keeps_a_pace(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of it is answered; of lines that go together none is recorded."""
    monkeypatch.setattr(slow_clients, "BODY_SECONDS", 0.3)
    small, head = scoring(running), running.head()
    scored = [line(f"k-{n}", "submit-score", sheet(*each)) + b"\n" for n, each in enumerate(EVERY[:3])]
    slow = Client(small, [*scored, line(None, "submit-score", GOOD)], pauses=0.2)
    slow.reads.set()
    monkeypatch.setattr(slow_clients, "BYTES_A_SECOND", 1_000_000)
    asyncio.run(slow.submit())
    assert slow.status == 200
    first, refused = map(json.loads, slow.answers.splitlines())
    assert (first["line"], first["status"]) == (1, 201)
    assert (refused["line"], refused["status"], refused["body"]["type"]) == (2, 408, "/problems/body-too-slow")
    together_ = Client(small, [line(None, "submit-score", GOOD) + b"\n"] * 3, pauses=0.2)
    together_.reads.set()
    asyncio.run(together_.submit(b"atomic=true", **{"idempotency-key": "all"}))
    assert (together_.status, running.head()) == (408, head + 1)
    steady = Client(small, scored, pauses=0.2)
    steady.reads.set()
    monkeypatch.setattr(slow_clients, "BYTES_A_SECOND", 100)
    asyncio.run(steady.submit())
    assert [json.loads(each)["status"] for each in steady.answers.splitlines()] == [201] * 3


def test_who_is_revoked_while_their_request_comes_decides_nothing_more(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in lines that come, or wait, nor all together, nor in one decision whose body is slow."""
    monkeypatch.setattr(slow_clients, "BELIEVED_SECONDS", -1.0)
    small, head = scoring(running), running.head()

    def sending(*pieces: bytes) -> Client:
        small.keys["owner"] = key = running.issue("agency", "owner")
        revoke = running.service.parts.administration.revoke_key
        client = Client(small, list(pieces), between=lambda: revoke(key.partition(".")[0], "tests"))
        client.reads.set()
        return client

    scored = [line(f"k-{n}", "submit-score", sheet(*each)) + b"\n" for n, each in enumerate(EVERY[:4])]
    lines = sending(scored[0], *scored[1:])
    asyncio.run(lines.submit())
    first, refused = map(json.loads, lines.answers.splitlines())
    assert (first["line"], first["status"]) == (1, 201)
    assert (refused["line"], refused["status"], refused["body"]["type"]) == (2, 401, "/problems/unauthenticated")
    all_ = sending(line(None, "submit-score", GOOD) + b"\n", line(None, "submit-score", sheet(*EVERY[1])))
    asyncio.run(all_.submit(b"atomic=true", **{"idempotency-key": "all"}))
    one = sending(b" ", json.dumps(sheet(*EVERY[1])).encode())
    single: dict[str, Any] = {"idempotency-key": "all", "content-type": "application/json"}
    asyncio.run(one.submit(decision="/submit-score", **single))
    assert (all_.status, one.status, running.head()) == (401, 401, head + 1)


def test_lines_that_wait_are_not_taken_once_who_sent_them_is_revoked() -> None:
    revoked: list[Exception] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"one\ntwo\nthree", "more_body": False}

    async def require_known() -> None:
        for each in revoked:
            raise each

    async def taken() -> None:
        incoming = Incoming(receive, require_known)
        await incoming.read()
        assert await incoming.take(1) == [(1, b"one")]
        revoked.append(WrongCredentialError("revoked"))
        assert await incoming.take(1) == []
        assert (incoming.refused, incoming.next_number) == (revoked[0], 2)

    asyncio.run(taken())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_they_are_cut(size: int) -> None:
    text = b"one\n\n two \r\nthree" + b"\n" + b"x" * 10 + b"\nlast"
    lines = Lines()
    found = [each for start in range(0, len(text), size) for each in lines.take(text[start : start + size])]
    found += lines.end()
    assert found == [(1, b"one"), (3, b" two \r"), (4, b"three"), (5, b"x" * 10), (6, b"last")]


def test_of_a_line_that_is_too_long_nothing_is_kept() -> None:
    lines = Lines()
    for _piece in range(3):
        assert lines.take(b"x" * LINE_LIMIT) == []
    (first, second) = lines.take(b"\nnext\n")
    assert isinstance(first[1], LineTooLongError)
    assert second == (2, b"next")
