"""What another release made of the same events: a view's rows in one version beside those in another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from domain.views import MemoryRows, View
from service.application.ports import Ledger
from service.application.projecting import fold_stretch
from service.application.view_ports import Builds, ViewStore

EXAMPLES: Final = 10


class VersionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of two versions at one position, counted by the kind of their key (all before its first `/`).

    `examples`: of those that are in both, but not the same, the first few, with what differs in them.
    """

    view: str
    partition: str
    before: int
    after: int
    position: int
    same: int
    only_before: dict[str, int]
    only_after: dict[str, int]
    differing: dict[str, int]
    examples: dict[str, list[str]]


def compare_versions(
    ledger: Ledger, store: ViewStore, builds: Builds, view: View, partition: str
) -> VersionDiff | None:
    """The latest other version's live rows, where it stands, and this version's at that position.

    `None` if no other version is there. This version's are folded anew in memory.
    """
    others = [
        each
        for each in builds.every()
        if (each.view, each.partition, each.state) == (view.name, partition, "live") and each.version != view.version
    ]
    if not others:
        return None
    other = max(others, key=lambda each: each.version)
    found, position = store.scan(msgspec.structs.replace(view, version=other.version), partition, "")
    rows = MemoryRows()
    fold_stretch(ledger, view, partition, rows, upto=position)
    before, after = dict(found), rows.rows
    both = [key for key in sorted(before) if key in after]
    changed = [key for key in both if before[key] != after[key]]
    return VersionDiff(
        view=view.name,
        partition=partition,
        before=other.version,
        after=view.version,
        position=position,
        same=len(both) - len(changed),
        only_before=_kinds([key for key in before if key not in after]),
        only_after=_kinds([key for key in after if key not in before]),
        differing=_kinds(changed),
        examples={key: list(_fields(before[key], after[key])) for key in changed[:EXAMPLES]},
    )


def _kinds(keys: list[str]) -> dict[str, int]:
    return dict(sorted(Counter(_kind(key) for key in keys).items()))


def _kind(key: str) -> str:
    first = key.partition("/")[0]
    return "position" if first.isdecimal() else first


def _fields(before: bytes, after: bytes) -> list[str]:
    """The fields that differ, where both rows are JSON objects; `value` otherwise."""
    try:
        old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    except msgspec.DecodeError:
        return ["value"]
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return ["value"]
    missing = object()
    return [name for name in dict.fromkeys((*old, *new)) if old.get(name, missing) != new.get(name, missing)]
