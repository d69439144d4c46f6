"""Whole lines of a record, put to both verifiers: what an envelope and a number have to be, whatever else is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.charter import CharterAmended, CharterPublished
from domain.deadlines import instant
from domain.envelope import encode_envelope
from domain.event import encode_data
from domain.score_events import Figure, FigureCertified, MeanOf, RankGroup
from service.ed25519 import verify_ed25519
from service.verify.bundle import Said
from service.verify.faults import FaultClass
from service.verify.outcomes import Outcomes
from tests.domain import charters, playbook
from tests.domain.lives import LIVES
from tests.domain.verified import STANDALONE, Entry, alone, recorded
from tests.given import decide

Lines = list[dict[str, Any]]
Change = Callable[[Lines], None]
SCORE, MEASUREMENT = 9, 12


@cache
def life() -> tuple[Entry, ...]:
    """Up to the last score."""
    entries: list[Entry] = []
    for step in LIVES["scored"]:
        given = playbook.asked([event for event, _envelope in entries], step)
        entries += recorded(given, step.decision, step.body, decide(given, step.decision, step.body))
    return tuple(entries)


def rules_of_life() -> str:
    published = life()[0][0]
    assert isinstance(published, CharterPublished)
    return published.rules_hash


def lines(*more: Entry) -> Lines:
    """As a bundle has them."""
    made = []
    for position, (event, envelope) in enumerate((*life(), *more), start=1):
        named = {"event_id": f"event {position}", "tags": list(event.tags(charters.PROGRAMME))}
        under = {"rules_hash": rules_of_life(), "data_set": charters.document()["data_set"]}
        at = instant(datetime.fromisoformat(envelope.decided_at))
        clear = {"position": position, "programme": charters.PROGRAMME, "version": event.VERSION, "recorded_at": at}
        said = encode_envelope(msgspec.structs.replace(envelope, **named, **under)).decode()
        made.append({**clear, **named, "type": event.TYPE, "envelope": said, "data": encode_data(event).decode()})
    return made


def by_both(found: Lines, folder: Path) -> str:
    """The first fault, by class and place, as both say it; nothing if there is none."""
    outcomes = Outcomes(verify_ed25519, [])
    outcomes.take(msgspec.convert(each, type=Said) for each in found)
    first = next((str(each).partition(":")[0] for each in outcomes.faults), "")
    apart = ""
    try:
        STANDALONE.check_outcomes(folder, found, STANDALONE.Programme(charters.PROGRAMME))
    except STANDALONE.Fault as fault:
        apart = str(fault).partition(":")[0]
    assert apart == first, outcomes.faults
    return first


def enveloped(position: int, **changes: Any) -> Change:
    def change(found: Lines) -> None:
        line = found[position - 1]
        line["envelope"] = json.dumps(json.loads(line["envelope"]) | changes)

    return change


def twice(found: Lines) -> None:
    found[SCORE]["event_id"] = found[SCORE - 1]["event_id"]


OTHERS = charters.charter(seats="9")
AMENDED = CharterAmended(rules_hash=OTHERS.rules_hash, document=OTHERS.document, replaces="a" * 64, deviation=False)
ENVELOPED: dict[str, tuple[Change, FaultClass, int]] = {
    "under other rules": (enveloped(SCORE, rules_hash="0" * 64), "bad-signature", SCORE),
    "under no rules": (enveloped(SCORE, rules_hash=None), "bad-signature", SCORE),
    "published under others": (enveloped(1, rules_hash=OTHERS.rules_hash), "bad-signature", 1),
    "as though it were live": (enveloped(SCORE, data_set="live"), "bad-signature", SCORE),
    "published as though it were live": (enveloped(1, data_set="live"), "bad-signature", 1),
    "decided two hours later": (enveloped(SCORE, decided_at="2026-01-15T05:00:00+00:00"), "bad-signature", SCORE),
    "decided two hours before": (enveloped(SCORE, decided_at="2026-01-15T01:00:00+00:00"), "bad-signature", SCORE),
    "decided in no zone": (enveloped(SCORE, decided_at="2026-01-15T03:00:00"), "wrong-tally", SCORE),
    "by the id of another": (twice, "inserted", SCORE + 1),
}
NO_NUMBERS = ("A", "", "NaN", "-1", "+1", "01", " 1", "1 ", "1_0", "1/2", "1e0", ".5", "1.", "٣", "1.0000000000001")


def test_what_nobody_touched_is_right(tmp_path: Path) -> None:
    assert by_both(lines(), tmp_path) == ""


@pytest.mark.parametrize("what", ENVELOPED)
def test_an_envelope_says_when_and_under_which_rules_it_was_decided(tmp_path: Path, what: str) -> None:
    change, fault, position = ENVELOPED[what]
    found = lines()
    change(found)
    assert by_both(found, tmp_path) == f"{fault} at position {position}"


def test_rules_are_those_in_force(tmp_path: Path) -> None:
    """An amendment is decided under the rules that it replaces, and what follows under its own."""
    for replaces, beginning in ((rules_of_life(), ""), ("0" * 64, "bad-signature at position 5")):
        event = msgspec.structs.replace(AMENDED, replaces=replaces)
        amendment = alone("amend-charter", {"charter": charters.document(seats="9")}, event)
        # It takes two once a stage is open.
        found = [*lines()[:4], *lines(*amendment)[-1:], *lines()[4:]]
        for position, each in enumerate(found, start=1):
            each["position"] = position
        assert by_both(found, tmp_path) == (beginning or "bad-signature at position 6")
        for position in range(6, len(found) + 1):
            enveloped(position, rules_hash=AMENDED.rules_hash)(found)
        assert by_both(found, tmp_path) == beginning


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_number_is_written_as_numbers_are(tmp_path: Path, text: str) -> None:
    """Also where command and event say the same: one reader takes it for this number, another for that or none."""
    for position, field in ((SCORE, "points"), (MEASUREMENT, "value")):
        found = lines()
        line = found[position - 1]
        envelope = json.loads(line["envelope"])
        envelope["command"] = json.dumps(json.loads(envelope["command"]) | {field: text})
        line |= {"envelope": json.dumps(envelope), "data": json.dumps(json.loads(line["data"]) | {field: text})}
        assert by_both(found, tmp_path) == f"wrong-tally at position {position}"


def certified(figure: Figure) -> Lines:
    body = {"stage": "heat", "figure": msgspec.to_builtins(figure), "source": "owner"}
    return lines(*alone("certify-figure", body, FigureCertified(stage="heat", figure=figure, source="owner")))


@pytest.mark.parametrize(
    ("figure", "right"),
    [
        (MeanOf(node="paper", value="7.0"), True),
        (MeanOf(node="paper", value="7e0"), False),
        (RankGroup(teams=("ant",), best="1", worst="3"), True),
        (RankGroup(teams=("ant",), best="1.0", worst="3"), False),
        (RankGroup(teams=("ant",), best="1", worst=" 3"), False),
    ],
)
def test_a_figure_is_a_number(tmp_path: Path, figure: Figure, right: bool) -> None:
    found = certified(figure)
    assert by_both(found, tmp_path) == ("" if right else f"wrong-tally at position {len(found)}")
