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
from service.client import ServiceProblemError
from service.client.problems import Problem

NOTE = f"log.example/1\n2\n{base64.b64encode(bytes(32)).decode()}\n\n— log.example/1 AAAAAAAAAAA=\n"
KEPT = "what was verified last"


class Service:
    """What it answers, whatever it is asked."""

    def __init__(self, stage: str = "heat", pages: Sequence[bytes] = (), note: str = NOTE) -> None:
        self.stage = stage
        self.pages = list(pages)
        self.note = note

    def view(self, _programme: str, _name: str) -> dict[str, Any]:
        return {"stages": [{"id": self.stage}]}

    def standings(self, _programme: str, *, stage: str) -> None:
        """Counts."""

    def checkpoint(self) -> str:
        return self.note

    def receipt(self, position: int, **_asked: object) -> str:
        raise ServiceProblemError(Problem(type="/problems/not-sealed", title=str(position), status=404))

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


def of_size(size: int, root: int) -> str:
    return NOTE.replace("\n2\n", f"\n{size}\n").replace("AAAA", base64.b64encode(bytes([root] * 3)).decode(), 1)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_another_checkpoint_takes_no_earlier_one_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Nor leaves and events that came with it, also where the service says that there are fewer now."""
    monkeypatch.setattr(bundles, "WITNESS_SECONDS", 0)
    folder, both = tmp_path / "bundle", line(1) + line(2)
    make(folder, Service(pages=[both]))
    cosigned = NOTE + "— w AAAAAAAAAAA=\n"
    make(folder, Service(note=cosigned))
    make(folder, Service(note=of_size(size, 1), pages=[line(3)]))
    kept = {each.name: each.read_text() for each in folder.glob("checkpoints/*")}
    assert kept == {"2": cosigned, {2: "2.other"}.get(size, str(size)): of_size(size, 1)}
    assert json.loads((folder / "manifest.json").read_bytes())["size"] == size
    assert (folder / "events.ndjson").read_bytes() == both + line(3) * (size == 3)
    assert (folder / "leaves").stat().st_size >= 64


@pytest.mark.parametrize("note", ["", "a\n\n", "log\n-1\nx\n\n— log AAAAAAAAAAA=\n"])
def test_a_checkpoint_that_is_none_is_no_reason_to_fail(tmp_path: Path, note: str) -> None:
    with pytest.raises(NotAsAskedError, match="checkpoint that is none"):
        make(tmp_path / "bundle", Service(note=note))


def test_two_do_not_write_one_bundle_at_once(tmp_path: Path) -> None:
    folder, pages = tmp_path / "bundle", [line(1) + line(2)]

    class Slow(Service):
        def export_page(self, **asked: object) -> bytes:
            with pytest.raises(NotAsAskedError, match="Another export"):
                make(folder, Service(pages=pages))
            return super().export_page(**asked)

    make(folder, Slow(pages=pages))
    assert (folder / "events.ndjson").read_bytes() == pages[0]
    make(folder, Service())


def test_what_was_cut_off_before_anything_was_there_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    with pytest.raises(NotAsAskedError):
        make(folder, Service(note=""))
    make(folder, Service(pages=[line(1) + line(2)]))
    assert (folder / "events.ndjson").read_bytes() == line(1) + line(2)
    other = tmp_path / "other"
    other.mkdir()
    (other / "diary").write_text("")
    with pytest.raises(NotAsAskedError, match="is not empty, and no bundle"):
        make(other, Service())


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
