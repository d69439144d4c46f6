"""Asking a witness over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Final

import httpx

from domain.note import NoteError, NoteSignature, read_signatures
from domain.witnessing import ForkError, InconsistentError, StaleSizeError, Submission
from service.application.witness_ports import WitnessUnavailableError

SECONDS: Final = 5.0
"""For connecting, and for each wait after that; for the whole answer twice as many."""
_LENGTH: Final = 64 * 1024
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\n")


class HttpWitness:
    """`WitnessServer` at an address, its submission prefix. Connections are kept; close it."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._seconds = seconds
        self._client = httpx.Client(trust_env=False, timeout=seconds)

    def add(self, submission: Submission) -> Sequence[NoteSignature]:
        """See `WitnessServer.add`."""
        try:
            status, kind, text = self._post(str(submission))
        except (httpx.HTTPError, UnicodeDecodeError) as error:
            raise WitnessUnavailableError(f"{self._url} does not answer: {error or type(error).__name__}") from error
        if status == 200:
            try:
                return read_signatures(text)
            except NoteError as error:
                raise WitnessUnavailableError(f"its answer is not signature lines: {error}") from None
        if status == 409:
            size = _SIZE.fullmatch(text)
            if kind.partition(";")[0].strip() == "text/x.tlog.size" and size is not None:
                raise StaleSizeError(int(size[1]))
            raise ForkError(_shown(text))
        if status == 422:
            raise InconsistentError(_shown(text))
        raise WitnessUnavailableError(f"it answers {status}: {_shown(text)}")

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _post(self, body: str) -> tuple[int, str, str]:
        deadline = time.monotonic() + 2 * self._seconds
        with self._client.stream("POST", self._url, content=body.encode()) as answer:
            found = b""
            for piece in answer.iter_bytes():
                found += piece
                if len(found) > _LENGTH or time.monotonic() > deadline:
                    raise WitnessUnavailableError("its answer is too long, or takes too long")
            return answer.status_code, answer.headers.get("content-type", ""), found.decode()


def _shown(text: str) -> str:
    """What a witness says, fit for a line of a log."""
    return "".join(each if each.isprintable() else " " for each in text[:200]).strip()
