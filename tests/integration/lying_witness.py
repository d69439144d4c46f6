"""A witness that lies, in a process of its own: `python -m tests.integration.lying_witness PORT FOLDER`.

In the folder: `key` as a witness has it, and `lie`, which of `LIES` to tell, read at each request.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.sealing import sha256

Answer = tuple[int, str, str]
TEXT: Final = "text/plain"


class Liar:
    """What it answers."""

    def __init__(self, folder: Path) -> None:
        key = json.loads((folder / "key").read_text())
        self.name = key["name"]
        self.private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key["seed"]))
        public = b"\x04" + self.private.public_key().public_bytes_raw()
        self.key_id = sha256(f"{self.name}\n".encode(), public)[:4]

    def cosigned(self, text: str, *, at: int | None = None, name: str | None = None) -> Answer:
        """A cosignature over a text; whether that is the checkpoint's is another matter."""
        now = int(time.time())
        signature = self.private.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        value = self.key_id + (now if at is None else at).to_bytes(8, "big") + signature
        return 200, TEXT, f"— {name or self.name} {base64.b64encode(value).decode()}\n"


def checkpoint(body: str) -> str:
    note = body.partition("\n\n")[2]
    return note[: note.index("\n\n") + 1]


def another_root(text: str) -> str:
    origin, size, _root = text.split("\n")[:3]
    return f"{origin}\n{size}\n{base64.b64encode(sha256(b'forged')).decode()}\n"


def late(liar: Liar, text: str) -> Answer:
    time.sleep(4)
    return liar.cosigned(text)


LIES: Final[dict[str, Callable[[Liar, str], Answer]]] = {
    "another root": lambda liar, text: liar.cosigned(another_root(text)),
    "another time": lambda liar, text: liar.cosigned(text, at=1),
    "another's name": lambda liar, text: liar.cosigned(text, name="witness.example/other"),
    "a larger size": lambda *_: (409, "text/x.tlog.size", "1000000\n"),
    "a fork": lambda *_: (409, TEXT, "another root\n"),
    "no proof": lambda *_: (422, TEXT, "no proof\n"),
    "nothing of use": lambda *_: (200, TEXT, "<html>welcome</html>"),
    "too much": lambda *_: (200, TEXT, "x" * 1_000_000),
    "an error": lambda *_: (500, TEXT, "sorry\n"),
    "late": late,
    "the truth": lambda liar, text: liar.cosigned(text),
}
CONTRADICTIONS: Final = ("another root", "another time", "a larger size", "a fork", "no proof")
FAILURES: Final = ("another's name", "nothing of use", "too much", "an error")


def main(port: int, folder: Path) -> None:
    liar = Liar(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            lie = (folder / "lie").read_text()
            status, kind, said = LIES[lie](liar, checkpoint(body) if body else "")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said.encode())))
            self.end_headers()
            self.wfile.write(said.encode())

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
