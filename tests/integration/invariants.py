"""What holds of every ledger, whatever was decided at once: it is whole, its events are lawful in their order and each
decision is what the facts before it come to, and all views follow."""

from __future__ import annotations

import msgspec

from domain.charter import CharterInForce
from domain.record import StageRecord
from domain.reexecution import Reexecution
from domain.standings import standings_of
from domain.tally import tally
from domain.views import MemoryRows, View
from service.application.facts import read_facts
from service.application.projecting import VIEWS, occurrences
from service.ed25519 import verify_ed25519
from tests.integration.conftest import Running
from tests.integration.small import SmallProgramme
from tests.lawful import Lawful


def require_invariants(played: SmallProgramme) -> None:
    """Fail unless ledger, decisions, views and standings of the programme agree; views are brought up to the head."""
    running, programme = played.running, played.programme
    _dense(running)
    _lawful(running, programme)
    _decided_on_what_was_read(running, programme)
    running.project()
    for view in VIEWS:
        rows, position = stored(running, view, programme)
        assert position == running.head()
        assert rows == folded(running, view, programme, position)
    _standings_follow(played, "heat")


def folded(running: Running, view: View, programme: str, upto: int) -> dict[str, bytes]:
    """The view's rows as one fold from position 1."""
    rows = MemoryRows()
    view.fold(rows, occurrences(running.service.ledger.read_programme(programme, upto=upto)))
    return rows.rows


def stored(running: Running, view: View, programme: str) -> tuple[dict[str, bytes], int]:
    rows, position = running.service.store.scan(view, programme, "")
    return dict(rows), position


def _dense(running: Running) -> None:
    events = list(running.service.ledger.read())
    assert [each.position for each in events] == list(range(1, running.head() + 1))
    assert [each.recorded_at for each in events] == sorted(each.recorded_at for each in events)


def _lawful(running: Running, programme: str) -> None:
    """The rules, said apart from the domain, allow each event after those before it."""
    history = Lawful()
    for each in running.service.ledger.read_programme(programme):
        history.take(each.position, each.type, msgspec.json.decode(each.data))
    assert history.charter["programme"] == programme


def _decided_on_what_was_read(running: Running, programme: str) -> None:
    """Each decision, made again on what it had read, comes to the same, and nothing it depends on came in between."""
    events = list(running.service.ledger.read_programme(programme))
    for exact in (False, True):
        proofs = list(Reexecution(programme, verify_ed25519, exact=exact).proofs(events))
        assert [each for each in proofs if each.why is not None] == []
        assert sum(len(each.events) for each in proofs) == len(events)


def _standings_follow(played: SmallProgramme, stage_id: str) -> None:
    """The standings that are shown are those of the facts that decisions rest on."""
    charter, record = CharterInForce(played.programme), StageRecord(played.programme, stage_id)
    read_facts(played.running.service.ledger, (charter, record))
    stage = charter.charter.stage(stage_id)
    assert stage is not None
    shown = played.read("/standings", "owner", stage=stage_id)
    computed = standings_of(
        charter.charter,
        charter.rules_hash,
        stage,
        record.course,
        tally(stage, record.course, record.cells),
        record.roster.names,
        shown["position"],
    )
    assert shown["digest"] == computed.digest
