"""Text that says what it seems to say: everything in it can be seen, and it is written in one way.

A reason of blanks is none, and a name with a character that nobody sees would pass for another name.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from domain.pointers import place

_PLAIN: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
"""ASCII that can be seen, without blanks at its ends: most of all text."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"})
"""Categories of Unicode: control and format characters, private ones, and blanks."""
_ALLOWED: Final = frozenset(" \n")
_FILLERS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are drawn as nothing (Default_Ignorable_Code_Point)."""


def illegible(value: Any) -> Iterator[tuple[str, str]]:
    """Every text in `value`, as JSON gives it, that cannot be read for what it is: JSON pointer, and a sentence."""
    left = [("", value)]  # not by recursion: JSON may be nested deeper than Python goes
    while left:
        pointer, found = left.pop()
        match found:
            case str():
                if found and not _PLAIN.fullmatch(found) and (fault := _fault(found)) is not None:
                    yield pointer, f"{pointer.rpartition('/')[2] or 'text'}: {fault}"
            case dict():
                left += [(place(pointer, name), each) for name, each in reversed(found.items())]
            case list() | tuple():
                left += [(place(pointer, i), each) for i, each in reversed(list(enumerate(found)))]
            case _:
                pass


def illegible_fields(command: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """As `illegible`, of the fields of a struct."""
    fields = [each for each in msgspec.structs.astuple(command) if each is not None]
    try:
        text = "".join(fields)
    except TypeError:  # there is more than text
        return illegible(msgspec.to_builtins(command))
    if text.isascii() and text.isprintable() and (" " not in text or all(_PLAIN.fullmatch(each) for each in fields)):
        return iter(())
    return illegible(msgspec.to_builtins(command))


def _fault(text: str) -> str | None:
    if text != text.strip():
        return "begins or ends with a blank" if text.strip() else "holds nothing that can be seen"
    for each in text:
        if (unicodedata.category(each) in _UNSEEN and each not in _ALLOWED) or _FILLERS.match(each):
            return f"holds U+{ord(each):04X}, which cannot be seen"
    return None if unicodedata.is_normalized("NFC", text) else "is not in Unicode Normalization Form C"


@functools.lru_cache(maxsize=4096)
def known_as(name: str) -> str:
    """What two names have in common that a person takes for one: whatever their case, width and spacing."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def alike(one: str, other: str) -> bool:
    """Whether a person takes one name for the other."""
    return known_as(one) == known_as(other)
