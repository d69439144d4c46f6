"""Bars of points on the pages: what is certain, what is possible, what is not known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.standings import PointsValue, Row
from service.web.bars import total
from tests.playing import PUBLIC_RECORD, REHEARSAL, lines_of, play, standings


def rows(programme: str) -> dict[str, Row]:
    found = standings(programme, "stage-1", play(programme, lines_of(programme)))
    return {row.team: row for row in found.rows}


@pytest.mark.parametrize("programme", [PUBLIC_RECORD, REHEARSAL])
def test_a_bar_ends_where_the_total_does(programme: str) -> None:
    for row in rows(programme).values():
        segments = total(row)
        at = Decimal(0)
        for each in segments:
            assert abs(Decimal(each.start) - at) <= Decimal("0.002"), row.team
            at = Decimal(each.start) + Decimal(each.width)
        high = row.total.exact or row.total.high or ""
        assert abs(at - Decimal(high)) <= Decimal("0.002"), "of a hundred points"
        certain = sum(Decimal(each.width) for each in segments if each.kind != "range")
        assert abs(certain - Decimal(row.total.exact or row.total.low or "")) <= Decimal("0.003")


def test_what_is_possible_is_no_part_of_what_is_certain() -> None:
    kinds = [each.kind for each in total(rows(PUBLIC_RECORD)["naver-cloud"])]
    assert kinds == ["known", "known", "range"]
    assert [each.index for each in total(rows(PUBLIC_RECORD)["naver-cloud"])][:2] == [1, 2]


def test_of_what_nothing_is_known_the_whole_bar_is_open() -> None:
    row = rows(PUBLIC_RECORD)["nc-ai"]
    nothing = PointsValue(None, None, None)
    (only,) = total(Row(**{**{f: getattr(row, f) for f in row.__struct_fields__}, "total": nothing}))
    assert (only.kind, only.width) == ("unknown", "100")
