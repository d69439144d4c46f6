"""Korean particles after any word: which of a pair is right depends on how the word ends when it is read aloud."""

from __future__ import annotations

import re
from typing import Final

PAIRS: Final = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)라": ("이라", "라"),
}
"""How a pair is written where the word is not known, with its form after a final consonant and after a vowel."""

_SYLLABLES: Final = range(0xAC00, 0xD7A4)
_FINAL_L: Final = 8
_DIGITS: Final = dict(zip("0123456789", "clvcvvcllv", strict=True))
"""How 영 일 이 삼 사 오 육 칠 팔 구 end: in a consonant (c), in ㄹ (l), in a vowel (v)."""
_LETTERS: Final = {"l": "l", "r": "l", "m": "c", "n": "c"}
"""How the names of letters end, where not in a vowel."""
_IN_BRACKETS: Final = re.compile(r"\s*\([^()]*\)\W*$")


def with_particle(word: str, pair: str) -> str:
    """The word with the one of the pair that follows it; with the pair as it stands where nobody can tell."""
    ending = _ending(word)
    if ending is None:
        return word + pair
    after_consonant, after_vowel = PAIRS[pair]
    takes_first = ending == "c" or (ending == "l" and pair != "(으)로")
    return word + (after_consonant if takes_first else after_vowel)


def _ending(word: str) -> str | None:
    """`c`, `l` or `v` as in `_DIGITS`; `None` for a script that is not known. What is in brackets is not read."""
    letters = re.sub(r"\W+$", "", _IN_BRACKETS.sub("", word)) or re.sub(r"\W+$", "", word)
    last = letters[-1:]
    if last and ord(last) in _SYLLABLES:
        final = (ord(last) - _SYLLABLES.start) % 28
        return "v" if final == 0 else "l" if final == _FINAL_L else "c"
    if last in _DIGITS:
        return _DIGITS[last]
    if not (last.isascii() and last.isalpha()):
        return None
    if last.isupper():  # an abbreviation is read letter by letter
        return _LETTERS.get(last.lower(), "v")
    return _ending_of_english(letters)


def _ending_of_english(word: str) -> str:
    """How an English word ends in Korean: 텔레콤, 넷 and 칩 in a consonant, 클라우드, 네이버 and 리서치 in a vowel."""
    if word[-1] in "mn" or word.endswith("ng"):
        return "c"
    if word[-1] == "l":
        return "l"
    return "c" if re.search(r"[aeiou][kptc]$", word) else "v"
