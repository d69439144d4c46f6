"""The documentation: it builds without a warning, loads nothing from elsewhere, and knows all there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from domain.decision import DECISIONS
from domain.event import EVENTS
from ops.docs import made
from service.api.problems import catalogue

DOCS = Path(made.__file__).parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(DOCS / "mkdocs.yml"), site_dir=str(folder)))
    return folder


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """A broken link stops the build, which is strict."""
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:link|script|img|iframe)\b[^>]*?\b(?:href|src)="([^"]+)"', page.read_text())
        assert not [each for each in loaded if re.match(r"(https?:)?//", each)], page.name
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//", style.read_text()), style.name


def test_references_name_all_there_is(site: Path) -> None:
    assert all(f"<code>{each}</code>" in (site / "events.html").read_text() for each in EVENTS)
    assert all(f"<code>{each}</code>" in (site / "problems.html").read_text() for each in catalogue())
    assert all(f"<code>{each}</code>" in (site / "rulebook.html").read_text() for each in DECISIONS)
    charter = (site / "charter.html").read_text()
    assert 'id="criterion"' in charter
    assert "<code>tie_break</code>" in charter


def test_a_page_shows_what_the_readme_says(site: Path) -> None:
    assert "Idempotency-Key: my-first-grant" in (site / "agency.html").read_text()
    assert "readme:" not in (site / "agency.html").read_text()
    with pytest.raises(made.NotInReadmeError):
        made.readme("Nothing of the kind")
