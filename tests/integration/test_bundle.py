"""A bundle of the rehearsal, made and verified."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.bundles import Verified, export, log_key, verify, verify_apart
from tests.integration.conftest import Running, run_shared
from tests.integration.sealing import SignerProcess, sealer
from tests.playing import REHEARSAL, lines_of

Verifier = Callable[[Path, str], Verified]


@pytest.fixture(scope="module")
def sealed(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rehearsal, sealed."""
    home = tmp_path_factory.mktemp("bundle")
    signer = SignerProcess(home)
    assert signer.start() == ""
    for running in run_shared(server, template, home):
        running.play(REHEARSAL, lines_of(REHEARSAL))
        running.project()
        with sealer(running.database, signer.client) as seal:
            assert seal() == "current"
        yield running
    signer.kill()


@pytest.fixture(scope="module")
def made(sealed: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "bundle"
    export(sealed, folder)
    return folder


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    """One of one's own to tamper with."""
    return Path(shutil.copytree(made, tmp_path / "bundle"))


VERIFIERS = pytest.mark.parametrize("verifier", [verify, verify_apart])


@VERIFIERS
def test_a_bundle_is_whole_and_its_outcomes_follow(sealed: Running, bundle: Path, verifier: Verifier) -> None:
    found = verifier(bundle, log_key(sealed))
    assert found.code == 0, found.said
    assert f"whole: {sealed.head()} events" in found.said


@VERIFIERS
def test_an_edited_byte_is_found(sealed: Running, bundle: Path, verifier: Verifier) -> None:
    file = bundle / "events.ndjson"
    lines = file.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if '"type":"ScoreSubmitted"' in line)
    lines[at] = lines[at].replace('\\"points\\":\\"', '\\"points\\":\\"1', 1)
    file.write_text("".join(lines))
    found = verifier(bundle, log_key(sealed))
    assert (found.code, found.said.startswith(f"edited at position {at + 1}:")) == (10, True), found.said
