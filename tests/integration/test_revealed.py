"""Following through a publication: what was withheld of a stage as it came is sent once its results are published.

Over a ledger that was played; how far it had grown by each look is the test's to say.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence

import pytest

from domain.disclosure import PUBLIC, Reader
from domain.event import decode_data
from domain.stage_events import ResultsPublished
from service.api import event_feed
from service.api.event_feed import EventFeed, Place
from service.application import revealed
from service.application.cloud_events import ReadEvents, Wanted
from service.application.revealed import ReadRevealed
from service.client import Event
from service.client.server_sent import Parser, Seen
from tests.integration.conftest import Running
from tests.playing import HARBOUR, REHEARSAL

NC_AI = f"team:{REHEARSAL}/nc-ai"
WANTED = [
    Wanted(PUBLIC),
    Wanted(PUBLIC, tag=NC_AI),
    Wanted(Reader("consortium", "nc-ai"), tag=NC_AI),
    Wanted(PUBLIC, type_="TeamEliminated"),
    Wanted(PUBLIC, programme=HARBOUR),
    Wanted(PUBLIC, type_="TeamAdvanced", tag=f"stage:{HARBOUR}/trial"),
    Wanted(Reader("agency", "msit"), programme=REHEARSAL),
    Wanted(Reader("auditor", "auditor")),
]


@pytest.fixture(autouse=True)
def _looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "LOOK_SECONDS", 0.0)


def followed(running: Running, wanted: Wanted, heads: Sequence[int], last: int = 0) -> list[Seen]:
    """What is sent after `last` while the ledger grows to each head in turn: ids and events, as browsers have them."""
    parts, grown = running.service.parts, list(heads)
    reveal = ReadRevealed(running.service.ledger, parts.queries.disclosure)
    parser = Parser()
    sent: list[Seen | None] = []

    async def follow() -> None:
        feed = EventFeed(parts.events, reveal, lambda: (grown or heads[-1:])[0], running.service.threads)
        place, text = Place(last, since=last, upto=grown[0]), f"id: {last}\n\n"
        while grown:
            while place.position < grown[0]:
                page = await feed.after(wanted, place)
                place, text = page.place, text + page.body.decode()
            grown.pop(0)
        sent.extend(map(parser.take, text.splitlines()))

    asyncio.run(follow())
    return [seen for seen in sent if seen is not None]


def events(sent: Iterable[Seen]) -> list[Event]:
    return [each.event for each in sent if each.event is not None]


def publications(running: Running) -> list[int]:
    page = events(followed(running, Wanted(PUBLIC, type_=ResultsPublished.TYPE), [running.head()]))
    return [each.position for each in page]


def eliminated(running: Running) -> tuple[int, int]:
    """Where NC AI's elimination stands, and the publication that made it public."""
    wanted = Wanted(PUBLIC, type_="TeamEliminated", tag=NC_AI)
    (event,) = events(followed(running, wanted, [running.head()]))
    return event.position, next(each for each in publications(running) if each > event.position)


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "nc-ai")])
def test_who_follows_by_a_tag_is_told_of_an_outcome_once_it_is_public(played: Running, reader: Reader) -> None:
    """Before the publication's own id, so that whoever is cut off in between is sent it again."""
    at, published = eliminated(played)
    sent = followed(played, Wanted(reader, tag=NC_AI), [published - 1, published, played.head()])
    (told,) = [each for each in sent if each.event is not None and each.event.type == "TeamEliminated"]
    assert told.event is not None
    assert (told.last, told.event.position, told.event.revealedby) == (published - 1, at, published)
    assert told.event.data["team"] == "nc-ai"
    assert next(each.last for each in sent[sent.index(told) + 1 :] if each.event is None) == published


def test_who_comes_back_in_between_is_told_and_who_begins_before_reads_it_in_its_place(played: Running) -> None:
    at, published = eliminated(played)
    wanted, head = Wanted(PUBLIC, type_="TeamEliminated", tag=NC_AI), played.head()
    for last in (at, published - 1):
        (between,) = events(followed(played, wanted, [head], last))
        assert (between.position, between.revealedby) == (at, published)
    for last in (0, at - 1):
        (in_place,) = events(followed(played, wanted, [head], last))
        assert (in_place.position, in_place.revealedby) == (at, None)
    assert events(followed(played, wanted, [head], published)) == []


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_who_follows_has_in_the_end_what_the_pages_show_each_once(
    played: Running, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the ledger grew meanwhile, and however small the pages: nothing comes twice but what was withheld."""
    monkeypatch.setattr(revealed, "LOOKED_AT", 7)
    head = played.head()
    steps = sorted({*publications(played), *(each - 1 for each in publications(played)), head})
    sent = events(followed(played, wanted, steps))
    found: dict[int, Event] = {}
    for each in sent:
        assert each.position not in found or found[each.position].withheld
        found[each.position] = each
    assert [found[position].id for position in sorted(found)] == shown_on_pages(played, wanted)
    ids = [each.last for each in followed(played, wanted, steps)]
    assert ids == sorted(ids)
    assert ids[-1] == head


def shown_on_pages(running: Running, wanted: Wanted) -> list[str]:
    """The ids of all that pages show by now."""
    read: ReadEvents = running.service.parts.events
    return [each.id for each in read(wanted, after=0, limit=100_000).events]


@pytest.mark.parametrize("reader", [PUBLIC, Reader("consortium", "nc-ai"), Reader("agency", "msit")])
def test_a_publication_reveals_what_could_not_be_read_before_it_and_nothing_else(
    played: Running, reader: Reader
) -> None:
    ledger, queries = played.service.ledger, played.service.parts.queries
    whole = list(ledger.read())
    for publication in publications(played):
        programme = next(each.programme for each in whole if each.position == publication)
        before, now = (queries.disclosure(programme, reader, each) for each in (publication - 1, publication))
        expected = [
            each.position
            for each in whole
            if each.position < publication and each.programme == programme
            for event in [decode_data(each.type, each.version, each.data)]
            if now.shows(each.position, event) and not before.shows(each.position, event)
        ]
        for since in {publication - 1, *itertools.islice(expected, 0, None, 40)}:
            sent = events(followed(played, Wanted(reader), [publication], since))
            told = [each.position for each in sent if each.revealedby == publication]
            assert told == [each for each in expected if each <= since]
