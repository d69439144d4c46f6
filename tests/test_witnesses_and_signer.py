"""What sealer and signer, or log and witness, say of each other and cannot both be right; without any of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from domain.checkpoint import Checkpoint
from domain.merkle import EMPTY_ROOT
from domain.note import COSIGNATURE, Note, NoteSignature, VerifierKey
from domain.witness_policy import read_policy
from domain.witnessing import StaleSizeError, Submission
from service.application.cosigning import Cosign
from service.application.seal_ports import LogRecord, Published, SealBrokenError, Standing
from service.application.sealing import require_fit
from service.application.witness_ports import WitnessUnavailableError
from service.ed25519 import verify_ed25519
from service.witness_calls import HttpWitness

ONE, OTHER = b"1" * 32, b"2" * 32
NOTE = Note(Checkpoint(origin="log", size=3, root=ONE).text, (NoteSignature("log", b"abcd", bytes(64)),))
SAYS = {
    "another log": (Standing("other", 3, ONE, ()), "this log is log"),
    "more than there is": (Standing("log", 6, ONE, ()), "its tail was lost"),
    "less than was published": (Standing("log", 2, ONE, ()), "its state was lost"),
    "another root": (Standing("log", 3, OTHER, ()), "another root"),
}


@pytest.mark.parametrize("what", SAYS)
def test_a_signer_that_signed_something_else_halts_sealing(what: str) -> None:
    turn: Any = SimpleNamespace(size=5, log=LogRecord("log", ()), published=Published("log", 3, ONE, ""))
    require_fit(turn, Standing("log", 3, ONE, ()))
    require_fit(turn, Standing("log", 4, OTHER, ()))
    standing, because = SAYS[what]
    with pytest.raises(SealBrokenError, match=because):
        require_fit(turn, standing)


WITNESS = VerifierKey("witness.example", COSIGNATURE, bytes(32))


class Asked:
    """`SealReader`, `CosignatureStore` and `WitnessServer` of a log of three, of which the witness cosigned two."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.failures: list[tuple[str, bool]] = []
        self.asked: list[int] = []

    def latest(self) -> Published:
        return Published("log", 3, ONE, str(NOTE))

    def tiles(self, _places: object) -> dict[tuple[int, int], bytes]:
        return {(0, 0): EMPTY_ROOT * 3}

    def cosigners(self, _checkpoint: Published) -> tuple[VerifierKey, ...]:
        return ()

    def last_size(self, _witness: VerifierKey) -> int:
        return 2

    def failed(self, _witness: VerifierKey, fault: str, *, contradicts: bool) -> None:
        self.failures.append((fault, contradicts))

    def add(self, submission: Submission) -> tuple[NoteSignature, ...]:
        self.asked.append(submission.old)
        raise StaleSizeError(self.size)


@pytest.mark.parametrize(
    ("size", "because"),
    [
        (1, "it cosigned 2 leaves before, and now says that it was 1"),
        (4, "it cosigned 4 leaves of this log, which has 3"),
    ],
)
def test_a_witness_that_forgot_or_knows_more_contradicts_the_log(size: int, because: str) -> None:
    """It is not asked to go on from there: it would cosign a second history, or this one a second time."""
    asked: Any = Asked(size)
    policy = read_policy(f"witness w {WITNESS}\nquorum w\n")
    with ThreadPoolExecutor(1) as threads:
        Cosign(asked, asked, policy, {WITNESS: asked}, threads, verify=verify_ed25519)()
    assert (asked.failures, asked.asked) == ([(because, True)], [2])


class Endless(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x" * 10_000)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endless() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_answer_without_end_is_not_read_to_it(endless: str) -> None:
    witness = HttpWitness(endless)
    with pytest.raises(WitnessUnavailableError, match="too long"):
        witness.add(Submission(0, (), NOTE))
    witness.close()
