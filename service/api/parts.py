"""What the handlers work with; wired in `service.bootstrap`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from litestar.di import NamedDependency

from service.application.cloud_events import ReadEvents
from service.application.identity import Authenticator
from service.application.previewing import Previews
from service.application.reading import Queries
from service.application.revealing import CheckDisclosure
from service.application.submitting import SubmitDecision
from service.application.view_ports import Builds

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """`ready`: raises if a decision could not be recorded now. `threads`: where blocking work is done."""

    submit: SubmitDecision
    previews: Previews
    queries: Queries
    events: ReadEvents
    check_disclosure: CheckDisclosure
    keys: Authenticator
    builds: Builds
    ready: Callable[[], int]
    threads: Executor

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


Wired = NamedDependency[Parts]
"""How a handler asks for the parts."""
