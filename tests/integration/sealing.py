"""A signer in a process of its own, a sealer, and a check of what they come to that shares no code with either."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.application.seal_ports import Signer, SignerUnavailableError
from service.application.sealing import Seal
from service.signer_socket import SocketSigner
from service.storage.sealing import PostgresSeals

ORIGIN = "log.example/v1/ledger"


@dataclass
class SignerProcess:
    """`python -m service.signer` over a folder."""

    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        return self.home / "signer"

    @property
    def client(self) -> SocketSigner:
        return SocketSigner(self.folder)

    def start(self, **environment: str) -> str:
        """Start it and wait until it answers, or ends: what it said then."""
        given = {**os.environ, "SILLOK_HOME": str(self.home), "SILLOK_LOG": ORIGIN, **environment}
        with (self.home / "signer.log").open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "service.signer"], env=given, stderr=log)
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            try:
                self.client.standing()
            except SignerUnavailableError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return ""
        return (self.home / "signer.log").read_text()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def sealer(database: str, signer: Signer) -> Iterator[Seal]:
    """A sealer that never waits, and patrols at each call."""
    seals = PostgresSeals(database, pool_size=1)
    ticks = iter(range(0, 10**9, 1000))
    try:
        yield Seal(seals, signer, clock=lambda: next(ticks), pause=lambda _seconds: None)
    finally:
        seals.close()


def as_owner(database: str, *statements: str, values: Any = None) -> None:
    """Do as the owner of the tables can: triggers do not stop who switches them off."""
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        for each in statements:
            connection.execute(each, values)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if not entries:
        return sha256()
    if len(entries) == 1:
        return sha256(b"\x00", entries[0])
    k = split_at(len(entries))
    return sha256(b"\x01", tree_hash(entries[:k]), tree_hash(entries[k:]))


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(entries) == 1:
        return []
    k = split_at(len(entries))
    if m < k:
        return [*path(m, entries[:k]), tree_hash(entries[k:])]
    return [*path(m - k, entries[k:]), tree_hash(entries[:k])]


def proof(m: int, entries: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2: PROOF(m, D[n]) and SUBPROOF."""
    if m == len(entries):
        return [] if whole else [tree_hash(entries)]
    k = split_at(len(entries))
    if m <= k:
        return [*proof(m, entries[:k], whole=whole), tree_hash(entries[k:])]
    return [*proof(m - k, entries[k:], whole=False), tree_hash(entries[:k])]


def split_at(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def read_checkpoint(note: str, *keys: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that every one of the keys (`name+id+key`) signed."""
    text, _, lines = note.partition("\n\n")
    signatures = [line.split(" ") for line in lines.splitlines()]
    for key in keys:
        name, id_, encoded = key.split("+", 2)
        public = base64.b64decode(encoded)
        assert public[:1] == b"\x01"
        assert sha256(f"{name}\n".encode(), public)[:4].hex() == id_
        (found,) = [
            base64.b64decode(value)
            for dash, its, value in signatures
            if (dash, its) == ("—", name) and base64.b64decode(value)[:4].hex() == id_
        ]
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(found[4:], f"{text}\n".encode())
    origin, size, root, *_more = text.split("\n")
    return origin, int(size), base64.b64decode(root)


def read_bundle(bundle: bytes) -> list[bytes]:
    """The entries of an entry bundle (C2SP tlog-tiles)."""
    found = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found
