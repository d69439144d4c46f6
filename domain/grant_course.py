"""A grant's course: what it comes to, day by day, after all that was decided about it; and the pool that it is from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.event import Event
from domain.grant_events import (
    GrantAdjusted,
    GrantResumed,
    GrantRevoked,
    GrantSuspended,
    ResourceGranted,
    ResourcePoolSet,
    UsageReported,
)
from domain.machines import machine
from domain.periods import Span, before, joined, on, since
from domain.refusal import Refusal

State = Literal["ungranted", "running", "suspended", "revoked"]


class UnknownGrantError(Refusal):
    """No grant of that id was given."""

    KIND = "invalid"


class GrantRunningError(Refusal):
    """The grant is running: there is nothing to resume."""


class GrantSuspendedError(Refusal):
    """The grant is suspended."""


class GrantRevokedError(Refusal):
    """The grant is revoked, for good."""


class OutsideGrantError(Refusal):
    """The day lies outside the period of the grant."""


GRANT = machine(
    "grant",
    initial="ungranted",
    transitions=[
        ("ungranted", "grant-resource", "running"),
        ("running", "adjust-grant", "running"),
        ("running", "report-usage", "running"),
        ("running", "suspend-grant", "suspended"),
        ("running", "revoke-grant", "revoked"),
        ("suspended", "adjust-grant", "suspended"),
        ("suspended", "resume-grant", "running"),
        ("suspended", "revoke-grant", "revoked"),
    ],
    refusals={
        "ungranted": UnknownGrantError,
        "running": GrantRunningError,
        "suspended": GrantSuspendedError,
        "revoked": GrantRevokedError,
    },
)
"""States hold from a day on: a decision must be lawful in the state of the day from which it is to hold."""


class GrantSpan(Span, frozen=True, kw_only=True):
    suspended: bool = False


class GrantCourse(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as decided so far; the default is one that was never given.

    `granted`: at which position. `spans`: what is reserved, in order. `revoked`: from which day. `usage`: as reported.
    """

    grant: str = ""
    team: str = ""
    resource: str = ""
    granted: int = 0
    spans: tuple[GrantSpan, ...] = ()
    revoked: str | None = None
    usage: tuple[Span, ...] = ()

    def state_on(self, day: str) -> State:
        """Raises `OutsideGrantError` for a day before the grant or after it."""
        if not self.granted:
            return "ungranted"
        if self.revoked is not None and day >= self.revoked:
            return "revoked"
        span = on(self.spans, day)
        if span is None:
            period = f"from {self.spans[0].starts} until before {self.spans[-1].ends}" if self.spans else "no more"
            raise OutsideGrantError(
                f"{day} lies outside {self.grant}, which runs {period}",
                rule="What is decided about a grant holds from a day of its period.",
                pointer="/starts",
            )
        return "suspended" if span.suspended else "running"

    @property
    def usable(self) -> tuple[GrantSpan, ...]:
        """The spans in which the grant may be used."""
        return tuple(span for span in self.spans if not span.suspended)


def evolved(course: GrantCourse, position: int, event: Event) -> GrantCourse:
    """The course after one more event about the grant. Each holds from its day on and leaves the days before alone."""
    match event:
        case ResourceGranted():
            span = GrantSpan(starts=event.starts, ends=event.ends, quantity=event.quantity)
            return GrantCourse(
                grant=event.grant, team=event.team, resource=event.resource, granted=position, spans=(span,)
            )
        case GrantAdjusted():
            spans = (*before(course.spans, event.starts), *_adjusted(since(course.spans, event.starts), event))
            return msgspec.structs.replace(course, spans=joined(spans))
        case GrantSuspended() | GrantResumed():
            suspended = isinstance(event, GrantSuspended)
            spans = (*before(course.spans, event.starts), *_switched(since(course.spans, event.starts), suspended))
            return msgspec.structs.replace(course, spans=joined(spans))
        case GrantRevoked():
            return msgspec.structs.replace(course, spans=before(course.spans, event.starts), revoked=event.starts)
        case UsageReported():
            report = Span(starts=event.starts, ends=event.ends, quantity=event.quantity)
            kept = (each for each in course.usage if not overlaps(each, report))
            return msgspec.structs.replace(course, usage=tuple(sorted((*kept, report), key=lambda each: each.starts)))
        case _:
            return course


def _adjusted(spans: tuple[GrantSpan, ...], event: GrantAdjusted) -> Iterator[GrantSpan]:
    ends = event.ends or spans[-1].ends
    kept = before(spans, ends)
    for number, span in enumerate(kept, start=1):
        yield msgspec.structs.replace(
            span,
            quantity=event.quantity or span.quantity,
            ends=ends if number == len(kept) else span.ends,
        )


def _switched(spans: tuple[GrantSpan, ...], suspended: bool) -> Iterator[GrantSpan]:
    """Suspended or resumed until the next change of state that was decided already."""
    switching = True
    for span in spans:
        switching = switching and span.suspended != suspended
        yield msgspec.structs.replace(span, suspended=suspended) if switching else span


def overlaps(one: Span, other: Span) -> bool:
    return one.starts < other.ends and other.starts < one.ends


def pool_after(pool: tuple[Span, ...], event: ResourcePoolSet) -> tuple[Span, ...]:
    """The pool after it was set once more."""
    span = Span(starts=event.starts, ends=event.ends, quantity=event.quantity)
    return joined((*before(pool, event.starts), span))


class Pool:
    """A fact: the pool of a resource over time, and how much of it is reserved by each grant, suspended ones too."""

    def __init__(self, programme: str, resource: str) -> None:
        self._resource = tag("resource", programme, resource)
        self.spans: tuple[Span, ...] = ()
        self.courses: dict[str, GrantCourse] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (ResourcePoolSet.TYPE, ResourceGranted.TYPE, GrantAdjusted.TYPE, GrantRevoked.TYPE)
        return (QueryItem(types=types, tags=(self._resource,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case ResourcePoolSet():
                self.spans = pool_after(self.spans, event)
            case ResourceGranted() | GrantAdjusted() | GrantRevoked():
                course = self.courses.get(event.grant, GrantCourse())
                self.courses[event.grant] = evolved(course, position, event)
            case _:
                pass

    def reserved(self, *changed: GrantCourse) -> list[Span]:
        """Every span of every grant, with `changed` grants as they would be."""
        courses = {**self.courses, **{each.grant: each for each in changed}}
        return [span for course in courses.values() for span in course.spans]


class Grant:
    """A fact: the course of one grant."""

    def __init__(self, programme: str, grant: str) -> None:
        self._grant = tag("grant", programme, grant)
        self.course = GrantCourse()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        events = (ResourceGranted, GrantAdjusted, GrantSuspended, GrantResumed, GrantRevoked, UsageReported)
        return (QueryItem(types=tuple(each.TYPE for each in events), tags=(self._grant,)),)

    def apply(self, position: int, event: Event) -> None:
        self.course = evolved(self.course, position, event)
