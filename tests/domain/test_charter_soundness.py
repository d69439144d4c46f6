"""What is of another shape hides no contradiction but those whose rule has to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from domain.charter import document_faults
from domain.charter_document import Charter
from domain.shape_faults import sound_parts
from domain.soundness import UNSOUND
from tests.domain.charters import DECISIONS, PROGRAMME, document, names
from tests.domain.faulty import planned, put, scalars
from tests.domain.test_charter_faults import FAULTS

CRITERION = "/stages/0/assessments/0/criteria/0"
METRIC = "/stages/0/assessments/1/criteria/0"


def without(decision: str) -> Callable[[Any], Any]:
    return put("/mandates/0/decisions", [each for each in DECISIONS if each != decision])


def both(*changes: Callable[[Any], Any]) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        for each in changes:
            each(found)

    return change


MORE: list[tuple[Callable[[Any], Any], str, str]] = [
    (without("open-stage"), "/mandates", "nobody may open-stage"),
    (without("submit-score"), "/mandates", "nobody may submit-score"),
    (without("publish-charter"), "/mandates", "owner may not publish-charter"),
    (without("supersede-outcome"), "/mandates", "nobody may supersede-outcome"),
    (without("select-team"), "/calls", "nobody may select-team"),
    (without("serve-notice"), "/notices", "nobody may serve-notice"),
    (put("/consortium_decisions", ["report-usage"]), "/notices", "no team may acknowledge-notice"),
    (without("grant-resource"), "/entitlements/0/resources", "nobody may grant-resource"),
    (without("confer-title"), "/entitlements/0/titles", "nobody may confer-title"),
    (without("record-deviation"), "/stages/1/eliminate", "leaves by a deviation"),
    (without("record-deviation"), "/stages/0/eliminate", "a tie at the cut"),
    (put("/stages/0/tie_break", ["paper", "total"]), "/stages/0/tie_break/1", "breaks no tie"),
    (
        lambda found: found["stages"][0]["indices"].append({"id": "style", "title": names("Style")}),
        "/stages/0/indices/1",
        "no criterion counts",
    ),
    (
        both(put("/notices/0/recipients", ["withdrawn"]), put("/consortium_decisions", ["acknowledge-notice"])),
        "/notices/0/recipients",
        "no team may withdraw-team",
    ),
    (put("/mandates/1/decisions", ["decide-objection"]), "/joint_publishers", "other may not publish-results"),
    (put("/consortium_decisions", ["acknowledge-notice"]), "/consortium_decisions", "no team may assent-amendment"),
    (
        both(put("/calls", []), put("/notices/0/recipients", ["selected"])),
        "/notices/0/recipients",
        "without a call no team",
    ),
    (put("/consortium_decisions", []), "/stages/0/objections", "nobody may file-objection"),
    (without("finalise-stage"), "/stages/0/objections", "nobody may finalise-stage"),
    (put("/mandates/0/decisions/15", "certify"), "/mandates/0/decisions", "'certify' is no decision"),
    (put("/mandates/1/decisions", ["withdraw-team"]), "/mandates/1/decisions", "what a team says itself"),
    (put("/calls/0/classes/0/requires", "undisclosed"), "/calls/0/classes/0/requires", "public record only"),
    (put("/calls/0/closes", "2026-01-01"), "/calls/0/closes", "before 2026-02-01"),
    (put("/calls/0/closes", "2026-03-01"), "/stages/1/calendar/opens", "not after 2026-03-01"),
    (
        put("/stages/1/calendar", planned("2026-01-31", "undisclosed")),
        "/stages/1/calendar/opens",
        "before 2026-02-01, when stage",
    ),
    (put(f"{CRITERION}/scoring/trim", "1"), f"{CRITERION}/scoring/trim", "a trimmed mean says"),
    (put(f"{CRITERION}/scoring/aggregate", "weighted-mean"), f"{CRITERION}/scoring/aggregate", "no groups"),
    (put(f"{METRIC}/scoring/floor", "1"), f"{METRIC}/scoring/floor", "has no floor"),
    (put(f"{METRIC}/scoring/conversion", "linear"), f"{METRIC}/scoring/benchmarks/0", "one of them is not said"),
    (put(f"{METRIC}/items", [{"id": "x", "title": names("X"), "maximum": "20"}]), f"{METRIC}/items", "only a judged"),
]
"""Further contradictions: of who may make what a programme needs, of days, and of how points come about."""


def rich() -> dict[str, Any]:
    """The small charter with a window for objections and days of its stages."""
    found = document()
    put("/stages/0/objections", {"days": "7"})(found)
    put("/stages/0/calendar", planned("2026-01-01", "2026-02-01"))(found)
    put("/stages/1/calendar", planned("2026-03-01", "2026-04-01"))(found)
    return found


GIVEN = r"/data_set|/consortium_decisions/\d+|/mandates/\d+/(decisions|agencies)/\d+"
MAXIMA = r"/stages/0/assessments/\d+/(criteria/\d+/)?maximum"
NODES = r"/stages/0/assessments/\d+/(criteria/\d+/)?id"
SCORING = r"/stages/0/assessments/\d+/criteria/\d+/scoring/(type|panel|aggregate|conversion)"
FIELD = r"/seats|/stages/\d+/(id|eliminate)|/calls/\d+/(after|seats)"
COUNTERSIGNED = r"/agencies/\d+/id|/countersignatures/\d+/decisions/\d+|" + GIVEN
READS = {
    "agency": r"/agencies/\d+/id",
    "public record": "/data_set",
    "rests on evidence": "/data_set",
    "add up": MAXIMA,
    "known precision": r"/stages/0/(precision|rounding)|" + SCORING,
    "leaves nobody": FIELD,
    "who reach it": FIELD,
    "node of the rubric": NODES,
    "the most that": f"{NODES}|{MAXIMA}|/stages/0/gates/0/node",
    "the panel's size": "/stages/0/panels/0/size",
    "index": "/stages/0/indices/0/id",
    "panel": f"/stages/0/panels/0/id|{SCORING}",
    "known maximum": SCORING,
    "at least one": SCORING,
    "a trimmed mean": SCORING,
    "no groups": f"/stages/0/panels/0/id|{SCORING}",
    "floor": SCORING,
    "one of them is not said": SCORING,
    "only a judged": SCORING,
    "stage": r"/stages/\d+/id",
    "between 1 and": "/seats",
    "resource": r"/resources/\d+/id",
    "belongs to no stage": "/disclosure/0/events/0",
    "agencies at the earliest": "/disclosure/0/events/0",
    "here and": r"/disclosure/\d+/(events/0|public)",
    "declared variable": r"/notices/0/variables/\d+",
    "used nowhere": "/notices/0/(title|body)/(en|ko)",
    "nobody may": GIVEN,
    "nobody may submit-score": SCORING,
    "nobody may approve": COUNTERSIGNED,
    "may not publish-charter": "/owner",
    "may not publish-results": r"/agencies/\d+/id|" + GIVEN,
    "may acknowledge": "/data_set|" + r"/consortium_decisions/\d+",
    "may assent": GIVEN,
    "no key to sign": r"/consortium_decisions/\d+",
    "never asks": r"/countersignatures/0/decisions/\d+",
    "waits for nobody": r"/consortium_decisions/\d+",
    "a deviation": GIVEN,
    "a tie at": GIVEN,
    "no criterion counts": r"/stages/0/assessments/\d+/criteria/\d+/index",
    "may withdraw-team": GIVEN,
    "says itself": "/data_set",
    "is before": r"/stages/0/calendar/(opens|closes)",
    "before 2026": r"/calls/0/after|/stages/\d+/id|/stages/0/calendar/(opens|closes)",
    "not after 2026": r"/calls/0/(after|closes)|/stages/\d+/id",
}
"""What a rule has to read beside the place of its fault, by what it says."""


@pytest.mark.parametrize(("change", "pointer", "says"), FAULTS + MORE)
def test_a_contradiction_is_told_by_what_its_rule_reads_whatever_else_is_misshapen(
    change: Callable[[Any], Any], pointer: str, says: str
) -> None:
    """Every other scalar of the document is misshapen at once, so that none of them alone hides it either."""
    faulty = rich()
    change(faulty)
    told = {each for each in document_faults(PROGRAMME, faulty) if each.pointer == pointer and says in each.detail}
    assert told
    reads = "|".join([re.escape(pointer) + "(/.*)?", "/programme", *(READS[each] for each in READS if each in says)])
    for place in scalars(faulty):
        if re.fullmatch(reads, "".join(f"/{step}" for step in place)) is None:
            part: Any = faulty
            for step in place[:-1]:
                part = part[step]
            part[place[-1]] = 17
    assert told & set(document_faults(PROGRAMME, faulty))


def test_a_field_that_is_not_known_hides_nothing() -> None:
    faulty = document()
    for change in (put("/mandates/0/decisions/15", "certify"), put("/stages/0/maximum", "31")):
        change(faulty)
    told = set(document_faults(PROGRAMME, faulty))
    for path in ("", "/mandates/0", "/stages/0", CRITERION, "/independence"):
        put(f"{path}/surprise", "1")(faulty)
    found = set(document_faults(PROGRAMME, faulty))
    assert told < found
    assert {each.pointer for each in found - told} == {
        f"{path}/surprise" for path in ("", "/mandates/0", "/stages/0", CRITERION, "/independence")
    }


def test_days_that_are_none_hide_no_fault_of_their_stage() -> None:
    faulty = rich()
    for change in (
        put("/stages/0/objections/days", "-1"),
        put("/stages/0/maximum", "31"),
        put("/stages/0/tie_break", ["charm"]),
        put("/stages/0/eliminate", "3"),
    ):
        change(faulty)
    assert {each.pointer for each in document_faults(PROGRAMME, faulty)} == {
        "/stages/0/objections/days",
        "/stages/0/maximum",
        "/stages/0/tie_break",
        "/stages/0/eliminate",
    }


def test_what_is_misshapen_is_set_apart_and_all_else_is_as_it_is() -> None:
    assert sound_parts([], Charter) is UNSOUND
    assert sound_parts(document(), Charter) == msgspec.convert(document(), Charter)
    faulty = document()
    for change in (put("/stages/0/eliminate", 1), put("/stages/1/panels", "jury"), put("/seats", None)):
        change(faulty)
    del faulty["owner"]
    faulty["stages"][0]["assessments"][0]["criteria"][0]["scoring"]["type"] = "guessed"
    charter = sound_parts(faulty, Charter)
    heat, final = charter.stages
    unsound = (heat.eliminate, final.panels, charter.seats, charter.owner, heat.assessments[0].criteria[0].scoring)
    assert all(each is UNSOUND for each in unsound)
    assert (heat.maximum, final.eliminate, heat.panels[0].size) == ("30", "0", "3")
