"""A bundle of a sealed ledger, and both verifiers over it: the one of this project, and the file that is in it."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from service.cli import main
from service.cli.bundles import make_bundle
from service.client import ApiKey, Sillok
from service.verify import standalone as untyped
from tests.integration.conftest import Running
from tests.playing import REHEARSAL

STANDALONE: Any = untyped


@dataclass(frozen=True)
class Verified:
    """What a verifier came to. `said`: all that it wrote."""

    code: int
    said: str


def export(running: Running, folder: Path, *, programme: str = REHEARSAL, key: str | None = None) -> None:
    """As `sillok export` does; with the auditor's key unless another is given, or an empty one."""
    credential = ApiKey(running.keys.auditor if key is None else key) if key != "" else None
    sillok = Sillok("http://testserver", credential, transport=running.client._transport)  # which closes with its own
    make_bundle(sillok, programme, folder, lambda _done, _of: None)


def log_key(running: Running) -> str:
    """The log's key, as an auditor was told it."""
    key: str = running.client.get("/v1/ledger/log").json()["keys"][0]
    return key


def verify(folder: Path, key: str, *options: str) -> Verified:
    """`sillok verify`."""
    done = CliRunner().invoke(main, ["verify", str(folder), "--log-key", key, *options])
    return Verified(done.exit_code, done.output)


def verify_beside(folder: Path, key: str, *options: str) -> Verified:
    """The same file as in the bundle, in this process."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = STANDALONE.main([str(folder), "--log-key", key, *options])
    return Verified(code, said.getvalue())


def verify_apart(folder: Path, key: str, *options: str) -> Verified:
    """The file in the bundle, by a Python that finds nothing of this project and nothing else that is installed but
    `cryptography` and what it needs."""
    command = [sys.executable, "-I", str(folder / "verify.py"), str(folder), "--log-key", key, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    return Verified(done.returncode, done.stdout + done.stderr)
