"""Witnesses in processes of their own, a log of the tests', and liars."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.cli import main
from tests.integration.sealing import proof, sha256, tree_hash
from tests.integration.working import kill
from tests.serving import free_port

CLI = "from service.cli import main; main()"


@dataclass
class Log:
    """A log that signs whatever it is told to."""

    name: str = "log.example/1"
    entries: list[bytes] = field(default_factory=lambda: [str(each).encode() for each in range(40)])

    def __post_init__(self) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(sha256(self.name.encode()))
        public = b"\x01" + self.private.public_key().public_bytes_raw()
        self.key_id = sha256(f"{self.name}\n".encode(), public)[:4]
        self.vkey = f"{self.name}+{self.key_id.hex()}+{text(public)}"

    def checkpoint(self, size: int, *, root: bytes | None = None, extra: str = "") -> str:
        body = f"{self.name}\n{size}\n{text(root or tree_hash(self.entries[:size]))}\n{extra}"
        return f"{body}\n— {self.name} {text(self.key_id + self.private.sign(body.encode()))}\n"

    def proof(self, old: int, new: int) -> list[str]:
        return [text(each) for each in proof(old, self.entries[:new])] if old else []

    def submission(self, old: int, new: int) -> str:
        return body(old, self.proof(old, new), self.checkpoint(new))

    def forked(self) -> Log:
        """The same log, as it is shown to somebody else."""
        return Log(self.name, [b"forged", *self.entries[1:]])


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def body(old: int, hashes: Sequence[str], checkpoint: str) -> str:
    return "".join(f"{each}\n" for each in (f"old {old}", *hashes, "")) + checkpoint


def cosigned_at(vkey: str, line: str, checkpoint: str) -> int:
    """When the witness of that key signed the checkpoint (C2SP tlog-cosignature); fails if it did not."""
    name, id_, encoded = vkey.split("+", 2)
    public = base64.b64decode(encoded)
    assert public[:1] == b"\x04"
    assert sha256(f"{name}\n".encode(), public)[:4].hex() == id_
    dash, its_name, value = line.removesuffix("\n").split(" ")
    found = base64.b64decode(value)
    assert (dash, its_name, found[:4].hex(), len(found)) == ("—", name, id_, 4 + 8 + 64)
    at = int.from_bytes(found[4:12], "big")
    signed = checkpoint[: checkpoint.rindex("\n\n") + 1]
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(found[12:], f"cosignature/v1\ntime {at}\n{signed}".encode())
    return at


@dataclass
class WitnessProcess:
    """`sillok witness` over a folder, told of no database and no broker."""

    folder: Path
    name: str = "witness.example/1"
    vkey: str = ""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = free_port()
        if not self.vkey:
            self.vkey = self.command("key", self.name).strip()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def follow(self, *vkeys: str) -> None:
        (self.folder / "logs").write_text("# logs\n" + "".join(f"{each}\n" for each in vkeys))

    def command(self, *arguments: str, status: int = 0) -> str:
        """What another command on the folder says."""
        found = CliRunner().invoke(main, [*self._arguments, *arguments])
        assert found.exit_code == status, found.output
        return found.output

    @property
    def _arguments(self) -> list[str]:
        return ["witness", "--home", str(self.folder), "--port", str(self.port)]

    def start(self) -> None:
        """And wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CLI, *self._arguments],
                env=ALONE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.post("")
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        if self.process is not None:
            kill(self.process)

    def post(self, content: str | bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=content, trust_env=False, timeout=10)


ALONE = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
