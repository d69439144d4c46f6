"""What a service shows, as it stands in a bundle: compared as it is written, so that nothing else can stand in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from domain.standings import Standings
from service.verify.strict_json import read_json


class Shown(msgspec.Struct, frozen=True):
    """Standings: `content` is all of them."""

    stage: str
    position: int
    content: Mapping[str, Any]

    def difference(self, derived: Standings | None) -> str:
        """In what they are others than those that follow; empty if in nothing."""
        if derived is None:
            return "others"
        own: Mapping[str, Any] = msgspec.to_builtins(derived)
        rows = _teams(own)
        for team, row in _teams(self.content).items():
            if fields := _differing(row, rows.get(team, {})):
                return f"{team} with another {fields}"
        fields = _differing(self.content, own)
        return fields and f"another {fields}"


def read_shown(content: bytes) -> Shown:
    """Raises `ValueError`."""
    found = read_json(content)
    match found:
        case {"stage": str(stage), "position": int(position)} if not isinstance(position, bool):
            return Shown(stage, position, found)
    raise ValueError("it says no stage and no position")


def _teams(standings: Mapping[str, Any]) -> dict[str, Any]:
    """Rows that can be told apart by their team."""
    rows = standings.get("rows")
    return {
        str(row.get("team")): row for row in (rows if isinstance(rows, list | tuple) else ()) if isinstance(row, dict)
    }


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    fields = [each for each in {**other, **one} if _written(one.get(each)) != _written(other.get(each))]
    return ", ".join(fields)


def _written(value: Any) -> str:
    """In one way only: 1, 1.0 and true are three things."""
    return json.dumps(value, sort_keys=True)
