"""Other event stores, installed by the benchmarks alone, at the versions and hashes that stand beside this file."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from ops.bench.rounds import NotMeasuredError

LOCKS: Final = Path(__file__).parent
_SECONDS: Final = 300


def python_packages(home: Path) -> Path:
    """The folder of the Python packages, to be put on the path. Raises `NotMeasuredError`."""
    lock = LOCKS / "requirements.txt"
    folder = _folder(home, "python", lock)
    if not folder.exists():
        fresh = _fresh(folder)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _install([*pip, "--no-deps", "--target", str(fresh), "--requirement", str(lock)])
        fresh.rename(folder)
    return folder


def node_packages(home: Path) -> Path:
    """The folder in which `node_modules` lies. Raises `NotMeasuredError`."""
    lock = LOCKS / "package-lock.json"
    folder = _folder(home, "node", lock)
    if not folder.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise NotMeasuredError("there is no npm to install it with")
        fresh = _fresh(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKS / name, fresh)
        _install([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(fresh)])
        fresh.rename(folder)
    return folder


def node() -> str:
    """The program. Raises `NotMeasuredError`."""
    found = shutil.which("node")
    if found is None:
        raise NotMeasuredError("there is no node to run it with")
    return found


def _folder(home: Path, kind: str, lock: Path) -> Path:
    """Named by the lock's content: another lock is another folder."""
    return home / f"peers-{kind}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"


def _fresh(folder: Path) -> Path:
    """Installed here and moved: what is there is whole."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def _install(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasuredError(f"it cannot be installed ({type(error).__name__})") from error
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])[:200]
        raise NotMeasuredError(f"it cannot be installed ({last})")
