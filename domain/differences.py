"""What differs between two positions, in a person's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.naming import NamesThen
from domain.ranking import RankBasis
from domain.scalars import Names
from domain.sentences import Words
from domain.standings import PointsValue, RankValue
from domain.views.effects import Changes, Holding, HoldingChange, StandingChange, Stands, TeamChange

_STATUS: Final = {
    "enrolled": Words("enrolled", "참여"),
    "selected": Words("selected", "선정"),
    "evaluating": Words("under evaluation", "평가 중"),
    "advanced": Words("advanced", "진출"),
    "eliminated": Words("eliminated", "탈락"),
    "withdrawn": Words("withdrawn", "자진 포기"),
}
_CAUSE: Final = {
    "rank": Words(" by rank", "(순위)"),
    "gate": Words(" at a threshold", "(기준점)"),
    "ruling": Words(" by the independence ruling", "(독자성 판정)"),
    "objection": Words(" on an objection", "(이의신청)"),
}
_INDEPENDENCE: Final = {
    "met": Words("ruled independent", "독자성 충족"),
    "not_met": Words("ruled not independent", "독자성 미충족"),
    "not_ruled": Words("independence not ruled upon", "독자성 미판정"),
    "not_reported": Words("no independence ruling reported", "독자성 판정 보도 없음"),
}
_STATE: Final = {
    "open": Words("open", "운영"),
    "running": Words("running", "지원 중"),
    "suspended": Words("suspended", "중단"),
    "revoked": Words("revoked", "회수"),
}
_UNDISCLOSED: Final = Words("undisclosed", "비공개")


def told_changes(changes: Changes, names: NamesThen) -> Iterator[Words]:
    """Each change, in the names of the later position: of teams, then of standings, then of pools and grants."""
    yield from (_team(each) for each in changes.teams)
    yield from (_standing(each, names) for each in changes.standings)
    yield from (_holding(each, names) for each in changes.holdings)


def _team(change: TeamChange) -> Words:
    name, becomes = _words(change.name), _STATUS[change.becomes]
    if change.was is None:
        return Words(f"{name.en} came in: {becomes.en}.", f"{name.ko} 신규: {becomes.ko}.")
    return _from_to(name, _STATUS[change.was], becomes)


def _standing(change: StandingChange, names: NamesThen) -> Words:
    stage = names.charter.stage(change.stage)
    title = Words(change.stage, change.stage) if stage is None else Words(stage.title.en, stage.title.ko)
    name = _words(change.name)
    subject = Words(f"{name.en} in {title.en}", f"{title.ko} {name.ko}")
    if change.becomes is None:
        return Words(f"{subject.en}: no row any more.", f"{subject.ko}: 행이 없어짐.")
    if change.was is None:
        parts = [*_parts(change.becomes).values()]
        en, ko = ", ".join(each.en for each in parts), ", ".join(each.ko for each in parts)
        return Words(f"{subject.en}: {en}.", f"{subject.ko}: {ko}.")
    was, becomes = _parts(change.was), _parts(change.becomes)
    moved = [_arrow(was[each], becomes[each]) for each in was if was[each] != becomes[each]]
    en, ko = "; ".join(each.en for each in moved), "; ".join(each.ko for each in moved)
    return Words(f"{subject.en}: {en}.", f"{subject.ko}: {ko}.")


def _parts(stands: Stands) -> dict[str, Words]:
    status, cause = _STATUS[stands.status], _CAUSE.get(stands.cause or "", Words("", ""))
    rank, total = _rank(stands.rank), _points(stands.total)
    return {
        "rank": Words(f"rank {rank.en}", f"순위 {rank.ko}"),
        "total": Words(f"total {total.en}", f"총점 {total.ko}"),
        "status": Words(status.en + cause.en, status.ko + cause.ko),
        "independence": _INDEPENDENCE[stands.independence],
    }


_BASIS: Final[dict[RankBasis, Words]] = {
    "computed": Words("", ""),
    "certified": Words(" (certified)", "(확인)"),
    "mixed": Words(" (partly certified)", "(일부 확인)"),
    "undetermined": Words(" (undetermined)", "(미정)"),
}


def _rank(rank: RankValue) -> Words:
    span = str(rank.best) if rank.best == rank.worst else f"{rank.best}–{rank.worst}"
    basis = _BASIS[rank.basis]
    return Words(span + basis.en, span + basis.ko)


def _points(points: PointsValue) -> Words:
    if points.exact is not None:
        return Words(points.exact, points.exact)
    if points.low is None and points.high is None:
        return _UNDISCLOSED
    span = f"{points.low or '…'}–{points.high or '…'}"
    return Words(span, span)


def _holding(change: HoldingChange, names: NamesThen) -> Words:
    resource = names.name("resource", change.resource, ()) or Words(change.resource, change.resource)
    if change.grant is None or change.team is None:
        subject = Words(f"The pool of {resource.en}", f"{resource.ko} 총량")
    else:
        team = names.team(change.team) or Words(change.team, change.team)
        subject = Words(
            f"{resource.en} granted to {team.en} ({change.grant})", f"{team.ko}의 {resource.ko} 지원({change.grant})"
        )
    becomes = _held(change.becomes, names)
    if change.was is None:
        return Words(f"{subject.en}: {becomes.en}.", f"{subject.ko}: {becomes.ko}.")
    return _from_to(subject, _held(change.was, names), becomes)


def _held(holding: Holding, names: NamesThen) -> Words:
    state = _STATE[holding.state]
    quantity = "" if holding.quantity is None else f"{holding.quantity}, "
    starts = names.name("day", holding.starts, ()) or Words(holding.starts, holding.starts)
    ends = names.name("last-day", holding.ends, ()) or Words(holding.ends, holding.ends)
    return Words(
        f"{quantity}from {starts.en} to {ends.en}, {state.en}",
        f"{quantity}{starts.ko}부터 {ends.ko}까지, {state.ko}",
    )


def _from_to(subject: Words, was: Words, becomes: Words) -> Words:
    moved = _arrow(was, becomes)
    return Words(f"{subject.en}: {moved.en}.", f"{subject.ko}: {moved.ko}.")


def _arrow(was: Words, becomes: Words) -> Words:
    return Words(f"{was.en} → {becomes.en}", f"{was.ko} → {becomes.ko}")


def _words(name: Names) -> Words:
    return Words(name.en, name.ko)
