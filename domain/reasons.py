"""Reasons: why a figure or an outcome is what it is, as a tree of sentences down to positions in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from domain.bounds import Bounds
from domain.maxima import UNBOUNDED
from domain.naming import NamesThen
from domain.points import SCALE, format_bound, format_units, grid_step
from domain.scalars import Names
from domain.sentences import LANGUAGES, Nameless, Says, Words, listed, told

RECEIPT: Final = "/v1/ledger/receipts/{}"

Kind = Literal[
    "outcome",
    "decision",
    "earlier",
    "objection",
    "withdrawal",
    "plan",
    "ground",
    "gate",
    "independence",
    "perspective",
    "condition",
    "evidence",
    "hearing",
    "rank",
    "others",
    "points-alone",
    "suffices",
    "statement",
    "missing",
    "total",
    "assessment",
    "criterion",
    "index",
    "arithmetic",
    "sheet",
    "measurement",
    "corrected",
    "not-counted",
    "withheld",
]


class AppliedRule(msgspec.Struct, frozen=True, kw_only=True):
    """What the charter, or Sillok itself, says; `rules_hash`: of the charter that was in force."""

    text: Words
    rules_hash: str


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence, and what it rests on. `value`: the figure in question. `source`: who stated a certified figure.
    `positions`: of the events that it rests on; `receipts`: where each is proved."""

    kind: Kind
    what: Words
    value: str | None = None
    rule: AppliedRule | None = None
    source: str | None = None
    positions: tuple[int, ...] = ()
    receipts: tuple[str, ...] = ()
    children: tuple[Reason, ...] = ()


def reason(
    kind: Kind,
    what: Words,
    *,
    value: str | None = None,
    rule: AppliedRule | None = None,
    source: str | None = None,
    positions: Iterable[int] = (),
    children: Iterable[Reason] = (),
) -> Reason:
    """A reason with its receipts."""
    found = tuple(sorted({each for each in positions if each}))
    return Reason(
        kind=kind,
        what=what,
        value=value,
        rule=rule,
        source=source,
        positions=found,
        receipts=tuple(RECEIPT.format(each) for each in found),
        children=tuple(children),
    )


class _Nothing(msgspec.Struct, frozen=True):
    pass


def say(en: str, ko: str, **places: Words | Names | str | int) -> Words:
    """A sentence with its places filled, and the particles that follow them."""
    known = {name: _words(value) for name, value in places.items()}
    return told(Says(en=en, ko=ko), _Nothing(), known, Nameless())


def _words(value: Words | Names | str | int) -> Words:
    if isinstance(value, Words | Names):
        return Words(value.en, value.ko)
    return Words(str(value), str(value))


def together(words: Iterable[Words]) -> Words:
    """One after the other, as a list is read."""
    found = list(words)
    return Words(*(listed([getattr(each, language) for each in found], language) for language in LANGUAGES))


def sentences(*words: Words) -> Words:
    return Words(" ".join(each.en for each in words), " ".join(each.ko for each in words))


def capital(words: Words) -> Words:
    """As a sentence begins."""
    return Words(f"{words.en[:1].upper()}{words.en[1:]}", words.ko)


def points(units: int, decimals: int | None) -> Words:
    text = format_units(units, decimals=decimals)
    return Words(text, f"{text}점")


def between(bounds: Bounds, decimals: int | None) -> Words:
    """What is known of a figure: itself, or between what it lies."""
    if bounds.exact is not None:
        return points(bounds.exact, decimals)
    low, high = _bound(bounds.low, decimals, upward=False), _bound(bounds.high, decimals, upward=True)
    if bounds.high >= int(UNBOUNDED * SCALE) // 2:  # nothing says how many there are at most
        more, least = Words(f"more than {low}", f"{low}점 초과"), Words(f"{low} or more", f"{low}점 이상")
        return more if bounds.low_open else least
    if not (bounds.low_open or bounds.high_open):
        return Words(f"{low} to {high}", f"{low}점 이상 {high}점 이하")
    most = (
        Words(f"less than {high}", f"{high}점 미만") if bounds.high_open else Words(f"at most {high}", f"{high}점 이하")
    )
    if not bounds.low:
        return most
    least = Words(f"more than {low}", f"{low}점 초과") if bounds.low_open else Words(f"at least {low}", f"{low}점 이상")
    return Words(f"{least.en} and {most.en}", f"{least.ko} {most.ko}")


def _bound(units: int, decimals: int | None, *, upward: bool) -> str:
    """As points are written where it is a number of that kind; else rounded outwards."""
    if decimals is not None and units % grid_step(decimals) == 0:
        return format_units(units, decimals=decimals)
    return format_bound(units, upward=upward)


class _Of(msgspec.Struct, frozen=True):
    stage: str
    criterion: str | None = None


class Naming(msgspec.Struct, frozen=True):
    """What is called how in a stage."""

    names: NamesThen
    stage: str

    def team(self, team: str) -> Words:
        return self.names.team(team) or Words(team, team)

    def teams(self, teams: Iterable[str]) -> Words:
        return together(self.team(each) for each in teams)

    def __call__(self, kind: str, value: str) -> Words:
        """The name of a part of the stage, by its kind (`domain.naming`)."""
        return self.names.name(kind, value, (_Of(self.stage),)) or Words(value, value)

    def start(self, kind: str, value: str) -> Words:
        """The same at the beginning of a sentence."""
        return capital(self(kind, value))

    def item(self, criterion: str, item: str) -> Words:
        """The name of a line of a sheet."""
        return self.names.name("item", item, (_Of(self.stage, criterion),)) or Words(item, item)
