"""Queries: what readers may see, and as of which position it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Query, QueryItem, tag
from domain.bounds import Contradiction
from domain.call_events import CALL_EVENTS, CallTeamSelected
from domain.charter import CHARTER_EVENTS, CharterInForce, require_programme_id
from domain.consortiums import Consortiums
from domain.deadlines import instant
from domain.decision import boundary, fold
from domain.disclosure import Disclosure, Reader
from domain.envelope import DataSet
from domain.event import decode_data
from domain.naming import NAMING_EVENTS, Naming
from domain.objections import OBJECTION_EVENTS
from domain.proposal_events import DecisionApproved
from domain.publications import PUBLICATION_EVENTS, Publications
from domain.stages import facts_contradict
from domain.standings import Standings
from domain.teams import Roster, TeamEnrolled
from domain.titles import Titles
from domain.views import MemoryRows, View
from domain.views.amendments import AMENDMENT_EVENTS, Charters, amendment_summaries
from domain.views.audit_trail import AUDIT_TRAIL, Entry, key, shown
from domain.views.calls import CallSummary, call_summaries
from domain.views.grants import GRANTS, effective_on, grants_shown, resource_use
from domain.views.objections import ObjectionRow, objection_rows
from domain.views.standings import STANDINGS, as_of, compute, counts
from service.application.answers import (
    Counts,
    GrantsAnswer,
    ProgrammeDetail,
    ProgrammeSummary,
    StageSummary,
    TeamSummary,
    summary,
)
from service.application.facts import as_dcb
from service.application.ports import Ledger
from service.application.projecting import occurrences
from service.application.reading_refusals import (
    NotYetProjectedError,
    UnknownPositionError,
    UnknownRulesError,
    not_opened,
    poison_told,
    require_reached,
    unknown_stage,
    until_published,
)
from service.application.view_reading import ReadViews

SETTLED: Final = timedelta(seconds=30)
"""After which nothing is recorded any more with a time before: appends are bounded by less."""


class Queries:
    """Every query of the API. `now`: the clock, UTC."""

    def __init__(self, ledger: Ledger, views: ReadViews, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._ledger = ledger
        self.views = views

    def programmes(self) -> list[ProgrammeSummary]:
        """Every programme, in order of publication."""
        query = DCBQuery(items=[DCBQueryItem(types=[cls.TYPE for cls in CHARTER_EVENTS])])
        facts: dict[str, CharterInForce] = {}
        for each in self._ledger.read(query):
            fact = facts.setdefault(each.programme, CharterInForce(each.programme))
            fact.apply(each.position, decode_data(each.type, each.version, each.data))
        return [summary(fact.charter, fact.rules_hash) for fact in facts.values()]

    def programme(self, programme: str, *, as_of_position: int | None = None) -> ProgrammeDetail:
        """Raises `UnknownProgrammeError`, `UnknownPositionError`."""
        if as_of_position is not None:
            require_reached(as_of_position, self._ledger.head())
        fact, publications, head = self._rules(programme, upto=as_of_position)
        charter = fact.charter
        types = [cls.TYPE for cls in AMENDMENT_EVENTS]
        found = self._ledger.read(DCBQuery(items=[DCBQueryItem(types=types, tags=[tag("programme", programme)])]))
        return ProgrammeDetail(
            **msgspec.structs.asdict(summary(charter, fact.rules_hash)),
            position=as_of_position or head,
            owner=charter.owner,
            seats=charter.seats,
            stages=tuple(
                StageSummary(
                    id=stage.id, title=stage.title, published=stage.id in publications.upto, calendar=stage.calendar
                )
                for stage in charter.stages
            ),
            amendments=amendment_summaries(
                (each.position, instant(each.recorded_at), decode_data(each.type, each.version, each.data))
                for each in found
                if each.position <= (as_of_position or head)
            ),
        )

    def charter(self, programme: str, rules_hash: str | None = None) -> tuple[bytes, str]:
        """The canonical document and its SHA-256: in force, or of the hash that once was.

        Raises `UnknownProgrammeError`, `UnknownRulesError`.
        """
        fact, _publications, _head = self._rules(programme)
        rules_hash = rules_hash or fact.rules_hash
        document = fact.document_of(rules_hash)
        if document is None:
            raise UnknownRulesError(
                f"{rules_hash[:80]!r} is no charter that {programme} ever had",
                rule="The rules hash is the SHA-256 of a charter that was published, or amended to.",
            )
        return document.encode(), rules_hash

    def data_set(self, programme: str) -> DataSet:
        """Which figures a programme holds, which no amendment changes. Raises `UnknownProgrammeError`."""
        return self._rules(programme)[0].charter.data_set

    def disclosure(self, programme: str, reader: Reader, as_of_position: int | None = None) -> Disclosure:
        """What a reader may see; asked as of an earlier position, what was public then.

        What became public since is not shown as of then: the standings between two exclusions would give away the
        sheet that was left out. Raises `UnknownProgrammeError`, `UnknownPositionError`.
        """
        fact, publications, head = self._rules(programme, public_at=as_of_position)
        if as_of_position is not None:
            require_reached(as_of_position, head)
        return Disclosure(fact.in_order, publications, reader.within(fact.charter))

    def teams(
        self, programme: str, reader: Reader, *, as_of_position: int | None = None, effective_at: str | None = None
    ) -> tuple[list[TeamSummary], int]:
        """Every team ever enrolled, outcomes only as far as the reader may see them; and the position up to which.

        `effective_at`: a day; their members are those of that day, as far as was recorded by the position.
        Raises `UnknownProgrammeError`, `UnknownPositionError`.
        """
        disclosure = self.disclosure(programme, reader, as_of_position)
        roster, titles, consortiums = facts = (
            Roster(programme),
            Titles(programme),
            Consortiums(programme, effective_at=effective_at),
        )
        found = self._ledger.read(as_dcb(boundary(facts)), upto=as_of_position)
        for each in found:
            event = decode_data(each.type, each.version, each.data)
            if isinstance(event, TeamEnrolled | CallTeamSelected) or disclosure.shows(each.position, event):
                fold(facts, each.type, each.tags, each.position, event)
        teams = [
            TeamSummary(
                team=team,
                name=roster.names[team].en,
                names=roster.names[team],
                status=status,
                reenters=roster.reenters.get(team),
                titles=tuple(titles.of(team)),
                members=consortiums.of(team),
            )
            for team, status in roster.status.items()
        ]
        return teams, as_of_position or found.head

    def calls(
        self, programme: str, reader: Reader, *, as_of_position: int | None = None
    ) -> tuple[list[CallSummary], int]:
        """Every additional call that was opened, as far as the reader may know, and the position up to which.

        Raises as `teams`.
        """
        disclosure = self.disclosure(programme, reader, as_of_position)
        types = [cls.TYPE for cls in CALL_EVENTS]
        items = [DCBQueryItem(types=types, tags=[tag("call", programme, call.id)]) for call in disclosure.charter.calls]
        if not items:
            return [], as_of_position or self._ledger.head()
        found = self._ledger.read(DCBQuery(items=items), upto=as_of_position)
        events = ((each.position, decode_data(each.type, each.version, each.data)) for each in found)
        calls = call_summaries(disclosure.charter, events, disclosure.shows, disclosure.reader.consortium)
        return calls, as_of_position or found.head

    def objections(
        self, programme: str, stage: str | None, reader: Reader, *, as_of_position: int | None = None
    ) -> tuple[list[ObjectionRow], int]:
        """Objections in a stage, or in every one, as far as the reader may know, and the position up to which.

        Raises as `teams`, and `UnknownStageError`.
        """
        disclosure = self.disclosure(programme, reader, as_of_position)
        stages = [each.id for each in disclosure.charter.stages if stage in (None, each.id)]
        if not stages:
            raise unknown_stage(programme, stage or "")
        types = [cls.TYPE for cls in OBJECTION_EVENTS]
        items = [DCBQueryItem(types=types, tags=[tag("stage", programme, each)]) for each in stages]
        found = self._ledger.read(DCBQuery(items=items), upto=as_of_position)
        events = ((e.position, instant(e.recorded_at), decode_data(e.type, e.version, e.data)) for e in found)
        return objection_rows(events, disclosure.shows), as_of_position or found.head

    def standings(
        self,
        programme: str,
        stage: str | None,
        reader: Reader,
        *,
        as_of_position: int | None = None,
        min_position: int = 0,
    ) -> Standings | Counts:
        """The standings of a stage (the first one if none is named), or counts while they are under embargo.

        Raises `UnknownProgrammeError`, `UnknownStageError`, `UnknownPositionError`, `NotYetProjectedError`.
        """
        disclosure = self.disclosure(programme, reader, as_of_position)
        stage = stage or disclosure.charter.stages[0].id
        if disclosure.charter.stage(stage) is None:
            raise unknown_stage(programme, stage)
        embargoed = not (disclosure.reader.reads_embargoed or disclosure.publications.current(stage))
        upto = disclosure.publications.upto.get(stage)
        if embargoed and upto:
            return self._last_published(programme, stage, as_of_position, max(min_position, upto))
        with self.views.rows(STANDINGS, programme, as_of_position, min_position) as (rows, position):
            stored = rows.get(f"standings/{stage}")
            if stored is None:
                raise not_opened(programme, stage, position)
            if embargoed:
                return Counts(
                    programme=programme,
                    stage=stage,
                    position=position,
                    data_set=disclosure.charter.data_set,
                    embargo=until_published(stage),
                    events=counts(rows, stage),
                )
            if stored:
                return as_of(stored, position)
            try:
                computed = compute(rows, stage, position)
            except Contradiction as why:
                raise facts_contradict(why) from why
        if computed is None:
            raise unknown_stage(programme, stage)
        return computed

    def _last_published(self, programme: str, stage: str, as_of_position: int | None, min_position: int) -> Standings:
        """The standings of a reopened stage as they were public, at the position at which they stood then."""
        key_of_stage = f"published/{stage}"
        with self.views.rows(STANDINGS, programme, as_of_position, min_position) as (rows, position):
            stored = rows.get(key_of_stage)
        if stored is None:
            raise NotYetProjectedError(position, None)
        return msgspec.json.decode(stored, type=Standings)

    def grants(
        self,
        programme: str,
        reader: Reader,
        *,
        as_of_position: int | None = None,
        min_position: int = 0,
        effective_at: str | None = None,
    ) -> GrantsAnswer:
        """Pools and grants, as far as the reader may see them; with `effective_at` what holds on that day.

        Raises as `standings`.
        """
        disclosure = self.disclosure(programme, reader)
        with self.views.rows(GRANTS, programme, as_of_position, min_position) as (rows, position):
            stored = [*rows.scan("grant/"), *rows.scan("pool/")]
        uses = resource_use(stored, grants_shown(disclosure.shows_type))
        return GrantsAnswer(
            programme=programme,
            position=position,
            data_set=disclosure.charter.data_set,
            resources=uses if effective_at is None else tuple(effective_on(each, effective_at) for each in uses),
        )

    def audit_trail(
        self,
        programme: str,
        reader: Reader,
        *,
        after: int = 0,
        limit: int = 100,
        as_of_position: int | None = None,
        min_position: int = 0,
    ) -> tuple[list[Entry], int]:
        """Entries after a position, and the view's position, or the one asked. Raises as `standings`."""
        disclosure = self.disclosure(programme, reader, as_of_position)
        return self.entries(
            AUDIT_TRAIL, disclosure, after=after, limit=limit, as_of_position=as_of_position, min_position=min_position
        )

    def entries(
        self,
        view: View,
        disclosure: Disclosure,
        *,
        after: int = 0,
        limit: int | None = None,
        as_of_position: int | None = None,
        min_position: int = 0,
    ) -> tuple[list[Entry], int]:
        """What a view holds of entries, which never change, as `audit_trail`. Raises `NotYetProjectedError`."""
        programme = disclosure.charter.programme
        rows, position = self.views.scan(
            view,
            programme,
            prefix="0",
            after=key(after),
            limit=limit,
            min_position=max(min_position, as_of_position or 0),
        )
        naming = self.naming(programme, disclosure)
        entries = [
            shown(value, disclosure.publications, disclosure.reader, naming)
            for row, value in rows
            if as_of_position is None or row <= key(as_of_position)
        ]
        return entries, as_of_position or position

    def retold(self, disclosure: Disclosure, about: tuple[QueryItem, ...], *, upto: int) -> list[Entry]:
        """Entries of the audit trail about some events only, read from the ledger, as the reader may see them."""
        programme = disclosure.charter.programme
        kept = (*(cls.TYPE for cls in CHARTER_EVENTS), DecisionApproved.TYPE)
        rules = QueryItem(types=kept, tags=(tag("programme", programme),))
        rows = MemoryRows()
        with poison_told():
            found = self._ledger.read(as_dcb(Query((rules, *about))), upto=upto)
            AUDIT_TRAIL.fold(rows, occurrences(found))
        naming = self.naming(programme, disclosure)
        return [shown(value, disclosure.publications, disclosure.reader, naming) for _key, value in rows.scan("0")]

    def position_at(self, time: datetime) -> int:
        """The position that stood at an instant: the last that was recorded by then.

        Raises `UnknownPositionError` if none was, or if one may still come to be.
        """
        position, latest = self._ledger.position_at(time)
        if latest <= time and time > self._now() - SETTLED:
            raise UnknownPositionError(
                f"as_of: {instant(time)} is not {SETTLED.seconds} seconds past, and nothing was recorded after it",
                rule="What is being recorded at a time is settled once that is past.",
            )
        if not position:
            raise UnknownPositionError(
                f"as_of: nothing was recorded by {instant(time)}", rule="A ledger begins with its first event."
            )
        return position

    def moment(self, as_of_position: int | None) -> datetime:
        """When a position was recorded; now, if none is asked."""
        if as_of_position is None:
            return self._now()
        (found,) = self._ledger.read(after=as_of_position - 1, upto=as_of_position)
        return found.recorded_at

    def naming(self, programme: str, disclosure: Disclosure) -> Naming:
        """What ids in the programme stand for, and stood for."""
        types = [cls.TYPE for cls in NAMING_EVENTS]
        tags = [tag("programme", programme), *(tag("call", programme, each) for each in disclosure.calls)]
        items = [DCBQueryItem(types=types, tags=[each]) for each in tags]
        found = self._ledger.read(DCBQuery(items=items))
        return Naming.of(
            disclosure.charters, ((each.position, decode_data(each.type, each.version, each.data)) for each in found)
        )

    def _rules(
        self, programme: str, *, upto: int | None = None, public_at: int | None = None
    ) -> tuple[Charters, Publications, int]:
        """Charters, what is public of each stage, and the ledger's head. Raises `UnknownProgrammeError`.

        `public_at`: what was public by then, whatever charters there are since.
        """
        require_programme_id(programme)
        fact = Charters(programme)
        publications = Publications()
        programme_tag = tag("programme", programme)
        types = [cls.TYPE for cls in (*CHARTER_EVENTS, *PUBLICATION_EVENTS)]
        found = self._ledger.read(DCBQuery(items=[DCBQueryItem(types=types, tags=[programme_tag])]), upto=upto)
        for each in found:
            event = decode_data(each.type, each.version, each.data)
            fact.apply(each.position, event)
            if public_at is None or each.position <= public_at:
                publications.take(each.position, event)
        _charter = fact.charter
        return fact, publications, found.head
