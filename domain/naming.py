"""What the ids in an event stand for, by the charter and the teams of then."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from domain.call_events import CallApplicationReceived, CallTeamSelected
from domain.charter_document import Charter
from domain.deadlines import day_of, is_date, moment
from domain.event import EVENTS, Event
from domain.points import UNDISCLOSED
from domain.rubric import TOTAL, Stage
from domain.scalars import Names
from domain.sentences import Words
from domain.system import SYSTEM
from domain.teams import TeamEnrolled

NAMING_EVENTS: Final = (TeamEnrolled, CallTeamSelected, CallApplicationReceived)
"""What gives a team its name, besides its charter."""

_MONTHS: Final = tuple(calendar.month_name)
_SYSTEM: Final = Words("the system", "시스템")
_UNKNOWN: Final = Words("undisclosed", "비공개")


class Naming(msgspec.Struct, frozen=True):
    """Names of a programme. `charters`: each that was in force, and from which position, in order."""

    charters: tuple[tuple[int, Charter], ...]
    teams: dict[str, list[tuple[int, Names]]]

    @classmethod
    def of(cls, charters: tuple[tuple[int, Charter], ...], found: Iterable[tuple[int, Event]]) -> Naming:
        """`found`: every event of `NAMING_EVENTS`, with its position, in order."""
        teams: dict[str, list[tuple[int, Names]]] = {}
        for position, event in found:
            if isinstance(event, NAMING_EVENTS):
                teams.setdefault(event.team, []).append((position, event.name))
        return cls(charters, teams)

    def at(self, position: int) -> NamesThen:
        """The names that were in use at a position."""
        index = bisect_right(self.charters, position, key=lambda each: each[0])
        since, charter = self.charters[max(index - 1, 0)]
        return NamesThen(charter, since, self.teams, position)


class NamesThen(msgspec.Struct, frozen=True):
    """A `Namer`. `since`: the position that brought the charter into force."""

    charter: Charter
    since: int
    teams: dict[str, list[tuple[int, Names]]]
    position: int

    def name(self, kind: str, value: Any, within: Sequence[Any]) -> Words | None:
        """See `Namer.name`."""
        if kind in _WHOLE:
            return _WHOLE[kind](self, value, within)
        if not isinstance(value, str):
            return None
        if value == UNDISCLOSED:
            return _UNKNOWN
        found = _KINDS[kind](self, value, within) if kind in _KINDS else None
        return Words(found.en, found.ko) if found else None

    def agency(self, agency: str) -> Words | None:
        return _words(next((each.name for each in self.charter.agencies if each.id == agency), None))

    def team(self, team: str) -> Words | None:
        known = [name for position, name in self.teams.get(team, ()) if position <= self.position]
        return _words(known[-1]) if known else None

    def party(self, party: str) -> Words:
        """An agency or a team, whichever there is of that id, or the system itself."""
        if party == SYSTEM:
            return _SYSTEM
        return self.agency(party) or self.team(party) or Words(party, party)

    def day(self, at: datetime) -> Words:
        """The day of an instant on the programme's clock."""
        return written(day_of(at, self.charter.zone))


_Found = Words | Names | None


def _words(name: Names | None) -> Words | None:
    return None if name is None else Words(name.en, name.ko)


def written(day: date) -> Words:
    """A day as it is written."""
    return Words(f"{day.day} {_MONTHS[day.month]} {day.year}", f"{day.year}년 {day.month}월 {day.day}일")


def filled(text: Names, values: Mapping[str, str]) -> Words:
    """A text of a notice that an agency serves, with the values that it serves it with."""
    filled = Words(text.en, text.ko)
    for variable, value in values.items():
        filled = Words(*(each.replace(f"{{{variable}}}", value) for each in (filled.en, filled.ko)))
    return filled


def _titled(each: Any) -> _Found:
    found: Names | None = None if each is None else each.title
    return found


def _within(within: Sequence[Any], field: str) -> Any:
    return next((getattr(each, field) for each in reversed(within) if getattr(each, field, None) is not None), None)


def _stage(names: NamesThen, within: Sequence[Any]) -> Stage | None:
    stage = _within(within, "stage")
    return None if stage is None else names.charter.stage(stage)


def _node(names: NamesThen, node: str, within: Sequence[Any]) -> _Found:
    if node == TOTAL:
        return Words("the total", "총점")
    stage = _stage(names, within)
    if stage is None:
        return None
    return _titled(stage.criterion(node) or next((each for each in stage.assessments if each.id == node), None))


