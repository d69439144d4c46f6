"""E-mail: a notice in plain text and HTML, through one mail server, to a mailbox."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final

from domain.envelope import DataSet
from domain.noticing import WHAT_IT_IS
from domain.reasons import RECEIPT
from domain.sentences import Words
from service.application.delivery_ports import SEND_SECONDS, Answer, Message, Target
from service.application.notice_messages import sealed_at
from service.delivery.dkim import signed
from service.delivery.standstill import Standstill
from service.delivery.trust import trusted
from service.settings import SettingsError, SmtpSettings

LOCALHOST: Final = "localhost"
_LENGTH: Final = 254
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}|localhost)"
)
_TEST: Final = Words("Test of an endpoint for notices", "통지 연락처 시험")
_CHALLENGE: Final = Words(
    "Notices for {team} of {programme} are to be sent to this mailbox. To confirm it, give this back to the service: "
    "{challenge}\n\nIf you did not ask for it, do nothing: nothing else is sent.",
    "{programme} 사업의 {team}에 대한 통지를 이 전자우편으로 받도록 등록되었습니다. 확인하려면 다음 값을 서비스에 "
    "제출하십시오: "
    "{challenge}\n\n요청한 일이 없으면 아무것도 하지 마십시오. 더는 보내지 않습니다.",
)
_DISABLED: Final = Words("An endpoint for notices was disabled", "통지 연락처 사용 중지")
_BECAUSE: Final = Words(
    "Nothing goes any more to {endpoint}, where {team} is told of {programme}: {because}\n\nWhat it missed is in the "
    "inbox. Once it takes notices again, make it active.",
    "{programme} 사업의 {team} 통지를 받던 {endpoint}에는 더는 보내지 않습니다. 이유: {because}\n\n받지 못한 통지는 "
    "수신함에 있습니다. 다시 받을 수 있게 되면 사용을 재개하십시오.",
)
_SUMMARY: Final = Words("Notices to {team} by {day}: {count}", "{day}까지 {team}에 온 통지 {count}건")
_SUMMED: Final = Words(
    "{title}\nIn the inbox {inbox}\nReceipt {receipt}", "{title}\n수신함 {inbox}\n수록 증명 {receipt}"
)
_FOOTER: Final = Words(
    "Notice {notice} of {programme} to {team}\nSHA-256 {sha256}\nReceipt {receipt}",
    "{programme} 사업이 {team}에 보낸 통지 {notice}\nSHA-256 {sha256}\n수록 증명 {receipt}",
)
_SEALED: Final = Words("Checkpoint of {size} entries, root {root}", "체크포인트: 기록 {size}건, 루트 {root}")


class NotThereError(ValueError):
    """No mail goes there; the sentence says why."""


class Emails:
    """`Channel` over SMTP. `service`: its address. `loopback`: whether notices go to mailboxes on this machine."""

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        service: str,
        loopback: bool,
        seconds: float = SEND_SECONDS / 2,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._service = service
        self._loopback = loopback
        self._seconds = seconds
        self._context = context
        self._standstill = Standstill(timedelta(seconds=seconds))

    def require_reachable(self, address: str, data_set: DataSet) -> None:
        """See `Channel.require_reachable`."""
        found = _ADDRESS.fullmatch(address) if len(address) <= _LENGTH else None
        if found is None:
            raise NotThereError("it is no address of a mailbox, such as notices@example.org")
        here = found[1] == LOCALHOST
        if data_set != "live" and not (here and self._loopback and self._settings.is_here):
            raise NotThereError("a programme that is not live tells nobody outside")
        if here and not self._loopback:
            raise NotThereError("no mail goes to mailboxes on this machine")

    def send(self, target: Target, message: Message, now: datetime) -> Answer:
        """See `Channel.send`. What goes wrong before the mailbox is named is the mail server's fault: it is held.

        For a while so is what goes to other mailboxes.
        """
        try:
            for data_set in {target.data_set, message.data_set}:
                self.require_reachable(target.address, data_set)
        except NotThereError as error:
            return Answer(result="failed", says=f"not sent: {error}")
        content = mail_of(target, message, self._settings.sender, now, self._service).as_bytes()
        if self._settings.dkim is not None:
            try:
                content = signed(content, self._settings.dkim, now)
            except SettingsError as error:
                return Answer(result="held", says=f"it cannot be signed: {error}")
        if (still := self._standstill.left(now)) is not None:
            left, why = still
            return Answer(result="held", says=why, wait=left)
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            why = f"the mail server cannot be used: {_why(error)}"
            self._standstill.began(now, why)
            return Answer(result="held", says=why)
        self._standstill.ended()
        try:
            return self._sent(server, target.address, content)
        except (OSError, smtplib.SMTPException) as error:
            return Answer(result="failed", says=f"the mail server broke off: {_why(error)}")
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        """A server that takes mail from us. Raises `OSError`, `smtplib.SMTPException`."""
        settings = self._settings
        context = self._context or trusted()
        if settings.tls_from_start:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=self._seconds, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=self._seconds)
        try:
            server.ehlo_or_helo_if_needed()
            if not settings.tls_from_start and (server.has_extn("starttls") or not settings.is_here):
                server.starttls(context=context)
                server.ehlo()
            if settings.user is not None:
                server.login(settings.user, settings.password())
            _require_taken(*server.mail(settings.sender))
        except BaseException:
            server.close()
            raise
        return server

    def _sent(self, server: smtplib.SMTP, address: str, content: bytes) -> Answer:
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: server.rcpt(address),
            lambda: server.data(content),
        )
        code = 0
        for step in steps:
            try:
                code, _said = step()
            except smtplib.SMTPDataError as error:
                code = error.smtp_code
            if code >= 500:
                return Answer(result="refused", says=f"refused with {code}")
            if code >= 400 or code < 200:
                return Answer(result="failed", says=f"put off with {code}")
        # It is theirs now, whether or not they take leave.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        return Answer(result="delivered", says=f"accepted with {code}")


def _require_taken(code: int, said: bytes) -> None:
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)


def mail_of(target: Target, message: Message, sender: str, now: datetime, service: str) -> EmailMessage:
    """The mail, in the endpoint's language; its Message-ID is the same whenever it is sent again.

    `service`: where receipts are.
    """
    title, body, footer = _texts(target, message, service)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Sillok", addr_spec=sender)
    mail["To"] = Address(addr_spec=target.address)
    mail["Subject"] = title
    mail["Date"] = now
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(filter(None, (title, body, footer))) + "\n", cte="base64")
    paragraphs = "".join(f"<p>{_lines(each)}</p>" for each in body.split("\n\n"))
    page = (
        f'<!doctype html><html lang="{target.language}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1>{paragraphs}<hr><p><small>{_lines(footer)}</small></p></html>\n"
    )
    mail.add_alternative(page, subtype="html", cte="base64")
    # Last: until there are alternatives it would be taken for a header of the first.
    mail["Content-Language"] = target.language
    return mail


def _texts(target: Target, message: Message, service: str) -> tuple[str, str, str]:
    """Title, body and footer. No line break is left in a title."""

    def said(words: Words, **values: object) -> str:
        text: str = getattr(words, target.language)
        return text.format(team=target.team, programme=message.programme, **values)

    notice, disabled, summary = message.notice, message.disabled, message.summary
    if summary is not None:
        title = said(_SUMMARY, day=summary.day, count=len(summary.notices))
        if (what := WHAT_IT_IS.get(message.data_set)) is not None:
            title = f"[{getattr(what, target.language)}] {title}"
        inbox = f"{service}/v1/programmes/{message.programme}/notices/"
        each = (
            said(
                _SUMMED,
                title=" ".join(getattr(one.title, target.language).split()),
                inbox=f"{inbox}{one.id}",
                receipt=f"{service}{RECEIPT.format(one.position)}",
            )
            for one in summary.notices
        )
        return title, "\n\n".join(each), ""
    if disabled is not None:
        return said(_DISABLED), said(_BECAUSE, endpoint=disabled.endpoint, because=disabled.because), ""
    if notice is None:
        return said(_TEST), said(_CHALLENGE, challenge=message.challenge), ""
    footer = said(
        _FOOTER, notice=notice.id, sha256=message.sha256, receipt=f"{service}{RECEIPT.format(notice.position)}"
    )
    if message.receipt is not None:
        sealed = sealed_at(message.receipt)
        footer += f"\n{said(_SEALED, size=sealed.size, root=sealed.root)}"
    title, body = getattr(notice.title, target.language), getattr(notice.body, target.language)
    return " ".join(title.split()), body, footer


def _lines(text: str) -> str:
    return "<br>".join(escape(text).splitlines())


def _why(error: Exception) -> str:
    """In words of ours."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answers {error.smtp_code}"
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not valid for it"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it lacks what is needed, STARTTLS or a way to log in"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection, or takes too long"
    return "it cannot be reached"
