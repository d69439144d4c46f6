"""Pools, grants and their use: the events, apart from the decisions so that every topic may read them."""

from __future__ import annotations

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Names
from domain.sentences import Says, Words


@event(
    "ResourcePoolSet",
    says=Says(
        title=Words("Pool set", "자원 총량 설정"),
        en="{actor} set the pool of {resource} to [{quantity}|a right of access, uncounted,] "
        "from {starts:day} to {ends:last-day}",
        ko="{actor}이(가) {starts:day}부터 {ends:last-day}까지 {resource} 총량을 [{quantity}(으)로|수량 제한 없는 "
        "이용권으로] 정하였다",
    ),
)
class ResourcePoolSet(Event, frozen=True, kw_only=True):
    """So many units (`quantity`; null: a right of access, uncounted) from `starts` until before `ends`.

    It supersedes what was set before for `starts` and after; `reason`: why, where something was.
    """

    resource: str
    quantity: str | None
    starts: str
    ends: str
    reason: Names | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("resource", programme, self.resource),)


class _OfGrant(Event, frozen=True, kw_only=True):
    grant: str
    team: str
    resource: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("team", programme, self.team), tag("grant", programme, self.grant))


class _OfPool(_OfGrant, frozen=True, kw_only=True):
    """What changes how much of the pool is granted."""

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("resource", programme, self.resource), *super().tags(programme))


@event(
    "ResourceGranted",
    says=Says(
        title=Words("Resource granted", "자원 배정"),
        en="{actor} granted {team} {resource} ([{quantity}|access]) from {starts:day} to {ends:last-day}",
        ko="{actor}이(가) {starts:day}부터 {ends:last-day}까지 {team}에 {resource}([{quantity}|이용권]) "
        "자원을 배정하였다",
    ),
)
class ResourceGranted(_OfPool, frozen=True, kw_only=True):
    """A team may use so many units (null: access) from `starts` until before `ends`."""

    quantity: str | None
    starts: str
    ends: str


@event(
    "GrantAdjusted",
    says=Says(
        title=Words("Grant adjusted", "배정 조정"),
        en="{actor} adjusted the grant of {resource} to {team} from {starts:day} on[; quantity: "
        "{quantity}][; last day: {ends:last-day}]",
        ko="{actor}이(가) {team}에 대한 {resource} 배정을 {starts:day}부터 조정하였다[. 수량: {quantity}][. 종료일: "
        "{ends:last-day}]",
    ),
)
class GrantAdjusted(_OfPool, frozen=True, kw_only=True):
    """From `starts` on the grant is of another `quantity`, or has another end; null: as before."""

    quantity: str | None
    starts: str
    ends: str | None
    reason: Names


@event(
    "GrantSuspended",
    says=Says(
        title=Words("Grant suspended", "배정 정지"),
        en="{actor} suspended the grant of {resource} to {team} from {starts:day} on",
        ko="{actor}이(가) {team}에 대한 {resource} 배정을 {starts:day}부터 정지하였다",
    ),
)
class GrantSuspended(_OfGrant, frozen=True, kw_only=True):
    """From `starts` on the grant may not be used, until it is resumed. Its part of the pool stays reserved."""

    starts: str
    reason: Names


@event(
    "GrantResumed",
    says=Says(
        title=Words("Grant resumed", "배정 재개"),
        en="{actor} resumed the grant of {resource} to {team} from {starts:day} on",
        ko="{actor}이(가) {team}에 대한 {resource} 배정을 {starts:day}부터 재개하였다",
    ),
)
class GrantResumed(_OfGrant, frozen=True, kw_only=True):
    """From `starts` on the suspended grant may be used again."""

    starts: str
    reason: Names


@event(
    "GrantRevoked",
    says=Says(
        title=Words("Grant revoked", "배정 취소"),
        en="{actor} revoked the grant of {resource} to {team} from {starts:day} on",
        ko="{actor}이(가) {team}에 대한 {resource} 배정을 {starts:day}부터 취소하였다",
    ),
)
class GrantRevoked(_OfPool, frozen=True, kw_only=True):
    """From `starts` on the grant is no more, and its part of the pool is free."""

    starts: str
    reason: Names


@event(
    "UsageReported",
    own="team",
    says=Says(
        title=Words("Usage reported", "사용 실적 보고"),
        en="{actor} reported that {team} used {resource}[, at most {quantity} at one time,] from "
        "{starts:day} to {ends:last-day}[; corrected, because: {correction}]",
        ko="{actor}이(가) {starts:day}부터 {ends:last-day}까지 {team}의 {resource} 사용 실적을 보고하였다[. 동시 사용 "
        "최대량: {quantity}][. 종전 보고의 정정 사유: {correction}]",
    ),
)
class UsageReported(_OfGrant, frozen=True, kw_only=True):
    """At most `quantity` units (null: access) were in use at one time, from `starts` until before `ends`.

    `correction`: why it supersedes what was reported for days of that period before.
    """

    quantity: str | None
    starts: str
    ends: str
    correction: Names | None = None
