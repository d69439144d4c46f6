"""A programme's lines through the API, those of one submitter in one request: `sillok play` takes longer."""

from __future__ import annotations

import json
from itertools import count, groupby

import httpx

from service.cli.play import Keys, request_name
from service.cli.programme_files import Line, Proposals, body_bytes


def play_together(client: httpx.Client, programme: str, lines: list[Line], keys: Keys) -> None:
    """Submit each with its submitter's key, in order. What the ledger has already is replayed."""
    proposals: Proposals = {}
    numbers = count(1)
    for run in runs(lines):
        key = keys.agencies.get(run[0].agency or "") or keys.consortiums[run[0].consortium or ""]
        content = b"\n".join(_line(next(numbers), each, proposals) for each in run)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        answer = client.post(f"/v1/programmes/{programme}/decisions", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        for line, recorded in zip(run, map(json.loads, answer.text.splitlines()), strict=True):
            assert recorded["status"] in (201, 202), recorded
            if line.name is not None:
                proposals[line.name] = {what: recorded["body"][what] for what in ("proposal", "command_hash")}


def runs(lines: list[Line]) -> list[list[Line]]:
    """Lines that follow each other and have one submitter."""
    return [list(run) for _who, run in groupby(lines, lambda line: (line.agency, line.consortium))]


def _line(number: int, line: Line, proposals: Proposals) -> bytes:
    body = body_bytes(line, proposals)
    key = request_name(number, body)
    return b'{"key":"%s","decision":"%s","body":%s}' % (key.encode(), line.decision.encode(), body)
