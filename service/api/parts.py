"""What the handlers work with; wired in `service.bootstrap`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from litestar.di import NamedDependency

from service.api.event_feed import EventFeed
from service.api.gathering import Gather
from service.api.origins import Origins
from service.api.remembered import Remembered
from service.api.turns import Turns
from service.application.access import Access
from service.application.administration import Administration
from service.application.cloud_events import ReadEvents
from service.application.endpoints import Endpoints
from service.application.exporting import Export
from service.application.following import ReadReactions
from service.application.inbox import ReadNotices
from service.application.notice_evidence import ReadEvidence
from service.application.people import People
from service.application.previewing import Previews
from service.application.proving import Prove
from service.application.reading import Queries
from service.application.revealing import CheckDisclosure
from service.application.seal_ports import SealFigures
from service.application.sealed_fields import PersonalData
from service.application.sessions import Sessions
from service.application.signing_in import SigningIn
from service.application.submitting import SubmitDecision
from service.application.submitting_lines import SubmitLines
from service.application.submitting_together import SubmitTogether
from service.application.tokens import Tokens
from service.application.view_ports import Builds
from service.application.witness_ports import WitnessFigures

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """`ready`: raises if a decision could not be recorded now. `erased`: whether what was to be erased when the process
    started is; before that nothing is served. `turns`: how reads take them. `threads`: where blocking work
    is done that waits for no reader.

    `sealing`: how far it is. `witnesses`: how asking each of them goes. `public_origin`: where browsers reach the
    service; without, on this machine.
    """

    submit: SubmitDecision
    gather: Gather
    submit_lines: SubmitLines
    submit_together: SubmitTogether
    previews: Previews
    queries: Queries
    events: ReadEvents
    feed: EventFeed
    check_disclosure: CheckDisclosure
    access: Access
    tokens: Tokens
    administration: Administration
    people: People
    personal_data: PersonalData
    sessions: Sessions
    signing_in: SigningIn
    notices: ReadNotices
    notice_evidence: ReadEvidence
    reactions: ReadReactions
    endpoints: Endpoints
    prove: Prove
    export: Export
    builds: Builds
    remembered: Remembered
    sealing: Callable[[], SealFigures]
    witnesses: Callable[[], Sequence[WitnessFigures]]
    ready: Callable[[], int]
    erased: Callable[[], bool]
    turns: Turns
    threads: Executor
    origins: Origins
    public_origin: str | None

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work off the event loop, when it is its turn. Raises 503 where too many wait."""
        return await self.turns.take(work)

    async def run_at_once(self, work: Callable[[], T]) -> T:
        """The same for what waits for no reader: decisions, credentials, and how the service is."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


Wired = NamedDependency[Parts]
"""How a handler asks for the parts."""
