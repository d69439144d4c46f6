"""Changes that make a document faulty, and the faults found in the small charter."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

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
    """Put a countersignature first."""
    return lambda found: found["countersignatures"].insert(0, {"decisions": decisions, "agencies": agencies, **more})


def planned(opens: str, closes: str) -> dict[str, str]:
    return {"opens": opens, "closes": closes}


def shown(public: str, event: str) -> dict[str, Any]:
    return {"events": [event], "public": public}


def found_in(**changes: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.detail) for fault in document_faults(PROGRAMME, document(**changes))]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["1", "owner", "judged"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
"""What JSON and YAML can say."""


def scalars(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every scalar of a document."""
    if isinstance(value, dict):
        return [place for name, each in value.items() for place in scalars(each, (*path, name))]
    if isinstance(value, list):
        return [place for i, each in enumerate(value) for place in scalars(each, (*path, i))]
    return [path]


def put_anything_anywhere(draw: Callable[..., Any], document: dict[str, Any]) -> dict[str, Any]:
    """Anything in the place of some of its parts, or nothing (`...`)."""
    changed: dict[str, Any] = json.loads(json.dumps(document))
    changes = st.tuples(st.sampled_from(_parts(changed)), ANY | st.just(...))
    for place, value in draw(st.lists(changes, min_size=1, max_size=3)):
        with contextlib.suppress(KeyError, IndexError, TypeError):  # an earlier change took the place away
            part: Any = changed
            for step in place[:-1]:
                part = part[step]
            if value is ...:
                del part[place[-1]]
            else:
                part[place[-1]] = value
    return changed


def _parts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every field and element of a document."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for step, each in below for place in ((*path, step), *_parts(each, (*path, step)))]
