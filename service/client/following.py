"""What both clients do alike: how a request is sent, and how a stream is taken up again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import msgspec

from service.client.answers import Event, LineAnswer
from service.client.credentials import Credential
from service.client.exchange import Answer, Request, problem_of, retry_after
from service.client.problems import ServiceError, ServiceProblemError, UnreachableError
from service.client.server_sent import Parser

STREAM: Final = "/v1/ledger/stream"
LONGEST_PAUSE: Final = 15.0
_COMES_BACK: Final = frozenset({429, 502, 503, 504})


def requested(request: Request) -> dict[str, Any]:
    """A request as httpx takes it."""
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "content": request.content,
    }


def answer_of(response: httpx.Response) -> Answer:
    """What httpx heard, once all of it was read."""
    return Answer(response.status_code, response.headers, response.content)


def answered(answer: LineAnswer, before: int) -> LineAnswer:
    """An answer of a later portion, by its line's number in all of them."""
    return msgspec.structs.replace(answer, line=answer.line + before)


class Following:
    """Where a follower is: the last position that was seen, and how often in turn nothing came.

    `patience`: for so many seconds the stream is tried until it is first opened, and for ever after. `broke`: told why
    nothing comes, once until something does.
    """

    def __init__(
        self,
        after: int | None,
        wanted: Mapping[str, str | None],
        patience: float,
        broke: Callable[[str], object] = lambda _why: None,
    ) -> None:
        self.parameters = {name: value for name, value in wanted.items() if value is not None}
        if after is not None:
            self.parameters["after"] = str(after)
        self._last = after
        self._revealed = (0, 0)
        self._parser = Parser()
        self._failed = 0
        self._renewed = False
        self._asked = 0.0
        self._opened = False
        self._until = time.monotonic() + patience
        self._broke = broke
        self._told = False

    def headers(self, authorization: str | None) -> dict[str, str]:
        """What the next request says of where it goes on, and who asks; the parser begins anew."""
        self._parser = Parser()
        self._failed += 1
        return {
            "Accept": "text/event-stream",
            **({} if self._last is None else {"Last-Event-ID": str(self._last)}),
            **({} if authorization is None else {"Authorization": authorization}),
        }

    def take(self, line: str) -> Event | None:
        """A line of the stream; the event that it completes, if one."""
        self._opened, self._told = True, False
        seen = self._parser.take(line)
        if seen is None:
            return None
        self._last, self._failed, self._renewed = seen.last, 0, False
        return None if seen.event is None or self._again(seen.event) else seen.event

    def _again(self, event: Event) -> bool:
        """Whether an event was revealed before: without an `id`, it is sent again where the stream broke."""
        if event.revealedby is None:
            return False
        told, self._revealed = self._revealed, max(self._revealed, (event.revealedby, event.position))
        return told == self._revealed

    def refused(self, answer: Answer, credential: Credential) -> None:
        """What to do where the stream was not opened: nothing, if another attempt may fare better, for the service is
        busy or a token has ended, the first time. Raises `ServiceProblemError`.
        """
        problem = problem_of(answer)
        if answer.status == 401 and not self._renewed:
            self._renewed = True
            credential.forget()
        elif answer.status not in _COMES_BACK:
            raise ServiceProblemError(problem)
        else:
            self._asked = retry_after(answer)
            self.lost(ServiceProblemError(problem))

    def lost(self, error: httpx.TransportError | ServiceError) -> None:
        """What to do where nothing comes. Raises `ServiceError` if patience ended before the stream was ever opened."""
        if not self._opened and time.monotonic() > self._until:
            raise error if isinstance(error, ServiceError) else UnreachableError(f"{type(error).__name__}: {error}")
        if not self._told:
            self._told = True
            self._broke(str(error))

    def pause(self) -> float:
        """Seconds before the next attempt: as the service asks, and longer each time in vain."""
        asked, self._asked = self._asked, 0.0
        return max(asked, float(min(self._parser.retry * 2 ** min(self._failed, 10), LONGEST_PAUSE)))
