"""Views as tables: the same answers as in JSON, for people with a spreadsheet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from domain.envelope import DataSet
from domain.standings import PointsValue, RankValue, Row, Standings
from domain.views.audit_trail import Entry
from domain.views.grants import ResourceUse
from service.application.answers import Counts, GrantsAnswer

Cell = str | int | Decimal | None
Named = dict[str, Cell]
"""A row by its columns."""

KOREAN: Final = {
    "data_set": "자료 구분",
    "programme": "사업",
    "stage": "단계",
    "position": "원장 위치",
    "digest": "요약값",
    "rank": "순위",
    "rank_basis": "순위 근거",
    "team": "팀",
    "name_ko": "팀명(국문)",
    "name_en": "팀명(영문)",
    "total": "총점",
    "maximum": "만점",
    "status": "상태",
    "cause": "탈락 사유",
    "basis": "산출 근거",
    "independence": "독자성",
    "rules_hash": "규칙 해시",
    "embargo": "공개 제한",
    "event": "기록 유형",
    "count": "건수",
    "resource": "자원",
    "pool": "보유량",
    "peak_granted": "최대 배정량",
    "grant": "배정",
    "quantity": "수량",
    "starts": "시작일",
    "ends": "종료일",
    "state": "배정 상태",
    "granted_at": "배정 기록 위치",
    "entry": "기록 위치",
    "type": "유형",
    "version": "판",
    "recorded_at": "기록 시각",
    "decided_at": "결정 시각",
    "decision": "결정",
    "decision_id": "결정 번호",
    "agency": "기관",
    "proposer": "제안 기관",
    "principal": "행위자",
    "signed_by": "서명 키",
    "attribution": "귀속",
    "source": "출처",
    "decided_by": "결정 주체",
    "decider": "판정기",
    "withheld": "비공개",
    "says_ko": "내용(국문)",
    "says_en": "내용(영문)",
    "data": "자료",
}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What a table is of; it stands in every row, so that it stays with whatever is copied out of it.

    `digest`: of standings, theirs; else the SHA-256 (hex) of the answer in JSON.
    """

    view: str
    data_set: DataSet
    programme: str
    stage: str | None
    position: int
    digest: str

    @property
    def file_name(self) -> str:
        """Without a suffix."""
        of = (self.view, self.programme, self.stage, self.data_set, f"at-{self.position}", self.digest[:12])
        return "_".join(each for each in of if each)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A header and rows of as many cells. `label`: in every row as well."""

    label: Label
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The columns' names, in Korean too where they have one."""
        return tuple(f"{each} ({KOREAN[each]})" if each in KOREAN else each for each in self.columns)


def _sha256(answer: bytes) -> str:
    return hashlib.sha256(answer).hexdigest()


def _table(label: Label, columns: Iterable[str], rows: Iterable[Named]) -> Table:
    """Without any row, one that holds the label alone."""
    of: Named = {"data_set": label.data_set, "programme": label.programme, "position": label.position}
    if label.stage is not None:
        of["stage"] = label.stage
    names = tuple(dict.fromkeys((*of, *columns, "digest")))
    of["digest"] = label.digest
    return Table(
        label=label,
        columns=names,
        rows=tuple(tuple({**row, **of}.get(name) for name in names) for row in list(rows) or [{}]),
    )


def standings_table(found: Standings | Counts, answer: bytes) -> Table:
    """A row a team; under embargo a row a type of event. `answer`: the same in JSON."""
    label = Label(
        view="standings",
        data_set=found.data_set,
        programme=found.programme,
        stage=found.stage,
        position=found.position,
        digest=_sha256(answer) if isinstance(found, Counts) else found.digest,
    )
    if isinstance(found, Counts):
        rows: list[Named] = [
            {"embargo": found.embargo, "event": type_, "count": count} for type_, count in found.events.items()
        ]
        return _table(label, ("embargo", "event", "count"), rows)
    rows = [{**_standing(row), "rules_hash": found.rules_hash} for row in found.rows]
    return _table(label, dict.fromkeys(name for row in rows for name in row), rows)


