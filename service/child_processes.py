"""Processes that belong to this one: they die with it, log to a file, and end when they are told to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_SET_PARENT_DEATH_SIGNAL: Final = 1


class Account(NamedTuple):
    """A user of the system, by number."""

    uid: int
    gid: int


def start_process(
    command: Sequence[str | Path],
    log: Path,
    *,
    when_parent_dies: signal.Signals,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    keep_open: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, which a terminal's Ctrl-C does not reach; its output goes to `log`.

    `when_parent_dies`: what the kernel sends it when the calling thread is gone, however that came about.
    `account`: who to run it as; `keep_open`: a file descriptor that it inherits.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            start_new_session=True,
            pass_fds=() if keep_open is None else (keep_open,),
            preexec_fn=dies_with_parent(when_parent_dies),
        )


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: have the kernel send the signal to the child when the parent is gone (Linux only)."""
    if sys.platform != "linux":
        return lambda: None
    # Looked up before the fork: afterwards only what cannot wait for a lock of another thread may be called.
    set_process_control = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def prepare() -> None:
        set_process_control(_SET_PARENT_DEATH_SIGNAL, int(number))
        if os.getppid() != parent:  # it went before the kernel was told
            os._exit(1)

    return prepare


def end(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> None:
    """Ask a child to end: each signal in turn, with so many seconds to follow it. Then kill it, and its group."""
    for number, seconds in steps:
        if process.poll() is not None:
            break
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    # What the child forked outlives a killed child; the group's number cannot be another's while one of them is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_words(log: Path, lines: int = 1) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "(nothing was written)"
