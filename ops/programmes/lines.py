"""What the writers of data sets share: lines of decisions.ndjson, and numbers that are the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def line(decision: str, agency: str, *, called: str | None = None, **body: Any) -> Line:
    """What an agency decides. `called`: what later lines call the proposal that it comes to."""
    named = {} if called is None else {"name": called}
    return {"decision": decision, "agency": agency, **named, "body": body}


def own_line(decision: str, consortium: str, **body: Any) -> Line:
    """What a consortium decides about itself."""
    return {"decision": decision, "consortium": consortium, "body": body}


def approval(name: str, agency: str) -> Line:
    """The approval of the proposal that an earlier line of that name came to."""
    return line("approve", agency, proposal={"$proposal": name}, command_hash={"$command_hash": name})


def text(lines: Iterable[Line]) -> str:
    """The file decisions.ndjson."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)


def write(folder: Path, files: dict[str, str]) -> None:
    """Write texts, by their name in the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def number_from(*parts: object) -> int:
    """A number that looks random and is the same everywhere."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


def evaluator(*parts: object) -> str:
    """An opaque id."""
    return f"ev-{number_from(*parts):016x}"