def _item(names: NamesThen, item: str, within: Sequence[Any]) -> _Found:
    stage = _stage(names, within)
    criterion = None if stage is None else stage.criterion(_within(within, "criterion"))
    return None if criterion is None else _titled(criterion.item(item))


def _panel(names: NamesThen, panel: str, within: Sequence[Any]) -> _Found:
    stage = _stage(names, within)
    return None if stage is None else _titled(stage.panel(panel))


def _group(names: NamesThen, group: str, within: Sequence[Any]) -> _Found:
    stage = _stage(names, within)
    panel = None if stage is None else stage.panel(_within(within, "panel"))
    return None if panel is None else _titled(panel.group(group))


def _gate(names: NamesThen, gate_id: str, within: Sequence[Any]) -> _Found:
    stage = _stage(names, within)
    gate = None if stage is None else stage.gate(gate_id)
    node = None if gate is None else _node(names, gate.node, within)
    return None if node is None else Words(f"the threshold of {node.en}", f"{node.ko} 기준점")


def _perspective(names: NamesThen, perspective: str, _within: Sequence[Any]) -> _Found:
    return _titled(next((each for each in names.charter.independence.perspectives if each.id == perspective), None))


def _condition(names: NamesThen, condition: str, within: Sequence[Any]) -> _Found:
    found = names.charter.independence.conditions().get((_within(within, "perspective"), condition))
    return None if found is None else Words(found.text.en.rstrip("."), found.text.ko.rstrip("."))


def _class(names: NamesThen, class_: str, within: Sequence[Any]) -> _Found:
    call = names.charter.call(_within(within, "call"))
    return None if call is None else _titled(next((each for each in call.classes if each.id == class_), None))


def _a_day(_names: NamesThen, text: str, _within: Sequence[Any]) -> _Found:
    return written(date.fromisoformat(text)) if is_date(text) else None


def _last_day(_names: NamesThen, text: str, _within: Sequence[Any]) -> _Found:
    """The day before the one before which something ends."""
    return written(date.fromisoformat(text) - timedelta(days=1)) if is_date(text) else None


def _template(names: NamesThen, template: str, within: Sequence[Any]) -> _Found:
    """The title of a notice, with the values that it was served with."""
    notice = names.charter.notice_template(template)
    if notice is None:
        return None
    return filled(notice.title, within[0].values)


def _deadline(names: NamesThen, text: str, _within: Sequence[Any]) -> _Found:
    """The last day of a deadline: one that ends with a day is the instant at which the next begins."""
    return names.day(moment(text) - timedelta(microseconds=1))


def _quantity(names: NamesThen, quantity: str, within: Sequence[Any]) -> _Found:
    resource = names.charter.resource(_within(within, "resource"))
    text = f"{quantity} {resource.unit}" if resource is not None and resource.unit else quantity
    return Words(text, text)


def _documents(_names: NamesThen, value: Any, _within: Sequence[Any]) -> Words:
    if value == UNDISCLOSED:
        return _UNKNOWN
    return Words(f"{len(value)} document{'' if len(value) == 1 else 's'}", f"{len(value)}건")


_WHOLE: Final[dict[str, Callable[[NamesThen, Any, Sequence[Any]], Words]]] = {"documents": _documents}
"""Kinds that name a whole list; the others name each of it."""

_KINDS: Final[dict[str, Callable[[NamesThen, str, Sequence[Any]], _Found]]] = {
    "agency": lambda names, value, _within: names.agency(value),
    "team": lambda names, value, _within: names.team(value),
    "party": lambda names, value, _within: names.party(value),
    "stage": lambda names, value, _within: _titled(names.charter.stage(value)),
    "call": lambda names, value, _within: _titled(names.charter.call(value)),
    "resource": lambda names, value, _within: _titled(names.charter.resource(value)),
    "event": lambda _names, value, _within: EVENTS[value].SAYS.title if value in EVENTS else None,
    "node": _node,
    "item": _item,
    "panel": _panel,
    "group": _group,
    "gate": _gate,
    "perspective": _perspective,
    "condition": _condition,
    "class": _class,
    "template": _template,
    "day": _a_day,
    "last-day": _last_day,
    "deadline": _deadline,
    "quantity": _quantity,
}

KINDS: Final = frozenset({*_KINDS, *_WHOLE})
"""What a place of a sentence can be named as."""
