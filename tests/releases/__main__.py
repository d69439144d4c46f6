"""Keep the ledger of this release: the shipped programmes, as it records them."""

from __future__ import annotations

import logging
import lzma
import tempfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import msgspec

from domain.exported import ExportedEvent
from service.embedded import EmbeddedPostgres
from service.storage.migrate import migrate
from tests.integration.conftest import run_service
from tests.playing import EVERY, lines_of
from tests.releases import digests_of, ledger_of, replayed


def main() -> None:
    """Play everything, and write each event as a bundle has it."""
    logging.disable()  # of the client, a line for each request
    file = ledger_of(version("sillok"))
    with tempfile.TemporaryDirectory(prefix="sillok-release-") as folder:
        Path(folder).chmod(0o755)
        embedded = EmbeddedPostgres(Path(folder) / "postgres", Path(folder) / "postgres.log")
        try:
            file.write_bytes(lzma.compress(b"".join(map(_line, played(embedded.start(), Path(folder)))), preset=9))
        finally:
            embedded.stop()
    digests_of(file).write_bytes(msgspec.json.format(msgspec.json.encode(replayed(file))) + b"\n")
    print(file.name, file.stat().st_size, "bytes")


def played(database: str, home: Path) -> list[ExportedEvent]:
    """Every event, in full."""
    migrate(database)
    events: list[ExportedEvent] = []
    for running in run_service(database, home):
        for programme in EVERY:
            running.play(programme, lines_of(programme))
        ledger = running.service.ledger
        for each in ledger.read():
            events += chain.from_iterable(
                ledger.exported(each.programme, after=each.position - 1, upto=each.position, limit=1)
            )
    return events


def _line(event: ExportedEvent) -> bytes:
    return msgspec.json.encode(event) + b"\n"


if __name__ == "__main__":
    main()
