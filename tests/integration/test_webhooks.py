"""Webhooks by Standard Webhooks: signatures verified by others' code; what receivers may answer, and how slowly."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from service.application.delivery_ports import Answer, Message, Target
from service.application.webhook_signing import OVERLAP, EndpointSecrets, fresh_secrets, rotated
from service.delivery.webhooks import Webhooks
from tests.integration.receiving import Posted, Receiver, receiving

NOW = datetime.now(UTC)
SECRETS = fresh_secrets()


def send(
    url: str, secrets: EndpointSecrets = SECRETS, *, seconds: float = 20, context: ssl.SSLContext | None = None
) -> Answer:
    target = Target(
        endpoint="endpoint-1",
        programme="p",
        team="ant",
        data_set="rehearsal",
        channel="webhook",
        language="ko",
        state="active",
        address=url,
        secrets=secrets,
    )
    message = Message(id="test_1", programme="p", data_set="rehearsal", at=NOW, challenge=secrets[0].challenge())
    # The library that verifies asks the clock itself.
    return Webhooks(loopback=True, seconds=seconds, context=context).send(target, message, datetime.now(UTC))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def verifies(secret: str, posted: Posted) -> bool:
    """`v1`, as the library of Standard Webhooks has it."""
    try:
        Webhook(secret).verify(posted.body, posted.headers)
    except WebhookVerificationError:
        return False
    return True


def verifies_by_key(public_key: str, posted: Posted) -> bool:
    """`v1a`, word by word."""
    prefix, _, encoded = public_key.partition("_")
    assert prefix == "whpk"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded))
    signed = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    for each in posted.headers["webhook-signature"].split(" "):
        version, _, signature = each.partition(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(signature), signed)
            except InvalidSignature:
                continue
            return True
    return False


def test_both_signatures_verify_and_only_of_what_was_sent(receiver: Receiver) -> None:
    send(receiver.url)
    (posted,) = receiver.posted
    (secret,) = SECRETS
    assert verifies(secret.text, posted)
    assert verifies_by_key(secret.public_key, posted)
    later = int(posted.headers["webhook-timestamp"]) + 1
    for other in (
        Posted(posted.path, posted.headers, posted.body.replace(b"ant", b"bee")),
        Posted(posted.path, {**posted.headers, "webhook-id": "test_2"}, posted.body),
        Posted(posted.path, {**posted.headers, "webhook-timestamp": f"{later}"}, posted.body),
    ):
        assert not verifies(secret.text, other)
        assert not verifies_by_key(secret.public_key, other)
    (stranger,) = fresh_secrets()
    assert not verifies(stranger.text, posted)
    assert not verifies_by_key(stranger.public_key, posted)


def test_a_secret_that_was_rotated_goes_on_for_a_day_beside_the_new_one(receiver: Receiver) -> None:
    fresh = rotated(SECRETS, datetime.now(UTC) - OVERLAP + timedelta(minutes=1))
    send(receiver.url, fresh)
    assert [verifies(each.text, receiver.posted[-1]) for each in fresh] == [True, True]
    assert [verifies_by_key(each.public_key, receiver.posted[-1]) for each in fresh] == [True, True]
    ended = rotated(SECRETS, NOW - OVERLAP)
    send(receiver.url, ended)
    assert [verifies(each.text, receiver.posted[-1]) for each in ended] == [True, False]
    assert [verifies_by_key(each.public_key, receiver.posted[-1]) for each in ended] == [True, False]
    assert len(rotated(ended, NOW)) == 2, "what has ended is forgotten"


def test_who_registered_an_endpoint_cannot_tell_its_challenge(receiver: Receiver) -> None:
    """It rests on what nobody is shown, so that giving it back shows that one reads there."""
    (secret,) = SECRETS
    receiver.answer = receiver.gives_back
    assert send(receiver.url).confirmed
    same_shared = tuple(type(each)(shared=secret.shared, seed=each.seed) for each in fresh_secrets())
    assert same_shared[0].challenge() != secret.challenge()


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "delivered"), (299, "delivered"), (302, "failed"), (404, "failed"), (410, "gone"), (500, "failed")],
)
def test_what_a_status_means(receiver: Receiver, status: int, result: str) -> None:
    receiver.answers(status)
    answer = send(receiver.url)
    assert (answer.result, answer.confirmed) == (result, False)
    assert answer.says.startswith(f"status {status}")


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Whoever connects is served so, once; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _address = server.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(timeout=20)


def trickle(connection: socket.socket) -> None:
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-A: 1\r\n")
            time.sleep(0.02)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("serve", "says"),
    [
        pytest.param(lambda connection: connection.recv(1), "no answer: ", id="closes"),
        pytest.param(
            lambda connection: connection.sendall(b"220 mail\r\n"), "no answer: ", id="speaks another protocol"
        ),
        pytest.param(trickle, "no answer: it took too long", id="trickles"),
    ],
)
def test_a_receiver_that_misbehaves_has_failed(serve: Callable[[socket.socket], None], says: str) -> None:
    with listening(serve) as url:
        answer = send(url, seconds=0.3)
    assert answer.result == "failed"
    assert answer.says.startswith(says)


def test_a_receiver_that_never_answers_is_left_in_time() -> None:
    ended = threading.Event()

    def wait(_connection: socket.socket) -> None:
        ended.wait(20)

    with listening(wait) as url:
        assert send(url, seconds=0.2).says == "no answer: it took too long"
        ended.set()


@pytest.mark.parametrize(
    ("name", "trusted", "result"),
    [("localhost", True, "delivered"), ("example.org", True, "failed"), ("localhost", False, "failed")],
)
def test_a_certificate_has_to_be_of_the_name_and_trusted(name: str, trusted: bool, result: str, tmp_path: Path) -> None:
    """Of the name, though the connection goes to an address."""
    certificate = self_signed(name, tmp_path)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    client_side = ssl.create_default_context(cafile=str(certificate)) if trusted else ssl.create_default_context()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), server_side.wrap_socket(connection, server_side=True) as stream:
            received = b""
            while not received.endswith(b"}") and (piece := stream.recv(65536)):
                received += piece
            stream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with listening(serve) as url:
        answer = send(url.replace("http://127.0.0.1", "https://localhost"), context=client_side)
    assert answer.result == result
    assert result == "delivered" or answer.says == "no answer: its certificate is not valid for it"


def self_signed(name: str, folder: Path) -> Path:
    """A file with a certificate for a name, and its key."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file = folder / "certificate"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + private)
    return file


def test_where_nobody_listens_nothing_is_delivered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/").says == "no answer: nobody takes the connection"


def test_an_answer_that_is_long_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.answers(200, body=b"x" * 10_000_000)
    assert send(receiver.url).result == "delivered"
