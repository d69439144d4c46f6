"""What is said to the service and heard from it, apart from how it is sent: the same for clients that block or await.

An exchange is a generator: it yields a `Request`, and is sent the `Answer` or that it was `Lost`; or a `Pause`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from service.client.problems import Problem, ServiceProblemError, UnreachableError

T = TypeVar("T")


class Request(NamedTuple):
    """One HTTP request. It is safe to send again: it reads, or carries the same idempotency key each time.

    `download`: its answer is long.
    """

    method: str
    path: str
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    content: bytes = b""
    download: bool = False


class Answer(NamedTuple):
    """An HTTP answer. `headers`: by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Lost(NamedTuple):
    """No answer came: the connection could not be made, broke, or took too long."""

    because: str


class Pause(NamedTuple):
    """So many seconds."""

    seconds: float


Exchange = Generator[Request | Pause, Answer | Lost | None, T]

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 8.0
_AGAIN: Final = frozenset({429, 502, 503, 504})


class Patience:
    """For so many seconds a service that is busy is asked again, after longer pauses each time."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._pause = FIRST_PAUSE

    def pause(self, asked: float = 0.0) -> Pause | None:
        """Before it is asked again, of as many seconds as it asks for at least; `None` if patience ends before."""
        # Not all who were told the same come back at the same time.
        wait = max(asked, self._pause * random.uniform(0.5, 1.0))
        if wait > self._left:
            return None
        self._left, self._pause = self._left - wait, min(2 * self._pause, LONGEST_PAUSE)
        return Pause(wait)


def patiently(request: Request | Callable[[], Request], seconds: float) -> Exchange[Answer]:
    """Send, and send again for so long while the service is busy, away, or still working on the same request.

    `request`: the same each time, or how it is made anew, for what is good once.
    Raises `UnreachableError` if no answer came in time; what then became of a decision is not known, and sending it
    again under the same key is safe.
    """
    patience = Patience(seconds)
    while True:
        answer = yield request() if callable(request) else request
        assert answer is not None
        asked = _asked_pause(answer)
        if asked is None:
            assert isinstance(answer, Answer)
            return answer
        pause = patience.pause(asked)
        if pause is None:
            if isinstance(answer, Lost):
                raise UnreachableError(answer.because)
            return answer
        yield pause


def _asked_pause(answer: Answer | Lost) -> float | None:
    """How long to wait at least before the request is sent again; `None` if the answer is one to keep."""
    if isinstance(answer, Lost):
        return 0.0
    return retry_after(answer) if is_passing(answer.status, answer.content) else None


def is_passing(status: int, content: bytes | msgspec.Raw) -> bool:
    """Whether what was told may be otherwise the next time, though nothing else is asked."""
    return status in _AGAIN or (status == 409 and _problem(status, bytes(content)).slug == "request-in-flight")


def retry_after(answer: Answer) -> float:
    """How many seconds the service asks to be left alone; 0 if it does not say."""
    after = answer.headers.get("retry-after", "")
    return float(after) if after.isdecimal() else 0.0


def problem_of(answer: Answer) -> Problem:
    """What an answer that is no good says; in its own words if it is no problem of the service."""
    return _problem(answer.status, answer.content)


def _problem(status: int, content: bytes) -> Problem:
    try:
        return msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        text = content[:200].decode("utf-8", "replace")
        return Problem(type="about:blank", title=f"HTTP {status}", status=status, detail=text)


def read(answer: Answer, type_: type[T] | Any) -> T:
    """The content of a good answer. Raises `ServiceProblemError`."""
    if not 200 <= answer.status < 300:
        raise ServiceProblemError(problem_of(answer))
    content: T = msgspec.json.decode(answer.content, type=type_)
    return content
