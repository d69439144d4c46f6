"""Programmes as files: a charter in YAML, and decisions, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from service.cli.failures import FileError


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision to submit: its type, the agency or the consortium whose key to use, and the body.

    `name`: what later lines call the proposal that this one comes to, as `{"$proposal": name}` and
    `{"$command_hash": name}`.
    """

    decision: str
    body: dict[str, Any]
    agency: str | None = None
    consortium: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if (self.agency is None) == (self.consortium is None):
            raise ValueError("a decision is submitted by an agency or by a consortium")


_DEEPEST: Final = 50
"""Levels of a YAML file; a charter has about ten."""


class _StringsOnly(yaml.BaseLoader):
    """Every scalar is a string; aliases and repeated keys are refused, as they hide what a reader signs."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it untyped
            raise yaml.YAMLError(f"{self._place(mark)}: aliases are not allowed")
        if self._depth == _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it untyped
            raise yaml.YAMLError(f"{self._place(mark)}: nested more than {_DEEPEST} levels deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        text = str(super().construct_scalar(node))
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise yaml.YAMLError(f"{self._place(node.start_mark)}: half of a surrogate pair is no character")
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"{self._place(key.start_mark)}: a key is a text, not a list or a mapping")
            if key.value in seen:
                raise yaml.YAMLError(f"{self._place(key.start_mark)}: {key.value!r} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    @staticmethod
    def _place(mark: yaml.Mark) -> str:
        return f"line {mark.line + 1}, column {mark.column + 1}"


def read_charter(file: Path) -> Any:
    """The document in a YAML file, every scalar a string. Raises `FileError`."""
    try:
        return charter_of(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: bytes or escapes that are no text
        raise FileError(f"{file}: {' '.join(str(error).split())}") from error


def charter_of(text: str) -> Any:
    """The document in a YAML text, every scalar a string. Raises `yaml.YAMLError`, `ValueError`, `OverflowError`."""
    return yaml.load(text, Loader=_StringsOnly)


def read_decisions(folder: Path) -> Iterator[Line]:
    """The decisions of a programme's folder, in order, the charter put where `{"$file": …}` stands.

    Raises `FileError` with the line at fault.
    """
    file = folder / "decisions.ndjson"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: {error}") from error
    for number, each in enumerate(text.splitlines(), start=1):
        try:
            line = msgspec.json.decode(each, type=Line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise FileError(f"{file}, line {number}: {error}") from error
        yield msgspec.structs.replace(line, body=_with_files(line.body, folder))


def _with_files(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$file"}:
            return read_charter(folder / str(value["$file"]))
        return {name: _with_files(each, folder) for name, each in value.items()}
    return value


Proposals = dict[str, dict[str, str]]
"""By a line's name: `proposal` and `command_hash` of the answer to it."""


def body_bytes(line: Line, proposals: Proposals) -> bytes:
    """The body as it is sent: the same bytes each time, so that sending it again is a replay.

    Raises `FileError` for a proposal that no earlier line of that name came to.
    """
    return json.dumps(with_proposals(line.body, proposals), ensure_ascii=False, separators=(",", ":")).encode()


def with_proposals(value: Any, proposals: Proposals) -> Any:
    """The value, with what earlier proposals are called put where it is referred to."""
    if isinstance(value, list):
        return [with_proposals(each, proposals) for each in value]
    if not isinstance(value, dict):
        return value
    for what in ("proposal", "command_hash"):
        if set(value) == {f"${what}"}:
            name = value[f"${what}"]
            if name not in proposals:
                raise FileError(f"no earlier decision named {name!r} came to a proposal.")
            return proposals[name][what]
    return {name: with_proposals(each, proposals) for name, each in value.items()}
