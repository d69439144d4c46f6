"""Requests that say the very same as one before, which was told that its client has the answer already.

To look at address, parameters, headers and credential one by one takes longer than to ask what can have changed since:
whether the credential still is one, and where the ledger stands. Only that is asked, of requests that are the same byte
for byte; whatever is not as it was is looked at as any other request. What is kept is not the request, nor its
credential, but their hashes.
"""

from __future__ import annotations

import hashlib
import time
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, NamedTuple

import msgspec
from litestar.types import HTTPScope, Message, Send

from service.api.parts import Parts
from service.api.prepared import Prepared
from service.application.identity import ActingForMissingError, NotMemberError, Principal
from service.application.ports import LedgerUnavailableError

KEPT: Final = 4_096
"""Requests that are known again, in one API process; what was not sent the longest time is forgotten first."""
REPEATABLE: Final = "repeatable"
"""Under which name a request's state has what it was answered with, if that is given again."""

_packed = msgspec.msgpack.Encoder().encode


class Shown(NamedTuple):
    """The mark of the credential that a request shows, for whom it acts, and whose it was."""

    mark: bytes
    acting_for: str | None
    holder: Principal


class Repeatable(NamedTuple):
    """What a request asks for, of a programme, by `service.api.remembered`; and what that is now.

    `seconds` and `span`: for how long that is true, and in which of such spans it was asked for.
    """

    programme: str | None
    asked: Hashable
    answer: weakref.ref[Prepared]
    seconds: float | None
    span: float | None
    shown: Shown | None


class _Known(NamedTuple):
    told: Repeatable
    start: Message


class Repeats:
    """For one event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def answered(self, scope: HTTPScope, send: Send) -> bool:
        """Answer as before, if that is still what there is to say."""
        key = _key(scope)
        known = None if key is None else self._known.get(key)
        if key is None or known is None or not await self._still(known.told):
            return False
        self._known.move_to_end(key)
        await send(known.start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    def noting(self, scope: HTTPScope, send: Send) -> Send:
        """Sends; an answer that tells its client that nothing has changed is remembered with its request."""
        key = _key(scope)
        if key is None:
            return send

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 304:
                told = scope.get("state", {}).get(REPEATABLE)
                if told is not None:
                    self._known[key] = _Known(told, message)
                    if len(self._known) > KEPT:
                        self._known.popitem(last=False)
            await send(message)

        return send_noted

    async def _still(self, told: Repeatable) -> bool:
        if not self._parts.erased() or (told.seconds is not None and told.span != time.time() // told.seconds):
            return False
        try:
            known = await self._parts.remembered.known(told.programme, told.asked)
        except LedgerUnavailableError:
            return False
        # The credential last: to ask about it counts, and whatever is not as it was is counted as any request.
        return known is not None and known is told.answer() and self._enters(told.shown)

    def _enters(self, shown: Shown | None) -> bool:
        """Whether the credential still is the same holder's, who may ask once more."""
        if shown is None:
            return True
        try:
            return self._parts.access.enter_marked_at_once(shown.mark, shown.acting_for) == shown.holder
        except (NotMemberError, ActingForMissingError):
            return False


def _key(scope: HTTPScope) -> bytes | None:
    """What stands for all that a request says, if it asks whether something has changed.

    None of a session's: more than one request tells whose that is.
    """
    headers = scope["headers"]
    names = {name for name, _value in headers}
    if b"if-none-match" not in names or b"cookie" in names:
        return None
    return hashlib.sha256(_packed((scope["path"], scope["query_string"], headers))).digest()
