"""Leaves a second into tiles and checkpoints in PostgreSQL; and proofs of inclusion over HTTP, of a tree of 10⁶ leaves.

A turn seals the whole ledger, in batches, the signer being in the same process with its files on the same disk. Beside
it: the hashes of the same tree alone, one leaf after the other, over entries that are in memory already. For the proofs
the whole service runs, as `make run` starts it, and has sealed the ledger by itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg

from domain.merkle import Frontier, leaf_hash
from ops.bench import competition
from ops.bench.http_load import Load, Report, send
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rounds, rows_of, timed
from ops.bench.service import run_service, sealed_size
from ops.bench.setting import Setting
from service.application.checkpoint_signer import CheckpointSigner
from service.application.sealing import Seal
from service.secret_rings import SecretRing
from service.settings import Settings
from service.signer_files import SignerFiles, signing_keys
from service.storage.sealing import PostgresSeals

LEAVES: Final = 1_000_000
ROUNDS: Final = 5
PROOFS: Final = 2_000
CONNECTIONS: Final = (1, 16)
PATIENCE: Final = 300.0
REFERENCE: Final = "hashing alone"


def forget(url: str) -> None:
    """Leave nothing of a tree."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE seal.tile, seal.cosignature, seal.witnessed, seal.checkpoint, seal.key, seal.log")
        connection.execute("UPDATE seal.state SET size = 0, root = sha256(''), patrolled = 0")


@contextmanager
def signer(folder: Path) -> Iterator[CheckpointSigner]:
    """One that has signed nothing yet."""
    files = SignerFiles(folder)
    with files.open_for("bench.example/log"):
        yield CheckpointSigner(files, partial(signing_keys, SecretRing(files.keys_file, make=False)))


def seal(url: str, folder: Path) -> None:
    """What is measured: the whole ledger."""
    seals = PostgresSeals(url, pool_size=1)
    try:
        with signer(folder) as own:
            sealer = Seal(seals, own)
            while (found := sealer()) == "more":
                pass
        if found != "current":
            raise NotMeasuredError(f"sealing is {found}")
    finally:
        seals.close()


def hash_alone(entries: list[bytes]) -> None:
    """The tree's hashes, none of them kept."""
    frontier = Frontier()
    for each in entries:
        for _node in frontier.add(leaf_hash(each)):
            pass


def measure(setting: Setting) -> list[Row]:
    """Rows for the rates, and for the latency of a proof."""
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home:
        url = server.database("seal")
        leaves = competition.fill(url, setting.events(LEAVES))
        with psycopg.connect(url) as connection:
            entries = [each for (each,) in connection.execute("SELECT entry FROM ledger.event ORDER BY position")]
        number = iter(range(10**6))

        def sealed() -> float:
            forget(url)
            return leaves / timed(lambda: seal(url, home / f"signer-{next(number)}"))

        reference = Case(REFERENCE, leaves)
        turns = {Case("sillok", leaves): sealed, reference: lambda: leaves / timed(lambda: hash_alone(entries))}
        rates = rounds(turns, setting.rounds(ROUNDS))
        figures += rows_of(rates, "seal", "leaves/s", reference=lambda _case: reference)
        entries.clear()
        forget(url)

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                size = sealed_size(connection, PATIENCE)
            figures.extend(_proofs(setting, settings, size))

        run_service(url, home / "home", work)
    return figures


def _proofs(setting: Setting, settings: Settings, size: int) -> list[Row]:
    chosen = random.Random(0)
    found: dict[Case, list[float]] = {}
    for each in range(setting.rounds(ROUNDS) + 1):
        for clients in CONNECTIONS:
            positions = [chosen.randint(1, size) for _each in range(max(clients, setting.events(PROOFS)))]
            report = _ask(settings, clients, [f"inclusion?position={at}&size={size}" for at in positions])
            for percent in (50, 95) if each else ():  # the first warms up
                case = Case(f"sillok, p{percent}", size, clients)
                found.setdefault(case, []).append(1000 * percentile(report.latencies, percent))
    return rows_of(Figures(found), "inclusion proof over HTTP", "ms")


def _ask(settings: Settings, clients: int, proofs: list[str]) -> Report:
    at = urlsplit(settings.address)
    requests = [f"GET /v1/ledger/proofs/{each} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode() for each in proofs]
    return send(Load(at.hostname or "", at.port or 0, clients, 200, requests))
