"""The checklist of the OWASP ASVS is whole, and what it names is there."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from tests.playing import ROOT

CHECKLIST: Final = ROOT / "ops" / "security" / "asvs.md"
ROW: Final = re.compile(r"\| (\d+)\.(\d+)\.(\d+) \| [123] \| [^|]+ \| ([^|]+) \| ([^|]+) \|")
NAMED: Final = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|md))(?:::(\w+))?`")
SECTIONS: Final = {
    **{"6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4},
    **{"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2},
    **{"8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2, "9.1": 3, "9.2": 4},
    **{"10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3},
    **{"11.1": 4, "11.2": 5, "11.3": 5, "11.4": 4, "11.5": 2, "11.6": 2, "11.7": 2},
}
"""How many points each section of ASVS 5.0.0 has."""


def test_every_point_stands_there_once_with_its_state() -> None:
    rows = ROW.findall(CHECKLIST.read_text())
    points = Counter(f"{chapter}.{section}.{number}" for chapter, section, number, _state, _where in rows)
    assert points == Counter(f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1))
    assert {state for *_point, state, _where in rows} == {"met", "not met", "not met yet", "not applicable"}


def test_what_is_named_is_there() -> None:
    named = NAMED.findall(CHECKLIST.read_text())
    assert len(named) > 50
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(), (path, test)


def test_no_other_hash_is_used() -> None:
    """Of the standard library's; files that hash are of the domain, the service and its workers."""
    files = [file for folder in ("domain", "service", "workers") for file in (ROOT / folder).rglob("*.py")]
    used = {name for file in files for name in re.findall(r"hashlib\.(\w+)", file.read_text())}
    assert used == {"sha256"}
