"""A programme's public deadlines elsewhere: read by other people's parsers, the same until something is recorded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

import icalendar

from domain.charter_document import parse
from domain.scalars import Names
from domain.sentences import Words
from domain.views.timeline import Deadline, Moment, Planned
from service.application.timeline import Timeline
from service.web.feeds import calendar, days_of, feed
from tests.domain import charters

ATOM = "{http://www.w3.org/2005/Atom}"
LONG = "“객체, 지향; 프로그래밍” 지원 마감일 " * 6


def moment(position: int, type_: str) -> Moment:
    at = f"2026-01-{position:02}T00:00:00.000000Z"
    none: dict[str, Any] = {"stage": None, "decided_at": None, "says": None}
    return Moment(position=position, type=type_, title=Words("t", "t"), recorded_at=at, **none)


STORY = Timeline(
    programme="p",
    title=Names(en="Programme & more", ko="사업"),
    data_set="rehearsal",
    position=9,
    moments=(moment(1, "CharterPublished"), moment(5, "ResultsPublished")),
    planned=(Planned(kind="call-closes", subject="c", day="2026-03-01", says=Words("Last <day>", LONG)),),
    deadlines=(
        Deadline(
            kind="objections",
            subject="heat",
            position=5,
            until="2026-01-18T15:00:00.000000Z",
            says=Words("By then", "마감"),
        ),
    ),
)
DAYS = days_of(STORY, parse(charters.charter().document.encode()))


def test_a_calendar_has_whole_days_on_the_clock_of_the_programme() -> None:
    raw = calendar(STORY, DAYS, "ko")
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    entries = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert [each.decoded("dtstart") for each in entries] == [date(2026, 1, 18), date(2026, 3, 1)]
    assert str(entries[1]["summary"]) == f"[연습용] {LONG}"
    assert entries[0].decoded("dtstamp") == datetime(2026, 1, 5, tzinfo=UTC)
    assert len({str(each["uid"]) for each in entries}) == 2


def test_a_feed_has_what_atom_asks_for_and_says_what_it_is() -> None:
    root = ElementTree.fromstring(feed(STORY, DAYS, "en", "https://sillok.example"))
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}title") == "[REHEARSAL] Programme & more"
    assert root.findtext(f"{ATOM}updated") == "2026-01-05T00:00:00.000000Z"
    assert {each.get("rel"): each.get("href") for each in root.findall(f"{ATOM}link")} == {
        "alternate": "https://sillok.example/en/p",
        "self": "https://sillok.example/en/p/deadlines.atom",
    }
    entries = root.findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}title") for each in entries] == ["[REHEARSAL] By then", "[REHEARSAL] Last <day>"]
    ids = [root.findtext(f"{ATOM}id"), *(each.findtext(f"{ATOM}id") for each in entries)]
    assert len(set(ids)) == 3
    assert all(each is not None and each.startswith("urn:uuid:") for each in ids)
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
