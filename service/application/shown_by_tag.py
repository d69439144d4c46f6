"""Where to look for the events with a tag that a reader is shown, so that none is looked at that carries it and is not.

How long an answer takes would else tell which team an outcome under embargo is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import tag
from domain.disclosure import Disclosure
from domain.event import EVENTS

WITHOUT_STAGE_TAG: Final = frozenset({"AdditionalCallOpened", "CallClosedWithoutSelection", "EvidenceRegistered"})
"""Events of a stage that are public with its results and that no tag brings together by stage; there are few."""


class Source(msgspec.Struct, frozen=True):
    """Events to read, up to a position if any. `searched`: not by the tag asked, which is looked for in them once it is
    known that they are shown."""

    query: DCBQuery
    upto: int | None = None
    searched: bool = False


def sources(disclosure: Disclosure, types: set[str], tag_: str) -> Iterator[Source]:
    """All that is shown of some types, among those that the reader may read some of, with a tag."""
    if disclosure.reader.reads_embargoed:
        yield _tagged(types, tag_)
        return
    own = {each for each in types if EVENTS[each].OWN == "team"} if disclosure.reader.consortium else set()
    sheets = (
        {each for each in types if EVENTS[each].OWN == "evaluator"} if disclosure.reader.role == "evaluator" else set()
    )
    at_once = sheets | {each for each in types - own if disclosure.kinds(each) == {"at-once"}}
    with_results = {each for each in types - own - at_once if disclosure.kinds(each) == {"with-results"}}
    staged = with_results - WITHOUT_STAGE_TAG
    if at_once:
        yield _tagged(at_once, tag_)
    if staged:
        for stage, upto in disclosure.publications.upto.items():
            # By the stage alone: of several tags the database looks up one, and may meet what is withheld by the other.
            of_stage = tag("stage", disclosure.charter.programme, stage)
            yield msgspec.structs.replace(_tagged(staged, of_stage), upto=upto, searched=True)
    if rest := types - at_once - staged:
        yield Source(DCBQuery(items=[DCBQueryItem(types=sorted(rest))]), searched=True)


def of_stage(programme: str, stage: str, types: Set[str]) -> Iterator[DCBQueryItem]:
    """What finds every event of a stage, of types that are public with its results; and a few others."""
    if staged := types - WITHOUT_STAGE_TAG:
        yield DCBQueryItem(types=sorted(staged), tags=[tag("stage", programme, stage)])
    if untagged := types & WITHOUT_STAGE_TAG:
        yield DCBQueryItem(types=sorted(untagged))


def _tagged(types: set[str], tag_: str) -> Source:
    return Source(DCBQuery(items=[DCBQueryItem(types=sorted(types), tags=[tag_])]))
