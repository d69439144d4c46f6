"""Many decisions in one request, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.signatures import signed_name
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
