"""DKIM: what a mail server took verifies by the key in the DNS, by code that shares nothing with what signed it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service import supervisor
from service.delivery.dkim import DkimKey, read_key
from service.settings import DkimSettings, SettingsError, SmtpSettings, read_settings
from tests.integration.test_emails import Server, listening, send

KEYS: dict[str, DkimKey] = {"rsa": generate_private_key(65537, 2048), "ed25519": Ed25519PrivateKey.generate()}

RFC_8463 = (
    "v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt;"
    " s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
)
"""The signature of the example in RFC 8463, A.3: what verifies here verifies that."""
RFC_MAIL = (
    f"DKIM-Signature: {RFC_8463}\r\nFrom: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
).encode()
RFC_KEY = Ed25519PublicKey.from_public_bytes(base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))


def verifies(mail: bytes, key: Any) -> bool:
    """RFC 6376, word by word, for relaxed headers, and bodies without white space at the end of lines."""
    head, body = mail.decode().split("\r\n\r\n", 1)
    lines = [each.split(":", 1) for each in re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")]
    left = [(name.lower(), " ".join(value.split())) for name, value in lines]
    name, value = left.pop(0)
    assert name == "dkim-signature"
    tags = dict(each.strip().split("=", 1) for each in value.split(";"))
    if tags["c"].endswith("/relaxed"):
        body = re.sub(r"[ \t]+", " ", body)
    if base64.b64encode(hashlib.sha256((body.rstrip("\r\n") + "\r\n").encode()).digest()).decode() != tags["bh"]:
        return False
    over = ""
    for each in (part.strip() for part in tags["h"].split(":")):
        at = next((n for n in range(len(left) - 1, -1, -1) if left[n][0] == each), None)
        if at is not None:
            over += "{}:{}\r\n".format(*left.pop(at))
    over += f"dkim-signature:{value[: value.index('; b=') + 4]}"
    signature = base64.b64decode(tags["b"].replace(" ", ""))
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, over.encode(), PKCS1v15(), SHA256())
        else:
            key.verify(signature, hashlib.sha256(over.encode()).digest())
    except InvalidSignature:
        return False
    return True


class Raw(Server):
    """Keeps mails as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 — the library's
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        return await super().handle_DATA(server, session, envelope)


def kept(key: Any, folder: Path) -> Path:
    file = folder / "key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def test_what_verifies_here_verifies_the_example_of_the_rfc() -> None:
    assert verifies(RFC_MAIL, RFC_KEY)
    assert not verifies(RFC_MAIL.replace(b"dinner", b"supper"), RFC_KEY)


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_the_mail_server_took_verifies_and_nothing_else_does(algorithm: str, tmp_path: Path) -> None:
    key, server = KEYS[algorithm], Raw()
    dkim = DkimSettings(domain="sillok.example", selector="s1", key_path=kept(key, tmp_path))
    with listening(server) as settings:
        assert send(msgspec.structs.replace(settings, dkim=dkim)).result == "delivered"
    (raw,) = server.raw
    assert f"a={algorithm}-sha256".encode() in raw
    assert b"d=sillok.example; s=s1;" in re.sub(rb"\r\n ", b" ", raw)
    assert verifies(raw, key.public_key())
    assert not verifies(raw, KEYS["ed25519" if algorithm == "rsa" else "rsa"].public_key())
    for old, new in ((b"Subject: ", b"Subject: x"), (b"ant@localhost", b"bee@localhost")):
        assert not verifies(raw.replace(old, new, 1), key.public_key())
    assert not verifies(raw[:-20] + b"x" + raw[-19:], key.public_key())
    assert not verifies(raw.replace(b"Subject: ", b"Subject: another\r\nSubject: ", 1), key.public_key())


def test_mail_that_cannot_be_signed_is_held_and_says_why(tmp_path: Path) -> None:
    dkim = DkimSettings(domain="sillok.example", selector="s1", key_path=tmp_path / "gone")
    server = SmtpSettings(host="localhost", port=9, tls_from_start=False, sender="notices@sillok.example", dkim=dkim)
    answer = send(server)
    assert answer.result == "held"
    assert "SILLOK_DKIM_KEY_FILE" in answer.says


def test_a_key_that_receivers_would_not_take_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for bad in (generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(SettingsError, match=r"RSA key of 2048 bits or more, or Ed25519\.$"):
            read_key(kept(bad, tmp_path))
    (tmp_path / "key").write_text("none")
    with pytest.raises(SettingsError, match="holds no private key"):
        read_key(tmp_path / "key")


def test_nothing_is_started_where_mail_could_not_be_signed(tmp_path: Path) -> None:
    dkim = DkimSettings(domain="sillok.example", selector="s1", key_path=tmp_path / "gone")
    smtp = SmtpSettings(host="localhost", port=9, tls_from_start=False, sender="n@sillok.example", dkim=dkim)
    settings = msgspec.structs.replace(read_settings({"SILLOK_HOME": str(tmp_path / "home")}), smtp=smtp)
    with pytest.raises(SettingsError, match="SILLOK_DKIM_KEY_FILE"):
        supervisor.run(settings, tell=lambda _line: None, when_ready=lambda _settings: None)
    assert not settings.home.exists()


MAILING = {"SILLOK_SMTP": "smtp://mail.example:587", "SILLOK_SMTP_FROM": "notices@mail.sillok.example"}
SIGNING = {"SILLOK_DKIM_SELECTOR": "s1", "SILLOK_DKIM_KEY_FILE": "/keys/dkim"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"SILLOK_DKIM_SELECTOR": "s1"}, "SILLOK_DKIM_KEY_FILE"),
        ({"SILLOK_DKIM_KEY_FILE": "/keys/dkim"}, "SILLOK_DKIM_SELECTOR"),
        ({"SILLOK_DKIM_DOMAIN": "sillok.example"}, "SILLOK_DKIM_SELECTOR"),
        ({**SIGNING, "SILLOK_DKIM_SELECTOR": "s1; d=x"}, "SILLOK_DKIM_SELECTOR"),
        ({**SIGNING, "SILLOK_DKIM_DOMAIN": "other.example"}, "SILLOK_DKIM_DOMAIN"),
        ({**SIGNING, "SILLOK_DKIM_DOMAIN": "k.example"}, "SILLOK_DKIM_DOMAIN"),
    ],
)
def test_settings_that_do_not_go_together_are_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings({**MAILING, **given})


def test_the_domain_is_that_of_the_sender_unless_another_one_is_said() -> None:
    def domain(**more: str) -> str:
        smtp = read_settings({**MAILING, **SIGNING, **more}).smtp
        assert smtp is not None
        assert smtp.dkim is not None
        return smtp.dkim.domain

    assert (domain(), domain(SILLOK_DKIM_DOMAIN="sillok.example")) == ("mail.sillok.example", "sillok.example")
