"""What is recorded can be seen: no blank reasons, no names that pass for others."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from domain.charter import document_faults
from domain.consortiums import LeadInTwoConsortiumsError
from domain.legible import illegible, known_as
from domain.refusal import InvalidCommandError
from domain.teams import TeamEnrolled
from tests.domain import charters
from tests.given import given

UNSEEN = ["\u200b", "\u00ad", "\u202e", "\ufeff", "\u2060", "\u3164", "\u115f", "\ufe0f", "\U000e0101", "\x00", "\x1b"]


@pytest.mark.parametrize("unseen", [*UNSEEN, "\u00a0", "\u3000", "\u2028", "\r", "\t", "\ue000"])
def test_what_cannot_be_seen_is_no_text(unseen: str) -> None:
    (found,) = illegible({"a": {"b": ["x", f"y{unseen}z"]}})
    assert found == ("/a/b/1", f"1: holds U+{ord(unseen):04X}, which cannot be seen")


@pytest.mark.parametrize("blank", [" ", "\n", "  \n "])
def test_blanks_are_nothing(blank: str) -> None:
    assert list(illegible({"reason": blank})) == [("/reason", "reason: holds nothing that can be seen")]


@pytest.mark.parametrize("text", [" a", "a ", "a\n", "\u3000a"])
def test_text_has_no_blank_ends(text: str) -> None:
    assert list(illegible([text])) == [("/0", "0: begins or ends with a blank")]


def test_text_is_composed() -> None:
    """One file name that was typed on another system is another text for the same word."""
    decomposed = unicodedata.normalize("NFD", "독자성")
    assert list(illegible({"a/b": decomposed})) == [("/a~1b", "a~1b: is not in Unicode Normalization Form C")]


@pytest.mark.parametrize(
    "text", ["", "a", "독자성 기준을\n충족하지 못한다", "naïve — “quoted” ½ 90 % ≤ 5", "국가대표 AI 1차", "𝒜 🇰"]
)
def test_what_can_be_seen_is_text(text: str) -> None:
    assert list(illegible({"a": text, "b": [1, None, True, {}]})) == []


def test_depth_is_no_matter() -> None:
    deep: Any = " "
    for _ in range(5_000):
        deep = [deep]
    assert len(list(illegible(deep))) == 1


@pytest.mark.parametrize("other", ["acme labs", "ＡＣＭＥ Labs", "Acme  Labs"])
def test_names_are_known_whatever_their_case_width_and_spacing(other: str) -> None:
    assert known_as(other) == known_as("Acme Labs")
    assert known_as("Acme Lab") != known_as("Acme Labs")


def enrolling(name: str = "DOG", **changes: Any) -> dict[str, Any]:
    return {"team": "dog", "name": {"en": name, "ko": f"{name} (ko)"}, **changes}


def test_a_decision_with_an_illegible_text_is_refused_by_its_place() -> None:
    history = given(background=charters.enrolled())
    refusal = history.when("enrol-team", enrolling(" ")).refused(InvalidCommandError, "/name/en")
    assert [each.pointer for each in refusal.errors] == ["/name/en", "/name/ko"]
    history.when("enrol-team", enrolling(members=["Lab", "Lead\u200b"])).refused(InvalidCommandError, "/members/1")


def test_a_team_has_no_name_that_a_person_takes_for_anothers() -> None:
    history = given(background=charters.enrolled())
    for name in ("ANT", "ant", "Ａnt"):
        history.when("enrol-team", {**enrolling(name), "team": "dog"}).refused(InvalidCommandError, "/name")


def test_a_lead_is_known_whatever_its_case() -> None:
    ant = TeamEnrolled(team="ant", name=charters.enrolment("ant").name, members=("Lead Labs",))
    history = given(background=[charters.charter(), ant])
    history.when("enrol-team", enrolling(members=["LEAD  labs"])).refused(LeadInTwoConsortiumsError, "/members/0")
    twice = enrolling(members=["Lab", "LAB"])
    history.when("enrol-team", twice).refused(InvalidCommandError, "/members/1")


def test_a_charter_is_legible_throughout() -> None:
    document = charters.document()
    document["title"]["en"] = "A race\u200b"
    found = list(document_faults(charters.PROGRAMME, document))
    assert [(each.pointer, each.detail) for each in found] == [("/title/en", "en: holds U+200B, which cannot be seen")]
