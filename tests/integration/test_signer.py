"""The signer's own process: what it keeps, what it refuses to begin with, and who may ask it."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.application.seal_ports import SignerUnavailableError, SigningRefusedError
from service.secret_rings import SecretRing
from tests.integration.sealing import ORIGIN, SignerProcess, path, proof, read_checkpoint, tree_hash

ENTRIES = [b"%d" % each for each in range(20)]


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[SignerProcess]:
    # A folder of a long name: addresses of sockets are short.
    home = tmp_path / ("long-" * 20)
    home.mkdir()
    found = SignerProcess(home)
    assert found.start() == ""
    yield found
    found.kill()


def sign(signer: SignerProcess, size: int, before: int = 0) -> str:
    shown = proof(before, ENTRIES[:size]) if before else []
    return signer.client.sign(size, tree_hash(ENTRIES[:size]), shown)


def test_it_signs_what_continues_what_it_signed(signer: SignerProcess) -> None:
    keys = signer.client.standing().keys
    for before, size in ((0, 1), (1, 3), (3, 3), (3, 8), (8, 20)):
        note = sign(signer, size, before if before < size else 0)
        assert read_checkpoint(note, *keys) == (ORIGIN, size, tree_hash(ENTRIES[:size]))


def test_it_refuses_everything_else_and_stays_as_it_was(signer: SignerProcess) -> None:
    sign(signer, 8)
    before = signer.client.standing()
    right = proof(8, ENTRIES)
    root = tree_hash(ENTRIES)
    changed = tree_hash([b"x", *ENTRIES[1:]])
    for size, its_root, shown in (
        (7, tree_hash(ENTRIES[:7]), []),
        (0, tree_hash([]), []),
        (8, changed, []),
        (8, tree_hash(ENTRIES[:8]), right),
        (20, root, []),
        (20, changed, right),
        (20, root, right[:-1]),
        (20, root, [*right, right[0]]),
        (20, root, path(3, ENTRIES)),
        (40, root, right),
        (20, root[:-1], right),
        (2**63, root, right),
    ):
        with pytest.raises(SigningRefusedError):
            signer.client.sign(size, its_root, shown)
        assert signer.client.standing() == before
    signer.client.sign(20, root, right)


def test_it_remembers_after_it_was_killed(signer: SignerProcess) -> None:
    sign(signer, 8)
    before = signer.client.standing()
    signer.kill()
    with pytest.raises(SignerUnavailableError):
        signer.client.standing()
    assert signer.start(SILLOK_LOG="elsewhere.example/log") == ""
    assert signer.client.standing() == before  # a log's name is for life
    with pytest.raises(SigningRefusedError):
        sign(signer, 7)


def test_its_files_are_its_owners_alone(signer: SignerProcess) -> None:
    sign(signer, 3)
    assert stat.S_IMODE(signer.folder.stat().st_mode) == 0o700
    for file in signer.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert {each.name for each in signer.folder.iterdir()} == {"keys", "lock", "signed.json", "socket"}


@pytest.mark.parametrize("file", ["signed.json", "keys"])
def test_it_does_not_begin_anew_when_a_part_is_lost(signer: SignerProcess, file: str) -> None:
    sign(signer, 3)
    signer.kill()
    (signer.folder / file).unlink()
    said = signer.start()
    assert f"{file} is missing" in said
    assert not (signer.folder / file).exists()


def test_it_does_not_go_on_with_what_is_spoilt(signer: SignerProcess) -> None:
    signer.kill()
    (signer.folder / "signed.json").write_text("{}")
    assert "is not as it was written" in signer.start()


def test_a_second_one_does_not_start(signer: SignerProcess) -> None:
    second = SignerProcess(signer.home)
    environment = {**os.environ, "SILLOK_HOME": str(signer.home)}
    done = subprocess.run(
        [sys.executable, "-m", "service.signer"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "runs on" in done.stderr
    assert second.client.standing().size == 0


def test_nonsense_is_refused_and_harms_nobody(signer: SignerProcess) -> None:
    for sent in (
        b"\n",
        b"{}x\n",
        b'{"size": "x"}\n',
        b'{"size": 1, "root": "", "proof": [1]}\n',
        b"[" * 70000,
        b"half",
    ):
        descriptor = os.open(signer.folder, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"/proc/self/fd/{descriptor}/socket")
            os.close(descriptor)
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(65536)
            except OSError:  # it hung up on too much
                answer = b""
        assert not answer or "refused" in json.loads(answer)
    assert signer.client.standing().size == 0


def test_a_new_key_signs_beside_the_one_before_until_that_is_dropped(signer: SignerProcess) -> None:
    """Whoever knows only one of them verifies every checkpoint of the time between."""
    ring = SecretRing(signer.folder / "keys", make=False)
    (old,) = signer.client.standing().keys
    first = sign(signer, 3)
    ring.add(after=timedelta(minutes=10))
    signer.kill()  # it looks once a second; this is sooner
    assert signer.start() == ""
    keys = signer.client.standing().keys
    assert (len(keys), keys[0]) == (2, old)
    both = sign(signer, 8, 3)
    read_checkpoint(both, *keys)
    ring.add(after=timedelta())
    ring.drop(*(each.id for each, state in ring.every() if state == "former"))
    signer.kill()
    assert signer.start() == ""
    (new,) = set(signer.client.standing().keys) - set(keys)
    last = sign(signer, 20, 8)
    read_checkpoint(last, new)
    assert last.count("\n— ") == len(signer.client.standing().keys)
    read_checkpoint(first, old)
