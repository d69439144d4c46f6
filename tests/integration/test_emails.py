"""E-mail, through real mail servers on this machine: honest, slow, refusing, greylisting and breaking off."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from domain.noticing import Notice
from domain.sentences import Words
from service.application.delivery_ports import Answer, Disabled, Language, Message, Target
from service.application.webhook_signing import fresh_secrets
from service.delivery.emails import Emails, NotThereError
from service.settings import SettingsError, SmtpSettings, read_settings
from tests.integration.test_webhooks import self_signed

NOW = datetime.now(UTC)
SERVICE = "https://sillok.example"
NOTICE = Notice(
    id="42-abc",
    programme="p",
    data_set="rehearsal",
    position=42,
    recipient="ant",
    template="results",
    title=Words("[REHEARSAL] Results", "[연습용] 1단계 결과 통지 <확정>"),
    body=Words("You advanced.\n\nIllustrative.", "다음 단계에 진출하였습니다.\n\n예시 & 연습입니다."),
)


class Server:
    """Takes mail. `recipient`, `data`: what it answers to each; `drops`: closes the connection in DATA, or after it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.senders: list[str | None] = []
        self.recipient, self.data = "250 OK", "250 OK"
        self.drops = self.waits = False

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _o: Any) -> str:  # noqa: N802 — the library's
        envelope.rcpt_tos.append(to)
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 — the library's
        if self.waits:
            await asyncio.sleep(1)
        if self.drops:
            _transport(server).abort()
            return self.data
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.senders.append(envelope.mail_from)
        return self.data


class ClosesAfterwards(Server):
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 — the library's
        answer = await super().handle_DATA(server, session, envelope)
        await server.push(answer)
        _transport(server).close()
        return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


@contextmanager
def listening(server: Server, port: int | None = None, **options: Any) -> Iterator[SmtpSettings]:
    port = port or free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield SmtpSettings(host="localhost", port=port, tls_from_start=False, sender="notices@sillok.example")
    finally:
        controller.stop()


def send(
    settings: SmtpSettings,
    language: Language = "ko",
    *,
    notice: bool = True,
    disabled: Disabled | None = None,
    **options: Any,
) -> Answer:
    """Sent at `NOW` by a channel of its own."""
    target, message = addressed(language, notice=notice, disabled=disabled)
    return Emails(settings, service=SERVICE, loopback=True, **options).send(target, message, NOW)


def addressed(
    language: Language = "ko", *, notice: bool = True, disabled: Disabled | None = None
) -> tuple[Target, Message]:
    (secret,) = fresh_secrets()
    target = Target(
        endpoint="endpoint-1",
        programme="p",
        team="ant",
        data_set="rehearsal",
        channel="email",
        language=language,
        state="active",
        address="ant@localhost",
        secrets=(secret,),
    )
    message = Message(id="notice_ab", programme="p", data_set="rehearsal", at=NOW, challenge=secret.challenge())
    if disabled is not None:
        message = msgspec.structs.replace(message, disabled=disabled)
    elif notice:
        message = msgspec.structs.replace(message, notice=NOTICE, sha256="cd" * 32, challenge=None)
    return target, message


@pytest.mark.parametrize(("language", "title"), [("ko", NOTICE.title.ko), ("en", NOTICE.title.en)])
def test_a_notice_comes_as_text_and_html_with_right_headers(language: Language, title: str) -> None:
    server = Server()
    with listening(server) as settings:
        assert send(settings, language) == Answer(result="delivered", says="accepted with 250")
    (mail,) = server.mails
    assert (mail["Subject"], mail["Message-ID"]) == (title, "<notice_ab@sillok.example>")
    assert (mail["To"], mail["Auto-Submitted"]) == ("ant@localhost", "auto-generated")
    assert server.senders == ["notices@sillok.example"]
    raw = mail.as_bytes()
    assert raw.isascii(), "nothing in it needs a server that takes more"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    body = getattr(NOTICE.body, language)
    assert body in plain.get_content().replace("\r\n", "\n")
    assert "SHA-256 " + "cd" * 32 in plain.get_content()
    assert f"{SERVICE}/v1/ledger/receipts/42" in plain.get_content()
    assert mail["Content-Language"] == language
    assert f'lang="{language}"' in html.get_content()
    assert "<확정>" not in html.get_content()
    assert ("&lt;확정&gt;" in html.get_content()) == (language == "ko")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_mailbox_is_told_of_another_endpoint_that_was_disabled(language: Language) -> None:
    server = Server()
    with listening(server) as settings:
        send(settings, language, disabled=Disabled(endpoint="endpoint-2", because="status 410"))
    plain = server.mails[0].get_body(("plain",))
    assert plain is not None
    assert "endpoint-2" in plain.get_content()
    assert "status 410" in plain.get_content()


def test_a_test_says_its_challenge() -> None:
    server = Server()
    with listening(server) as settings:
        assert send(settings, notice=False).result == "delivered"
    plain = server.mails[0].get_body(("plain",))
    assert plain is not None
    assert "제출하십시오: " in plain.get_content()


@pytest.mark.parametrize(
    ("recipient", "data", "result", "says"),
    [
        pytest.param("550 no such user", "", "refused", "refused with 550", id="refuses the mailbox"),
        pytest.param("450 greylisted", "", "failed", "put off with 450", id="greylists"),
        pytest.param("250 OK", "554 spam", "refused", "refused with 554", id="refuses the mail"),
        pytest.param("250 OK", "451 later", "failed", "put off with 451", id="puts the mail off"),
    ],
)
def test_what_the_server_answers(recipient: str, data: str, result: str, says: str) -> None:
    server = Server()
    server.recipient, server.data = recipient, data
    with listening(server) as settings:
        assert send(settings) == Answer(result=result, says=says)  # type: ignore[arg-type]  # of the table


