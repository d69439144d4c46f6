"""What an event says to a person, in both languages: a sentence with places for its fields.

`{field}` stands for a field or property of the event, `{figure.value}` for one within it, `{teams:team}` for one that
is named as a team; without a kind the field's own name is its kind (`domain.naming`). `{actor}` is who decided.
`[ on evidence of {evidence}]` is left out where one of its fields has nothing to say, and `[a|b]` is then `b`.
A flag says nothing: it only decides that. In Korean a pair such as `이(가)` after a field becomes the right one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import msgspec

from domain.particles import PAIRS, with_particle
from domain.scalars import Names

Language = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ko")


class Words(msgspec.Struct, frozen=True):
    """A text in both languages."""

    en: str
    ko: str


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """`title`: what the event is called. `terms`: what is said for a field, by its value; for a struct by its tag."""

    title: Words = Words("", "")
    en: str = ""
    ko: str = ""
    terms: Mapping[str, Mapping[str, Words]] = {}


class Namer(Protocol):
    """What values are called."""

    def name(self, kind: str, value: Any, within: Sequence[Any]) -> Words | None:
        """A value of a kind; `None` if nothing is to be said. `within`: the structs that it is in, outermost first."""
        ...


class Nameless:
    """A `Namer` where nothing is left to be named."""

    def name(self, _kind: str, _value: Any, _within: Sequence[Any]) -> Words | None:
        return None


@dataclass(frozen=True)
class Place:
    """`{path:kind}`, and what follows it of a closing quotation mark and a pair of particles."""

    path: str
    kind: str
    closing: str
    pair: str


@dataclass(frozen=True)
class Choice:
    """`[first|otherwise]`."""

    first: tuple[Part, ...]
    otherwise: tuple[Part, ...] = ()


Part = str | Place | Choice

_PAIR: Final = "|".join(re.escape(pair) for pair in PAIRS)
_TOKEN: Final = re.compile(
    rf"\{{(?P<path>[a-z_.]+)(?::(?P<kind>[a-z-]+))?\}}(?:(?P<closing>”?)(?P<pair>{_PAIR}))?|(?P<mark>[\[\]|])"
)


@functools.cache
def parse(template: str) -> tuple[Part, ...]:
    """The parts of a sentence. Raises `ValueError` for brackets that do not match."""
    open_: list[list[list[Part]]] = [[[]]]
    end = 0
    for token in _TOKEN.finditer(template):
        open_[-1][-1].append(template[end : token.start()])
        end = token.end()
        mark = token["mark"]
        if mark is None:
            path = token["path"]
            kind = token["kind"] or path.rpartition(".")[2]
            open_[-1][-1].append(Place(path, kind, token["closing"] or "", token["pair"] or ""))
        elif mark == "[":
            open_.append([[]])
        elif len(open_) == 1:
            raise ValueError(f"{mark} out of place in {template!r}")
        elif mark == "|":
            open_[-1].append([])
        else:
            alternatives = open_.pop()
            open_[-1][-1].append(Choice(*(tuple(each) for each in alternatives)))
    if len(open_) > 1:
        raise ValueError(f"a bracket is not closed in {template!r}")
    open_[-1][-1].append(template[end:])
    return tuple(part for part in open_[0][0] if part)


def never_left_out(parts: Sequence[Part]) -> set[str]:
    """The fields without which there is no sentence: their places are in no part that may be left out."""
    found = set[str]()
    for part in parts:
        if isinstance(part, Place):
            found.add(part.path)
        elif isinstance(part, Choice):
            found |= never_left_out(part.otherwise)
    return found


def told(says: Says, about: msgspec.Struct, known: Mapping[str, Words], namer: Namer) -> Words:
    """The sentence about an event. `known`: what is not in the event itself, such as `actor`."""
    return Words(
        *(_Telling(says, language, known, namer).of(getattr(says, language), (about,)) for language in LANGUAGES)
    )


class _NothingToSay(Exception):  # noqa: N818 — no error: it ends an optional part
    pass


class _Telling:
    def __init__(self, says: Says, language: Language, known: Mapping[str, Words], namer: Namer) -> None:
        self._says = says
        self._language: Language = language
        self._known = known
        self._namer = namer

    def of(self, template: str, within: tuple[Any, ...]) -> str:
        return self._parts(parse(template), within)

    def _parts(self, parts: tuple[Part, ...], within: tuple[Any, ...]) -> str:
        return "".join(self._part(part, within) for part in parts)

    def _part(self, part: Part, within: tuple[Any, ...]) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Choice):
            try:
                return self._parts(part.first, within)
            except _NothingToSay:
                return self._parts(part.otherwise, within)
        text = self._place(part, within) + part.closing
        return with_particle(text, part.pair) if part.pair else text

    def _place(self, place: Place, within: tuple[Any, ...]) -> str:
        if place.path in self._known:
            return self._in(self._known[place.path])
        value: Any = within[-1]
        for name in place.path.split("."):
            value = None if value is None else getattr(value, name)
        return self._value(value, place, within)

    def _value(self, value: Any, place: Place, within: tuple[Any, ...]) -> str:
        if value is None or value is False or value in ((), ""):
            raise _NothingToSay
        if value is True:
            return ""
        if isinstance(value, Names | Words):
            return self._in(value)
        terms = self._says.terms.get(place.path.rpartition(".")[2], {})
        if isinstance(value, msgspec.Struct):
            return self.of(self._in(terms[str(value.__struct_config__.tag or "")]), (*within, value))
        if isinstance(value, str) and value in terms:
            return self.of(self._in(terms[value]), within)
        name = self._namer.name(place.kind, value, within)
        if name is None and isinstance(value, tuple):
            return listed([self._value(each, place, within) for each in value], self._language)
        return str(value) if name is None else self._in(name)

    def _in(self, words: Names | Words) -> str:
        text: str = getattr(words, self._language)
        return text


def listed(texts: Sequence[str], language: Language) -> str:
    """One after the other, as a list is read."""
    if language == "ko" or len(texts) < 2:
        return ", ".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
