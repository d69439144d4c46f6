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


def patiently(request: Request | Callable[[], Request], seconds: float) -> Exchange[Answer]:
    """Send, and send again for so long while the service is busy, away, or still working on the same request.

    `request`: the same each time, or how it is made anew, for what is good once.
    Raises `UnreachableError` if no answer came in time; what then became of a decision is not known, and sending it
    again under the same key is safe.
    """
    waited, pause = 0.0, FIRST_PAUSE
    while True:
        answer = yield request() if callable(request) else request
        assert answer is not None
        asked = _asked_pause(answer)
        if asked is None:
            assert isinstance(answer, Answer)
            return answer
        # Not all who were told the same come back at the same time.
        wait = max(asked, pause * random.uniform(0.5, 1.0))
        if waited + wait > seconds:
            if isinstance(answer, Lost):
                raise UnreachableError(answer.because)
            return answer
        yield Pause(wait)
        waited, pause = waited + wait, min(2 * pause, LONGEST_PAUSE)


def _asked_pause(answer: Answer | Lost) -> float | None:
    """How long to wait at least before the request is sent again; `None` if the answer is one to keep."""
    if isinstance(answer, Lost):
        return 0.0
    if answer.status in _AGAIN or (answer.status == 409 and problem_of(answer).slug == "request-in-flight"):
        return retry_after(answer)
    return None


def retry_after(answer: Answer) -> float:
    """How many seconds the service asks to be left alone; 0 if it does not say."""
    after = answer.headers.get("retry-after", "")
    return float(after) if after.isdecimal() else 0.0


def problem_of(answer: Answer) -> Problem:
    """What an answer that is no good says; in its own words if it is no problem of the service."""
    try:
        return msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        text = answer.content[:200].decode("utf-8", "replace")
        return Problem(type="about:blank", title=f"HTTP {answer.status}", status=answer.status, detail=text)


def read(answer: Answer, type_: type[T] | Any) -> T:
    """The content of a good answer. Raises `ServiceProblemError`."""
    if not 200 <= answer.status < 300:
        raise ServiceProblemError(problem_of(answer))
    content: T = msgspec.json.decode(answer.content, type=type_)
    return content
