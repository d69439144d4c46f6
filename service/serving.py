"""How granian serves an application: more connections than anybody may hold, each for a bounded time."""

from __future__ import annotations

import resource
from typing import Final

CONNECTIONS: Final = 8_192
"""At once, as far as the system lets a process open as many files; whoever comes then waits."""
OTHER_FILES: Final = 512
"""What the process opens beside its connections, at most."""
HEADER_MILLISECONDS: Final = 10_000
"""So long a connection may say nothing, first or between two requests, or take for a request's headers."""


def granian(application: str, host: str, port: int) -> list[str]:
    """The module and its arguments that serve an application factory, which calls `allow_connections`."""
    connections = str(connections_within(resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    command = ["granian", "--interface", "asgi", "--factory", application]
    command += ["--loop", "uvloop", "--no-ws", "--host", host, "--port", str(port), "--workers", "1"]
    # Told the version, granian does not wait, however long, for a first byte that would tell it.
    command += ["--http", "1", "--http1-header-read-timeout", str(HEADER_MILLISECONDS)]
    return [*command, "--backlog", connections, "--backpressure", connections]


def connections_within(files: int) -> int:
    """How many connections a process may hold that may open so many files."""
    if files == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(min(CONNECTIONS, files - OTHER_FILES), 128)


def allow_connections() -> None:
    """Let this process open as many files as its connections need, and the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_within(hard) + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )
