"""Server-sent events by asyncio alone: it looks as often for rows as the service, and writes them to whoever is there.

No HTTP framework, nobody's rights, nothing withheld, no reader who comes back.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from service.api.event_feed import LOOK_SECONDS

ROWS: Final = "SELECT position, envelope, data FROM ledger.event WHERE position > %s ORDER BY position"
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 1000\nid: 0\n\n"


@contextmanager
def running(url: str) -> Iterator[int]:
    """The server in a process of its own, over a ledger: its port."""
    with subprocess.Popen([sys.executable, "-m", __name__, url], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def serve(url: str) -> None:
    """Until the process is ended."""
    readers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        readers.append(writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT position FROM ledger.head").fetchone()
        assert row is not None
        last = row[0]
        while True:
            rows = connection.execute(ROWS, (last,)).fetchall()
            if rows:
                page = b"".join(b"id: %d\ndata: %b%b\n\n" % each for each in rows)
                last = rows[-1][0]
                for each in readers:
                    if not each.is_closing():
                        each.write(page)
            await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
