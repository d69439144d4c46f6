"""Making a bundle from a service that nobody has to trust: it names no file of the auditor's, and goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.charter import CHARTER_EVENTS
from domain.charter_document import rules_hash
from service.cli import bundles
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

    def leaves(self, **_asked: object) -> bytes:
        return bytes(64)

    def export_page(self, **_asked: object) -> bytes:
        return self.pages.pop(0)


def line(position: int, type_: str = "CharterPublished", **data: str) -> bytes:
    clear = {"position": position, "programme": "p", "type": type_, "version": 1, "recorded_at": ""}
    return msgspec.json.encode(clear | {"entry": "", "data": json.dumps(data)}) + b"\n"


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


@pytest.mark.parametrize("type_", [each.TYPE for each in CHARTER_EVENTS])
def test_a_charter_is_named_by_the_hash_that_it_has(kept: Path, type_: str) -> None:
    events = line(1, type_, document="{}", rules_hash="../../kept") + line(2, type_, rules_hash="nothing to be hashed")
    make(kept.with_name("bundle"), Service(pages=[events]))
    (charter,) = kept.with_name("bundle").glob("charters/*")
    assert (charter.name, kept.read_text()) == (f"{rules_hash(b'{}')}.json", KEPT)


@pytest.mark.parametrize("pages", [[line(1), line(1)], [b"no event\n"], [b"[]\n"]])
def test_what_does_not_go_on_is_not_asked_for_again(tmp_path: Path, pages: list[bytes]) -> None:
    with pytest.raises(NotAsAskedError, match=r"goes on after position 1 with position 1|is no event"):
        make(tmp_path / "bundle", Service(pages=pages))


class Paging(Service):
    """Answers with so many lines at most, and has no more than some."""

    def __init__(self, lines: int, most: int) -> None:
        super().__init__()
        self.lines = lines
        self.most = most

    def export_page(self, **asked: Any) -> bytes:
        after = asked["after"]
        return b"".join(line(n) for n in range(after + 1, min(asked["size"], after + self.most, self.lines) + 1))


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("stretch", [1, 2, 3, 7])
@pytest.mark.parametrize("lines", [0, 1, 4, 7])
def test_pages_that_are_asked_for_together_are_written_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int, stretch: int, most: int
) -> None:
    """However few a page has, from wherever the file was cut; up to where the service has no more."""
    monkeypatch.setattr(bundles, "EXPORT_PAGE", stretch)
    file = tmp_path / "events"
    for kept in range(min(lines, 3)):
        file.write_bytes(b"".join(line(n) for n in range(1, kept + 1)) + b'{"position":')
        bundles._events(Paging(lines, most), "p", file, 7, lambda _done, _of: None)  # type: ignore[arg-type]
        assert file.read_bytes() == b"".join(line(n) for n in range(1, lines + 1))
