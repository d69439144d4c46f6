"""Changes of the small charter that make it faulty, and the faults found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.charter import document_faults
from tests.domain.charters import PROGRAMME, document


def stage(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda found: change(found["stages"][0])


def put(path: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    """Set the value at a JSON pointer."""

    def change(found: Any) -> None:
        *parents, last = path.strip("/").split("/")
        for part in parents:
            found = found[int(part)] if isinstance(found, list) else found[part]
        if isinstance(found, list):
            found[int(last) :] = [value]
        else:
            found[last] = value

    return change


def countersigned(decisions: list[str], agencies: list[str], **more: str) -> Callable[[dict[str, Any]], Any]:
    return put("/countersignatures", [{"decisions": decisions, "agencies": agencies, **more}])


def planned(opens: str, closes: str) -> dict[str, str]:
    return {"opens": opens, "closes": closes}


def shown(public: str, event: str) -> dict[str, Any]:
    return {"events": [event], "public": public}


def found_in(**changes: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.detail) for fault in document_faults(PROGRAMME, document(**changes))]