def _standing(row: Row) -> Named:
    cells: Named = {
        "rank": rank_text(row.rank),
        "rank_basis": row.rank.basis,
        "team": row.team,
        "name_ko": row.names.ko,
        "name_en": row.names.en,
        "total": points_cell(row.total),
        "maximum": _number(row.maximum),
    }
    for assessment in row.assessments:
        cells[assessment.id] = points_cell(assessment.points)
        for criterion in assessment.criteria:
            cells[f"{assessment.id}/{criterion.id}"] = points_cell(criterion.points)
    for index in row.indices:
        cells[f"index {index.id}"] = points_cell(index.points)
    for gate in row.gates:
        cells[f"gate {gate.id}"] = gate.outcome
    return {
        **cells,
        "status": row.status,
        "cause": row.cause,
        "basis": row.basis,
        "independence": row.independence,
    }


def points_cell(points: PointsValue) -> Cell:
    """A number if it is exact; else its bounds, as text, or that it is undisclosed."""
    if points.exact is not None:
        return Decimal(points.exact)
    if points.low is None and points.high is None:
        return "undisclosed"
    return f"{points.low or '…'}–{points.high or '…'}"


def rank_text(rank: RankValue) -> Cell:
    """One rank, or the first and the last that it can be."""
    return rank.best if rank.best == rank.worst else f"{rank.best}–{rank.worst}"


def _number(text: str | None) -> Cell:
    try:
        return None if text is None else Decimal(text)
    except ArithmeticError:
        return text


def grants_table(found: GrantsAnswer, answer: bytes) -> Table:
    """A row a grant, and one for each resource of which nothing is granted."""
    label = Label(
        view="grants",
        data_set=found.data_set,
        programme=found.programme,
        stage=None,
        position=found.position,
        digest=_sha256(answer),
    )
    columns = ("resource", "pool", "peak_granted", "grant", "team", "quantity", "starts", "ends", "state", "granted_at")
    return _table(label, columns, (row for each in found.resources for row in _grants(each)))


def _grants(use: ResourceUse) -> Iterator[Named]:
    of: Named = {
        "resource": use.resource,
        "pool": None if use.pool is None else _number(use.pool.quantity),
        "peak_granted": _number(use.peak_granted),
    }
    for grant in use.grants:
        yield {
            **of,
            "grant": grant.grant,
            "team": grant.team,
            "quantity": _number(grant.quantity),
            "starts": grant.starts,
            "ends": grant.ends,
            "state": grant.state,
            "granted_at": grant.position,
        }
    if not use.grants:
        yield of


_ENTRY: Final = (
    *("entry", "type", "version", "recorded_at", "stage", "decision", "decision_id", "decided_at", "agency"),
    *("proposer", "principal", "signed_by", "attribution", "source", "decided_by", "rules_hash", "decider", "withheld"),
    *("says_ko", "says_en", "data"),
)


def trail_table(programme: str, data_set: DataSet, position: int, entries: Iterable[Entry], answer: bytes) -> Table:
    """A row an event, up to `position`. `answer`: the same in JSON."""
    label = Label(
        view="audit-trail",
        data_set=data_set,
        programme=programme,
        stage=None,
        position=position,
        digest=_sha256(answer),
    )
    return _table(label, _ENTRY, map(_entry, entries))


def _entry(entry: Entry) -> Named:
    found: dict[str, Cell] = msgspec.structs.asdict(entry)
    data, says = entry.data, entry.says
    return {
        **{name: found[name] for name in _ENTRY if name in found and name != "data"},
        "entry": entry.position,
        "says_ko": None if says is None else says.ko,
        "says_en": None if says is None else says.en,
        "data": None if isinstance(data, msgspec.UnsetType) else bytes(data).decode(),
    }
