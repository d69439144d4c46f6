"""Many decisions in one request, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.signatures import signed_name
from service.client.answers import LineAnswer
from service.client.exchange import is_passing
from service.client.problems import UnreachableError
from service.client.signing import SigningKey

NDJSON: Final = "application/x-ndjson"
PORTION_LINES: Final = 500
PORTION_BYTES: Final = 3_000_000
"""As much as the service reads before its answers have to be read; whoever sends more has to do both at once."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. `body`: its fields, or the exact bytes. `key`: your own name for it; none where all go together."""

    decision: str
    body: dict[str, Any] | bytes
    key: str = ""

    @property
    def command(self) -> bytes:
        """The bytes that the ledger keeps, in one line: JSON has line breaks between its tokens only."""
        return self.body.replace(b"\n", b" ") if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


def portions(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The same lines in portions that can be sent whole before any answer is read."""
    portion: list[Line] = []
    size = 0
    for line in lines:
        more = len(line.command) + len(line.key) + 4_096
        if portion and (len(portion) == PORTION_LINES or size + more > PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += more
    if portion:
        yield portion


class Portion:
    """Lines, and what became of them. `left`: those that are to be sent, at first or again."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._left = list(range(len(lines)))
        self._answers: dict[int, LineAnswer] = {}

    @property
    def left(self) -> list[Line]:
        return [self._lines[n] for n in self._left]

    def take(self, answers: Sequence[LineAnswer]) -> bool:
        """What became of the lines that were left; whether any of them is recorded now.

        From the first on of which nothing is known yet, or which was refused for what passes, those that are not
        recorded are left: a line after it may have been refused for want of it.
        """
        sent, recorded = self._left, 0
        for each in answers:
            n = sent[each.line - 1]
            self._answers[n] = msgspec.structs.replace(each, line=n + 1)
            recorded += each.status < 300
        first = next((n for n in sent if self._is_open(n)), len(self._lines))
        self._left = [n for n in sent if n >= first and not self._is_recorded(n)]
        return recorded > 0

    def answers(self) -> list[LineAnswer]:
        """One a line. Raises `UnreachableError` if there is a line without."""
        if len(self._answers) < len(self._lines):
            raise UnreachableError(f"{len(self._lines) - len(self._answers)} lines were not answered")
        return [self._answers[n] for n in range(len(self._lines))]

    def _is_open(self, n: int) -> bool:
        answer = self._answers.get(n)
        if answer is None or is_passing(answer.status, answer.body):
            return True
        # Without its key: no more was read. It was too slow, or whoever sent it has to show anew who they are.
        return answer.key is None and answer.status in (401, 408)

    def _is_recorded(self, n: int) -> bool:
        return n in self._answers and self._answers[n].status < 300


def encode_lines(
    lines: Sequence[Line], programme: str, signing: SigningKey | None, together: str | None = None
) -> bytes:
    """NDJSON, each line signed if there is something to sign with. `together`: the one key of all lines."""
    named = [
        (line, line.key if together is None else signed_name(together, n)) for n, line in enumerate(lines, start=1)
    ]
    return b"".join(_encode(line, programme, signing, name, alone=together is None) for line, name in named)


def _encode(line: Line, programme: str, signing: SigningKey | None, name: str, *, alone: bool) -> bytes:
    """`name`: what the signature calls the line, and its key if it stands alone."""
    command = line.command
    said: dict[str, Any] = {"decision": line.decision, "body": msgspec.Raw(command)}
    if alone:
        said["key"] = name
    if signing is not None:
        said["signature"] = signing.sign(command, programme=programme, decision=line.decision, request=name)
    return msgspec.json.encode(said) + b"\n"
