"""The timeline as a chart: what was open when, each decision once, and no date where none is known."""

from __future__ import annotations

import msgspec
import pytest

from domain.charter_document import Charter
from domain.event import EVENTS
from domain.views.stretches import BOUNDS, Stretch
from domain.views.timeline import STORY, Moment
from service.web.timeline_chart import KINDS, Span, TimelineChart, timeline_chart
from tests.domain.charters import document
from tests.domain.test_timeline import charter

STORY_TOLD = ("StageOpened", "TeamAdvanced", "ScoringClosed", "ResultsPublished", "AdditionalCallOpened")
SCORED = Stretch(phase="scoring", subject="heat", since=1, ended=3)
STAGE = Stretch(phase="stage", subject="heat", since=1)
WINDOW = Stretch(phase="objections", subject="heat", since=4, until="2026-01-09T00:00:00.000000Z")
CUT_SHORT = msgspec.structs.replace(WINDOW, ended=5)


def moments(*, dated: bool = True) -> list[Moment]:
    """One a day."""
    return [
        Moment(
            position=position,
            type=type_,
            title=EVENTS[type_].SAYS.title,
            stage=None,
            recorded_at=f"2026-02-0{position}T00:00:00.000000Z",
            decided_at=f"2026-01-0{position}T00:00:00.000000Z" if dated else None,
            says=None,
        )
        for position, type_ in enumerate(STORY_TOLD, 1)
    ]


def drawn(*stretches: Stretch, dated: bool = True) -> TimelineChart:
    return timeline_chart(rules(), moments(dated=dated), stretches)


def rules() -> Charter:
    assert document()["stages"][0]["id"] == "heat"
    return charter()


def test_every_type_of_the_story_is_drawn_once() -> None:
    in_lines = [type_ for types in KINDS.values() for type_ in types]
    assert len(in_lines) == len(set(in_lines))
    assert set(in_lines) | BOUNDS == STORY


@pytest.mark.parametrize("dated", [True, False])
def test_what_runs_goes_on_to_the_edge_and_what_ended_does_not(dated: bool) -> None:
    (course,) = drawn(STAGE, SCORED, dated=dated).courses
    whole, scored = course.spans
    assert whole.running
    assert (whole.start, whole.width) == ("0", "100")
    assert not scored.running
    assert float(scored.width) == pytest.approx(94 / 2)


def test_a_window_ends_by_itself_or_before() -> None:
    def span(of: Stretch) -> Span:
        return drawn(of).courses[0].spans[0]

    assert span(WINDOW).ends == WINDOW.until
    assert not span(WINDOW).running
    assert (span(CUT_SHORT).ends, span(CUT_SHORT).ended) == ("2026-01-05T00:00:00.000000Z", 5)


def test_times_are_those_of_decisions_and_where_there_are_none_it_is_an_order() -> None:
    assert drawn(STAGE).dated == ("2026-01-01T00:00:00.000000Z", "2026-01-05T00:00:00.000000Z")
    undated = drawn(STAGE, WINDOW, dated=False)
    assert undated.dated is None
    assert [each.says.en for each in undated.ticks] == ["1", "2", "3", "4", "5"]
    assert {span.begins for course in undated.courses for span in course.spans} == {None}


def test_decisions_of_a_kind_stand_where_they_were_made() -> None:
    marks = {each.kind: each for each in drawn(STAGE, SCORED).marks}
    assert marks.keys() == {"outcomes", "results"}
    assert marks["outcomes"].places == ("23.5",)
    assert [each.position for each in marks["results"].moments] == [4]
