"""Serving: what amounts to service by the charter's rule is put on record, once.

What was sent, delivered and opened is evidence that no event holds; the event says which evidence counted, and of what.
A worker that was killed, or that races another, finds what is on record: the notice is served once, and the request's
own name records nothing twice. Neither a rebuild nor a replay comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
import structlog
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import tag
from domain.charter import CharterInForce
from domain.deadlines import day_of, instant
from domain.due import Due
from domain.event import Event
from domain.notices import COUNTS_FROM, NoticeAcknowledgedError, NoticeAlreadyServedError, NoticeServed
from domain.refusal import Refusal
from domain.system import system
from service.application.deciding import Submission
from service.application.facts import read_facts
from service.application.notice_ports import ServiceStore, Unserved
from service.application.ports import IdempotencyKeyReusedError, Ledger
from service.application.projecting import occurrences
from service.application.recording import Accepted

AGAIN: Final = timedelta(hours=1)
"""After so long what was refused is tried again."""
BATCH: Final = 100

_log: Final = structlog.get_logger()


class ServeNotices:
    """The use case. `submit`: makes a decision, as for anybody (`SubmitDecision`)."""

    def __init__(
        self,
        ledger: Ledger,
        store: ServiceStore,
        submit: Callable[[Submission], Accepted],
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._submit = submit
        self._now = now

    def __call__(self, programme: str) -> Literal["current", "more"]:
        """Put on record what was served; `more` may be. Raises `LedgerUnavailableError`, `ContendedError`."""
        found = self._store.unserved(programme, self._now(), limit=BATCH)
        if not found:
            return "current"
        charter = CharterInForce(programme)
        read_facts(self._ledger, (charter,))
        positions = sorted({each.position for each in found})
        events = {each.position: each.event for each in occurrences(self._ledger.at(positions))}
        for each in found:
            today = day_of(self._now(), charter.charter.zone).isoformat()
            held = self._decide(programme, _due(each, events[each.position], today))
            self._store.settle(each.number, held=held, again_at=self._now() + AGAIN)
        return "more" if len(found) == BATCH else "current"

    def behind(self) -> Sequence[str]:
        """Programmes in which something is to be put on record."""
        return self._store.to_serve(self._now())

    def _decide(self, programme: str, due: Due) -> str | None:
        """Why it was refused, if it was."""
        submission = Submission(
            programme=programme,
            decision_type=due.decision,
            body=msgspec.json.encode(due.body, order="deterministic"),
            actor=system(due.reaction),
            idempotency_key=due.key,
            follows=due.follows,
        )
        try:
            self._submit(submission)
        except IdempotencyKeyReusedError:
            return None  # another worker was first
        except (NoticeAlreadyServedError, NoticeAcknowledgedError) as error:
            # By another worker; or, before ids were kept apart, somebody served another notice under its id.
            return None if self._is_on_record(programme, due) else str(error)
        except Refusal as error:
            _log.warning("a notice is not served", programme=programme, reaction=due.key, because=str(error))
            return str(error)
        return None

    def _is_on_record(self, programme: str, due: Due) -> bool:
        """Whether it is that very notice that was served under the id."""
        served = DCBQueryItem(types=[NoticeServed.TYPE], tags=[tag("notice", programme, due.subject)])
        found = [each.event for each in occurrences(self._ledger.read(DCBQuery(items=[served])))]
        return any(isinstance(each, NoticeServed) and each.template == due.body["template"] for each in found)


def _due(each: Unserved, event: Event, today: str) -> Due:
    """The decision that puts it on record. Its subject is what the event is of: a stage, a call, or the team."""
    subject = next(
        (str(found) for name in ("stage", "call") if (found := getattr(event, name, None)) is not None), each.recipient
    )
    return Due(
        reaction="serve-notices",
        follows=each.position,
        subject=each.notice,
        body={
            "notice": each.notice,
            "team": each.recipient,
            "template": each.template,
            "subject": subject,
            "values": {"at": instant(each.at), "by": each.by, COUNTS_FROM: today, "sha256": each.sha256.hex()},
        },
    )
