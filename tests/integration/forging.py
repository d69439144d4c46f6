"""Bundles of a log of one's own: what whoever has the log's key can sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.checkpoint import Checkpoint
from domain.event import decode_data
from domain.merkle import Frontier, leaf_hash
from domain.note import ED25519, Note, NoteSignature, VerifierKey
from service.verify.bundle import CHECKPOINTS, EVENTS, LEAVES, MANIFEST, read_line

NAME = "log.example/forged"


class Signer:
    """A key of that log."""

    def __init__(self, seed: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
        self.key = VerifierKey(NAME, ED25519, self._private.public_key().public_bytes_raw())

    def checkpoint(self, size: int, root: bytes, says: tuple[str, ...] = ()) -> str:
        text = Checkpoint(origin=NAME, size=size, root=root, extensions=says).text
        return str(Note(text, (NoteSignature(NAME, self.key.id, self._private.sign(text.encode())),)))

    def sign(
        self, folder: Path, lines: Sequence[dict[str, Any]], *, keep: bool = False, says: tuple[str, ...] = ()
    ) -> None:
        """Make the bundle one of these lines, with entries that fit, and one checkpoint, which this key signs.

        `keep`: and those that it has. `says`: what is in the checkpoint beside.
        """
        edge, leaves = Frontier(), []
        for position, line in enumerate(lines, start=1):
            line["position"] = position
            entry = read_line(json.dumps(line).encode()).entry_at(position)
            line["entry"] = base64.b64encode(entry).decode()
            leaves.append(leaf_hash(entry))
            for _node in edge.add(leaves[-1]):
                pass
        note = self.checkpoint(len(lines), edge.root, says)
        for file in () if keep else (folder / CHECKPOINTS).iterdir():
            file.unlink()
        (folder / CHECKPOINTS / str(len(lines))).write_text(note)
        (folder / LEAVES).write_bytes(b"".join(leaves))
        (folder / EVENTS).write_text("".join(json.dumps(line) + "\n" for line in lines))
        manifest = json.loads((folder / MANIFEST).read_bytes()) | {"log": NAME, "size": len(lines)}
        (folder / MANIFEST).write_text(json.dumps(manifest))


def read_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]


def says(
    line: dict[str, Any], type_: str, decision: str, command: dict[str, Any], *, team: str | None = None, **data: Any
) -> dict[str, Any]:
    """The same line, as that of another decision, of a team if one is named. `data`: what its event says beside."""
    told = json.dumps(command | data)
    tags = list(decode_data(type_, 1, told.encode()).tags(line["programme"]))
    by = {} if team is None else {"actor": {"agency": team, "principal": "a key", "party": "consortium"}}
    asked = {"command_type": decision, "command": json.dumps(command), "source": command.get("source"), "tags": tags}
    envelope = json.loads(line["envelope"]) | asked | by
    return {**line, "type": type_, "version": 1, "tags": tags, "envelope": json.dumps(envelope), "data": told}