def test_a_server_that_drops_in_mid_data_has_not_taken_the_mail() -> None:
    server = Server()
    server.drops = True
    with listening(server) as settings:
        assert send(settings).result == "failed"


def test_a_server_that_accepts_and_then_closes_has_taken_it() -> None:
    server = ClosesAfterwards()
    with listening(server) as settings:
        assert send(settings).result == "delivered"
    assert len(server.mails) == 1


def test_a_server_that_is_slow_is_left_and_asked_again() -> None:
    server = Server()
    server.waits = True
    with listening(server) as settings:
        answer = send(settings, seconds=0.2)
    assert answer.result == "failed"
    assert answer.says.endswith("takes too long")


def test_a_server_that_is_down_holds_mail_and_counts_against_nobody() -> None:
    with listening(Server()) as settings:
        pass
    assert send(settings) == Answer(result="held", says="the mail server cannot be used: it cannot be reached")


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(hours=-1)])
def test_a_server_that_never_answers_is_asked_by_one_at_a_time_and_holds_nobody_up(later: timedelta) -> None:
    """Until a minute is over, or a clock is turned back: then one asks again, and once it answers everybody does."""
    server, sender = Server(), "notices@sillok.example"
    settings = SmtpSettings(host="localhost", port=free_port(), tls_from_start=False, sender=sender)
    emails = Emails(settings, service=SERVICE, loopback=True, seconds=0.2)
    asked = []

    def result(after: timedelta) -> Answer:
        return emails.send(*addressed(), NOW + after)

    with socket.create_server(("localhost", settings.port)) as silent:
        silent.settimeout(0)
        for after in (timedelta(0), timedelta(seconds=20), later, later + timedelta(seconds=20)):
            answer = result(after)
            assert answer.result == "held"
            assert answer.says.startswith("the mail server cannot be used")
            with suppress(BlockingIOError):
                silent.accept()[0].close()
                asked.append(after)
    assert asked == [timedelta(0), later]
    with listening(server, settings.port):
        assert [result(later * 2).result for _mail in range(2)] == ["delivered"] * 2


def test_over_tls_it_logs_in_and_a_certificate_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    certificate = self_signed("localhost", tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    came: list[Any] = []

    def authenticated(_server: Any, session: Session, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        came.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=data.password == b"secret", handled=False)

    options: dict[str, Any] = {"tls_context": tls, "require_starttls": True, "auth_required": True}
    options["authenticator"] = authenticated
    file, server = tmp_path / "password", Server()
    with listening(server, **options) as settings:
        file.write_text("secret\n")
        settings = msgspec.structs.replace(settings, user="sillok", password_path=file)
        trusted = ssl.create_default_context(cafile=str(certificate))
        assert send(settings, context=trusted).result == "delivered"
        assert came == [(b"sillok", b"secret", True)]
        file.write_text("wrong\n")
        assert send(settings, context=trusted).says == "the mail server cannot be used: it answers 535"
        assert send(settings).says == "the mail server cannot be used: its certificate is not valid for it"


def test_a_server_elsewhere_without_starttls_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmtpSettings, "is_here", property(lambda _self: False))
    monkeypatch.setattr(Emails, "require_reachable", lambda *_arguments: None)
    server = Server()
    with listening(server) as settings:
        assert send(settings).says.startswith("the mail server cannot be used: it lacks")
    assert server.mails == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ant",
        "@example.org",
        "ant@",
        "ant@db",
        "a b@example.org",
        "ant@example.org\r\nBcc: x@y.kr",
        "ant@[127.0.0.1]",
    ],
)
def test_what_is_no_mailbox_is_refused(address: str) -> None:
    emails = Emails(
        SmtpSettings(host="mail", port=587, tls_from_start=False, sender="a@b.kr"), service=SERVICE, loopback=False
    )
    with pytest.raises(NotThereError):
        emails.require_reachable(address, "live")


@pytest.mark.parametrize(
    ("host", "loopback", "address", "data_set", "goes"),
    [
        ("mail.example.org", False, "ant@example.org", "live", True),
        ("mail.example.org", False, "ant@localhost", "live", False),
        ("mail.example.org", True, "ant@localhost", "rehearsal", False),
        ("localhost", True, "ant@localhost", "rehearsal", True),
        ("localhost", True, "ant@example.org", "rehearsal", False),
        ("localhost", False, "ant@localhost", "rehearsal", False),
    ],
)
def test_a_programme_that_is_not_live_mails_to_this_machine_only(
    host: str, loopback: bool, address: str, data_set: Any, goes: bool
) -> None:
    emails = Emails(
        SmtpSettings(host=host, port=25, tls_from_start=False, sender="a@b.kr"), service=SERVICE, loopback=loopback
    )
    if goes:
        emails.require_reachable(address, data_set)
    else:
        with pytest.raises(NotThereError):
            emails.require_reachable(address, data_set)


def test_settings_name_the_server_its_user_and_the_sender() -> None:
    given = {"SILLOK_SMTP": "smtp://notices@example.org@mail.example.org", "SILLOK_SMTP_FROM": "notices@example.org"}
    found = read_settings(given).smtp
    assert found is not None
    assert (found.host, found.port, found.user, found.tls_from_start) == (
        "mail.example.org",
        587,
        given["SILLOK_SMTP_FROM"],
        False,
    )
    for wrong in ({"SILLOK_SMTP": "mail.example.org"}, {"SILLOK_SMTP_FROM": "nobody"}, {"SILLOK_SMTP_FROM": ""}):
        with pytest.raises(SettingsError):
            read_settings({**given, **wrong})
