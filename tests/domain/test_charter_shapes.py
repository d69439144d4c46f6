"""What is of another shape than a charter, by its place and in a person's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from domain.charter import document_faults
from domain.charter_document import Charter
from domain.deadlines import LAST_DAY, days_after, end_of_day
from domain.rulebook import DECISIONS
from domain.scalars import Identifier
from domain.shape_faults import shape_faults
from tests.domain.charters import PROGRAMME, document
from tests.domain.faulty import countersigned, found_in, put, put_anything_anywhere, scalars

SHAPES = [
    (put("/stages/0/objections", {"days": "-7"}), "/stages/0/objections/days", "'-7' is not a whole number of days"),
    (put("/stages/0/objections", "a week"), "/stages/0/objections", "'a week' is not a mapping of fields"),
    (put("/stages/0/panels", {}), "/stages/0/panels", "a mapping of fields is not a list"),
    (put("/stages/0/panels/0/size", True), "/stages/0/panels/0/size", "true (not a text) is not a whole number"),
    (put("/stages/1/title/ko", ""), "/stages/1/title/ko", "an empty text is not a text of 1"),
    (lambda found: found["stages"][1]["title"].pop("en"), "/stages/1/title/en", "is missing"),
    (put("/stages/1/a~b\\c", "1"), "/stages/1/a~0b\\c", "no field"),
    (put("/calls/0", None), "/calls/0", "nothing (null) is not a mapping"),
    (put("/owner", "Owner!"), "/owner", "lower-case letters, digits, dots and hyphens"),
    (put("/mandates/0/agencies", ["owner", ["other"]]), "/mandates/0/agencies/1", "a list is not a name"),
    (
        put("/stages/0/assessments/0/criteria/0/scoring/type", "guessed"),
        "/stages/0/assessments/0/criteria/0/scoring/type",
        "'guessed' is not one of judged, measured, undisclosed",
    ),
    (
        lambda found: found["stages"][0]["assessments"][1]["criteria"][0]["scoring"].pop("type"),
        "/stages/0/assessments/1/criteria/0/scoring/type",
        "is missing",
    ),
]


@pytest.mark.parametrize(("change", "pointer", "says"), SHAPES)
def test_a_fault_of_shape_is_said_by_its_place_in_a_persons_words(
    change: Callable[[Any], Any], pointer: str, says: str
) -> None:
    faulty = document()
    change(faulty)
    ((place, detail),) = [(fault.pointer, fault.detail) for fault in document_faults(PROGRAMME, faulty)]
    assert place == pointer
    assert says in detail
    assert "regex" not in detail


def test_faults_of_shape_are_listed_all_at_once() -> None:
    faulty = document()
    shapes = [each for each in SHAPES if each[1] not in ("/stages/0/objections", "/stages/0/panels")]
    for change, _pointer, _says in shapes:
        change(faulty)
    assert {fault.pointer for fault in document_faults(PROGRAMME, faulty)} >= {pointer for _, pointer, _ in shapes}


HIDDEN = [
    ("agencies", put("/joint_publishers", []), "/joint_publishers"),
    ("agencies", put("/recorder", "owner"), "/recorder"),
    ("agencies", put("/mandates/0/decisions", ["guess"]), "/mandates/0/decisions"),
    ("agencies", put("/consortium_decisions", ["open-stage"]), "/consortium_decisions"),
    ("agencies", countersigned(["guess"], ["owner"]), "/countersignatures/0/decisions"),
    ("mandates", put("/countersignatures/0/agencies", ["nobody"]), "/countersignatures/0/agencies"),
    ("countersignatures", put("/mandates/0/agencies", ["nobody"]), "/mandates/0/agencies"),
    ("consortium_decisions", put("/mandates/1/agencies", ["owner"]), "/joint_publishers"),
    ("joint_publishers", put("/owner", "nobody"), "/owner"),
    ("joint_publishers", put("/mandates/0/decisions", ["enrol-team"]), "/mandates"),
    ("independence", put("/mandates/0/decisions", ["enrol-team"]), "/mandates"),
    ("calls", put("/mandates/0/decisions", ["enrol-team"]), "/mandates"),
    ("seats", put("/calls/0/after", "nothing"), "/calls/0/after"),
    ("seats", put("/calls/0/classes", []), "/calls/0/classes"),
    ("stages", put("/calls/0/closes", "soon"), "/calls/0/closes"),
    ("stages", put("/calls/0/seats", "9"), "/calls/0/seats"),
    ("stages", put("/seats", "0"), "/seats"),
    ("resources", put("/entitlements/0", {"status": "advanced"}), "/entitlements/0"),
    ("calls", put("/entitlements/0/resources", ["nothing"]), "/entitlements/0/resources"),
    ("evidence_kinds", put("/independence/perspectives/0/conditions", []), "/independence/perspectives/0/conditions"),
    ("data_set", put("/independence/review", {"statement_days": "0"}), "/independence/review/statement_days"),
    ("mandates", put("/independence/review", {"statement_days": "1", "panel": "x"}), "/independence/review/panel"),
]


@pytest.mark.parametrize(("misshapen", "change", "pointer"), HIDDEN)
def test_a_misshapen_part_hides_no_contradiction_that_can_be_told_without_it(
    misshapen: str, change: Callable[[Any], Any], pointer: str
) -> None:
    faulty = document()
    change(faulty)
    faulty[misshapen] = 1
    assert {f"/{misshapen}", pointer} <= {fault.pointer for fault in document_faults(PROGRAMME, faulty)}


@pytest.mark.parametrize("days", ["-1", "3651", "3700", "4000", "10000", "999999999"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/notices/0", "acknowledge_days"),
        ("/stages/0/objections", "days"),
        ("/independence/review", "statement_days"),
        ("", "proposal_days"),
    ],
)
def test_a_window_is_of_a_length_that_the_calendar_can_hold(path: str, field: str, days: str) -> None:
    faulty = document()
    put("/stages/0/objections", {"days": "1"})(faulty)
    put("/independence/review", {"statement_days": "1"})(faulty)
    put(f"{path}/{field}", days)(faulty)
    faults = {fault.pointer: fault.detail for fault in document_faults(PROGRAMME, faulty)}
    assert faults == {f"{path}/{field}": f"{days!r} is not a whole number of days from 0 to 3650"}


def test_whatever_days_a_charter_may_plan_with_end_at_an_instant() -> None:
    assert days_after(datetime(2999, 12, 31, tzinfo=UTC), 3650, "Asia/Seoul") == "3009-12-29T15:00:00.000000Z"
    assert end_of_day(date.fromisoformat(LAST_DAY), "UTC") == "9001-01-01T00:00:00.000000Z"
    for closes, at in ((LAST_DAY, []), ("9001-01-01", ["/calls/0/closes"]), ("9999-12-31", ["/calls/0/closes"])):
        calls = [{**document()["calls"][0], "closes": closes}]
        assert [place for place, _detail in found_in(calls=calls)] == at


@pytest.mark.parametrize("nothing", [None, "charter", [], 1])
def test_what_is_no_mapping_at_all_is_one_fault(nothing: object) -> None:
    (fault,) = document_faults(PROGRAMME, nothing)
    assert fault.pointer == ""


@settings(max_examples=250)
@hypothesis.given(
    st.sampled_from(scalars(document())),
    st.text(max_size=5) | st.sampled_from(["", "1/0", "12", "123456", "٣", "-1", "1e9", "NaN", "undisclosed", "0"]),
)
@hypothesis.example(("stages", 0, "precision"), "")
@hypothesis.example(("stages", 0, "precision"), "12")
@hypothesis.example(("stages", 0, "gates", 0, "minimum"), "1/0")
@hypothesis.example(("stages", 0, "assessments", 0, "maximum"), "1/0")
@hypothesis.example(("stages", 0, "panels", 0, "quorum"), "٣")
def test_any_text_anywhere_gives_faults_or_a_charter_and_never_another_error(place: tuple[Any, ...], text: str) -> None:
    changed = document()
    part: Any = changed
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = text
    faults = list(document_faults(PROGRAMME, changed))
    if place[-1] in ("precision", "minimum", "quorum") and text in ("", "1/0", "٣", "NaN", "123456"):
        assert faults


@settings(max_examples=250)
@hypothesis.given(st.data())
def test_what_is_of_another_shape_is_a_fault_exactly_where_it_is_no_charter(data: st.DataObject) -> None:
    """Faults or a charter, never another error."""
    changed = put_anything_anywhere(data.draw, document())
    try:
        msgspec.convert(changed, Charter)
    except msgspec.ValidationError:
        assert list(shape_faults(changed, Charter))
    else:
        assert list(shape_faults(changed, Charter)) == []
    for fault in document_faults(PROGRAMME, changed):
        assert fault.pointer.startswith("/")


def test_no_pattern_of_a_command_lets_a_line_break_end_the_text() -> None:
    """`$` matches before a last line break too; an id that ends in one would be told apart by nobody."""
    _, schemas = msgspec.json.schema_components([each.command for each in DECISIONS.values()] + [Charter])
    patterns = re.findall(r'"pattern":"((?:[^"\\\\]|\\\\.)*)"', msgspec.json.encode(schemas).decode())
    assert patterns
    assert [each for each in patterns if not each.endswith(r"$(?!\\n)")] == []
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"ant\\n"', type=Identifier)
