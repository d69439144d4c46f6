"""Making a bundle from a service that nobody has to trust: it names no file of the auditor's, and goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from domain.charter_document import rules_hash
from service.cli.bundles import make_bundle
from service.cli.failures import NotAsAskedError

NOTE = f"log.example/1\n2\n{base64.b64encode(bytes(32)).decode()}\n\n— log.example/1 AAAAAAAAAAA=\n"
KEPT = "what was verified last"


class Service:
    """What it answers, whatever it is asked."""

    def __init__(self, stage: str = "heat", pages: Sequence[bytes] = ()) -> None:
        self.stage = stage
        self.pages = list(pages)

    def view(self, _programme: str, _name: str) -> dict[str, Any]:
        return {"stages": [{"id": self.stage}]}

    def standings(self, _programme: str, *, stage: str) -> None:
        """Counts."""

    def checkpoint(self) -> str:
        return NOTE

    def tile(self, _tile: object) -> bytes:
        return bytes(64)

    def export_page(self, **_asked: object) -> bytes:
        return self.pages.pop(0)


def line(position: int, **data: str) -> bytes:
    clear = {"position": position, "programme": "p", "type": "CharterPublished", "version": 1, "recorded_at": ""}
    return json.dumps(clear | {"entry": "", "data": json.dumps(data)}).encode() + b"\n"


def make(folder: Path, service: Any) -> None:
    make_bundle(service, "p", folder, lambda _done, _of: None)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file beside the bundle."""
    file = tmp_path / "kept.json"
    file.write_text(KEPT)
    return file


@pytest.mark.parametrize("stage", ["../../kept", "{beside}", "..", ""])
def test_a_stage_is_no_path(kept: Path, stage: str) -> None:
    service = Service(stage.format(beside=kept.with_suffix("")))
    with pytest.raises(NotAsAskedError, match="charter that is none"):
        make(kept.with_name("bundle"), service)
    assert kept.read_text() == KEPT


def test_a_charter_is_named_by_the_hash_that_it_has(kept: Path) -> None:
    events = line(1, document="{}", rules_hash="../../kept") + line(2, rules_hash="nothing to be hashed")
    make(kept.with_name("bundle"), Service(pages=[events]))
    (charter,) = kept.with_name("bundle").glob("charters/*")
    assert (charter.name, kept.read_text()) == (f"{rules_hash(b'{}')}.json", KEPT)


@pytest.mark.parametrize("pages", [[line(1), line(1)], [b"no event\n"], [b"[]\n"]])
def test_what_does_not_go_on_is_not_asked_for_again(tmp_path: Path, pages: list[bytes]) -> None:
    with pytest.raises(NotAsAskedError, match=r"goes on after position 1 with position 1|is no event"):
        make(tmp_path / "bundle", Service(pages=pages))
