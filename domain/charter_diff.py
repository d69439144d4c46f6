"""What differs between two charters, in a person's words: parts are found by their id, not by where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_ONE: Final = {"criteria": "criterion", "indices": "index", "agencies": "agency", "classes": "class"}
"""What one member of a list is called, where it is not the list's name without its s."""

_WHO: Final = ("mandates", "countersignatures")
"""Lists without ids, of decisions and the agencies that they are given to."""


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """One sentence a difference, in the order of the documents: what was, what is."""
    yield from _parts((), before, after)


def _parts(place: tuple[str, ...], before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for field in dict.fromkeys((*before, *after)):
        if field == "id":
            continue
        old, new = before.get(field), after.get(field)
        if old == new:
            continue
        if field in _WHO:
            yield from _who(place, field, old or [], new or [])
        elif isinstance(old, dict) and isinstance(new, dict):
            yield from _parts((*place, _word(field)), old, new)
        elif _members(old) and _members(new) and (old or new):
            yield from _by_id(place, field, old or [], new or [])
        else:
            yield _sentence(place, f"{_word(field)} {_value(old)} → {_value(new)}")


def _by_id(
    place: tuple[str, ...], field: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[str]:
    one = _ONE.get(field, field.removesuffix("s")).replace("_", " ")
    old = {str(each["id"]): each for each in before}
    new = {str(each["id"]): each for each in after}
    for name in old:
        if name not in new:
            yield _sentence(place, f"{one} {name} removed")
    for name, each in new.items():
        if name not in old:
            yield _sentence(place, f"{one} {name} added")
        else:
            yield from _parts((*place, f"{one} {name}"), old[name], each)
    kept_before = [name for name in old if name in new]
    kept_after = [name for name in new if name in old]
    if kept_before != kept_after:
        yield _sentence(place, f"{_word(field)} in another order: {', '.join(kept_after)}")


def _who(place: tuple[str, ...], field: str, before: list[Any], after: list[Any]) -> Iterator[str]:
    """Who may, or must approve, what: by decision, however the lists are grouped."""
    verb = "may decide" if field == "mandates" else "approves"
    old, new = _given(before), _given(after)
    for decision in sorted(old.keys() | new.keys()):
        for agency in sorted(old.get(decision, set()) - new.get(decision, set())):
            yield _sentence(place, f"{agency} no longer {verb} {decision}")
        for agency in sorted(new.get(decision, set()) - old.get(decision, set())):
            yield _sentence(place, f"{agency} {verb} {decision}, which it did not before")


def _given(lists: list[Any]) -> dict[str, set[str]]:
    """Agencies by decision, with what else is said of them."""
    found: dict[str, set[str]] = {}
    for each in lists:
        further = "".join(
            f" ({_word(name)}: {value})" for name, value in each.items() if name not in ("decisions", "agencies")
        )
        for decision in each.get("decisions", ()):
            found.setdefault(decision, set()).update(f"{agency}{further}" for agency in each.get("agencies", ()))
    return found


def _members(value: Any) -> bool:
    """A list, or none, of parts with ids of their own."""
    return value is None or (isinstance(value, list) and all(isinstance(each, dict) and "id" in each for each in value))


def _word(field: str) -> str:
    return field.replace("_", " ")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "; ".join(map(_value, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{_word(name)} {_value(each)}" for name, each in value.items())
    return str(value)


def _sentence(place: tuple[str, ...], what: str) -> str:
    return f"{', '.join(place)}: {what}" if place else what
