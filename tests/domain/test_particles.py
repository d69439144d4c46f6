"""Korean particles follow how a word ends when it is read aloud."""

from __future__ import annotations

import pytest

from domain.particles import PAIRS, with_particle

AFTER_CONSONANT = (
    *("정보통신산업진흥원", "NC AI연구원", "감사원(가상)", "SK텔레콤", "SK Telecom", "Model", "Driftnet", "Chip"),
    *("Training", "A.M", "13", "10", "6", "1", "“추가 선정”", "URL"),
)
AFTER_VOWEL = (
    *("과학기술정보통신부", "NIA", "TTA", "NC AI", "네이버클라우드", "Naver Cloud", "Upstage", "LG AI Research"),
    *("해양부(가상)", "9.2", "4", "25", "GPU (illustrative)", "“정예팀 추가 공모”", "ev-728e9b455ae6b94a"),
)


@pytest.mark.parametrize("word", AFTER_CONSONANT)
def test_after_a_final_consonant(word: str) -> None:
    assert [with_particle(word, pair) for pair in PAIRS if pair != "(으)로"] == [
        f"{word}{form}" for form in ("은", "이", "을", "과", "이라")
    ]


@pytest.mark.parametrize("word", AFTER_VOWEL)
def test_after_a_vowel(word: str) -> None:
    assert [with_particle(word, pair) for pair in PAIRS] == [f"{word}{form}" for form in "는가를와로라"]


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("서울", "로"),
        ("Model", "로"),
        ("R", "로"),
        ("1", "로"),
        ("8", "로"),
        ("진출", "로"),
        ("탈락", "으로"),
        ("10", "으로"),
        ("3", "으로"),
    ],
)
def test_the_direction_is_told_after_a_final_l_as_after_a_vowel(word: str, ending: str) -> None:
    assert with_particle(word, "(으)로") == word + ending


@pytest.mark.parametrize("word", ["", "%", "東京", "…"])
def test_where_nobody_can_tell_both_stand(word: str) -> None:
    assert with_particle(word, "이(가)") == f"{word}이(가)"
