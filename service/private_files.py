"""Files for their owner alone, which are there whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def held(folder: Path, who: str, error: Callable[[str], Exception]) -> Iterator[None]:
    """Hold a folder, for this process alone; it is made if it is not there.

    `who`: of what one runs on it at a time. Raises an `error` that says in a sentence what is wrong.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise error(f"{who} runs on {folder} already: stop it first.") from None
        except OSError as failure:
            raise error(f"{folder} cannot be used ({failure.strerror}).") from None
        yield


def write_private(file: Path, content: bytes, *, replace: bool) -> None:
    """It appears whole or not at all, and is durable; of several who make it at once, the first one's stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    if replace:
        fresh.replace(file)
    else:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
